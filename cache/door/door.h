// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/base/conf.h"
#include "firmware/base/wall_conf.h"

struct fault;

/*
 * The web server's configuration, made from the box's: cache/nginx/nginx.conf.in with its places filled in. What nginx
 * refuses never takes the place of what it runs with.
 */
struct door_conf {
	struct door_part {
		char listen[64]; /* an address; IPv6 in brackets */
		int64_t port;
		int64_t workers; /* 0: one for each processor */
	} door;
	struct wall_conf wall; /* the name that phones are led to */
};

extern const struct conf_schema door_schema;

/* What the table cannot say: -EINVAL and a sentence. */
int door_check(const struct door_conf *conf, struct fault *why);

/* Where things are on this box; paths of other programs, which WASL_ROOT does not move. */
struct door_places {
	const char *parts; /* nginx.conf.in and conf/ */
	const char *module;
	const char *nginx;
};

/* The text, malloc'ed. */
int door_text(const struct door_conf *conf, const struct door_places *places, char **out,
	      struct fault *why);

/*
 * Writes /run/wasl-nginx/nginx.conf when nginx takes it; else the one before stays and *why says what nginx said.
 */
int door_write(const struct door_conf *conf, const struct door_places *places, struct fault *why);
