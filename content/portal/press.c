// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/press.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/portal/files.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

#define PAGE_LIMIT_BYTES (8u << 20)
#define MOST_SUBJECTS 256u

struct press {
	const char *dir;
	char **changed; /* written as NAME.new, not yet in place */
	size_t count, room;
	struct press_counts counts;
	struct fault *why;
};

static void press_done(struct press *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->changed[i]);
	free(p->changed);
}

static int write_fault(struct press *p, const char *path, int code)
{
	return fault_set(p->why, code, code == -ENOSPC ? "disk.full" : "portal.write",
			 "'%s': %s; the pages stay as they were%s", path, strerror(-code),
			 code == -ENOSPC ? "; free some space" : "");
}

static bool is_same(const char *path, const void *bytes, size_t len)
{
	AUTO_FREE void *old = NULL;
	size_t old_len = 0;
	return fileio_read(path, PAGE_LIMIT_BYTES, &old, &old_len, NULL) == 0 && old_len == len &&
	       memcmp(old, bytes, len) == 0;
}

static int note_changed(struct press *p, const char *path)
{
	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		char **more = reallocarray(p->changed, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->changed = more;
		p->room = room;
	}
	p->changed[p->count] = strdup(path);
	return p->changed[p->count] ? (p->count++, 0) : -ENOMEM;
}

static int put_file(struct press *p, const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX], aside[PATH_MAX];
	int a = snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	int b = snprintf(aside, sizeof(aside), "%s/%s.new", p->dir, name);
	if (a < 0 || b < 0 || (size_t)b >= sizeof(aside))
		return write_fault(p, name, -ENAMETOOLONG);
	p->counts.pages++;
	if (is_same(path, bytes, len))
		return 0;
	AUTO_FD int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fileio_write_all(fd, bytes, len);
	if (r) {
		unlink(aside);
		return write_fault(p, path, r);
	}
	p->counts.written++;
	return note_changed(p, path) ? write_fault(p, path, -ENOMEM) : 0;
}

/* One sync for all of them, then each takes its place. */
static int put_in_place(struct press *p)
{
	if (p->count == 0)
		return 0;
	AUTO_FD int fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return write_fault(p, p->dir, -errno);
	for (size_t i = 0; i < p->count; i++) {
		char aside[PATH_MAX];
		if ((size_t)snprintf(aside, sizeof(aside), "%s.new", p->changed[i]) >=
			    sizeof(aside) ||
		    rename(aside, p->changed[i]) < 0)
			return write_fault(p, p->changed[i], -errno);
	}
	return 0;
}

static int make_folders(struct press *p, const char *first, const char *const *rest, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char path[PATH_MAX];
		if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", p->dir, first, rest[i]) >=
		    sizeof(path))
			return write_fault(p, p->dir, -ENAMETOOLONG);
		int r = paths_mkdir(path, 0755, p->why);
		if (r)
			return r;
	}
	return 0;
}

int press_assets(const char *dir, struct fault *why)
{
	static const char *const folders[] = { "" };
	CLEANUP(press_done) struct press p = { .dir = dir, .why = why };
	int r = make_folders(&p, "assets", folders, 1);
	for (size_t i = 0; r == 0 && i < files_table_count; i++) {
		const struct files_row *f = &files_table[i];
		char name[96];
		if (strstr(f->name, ".html"))
			continue; /* a template */
		snprintf(name, sizeof(name), "assets/%s", f->name);
		r = put_file(&p, name, f->from, (size_t)(f->to - f->from));
	}
	return r ? r : put_in_place(&p);
}

typedef int (*page_fn)(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		       struct fault *why);

static int missing_page(const struct site *s, enum strings_lang lang, char **out, size_t *len,
			struct fault *why)
{
	return site_error(s, lang, SITE_MISSING, out, len, why);
}

static int busy_page(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		     struct fault *why)
{
	return site_error(s, lang, SITE_BUSY, out, len, why);
}

static int put_single_pages(struct press *p, const struct site *s, enum strings_lang lang)
{
	static const struct {
		const char *name;
		page_fn make;
	} pages[] = {
		{ "index", site_home }, { "live/index", site_classes }, { "status", site_status },
		{ "help", site_help },  { "welcome", site_welcome },    { "404", missing_page },
		{ "503", busy_page },
	};
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		char name[64];
		snprintf(name, sizeof(name), "%s/%s.html", strings_lang_code(lang), pages[i].name);
		int r = pages[i].make(s, lang, &text, &len, p->why);
		if (r == 0)
			r = put_file(p, name, text, len);
		if (r)
			return r;
	}
	return 0;
}

