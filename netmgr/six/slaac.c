// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/slaac.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"

enum { PREFIX_BYTES = 8, ID_BYTES = 8, SECRET_TEXT = 2 * SLAAC_SECRET };

/* RFC 5453: those of routers, of every router, and of mobile agents. */
static bool is_reserved(const uint8_t id[static ID_BYTES])
{
	static const uint8_t zero[ID_BYTES],
		iana[] = { 0x02, 0x00, 0x5e, 0xff, 0xfe },
		anycast[] = { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	return memcmp(id, zero, sizeof(zero)) == 0 || memcmp(id, iana, sizeof(iana)) == 0 ||
	       (memcmp(id, anycast, sizeof(anycast)) == 0 && id[7] >= 0x80);
}

void slaac_address(const uint8_t secret[static SLAAC_SECRET], const char *line,
		   const struct in6_addr *prefix, unsigned nth, struct in6_addr *out)
{
	*out = *prefix;
	for (uint8_t round = 0;; round++) {
		const uint8_t count[] = { (uint8_t)nth, round };
		crypto_generichash_state state;
		uint8_t id[crypto_generichash_BYTES_MIN];
		crypto_generichash_init(&state, secret, SLAAC_SECRET, sizeof(id));
		crypto_generichash_update(&state, prefix->s6_addr, PREFIX_BYTES);
		crypto_generichash_update(&state, count, sizeof(count));
		crypto_generichash_update(&state, (const uint8_t *)line, strlen(line));
		crypto_generichash_final(&state, id, sizeof(id));
		memcpy(out->s6_addr + PREFIX_BYTES, id, ID_BYTES);
		if (!is_reserved(id))
			return;
	}
}

int slaac_secret(const char *path, uint8_t out[static SLAAC_SECRET], struct fault *why)
{
	AUTO_FREE void *text = NULL;
	char fresh[SECRET_TEXT + 1];
	size_t len = 0;
	int r = fileio_read(path, SECRET_TEXT + 1, &text, &len, NULL);
	if (r == 0 && len >= SECRET_TEXT) {
		memcpy(fresh, text, SECRET_TEXT);
		fresh[SECRET_TEXT] = '\0';
		sodium_memzero(text, len);
		r = text_unhex(fresh, out, SLAAC_SECRET);
		sodium_memzero(fresh, sizeof(fresh));
		if (r == 0)
			return 0;
	}
	randombytes_buf(out, SLAAC_SECRET);
	text_hex(out, SLAAC_SECRET, fresh);
	r = fileio_replace(path, fresh, SECRET_TEXT, 0600, why);
	sodium_memzero(fresh, sizeof(fresh));
	return r;
}
