// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/book/ledger.h"
#include "netmgr/book/meter.h"
#include "netmgr/book/minutes.h"

enum {
	QUEUE_ROWS =
		4096, /* rows that wait while the disk refuses: hours, then they become one unknown run */
	QUEUE_EVENTS = 256,
	COMMIT_MS = 3600000, /* or when the slots are full */
	TOGETHER = 2,        /* minutes that are stored at once: gap.c counts on that */
};

struct account {
	struct ledger *ledger;
	struct minutes minutes;
	struct meter meters[MINUTES_LINES];
	struct mark_rate rates[MINUTES_LINES];
	char names[MINUTES_LINES][UPLINK_NAME_ROOM];
	uint8_t kinds[MINUTES_LINES];
	unsigned lines[UPLINK_MAX]; /* of each configured uplink */
	int quota_days[UPLINK_MAX];
	size_t count;
	int keep_days;
	uint32_t boots;
	struct gap_mark now; /* boot, clock */
	uint64_t mono_ms, start_mono_ms, start_uptime_ms, commit_ms;
	int64_t stored_minute; /* that the last entry was written in */
	struct ledger_row rows[QUEUE_ROWS];
	size_t row_count;
	struct ledger_event events[QUEUE_EVENTS];
	size_t event_count;
	bool refused; /* the disk, the last time: all is tried again at each tick */
};

void account_drop(struct account *a)
{
	if (!a)
		return;
	ledger_close(a->ledger);
	free(a);
}

CLEAN_FN(account, struct account, account_drop)

/* The disk refused for hours: what was seen shrinks to one unknown run for each line, the sums stay whole. */
static void collapse(struct account *a)
{
	struct ledger_row runs[MINUTES_LINES];
	size_t count = 0;
	for (unsigned line = 0; line < MINUTES_LINES; line++) {
		struct ledger_row *run = NULL;
		for (size_t i = 0; i < a->row_count; i++) {
			const struct ledger_row *r = &a->rows[i];
			if (r->row.line != line)
				continue;
			if (!run) {
				run = &runs[count++];
				*run = *r;
				run->row = (struct minute_row){ .minute = r->row.minute,
								.line = r->row.line };
				run->row.seconds[UPLINK_CLASS_UNKNOWN] = 60;
			}
			run->row.count += r->row.count;
		}
	}
	memcpy(a->rows, runs, count * sizeof(*runs));
	a->row_count = count;
}

static void emit(void *data, const struct minute_row *row)
{
	struct account *a = data;
	if (a->row_count == QUEUE_ROWS)
		collapse(a);
	struct ledger_row *r = &a->rows[a->row_count++];
	*r = (struct ledger_row){ .row = *row, .kind = a->kinds[row->line] };
	memcpy(r->uplink, a->names[row->line], sizeof(r->uplink));
}

/* --- the start --- */

static bool waits_for(const struct account *a, unsigned line)
{
	for (size_t i = 0; i < a->row_count; i++)
		if (a->rows[i].row.line == line)
			return true;
	return false;
}

static int find_line(const struct account *a, const char *name)
{
	for (unsigned i = 0; i < MINUTES_LINES; i++)
		if (a->names[i][0] && strcmp(a->names[i], name) == 0)
			return (int)i;
	return -1;
}

static int free_line(const struct account *a)
{
	for (unsigned i = 0; i < MINUTES_LINES; i++)
		if (!a->names[i][0])
			return (int)i;
	return -1;
}

static enum meter_start meter_start_of(const struct gap_mark *mark, const struct account_spec *spec)
{
	if (memcmp(mark->boot_id, spec->boot_id, sizeof(mark->boot_id)) == 0)
		return mark->ending == GAP_ALIVE ? METER_KILLED : METER_SAME;
	return mark->ending == GAP_POWEROFF || mark->ending == GAP_REBOOT ? METER_ANEW
									  : METER_POWER_LOST;
}

