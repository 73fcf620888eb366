// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/*
 * Captions that lie beside a film on a stick, as people's programs name them: the film's name with another ending, and a language
 * before it. Of "lesson.mp4": "lesson.srt", "lesson.ar.srt", "Lesson.fra.VTT", "lesson_en.ass".
 */
#define STICK_WORDS_MOST 8u

struct stick_words {
	char path[256];    /* below the stick's folder: stick_open() */
	char language[12]; /* "" where the name does not say */
};
/* Sorted by path, those without a language first. */
size_t stick_words_list(const char *folder, const char *film, struct stick_words *out, size_t room);

/* Whether `name` is one of the film `film` (both without folders), and in which language. Pure. */
int stick_words_match(const char *film, const char *name, char language[static 12]);
