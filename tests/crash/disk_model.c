// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/crash/disk_model.h"

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

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "tests/crash/world.h"

enum { MOST_FILES = 8192, MOST_NAMES = 8192, PATH_ROOM = 160 };

struct bytes {
	char *at;
	uint64_t len, room;
};

struct op { /* since the last sync of the file */
	uint32_t type;
	uint64_t offset, len;
	const void *data;
};

struct file {
	struct bytes durable, now;
	struct op *ops;
	size_t count, room;
};

struct name {
	char path[PATH_ROOM];
	uint32_t file; /* 0: a folder */
};

struct names {
	struct name *at;
	size_t count;
};

struct change { /* of names, not synced yet */
	uint32_t type, file;
	char path[PATH_ROOM], other[PATH_ROOM];
	bool journalled; /* some file was synced after it */
};

struct disk_model {
	struct file *files[MOST_FILES];
	uint32_t alias[MOST_FILES]; /* the log's number of a file that was there before it began */
	struct names durable, now;
	struct change *changes;
	size_t change_count;
};

static void *checked(void *at)
{
	if (!at)
		abort();
	return at;
}

struct disk_model *disk_model_new(void)
{
	struct disk_model *m = checked(calloc(1, sizeof(*m)));
	m->durable.at = checked(calloc(MOST_NAMES, sizeof(struct name)));
	m->now.at = checked(calloc(MOST_NAMES, sizeof(struct name)));
	m->changes = checked(calloc(MOST_NAMES, sizeof(struct change)));
	return m;
}

void disk_model_free(struct disk_model *m)
{
	for (size_t i = 0; m && i < MOST_FILES; i++) {
		if (!m->files[i])
			continue;
		free(m->files[i]->durable.at);
		free(m->files[i]->now.at);
		free(m->files[i]->ops);
		free(m->files[i]);
	}
	free(m->durable.at);
	free(m->now.at);
	free(m->changes);
	free(m);
}

static void resize(struct bytes *b, uint64_t len)
{
	if (len > b->room) {
		b->at = checked(realloc(b->at, len));
		b->room = len;
	}
	if (len > b->len)
		memset(b->at + b->len, 0, len - b->len);
	b->len = len;
}

static void apply_length(struct bytes *b, const struct op *op)
{
	if (op->type == LOG_TRUNCATE)
		resize(b, op->offset);
	else if (b->len < op->offset + op->len)
		resize(b, op->offset + op->len);
}

static void apply(struct bytes *b, const struct op *op)
{
	apply_length(b, op);
	if (op->type == LOG_WRITE)
		memcpy(b->at + op->offset, op->data, op->len);
}

static void copy_bytes(struct bytes *to, const struct bytes *from)
{
	resize(to, from->len);
	if (from->len)
		memcpy(to->at, from->at, from->len);
}

static struct name *find(const struct names *n, const char *path)
{
	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->at[i].path, path))
			return &n->at[i];
	return NULL;
}

static void drop(struct names *n, const char *path)
{
	struct name *it = find(n, path);
	if (it)
		*it = n->at[--n->count];
}

static void enter(struct names *n, const char *path, uint32_t file)
{
	struct name *it = find(n, path);
	if (!it) {
		if (n->count == MOST_NAMES)
			abort();
		it = &n->at[n->count++];
		snprintf(it->path, sizeof(it->path), "%s", path);
	}
	it->file = file;
}

static void change_names(struct names *n, const struct change *c)
{
	const struct name *from;
	switch (c->type) {
	case LOG_MKDIR:
	case LOG_CREATE:
		enter(n, c->path, c->file);
		break;
	case LOG_RENAME:
		from = find(n, c->path);
		if (from) {
			const uint32_t file = from->file;
			drop(n, c->path);
			enter(n, c->other, file);
		}
		break;
	case LOG_UNLINK:
		drop(n, c->path);
		break;
	default:
		abort();
	}
}