static int put_subject(struct press *p, const struct site *s, enum strings_lang lang,
		       const char *subject)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	char name[96];
	snprintf(name, sizeof(name), "%s/s/%s.html", strings_lang_code(lang), subject);
	int r = site_subject(s, lang, subject, &text, &len, p->why);
	return r ? r : put_file(p, name, text, len);
}

static int put_lesson(struct press *p, const struct site *s, enum strings_lang lang, size_t lesson)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	char name[96];
	snprintf(name, sizeof(name), "%s/l/%s.html", strings_lang_code(lang),
		 s->lessons[lesson].item->id);
	int r = site_lesson(s, lang, lesson, &text, &len, p->why);
	return r ? r : put_file(p, name, text, len);
}

static int put_class(struct press *p, const struct site *s, enum strings_lang lang, size_t live)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	char name[96];
	snprintf(name, sizeof(name), "%s/live/%s.html", strings_lang_code(lang),
		 s->live[live].name);
	int r = site_class(s, lang, live, &text, &len, p->why);
	return r ? r : put_file(p, name, text, len);
}

static int put_kept(struct press *p, const struct site *s, enum strings_lang lang, size_t kept)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	char name[128];
	snprintf(name, sizeof(name), "%s/live/%s.html", strings_lang_code(lang), s->kept[kept].id);
	int r = site_kept(s, lang, kept, &text, &len, p->why);
	return r ? r : put_file(p, name, text, len);
}

static bool has_class(const struct site *s, const char *id)
{
	for (size_t i = 0; i < s->live_count; i++)
		if (strcmp(s->live[i].name, id) == 0)
			return true;
	for (size_t i = 0; i < s->kept_count; i++)
		if (strcmp(s->kept[i].id, id) == 0)
			return true;
	return strcmp(id, "index") == 0;
}

static bool has_lesson(const struct site *s, const char *id)
{
	for (size_t i = 0; i < s->lesson_count; i++)
		if (strcmp(s->lessons[i].item->id, id) == 0)
			return true;
	return false;
}

static bool has_subject(const struct site *s, const char *id)
{
	const char *subjects[MOST_SUBJECTS];
	size_t count = site_subjects(s, subjects, ARRAY_LEN(subjects));
	for (size_t i = 0; i < count; i++)
		if (strcmp(subjects[i], id) == 0)
			return true;
	return false;
}

/* What the site no longer has, and what an interrupted run left aside. */
static void sweep(struct press *p, const struct site *s, enum strings_lang lang, const char *folder,
		  bool (*has)(const struct site *s, const char *id))
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", p->dir, strings_lang_code(lang),
			     folder) >= sizeof(path))
		return;
	DIR *d = opendir(path);
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		char id[256];
		snprintf(id, sizeof(id), "%s", e->d_name);
		char *end = strstr(id, ".html");
		if (id[0] == '.' || (end && strcmp(end, ".html") == 0 && (*end = '\0', has(s, id))))
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0)
			p->counts.removed++;
	}
	closedir(d);
}

static int put_language(struct press *p, const struct site *s, const uint64_t *made,
			enum strings_lang lang)
{
	static const char *const folders[] = { "", "/s", "/l", "/live" };
	const char *subjects[MOST_SUBJECTS];
	size_t count = site_subjects(s, subjects, ARRAY_LEN(subjects));
	int r = make_folders(p, strings_lang_code(lang), folders, ARRAY_LEN(folders));
	if (r == 0)
		r = put_single_pages(p, s, lang);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = put_subject(p, s, lang, subjects[i]);
	for (size_t i = 0; r == 0 && i < s->live_count; i++)
		r = put_class(p, s, lang, i);
	for (size_t i = 0; r == 0 && i < s->kept_count; i++)
		r = put_kept(p, s, lang, i);
	for (size_t i = 0; r == 0 && i < s->lesson_count; i++)
		if (made[i] != site_lesson_print(s, i))
			r = put_lesson(p, s, lang, i);
	return r;
}

int press_site(const char *dir, const struct site *site, uint64_t *made, struct press_counts *out,
	       struct fault *why)
{
	CLEANUP(press_done) struct press p = { .dir = dir, .why = why };
	int r = 0;
	for (int lang = 0; r == 0 && lang < STRINGS_LANG_COUNT; lang++)
		r = put_language(&p, site, made, (enum strings_lang)lang);
	if (r == 0)
		r = put_in_place(&p);
	for (size_t i = 0; r == 0 && i < site->lesson_count; i++)
		made[i] = site_lesson_print(site, i);
	for (int lang = 0; r == 0 && lang < STRINGS_LANG_COUNT; lang++) {
		sweep(&p, site, (enum strings_lang)lang, "l", has_lesson);
		sweep(&p, site, (enum strings_lang)lang, "s", has_subject);
		sweep(&p, site, (enum strings_lang)lang, "live", has_class);
	}
	if (r == 0)
		*out = p.counts;
	return r;
}
