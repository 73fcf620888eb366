// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/portal/site.h"

struct fault;

/*
 * Writes the portal's pages into a folder, for nginx: {ar,fr,en}/{index,status,help,welcome,404,503}.html, {ar,fr,en}/s/SUBJECT.html,
 * {ar,fr,en}/l/LESSON.html, {ar,fr,en}/live/{index,CLASS}.html, assets/. Only pages that have changed are written: first all of them aside, then one sync of
 * the file system, then renamed, so that a power cut leaves whole pages. Pages of lessons that are gone are removed.
 */
struct press_counts {
	size_t pages, written, removed;
};
int press_assets(const char *dir, struct fault *why);
/*
 * `made` has one number for each lesson: 0 at first and whenever another catalogue comes, then what site_lesson_print() said when
 * its pages were written. Lessons of which nothing has changed since are passed over.
 */
int press_site(const char *dir, const struct site *site, uint64_t *made, struct press_counts *out,
	       struct fault *why);
