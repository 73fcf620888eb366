// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/claim_view.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/qr.h"
#include "firmware/ctl/view.h"

/* "WASL:" and the 16 characters: capitals and digits make the smallest QR code. */
static int put_code(const char *claim, const struct view *v, FILE *to, struct fault *why)
{
	char text[64] = "WASL:";
	size_t at = strlen(text);
	for (const char *c = claim; *c && at + 1 < sizeof(text); c++)
		if (*c != '-')
			text[at++] = *c;
	text[at] = '\0';
	putc('\n', to);
	return qr_print(text, v, to, why);
}

int claim_view(const json_t *claim, const struct view *v, FILE *to, struct fault *why)
{
	static const struct {
		const char *state, *id;
		enum view_state shape;
	} rows[] = {
		{ "unclaimed", "wasl.unclaimed", VIEW_NEVER },
		{ "ordered", "wasl.ordered", VIEW_MODERATE },
		{ "enrolled", "wasl.enrolled", VIEW_GOOD },
		{ "refused", "wasl.refused", VIEW_NO },
	};
	char code[32], school[64], name[200], told[480];
	view_foreign(view_text(claim, "claim_code"), code, sizeof(code));
	view_foreign(view_text(claim, "school_code"), school, sizeof(school));
	view_foreign(view_text(claim, "school_name"), name, sizeof(name));
	view_foreign(view_text(claim, "text"), told, sizeof(told));
	view_title(v, code, to);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].state, view_text(claim, "state")) != 0)
			continue;
		AUTO_FREE char *text = view_fill(v, rows[i].id, "code", code, "school", school,
						 "name", name, NULL);
		view_row(v, rows[i].shape, text, to);
	}
	/* the daemon's own sentence says what is in the way */
	if (view_int(claim, "retry_s", 0) > 0 || strcmp(view_text(claim, "state"), "refused") == 0)
		fprintf(to, "    %s\n", told);
	if (json_is_true(json_object_get(claim, "provisional"))) {
		AUTO_FREE char *text = view_fill(v, "wasl.provisional", "code", code, NULL);
		view_row(v, VIEW_MODERATE, text, to);
	}
	return code[0] ? put_code(code, v, to, why) : 0;
}
