// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "firmware/base/log.h"
#include "netmgr/book/account.h"
#include "netmgr/engine.h"

enum {
	FEW_BYTES = 10000, /* over all lines between two looks: our own questions */
	STALE_S = 7 * 86400,
};

static uint64_t carried(const struct engine *e)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		sum += e->rx_bytes[i] + e->tx_bytes[i];
	return sum;
}

/* A device that was plugged in again begins at zero: one look more or less. */
static bool moved(struct engine *e)
{
	const uint64_t now = carried(e), before = e->passive_bytes;
	e->passive_bytes = now;
	return now - before > FEW_BYTES;
}

void engine_passive_tick(struct engine *e, uint64_t now_ms)
{
	struct passive_flow flows[PASSIVE_FLOWS];
	if (++e->passive_s < PASSIVE_LOOK_S)
		return;
	e->passive_s = 0;
	if (!moved(e))
		return;
	const int count = kernel_flows(e->serving.kernel, &e->passive, flows);
	if (count >= 0)
		passive_take(&e->passive, flows, (size_t)count, now_ms);
	else if (count != -EOPNOTSUPP && !e->passive_failed)
		log_warn("event=passive text=\"the box's own connections cannot be looked at: %s\"",
			 strerror(-count));
	e->passive_failed = count < 0;
}

json_t *engine_passive_json(const struct engine *e, unsigned uplink, uint64_t now_ms)
{
	struct passive_view v;
	passive_look(&e->passive, uplink, now_ms, &v);
	if (!v.known)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "age_s",
			 (json_int_t)(v.age_ms / 1000), "rtt_us", (json_int_t)v.rtt_us,
			 "rtt_floor_us", (json_int_t)v.floor_us, "up_kbps", (json_int_t)v.up_kbps,
			 "down_kbps", (json_int_t)v.down_kbps, "resent_ppm",
			 (json_int_t)v.resent_ppm, "connections", (json_int_t)v.flows);
}

/* --- what a line carries upward, learned and kept --- */

void engine_passive_learn(struct engine *e, unsigned uplink, uint32_t sent_kbps, uint64_t now_ms)
{
	struct shape_learn *l = &e->learned[uplink];
	struct passive_view v;
	passive_look(&e->passive, uplink, now_ms, &v);
	const struct shape_learn_second second = { .sent_kbps = sent_kbps,
						   .rtt_us = e->core.uplinks[uplink].rtt.smooth_us,
						   .late_us = v.late_us };
	shape_learn_second(l, &second);
	/* Seen to be so, or to have changed; a line that nobody fills keeps the day on which it was. */
	if (l->kbps && (l->full_s || l->kbps != account_rate(e->account, uplink).up_kbps))
		account_learned(e->account, uplink, l->kbps);
}

void engine_passive_unlearn(struct engine *e, unsigned uplink)
{
	e->learned[uplink] = (struct shape_learn){ 0 };
	if (account_rate(e->account, uplink).up_kbps)
		account_learned(e->account, uplink, 0);
}

void engine_passive_resume(struct engine *e)
{
	for (unsigned i = 0; i < e->conf->uplink_count; i++) {
		const struct account_rate rate = account_rate(e->account, i);
		if (rate.up_kbps && rate.age_s <= STALE_S)
			shape_learn_resume(&e->learned[i], rate.up_kbps);
		else if (rate.up_kbps)
			account_learned(e->account, i, 0);
	}
}
