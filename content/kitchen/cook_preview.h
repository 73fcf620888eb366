// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/replan.h"

struct fault;
struct kitchen;
struct kitchen_dish;
struct kitchen_job;
struct library;
struct sd_event;
struct store_rendition;

/*
 * One preview under way: the key frames of a lesson's picture are put in a row, a few in each turn of the loop, and a child makes
 * small pictures of them. `made` and `done` as with any job of the kitchen; `done` is called once unless it is stopped.
 */
struct cook_preview {
	struct replan step;
	struct kitchen *kitchen;
	const struct library *library; /* NULL: nothing is under way */
	size_t lesson;
	struct store_rendition *from;
	uint64_t *offsets;
	uint32_t *lengths;
	uint32_t next; /* segment whose key frame comes next */
	int film;
	uint64_t film_bytes;
	struct kitchen_job *job;
	void (*made)(void *data, const struct kitchen_dish *dish);
	void (*done)(void *data, int code, const struct fault *why);
	void *data;
};

/* The callbacks are set by the caller, before or after. -ENOMEM. `p` must stay where it is. */
int cook_preview_init(struct cook_preview *p, struct sd_event *loop, struct kitchen *kitchen);
void cook_preview_done(struct cook_preview *p);
/* Of a lesson that lacks one (library_sight_lacks()). */
int cook_preview_begin(struct cook_preview *p, struct library *l, size_t lesson, struct fault *why);
void cook_preview_stop(struct cook_preview *p); /* also when nothing is under way */
