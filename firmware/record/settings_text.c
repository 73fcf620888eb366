// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/settings.h"

/* A setting and how late its set comes. */
struct line {
	const wasl_Setting *of;
	size_t set;
};

/* Section first, so that each stands once; of one key the later set's comes first. */
static int by_key(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	const size_t nx = (size_t)(strrchr(x->of->key, '.') - x->of->key),
		     ny = (size_t)(strrchr(y->of->key, '.') - y->of->key);
	int r = memcmp(x->of->key, y->of->key, nx < ny ? nx : ny);
	if (r == 0)
		r = nx < ny ? -1 : nx > ny;
	if (r == 0)
		r = strcmp(x->of->key + nx, y->of->key + ny);
	return r ? r : x->set > y->set ? -1 : x->set < y->set;
}

uint32_t settings_newest(const wasl_Settings *const *sets, size_t count)
{
	uint32_t newest = 0;
	for (size_t i = 0; i < count; i++)
		if (sets[i]->version > newest)
			newest = sets[i]->version;
	return newest;
}

static void put_lines(const struct line *lines, size_t count, FILE *to)
{
	const char *section = "";
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		const char *key = lines[i].of->key, *dot = strrchr(key, '.');
		const size_t n = (size_t)(dot - key);
		if (i && strcmp(key, lines[i - 1].of->key) == 0)
			continue;
		if (n != len || memcmp(section, key, n) != 0) {
			const char *slash = memchr(key, '/', n);
			const int head = (int)(slash ? slash - key : dot - key);
			fprintf(to, "[%.*s%s%.*s]\n", head, key, slash ? " " : "",
				slash ? (int)(dot - slash - 1) : 0, slash ? slash + 1 : "");
			section = key;
			len = n;
		}
		fprintf(to, "%s = %s\n", dot + 1, lines[i].of->value);
	}
}

int settings_text(const wasl_Settings *const *sets, size_t count, char **out, size_t *len,
		  struct fault *why)
{
	size_t all = 0, at = 0;
	for (size_t i = 0; i < count; i++)
		all += sets[i]->settings_count;
	AUTO_FREE struct line *lines = calloc(all + 1, sizeof(*lines));
	FILE *to = lines ? open_memstream(out, len) : NULL;
	if (!to)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sets[i]->settings_count; k++)
			lines[at++] = (struct line){ &sets[i]->settings[k], i };
	qsort(lines, all, sizeof(*lines), by_key);
	fprintf(to,
		"# What the ministry has set for this box: written by wasl-agentd from signed "
		"records. What you write here is lost.\n"
		"[settings]\nversion = %u\n",
		settings_newest(sets, count));
	put_lines(lines, all, to);
	if (fclose(to) == 0)
		return 0;
	free(*out);
	*out = NULL;
	return fault_set(why, -ENOMEM, "memory", "out of memory");
}
