// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/store.h"
#include "content/live/live_keep_private.h"
#include "content/live/live_log.h"
#include "content/live/live_move.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"

#define LOG_BYTES (8u << 20)
#define STEP_MS 50u /* so at most 10 MB/s, which a card that records a class has to spare */
#define ROOM_MS 1000u
#define ROOM_TRIES 60u

CLEAN_FN(keep, struct live_keep, live_keep_close)
CLEAN_FN(json, json_t, json_decref)

/* --- what is to be done, a slice at a time --------------------------------------------------------------------- */

/* After what is under way already. `part` NULL: the class has ended, all that is left of it. */
static void add_job(struct live_keep *k, const char *id, const char *part)
{
	struct live_job *j = calloc(1, sizeof(*j)), **at = &k->jobs;
	if (!j)
		return; /* the next start looks what is left */
	snprintf(j->id, sizeof(j->id), "%s", id);
	snprintf(j->part, sizeof(j->part), "%s", part ? part : "");
	while (*at)
		at = &(*at)->next;
	*at = j;
	k->calls.busy(k->calls.data);
}

static void end_job(struct live_keep *k)
{
	struct live_job *j = k->jobs;
	live_move_free(MOVE_PTR(k->move));
	if (k->moving >= 0)
		close(k->moving);
	k->moving = -1;
	k->jobs = j->next;
	free(j);
}

/* --- finishing ------------------------------------------------------------------------------------------------- */

static int store_lists(struct live_keep *k, const char *id, const char *log, size_t len,
		       uint64_t *ms, struct fault *why)
{
	size_t main_len = 0, sound_len = 0, master_len = 0;
	uint64_t sound_ms = 0;
	AUTO_FREE char *main = live_log_playlist(log, len, 'm', ms, &main_len);
	AUTO_FREE char *sound = live_log_playlist(log, len, 's', &sound_ms, &sound_len);
	/* Sound that was apart goes with a picture; sound that stood in for one does not. */
	bool apart = main && sound && live_log_kind(log, len, 'm') == 'm';
	AUTO_FREE char *master = live_log_master(log, len, apart, &master_len);
	if (!main)
		return fault_set(why, -ENODATA, "live.keep", "nothing of the class had come yet");
	if (!master)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = live_move_bytes(k->store, &k->calls, id, "main.m3u8", main, main_len, why);
	if (r == 0 && sound)
		r = live_move_bytes(k->store, &k->calls, id, "sound.m3u8", sound, sound_len, why);
	return r ? r
		 : live_move_bytes(k->store, &k->calls, id, "master.m3u8", master, master_len, why);
}

static void remove_folder(struct live_keep *k, const char *id)
{
	int fd = openat(k->folder, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	unlinkat(k->folder, id, AT_REMOVEDIR);
}

/* The log of `k->path`/ID, and the title that stands beside it. */
static int read_tape(const struct live_keep *k, const char *id, char **log, size_t *len,
		     struct live_keep_row *row)
{
	char path[PATH_MAX];
	AUTO_FREE void *title = NULL;
	void *text = NULL;
	size_t title_len = 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/title", k->path, id) >= sizeof(path))
		return -ENAMETOOLONG;
	int r = fileio_read(path, 4096, &title, &title_len, NULL);
	CLEANUP(clean_json) json_t *from = r ? NULL : json_loadb(title, title_len, 0, NULL);
	if (!from || !live_kept_take(row, from) || strcmp(row->id, id) != 0)
		return -EBADMSG;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/log", k->path, id) >= sizeof(path))
		return -ENAMETOOLONG;
	r = fileio_read(path, LOG_BYTES, &text, len, NULL);
	*log = text;
	return r;
}

/* The first part that is not in the store yet: false when all are. */
static bool next_part(int folder, const char *log, size_t len, char name[static 32])
{
	struct live_log_line l;
	struct stat st;
	const char *at = log, *end = log + len;
	for (size_t step; (step = live_log_next(at, end, &l)); at += step) {
		live_log_part_name(l.track, l.kind == 'i' ? 'm' : l.kind, l.part, name);
		if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0)
			return true;
	}
	return false;
}

