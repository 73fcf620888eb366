// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/uplink.h"

struct fault;

/* What a set of traces is drawn from: the file of wasl-netsim(1), an INI file read by firmware/base/conf.h. */
enum { SPEC_LINES = 4, SPEC_EVENTS = 32, SPEC_TRACES = 1000000 };

/* What can befall a line. The names stand in spec files: see wasl-netsim(1) for what each does to whom. */
enum spec_fault {
	SPEC_SILENT,   /* nothing passes beyond the provider's edge */
	SPEC_PORTAL,   /* somebody wants a login */
	SPEC_RESOLVER, /* the provider's resolver is dead, or answers errors */
	SPEC_LOSS,     /* a part of all packets */
	SPEC_BLOAT,    /* long queues */
	SPEC_FLAP,     /* the cable comes and goes */
	SPEC_ONEWAY,   /* bytes arrive, ours do not leave */
	SPEC_TARGET,   /* a machine that is asked is dead, the lines are well */
	SPEC_ZOMBIE,   /* a modem that says it is connected, and is not */
	SPEC_POWER,    /* the box itself loses its power */
	SPEC_FAULTS
};
extern const char *const spec_fault_words[]; /* NULL at the end */

struct spec_traces {
	int64_t count, seconds;
	int64_t two_percent;           /* of traces have two faults, the others one */
	int64_t shortest_s, longest_s; /* a fault */
	int64_t busy_s, quiet_s; /* means of how long the school uses the Internet, and does not */
	int64_t loss_least, loss_most; /* percent, SPEC_LOSS */
	int64_t useless_loss; /* percent of round trips lost from which on a line is not usable */
	int64_t bloat_least_ms, bloat_most_ms;
	int64_t boot_s; /* from power to a running daemon */
	int64_t weight[SPEC_FAULTS];
};

struct spec_line {
	char name[UPLINK_NAME_ROOM];
	int kind; /* index into uplink_kind_words */
	int64_t preference, rtt_ms, jitter_ms, loss_permille;
	int64_t share; /* percent of traces in which the school has it */
};

struct spec_event { /* one fault, in every trace at the same moment */
	char name[32];
	int fault; /* enum spec_fault */
	char line[UPLINK_NAME_ROOM];
	int64_t at_s, for_s;
	int64_t amount; /* percent lost, milliseconds of queue; 0: drawn */
};

struct spec {
	struct spec_traces traces;
	struct spec_line lines[SPEC_LINES];
	size_t line_count;
	struct spec_event events[SPEC_EVENTS];
	size_t event_count;
};

/* `path` NULL: the built-in spec, three kinds of school and all ten faults. */
int spec_read(const char *path, struct spec *out, struct fault *why);
