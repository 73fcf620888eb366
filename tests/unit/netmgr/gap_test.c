// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/gap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { M = 1000000 }; /* the mark's second: 1000000 % 60 = 40 */

static void judges_only_what_is_proved(void **state)
{
	(void)state;
	static const struct {
		const char *story;
		enum gap_ending ending;
		bool mark_synced;
		uint8_t boot; /* 1: as in the mark */
		uint64_t uptime_s;
		int64_t wall_s;
		bool synced, watchdog, died;
		int64_t until[3]; /* unknown, class, unknown: after the mark */
		enum uplink_class class;
		bool proved_cut, power_return;
	} rows[] = {
		{ "daemon restarted",
		  GAP_STOPPED,
		  true,
		  1,
		  150,
		  M + 100,
		  true,
		  false,
		  false,
		  { 0, 100, 100 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "daemon killed",
		  GAP_ALIVE,
		  true,
		  1,
		  150,
		  M + 50,
		  true,
		  false,
		  false,
		  { 0, 50, 50 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "daemon stopped, clock set far ahead meanwhile",
		  GAP_STOPPED,
		  true,
		  1,
		  150,
		  M + 90000,
		  true,
		  false,
		  false,
		  { 0, 100, 100 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "daemon stopped, clock set back meanwhile",
		  GAP_STOPPED,
		  true,
		  1,
		  150,
		  M - 500,
		  true,
		  false,
		  false,
		  { 0, 0, 0 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "power cut for an hour",
		  GAP_ALIVE,
		  true,
		  2,
		  30,
		  M + 3600,
		  true,
		  false,
		  false,
		  { 80, 3570, 3600 },
		  UPLINK_CLASS_UNPOWERED,
		  false,
		  true },
		{ "power cut, short",
		  GAP_ALIVE,
		  true,
		  2,
		  30,
		  M + 40,
		  true,
		  false,
		  false,
		  { 10, 10, 40 },
		  UPLINK_CLASS_UNPOWERED,
		  false,
		  true },
		{ "switched off by a person",
		  GAP_POWEROFF,
		  true,
		  2,
		  30,
		  M + 3600,
		  true,
		  false,
		  false,
		  { 0, 3570, 3600 },
		  UPLINK_CLASS_UNPOWERED,
		  false,
		  true },
		{ "restarted for an update",
		  GAP_REBOOT,
		  true,
		  2,
		  30,
		  M + 90,
		  true,
		  false,
		  false,
		  { 0, 60, 90 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "stopped by hand, later a power cut",
		  GAP_STOPPED,
		  true,
		  2,
		  30,
		  M + 3600,
		  true,
		  false,
		  false,
		  { 0, 3570, 3600 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "died, later a power cut",
		  GAP_ALIVE,
		  true,
		  2,
		  30,
		  M + 3600,
		  true,
		  false,
		  true,
		  { 80, 3570, 3600 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "hung, reset by the watchdog",
		  GAP_ALIVE,
		  true,
		  2,
		  30,
		  M + 100,
		  true,
		  true,
		  false,
		  { 70, 70, 100 },
		  UPLINK_CLASS_UNKNOWN,
		  false,
		  false },
		{ "power cut, no battery clock: its length shows when the clock is set",
		  GAP_ALIVE,
		  true,
		  2,
		  30,
		  M - 70,
		  false,
		  false,
		  false,
		  { 0, 0, 0 },
		  UPLINK_CLASS_UNPOWERED,
		  true,
		  true },
		{ "power cut, clock never was set: no proof of its length",
		  GAP_ALIVE,
		  false,
		  2,
		  30,
		  M - 70,
		  false,
		  false,
		  false,
		  { 0, 0, 0 },
		  UPLINK_CLASS_UNPOWERED,
		  false,
		  true },
		{ "up longer than the clock says it was away",
		  GAP_ALIVE,
		  true,
		  2,
		  9000,
		  M + 100,
		  true,
		  false,
		  false,
		  { 0, 0, 100 },
		  UPLINK_CLASS_UNPOWERED,
		  false,
		  true },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gap_mark mark = { .named_s = M,
					 .boot_id = { 1 },
					 .boottime_ms = 50000,
					 .ending = rows[i].ending,
					 .synced = rows[i].mark_synced };
		struct gap_now now = { .boot_id = { rows[i].boot },
				       .boottime_ms = rows[i].uptime_s * 1000,
				       .wall_s = rows[i].wall_s,
				       .synced = rows[i].synced,
				       .watchdog_reset = rows[i].watchdog,
				       .died = rows[i].died };
		struct gap_plan plan = gap_judge(&mark, &now);
		int64_t got[3] = { plan.unknown_until_s - M, plan.class_until_s - M,
				   plan.rest_until_s - M };
		for (int k = 0; k < 3; k++)
			if (got[k] != rows[i].until[k])
				fail_msg("%s: %lld %lld %lld", rows[i].story, (long long)got[0],
					 (long long)got[1], (long long)got[2]);
		if (plan.class != rows[i].class || plan.proved_cut != rows[i].proved_cut ||
		    plan.power_return != rows[i].power_return)
			fail_msg("%s: class %d proved %d return %d", rows[i].story, plan.class,
				 plan.proved_cut, plan.power_return);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_only_what_is_proved),
	};
	return cmocka_run_group_tests_name("netmgr/gap", tests, NULL, NULL);
}
