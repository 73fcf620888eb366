// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/trust.h"

struct fault;

/*
 * The lessons that the catalogue in force names, for pages that show use: from the origin tree of the hub's own folder.
 */
struct lesson_name {
	char id[64], subject[64];
	uint32_t grade;
	uint64_t duration_ms, size_bytes;
	char *ar, *fr, *en; /* titles, "" where there is none */
};

struct lessons;
/* An origin without a catalogue gives an empty list of version 0. */
int lessons_open(const char *dir, const struct trust *trust, struct lessons **out,
		 struct fault *why);
void lessons_close(struct lessons *l); /* NULL is fine */
uint32_t lessons_version(const struct lessons *l);
size_t lessons_count(const struct lessons *l);
const struct lesson_name *lessons_at(const struct lessons *l, size_t index);
const struct lesson_name *lessons_find(const struct lessons *l, const char *id); /* or NULL */