static uint64_t allowance_of(const struct account_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->count; i++)
		if (strcmp(spec->uplinks[i].name, name) == 0 && spec->uplinks[i].has_quota)
			return METER_ALLOWANCE_QUOTA;
	return METER_ALLOWANCE_FREE;
}

static bool configured(const struct account_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->count; i++)
		if (strcmp(spec->uplinks[i].name, name) == 0)
			return true;
	return false;
}

static int resume_lines(struct account *a, const struct account_spec *spec, const struct mark *mark,
			struct fault *why)
{
	for (unsigned i = 0; i < MINUTES_LINES; i++) {
		const struct mark_line *l = &mark->lines[i];
		if (!l->name[0] || l->life == MARK_ENDED)
			continue;
		if (minutes_resume_line(&a->minutes, i, l->seconds) < 0)
			return fault_set(why, -EBADMSG, "account.mark",
					 "the stored minute of uplink '%s' does not add up; move "
					 "'%s' away and start again",
					 l->name, spec->folder);
		memcpy(a->names[i], l->name, sizeof(a->names[i]));
		a->kinds[i] = l->kind;
		a->meters[i] = l->meter;
		a->rates[i] = l->rate;
		meter_resume(&a->meters[i], meter_start_of(&mark->gap, spec),
			     allowance_of(spec, l->name));
		/* One that comes back on the day it was taken out simply goes on. */
		if (!configured(spec, l->name))
			minutes_retire_line(&a->minutes, i);
	}
	return 0;
}

/* The time between the mark and now; nothing where the clock cannot be believed, minutes_advance() goes on then. */
static void fill_gap(struct account *a, const struct account_spec *spec, const struct mark *mark,
		     const struct account_time *now, struct account_start *start)
{
	struct gap_now here = { .boottime_ms = spec->uptime_ms,
				.wall_s = now->wall_s,
				.synced = now->synced,
				.watchdog_reset = spec->watchdog_reset,
				.died = spec->died };
	memcpy(here.boot_id, spec->boot_id, sizeof(here.boot_id));
	struct gap_plan plan = gap_judge(&mark->gap, &here);
	start->away_s = plan.rest_until_s - mark->gap.named_s;
	start->away_class = plan.class;
	start->power_return = plan.power_return;
	a->minutes.proved_cut = plan.proved_cut || (mark->proved_cut && !now->synced);
	if (start->away_s > MINUTES_BELIEVE_S) {
		if (!now->synced)
			return;
		minutes_restart(&a->minutes, plan.rest_until_s);
		plan.class = UPLINK_CLASS_UNKNOWN;
	}
	minutes_fill(&a->minutes, UPLINK_CLASS_UNKNOWN, plan.unknown_until_s);
	minutes_fill(&a->minutes, plan.class, plan.class_until_s);
	minutes_fill(&a->minutes, UPLINK_CLASS_UNKNOWN, plan.rest_until_s);
}

static int take_lines(struct account *a, const struct account_spec *spec, struct fault *why)
{
	for (size_t i = 0; i < spec->count; i++) {
		const struct account_uplink *u = &spec->uplinks[i];
		int line = find_line(a, u->name);
		bool known = line >= 0 && a->minutes.lines[line].used;
		if (line < 0)
			line = free_line(a);
		if (line < 0)
			return fault_set(why, -ENOSPC, "account.lines",
					 "uplink '%s': too many uplinks came and went today; add "
					 "it tomorrow",
					 u->name);
		a->lines[i] = (unsigned)line;
		a->quota_days[i] = u->quota_day;
		if (!known || a->kinds[line] != (uint8_t)u->kind)
			a->rates[line] = (struct mark_rate){ 0 };
		a->kinds[line] = (uint8_t)u->kind;
		memcpy(a->names[line], u->name, sizeof(a->names[line]));
		if (!known) {
			a->meters[line] = (struct meter){ .period = INT32_MIN };
			meter_resume(&a->meters[line], METER_ANEW, allowance_of(spec, u->name));
			minutes_begin_line(&a->minutes, (unsigned)line);
		}
	}
	return 0;
}

