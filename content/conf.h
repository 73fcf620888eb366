// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <stdint.h>

#include "cache/air_plan.h"
#include "content/live/live.h"
#include "firmware/base/box_conf.h"
#include "firmware/base/conf_settings.h"
#include "firmware/base/wall_conf.h"

struct fault;
struct origin;
struct planner_rules;
struct sources;

/* What wasl-contentd is told: the sections that its schema, `-n`, the defaults and the man page share. */
struct content_conf {
	struct box_conf box;
	struct conf_settings settings;
	struct wall_conf wall; /* the name under which people find the pages */
	struct content_part {
		char folder[256];
		int64_t patience_s;
		char neighbours[512];
	} content;
	struct origin_part {
		char url[512];
		int64_t interval_s, stall_s, streams;
	} origin;
	struct source_part {
		char name[32], url[512];
		int kind; /* as words: neighbour, mirror */
	} sources[8];
	size_t source_count;
	struct fetch_part {
		char window[16];
		int by_day; /* enum planner_by_day */
		uint64_t night_bytes;
		int64_t share;
	} fetch;
	struct store_part {
		uint64_t max_bytes, keep_free_bytes, pass_bytes;
		int64_t scrub_days;
	} store;
	struct kitchen_part {
		char program[256], rungs[64];
		int64_t workers, cpu_s;
		uint64_t memory_bytes, better_room_bytes;
		int64_t better_after_s, hot_c, late_ms;
		char sys[128];
	} kitchen;
	struct relay_part {
		uint64_t max_bytes;
		char allow[512];
		int64_t patience_s, stale_s, linger_s, settle_s;
	} relay;
	struct live_class_conf live[LIVE_CLASSES_MOST];
	size_t live_count;
	struct classroom_part {
		char name[32], addresses[64];
		int64_t air_kbps;
	} classrooms[AIR_ROOMS];
	size_t classroom_count;
	struct staff_part {
		uint64_t max_bytes;
		int64_t unfinished_days;
		char stick[256], networks[256];
	} staff;
	struct portal_part {
		char school[128], address[128];
	} portal;
};

extern const struct conf_schema content_schema;
/* What the table cannot say. */
int content_conf_check(const void *conf, struct fault *why);
/* What people are told to type: "http://madrasa/". */
enum { CONTENT_ADDRESS_ROOM = 128 };
void content_conf_address(const struct content_conf *c, char out[static CONTENT_ADDRESS_ROOM]);
/* "240p 360p audio" as a mask of 1 << enum kitchen_rung; -EINVAL names the word. */
int content_conf_rungs(const char *words, uint32_t *out, struct fault *why);
/* The addresses and networks that may fetch what is here, one a line, as the web server reads them; -EINVAL names the word. */
int content_conf_neighbours(const char *words, char out[static 512], struct fault *why);
/* Who is asked for bytes, in order; `origin` is among them. */
int content_conf_sources(const struct content_conf *c, uint64_t salt, struct origin *origin,
			 struct sources *out, struct fault *why);
/* When lines that cost money bring lessons, and how much; -EINVAL names the value. */
int content_conf_planner(const struct content_conf *c, struct planner_rules *out,
			 struct fault *why);
/* The air that crowd control shares out; without a classroom it watches none. */
int content_conf_air(const struct content_conf *c, struct air_plan *out, struct fault *why);