static void folder_of(const char *path, char out[static PATH_ROOM])
{
	const char *slash = strrchr(path, '/');
	snprintf(out, PATH_ROOM, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* What the log said about names in this folder is durable now. */
static void sync_names(struct disk_model *m, const char *folder)
{
	size_t kept = 0;
	for (size_t i = 0; i < m->change_count; i++) {
		char own[PATH_ROOM];
		folder_of(m->changes[i].path, own);
		if (strcmp(own, folder))
			m->changes[kept++] = m->changes[i];
		else
			change_names(&m->durable, &m->changes[i]);
	}
	m->change_count = kept;
}

static struct file *file_at(struct disk_model *m, uint32_t number)
{
	if (!number || number >= MOST_FILES)
		return NULL;
	if (m->alias[number])
		number = m->alias[number];
	if (!m->files[number])
		m->files[number] = checked(calloc(1, sizeof(struct file)));
	return m->files[number];
}

static void write_op(struct file *f, const struct op *op)
{
	if (f->count == f->room) {
		f->room = f->room ? 2 * f->room : 16;
		f->ops = checked(reallocarray(f->ops, f->room, sizeof(*f->ops)));
	}
	f->ops[f->count++] = *op;
	apply(&f->now, op);
}

static void sync_file(struct disk_model *m, struct file *f)
{
	copy_bytes(&f->durable, &f->now);
	f->count = 0;
	for (size_t i = 0; i < m->change_count; i++)
		m->changes[i].journalled = true;
}

int disk_model_take(struct disk_model *m, const struct log_record *r, const char *path,
		    const char *other, const void *data)
{
	struct file *f = r->type == LOG_FOUND ? NULL : file_at(m, r->file);
	const struct name *known;
	if (r->path_len >= PATH_ROOM || r->other_len >= PATH_ROOM)
		return -EBADMSG;
	switch ((enum log_type)r->type) {
	case LOG_MKDIR:
	case LOG_CREATE:
	case LOG_RENAME:
	case LOG_UNLINK:
		if (m->change_count == MOST_NAMES)
			return -EBADMSG;
		struct change *c = &m->changes[m->change_count++];
		*c = (struct change){ .type = r->type, .file = r->file };
		memcpy(c->path, path, r->path_len);
		memcpy(c->other, other, r->other_len);
		change_names(&m->now, c);
		return 0;
	case LOG_WRITE:
	case LOG_TRUNCATE:
	case LOG_ALLOCATE:
		if (!f)
			return -EBADMSG;
		write_op(f, &(struct op){ r->type, r->offset, r->data_len, data });
		return 0;
	case LOG_SYNC:
		if (!f)
			return -EBADMSG;
		sync_file(m, f);
		return 0;
	case LOG_SYNC_DIR: {
		char folder[PATH_ROOM];
		snprintf(folder, sizeof(folder), "%.*s", (int)r->path_len, path);
		sync_names(m, folder);
		return 0;
	}
	case LOG_FOUND: {
		char own[PATH_ROOM];
		snprintf(own, sizeof(own), "%.*s", (int)r->path_len, path);
		known = find(&m->now, own);
		if (!known || !known->file || r->file >= MOST_FILES)
			return -EBADMSG;
		m->alias[r->file] = known->file;
		return 0;
	}
	case LOG_MARK:
		return 0;
	}
	return -EBADMSG;
}

static int read_folder(struct disk_model *m, const char *root, const char *below, uint32_t *files)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", root, below);
	DIR *d = opendir(path);
	int rc = d ? 0 : -errno;
	for (struct dirent *e; !rc && d && (e = readdir(d));) {
		char name[PATH_ROOM];
		struct stat st;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if ((size_t)snprintf(name, sizeof(name), "%s%s%s", below, *below ? "/" : "",
				     e->d_name) >= sizeof(name) ||
		    fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			rc = -EBADMSG;
		else if (S_ISDIR(st.st_mode))
			rc = read_folder(m, root, name, files);
		else
			++*files;
		if (rc)
			break;
		enter(&m->now, name, S_ISDIR(st.st_mode) ? 0 : *files);
		enter(&m->durable, name, S_ISDIR(st.st_mode) ? 0 : *files);
		if (S_ISDIR(st.st_mode))
			continue;
		struct file *f = file_at(m, *files);
		AUTO_FD int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);
		resize(&f->now, (uint64_t)st.st_size);
		rc = fd < 0 ? -errno : fileio_pread_all(fd, f->now.at, f->now.len, 0);
		copy_bytes(&f->durable, &f->now);
	}
	if (d)
		closedir(d);
	return rc;
}

int disk_model_read(struct disk_model *m, const char *folder)
{
	/* From the top: the recorder counts its own from 1. */
	uint32_t files = MOST_FILES / 2;
	return read_folder(m, folder, "", &files);
}

/* SQLite's shared memory is mapped and unmapped by SQLite as it likes, and means nothing after a cut. */
static bool of_no_account(const char *path)
{
	const size_t len = strlen(path);
	return len > 4 && !strcmp(path + len - 4, "-shm");
}

static int count_files(const char *root, const char *below)
{
	char path[PATH_MAX], next[PATH_ROOM];
	int count = 0;
	snprintf(path, sizeof(path), "%s/%s", root, below);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;
		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		snprintf(next, sizeof(next), "%.20s%s%.100s", below, *below ? "/" : "", e->d_name);
		count += 1 + (S_ISDIR(st.st_mode) ? count_files(root, next) : 0);
	}
	if (d)
		closedir(d);
	return count;
}

int disk_model_same(const struct disk_model *m, const char *folder, char what[static 200])
{
	const int there = count_files(folder, "");
	snprintf(what, 200, "%d names in the folder, %zu in the record", there, m->now.count);
	if ((size_t)there != m->now.count)
		return -EBADMSG;
	for (size_t i = 0; i < m->now.count; i++) {
		const struct name *n = &m->now.at[i];
		char path[PATH_MAX];
		AUTO_FREE void *got = NULL;
		size_t len;
		if (!n->file || of_no_account(n->path))
			continue;
		const struct bytes *want = &m->files[n->file]->now;
		snprintf(what, 200, "'%s' is not as recorded", n->path);
		snprintf(path, sizeof(path), "%s/%s", folder, n->path);
		int rc = fileio_read(path, 64 << 20, &got, &len, NULL);
		if (rc || len != want->len || (len && memcmp(got, want->at, len)))
			return rc ? rc : -EBADMSG;
	}
	return 0;
}

