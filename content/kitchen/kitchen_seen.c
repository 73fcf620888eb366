// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_seen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct seen_entry *find(const struct seen *s, const char *generation, uint32_t rung)
{
	size_t have = s->count < SEEN_MAX ? s->count : SEEN_MAX;
	for (size_t i = 0; i < have; i++)
		if (s->entries[i].rung == rung && !strcmp(s->entries[i].generation, generation))
			return &s->entries[i];
	return NULL;
}

int seen_check(struct seen *s, const char *generation, uint32_t rung, const unsigned char *known,
	       const void *bytes, size_t len)
{
	unsigned char hash[crypto_generichash_BYTES];
	crypto_generichash(hash, sizeof(hash), bytes, len, NULL, 0);
	const struct seen_entry *before = find(s, generation, rung);
	const unsigned char *want = known ? known : before ? before->hash : NULL;
	if (want && memcmp(want, hash, sizeof(hash)))
		return -ESTALE;
	if (before)
		return 0;
	struct seen_entry *e = &s->entries[s->count++ % SEEN_MAX];
	snprintf(e->generation, sizeof(e->generation), "%s", generation);
	e->rung = rung;
	memcpy(e->hash, hash, sizeof(hash));
	return 0;
}
