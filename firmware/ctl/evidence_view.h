// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "firmware/ctl/view.h"
#include "firmware/record/evidence_file.h"

/* What evidence_file_check() found in a file in which nothing is wrong. Pure. */
enum evidence_view_key {
	EVIDENCE_VIEW_KEY,
	EVIDENCE_VIEW_NO_KEY /* receipts could not be checked */
};

void evidence_view(const struct evidence_report *r, enum evidence_view_key key,
		   const struct view *v, FILE *to);
json_t *evidence_view_json(const struct evidence_report *r);
