// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/status_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

int wasl_status(const struct wasl *w, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	size_t answered = 0;
	CLEANUP(clean_json) json_t *all = ask_all(&answered);
	if (w->form == WASL_JSON)
		wasl_show_json(all);
	else
		status_view(all, &w->view, stdout);
	if (answered > 0)
		return WASL_GOOD;
	struct fault why;
	fault_set(&why, -ENOTCONN, "wasl.silent",
		  "none of the box's programs answers; is this the box, and may you ask? Become "
		  "root or a member of wasl-ctl, or look at: systemctl status 'wasl-*'");
	return wasl_failed(&why);
}
