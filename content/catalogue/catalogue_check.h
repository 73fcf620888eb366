// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * Whether a decoded catalogue can be worked with: every name that becomes part of an address is a slug, every number
 * that becomes a size or a time lies in its range, every text is UTF-8. Pure. -EBADMSG and a sentence that names the
 * item otherwise. A catalogue is taken whole or not at all.
 */
int catalogue_check(const wasl_Catalogue *catalogue, struct fault *why);

/* A language tag as it may stand in a file name: "ar", "fr", "zh-Hant". */
bool catalogue_language_ok(const char *tag);

enum catalogue_kind { /* Item.kind */
		      CATALOGUE_VIDEO = 1,
		      CATALOGUE_AUDIO = 2,
		      CATALOGUE_DOCUMENT = 3,
		      CATALOGUE_PACKAGE = 4,
		      CATALOGUE_NOTICE = 5,
};

/* Whether the box makes renditions of it: video or audio with a mezzanine and a plan. */
bool catalogue_playable(const wasl_Item *item);
