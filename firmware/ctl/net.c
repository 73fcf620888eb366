// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/net_view.h"
#include "firmware/ctl/wasl.h"
#include "firmware/ctl/wifi_view.h"

enum { LOOK_S = 1, COLUMN = 40 /* of the summaries in the usage */ };

CLEAN_FN(json, json_t, json_decref)

static int ask_lines(json_t **out, struct fault *why)
{
	return ask_json("netmgrd", "GET", "/v1/uplinks", ASK_TIMEOUT_MS, out, why);
}

static int ask_wifi(json_t **out, struct fault *why)
{
	return ask_json("netmgrd", "GET", "/v1/wifi", ASK_TIMEOUT_MS, out, why);
}

static int show(const struct wasl *w, int (*ask)(json_t **out, struct fault *why),
		void (*view)(const json_t *answer, const struct view *v, FILE *to))
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask(&answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	view(answer, &w->view, stdout);
	return WASL_GOOD;
}

static int status(const struct wasl *w)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	json_t *wifi = NULL;
	if (ask_lines(&answer, &why) < 0)
		return wasl_failed(&why);
	if (ask_wifi(&wifi, &why) == 0)
		json_object_set_new(answer, "wifi", wifi);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	net_view_status(answer, &w->view, stdout);
	return WASL_GOOD;
}

static int wifi(const struct wasl *w)
{
	return show(w, ask_wifi, wifi_view_all);
}

static int explain(const struct wasl *w)
{
	return show(w, ask_lines, net_view_explain);
}

static char *paragraph(const struct wasl *w, const json_t *answer)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	if (!to)
		return NULL;
	net_view_explain(answer, &w->view, to);
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

/* The paragraph, once more each time it says something else; until somebody ends it, or nobody reads it any more. */
static int watch(const struct wasl *w)
{
	AUTO_FREE char *last = NULL;
	if (w->form == WASL_JSON)
		return wasl_misused("'net watch' has no answer in JSON");
	for (;; sleep(LOOK_S)) {
		struct fault why = { 0 };
		CLEANUP(clean_json) json_t *answer = NULL;
		if (ask_lines(&answer, &why) < 0)
			return wasl_failed(&why);
		AUTO_FREE char *now = paragraph(w, answer);
		if (!now || (last && strcmp(now, last) == 0))
			continue;
		char at[20];
		view_time(&w->view, clock_wall_s(), at);
		printf("%s  %s", at, now);
		if (fflush(stdout) != 0)
			return WASL_FAILED;
		free(last);
		last = MOVE_PTR(now);
	}
}

static const struct net_command {
	const char *name, *args, *summary;
	int (*run)(const struct wasl *w);
} commands[] = {
	{ "status", "", "each line: state, round trip, speed, plan", status },
	{ "explain", "", "why traffic goes where it goes, in one paragraph", explain },
	{ "watch", "", "the same, again whenever it changes", watch },
	{ "wifi", "", "each wireless network: who is on it, how well it goes; counts only", wifi },
	/* have a function of their own */
	{ "test", "[--uplink NAME] [--full]", "how fast a line is now", NULL },
	{ "evidence", "--from DAY ... | --verify FILE", "what each minute was, for others to check",
	  NULL },
	{ "checks", "[--csv] [--from DAY] [--to DAY]", "was there Internet, every five minutes",
	  NULL },
	{ "open", "[N]", "in an emergency, for N minutes: classrooms reach the Internet", NULL },
	{ "close", "[N]", "in an emergency, for N minutes: only the box's own pages", NULL },
	{ "normal", "", "ends the emergency", NULL },
};

static void usage(FILE *to)
{
	fputs("usage: wasl net COMMAND\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		commands_row(COLUMN, commands[i].name, commands[i].args, commands[i].summary, to);
}

int wasl_net(const struct wasl *w, int argc, char **argv)
{
	struct wasl mine = *w;
	if (argc && strcmp(argv[0], "evidence") == 0)
		return wasl_evidence(w, argc - 1, argv + 1);
	if (argc && strcmp(argv[0], "test") == 0)
		return wasl_net_test(w, argc - 1, argv + 1);
	if (argc && strcmp(argv[0], "checks") == 0)
		return wasl_checks(w, argc - 1, argv + 1);
	int r = commands_options(NULL, 0, usage, &mine, &argc, &argv);
	if (r != COMMANDS_GO_ON)
		return r;
	if (argc == 0) {
		usage(stderr);
		return WASL_USAGE;
	}
	r = wasl_net_order(&mine, argc, argv);
	if (r != WASL_NO_ORDER)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (!commands[i].run || strcmp(commands[i].name, argv[0]) != 0)
			continue;
		return argc == 1 ? commands[i].run(&mine)
				 : wasl_misused("'%s' is too much for 'net'", argv[1]);
	}
	return wasl_misused("'net' has no command '%s'", argv[0]);
}
