// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/language.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/clean.h"

static const char *const known[][2] = { { "ara", "ar" }, { "fre", "fr" }, { "fra", "fr" },
					{ "eng", "en" }, { "ar", "ar" },  { "fr", "fr" },
					{ "en", "en" } };

int language_of_tag(const char *tag, char out[static 12])
{
	const size_t len = strlen(tag);
	out[0] = '\0';
	if (len < 2 || len > 11 || !strcasecmp(tag, "und") || tag[0] == '-' || tag[len - 1] == '-')
		return 0;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)tag[i]) && tag[i] != '-')
			return 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcasecmp(tag, known[i][0]))
			tag = known[i][1];
	snprintf(out, 12, "%s", tag);
	return 1;
}

bool language_is_ours(const char *tag)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(tag, known[i][1]))
			return true;
	return false;
}
