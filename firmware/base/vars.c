// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/vars.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const char NAME_LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

void vars_done(struct vars *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i].name);
		free(v->items[i].value);
	}
	v->count = 0;
}

static size_t find(const struct vars *v, const char *name, size_t len)
{
	size_t i = 0;
	while (i < v->count &&
	       (strlen(v->items[i].name) != len || memcmp(v->items[i].name, name, len) != 0))
		i++;
	return i;
}

int vars_set(struct vars *v, const char *name, const char *value, struct fault *why)
{
	AUTO_FREE char *kept_name = strdup(name);
	AUTO_FREE char *kept_value = strdup(value);
	if (!kept_name || !kept_value)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	size_t i = find(v, name, strlen(name));
	if (i < v->count) {
		free(v->items[i].value);
		v->items[i].value = MOVE_PTR(kept_value);
		return 0;
	}
	if (v->count == VARS_MAX)
		return fault_set(why, -E2BIG, "vars", "no room for the value '%s'", name);
	v->items[v->count].name = MOVE_PTR(kept_name);
	v->items[v->count++].value = MOVE_PTR(kept_value);
	return 0;
}

int vars_set_int(struct vars *v, const char *name, long value, struct fault *why)
{
	char text[24];
	snprintf(text, sizeof(text), "%ld", value);
	return vars_set(v, name, text, why);
}

const char *vars_get(const struct vars *v, const char *name)
{
	size_t i = find(v, name, strlen(name));
	return i < v->count ? v->items[i].value : "";
}

/* Length of NAME when `at` begins "@NAME@", else 0. */
static size_t word_at(const char *at)
{
	if (*at != '@')
		return 0;
	size_t len = strspn(at + 1, NAME_LETTERS);
	return len > 0 && at[1 + len] == '@' ? len : 0;
}

int vars_expand(const struct vars *v, const char *text, char **out, struct fault *why)
{
	AUTO_FREE char *made = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&made, &size);
	if (!to)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = 0;
	for (const char *at = text; *at && rc == 0;) {
		size_t len = word_at(at);
		if (!len) {
			fputc(*at++, to);
			continue;
		}
		size_t i = find(v, at + 1, len);
		if (i < v->count)
			fputs(v->items[i].value, to);
		else
			rc = fault_set(why, -ENOENT, "vars", "'@%.*s@' has no value", (int)len,
				       at + 1);
		at += len + 2;
	}
	if (fclose(to) != 0 && rc == 0)
		rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (rc == 0)
		*out = MOVE_PTR(made);
	return rc;
}
