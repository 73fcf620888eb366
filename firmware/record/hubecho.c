// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/hubecho.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* The NUL of each counts. */
static const char key_domain[] = "wasl:echo-key:1";
static const char ask_domain[] = "wasl:echo-ask:1";
static const char answer_domain[] = "wasl:echo-answer:1";

enum { WHO_BYTES = HUBECHO_DEVICE + HUBECHO_NONCE };

/* `who` is the device and the nonce, as they stand in an ask. */
static void mac(const char *domain, size_t domain_len, const uint8_t *key, const uint8_t *who,
		uint8_t out[static HUBECHO_MAC])
{
	crypto_generichash_state st;
	uint8_t whole[crypto_generichash_BYTES_MIN];
	crypto_generichash_init(&st, key, HUBECHO_KEY, sizeof(whole));
	crypto_generichash_update(&st, (const uint8_t *)domain, domain_len);
	crypto_generichash_update(&st, who, WHO_BYTES);
	crypto_generichash_final(&st, whole, sizeof(whole));
	memcpy(out, whole, HUBECHO_MAC);
}

void hubecho_key(const uint8_t secret[static HUBECHO_KEY],
		 const uint8_t device[static HUBECHO_DEVICE], uint8_t out[static HUBECHO_KEY])
{
	uint8_t named[sizeof(key_domain) + HUBECHO_DEVICE];
	memcpy(named, key_domain, sizeof(key_domain));
	memcpy(named + sizeof(key_domain), device, HUBECHO_DEVICE);
	crypto_generichash(out, HUBECHO_KEY, named, sizeof(named), secret, HUBECHO_KEY);
}

void hubecho_ask(const uint8_t key[static HUBECHO_KEY], const uint8_t device[static HUBECHO_DEVICE],
		 const uint8_t nonce[static HUBECHO_NONCE], uint8_t out[static HUBECHO_ASK])
{
	memcpy(out, device, HUBECHO_DEVICE);
	memcpy(out + HUBECHO_DEVICE, nonce, HUBECHO_NONCE);
	mac(ask_domain, sizeof(ask_domain), key, out, out + WHO_BYTES);
}

int hubecho_answers(const uint8_t *bytes, size_t len, const uint8_t key[static HUBECHO_KEY],
		    const uint8_t ask[static HUBECHO_ASK])
{
	uint8_t wanted[HUBECHO_ANSWER];
	if (len != HUBECHO_ANSWER)
		return -EAGAIN;
	memcpy(wanted, ask + HUBECHO_DEVICE, HUBECHO_NONCE);
	mac(answer_domain, sizeof(answer_domain), key, ask, wanted + HUBECHO_NONCE);
	return sodium_memcmp(wanted, bytes, sizeof(wanted)) == 0 ? 0 : -EAGAIN;
}

int hubecho_reply(const uint8_t *bytes, size_t len, const uint8_t secret[static HUBECHO_KEY],
		  uint8_t out[static HUBECHO_ANSWER])
{
	uint8_t key[HUBECHO_KEY], wanted[HUBECHO_MAC];
	if (len != HUBECHO_ASK)
		return -EBADMSG;
	hubecho_key(secret, bytes, key);
	mac(ask_domain, sizeof(ask_domain), key, bytes, wanted);
	int r = sodium_memcmp(wanted, bytes + WHO_BYTES, HUBECHO_MAC) == 0 ? 0 : -EKEYREJECTED;
	if (r == 0) {
		memcpy(out, bytes + HUBECHO_DEVICE, HUBECHO_NONCE);
		mac(answer_domain, sizeof(answer_domain), key, bytes, out + HUBECHO_NONCE);
	}
	sodium_memzero(key, sizeof(key));
	return r;
}
