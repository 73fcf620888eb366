// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/reread.h"

#include <inttypes.h>
#include <stdio.h>

#include "cache/store_scrub.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

enum { MOST_CHUNKS = 16 };

static void tell(const struct want_msg *want, const struct store_scrub_item *found,
		 const struct report *report)
{
	char subject[64], text[200];
	const char *how =
		found->unreadable ? "cannot be read from the disk" : "changed on the disk";
	if (want->kind == WANT_OBJECT)
		snprintf(subject, sizeof(subject), "object-%02x%02x%02x%02x", want->id.b[0],
			 want->id.b[1], want->id.b[2], want->id.b[3]);
	else
		snprintf(subject, sizeof(subject), "rendition-%016" PRIx64, want->rendition);
	snprintf(text, sizeof(text), "%s %" PRIu64 " %s while a pupil waited for it; it %s",
		 want->kind == WANT_OBJECT ? "chunk" : "segment", found->at, how,
		 found->mended ? "was mended from memory" : "is brought again");
	report->tell(report->data, "store.damaged", subject, "disk", text);
}

bool reread(struct store *s, const struct want_msg *want, const struct report *report)
{
	const uint64_t count = want->count < MOST_CHUNKS ? want->count : MOST_CHUNKS;
	struct store_scrub_cursor c = want->kind == WANT_OBJECT
					      ? store_scrub_object(&want->id)
					      : store_scrub_rendition(want->rendition);
	bool any = false;
	c.at = want->first;
	while (c.phase != STORE_SCRUB_DONE && c.at < want->first + count) {
		struct store_scrub_found found;
		struct fault why = { 0 };
		const uint64_t was = c.at;
		if (store_scrub_step(s, &c, 1, &found, &why)) {
			log_fault(LOG_LEVEL_WARN, "store.reread", &why);
			break;
		}
		for (size_t i = 0; i < found.count; i++)
			tell(want, &found.items[i], report);
		any |= found.count > 0;
		if (c.at == was)
			break;
	}
	return any;
}
