// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "netmgr/line/uplink.h"

/*
 * What the time was in which the daemon did not run. Pure. Unpowered is only said where it is proved: the
 * last mark came from another boot, nobody had ended the daemon, and the processor was not reset by
 * its watchdog. A daemon that was merely stopped saw nothing: unknown.
 */
enum gap_ending {
	GAP_ALIVE,    /* the mark of a running daemon: it never said goodbye */
	GAP_STOPPED,  /* ended, the machine ran on (or what it did is not known) */
	GAP_POWEROFF, /* ended because the machine was being switched off */
	GAP_REBOOT,   /* ended because the machine was being restarted */
};

struct gap_mark {
	int64_t named_s; /* accounted for until here */
	uint8_t boot_id[16];
	uint64_t boottime_ms;
	enum gap_ending ending;
	bool synced; /* the clock was, when the mark was made */
};

struct gap_now {
	uint8_t boot_id[16];
	uint64_t boottime_ms; /* since this boot */
	int64_t wall_s;
	bool synced;
	bool watchdog_reset; /* this boot was caused by a watchdog */
	bool died;           /* the service manager saw the daemon die after the mark */
};

struct gap_plan {
	int64_t unknown_until_s; /* from the mark: seconds that were seen and lost with the power */
	int64_t class_until_s;   /* then `class` */
	enum uplink_class class;
	int64_t rest_until_s; /* then unknown: the machine was starting */
	bool proved_cut; /* the clock may still be behind the cut: a later step forward is part of it */
	bool power_return; /* worth an event */
};

struct gap_plan gap_judge(const struct gap_mark *mark, const struct gap_now *now);
