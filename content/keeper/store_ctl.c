// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper/store_ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cache/store_local.h"
#include "content/contentd.h"
#include "content/shelf/media_type.h"
#include "content/fetch/planning.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

CLEAN_FN(object, struct store_object, store_object_close)
CLEAN_FN(map, struct objmap, objmap_free)
CLEAN_FN(json, json_t, json_decref)

static void refuse(struct ctl_request *req, const struct fault *why)
{
	ctl_reply_fault(req, ctl_status_of(why->code), why);
}

static int asked_id(const struct ctl_request *req, struct objmap_id *out, struct fault *why)
{
	const char *hex = ctl_arg(req, "id");
	if (!hex || objmap_id_parse(hex, out))
		return fault_set(why, -EINVAL, "store.id",
				 "'%.80s' is no object's id; it has 64 digits 0-9 a-f",
				 hex ? hex : "");
	return 0;
}

/* Where teachers' films and recorded classes lie, which come and go by commands of their own. */
static int outside_own(const char *path, struct fault *why)
{
	static const char *const own[] = { "/p/own/", "/p/live/" };
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (!strncmp(path, own[i], strlen(own[i])))
			return fault_set(why, -EINVAL, "store.path",
					 "'%.200s': %s is for what the box keeps itself; choose "
					 "another address",
					 path, own[i]);
	return 0;
}

/* Address, kind and id of a file that is to be added. */
static int asked_file(const struct ctl_request *req, struct store_local *out, struct fault *why)
{
	const char *path = ctl_arg(req, "path"), *type = ctl_arg(req, "type");
	*out = (struct store_local){ .added_s = clock_wall_s() };
	int r = store_local_check(path ? path : "", why);
	if (r == 0)
		r = outside_own(path, why);
	if (r == 0)
		r = asked_id(req, &out->id, why);
	if (r)
		return r;
	if (!type || !*type)
		type = media_type_of(path);
	if (!media_type_is(type) || strlen(type) >= sizeof(out->media_type))
		return fault_set(why, -EINVAL, "store.type",
				 "'%.80s' is no media type; write it as text/html", type);
	snprintf(out->media_type, sizeof(out->media_type), "%s", type);
	snprintf(out->path, sizeof(out->path), "%s", path);
	return 0;
}

/* {id, size, missing: first chunk that is not here, or null}; what is still to be searched is brought rather than waited for. */
static json_t *how_far(const struct store_object *o)
{
	const uint64_t here = store_object_run(o, 0);
	const bool lacks = here < objmap_chunk_count(store_object_size(o));
	char id[65];
	objmap_id_hex(objmap_get_id(store_object_map(o)), id);
	return json_pack("{s:s, s:I, s:o}", "id", id, "size", (json_int_t)store_object_size(o),
			 "missing", lacks ? json_integer((json_int_t)here) : json_null());
}

/* A person's file makes room for itself like a pupil's wish. */
static int open_with_room(struct contentd *c, const struct objmap *map,
			  const struct store_local *file, struct store_object **out,
			  struct fault *why)
{
	int r = store_object_open(c->store, map, file->media_type, out, why);
	if (r == -ENOSPC &&
	    !(r = keeper_make_room(c->keeper, objmap_size(map), EVICT_FOR_PERSON, file->path, why)))
		r = store_object_open(c->store, map, file->media_type, out, why);
	return r;
}

void store_ctl_open(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	CLEANUP(clean_object) struct store_object *o = NULL;
	CLEANUP(clean_map) struct objmap *map = NULL;
	struct store_local file;
	struct fault why = { 0 };
	size_t len;
	const void *bytes = ctl_body(req, &len);
	int r = asked_file(req, &file, &why);
	if (r == 0)
		r = objmap_verify(&file.id, bytes, len, &map, &why);
	if (r == 0)
		r = open_with_room(c, map, &file, &o, &why);
	if (r)
		refuse(req, &why);
	else
		ctl_reply_json(req, 200, how_far(o));
}

