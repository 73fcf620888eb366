// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/record/offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A piece of a film: what could be read lies within what came and within a film, and is the same when it is written again. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct offer_piece p;
	if (offer_piece_get(bytes, len, &p))
		return 0;
	if (p.len > OFFER_PIECE_BYTES || p.at > OFFER_FILM_BYTES ||
	    p.at + p.len > OFFER_FILM_BYTES || OFFER_PIECE_HEAD + p.len != len)
		abort();
	AUTO_FREE uint8_t *again = malloc(len);
	if (!again)
		return 0;
	offer_piece_put(&p, again);
	if (memcmp(again, bytes, len) != 0)
		abort();
	return 0;
}
