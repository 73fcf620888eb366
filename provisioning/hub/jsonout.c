// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/jsonout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"

/* Room for `more` bytes and the NUL; NULL once memory has run out. */
static char *reserve(struct jsonout *j, size_t more)
{
	if (j->bad)
		return NULL;
	if (j->len + more + 1 > j->room) {
		size_t room = (j->len + more + 1) * 2;
		char *grown = realloc(j->text, room);
		if (!grown) {
			j->bad = 1;
			return NULL;
		}
		j->text = grown;
		j->room = room;
	}
	return j->text + j->len;
}

static void put(struct jsonout *j, const char *bytes, size_t len)
{
	char *at = reserve(j, len);
	if (!at)
		return;
	memcpy(at, bytes, len);
	at[len] = '\0';
	j->len += len;
}

void jsonout_raw(struct jsonout *j, const char *text)
{
	put(j, text, strlen(text));
}

void jsonout_string(struct jsonout *j, const char *utf8)
{
	size_t len = strlen(utf8);
	char *at = reserve(j, 6 * len + 2);
	if (!at)
		return;
	char *from = at;
	*at++ = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)utf8[i];
		if (c == '"' || c == '\\') {
			*at++ = '\\';
			*at++ = (char)c;
		} else if (c < 0x20) {
			at += snprintf(at, 7, "\\u%04x", c);
		} else {
			*at++ = (char)c;
		}
	}
	*at++ = '"';
	*at = '\0';
	j->len += (size_t)(at - from);
}

void jsonout_int(struct jsonout *j, int64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)value);
	put(j, text, (size_t)n);
}

void jsonout_e6(struct jsonout *j, int32_t millionths)
{
	char text[24];
	int64_t whole = millionths < 0 ? -(int64_t)millionths : millionths;
	int n = snprintf(text, sizeof(text), "%s%d.%06d", millionths < 0 ? "-" : "",
			 (int)(whole / 1000000), (int)(whole % 1000000));
	while (n > 1 && text[n - 1] == '0' && text[n - 2] != '.')
		n--;
	put(j, text, (size_t)n);
}

void jsonout_time(struct jsonout *j, int64_t unix_s)
{
	char text[21];
	if (unix_s == 0) {
		jsonout_raw(j, "null");
		return;
	}
	clock_iso(unix_s, text);
	jsonout_string(j, text);
}

void jsonout_done(struct jsonout *j)
{
	free(j->text);
	*j = (struct jsonout){ 0 };
}
