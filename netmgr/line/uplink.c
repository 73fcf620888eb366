// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/uplink.h"

#include <stddef.h>

const char *const uplink_kind_words[] = { "fibre", "dsl", "mobile", "satellite", "other", NULL };

static const char *const states[UPLINK_STATES] = {
	[UPLINK_ABSENT] = "absent",
	[UPLINK_LINK] = "link",
	[UPLINK_ADDRESSED] = "addressed",
	[UPLINK_PROBING] = "probing",
	[UPLINK_UP] = "up",
	[UPLINK_SUSPECT] = "suspect",
	[UPLINK_DOWN] = "down",
	[UPLINK_HOLDDOWN] = "holddown",
	[UPLINK_PORTAL] = "portal",
	[UPLINK_CAPPED] = "capped",
	[UPLINK_OFF] = "off",
};

static const char *const layers[UPLINK_LAYERS] = {
	[UPLINK_LAYER_NONE] = "",           [UPLINK_LAYER_CABLE] = "cable",
	[UPLINK_LAYER_ADDRESS] = "address", [UPLINK_LAYER_GATEWAY] = "gateway",
	[UPLINK_LAYER_ISP] = "ISP",         [UPLINK_LAYER_RESOLVER] = "resolver",
	[UPLINK_LAYER_PORTAL] = "portal",   [UPLINK_LAYER_HUB] = "hub",
};

const char *uplink_kind_name(enum uplink_kind kind)
{
	return kind >= UPLINK_FIBRE && kind <= UPLINK_OTHER ? uplink_kind_words[kind - UPLINK_FIBRE]
							    : "other";
}

const char *uplink_state_name(enum uplink_state state)
{
	return state < UPLINK_STATES ? states[state] : "absent";
}

const char *uplink_grade_name(enum uplink_grade grade)
{
	return grade == UPLINK_GOOD ? "good" : "degraded";
}

const char *uplink_layer_name(enum uplink_layer layer)
{
	return layer < UPLINK_LAYERS ? layers[layer] : "";
}
