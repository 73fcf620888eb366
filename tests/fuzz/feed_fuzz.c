// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/feed.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

CLEAN_FN(json, json_t, json_decref)

/* Answers of other daemons. First byte: which list. Rows that pass keep what the outbox relies on. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 1)
		return 0;
	CLEANUP(clean_json) json_t *answer = json_loadb((const char *)bytes + 1, len - 1, 0, NULL);
	struct feed_page page;
	struct feed_health health;
	feed_health(answer, &health);
	static struct outbox_offer offers[OUTBOX_OFFERS];
	size_t offered = 0;
	if (feed_offers(answer, offers, &offered, NULL) == 0 && offered > OUTBOX_OFFERS)
		abort();
	for (size_t i = 0; i < offered; i++) {
		if (!offers[i].lesson[0])
			abort();
	}
	if (feed_open(answer, 5, &page, NULL))
		return 0;
	if (page.count > FEED_LIMIT || (page.began_again ? page.next >= 5 : page.next < 5))
		abort();
	for (size_t i = 0; i < page.count; i++) {
		const json_t *row = json_array_get(page.rows, i);
		struct aggregate_minute m;
		struct aggregate_use u;
		struct outbox_event e;
		struct aggregate_hour h;
		if (feed_minute(row, &m, NULL) == 0) {
			aggregate_begin(&m, &h);
			if (aggregate_seconds(&h) != 60 || !m.uplink[0] || m.kind < 1 || m.kind > 5)
				abort();
		}
		if (feed_use(row, &u, NULL) == 0 && (!u.lesson[0] || !u.rung[0]))
			abort();
		if (feed_event(row, &e, NULL) == 0 && !e.kind[0])
			abort();
	}
	return 0;
}
