// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "tests/cache/feeder.h"
#include "tests/unit/cache/sample.h"

static struct thing *by_key(struct feeder *f, const char *key)
{
	for (struct thing *t = f->things; t < f->things + MAX_THINGS; t++)
		if (!strcmp(t->key, key))
			return t;
	return NULL;
}

static struct thing *new_thing(struct feeder *f, const char *key)
{
	struct thing *t = by_key(f, key);
	if (!t)
		t = by_key(f, "");
	if (!t)
		feeder_die("too many things", NULL);
	snprintf(t->key, sizeof(t->key), "%s", key);
	return t;
}

static int add_object(struct feeder *f, char **word)
{
	struct thing *t = new_thing(f, word[1]);
	struct objmap *map = sample_map(strtoull(word[2], NULL, 10), strtoull(word[3], NULL, 10));
	struct fault why = { 0 };
	t->seed = strtoull(word[2], NULL, 10);
	if (!map || (!t->object && store_object_open(f->store, map, word[5], &t->object, &why)))
		feeder_die(word[1], &why);
	int rc = names_add_file(f->names, word[4], word[5], NAMES_CACHE_IMMUTABLE,
				objmap_get_id(map), objmap_size(map), *word[7] ? word[7] : NULL,
				word[6]);
	objmap_free(map);
	return rc;
}

static int add_rendition(struct feeder *f, char **word)
{
	struct thing *t = new_thing(f, word[1]);
	struct fault why = { 0 };
	t->count = (uint32_t)strtoul(word[2], NULL, 10);
	if (!t->rendition && store_rendition_open(f->store, "lesson", "g-1", word[1], t->count, 0,
						  &t->rendition, &why))
		feeder_die(word[1], &why);
	return names_add_rendition(f->names, word[3], store_rendition_number(t->rendition),
				   "lesson", word[1], word[4]);
}

/* "HEAD" and then the segments of a rendition that are there, each without its first 100 bytes. */
static int add_virtual(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[2]);
	struct names_extent extents[64];
	size_t count = 0;
	for (uint32_t i = 1; t && i <= t->count && count < 64; i++) {
		uint64_t offset;
		uint32_t len;
		if (!store_rendition_slot(t->rendition, i, &offset, &len))
			extents[count++] =
				(struct names_extent){ store_rendition_number(t->rendition),
						       offset + 100, len - 100 };
	}
	return names_add_virtual(f->names, word[1], "video/mp4", "lesson", "download", word[3],
				 "HEAD", 4, extents, count);
}

static int do_segment(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[1]);
	int rc = t ? feeder_put_segment(t, (uint32_t)strtoul(word[2], NULL, 10)) : -ENOENT;
	feeder_answer_ready(f);
	return rc;
}

static int do_chunk(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[1]);
	int rc = t ? feeder_put_chunk(t, strtoull(word[2], NULL, 10)) : -ENOENT;
	feeder_answer_ready(f);
	return rc;
}

static int do_fill(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[1]);
	int rc = t ? 0 : -ENOENT;
	for (uint64_t i = 0; !rc && i * CHUNK < store_object_size(t->object); i++)
		rc = feeder_put_chunk(t, i);
	feeder_answer_ready(f);
	return rc;
}

/* A segment that passes through memory, of so many bytes of any stream. */
static int pass_segment(struct feeder *f, const struct thing *t, char **word)
{
	static uint8_t bytes[8 * CHUNK];
	const struct pass_key key = { .rendition = store_rendition_number(t->rendition),
				      .number = strtoull(word[2], NULL, 10) };
	const struct pass_about about = { .size = strtoull(word[4], NULL, 10),
					  .duration_ms = SEGMENT_MS,
					  .segment_count = t->count };
	if (about.size > sizeof(bytes))
		return -EINVAL;
	sample_fill(strtoull(word[3], NULL, 10), 0, bytes, about.size);
	return pass_put(f->pass, &key, &about, bytes, clock_mono_ms());
}

/* A chunk that passes through memory, and is not in the file; nobody is told. */
static int do_pass(struct feeder *f, char **word)
{
	static uint8_t bytes[CHUNK];
	const struct thing *t = by_key(f, word[1]);
	if (t && t->rendition)
		return pass_segment(f, t, word);
	const uint64_t chunk = strtoull(word[2], NULL, 10);
	const uint64_t size = t ? store_object_size(t->object) : 0;
	if (chunk * CHUNK >= size)
		return -ENOENT;
	const struct pass_key key = { .id = *objmap_get_id(store_object_map(t->object)),
				      .number = chunk };
	const struct pass_about about = { .size = size - chunk * CHUNK < CHUNK
							  ? size - chunk * CHUNK
							  : CHUNK };
	sample_fill(t->seed, chunk * CHUNK, bytes, about.size);
	return pass_put(f->pass, &key, &about, bytes, clock_mono_ms());
}