static uint64_t bytes_of(const char *log, size_t len)
{
	struct live_log_line l;
	uint64_t bytes = 0;
	const char *at = log, *end = log + len;
	for (size_t step; (step = live_log_next(at, end, &l)); at += step)
		bytes += l.len;
	return bytes;
}

/* All parts are in the store: playlists, then the row that makes it a lesson. */
static int finish(struct live_keep *k, const char *id, struct live_keep_row *row, const char *log,
		  size_t len, struct fault *why)
{
	row->bytes = bytes_of(log, len);
	int r = store_lists(k, id, log, len, &row->ms, why);
	if (r == 0 && k->count == LIVE_KEPT_MOST)
		r = fault_set(why, -ENOSPC, "live.keep",
			      "%u recordings are kept already; forget one", LIVE_KEPT_MOST);
	if (r)
		return r;
	k->rows[k->count++] = *row;
	r = live_kept_write(k, why);
	if (r == 0)
		r = k->calls.named(k->calls.data, why);
	if (r) {
		k->count--;
		return r;
	}
	log_info("event=live.kept id=%s ms=%" PRIu64 " bytes=%" PRIu64, id, row->ms, row->bytes);
	remove_folder(k, id);
	k->calls.changed(k->calls.data);
	return 0;
}

/* 1: there is more to do. */
static int go_on_closing(struct live_keep *k, const struct live_job *j, struct fault *why)
{
	struct live_keep_row row;
	AUTO_FREE char *log = NULL;
	char name[32];
	size_t len = 0;
	int r = read_tape(k, j->id, &log, &len, &row);
	if (r == -ENOENT || r == -EBADMSG)
		return fault_set(why, -ENODATA, "live.keep", "nothing of the class had come yet");
	if (r) /* it may be readable another time */
		return fault_set(why, r, "live.keep", "'%s/%s': %s", k->path, j->id, strerror(-r));
	if (!next_part(k->moving, log, len, name))
		return finish(k, j->id, &row, log, len, why);
	r = live_move_new(k->store, j->id, k->moving, name, &k->move, why);
	return r ? r : 1;
}

static int go_on(struct live_keep *k, const struct live_job *j, struct fault *why)
{
	int r;
	if (k->move) {
		r = live_move_step(k->move, &k->calls, why);
		if (r)
			return r;
		live_move_free(MOVE_PTR(k->move));
		return !j->part[0]; /* the next one of all, or this one was it */
	}
	if (k->moving < 0)
		k->moving =
			openat(k->folder, j->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (k->moving < 0)
		return fault_set(why, -ENODATA, "live.keep", "'%s/%s': %s", k->path, j->id,
				 strerror(errno));
	if (!j->part[0])
		return go_on_closing(k, j, why);
	r = live_move_new(k->store, j->id, k->moving, j->part, &k->move, why);
	return r == -ENOENT ? 0 : r ? r : 1;
}

uint64_t live_keep_step(struct live_keep *k)
{
	struct live_job *j = k->jobs;
	struct fault why = { 0 };
	int r = j ? go_on(k, j, &why) : 0;
	if (r > 0)
		return STEP_MS;
	/* What waits for room beside the store may be one part of a class that goes on; at its end it is all of them. */
	if (r == -EAGAIN && j && !j->part[0] && ++j->tries < ROOM_TRIES)
		return ROOM_MS;
	if (r && r != -EAGAIN && j->part[0]) {
		log_fault(LOG_LEVEL_WARN, "live.keep", &why);
	} else if (r && !j->part[0]) {
		/* Nothing came of it: the folder goes. Anything else is tried again at the next start. */
		k->report.tell(k->report.data, "live.not_kept", j->id, report_layer(&why),
			       why.text);
		if (r == -ENODATA)
			remove_folder(k, j->id);
	}
	if (j)
		end_job(k);
	return k->jobs ? STEP_MS : 0;
}

/* --- recording --------------------------------------------------------------------------------------------------- */

static void tape_free(struct tape *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < 2; i++)
		if (t->track[i].fd >= 0)
			close(t->track[i].fd);
	if (t->log >= 0)
		close(t->log);
	if (t->folder >= 0)
		close(t->folder);
	free(t);
}

