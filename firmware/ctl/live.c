// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/live_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

static const struct command {
	const char *name, *args, *summary;
	const char *method, *target; /* of contentd's control socket */
	const char *keys[3];         /* what the words behind it are called there */
	int least, most;             /* words */
} commands[] = {
	{ "status",
	  "",
	  "live classes, and what was kept of them",
	  "GET",
	  "/v1/live",
	  { NULL },
	  0,
	  0 },
	{ "start",
	  "NAME [URL [TITLE]]",
	  "pass a stream on as /live/NAME, until it is stopped",
	  "POST",
	  "/v1/live/start",
	  { "name", "url", "ar" },
	  1,
	  3 },
	{ "stop", "NAME", "end a class now", "POST", "/v1/live/stop", { "name" }, 1, 1 },
	{ "keep",
	  "NAME",
	  "keep a class from now on as a lesson",
	  "POST",
	  "/v1/live/keep",
	  { "name" },
	  1,
	  1 },
	{ "forget", "ID", "remove what was kept", "POST", "/v1/live/forget", { "id" }, 1, 1 },
};

static void put_usage(FILE *to)
{
	fputs("usage: wasl live COMMAND\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char call[64];
		snprintf(call, sizeof(call), "%s %s", commands[i].name, commands[i].args);
		fprintf(to, "  %-40s %s\n", call, commands[i].summary);
	}
}

/* Percent-encodes what is not unreserved (RFC 3986, section 2.3). */
static void put_encoded(FILE *to, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if ((*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') ||
		    strchr("-._~", *c))
			fputc(*c, to);
		else
			fprintf(to, "%%%02X", *c);
}

static char *target_of(const struct command *c, int count, char **words)
{
	char *out = NULL;
	size_t len;
	FILE *to = open_memstream(&out, &len);
	if (!to)
		return NULL;
	fputs(c->target, to);
	for (int i = 0; i < count; i++) {
		fprintf(to, "%c%s=", i ? '&' : '?', c->keys[i]);
		put_encoded(to, words[i]);
	}
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}

static int run(const struct wasl *w, const struct command *c, int count, char **words)
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
	if (argc == 0) {
		put_usage(stderr);
		return WASL_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *c = &commands[i];
		if (strcmp(c->name, argv[0]) != 0)
			continue;
		if (argc - 1 < c->least || argc - 1 > c->most)
			return wasl_misused("it is 'live %s %s'", c->name, c->args);
		return run(w, c, argc - 1, argv + 1);
	}
	return wasl_misused("'live' has no command '%s'", argv[0]);
}
