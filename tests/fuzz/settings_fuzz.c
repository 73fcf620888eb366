// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A program of the house that has none of the sections: each must be one of the house's, and each line a setting. */
static const struct conf_schema passer_by = { "wasl-fuzzer", NULL, 0 };

static size_t lines_of(const char *text, char first)
{
	size_t n = 0;
	for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		n += first ? *at == first : *at != '[' && *at != '#';
	return n;
}

/*
 * A set of settings that somebody signed: what passes the checks is one line each in a text that every program of the house can
 * read, and no value brings a line or a section of its own.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	AUTO_FREE wasl_Settings *set = malloc(sizeof(*set));
	AUTO_FREE char *text = NULL;
	size_t text_len = 0;
	char out[1];
	struct fault passed;
	if (!set || len > 65536)
		return 0;
	memset(set, 0xbe, sizeof(*set));
	if (codec_decode(wasl_Settings_fields, bytes, len, set, NULL) ||
	    settings_check_all(set, NULL))
		return 0;
	const wasl_Settings *const sets[] = { set, set };
	if (settings_text(sets, 2, &text, &text_len, NULL) || strlen(text) != text_len ||
	    lines_of(text, 0) != set->settings_count + 1u ||
	    lines_of(text, '[') > set->settings_count + 1u || lines_of(text, '#') != 1 ||
	    conf_parse_settled(&passer_by, "settings.conf", text, text_len, out, &passed, NULL))
		abort();
	return 0;
}