static int put_chunks(struct store_object *o, uint64_t chunk, const uint8_t *bytes, size_t len,
		      struct fault *why)
{
	const uint64_t count = objmap_chunk_count(store_object_size(o));
	int r = 0;
	while (r == 0 && len > 0) {
		size_t take = len < OBJMAP_CHUNK_BYTES ? len : OBJMAP_CHUNK_BYTES;
		if (chunk >= count)
			return fault_set(why, -EINVAL, "store.chunk",
					 "chunk %" PRIu64 " of an object of %" PRIu64 " chunks",
					 chunk, count);
		r = store_object_put(o, chunk++, bytes, take, why);
		bytes += take;
		len -= take;
	}
	return r;
}

void store_ctl_put(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	CLEANUP(clean_object) struct store_object *o = NULL;
	struct objmap_id id;
	struct fault why = { 0 };
	size_t len;
	const void *bytes = ctl_body(req, &len);
	int64_t chunk = ctl_arg_int(req, "chunk", -1);
	int r = asked_id(req, &id, &why);
	if (r == 0 && chunk < 0)
		r = fault_set(&why, -EINVAL, "store.chunk", "which chunk? chunk=0 is the first");
	if (r == 0)
		r = store_object_find(c->store, &id, &o, &why);
	if (r == 0)
		r = put_chunks(o, (uint64_t)chunk, bytes, len, &why);
	if (r)
		refuse(req, &why);
	else
		ctl_reply_json(req, 200, how_far(o));
}

/* Durable first: an address of a file survives a power cut only together with the file. */
static int give_name(struct contentd *c, const struct store_local *file, struct fault *why)
{
	CLEANUP(clean_object) struct store_object *o = NULL;
	int r = store_object_find(c->store, &file->id, &o, why);
	if (r == 0 && !store_object_complete(o))
		r = fault_set(why, -EAGAIN, "store.part",
			      "not all of the file is here yet; add it again");
	if (r == 0)
		r = store_sync(c->store, why);
	if (r == 0)
		r = store_local_put(c->store, file, why);
	return r ? r : publish_names(c, why);
}

static json_t *file_json(const struct store_local *file)
{
	char id[65];
	objmap_id_hex(&file->id, id);
	return json_pack("{s:s, s:s, s:I, s:s, s:I}", "path", file->path, "id", id, "size",
			 (json_int_t)file->size, "type", file->media_type, "added_s",
			 (json_int_t)file->added_s);
}

void store_ctl_name(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct store_local file;
	struct fault why = { 0 };
	int r = asked_file(req, &file, &why);
	if (r == 0)
		r = give_name(c, &file, &why);
	if (r == 0)
		r = store_local_find(c->store, file.path, &file, &why);
	if (r) {
		refuse(req, &why);
		return;
	}
	log_info("event=store.added path=%s bytes=%" PRIu64, file.path, file.size);
	ctl_reply_json(req, 200, file_json(&file));
}

static int list_file(void *data, const struct store_local *file)
{
	return json_array_append_new(data, file_json(file)) ? -ENOMEM : 0;
}

void store_ctl_files(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { .code = -ENOMEM, .id = "memory", .text = "out of memory" };
	CLEANUP(clean_json) json_t *list = json_array();
	if (!list || store_local_each(c->store, list_file, list, &why))
		refuse(req, &why);
	else
		ctl_reply_json(req, 200, json_pack("{s:O}", "files", list));
}

/* --- what stays and what goes ------------------------------------------------------------------------ */

typedef json_t *named_call(struct keeper *k, const char *name, struct fault *why);

static void reply(struct ctl_request *req, json_t *out, const struct fault *why)
{
	if (out)
		ctl_reply_json(req, 200, out);
	else
		refuse(req, why);
}

static void ask_keeper(struct ctl_request *req, named_call *call, struct contentd *c)
{
	const char *name = ctl_arg(req, "name");
	struct fault why = { 0 };
	json_t *out = NULL;
	if (name && *name)
		out = call(c->keeper, name, &why);
	else
		fault_set(&why, -EINVAL, "store.name", "of what? name=LESSON, for example");
	reply(req, out, &why);
}

