// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/offer.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/record/bytes.h"

static const char *const names[] = {
	[OFFER_UNSAID] = "",
	[OFFER_WANTED] = "wanted",
	[OFFER_ACCEPTED] = "accepted",
	[OFFER_DECLINED] = "declined",
};

static const char *const reasons[] = { "quality", "programme", "content",  "people",
				       "rights",  "twice",     "withdrawn" };

const char *offer_said_name(enum offer_said said)
{
	return (size_t)said < ARRAY_LEN(names) ? names[said] : "";
}

int offer_said_parse(const char *name, enum offer_said *out)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum offer_said)i;
			return 0;
		}
	return -EINVAL;
}

const char *offer_reason(size_t i)
{
	return i < ARRAY_LEN(reasons) ? reasons[i] : NULL;
}

bool offer_reason_ok(const char *reason)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i], reason) == 0)
			return true;
	return false;
}

void offer_piece_put(const struct offer_piece *p, uint8_t *out)
{
	memcpy(out, p->film, sizeof(p->film));
	bytes_put_u64(out + 32, p->at);
	if (p->len)
		memcpy(out + OFFER_PIECE_HEAD, p->bytes, p->len);
}

int offer_piece_get(const void *bytes, size_t len, struct offer_piece *out)
{
	const uint8_t *at = bytes;
	if (len < OFFER_PIECE_HEAD || len - OFFER_PIECE_HEAD > OFFER_PIECE_BYTES)
		return -EBADMSG;
	struct offer_piece p = { .at = bytes_get_u64(at + 32),
				 .bytes = at + OFFER_PIECE_HEAD,
				 .len = len - OFFER_PIECE_HEAD };
	if (p.at > OFFER_FILM_BYTES || p.len > OFFER_FILM_BYTES - p.at)
		return -EBADMSG;
	memcpy(p.film, at, sizeof(p.film));
	*out = p;
	return 0;
}