int account_open(const struct account_spec *spec, const struct account_time *now,
		 struct account **out, struct account_start *start, struct fault *why)
{
	CLEANUP(clean_account) struct account *a = calloc(1, sizeof(*a));
	if (!a)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct ledger_found found;
	int r = ledger_open(spec->folder, &a->ledger, &found, why);
	if (r < 0)
		return r;
	*start = (struct account_start){ .first = !found.has_mark,
					 .replayed = found.replayed,
					 .torn = found.torn };
	a->count = spec->count;
	a->keep_days = spec->keep_days;
	a->start_mono_ms = a->mono_ms = a->commit_ms = now->mono_ms;
	a->start_uptime_ms = spec->uptime_ms;
	memcpy(a->now.boot_id, spec->boot_id, sizeof(a->now.boot_id));
	a->now.synced = now->synced;

	bool same_boot = found.has_mark &&
			 memcmp(found.mark.gap.boot_id, spec->boot_id, sizeof(spec->boot_id)) == 0;
	a->boots = found.mark.boots + (same_boot ? 0 : 1);
	minutes_init(&a->minutes, found.has_mark ? found.mark.gap.named_s : now->wall_s,
		     now->mono_ms, emit, a);
	if (found.has_mark) {
		a->minutes.ever_synced = found.mark.ever_synced;
		r = resume_lines(a, spec, &found.mark, why);
		if (r < 0)
			return r;
		fill_gap(a, spec, &found.mark, now, start);
	}
	r = take_lines(a, spec, why);
	if (r < 0)
		return r;
	if (start->power_return)
		account_event(a, "power.return", "box",
			      start->away_class == UPLINK_CLASS_UNPOWERED ? "unpowered" : "");
	/* On a full disk the lines come up all the same; account_tick() tries again and says so. */
	r = account_flush(a, why);
	if (r < 0 && r != -ENOSPC)
		return r;
	*out = MOVE_PTR(a);
	return 0;
}

/* --- storing --- */

static void make_mark(struct account *a, enum gap_ending ending, struct mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	mark->gap = a->now;
	mark->gap.named_s = a->minutes.named_s;
	mark->gap.boottime_ms = a->start_uptime_ms + (a->mono_ms - a->start_mono_ms);
	mark->gap.ending = ending;
	mark->boots = a->boots;
	mark->ever_synced = a->minutes.ever_synced;
	mark->proved_cut = a->minutes.proved_cut;
	for (unsigned i = 0; i < MINUTES_LINES; i++) {
		const struct minutes_line *l = &a->minutes.lines[i];
		struct mark_line *to = &mark->lines[i];
		if (!l->used && !waits_for(a, i))
			a->names[i][0] = '\0';
		memcpy(to->name, a->names[i], sizeof(to->name));
		to->kind = a->kinds[i];
		to->life = !l->used ? MARK_ENDED : l->retired ? MARK_RETIRED : MARK_LIVE;
		if (!l->used)
			continue;
		memcpy(to->seconds, l->seconds, sizeof(to->seconds));
		to->meter = a->meters[i];
		to->rate = a->rates[i];
	}
}

static int store(struct account *a, enum gap_ending ending, struct fault *why)
{
	struct mark mark;
	struct meter before[MINUTES_LINES];
	/* The allowance that is stored is the one that counts from here. */
	memcpy(before, a->meters, sizeof(before));
	for (unsigned i = 0; i < MINUTES_LINES; i++)
		meter_stored(&a->meters[i]);
	make_mark(a, ending, &mark);
	int r = ledger_put(a->ledger, a->rows, a->row_count, a->events, a->event_count, &mark, why);
	a->refused = r < 0;
	if (r < 0) {
		memcpy(a->meters, before, sizeof(before));
		return r;
	}
	a->row_count = a->event_count = 0;
	a->stored_minute = mark.gap.named_s / 60;
	return 0;
}

int account_flush(struct account *a, struct fault *why)
{
	return store(a, GAP_ALIVE, why);
}

