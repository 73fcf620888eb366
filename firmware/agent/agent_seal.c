// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "board/board.h"
#include "firmware/agent/agent_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/record/report.pb.h"

enum { ENVELOPES_AT_ONCE = 64, PRUNE_MS = 3600 * 1000 };

static uint64_t free_bytes(const struct agent *a)
{
	struct statvfs fs;
	if (a->health.disk_free_bytes)
		return a->health.disk_free_bytes;
	return statvfs(paths_at("/var/lib/wasl").at, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize
							       : 0;
}

CLEAN_FN(board, struct board, board_close)

/* Percent of its life plus 1; 0: the storage does not say. */
static uint32_t wear(void)
{
	CLEANUP(clean_board) struct board *b = NULL;
	struct board_storage s;
	if (board_open("", &b, NULL) || board_storage(b, paths_at("/var/lib/wasl").at, &s, NULL) ||
	    s.wear_percent < 0)
		return 0;
	return (uint32_t)s.wear_percent + 1;
}

static wasl_BoxHealth health_of(const struct agent *a)
{
	wasl_BoxHealth h = {
		.unix_s = agent_guess_s(a),
		.disk_free_bytes = free_bytes(a),
		.uptime_s = (uint32_t)(agent_now_ms() / 1000),
		.catalogue_version = a->health.catalogue_version,
		.settings_version = a->health.settings_version,
		.settings_everyone = a->settings.at[AGENT_EVERYONE],
		.settings_region = a->settings.at[AGENT_REGION],
		.settings_school = a->settings.at[AGENT_SCHOOL],
		.settings_device = a->settings.at[AGENT_DEVICE],
		.lessons_ready = a->health.lessons_ready,
		.lessons_total = a->health.lessons_total,
		.disk_bad = a->health.disk_bad,
		.disk_unreadable = a->health.disk_unreadable,
		.disk_read_bytes = a->health.disk_read_bytes,
		.disk_read_s = (int64_t)a->health.disk_read_s,
		.disk_wear = wear(),
		.root_version = a->trust ? trust_version(a->trust) : 0,
	};
	snprintf(h.image_version, sizeof(h.image_version), "%s", WASL_VERSION);
	snprintf(h.board, sizeof(h.board), "%s", a->conf->box.board);
	return h;
}

static void prune(struct agent *a)
{
	uint64_t now_ms = agent_now_ms();
	struct fault why = { 0 };
	if (a->pruned_ms && now_ms - a->pruned_ms < PRUNE_MS)
		return;
	a->pruned_ms = now_ms;
	if (outbox_prune(a->outbox, agent_guess_s(a), (uint32_t)a->conf->agent.keep_days,
			 a->conf->agent.keep_bytes, &why))
		log_fault(LOG_LEVEL_WARN, "outbox.prune", &why);
}

int agent_seal(struct agent *a, enum outbox_which which, uint64_t *envelopes, struct fault *why)
{
	wasl_BoxHealth health = health_of(a);
	/*
	 * First of all: a floor that stands in a header must never have been higher than what a
	 * restart finds.
	 */
	agent_keep_floor(a);
	struct outbox_order order = {
		.which = which,
		.today = clock_day(agent_guess_s(a)),
		.device_key = &a->keys.sign,
		.boot_count = a->boot_count,
		.floor_s = floor_now(&a->floor, agent_now_ms()),
		.quality = (uint8_t)a->floor.quality,
		.health = &health,
	};
	memcpy(order.sealing_public, a->grant.sealing_public, sizeof(order.sealing_public));
	uint64_t rows = OUTBOX_ROWS_PER_ENVELOPE, made = 0, all = 0;
	int r = 0;
	for (; !r && rows == OUTBOX_ROWS_PER_ENVELOPE && made < ENVELOPES_AT_ONCE; made += r == 0) {
		r = outbox_seal(a->outbox, &order, &rows, why);
		all += r ? 0 : rows;
	}
	*envelopes = made;
	if (made)
		log_info("event=sealed envelopes=%llu rows=%llu", (unsigned long long)made,
			 (unsigned long long)all);
	a->sealed_ms = agent_now_ms();
	if (!r)
		prune(a);
	return r;
}

void agent_seal_if_due(struct agent *a)
{
	uint64_t interval_ms = (uint64_t)a->conf->agent.seal_s * 1000, made = 0;
	enum outbox_which which = seal_policy_which(interval_ms);
	struct seal_view view = {
		.now_ms = agent_now_ms(),
		.last_ms = a->sealed_ms,
		.interval_ms = interval_ms,
		.enrolled = a->enrolled && !a->chain_trouble.code,
	};
	struct chain_state chain;
	struct fault why = { 0 };
	int r = outbox_chain(a->outbox, a->grant.epoch, &chain, &why);
	if (!r)
		r = outbox_ready(a->outbox, which, clock_day(agent_guess_s(a)), &view.ready_rows,
				 &why);
	view.waiting = !r && chain.sealed_seq > chain.through_seq;
	if (!r && seal_policy(&view) != SEAL_NOT_YET)
		r = agent_seal(a, which, &made, &why);
	if (r && !a->store_trouble.code)
		log_fault(LOG_LEVEL_ERROR, "seal", &why);
	if (!r && a->store_trouble.code)
		log_info("event=seal.again text=\"reports are sealed again\"");
	a->store_trouble = r ? why : (struct fault){ 0 };
}
