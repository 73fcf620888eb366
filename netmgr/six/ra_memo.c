// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/ra_memo.h"

#include <errno.h>
#include <string.h>

static const uint8_t magic[] = { 'w', 'r', 'a', '1' };

static void put64(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

/* One router may say one thing of one prefix, and later another of another: both are still true. */
static bool same_prefixes(const struct ra_said *said, const uint8_t *bytes, size_t len)
{
	struct ra a, b;
	if (ra_parse(said->bytes, said->len, &a) < 0 || ra_parse(bytes, len, &b) < 0 ||
	    a.prefix_count != b.prefix_count)
		return false;
	for (size_t i = 0; i < a.prefix_count; i++)
		if (a.prefixes[i].len != b.prefixes[i].len ||
		    memcmp(&a.prefixes[i].prefix, &b.prefixes[i].prefix,
			   sizeof(a.prefixes[i].prefix)) != 0)
			return false;
	return true;
}

void ra_memo_note(struct ra_memo *m, const struct in6_addr *from, const uint8_t *bytes, size_t len,
		  uint64_t now_ms)
{
	size_t i = 0;
	if (len > RA_BYTES_MAX)
		return;
	while (i < m->count && (memcmp(&m->said[i].from, from, sizeof(*from)) != 0 ||
				!same_prefixes(&m->said[i], bytes, len)))
		i++;
	if (i == RA_MEMO_SAID)
		i = 0;
	if (i < m->count)
		memmove(&m->said[i], &m->said[i + 1], (m->count - i - 1) * sizeof(m->said[0]));
	else
		m->count++;
	struct ra_said *s = &m->said[m->count - 1];
	*s = (struct ra_said){ .from = *from, .at_ms = now_ms, .len = len };
	memcpy(s->bytes, bytes, len);
}

void ra_memo_forget(struct ra_memo *m, uint64_t since_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < m->count; i++)
		if (m->said[i].at_ms >= since_ms)
			m->said[kept++] = m->said[i];
	m->count = kept;
}

size_t ra_memo_write(const struct ra_memo *m, int ifindex, uint8_t out[static RA_MEMO_ROOM])
{
	uint8_t *at = out + RA_MEMO_HEAD;
	memcpy(out, magic, sizeof(magic));
	put64(out + sizeof(magic), (uint64_t)ifindex);
	for (size_t i = 0; i < m->count; i++) {
		const struct ra_said *s = &m->said[i];
		memcpy(at, &s->from, sizeof(s->from));
		put64(at + 16, s->at_ms);
		at[24] = at[25] = 0;
		at[26] = (uint8_t)(s->len >> 8);
		at[27] = (uint8_t)s->len;
		memcpy(at + RA_MEMO_ENTRY, s->bytes, s->len);
		at += RA_MEMO_ENTRY + s->len;
	}
	return (size_t)(at - out);
}

int ra_memo_read(const uint8_t *bytes, size_t len, int ifindex, uint64_t now_ms,
		 struct ra_memo *out)
{
	if (len < RA_MEMO_HEAD || memcmp(bytes, magic, sizeof(magic)) != 0 ||
	    get64(bytes + sizeof(magic)) != (uint64_t)ifindex)
		return -EBADMSG;
	memset(out, 0, sizeof(*out));
	for (size_t at = RA_MEMO_HEAD; at < len;) {
		if (len - at < RA_MEMO_ENTRY || out->count == RA_MEMO_SAID)
			return -EBADMSG;
		struct ra_said *s = &out->said[out->count];
		memcpy(&s->from, bytes + at, sizeof(s->from));
		s->at_ms = get64(bytes + at + 16);
		s->len = (size_t)bytes[at + 26] << 8 | bytes[at + 27];
		at += RA_MEMO_ENTRY;
		if (s->len > RA_BYTES_MAX || s->len > len - at || s->at_ms > now_ms)
			return -EBADMSG;
		memcpy(s->bytes, bytes + at, s->len);
		at += s->len;
		out->count++;
	}
	return 0;
}

void ra_memo_replay(const struct ra_memo *m, struct ra_book *book, uint64_t now_ms)
{
	struct ra ra;
	for (size_t i = 0; i < m->count; i++)
		if (ra_is_near(&m->said[i].from, RA_HOPS) &&
		    ra_parse(m->said[i].bytes, m->said[i].len, &ra) == 0)
			ra_book_take(book, &m->said[i].from, &ra, m->said[i].at_ms);
	(void)ra_book_pass(book, now_ms);
}
