// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/near.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/fault.h"

struct network {
	uint8_t bytes[16]; /* of IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};

static bool read_address(const char *text, struct network *out, unsigned *room)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	*out = (struct network){ .bits = 128 };
	*room = 128;
	if (inet_pton(AF_INET6, text, out->bytes) == 1)
		return true;
	memcpy(out->bytes, mapped, sizeof(mapped));
	*room = 32;
	return inet_pton(AF_INET, text, out->bytes + 12) == 1;
}

static bool read_network(const char *word, struct network *out)
{
	char copy[64];
	unsigned room, prefix;
	if ((size_t)snprintf(copy, sizeof(copy), "%s", word) >= sizeof(copy))
		return false;
	char *slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (!read_address(copy, out, &room))
		return false;
	if (!slash)
		return true;
	if (!*slash || strlen(slash) > 3 || strspn(slash, "0123456789") != strlen(slash))
		return false;
	prefix = (unsigned)strtoul(slash, NULL, 10);
	out->bits = 128 - room + prefix;
	return prefix <= room;
}

static bool lies_in(const struct network *n, const struct network *a)
{
	const unsigned whole = n->bits / 8, rest = n->bits % 8;
	if (memcmp(n->bytes, a->bytes, whole) != 0)
		return false;
	const uint8_t mask = (uint8_t)(0xff00u >> rest);
	return !rest || (n->bytes[whole] & mask) == (a->bytes[whole] & mask);
}

/* The next word of `*at`; false at the end. */
static bool next_word(const char **at, char out[static 64])
{
	*at += strspn(*at, " ,");
	const size_t len = strcspn(*at, " ,");
	if (!len)
		return false;
	snprintf(out, 64, "%.*s", (int)len, *at);
	*at += len;
	return true;
}

bool near_is(const char *words, const char *address)
{
	struct network asked, one;
	unsigned room;
	char word[64];
	if (strspn(words, " ,") == strlen(words))
		return true;
	if (!address || !read_address(address, &asked, &room))
		return false;
	static const char *const home[] = { "127.0.0.0/8", "::1" };
	for (size_t i = 0; i < 2; i++)
		if (read_network(home[i], &one) && lies_in(&one, &asked))
			return true;
	while (next_word(&words, word))
		if (read_network(word, &one) && lies_in(&one, &asked))
			return true;
	return false;
}

int near_check(const char *words, struct fault *why)
{
	struct network one;
	char word[64];
	while (next_word(&words, word))
		if (!read_network(word, &one))
			return fault_set(why, -EINVAL, "conf.value",
					 "[staff] networks: '%s' is no address or network, as "
					 "192.168.3.0/24",
					 word);
	return 0;
}