int account_tick(struct account *a, const struct account_time *now, struct fault *why)
{
	a->mono_ms = now->mono_ms;
	a->now.synced = now->synced;
	minutes_advance(&a->minutes, now->mono_ms, now->wall_s, now->synced);
	bool due = a->refused ||
		   (a->row_count && a->minutes.named_s / 60 - a->stored_minute >= TOGETHER);
	for (size_t i = 0; i < a->count; i++)
		due |= meter_must_store(&a->meters[a->lines[i]]);
	int r = due || a->event_count ? account_flush(a, why) : 0;
	if (r == 0 && now->mono_ms - a->commit_ms >= COMMIT_MS) {
		a->commit_ms = now->mono_ms;
		r = ledger_commit(a->ledger, a->minutes.named_s / 60 - (int64_t)a->keep_days * 1440,
				  why);
	}
	return r;
}

void account_close(struct account *a, enum gap_ending ending, const struct account_time *now)
{
	if (!a)
		return;
	struct fault why;
	a->mono_ms = now->mono_ms;
	minutes_advance(&a->minutes, now->mono_ms, now->wall_s, now->synced);
	if (store(a, ending, &why) == 0)
		(void)ledger_commit(a->ledger, 0, &why);
	account_drop(a);
}

/* --- what is seen --- */

void account_see(struct account *a, unsigned uplink, enum uplink_class class,
		 enum uplink_layer layer, uint64_t mono_ms)
{
	minutes_see(&a->minutes, a->lines[uplink], class, layer, mono_ms);
}

void account_rtt(struct account *a, unsigned uplink, uint32_t rtt_us)
{
	minutes_rtt(&a->minutes, a->lines[uplink], rtt_us);
}

void account_counters(struct account *a, unsigned uplink, uint64_t raw_rx, uint64_t raw_tx)
{
	struct meter *m = &a->meters[a->lines[uplink]];
	int32_t period = meter_period((int32_t)(a->minutes.named_s / 86400), a->quota_days[uplink]);
	struct meter_change change = meter_read(m, raw_rx, raw_tx, period);
	minutes_bytes(&a->minutes, a->lines[uplink], change.rx_bytes, change.tx_bytes);
}

bool account_must_flush(const struct account *a, unsigned uplink)
{
	return meter_must_store(&a->meters[a->lines[uplink]]);
}

void account_event(struct account *a, const char *kind, const char *subject, const char *reason)
{
	if (a->event_count == QUEUE_EVENTS)
		return;
	struct ledger_event *e = &a->events[a->event_count++];
	*e = (struct ledger_event){ .at_s = a->minutes.named_s };
	snprintf(e->kind, sizeof(e->kind), "%s", kind);
	snprintf(e->subject, sizeof(e->subject), "%s", subject);
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
}

void account_used(const struct account *a, unsigned uplink, uint64_t *rx_bytes, uint64_t *tx_bytes)
{
	const struct meter *m = &a->meters[a->lines[uplink]];
	*rx_bytes = m->rx_bytes;
	*tx_bytes = m->tx_bytes;
}

uint32_t account_kbps(const struct account *a, unsigned uplink)
{
	return a->minutes.lines[a->lines[uplink]].last_kbps;
}

void account_learned(struct account *a, unsigned uplink, uint32_t up_kbps)
{
	a->rates[a->lines[uplink]] =
		(struct mark_rate){ .up_kbps = up_kbps, .at_s = a->minutes.named_s };
}

struct account_rate account_rate(const struct account *a, unsigned uplink)
{
	const struct mark_rate *r = &a->rates[a->lines[uplink]];
	const int64_t age_s = a->minutes.named_s - r->at_s;
	return (struct account_rate){ .up_kbps = r->up_kbps, .age_s = age_s > 0 ? age_s : 0 };
}

uint32_t account_boots(const struct account *a)
{
	return a->boots;
}

struct ledger *account_ledger(struct account *a)
{
	return a->ledger;
}
