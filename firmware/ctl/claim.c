// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/claim_view.h"
#include "firmware/ctl/wasl.h"

#define ORDER_LIMIT_BYTES (64u << 10)

CLEAN_FN(json, json_t, json_decref)

static int show(const struct wasl *w)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *claim = NULL;
	int r = ask_json("provisiond", "GET", "/v1/claim", ASK_TIMEOUT_MS, &claim, &why);
	if (r == 0 && w->form == WASL_JSON)
		return wasl_show_json(claim);
	if (r == 0)
		r = claim_view(claim, &w->view, stdout, &why);
	return r < 0 ? wasl_failed(&why) : WASL_GOOD;
}

static int give_order(const struct wasl *w, const char *path)
{
	struct fault why = { 0 };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	const char *file = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
	if (fileio_read(file, ORDER_LIMIT_BYTES, &bytes, &len, &why) < 0)
		return wasl_failed(&why);
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_bytes("provisiond", "/v1/order", bytes, len, ASK_LONG_MS, &answer, &why) < 0) {
		fault_within(&why, "'%s'", path);
		return wasl_failed(&why);
	}
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	char school[64], name[200];
	view_foreign(view_text(answer, "school_code"), school, sizeof(school));
	view_foreign(view_text(answer, "school_name"), name, sizeof(name));
	AUTO_FREE char *text =
		view_fill(&w->view, "wasl.enrolled", "school", school, "name", name, NULL);
	view_shape(&w->view, VIEW_GOOD, stdout);
	printf(" %s\n", text);
	return WASL_GOOD;
}

int wasl_claim(const struct wasl *w, int argc, char **argv)
{
	return argc ? give_order(w, argv[0]) : show(w);
}
