// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets one after the other, each behind a byte that says how long it is; the first bit of it also joins or leaves. */
#include <stdlib.h>
#include <string.h>

#include "cache/tally.h"
#include "cache/waiters.h"
#include "cache/want.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { WAITERS = 8 };

static void hear(struct waiters *w, struct tally *t, const uint8_t *packet, size_t len)
{
	union want_packet p;
	/* The length decides, as with recv(): never more is looked at. */
	AUTO_FREE uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, packet, len);
	if (want_check(exact, len))
		return;
	memcpy(&p, exact, len);
	if (p.type == WANT_TALLY && strlen(p.tally.lesson) + strlen(p.tally.rung) > sizeof(p.tally))
		abort();
	if (p.type == WANT_READY || p.type == WANT_FAILED)
		for (const struct waiter *who = waiters_hear(w, &p.msg); who; who = who->next)
			if (who->thing || (who->error != 0) != (p.type == WANT_FAILED))
				abort();
	if (p.type == WANT_TALLIED)
		tally_heard(t, p.msg.token);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct uses_gain gain = { 1, 0, 0, 4000 };
	struct waiter who[WAITERS] = { 0 };
	struct waiters *w = waiters_new();
	struct tally_sheet *sheet = calloc(1, sizeof(*sheet));
	struct want_msg m;
	struct want_tally packet;
	if (!w || !sheet)
		abort();
	struct tally t = tally_open(sheet, 7);
	while (len > 0) {
		const size_t n = bytes[0] < len - 1 ? bytes[0] : len - 1;
		const uint8_t turn = n ? bytes[1] : 0;
		const struct sender_want want = { .rendition = turn % 3,
						  .first = turn % 5,
						  .count = 1 };
		waiters_leave(w, &who[turn % WAITERS]);
		if (turn & 8)
			waiters_join(w, &want, turn & 3, &who[turn % WAITERS]);
		if (turn & 16)
			waiters_disconnected(w), tally_disconnected(&t);
		while ((turn & 32) && waiters_next(w, &m)) {
			if (want_check(&m, sizeof(m)))
				abort();
			waiters_sent(w);
		}
		tally_add(&t, turn % 4, "lesson", "240p", &gain, 1);
		if ((turn & 64) && tally_next(&t, &packet)) {
			if (want_check(&packet, sizeof(packet)))
				abort();
			tally_sent(&t, &packet);
		}
		hear(w, &t, bytes + 1, n);
		bytes += n + 1;
		len -= n + 1;
	}
	waiters_free(w);
	free(sheet);
	return 0;
}