/* When the lesson of that name will be here, beside why its parts are or are not. */
static void add_promise(struct contentd *c, const char *name, json_t *out)
{
	CLEANUP(publish_outlook_done) struct publish_outlook outlook = { 0 };
	const size_t lesson = c->library ? library_find_lesson(c->library, name) : LIBRARY_NONE;
	if (lesson == LIBRARY_NONE || publish_outlook(c, &outlook))
		return;
	json_object_set_new(out, "promise",
			    promise_json(&outlook.lessons[lesson].promise, outlook.sum.today));
}

void store_ctl_why(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	const char *name = ctl_arg(req, "name");
	struct fault why = { 0 };
	json_t *out = NULL;
	if (name && *name)
		out = keeper_why(c->keeper, name, &why);
	else
		fault_set(&why, -EINVAL, "store.name", "of what? name=LESSON, for example");
	if (out)
		add_promise(c, name, out);
	reply(req, out, &why);
}

void store_ctl_pin(struct ctl_request *req, void *data)
{
	const struct contentd *c = data;
	ask_keeper(req, keeper_pin, data);
	planning_changed(c->planning);
}

void store_ctl_unpin(struct ctl_request *req, void *data)
{
	const struct contentd *c = data;
	ask_keeper(req, keeper_unpin, data);
	planning_changed(c->planning);
}

void store_ctl_evict(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	const char *asked = ctl_arg(req, "bytes");
	const int64_t bytes = ctl_arg_int(req, "bytes", 0);
	struct fault why = { 0 };
	json_t *out = NULL;
	if (!asked) {
		ask_keeper(req, keeper_evict, c);
		return;
	}
	if (bytes > 0)
		out = keeper_evict_bytes(c->keeper, (uint64_t)bytes, &why);
	else
		fault_set(&why, -EINVAL, "store.bytes", "'%.40s' is no number of bytes above 0",
			  asked);
	reply(req, out, &why);
}

/* --- verify waits until it was read ---------------------------------------------------------------------- */

static void verified(void *data, json_t *answer, const struct fault *why)
{
	reply(data, answer, why);
}

static void verify_gone(void *data)
{
	const struct contentd *c = data;
	keeper_verify_leave(c->keeper);
}

void store_ctl_verify(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	const char *name = ctl_arg(req, "name");
	struct fault why = { 0 };
	if (!name && ctl_arg(req, "all")) {
		keeper_verify_all(c->keeper);
		ctl_reply_json(req, 202, json_pack("{s:o}", "disk", keeper_disk(c->keeper)));
		return;
	}
	int r = name && *name
			? keeper_verify(c->keeper, name, verified, req, &why)
			: fault_set(&why, -EINVAL, "store.name", "of what? name=LESSON, or all=1");
	if (r)
		refuse(req, &why);
	else
		ctl_on_gone(req, verify_gone, c);
}

void store_ctl_status(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct store_totals t = { 0 };
	struct fault why = { 0 };
	if (store_totals(c->store, &t, &why)) {
		refuse(req, &why);
		return;
	}
	json_t *out = keeper_status(c->keeper);
	CLEANUP(clean_json)
	json_t *totals = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "objects",
				   (json_int_t)t.objects, "complete", (json_int_t)t.complete,
				   "renditions", (json_int_t)t.renditions, "segments",
				   (json_int_t)t.segments, "bytes", (json_int_t)t.bytes, "files",
				   (json_int_t)t.files, "disk_free_bytes", (json_int_t)t.free_bytes,
				   "max_bytes", (json_int_t)c->conf->store.max_bytes,
				   "keep_free_bytes", (json_int_t)c->conf->store.keep_free_bytes);
	json_object_update(out, totals);
	reply(req, out,
	      &(struct fault){ .code = -ENOMEM, .id = "memory", .text = "out of memory" });
}
