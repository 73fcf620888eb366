// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/config_pick.h"

#include <stdbool.h>
#include <string.h>

#include "firmware/base/clean.h"

static bool seen_before(struct config_seen *seen, const char *head)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->heads[i], head) == 0)
			return true;
	if (seen->count < ARRAY_LEN(seen->heads))
		snprintf(seen->heads[seen->count++], sizeof(seen->heads[0]), "%s", head);
	return false;
}

/* "uplink.adsl" begins "uplink.adsl.quota": what follows, "" at the end, NULL when it does not begin it. */
static const char *after(const char *want, const char *head)
{
	size_t len = strlen(head);
	if (strncmp(want, head, len) != 0)
		return NULL;
	if (want[len] == '.')
		return want + len + 1;
	return want[len] == '\0' ? want + len : NULL;
}

struct place {
	bool shown;      /* lines of this section are written */
	const char *key; /* the one key asked for, "" for all */
};

/* `head` is "uplink.adsl", `bare` "uplink". */
static struct place enter(const char *head, const char *bare, const char *want,
			  struct config_seen *seen)
{
	const char *key = !want[0] || strcmp(want, bare) == 0 ? "" : after(want, head);
	return (struct place){ .shown = key && !seen_before(seen, head), .key = key };
}

size_t config_pick(const char *text, const char *want, struct config_seen *seen, FILE *to)
{
	struct place at = { 0 };
	size_t written = 0;
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[1200];
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		if (line[0] == '[') {
			char head[80], bare[80];
			snprintf(head, sizeof(head), "%.*s", (int)strcspn(line + 1, "]"), line + 1);
			snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(head, " "), head);
			char *blank = strchr(head, ' ');
			if (blank)
				*blank = '.';
			at = enter(head, bare, want, seen);
			if (at.shown && !at.key[0]) {
				fprintf(to, "%s\n", line);
				written++;
			}
			continue;
		}
		char *equals = strstr(line, " =");
		if (!at.shown || !equals)
			continue;
		if (!at.key[0]) {
			fprintf(to, "%s\n", line);
			continue;
		}
		*equals = '\0';
		if (strcmp(line, at.key) == 0) {
			fprintf(to, "%s\n", equals + 2 + (equals[2] == ' '));
			written++;
		}
	}
	return written;
}
