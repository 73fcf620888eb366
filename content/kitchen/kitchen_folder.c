// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/kitchen/kitchen_plan.h"
#include "content/transcoder/frag.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define INIT_MAX 65536u
#define LOST_MAX (1u << 20)

int folder_open(struct folder *f, const char *root, struct fault *why)
{
	*f = (struct folder){ .root = root, .lock = -1 };
	int rc = paths_mkdir(root, 0755, why);
	if (rc)
		return rc;
	AUTO_FD int lock = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return fault_set(why, -errno, "kitchen.folder", "'%s' cannot be opened (%s)", root,
				 strerror(errno));
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return fault_set(
			why, -EBUSY, "kitchen.busy",
			"another kitchen works in '%s'; wait for it or name another folder", root);
	f->lock = MOVE_FD(lock);
	return 0;
}

void folder_close(struct folder *f)
{
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		free(f->init[r]);
		free(f->lengths[r]);
	}
	free(f->lost_ms);
	if (f->lock >= 0)
		close(f->lock);
	*f = (struct folder){ .lock = -1 };
}

int folder_read(const struct folder *f, const char *name, size_t limit, void **out, size_t *len,
		struct fault *why)
{
	const struct path p = paths_given("%s/%s", f->root, name);
	return fileio_read(p.at, limit, out, len, why);
}

int folder_write(const struct folder *f, const char *name, const void *bytes, size_t len,
		 struct fault *why)
{
	const struct path p = paths_given("%s/%s", f->root, name);
	return fileio_replace(p.at, bytes, len, 0644, why);
}

struct path folder_dish(const struct folder *f, enum kitchen_rung rung, uint32_t segment)
{
	const char *name = kitchen_rung_name(rung);
	if (!segment)
		return paths_given("%s/%s/%s/init.mp4", f->root, f->generation, name);
	return paths_given("%s/%s/%s/%u.m4s", f->root, f->generation, name, segment);
}

/* --- what is there ---------------------------------------------------------------------------------- */

/* The segment's length, 0 unless it is the one that the plan means. */
static uint32_t sound_length(const struct folder *f, enum kitchen_rung rung, uint32_t segment,
			     struct pack_sample *samples)
{
	const struct path p = folder_dish(f, rung, segment);
	AUTO_FREE void *bytes = NULL;
	size_t len;
	struct frag got;
	uint64_t from, to;
	kitchen_plan_span(f->plan, rung, segment, &from, &to);
	if (fileio_read(p.at, JOB_DISH_MAX, &bytes, &len, NULL) ||
	    frag_segment(bytes, len, &got, samples, FRAG_SAMPLES_MAX, NULL) ||
	    got.number != pack_sequence(rung == RUNG_AUDIO ? PACK_SOUND : PACK_PICTURE, segment) ||
	    got.begin != from || got.duration != to - from)
		return 0;
	return (uint32_t)len;
}

static int find_rung(struct folder *f, enum kitchen_rung rung, struct pack_sample *samples)
{
	const struct path p = folder_dish(f, rung, 0);
	struct frag_init init;
	f->lengths[rung] = calloc(f->plan->segments_count, sizeof(**f->lengths));
	if (!f->lengths[rung])
		return -ENOMEM;
	if (fileio_read(p.at, INIT_MAX, &f->init[rung], &f->init_len[rung], NULL))
		return 0; /* without its beginning no segment is of use */
	if (frag_init(f->init[rung], f->init_len[rung], &init)) {
		free(f->init[rung]);
		f->init[rung] = NULL;
		return 0;
	}
	for (uint32_t s = 1; s <= f->plan->segments_count; s++)
		f->lengths[rung][s - 1] = sound_length(f, rung, s, samples);
	return 0;
}

static struct path lost_path(const struct folder *f)
{
	return paths_given("%s/%s/lost.txt", f->root, f->generation);
}

/* Segment and milliseconds, a line each; of segments that are not there it says nothing any more. */
static int find_lost(struct folder *f)
{
	AUTO_FREE void *bytes = NULL;
	size_t len;
	const struct path p = lost_path(f);
	f->lost_ms = calloc(f->plan->segments_count, sizeof(*f->lost_ms));
	if (!f->lost_ms)
		return -ENOMEM;
	if (fileio_read(p.at, LOST_MAX, &bytes, &len, NULL))
		return 0;
	for (char *line = bytes; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char *rest;
		unsigned long s = strtoul(line, &rest, 10), ms = strtoul(rest, NULL, 10);
		if (s >= 1 && s <= f->plan->segments_count && folder_has(f, (uint32_t)s))
			f->lost_ms[s - 1] = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
	}
	return 0;
}

int folder_lose(struct folder *f, uint32_t segment, uint32_t ms, struct fault *why)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	if (!to)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	f->lost_ms[segment - 1] = ms;
	for (uint32_t s = 1; s <= f->plan->segments_count; s++)
		if (f->lost_ms[s - 1])
			fprintf(to, "%u %u\n", s, f->lost_ms[s - 1]);
	if (fclose(to))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const struct path p = lost_path(f);
	return fileio_replace(p.at, text, len, 0644, why);
}

int folder_begin(struct folder *f, const wasl_Plan *plan, uint32_t mask, const char *generation,
		 struct fault *why)
{
	AUTO_FREE struct pack_sample *samples = calloc(FRAG_SAMPLES_MAX, sizeof(*samples));
	if (!samples)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	f->plan = plan;
	f->mask = mask;
	snprintf(f->generation, sizeof(f->generation), "%s", generation);
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		if (!(mask & 1u << r))
			continue;
		const struct path p =
			paths_given("%s/%s/%s", f->root, generation, kitchen_rung_name(r));
		int rc = paths_mkdir(p.at, 0755, why);
		if (rc)
			return rc;
		if (find_rung(f, r, samples))
			return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	return find_lost(f) ? fault_set(why, -ENOMEM, "memory", "out of memory") : 0;
}

int folder_has(const struct folder *f, uint32_t segment)
{
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++)
		if (f->mask & 1u << r && !f->lengths[r][segment - 1])
			return 0;
	return 1;
}

/* A cut between two rungs of a segment leaves the first: it is made again with the other, and stays the file that it was. */
static bool is_there(const struct folder *f, const struct kitchen_dish *dish, const char *path)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	return dish->segment && f->lengths[dish->rung][dish->segment - 1] == dish->len &&
	       !fileio_read(path, dish->len, &bytes, &len, NULL) && len == dish->len &&
	       !memcmp(bytes, dish->bytes, len);
}

int folder_put(struct folder *f, const struct kitchen_dish *dish, struct fault *why)
{
	enum kitchen_rung r = dish->rung;
	if (!dish->segment && f->init[r])
		return 0; /* the kitchen has compared them */
	const struct path p = folder_dish(f, r, dish->segment);
	if (is_there(f, dish, p.at))
		return 0;
	int rc = fileio_replace(p.at, dish->bytes, dish->len, 0644, why);
	if (rc)
		return rc;
	if (dish->segment) {
		f->lengths[r][dish->segment - 1] = (uint32_t)dish->len;
		return 0;
	}
	f->init[r] = malloc(dish->len);
	if (!f->init[r])
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	memcpy(f->init[r], dish->bytes, dish->len);
	f->init_len[r] = dish->len;
	return 0;
}
