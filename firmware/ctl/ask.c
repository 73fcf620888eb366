// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"

#define ROWS_PER_PAGE 500
#define PAGES_MAX 2000 /* a list that never ends is not ours */

CLEAN_FN(json, json_t, json_decref)

static struct path socket_of(const char *program)
{
	return paths_at("/run/wasl/%s.sock", program);
}

int ask_json(const char *program, const char *method, const char *target, int timeout_ms,
	     json_t **out, struct fault *why)
{
	return ctl_call(socket_of(program).at, method, target, NULL, timeout_ms, out, why);
}

int ask_bytes(const char *program, const char *target, const void *bytes, size_t len,
	      int timeout_ms, json_t **out, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t text_len = 0;
	int r = ctl_call_bytes(socket_of(program).at, "POST", target, "application/octet-stream",
			       bytes, len, timeout_ms, &text, &text_len, why);
	if (r < 0)
		return r;
	json_t *answer = json_loadb(text, text_len, 0, NULL);
	if (!answer)
		return fault_set(why, -EBADMSG, "ctl.answer", "wasl-%s answered with no JSON",
				 program);
	*out = answer;
	return 0;
}

int ask_rows(const char *program, const char *target, json_t **out, struct fault *why)
{
	CLEANUP(clean_json) json_t *all = json_array();
	json_int_t after = 0;
	for (int page = 0; page < PAGES_MAX; page++) {
		char asked[128];
		snprintf(asked, sizeof(asked), "%s?after=%" JSON_INTEGER_FORMAT "&limit=%d", target,
			 after, ROWS_PER_PAGE);
		CLEANUP(clean_json) json_t *answer = NULL;
		int r = ask_json(program, "GET", asked, ASK_TIMEOUT_MS, &answer, why);
		if (r < 0)
			return r;
		json_t *rows = json_object_get(answer, "rows");
		json_int_t next = json_integer_value(json_object_get(answer, "next"));
		if (json_array_size(rows) == 0 || next <= after)
			break;
		if (!all || json_array_extend(all, rows) < 0)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		after = next;
	}
	*out = MOVE_PTR(all);
	return 0;
}

static const struct question {
	const char *program, *target;
} questions[] = {
	{ "agentd", "/v1/status" },   { "netmgrd", "/v1/status" },  { "netmgrd", "/v1/uplinks" },
	{ "contentd", "/v1/status" }, { "contentd", "/v1/health" }, { "provisiond", "/v1/status" },
};

/* Puts what one daemon said into its place; a later answer adds to an earlier one. */
static void ask_one(const struct question *q, json_t *all)
{
	json_t *place = json_object_get(all, q->program);
	if (json_object_get(place, "error"))
		return;
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json(q->program, "GET", q->target, ASK_TIMEOUT_MS, &answer, &why) < 0)
		answer = json_pack("{s:s, s:s}", "error", why.id, "text", why.text);
	if (!place) {
		place = json_object();
		json_object_set_new(all, q->program, place);
	}
	json_object_update(place, answer);
}

json_t *ask_all(size_t *answered)
{
	json_t *all = json_object();
	size_t good = 0;
	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		ask_one(&questions[i], all);
	const char *program;
	json_t *said;
	json_object_foreach (all, program, said) {
		good += json_object_get(said, "error") == NULL;
	}
	if (answered)
		*answered = good;
	return all;
}
