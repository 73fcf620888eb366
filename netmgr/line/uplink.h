// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * The words that everybody in this folder uses for an uplink, as they stand on the control socket,
 * in the database and in reports.
 */
enum {
	UPLINK_MAX = 8,        /* uplinks of one box */
	UPLINK_NAME_ROOM = 32, /* "adsl" and its end */
};

/* As in firmware/record/report.proto, UplinkHour.kind. */
enum uplink_kind {
	UPLINK_FIBRE = 1,
	UPLINK_DSL = 2,
	UPLINK_MOBILE = 3,
	UPLINK_SATELLITE = 4,
	UPLINK_OTHER = 5,
};

enum uplink_state {
	UPLINK_ABSENT,    /* no such network device */
	UPLINK_LINK,      /* carrier, no address yet */
	UPLINK_ADDRESSED, /* address, no gateway yet */
	UPLINK_PROBING,   /* first questions are out */
	UPLINK_UP,
	UPLINK_SUSPECT, /* was up, something is wrong, questions follow fast */
	UPLINK_DOWN,
	UPLINK_HOLDDOWN, /* answers again after a fall; used only when nothing better is there */
	UPLINK_PORTAL,   /* somebody wants a login */
	UPLINK_CAPPED,   /* works, but its quota is used up */
	UPLINK_OFF,      /* switched off by a person or a setting */
	UPLINK_STATES
};

enum uplink_grade { UPLINK_GOOD, UPLINK_DEGRADED };

/* Who is at fault: the layer that a technician has to look at. */
enum uplink_layer {
	UPLINK_LAYER_NONE,
	UPLINK_LAYER_CABLE,
	UPLINK_LAYER_ADDRESS,
	UPLINK_LAYER_GATEWAY,
	UPLINK_LAYER_ISP,
	UPLINK_LAYER_RESOLVER,
	UPLINK_LAYER_PORTAL,
	UPLINK_LAYER_HUB,
	UPLINK_LAYERS
};

/* What a second of an uplink was. */
enum uplink_class {
	UPLINK_CLASS_UP,
	UPLINK_CLASS_DOWN,
	UPLINK_CLASS_UNPOWERED,
	UPLINK_CLASS_UNKNOWN,
	UPLINK_CLASSES
};

const char *uplink_kind_name(
	enum uplink_kind kind); /* "satellite"; "other" for a number out of range */
const char *uplink_state_name(enum uplink_state state);
const char *uplink_grade_name(enum uplink_grade grade);
const char *uplink_layer_name(
	enum uplink_layer layer); /* "" for none; "ISP" is written as people write it */

/* Index 0 is UPLINK_FIBRE: the words a configuration may use, NULL at the end. */
extern const char *const uplink_kind_words[];
