// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/staff_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

static const struct command {
	const char *name, *args, *summary;
	const char *target; /* of contentd's control socket; NULL: the list */
	const char *second; /* what the second word is called there */
	int least, most;    /* words */
} commands[] = {
	{ "list", "", "who may open the staff's pages", NULL, NULL, 0, 0 },
	{ "add", "NAME [teacher|head]", "add somebody; prints the PIN, once", "/v1/staff/add",
	  "role", 1, 2 },
	{ "reset-pin", "NAME [PIN]", "another PIN; whoever is logged in must show it",
	  "/v1/staff/reset-pin", "pin", 1, 2 },
	{ "remove", "NAME", "NAME may not any more; the lessons stay", "/v1/staff/remove", NULL, 1,
	  1 },
};

static void put_usage(FILE *to)
{
	fputs("usage: wasl staff COMMAND\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char call[64];
		snprintf(call, sizeof(call), "%s %s", commands[i].name, commands[i].args);
		fprintf(to, "  %-32s %s\n", call, commands[i].summary);
	}
}

/* Names and PINs go in the body: an address may be written down somewhere. */
static int ask(const struct command *c, char **words, json_t **answer, struct fault *why)
{
	if (!c->target)
		return ask_json("contentd", "GET", "/v1/staff", ASK_TIMEOUT_MS, answer, why);
	CLEANUP(clean_json) json_t *body = json_pack("{s:s}", "name", words[0]);
	if (body && c->second && words[1])
		json_object_set_new(body, c->second, json_string(words[1]));
	AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	if (!text)
		return fault_set(why, -EINVAL, "staff.name", "the name is not UTF-8");
	return ask_bytes("contentd", c->target, text, strlen(text), ASK_TIMEOUT_MS, answer, why);
}

static int run(const struct wasl *w, const struct command *c, int count, char **words)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	char *const none[] = { NULL, NULL };
	char *given[] = { count > 0 ? words[0] : none[0], count > 1 ? words[1] : none[1] };
	if (ask(c, given, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	staff_view(answer, &w->view, stdout);
	return WASL_GOOD;
}

int wasl_staff(const struct wasl *w, int argc, char **argv)
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
			return wasl_misused("it is 'staff %s %s'", c->name, c->args);
		return run(w, c, argc - 1, argv + 1);
	}
	return wasl_misused("'staff' has no command '%s'", argv[0]);
}
