// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/stage/house.h"
#include "firmware/stage/qr.h"
#include "firmware/stage/term.h"

void house_facts(struct term *t, const struct vars *vars)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE void *token = NULL;
	size_t len = 0;
	struct fault why;

	if (asprintf(&path, "%s/viewer.token", vars_get(vars, "ROOT")) < 0 ||
	    fileio_read(path, 256, &token, &len, &why))
		token = NULL;
	char *text = token;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	term_note(t, "%s", "");
	term_fact(t, "The classroom", "%s", vars_get(vars, "PORTAL_URL"));
	term_fact(t, "The ministry", "%s#token=%s", vars_get(vars, "HUB_URL"), text ? text : "");
	term_fact(t, "Viewer token", "%s", path ? path : "");
	term_fact(t, "State and logs", "%s", vars_get(vars, "ROOT"));
	if (geteuid() == 0)
		term_fact(t, "Note", "as root, nginx's workers run as root too (user root)");
	if (*vars_get(vars, "LAN")) {
		term_note(t, "%s", "");
		qr_print(stdout, vars_get(vars, "PORTAL_URL"), NULL);
	}
	term_note(t, "%s", "");
	term_note(t, "Ctrl-C stops everything; the next run goes on from here.");
}
