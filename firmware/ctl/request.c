// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/request_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

struct wish { /* what stood behind `wasl request` */
	const char *lesson, *by, *withdrawn;
	bool list;
};

static void put_usage(FILE *to)
{
	fputs("usage: wasl request " REQUEST_ARGS "\n\n"
	      "  LESSON [--by DAY]    it should be here on that day (2026-11-25); else tomorrow\n"
	      "  --withdraw LESSON    it need not\n"
	      "  --list               what is asked for, and when it will be here\n",
	      to);
}

static int show(const struct wasl *w, json_t *answer,
		void (*view)(const json_t *answer, const struct view *v, FILE *to))
{
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	view(answer, &w->view, stdout);
	return WASL_GOOD;
}

static int list(const struct wasl *w)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json("contentd", "GET", "/v1/requests", ASK_TIMEOUT_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	return show(w, answer, request_view_list);
}

static int send(const struct wasl *w, const struct wish *wish)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	const char *lesson = wish->withdrawn ? wish->withdrawn : wish->lesson;
	CLEANUP(clean_json) json_t *body = json_pack("{s:s}", "lesson", lesson);
	if (wish->withdrawn)
		json_object_set_new(body, "needed_by", json_null());
	else if (wish->by)
		json_object_set_new(body, "needed_by", json_string(wish->by));
	AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	if (!text || (wish->by && !json_object_get(body, "needed_by"))) {
		fault_set(&why, -EINVAL, "request.text", "lesson and day must be UTF-8");
		return wasl_failed(&why);
	}
	if (ask_bytes("contentd", "/v1/request", text, strlen(text), ASK_TIMEOUT_MS, &answer,
		      &why) < 0)
		return wasl_failed(&why);
	return show(w, answer, request_view);
}

static int run(const struct wasl *w, const struct wish *wish, int more)
{
	if (wish->list)
		return more || wish->by || wish->withdrawn
			       ? wasl_misused("'request --list' takes nothing more")
			       : list(w);
	if (wish->withdrawn)
		return more || wish->by ? wasl_misused("a lesson is withdrawn whole: "
						       "'request --withdraw LESSON'")
					: send(w, wish);
	if (more > 1)
		return wasl_misused("'request' takes one lesson");
	if (more == 1)
		return send(w, wish);
	put_usage(stderr);
	return WASL_USAGE;
}

int wasl_request(const struct wasl *w, int argc, char **argv)
{
	struct wasl mine = *w;
	struct wish wish = { 0 };
	const struct commands_option options[] = { { "by", &wish.by, NULL },
						   { "withdraw", &wish.withdrawn, NULL },
						   { "list", NULL, &wish.list } };
	int status = commands_options(options, ARRAY_LEN(options), put_usage, &mine, &argc, &argv);
	if (status != COMMANDS_GO_ON)
		return status;
	wish.lesson = argc ? argv[0] : NULL;
	return run(&mine, &wish, argc);
}
