// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/live_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

struct call {
	const char *method, *target; /* of contentd's control socket */
	const char *keys[3];         /* what the words behind it are called there */
};
#define CALL(...) (&(const struct call){ __VA_ARGS__ })

static const struct commands_one all[] = {
	{ "status", "", "live classes, and what was kept of them", 0, 0,
	  CALL("GET", "/v1/live", { NULL }) },
	{ "start", "NAME [URL [TITLE]]", "pass a stream on as /live/NAME, until it is stopped", 1,
	  3, CALL("POST", "/v1/live/start", { "name", "url", "ar" }) },
	{ "stop", "NAME", "end a class now", 1, 1, CALL("POST", "/v1/live/stop", { "name" }) },
	{ "keep", "NAME", "keep a class from now on as a lesson", 1, 1,
	  CALL("POST", "/v1/live/keep", { "name" }) },
	{ "forget", "ID", "remove what was kept", 1, 1, CALL("POST", "/v1/live/forget", { "id" }) },
};
static const struct commands commands = { "live", 40, COMMANDS_TELL_FORM, all, ARRAY_LEN(all) };

static char *target_of(const struct call *c, int count, char **words)
{
	char *out = NULL;
	size_t len;
	FILE *to = open_memstream(&out, &len);
	if (!to)
		return NULL;
	fputs(c->target, to);
	for (int i = 0; i < count; i++) {
		fprintf(to, "%c%s=", i ? '&' : '?', c->keys[i]);
		text_put_percent(to, words[i]);
	}
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}

static int run(const struct wasl *w, const struct call *c, int count, char **words)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	AUTO_FREE char *target = target_of(c, count, words);
	if (!target)
		fault_set(&why, -ENOMEM, "memory", "out of memory");
	if (!target || ask_json("contentd", c->method, target, ASK_LONG_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	live_view(answer, &w->view, stdout);
	return WASL_GOOD;
}

int wasl_live(const struct wasl *w, int argc, char **argv)
{
	const struct commands_one *one = NULL;
	int status = commands_pick(&commands, argc, argv, &one);
	return status == COMMANDS_GO_ON ? run(w, one->what, argc - 1, argv + 1) : status;
}
