// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/stick.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

struct list {
	struct stick_file *out;
	size_t room, count, seen;
};

#define MOST_SEEN 5000u /* names looked at: a stick full of photos ends somewhere */

static bool is_film(const char *name)
{
	static const char *const ends[] = { "mp4", "m4v", "mov",  "3gp", "3g2", "mkv", "webm",
					    "avi", "mpg", "mpeg", "mod", "vob", "m2v", "ts",
					    "mts", "m2t", "m2ts", "tod", "ogv", "wmv", "asf",
					    "flv", "f4v", "divx", "dv",  "gif", "mp3", "m4a",
					    "wav", "ogg", "opus", "oga", "aac", "amr", "flac",
					    "wma", "aif", "aiff", "caf", "ac3" };
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(ends); i++)
		if (strcasecmp(dot + 1, ends[i]) == 0)
			return true;
	return false;
}

static void look_in(struct list *l, int folder, const char *at, unsigned depth);

static void look_at(struct list *l, int folder, const char *at, const char *name, unsigned depth)
{
	char path[sizeof(l->out->path)];
	struct stat st;
	if (name[0] == '.' || !text_is_utf8(name, strlen(name)) ||
	    (size_t)snprintf(path, sizeof(path), "%s%s%s", at, *at ? "/" : "", name) >=
		    sizeof(path) ||
	    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode) && depth < STICK_DEPTH) {
		AUTO_FD int fd =
			openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			look_in(l, fd, path, depth + 1);
	} else if (S_ISREG(st.st_mode) && st.st_size > 0 && is_film(name) && l->count < l->room) {
		struct stick_file *to = &l->out[l->count++];
		memcpy(to->path, path, sizeof(path));
		to->bytes = (uint64_t)st.st_size;
	}
}

static void look_in(struct list *l, int folder, const char *at, unsigned depth)
{
	AUTO_FD int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return;
	(void)MOVE_FD(fd);
	for (struct dirent *e; l->seen < MOST_SEEN && (e = readdir(d)); l->seen++)
		look_at(l, dirfd(d), at, e->d_name, depth);
	closedir(d);
}

static int by_path(const void *a, const void *b)
{
	const struct stick_file *one = a, *two = b;
	return strcmp(one->path, two->path);
}

size_t stick_list(const char *folder, struct stick_file *out, size_t room)
{
	struct list l = { .out = out, .room = room };
	AUTO_FD int fd = *folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	look_in(&l, fd, "", 0);
	qsort(out, l.count, sizeof(*out), by_path);
	return l.count;
}

int stick_open(const char *folder, const char *path, int *out, struct fault *why)
{
	char copy[sizeof(((struct stick_file *)0)->path)];
	AUTO_FD int at = *folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = at < 0 || (size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy) ? -ENOENT
											   : 0;
	char *rest = copy;
	for (char *name; r == 0 && (name = strsep(&rest, "/"));) {
		if (!*name || name[0] == '.') {
			r = -ENOENT;
			break;
		}
		const int flags = rest ? O_DIRECTORY : O_NONBLOCK;
		const int next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
		if (next < 0)
			r = -ENOENT;
		close(at);
		at = next;
	}
	struct stat st;
	if (r == 0 && (fstat(at, &st) < 0 || !S_ISREG(st.st_mode)))
		r = -ENOENT;
	if (r)
		return fault_set(why, r, "staff.stick",
				 "'%.100s' is not on the stick any more; put it in again", path);
	*out = MOVE_FD(at);
	return 0;
}
