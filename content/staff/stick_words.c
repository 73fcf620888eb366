// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/stick_words.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "content/shelf/language.h"
#include "content/staff/stick.h"
#include "firmware/base/clean.h"
#include "firmware/base/text.h"

#define MOST_SEEN 5000u

static int is_words(const char *ending)
{
	static const char *const endings[] = { ".srt", ".vtt", ".ass", ".ssa" };
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (strcasecmp(ending, endings[i]) == 0)
			return 1;
	return 0;
}

int stick_words_match(const char *film, const char *name, char language[static 12])
{
	const char *dot = strrchr(film, '.'), *ending = strrchr(name, '.');
	const size_t base = dot ? (size_t)(dot - film) : strlen(film);
	char tag[16];
	language[0] = '\0';
	/* Cameras and memory cards do not agree on capitals. */
	if (!base || !ending || !is_words(ending) || strncasecmp(film, name, base) != 0)
		return 0;
	const char *rest = name + base;
	if (rest == ending)
		return 1;
	const size_t len = rest < ending ? (size_t)(ending - rest) - 1 : sizeof(tag);
	if (!strchr("._-", *rest) || len >= sizeof(tag))
		return 0;
	memcpy(tag, rest + 1, len);
	tag[len] = '\0';
	/* "lesson-2.srt" is another lesson's. */
	return language_of_tag(tag, language) && (*rest == '.' || language_is_ours(language));
}

static int by_path(const void *a, const void *b)
{
	const struct stick_words *one = a, *two = b;
	const int said = !*two->language - !*one->language;
	return said ? said : strcmp(one->path, two->path);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

size_t stick_words_list(const char *folder, const char *film, struct stick_words *out, size_t room)
{
	struct stick_words one;
	size_t count = 0;
	const char *slash = strrchr(film, '/');
	const char *name = slash ? slash + 1 : film;
	AUTO_FD int file = -1;
	if (stick_open(folder, film, &file, NULL))
		return 0;
	/* The film was found there without a link on the way. */
	char at[256];
	if ((size_t)snprintf(at, sizeof(at), "%s/%.*s", folder, (int)(name - film), film) >=
	    sizeof(at))
		return 0;
	CLEANUP(close_dir) DIR *d = opendir(at);
	const struct dirent *e;
	for (size_t seen = 0; d && seen < MOST_SEEN && count < room && (e = readdir(d)); seen++)
		if (text_is_utf8(e->d_name, strlen(e->d_name)) &&
		    stick_words_match(name, e->d_name, one.language) &&
		    (size_t)snprintf(one.path, sizeof(one.path), "%.*s%s", (int)(name - film), film,
				     e->d_name) < sizeof(one.path))
			out[count++] = one;
	qsort(out, count, sizeof(*out), by_path);
	return count;
}