/* Any version of each block since the last sync; any length. What was never written is zeros. */
static void tear(const struct file *f, uint64_t block, uint64_t *luck, struct bytes *out)
{
	copy_bytes(out, &f->durable);
	const size_t lengths = (size_t)(world_dice(luck) % (f->count + 1));
	for (size_t i = 0; i < lengths; i++)
		apply_length(out, &f->ops[i]);
	const uint64_t end = out->len;
	for (uint64_t at = 0; at < end; at += block) {
		const uint64_t stop = at + block < end ? at + block : end;
		/* The durable one, the newest, and all between them come up often enough. */
		const uint64_t fate = world_dice(luck) % 4;
		const size_t version = fate == 0   ? 0
				       : fate == 1 ? f->count
						   : (size_t)(world_dice(luck) % (f->count + 1));
		for (size_t i = 0; i < version; i++) {
			const struct op *op = &f->ops[i];
			if (op->type == LOG_TRUNCATE && op->offset < stop) {
				const uint64_t gone = op->offset > at ? op->offset : at;
				memset(out->at + gone, 0, stop - gone);
			}
			if (op->type != LOG_WRITE || op->offset >= stop ||
			    op->offset + op->len <= at)
				continue;
			const uint64_t from = op->offset > at ? op->offset : at;
			const uint64_t to =
				op->offset + op->len < stop ? op->offset + op->len : stop;
			memcpy(out->at + from, (const char *)op->data + (from - op->offset),
			       to - from);
		}
	}
}

static void pick_names(const struct disk_model *m, bool journal, uint64_t *luck, struct names *out)
{
	struct {
		char folder[PATH_ROOM];
		bool over;
	} folders[600];
	size_t count = 0;
	memcpy(out->at, m->durable.at, m->durable.count * sizeof(*out->at));
	out->count = m->durable.count;
	bool over = false;
	for (size_t i = 0; i < m->change_count; i++) {
		const struct change *c = &m->changes[i];
		char folder[PATH_ROOM];
		size_t k = 0;
		folder_of(c->path, folder);
		while (k < count && strcmp(folders[k].folder, folder))
			k++;
		if (k == count) {
			if (count == sizeof(folders) / sizeof(folders[0]))
				abort();
			snprintf(folders[count].folder, PATH_ROOM, "%s", folder);
			folders[count++].over = false;
		}
		/* Each folder's changes stop somewhere; in a journal all stop at one place. */
		const bool stop = world_dice(luck) % 4 == 0;
		if (journal) {
			over |= !c->journalled && stop;
			if (!over)
				change_names(out, c);
		} else {
			folders[k].over |= stop;
			if (!folders[k].over)
				change_names(out, c);
		}
	}
}

static int write_file(const char *path, const struct bytes *b)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fileio_write_all(fd, b->at, b->len);
}

static int shorter(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static bool has_folder(const struct names *n, const char *path)
{
	char folder[PATH_ROOM];
	folder_of(path, folder);
	const struct name *f = *folder ? find(n, folder) : NULL;
	return !*folder || (f && !f->file);
}

int disk_model_cut(const struct disk_model *m, enum disk_cut how, uint64_t *luck,
		   const char *folder)
{
	struct names names = { checked(calloc(MOST_NAMES, sizeof(struct name))), 0 };
	AUTO_FREE void *held = names.at;
	int rc = 0;
	if (how == DISK_ORDERED) {
		memcpy(names.at, m->now.at, m->now.count * sizeof(*names.at));
		names.count = m->now.count;
	} else {
		pick_names(m, world_dice(luck) % 2 == 0, luck, &names);
	}
	qsort(names.at, names.count, sizeof(*names.at), shorter);
	for (size_t i = 0; !rc && i < names.count; i++) {
		char path[PATH_MAX];
		if (!has_folder(&names, names.at[i].path))
			continue; /* a name in a folder that is not there is not there */
		snprintf(path, sizeof(path), "%s/%s", folder, names.at[i].path);
		if (!names.at[i].file) {
			rc = mkdir(path, 0755) < 0 ? -errno : 0;
			continue;
		}
		const struct file *f = m->files[names.at[i].file];
		struct bytes torn = { 0 };
		if (how != DISK_ORDERED && f->count)
			tear(f, how == DISK_TORN_PAGES ? 4096 : 512, luck, &torn);
		rc = write_file(path, how == DISK_ORDERED ? &f->now
				      : f->count          ? &torn
							  : &f->durable);
		free(torn.at);
	}
	return rc;
}