/* A chunk that is there and nobody is told of: a READY that found no room. */
static int do_quiet(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[1]);
	return t ? feeder_put_chunk(t, strtoull(word[2], NULL, 10)) : -ENOENT;
}

static int do_fail(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[1]);
	return t ? store_rendition_fail(t->rendition, (uint32_t)strtoul(word[2], NULL, 10), NULL)
		 : -ENOENT;
}

static int do_drop(struct feeder *f, char **word)
{
	struct thing *t = by_key(f, word[1]);
	if (!t)
		return -ENOENT;
	const uint64_t number = store_rendition_number(t->rendition);
	store_rendition_close(t->rendition);
	*t = (struct thing){ 0 };
	return store_rendition_drop(f->store, number, NULL);
}

/* "+" stands for a space, "|" for the end of a line. */
static int do_text(struct feeder *f, char **word)
{
	for (char *c = word[2]; *c; c++)
		*c = *c == '+' ? ' ' : *c == '|' ? '\n' : *c;
	return names_add_bytes(f->names, word[1], "application/vnd.apple.mpegurl",
			       NAMES_CACHE_SHORT, word[2], strlen(word[2]));
}

static int do_redirect(struct feeder *f, char **word)
{
	return names_add_redirect(f->names, word[1], word[2]);
}

static int do_publish(struct feeder *f, char **word)
{
	struct fault why = { 0 };
	(void)word;
	if (names_write(f->names, f->index, &why))
		feeder_die("publish", &why);
	return 0;
}

static int do_mode(struct feeder *f, char **word)
{
	static const char *const modes[] = { "manual", "auto", "refuse", "lie" };
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(word[1], modes[i]))
			f->mode = i;
	f->delay_ms = strtoull(word[2], NULL, 10);
	return 0;
}

static int do_hangup(struct feeder *f, char **word)
{
	(void)word;
	for (int i = 0; i < MAX_WORKERS; i++)
		if (f->workers[i] >= 0)
			feeder_drop_worker(f, &f->workers[i]);
	return 0;
}

static int do_reset(struct feeder *f, char **word)
{
	(void)word;
	f->wants = f->cancels = f->spoilt = 0;
	return 0;
}

static int do_state(struct feeder *f, char **word)
{
	unsigned open = 0, workers = 0;
	(void)word;
	for (unsigned i = 0; i < MAX_WANTS; i++)
		open += f->pending[i].worker >= 0;
	for (unsigned i = 0; i < MAX_WORKERS; i++)
		workers += f->workers[i] >= 0;
	printf("wants %" PRIu64 " cancels %" PRIu64 " open %u workers %u spoilt %" PRIu64 "\n",
	       f->wants, f->cancels, open, workers, f->spoilt);
	return 1;
}

static int do_use(struct feeder *f, char **word)
{
	for (const struct use *u = f->uses; u < f->uses + MAX_THINGS; u++) {
		if (strcmp(u->rung, word[1]))
			continue;
		printf("starts %" PRIu64 " completions %" PRIu64 " devices %" PRIu64
		       " watched %" PRIu64 " sent %" PRIu64 "\n",
		       u->starts, u->completions, u->devices, u->watched_ms, u->sent_bytes);
		return 1;
	}
	printf("none\n");
	return 1;
}

static const struct {
	const char *name;
	int (*run)(struct feeder *f, char **word); /* 1: it has answered itself */
} commands[] = {
	{ "object", add_object },   { "rendition", add_rendition },
	{ "virtual", add_virtual }, { "segment", do_segment },
	{ "chunk", do_chunk },      { "quiet", do_quiet },
	{ "fail", do_fail },        { "drop", do_drop },
	{ "text", do_text },        { "redirect", do_redirect },
	{ "publish", do_publish },  { "mode", do_mode },
	{ "reset", do_reset },      { "state", do_state },
	{ "use", do_use },          { "hangup", do_hangup },
	{ "fill", do_fill },        { "pass", do_pass },
};

void feeder_command(struct feeder *f, char *line)
{
	static char none[] = "";
	char *word[10], *rest = line;
	size_t n = 0;
	for (char *w; n < 9 && (w = strsep(&rest, " \n"));)
		if (*w)
			word[n++] = w;
	while (n < 10)
		word[n++] = none;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word[0], commands[i].name))
			continue;
		int rc = commands[i].run(f, word);
		if (rc <= 0)
			printf("%s\n", rc ? strerror(-rc) : "ok");
		fflush(stdout);
		return;
	}
	printf("unknown command '%s'\n", word[0]);
	fflush(stdout);
}
