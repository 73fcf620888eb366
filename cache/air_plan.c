// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/air_plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_ROOM = 64 };

/* The next line's words into `words`; how many, 0 at the end, -1 for a line that is none of ours. */
static int next_words(const char **at, const char *end, char words[3][WORD_ROOM])
{
	int count = 0;
	while (*at < end && **at != '\n') {
		size_t n = 0;
		while (*at + n < end && (*at)[n] > ' ')
			n++;
		if (!n || n >= WORD_ROOM || count == 3)
			return -1;
		memcpy(words[count], *at, n);
		words[count++][n] = '\0';
		*at += n;
		if (*at < end && **at == ' ')
			(*at)++;
	}
	if (*at == end)
		return count ? -1 : 0; /* a line that was cut */
	(*at)++;
	return count ? count : -1;
}

static bool number(const char *word, uint32_t most, uint32_t *out)
{
	uint64_t n = 0;
	if (!*word || strlen(word) > 9)
		return false;
	for (; *word; word++) {
		if (*word < '0' || *word > '9')
			return false;
		n = n * 10 + (uint64_t)(*word - '0');
	}
	*out = (uint32_t)n;
	return n > 0 && n <= most;
}

static bool name(const char *word, char out[static AIR_NAME_ROOM])
{
	const size_t len = strlen(word);
	/* Names stand in paths of the index and in quotes of /metrics. */
	if (!len || len >= AIR_NAME_ROOM || strpbrk(word, "/\"\\"))
		return false;
	memcpy(out, word, len + 1);
	return true;
}

/* Bits behind the prefix are cleared, so that equal prefixes are equal bytes. */
static void mask(uint8_t *address, size_t len, unsigned bits)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned left = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
		if (left < 8)
			address[i] &= (uint8_t)(0xff00u >> left);
	}
}

int air_prefix(const char *text, struct air_room *out)
{
	char host[WORD_ROOM];
	uint8_t address[16] = { 0 };
	uint32_t bits;
	if (!*text) {
		out->family = out->bits = 0;
		memset(out->address, 0, sizeof(out->address));
		return 0;
	}
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	const int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	const uint32_t most = family == AF_INET ? 32 : 128;
	if (inet_pton(family, host, address) != 1)
		return -EINVAL;
	if (!slash)
		bits = most;
	else if (!number(slash + 1, most, &bits))
		return -EINVAL;
	mask(address, sizeof(address), bits);
	out->family = family == AF_INET ? 4 : 6;
	out->bits = (uint8_t)bits;
	memcpy(out->address, address, sizeof(address));
	return 0;
}

int air_plan_parse(const char *text, size_t len, struct air_plan *out)
{
	struct air_plan plan = { .count = 0 };
	const char *at = text, *end = text + len;
	char words[3][WORD_ROOM];
	int n;
	while ((n = next_words(&at, end, words)) > 0) {
		struct air_room *r = &plan.rooms[plan.count];
		if (n != 3 || plan.count == AIR_ROOMS || !name(words[0], r->name) ||
		    !number(words[1], 100000000, &r->kbps) ||
		    air_prefix(strcmp(words[2], "-") ? words[2] : "", r))
			return -EBADMSG;
		plan.count++;
	}
	if (n < 0 || at != end)
		return -EBADMSG;
	*out = plan;
	return 0;
}

size_t air_plan_text(const struct air_plan *plan, char *out, size_t room)
{
	size_t len = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct air_room *r = &plan->rooms[i];
		char host[INET6_ADDRSTRLEN] = "-";
		char bits[8] = "";
		if (r->family) {
			inet_ntop(r->family == 4 ? AF_INET : AF_INET6, r->address, host,
				  sizeof(host));
			snprintf(bits, sizeof(bits), "/%u", r->bits);
		}
		int n = snprintf(out + len, room - len, "%s %" PRIu32 " %s%s\n", r->name, r->kbps,
				 host, bits);
		if (n < 0 || (size_t)n >= room - len)
			return 0;
		len += (size_t)n;
	}
	return len;
}

size_t air_room_of(const struct air_plan *plan, const void *address, size_t len)
{
	size_t best = AIR_ROOMS;
	int best_bits = -1;
	for (size_t i = 0; i < plan->count; i++) {
		const struct air_room *r = &plan->rooms[i];
		uint8_t own[16] = { 0 };
		if (r->family && (r->family == 4 ? len != 4 : len != 16))
			continue;
		if (r->family) {
			memcpy(own, address, len);
			mask(own, sizeof(own), r->bits);
		}
		if (memcmp(own, r->address, sizeof(own)) || (int)r->bits <= best_bits)
			continue;
		best = i;
		best_bits = r->bits;
	}
	return best;
}

int air_rungs_parse(const char *text, size_t len, struct air_rungs *out)
{
	struct air_rungs rungs = { .count = 0 };
	const char *at = text, *end = text + len;
	char words[3][WORD_ROOM];
	int n;
	while ((n = next_words(&at, end, words)) > 0) {
		struct air_rung *r = &rungs.all[rungs.count];
		if (n != 2 || rungs.count == AIR_RUNGS || !name(words[0], r->name) ||
		    !number(words[1], 100000000, &r->kbps))
			return -EBADMSG;
		rungs.count++;
	}
	if (n < 0 || at != end || !rungs.count)
		return -EBADMSG;
	*out = rungs;
	return 0;
}

size_t air_rungs_text(const struct air_rungs *rungs, char *out, size_t room)
{
	size_t len = 0;
	for (size_t i = 0; i < rungs->count; i++) {
		int n = snprintf(out + len, room - len, "%s %" PRIu32 "\n", rungs->all[i].name,
				 rungs->all[i].kbps);
		if (n < 0 || (size_t)n >= room - len)
			return 0;
		len += (size_t)n;
	}
	return len;
}
