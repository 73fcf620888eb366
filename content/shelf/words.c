// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "content/kitchen/words_format.h"
#include "content/shelf/captions.h"
#include "firmware/base/fault.h"

static bool language_is_sane(const struct words_head *h)
{
	const size_t len = strnlen(h->language, sizeof(h->language));
	return len < sizeof(h->language) &&
	       strspn(h->language,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

int words_next(const char **at, const char *end, struct words_track *out, struct fault *why)
{
	struct words_head h;
	struct words_track t = { 0 };
	const size_t left = (size_t)(end - *at);
	if (!left)
		return 0;
	if (left >= sizeof(h))
		memcpy(&h, *at, sizeof(h));
	if (left < sizeof(h) || h.magic != WORDS_MAGIC || h.len > left - sizeof(h) ||
	    !language_is_sane(&h))
		return fault_set(why, -EBADMSG, "words.format",
				 "the transcoder's captions are none");
	int rc = captions_to_vtt(*at + sizeof(h), h.len, &t.vtt, &t.len, NULL, why);
	if (rc)
		return rc;
	memcpy(t.language, h.language, sizeof(t.language));
	*at += sizeof(h) + h.len;
	*out = t;
	return 1;
}
