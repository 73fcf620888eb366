// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "cache/store.h"

struct fault;
struct sd_event;

/*
 * Puts a file of this box into the store, a quarter of a megabyte in each turn of the loop: pupils do not wait for it. The object
 * stays until a person deletes it (cache/store_local.h), under an address that only says so: nothing below INTAKE_PATH is served.
 */
#define INTAKE_PATH "/p/own/"

struct intake;
struct intake_order {
	struct store *store;
	const char *path;                                           /* INTAKE_PATH… */
	const char *media_type;                                     /* static */
	int (*room)(void *data, uint64_t bytes, struct fault *why); /* as keeper_make_room() */
	/* Once, unless it is stopped: 0 and the object's id and size. */
	void (*done)(void *data, int code, const struct objmap_id *id, uint64_t size,
		     const struct fault *why);
	void *data;
};
/* `fd` is borrowed until it is done or stopped. */
int intake_start(struct sd_event *loop, const struct intake_order *order, int fd,
		 struct intake **out, struct fault *why);
void intake_stop(struct intake *i); /* NULL is fine; also after `done` */
/* Small bytes, at once. */
int intake_bytes(const struct intake_order *order, const void *bytes, size_t len,
		 struct objmap_id *id, struct fault *why);
/* Takes the address away, and the object with the last of its addresses. */
int intake_drop(struct store *store, const char *path, struct fault *why);