CLEAN_FN(tape, struct tape, tape_free)

static struct tape *find(const struct live_keep *k, const char *class, size_t *at)
{
	for (size_t i = 0; i < k->tape_count; i++)
		if (strcmp(k->tapes[i]->class, class) == 0) {
			if (at)
				*at = i;
			return k->tapes[i];
		}
	return NULL;
}

int live_keep_is_on(const struct live_keep *k, const char *class)
{
	return find(k, class, NULL) != NULL;
}

static bool is_taken(const struct live_keep *k, const char *id)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->rows[i].id, id) == 0)
			return true;
	return faccessat(k->folder, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* CLASS-20261122-0930, and -2 … when there is one already. */
static void choose_id(const struct live_keep *k, const char *class, int64_t now_s,
		      char out[static LIVE_KEEP_ID_BYTES])
{
	char when[20] = "";
	struct tm local;
	time_t now = (time_t)now_s;
	if (localtime_r(&now, &local))
		strftime(when, sizeof(when), "%Y%m%d-%H%M", &local);
	snprintf(out, LIVE_KEEP_ID_BYTES, "%s-%s", class, when);
	for (unsigned i = 2; is_taken(k, out) && i < 1000; i++)
		snprintf(out, LIVE_KEEP_ID_BYTES, "%s-%s-%u", class, when, i);
}

static int write_title(struct live_keep *k, const struct tape *t,
		       const struct live_class_conf *conf, struct fault *why)
{
	struct live_keep_row row = { .day_s = clock_wall_s() };
	char path[PATH_MAX];
	memcpy(row.id, t->id, sizeof(row.id));
	memcpy(row.name, conf->name, sizeof(row.name));
	memcpy(row.ar, conf->ar, sizeof(row.ar));
	memcpy(row.fr, conf->fr, sizeof(row.fr));
	memcpy(row.en, conf->en, sizeof(row.en));
	CLEANUP(clean_json) json_t *json = live_kept_json(&row);
	AUTO_FREE char *text = json_dumps(json, JSON_COMPACT);
	if (!text ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s/title", k->path, t->id) >= sizeof(path))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return fileio_replace(path, text, strlen(text), 0600, why);
}

int live_keep_begin(struct live_keep *k, const struct live_class_conf *conf, struct fault *why)
{
	if (find(k, conf->name, NULL))
		return 0;
	if (k->tape_count == LIVE_CLASSES_MOST)
		return fault_set(why, -ENOSPC, "live.keep", "too many classes are kept at once");
	CLEANUP(clean_tape) struct tape *t = calloc(1, sizeof(*t));
	if (!t)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	t->folder = t->log = t->track[0].fd = t->track[1].fd = -1;
	memcpy(t->class, conf->name, sizeof(t->class));
	choose_id(k, conf->name, clock_wall_s(), t->id);
	if (mkdirat(k->folder, t->id, 0700) < 0)
		return fault_set(why, -errno, "live.keep", "'%s/%s': %s", k->path, t->id,
				 strerror(errno));
	t->folder = openat(k->folder, t->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t->log = t->folder < 0 ? -1
			       : openat(t->folder, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
					0600);
	int r = t->log < 0 ? fault_set(why, -errno, "live.keep", "'%s/%s': %s", k->path, t->id,
				       strerror(errno))
			   : write_title(k, t, conf, why);
	if (r) {
		remove_folder(k, t->id);
		return r;
	}
	(void)fsync(k->folder);
	log_info("event=live.keeping class=%s id=%s", conf->name, t->id);
	k->tapes[k->tape_count++] = MOVE_PTR(t);
	return 0;
}

/* The part that the next bytes go to: another one when this one is full. */
static int open_part(struct live_keep *k, struct tape *t, size_t which, char kind,
		     struct fault *why)
{
	char name[32];
	char track = which ? 's' : 'm';
	int *fd = &t->track[which].fd;
	if (*fd >= 0 && t->track[which].at < LIVE_KEEP_PART_BYTES && t->track[which].kind == kind)
		return 0;
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
		live_log_part_name(track, t->track[which].kind, t->track[which].part, name);
		add_job(k, t->id, name);
	}
	live_log_part_name(track, kind, ++t->track[which].part, name);
	*fd = openat(t->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	t->track[which].at = 0;
	t->track[which].kind = kind;
	return *fd < 0 ? fault_set(why, -errno, "live.keep", "'%s': %s", name, strerror(errno)) : 0;
}

/* Bytes first, then the line that says that they are there. */
static int write_down(struct live_keep *k, struct tape *t, const struct live_bytes *b,
		      struct fault *why)
{
	size_t which = b->track == 's';
	char line[96];
	int r = open_part(k, t, which, b->kind == 'i' ? 'm' : b->kind, why);
	if (r)
		return r;
	const struct live_log_line l = { .track = b->track,
					 .kind = b->kind,
					 .part = t->track[which].part,
					 .from = t->track[which].at,
					 .len = b->len,
					 .ms = b->ms,
					 .stretch = b->stretch };
	r = fileio_pwrite_all(t->track[which].fd, b->bytes, b->len, l.from);
	if (r == 0 && fdatasync(t->track[which].fd) < 0)
		r = -errno;
	live_log_print(&l, line);
	if (r == 0)
		r = fileio_write_all(t->log, line, strlen(line));
	if (r == 0 && fdatasync(t->log) < 0)
		r = -errno;
	if (r)
		return fault_set(why, r, r == -ENOSPC ? "disk.full" : "live.keep",
				 "class '%s' is not kept any further: %s", t->class, strerror(-r));
	t->track[which].at += b->len;
	return 0;
}

void live_keep_take(struct live_keep *k, const struct live_bytes *b)
{
	struct tape *t = find(k, b->class, NULL);
	struct fault why = { 0 };
	if (!t || t->failed || write_down(k, t, b, &why) == 0)
		return;
	t->failed = true;
	k->report.tell(k->report.data, "live.not_kept", t->id, report_layer(&why), why.text);
}

void live_keep_end(struct live_keep *k, const char *class)
{
	size_t at = 0;
	struct tape *t = find(k, class, &at);
	if (!t)
		return;
	char id[LIVE_KEEP_ID_BYTES];
	memcpy(id, t->id, sizeof(id));
	tape_free(t);
	k->tapes[at] = k->tapes[--k->tape_count];
	add_job(k, id, NULL);
}

/* --- beginning and end ----------------------------------------------------------------------------------------- */

static void finish_left(struct live_keep *k)
{
	AUTO_FD int fd = openat(k->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return;
	(void)MOVE_FD(fd);
	for (struct dirent *e; (e = readdir(d));)
		if (text_is_slug(e->d_name) && strlen(e->d_name) < LIVE_KEEP_ID_BYTES &&
		    e->d_type == DT_DIR) {
			bool known = false;
			for (size_t i = 0; i < k->count; i++)
				known |= strcmp(k->rows[i].id, e->d_name) == 0;
			if (known)
				remove_folder(k, e->d_name);
			else
				add_job(k, e->d_name, NULL);
		}
	closedir(d);
}

int live_keep_open(struct store *store, const char *folder, const struct live_keep_calls *calls,
		   const struct report *report, struct live_keep **out, struct fault *why)
{
	CLEANUP(clean_keep) struct live_keep *k = calloc(1, sizeof(*k));
	if (!k)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	k->folder = k->moving = -1;
	k->store = store;
	k->calls = *calls;
	k->report = *report;
	if ((size_t)snprintf(k->path, sizeof(k->path), "%s", folder) >= sizeof(k->path))
		return fault_set(why, -ENAMETOOLONG, "live.keep", "'%s': too long", folder);
	int r = paths_mkdir(folder, 0700, why);
	if (r)
		return r;
	k->folder = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (k->folder < 0)
		return fault_set(why, -errno, "live.keep", "'%s': %s", folder, strerror(errno));
	if (live_kept_read(k))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	finish_left(k);
	*out = MOVE_PTR(k);
	return 0;
}

void live_keep_close(struct live_keep *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->tape_count; i++)
		tape_free(k->tapes[i]);
	while (k->jobs)
		end_job(k);
	if (k->folder >= 0)
		close(k->folder);
	free(k->rows);
	free(k);
}
