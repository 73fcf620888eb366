// SPDX-License-Identifier: GPL-2.0-or-later
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/conf_value.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/store_add.h"
#include "firmware/ctl/store_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

static void clean_curl(char **held)
{
	curl_free(*held);
}

struct order { /* what stood behind `wasl store COMMAND` */
	const char *path, *type, *what, *bytes;
	bool all;
};

static int status(const struct wasl *w, const struct order *o)
{
	(void)o;
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json("contentd", "GET", "/v1/store/status", ASK_TIMEOUT_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	store_view_status(answer, &w->view, stdout);
	return WASL_GOOD;
}

static int add(const struct wasl *w, const struct order *o)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (!o->path)
		return wasl_misused("'store add' needs --path /p/NAME");
	if (store_add(o->what, o->path, o->type, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	char size[48], path[600];
	view_size(&w->view, (uint64_t)view_int(answer, "size", 0), size, sizeof(size));
	view_foreign(view_text(answer, "path"), path, sizeof(path));
	AUTO_FREE char *text =
		view_fill(&w->view, "wasl.store.added", "path", path, "size", size, NULL);
	printf("%s\n", text);
	return WASL_GOOD;
}

#define NAME_BYTES 512 /* as long as an address may be */

/* POST or GET /v1/store/CALL?KEY=VALUE */
static int ask_store(const char *method, const char *call, const char *key, const char *value,
		     json_t **out, struct fault *why)
{
	char target[3 * NAME_BYTES + 64];
	CLEANUP(clean_curl) char *escaped = curl_easy_escape(NULL, value, 0);
	if (!escaped)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (strlen(value) > NAME_BYTES)
		return fault_set(why, -EINVAL, "store.name",
				 "a name of %zu bytes; at most %d bytes name a thing",
				 strlen(value), NAME_BYTES);
	snprintf(target, sizeof(target), "/v1/store/%s?%s=%s", call, key, escaped);
	return ask_json("contentd", method, target, ASK_LONG_MS, out, why);
}

static int show(const struct wasl *w, const char *method, const char *call, const char *key,
		const char *value,
		void (*view)(const json_t *answer, const struct view *v, FILE *to))
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_store(method, call, key, value, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	view(answer, &w->view, stdout);
	return WASL_GOOD;
}

static int tell_why(const struct wasl *w, const struct order *o)
{
	return show(w, "GET", "why", "name", o->what, store_view_why);
}

static int pin(const struct wasl *w, const struct order *o)
{
	return show(w, "POST", "pin", "name", o->what, store_view_pin);
}

static int unpin(const struct wasl *w, const struct order *o)
{
	return show(w, "POST", "unpin", "name", o->what, store_view_pin);
}

/* A size as configurations have it: 500M. */
static int read_size(const char *text, uint64_t *out, struct fault *why)
{
	struct {
		uint64_t bytes;
	} to = { 0 };
	static const struct conf_key key = CONF_BYTES(
		struct { uint64_t bytes; }, bytes, "bytes", "", 1, INT64_MAX, "");
	int r = conf_value_set(&key, text, &to, why);
	if (r == 0)
		*out = to.bytes;
	return r;
}

static int evict(const struct wasl *w, const struct order *o)
{
	uint64_t bytes = 0;
	char number[24];
	struct fault why = { 0 };
	if (!o->what == !o->bytes)
		return wasl_misused("'store evict' takes a name, or --bytes N");
	if (o->what)
		return show(w, "POST", "evict", "name", o->what, store_view_evicted);
	if (read_size(o->bytes, &bytes, &why))
		return wasl_misused("%s", why.text);
	snprintf(number, sizeof(number), "%" PRIu64, bytes);
	return show(w, "POST", "evict", "bytes", number, store_view_evicted);
}

#define LOOK_EVERY_S 1

/* What is damaged and comes back from nowhere is a failure; all else is sound, mended or on its way. */
static int show_verified(const struct wasl *w, const json_t *found)
{
	const bool lost = view_int(found, "lost", 0) > 0;
	if (w->form == WASL_JSON)
		(void)wasl_show_json(found);
	else
		store_view_verified(found, &w->view, stdout);
	return lost ? WASL_FAILED : WASL_GOOD;
}

/* Goes on without us; we only look until it is through. */
static int verify_all(const struct wasl *w)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	json_t *disk;
	if (ask_store("POST", "verify", "all", "1", &answer, &why) < 0)
		return wasl_failed(&why);
	const int64_t passes = view_int(json_object_get(answer, "disk"), "passes", 0);
	for (;;) {
		disk = json_object_get(answer, "disk");
		if (!json_is_true(json_object_get(disk, "running")))
			break;
		sleep(LOOK_EVERY_S);
		json_decref(MOVE_PTR(answer));
		if (ask_json("contentd", "GET", "/v1/store/status", ASK_TIMEOUT_MS, &answer, &why) <
		    0)
			return wasl_failed(&why);
	}
	if (view_int(disk, "passes", 0) == passes) {
		fault_set(&why, -EINTR, "store.stopped",
			  "wasl-contentd was started anew before everything was read; ask again");
		return wasl_failed(&why);
	}
	return show_verified(w, json_object_get(disk, "found"));
}

static int verify(const struct wasl *w, const struct order *o)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (o->what && o->all)
		return wasl_misused("'store verify' takes a name, or --all");
	if (!o->what)
		return verify_all(w);
	if (ask_store("POST", "verify", "name", o->what, &answer, &why) < 0)
		return wasl_failed(&why);
	return show_verified(w, answer);
}

struct call {
	int (*run)(const struct wasl *w, const struct order *o);
};
#define CALL(f) (&(const struct call){ f })

static const struct commands_one all[] = {
	{ "status", "", "how much room there is, and what fills it", 0, 0, CALL(status) },
	{ "add", "FILE --path /p/NAME [--type TYPE]", "put a file behind an address", 1, 1,
	  CALL(add) },
	{ "why", "NAME", "why a thing is here, would go, or went", 1, 1, CALL(tell_why) },
	{ "pin", "NAME", "keep a lesson or file, whatever room is needed", 1, 1, CALL(pin) },
	{ "unpin", "NAME", "undo that", 1, 1, CALL(unpin) },
	{ "verify", "[NAME | --all]", "read it from the disk, all of it", 0, 1, CALL(verify) },
	{ "evict", "NAME | --bytes N", "send a thing away, or the next to go", 0, 1, CALL(evict) },
};
static const struct commands commands = { "store", 40, COMMANDS_TELL_WORD, all, ARRAY_LEN(all) };

static void put_usage(FILE *to)
{
	commands_usage(&commands, to);
}

int wasl_store(const struct wasl *w, int argc, char **argv)
{
	struct wasl mine = *w;
	struct order order = { 0 };
	const struct commands_one *one = NULL;
	const struct commands_option options[] = { { "path", &order.path, NULL },
						   { "type", &order.type, NULL },
						   { "bytes", &order.bytes, NULL },
						   { "all", NULL, &order.all } };
	int result = commands_options(options, ARRAY_LEN(options), put_usage, &mine, &argc, &argv);
	if (result == COMMANDS_GO_ON)
		result = commands_pick(&commands, argc, argv, &one);
	if (result != COMMANDS_GO_ON)
		return result;
	order.what = argc > 1 ? argv[1] : NULL;
	const struct call *call = one->what;
	return call->run(&mine, &order);
}
