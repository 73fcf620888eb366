// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/lists_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

int wasl_lessons(const struct wasl *w, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json("contentd", "GET", "/v1/lessons", ASK_TIMEOUT_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	lessons_view(answer, &w->view, stdout);
	return WASL_GOOD;
}

int wasl_receipts(const struct wasl *w, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *rows = NULL;
	if (ask_rows("agentd", "/v1/receipts", &rows, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(rows);
	receipts_view(rows, &w->view, stdout);
	return WASL_GOOD;
}

int wasl_sync(const struct wasl *w, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json("contentd", "POST", "/v1/sync", ASK_LONG_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	char version[24];
	snprintf(version, sizeof(version), "%" PRId64, view_int(answer, "version", 0));
	AUTO_FREE char *text = view_fill(&w->view, "status.catalogue", "version", version, NULL);
	printf("%s\n", text);
	return WASL_GOOD;
}

int wasl_report(const struct wasl *w, int argc, char **argv)
{
	(void)argc;
	if (strcmp(argv[0], "now") != 0)
		return wasl_misused("'report' knows 'now', not '%s'", argv[0]);
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json("agentd", "POST", "/v1/flush", ASK_LONG_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	char sealed[24], sent[24];
	snprintf(sealed, sizeof(sealed), "%" PRId64, view_int(answer, "sealed", 0));
	snprintf(sent, sizeof(sent), "%" PRId64, view_int(answer, "sent", 0));
	AUTO_FREE char *text =
		view_fill(&w->view, "wasl.flush", "sealed", sealed, "sent", sent, NULL);
	printf("%s\n", text);
	return WASL_GOOD;
}
