// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/staff_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

struct call {
	const char *target; /* of contentd's control socket; NULL: the list */
	const char *second; /* what the second word is called there */
};
#define CALL(...) (&(const struct call){ __VA_ARGS__ })

static const struct commands_one all[] = {
	{ "list", "", "who may open the staff's pages", 0, 0, CALL(NULL, NULL) },
	{ "add", "NAME [teacher|head]", "add somebody; prints the PIN, once", 1, 2,
	  CALL("/v1/staff/add", "role") },
	{ "reset-pin", "NAME [PIN]", "another PIN; whoever is logged in must show it", 1, 2,
	  CALL("/v1/staff/reset-pin", "pin") },
	{ "remove", "NAME", "NAME may not any more; the lessons stay", 1, 1,
	  CALL("/v1/staff/remove", NULL) },
};
static const struct commands commands = { "staff", 32, COMMANDS_TELL_FORM, all, ARRAY_LEN(all) };

/* Names and PINs go in the body: an address may be written down somewhere. */
static int ask(const struct call *c, char **words, json_t **answer, struct fault *why)
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

static int run(const struct wasl *w, const struct call *c, int count, char **words)
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
	const struct commands_one *one = NULL;
	int status = commands_pick(&commands, argc, argv, &one);
	return status == COMMANDS_GO_ON ? run(w, one->what, argc - 1, argv + 1) : status;
}
