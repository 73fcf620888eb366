// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store.h"
#include "cache/store_local.h"
#include "content/live/live_keep_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"

#define ROWS_BYTES (4u << 20)
#define KEPT_FILE "kept.json"

CLEAN_FN(json, json_t, json_decref)

json_t *live_kept_json(const struct live_keep_row *r)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "id", r->id, "name", r->name, "ar",
			 r->ar, "fr", r->fr, "en", r->en, "at", (json_int_t)r->day_s, "ms",
			 (json_int_t)r->ms, "bytes", (json_int_t)r->bytes);
}

json_t *live_keep_json(const struct live_keep *k)
{
	json_t *list = json_array();
	for (size_t i = 0; i < k->count; i++)
		json_array_append_new(list, live_kept_json(&k->rows[i]));
	return list;
}

static void copy(char *to, size_t room, const json_t *from, const char *key)
{
	const char *text = json_string_value(json_object_get(from, key));
	snprintf(to, room, "%s", text && strlen(text) < room ? text : "");
}

bool live_kept_take(struct live_keep_row *r, const json_t *from)
{
	*r = (struct live_keep_row){ 0 };
	copy(r->id, sizeof(r->id), from, "id");
	copy(r->name, sizeof(r->name), from, "name");
	copy(r->ar, sizeof(r->ar), from, "ar");
	copy(r->fr, sizeof(r->fr), from, "fr");
	copy(r->en, sizeof(r->en), from, "en");
	r->day_s = json_integer_value(json_object_get(from, "at"));
	r->ms = (uint64_t)json_integer_value(json_object_get(from, "ms"));
	r->bytes = (uint64_t)json_integer_value(json_object_get(from, "bytes"));
	return text_is_slug(r->id);
}

int live_kept_read(struct live_keep *k)
{
	char path[PATH_MAX];
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	k->rows = calloc(LIVE_KEPT_MOST, sizeof(*k->rows));
	if (!k->rows ||
	    (size_t)snprintf(path, sizeof(path), "%s/" KEPT_FILE, k->path) >= sizeof(path))
		return -ENOMEM;
	if (fileio_read(path, ROWS_BYTES, &text, &len, NULL))
		return 0;
	CLEANUP(clean_json) json_t *list = json_loadb(text, len, 0, NULL);
	for (size_t i = 0; i < json_array_size(list) && k->count < LIVE_KEPT_MOST; i++)
		k->count += live_kept_take(&k->rows[k->count], json_array_get(list, i));
	return 0;
}

int live_kept_write(struct live_keep *k, struct fault *why)
{
	char path[PATH_MAX];
	CLEANUP(clean_json) json_t *list = live_keep_json(k);
	AUTO_FREE char *text = json_dumps(list, JSON_INDENT(1));
	if (!text || (size_t)snprintf(path, sizeof(path), "%s/" KEPT_FILE, k->path) >= sizeof(path))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return fileio_replace(path, text, strlen(text), 0600, why);
}

size_t live_keep_count(const struct live_keep *k)
{
	return k->count;
}

const struct live_keep_row *live_keep_at(const struct live_keep *k, size_t i)
{
	return &k->rows[i];
}

/* --- forgetting ------------------------------------------------------------------------------------------------- */

struct gather {
	const char *prefix;
	struct store_local *files;
	size_t count;
};

static int gather_one(void *data, const struct store_local *file)
{
	struct gather *g = data;
	if (strncmp(file->path, g->prefix, strlen(g->prefix)) != 0)
		return 0;
	struct store_local *more = reallocarray(g->files, g->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	g->files = more;
	g->files[g->count++] = *file;
	return 0;
}

static int is_same(void *data, const struct store_local *file)
{
	return memcmp(&file->id, data, sizeof(file->id)) == 0;
}

/* Two recordings may have the same short playlist: the bytes go with the last address. */
static void drop_bytes(struct live_keep *k, const struct objmap_id *id)
{
	struct objmap_id wanted = *id;
	if (store_local_each(k->store, is_same, &wanted, NULL) == 0)
		(void)store_object_drop(k->store, id, NULL);
}

int live_keep_forget(struct live_keep *k, const char *id, struct fault *why)
{
	size_t at = 0;
	char prefix[LIVE_KEEP_ID_BYTES + 16];
	while (at < k->count && strcmp(k->rows[at].id, id) != 0)
		at++;
	if (at == k->count)
		return fault_set(why, -ENOENT, "live.missing",
				 "no recording '%.80s'; 'wasl live status' lists those that there "
				 "are",
				 id);
	const struct live_keep_row gone = k->rows[at];
	memmove(&k->rows[at], &k->rows[at + 1], (--k->count - at) * sizeof(gone));
	int r = live_kept_write(k, why);
	if (r)
		return r;
	snprintf(prefix, sizeof(prefix), "/p/live/%s/", gone.id);
	struct gather g = { .prefix = prefix };
	r = store_local_each(k->store, gather_one, &g, why);
	for (size_t i = 0; r == 0 && i < g.count; i++)
		r = store_local_drop(k->store, g.files[i].path, why);
	if (r == 0)
		r = k->calls.named(k->calls.data, why);
	for (size_t i = 0; r == 0 && i < g.count; i++)
		drop_bytes(k, &g.files[i].id);
	free(g.files);
	k->calls.changed(k->calls.data);
	return r;
}
