// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crash-replay WORK RECORDER CUTS KILLS LUCK [JSON]
 *
 * Records what WORK does to a store, then makes of the record what a power cut could have left, at CUTS moments, in order and torn, and
 * looks at each (check.h). Every other round begins with what a cut left, so that recovering is cut, too. Then kills WORK itself KILLS
 * times. Speaks TAP; JSON gets the figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "tests/crash/check.h"
#include "tests/crash/disk_model.h"

enum { STEPS = 350, CUTS_A_ROUND = 50, KILLS_A_STORE = 10 };

struct replay {
	const char *work, *recorder;
	char base[PATH_MAX];
	uint64_t luck;
	struct objmap *maps[WORLD_OBJECTS];
	struct check_found sum;
	unsigned ordered, torn, killed, rounds;
	bool handed; /* the next round goes on with what a cut of the last one left */
	uint64_t records, most_rehashed, most_refetched;
};

struct log {
	const char *at;
	size_t len;
	size_t *records; /* where each begins */
	size_t count;
};

static void give_up(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *place(const struct replay *r, const char *name, char out[static PATH_MAX])
{
	if ((size_t)snprintf(out, PATH_MAX, "%.4000s/%s", r->base, name) >= PATH_MAX)
		give_up(name);
	return out;
}

static const char *fresh_folder(const struct replay *r, const char *name, char out[static PATH_MAX])
{
	place(r, name, out);
	remove_folder(out);
	if (mkdir(out, 0755))
		give_up(out);
	return out;
}

static void exec_work(const struct replay *r, const char *folder, uint64_t luck, uint64_t index)
{
	char luck_text[24], steps[24], index_text[24];
	snprintf(luck_text, sizeof(luck_text), "%llu", (unsigned long long)luck);
	snprintf(steps, sizeof(steps), "%d", STEPS);
	snprintf(index_text, sizeof(index_text), "%llu", (unsigned long long)index);
	execl(r->work, r->work, folder, luck_text, steps, index_text, (char *)NULL);
	_exit(127);
}

static void record(const struct replay *r, const char *folder, const char *log, uint64_t luck,
		   uint64_t index)
{
	int status;
	unlink(log);
	pid_t pid = fork();
	if (!pid) {
		setenv("LD_PRELOAD", r->recorder, 1);
		setenv(LOG_ENV_FOLDER, folder, 1);
		setenv(LOG_ENV_FILE, log, 1);
		exec_work(r, folder, luck, index);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("fork");
	if (status) {
		printf("Bail out! the recorded program ended with %d\n", status);
		exit(1);
	}
}

static struct log read_log(const char *path)
{
	struct log l = { 0 };
	struct stat st;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		give_up(path);
	l.len = (size_t)st.st_size;
	l.at = mmap(NULL, l.len, PROT_READ, MAP_PRIVATE, fd, 0);
	l.records = calloc(l.len / sizeof(struct log_record) + 1, sizeof(size_t));
	if (l.at == MAP_FAILED || !l.records)
		give_up(path);
	for (size_t at = 0; at < l.len;) {
		struct log_record rec;
		memcpy(&rec, l.at + at, sizeof(rec));
		l.records[l.count++] = at;
		at += sizeof(rec) + rec.path_len + rec.other_len + rec.data_len;
	}
	return l;
}

static void log_done(struct log *l)
{
	munmap((void *)(uintptr_t)l->at, l->len);
	free(l->records);
}

static struct log_record take(struct disk_model *m, const struct log *l, size_t which,
			      struct world_promises *p)
{
	struct log_record rec;
	const char *at = l->at + l->records[which];
	memcpy(&rec, at, sizeof(rec));
	const char *path = at + sizeof(rec), *other = path + rec.path_len;
	const void *data = other + rec.other_len;
	if (disk_model_take(m, &rec, path, other, data)) {
		printf("Bail out! record %zu of type %u makes no sense\n", which, rec.type);
		exit(1);
	}
	struct world_said said;
	if (rec.type == LOG_MARK && rec.data_len == sizeof(said)) {
		memcpy(&said, data, sizeof(said));
		world_hear(p, &said);
	}
	return rec;
}

/* In a child: what a damaged store might do to a reader is one of the questions. */
static struct check_found checked(const struct replay *r, const char *folder, enum check_cut cut,
				  const struct world_promises *p)
{
	struct check_found found = { 0 };
	int ends[2], status;
	if (pipe(ends))
		give_up("pipe");
	pid_t pid = fork();
	if (!pid) {
		int rc = check_store(folder, cut, p, r->maps, &found);
		_exit(rc || write(ends[1], &found, sizeof(found)) != (ssize_t)sizeof(found));
	}
	close(ends[1]);
	ssize_t n = read(ends[0], &found, sizeof(found));
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("fork");
	if (status || n != (ssize_t)sizeof(found)) {
		found = (struct check_found){ .refused = 1 };
		snprintf(found.text, sizeof(found.text), "the reader died (%d)", status);
	}
	return found;
}

static void add(struct replay *r, const struct check_found *f, const char *when)
{
	r->sum.wrong_bytes += f->wrong_bytes;
	r->sum.lost_durable += f->lost_durable;
	r->sum.came_back += f->came_back;
	r->sum.leaked_files += f->leaked_files;
	r->sum.too_much += f->too_much;
	r->sum.refused += f->refused;
	if (f->rehashed_bytes > r->most_rehashed)
		r->most_rehashed = f->rehashed_bytes;
	if (f->refetched_bytes > r->most_refetched)
		r->most_refetched = f->refetched_bytes;
	if (f->text[0])
		printf("# %s: %s\n", when, f->text);
}

static void cut_here(struct replay *r, const struct disk_model *m, size_t record,
		     const struct world_promises *p)
{
	static const char *const names[] = { "in order", "torn pages", "torn blocks" };
	char folder[PATH_MAX], when[100];
	const unsigned fate = (unsigned)(world_dice(&r->luck) % 8);
	const enum disk_cut how = fate < 2   ? DISK_ORDERED
				  : fate < 5 ? DISK_TORN_PAGES
					     : DISK_TORN_BLOCKS;
	/* In order, and the same boot: what a kill at this very call leaves. */
	const enum check_cut cut = fate == 0 ? CHECK_KILLED : CHECK_POWER;
	snprintf(when, sizeof(when), "round %u, cut %u at record %zu, %s%s", r->rounds,
		 r->ordered + r->torn, record, names[how], cut == CHECK_KILLED ? ", killed" : "");
	int rc = disk_model_cut(m, how, &r->luck, fresh_folder(r, "image", folder));
	if (rc) {
		errno = -rc;
		give_up(folder);
	}
	const struct check_found found = checked(r, folder, cut, p);
	add(r, &found, when);
	*(how == DISK_ORDERED ? &r->ordered : &r->torn) += 1;
	if (found.text[0] && getenv("WASL_CRASH_KEEP"))
		exit(1);
	remove_folder(folder);
}

/* Half of the moments anywhere, half right around a call that orders things. */
static size_t choose(struct replay *r, const struct log *l, size_t from)
{
	size_t at = from + world_dice(&r->luck) % (l->count - from);
	if (world_dice(&r->luck) % 2)
		return at;
	for (; at < l->count; at++) {
		struct log_record rec;
		memcpy(&rec, l->at + l->records[at], sizeof(rec));
		if (rec.type == LOG_SYNC || rec.type == LOG_SYNC_DIR || rec.type == LOG_RENAME ||
		    rec.type == LOG_UNLINK)
			return at + world_dice(&r->luck) % 2;
	}
	return l->count - 1;
}

static int in_order(const void *a, const void *b)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return x < y ? -1 : x > y;
}

/* What the next round starts from: the bytes of now, torn, and what was promised of them. */
static void hand_on(struct replay *r, const struct disk_model *m, struct world_promises *p)
{
	char folder[PATH_MAX];
	if (disk_model_cut(m, DISK_TORN_PAGES, &r->luck, fresh_folder(r, "store", folder)))
		give_up(folder);
	check_another_boot(folder);
	memcpy(p->put, p->chunk, sizeof(p->put));
}

static void one_round(struct replay *r, unsigned cuts, struct world_promises *carried)
{
	char folder[PATH_MAX], recorded[PATH_MAX], log[PATH_MAX];
	size_t at[CUTS_A_ROUND];
	struct disk_model *m = disk_model_new();
	const bool goes_on = r->handed;
	place(r, "log", log);
	if (!goes_on) {
		memset(carried, 0, sizeof(*carried));
		fresh_folder(r, "store", folder);
	} else if (disk_model_read(m, place(r, "store", folder))) {
		give_up(folder);
	}
	record(r, folder, log, world_dice(&r->luck), carried->names + 1000);
	/* The next round's start is made before this one is over. */
	place(r, "recorded", recorded);
	remove_folder(recorded);
	if (rename(folder, recorded))
		give_up(recorded);
	struct log l = read_log(log);
	for (unsigned i = 0; i < cuts; i++)
		at[i] = choose(r, &l, 0);
	qsort(at, cuts, sizeof(at[0]), in_order);
	struct world_promises p = *carried, handed = p;
	size_t next = 0;
	bool given = false;
	for (unsigned i = 0; i < cuts; i++) {
		for (; next < at[i]; next++)
			take(m, &l, next, &p);
		cut_here(r, m, next, &p);
		if (i >= cuts / 2 && !given && !world_rots(&p)) {
			given = true;
			handed = p;
			hand_on(r, m, &handed);
		}
	}
	/* All that was not seen would not be torn either: the record must explain the folder as it is. */
	for (; next < l.count; next++)
		take(m, &l, next, &p);
	char what[200];
	if (disk_model_same(m, recorded, what)) {
		printf("Bail out! the record is not complete: %s\n", what);
		exit(1);
	}
	*carried = handed;
	r->handed = given && !goes_on;
	r->records += l.count;
	r->rounds++;
	log_done(&l);
	disk_model_free(m);
}

/* The program itself, killed after it said so many things. What it said before it died counts. */
static void one_kill(struct replay *r, const char *folder, struct world_promises *p)
{
	int ends[2], status;
	struct world_said said;
	char when[60];
	const uint64_t luck = world_dice(&r->luck);
	if (pipe(ends))
		give_up("pipe");
	pid_t pid = fork();
	if (!pid) {
		dup2(ends[1], 3);
		if (ends[0] != 3)
			close(ends[0]);
		if (ends[1] != 3)
			close(ends[1]);
		exec_work(r, folder, luck, p->names + 1000);
	}
	close(ends[1]);
	for (uint64_t left = world_dice(&r->luck) % 200; left > 0; left--) {
		if (read(ends[0], &said, sizeof(said)) != (ssize_t)sizeof(said))
			break;
		world_hear(p, &said);
	}
	kill(pid, SIGKILL);
	while (read(ends[0], &said, sizeof(said)) == (ssize_t)sizeof(said))
		world_hear(p, &said);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("fork");
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		printf("Bail out! the program gave up with %d\n", WEXITSTATUS(status));
		exit(1);
	}
	const struct check_found found = checked(r, folder, CHECK_KILLED, p);
	snprintf(when, sizeof(when), "kill %u", r->killed++);
	add(r, &found, when);
	/* The check scrubbed it. */
	memset(p->chunk_rots, 0, sizeof(p->chunk_rots));
	memset(p->segment_rots, 0, sizeof(p->segment_rots));
}

static void write_json(const struct replay *r, const char *path)
{
	FILE *f = fopen(path, "w");
	if (!f)
		give_up(path);
	fprintf(f,
		"{\n  \"cuts\": %u, \"cuts_ordered\": %u, \"cuts_torn\": %u, \"kills\": %u,\n"
		"  \"recorded_calls\": %llu,\n  \"crash_wrong_bytes\": %llu,\n"
		"  \"crash_leaked_files\": %llu,\n  \"crash_lost_durable\": %llu,\n"
		"  \"crash_came_back\": %llu,\n  \"crash_refused\": %llu,\n"
		"  \"crash_too_much_again\": %llu,\n  \"most_rehashed_bytes\": %llu,\n"
		"  \"most_refetched_bytes\": %llu\n}\n",
		r->ordered + r->torn, r->ordered, r->torn, r->killed,
		(unsigned long long)r->records, (unsigned long long)r->sum.wrong_bytes,
		(unsigned long long)r->sum.leaked_files, (unsigned long long)r->sum.lost_durable,
		(unsigned long long)r->sum.came_back, (unsigned long long)r->sum.refused,
		(unsigned long long)r->sum.too_much, (unsigned long long)r->most_rehashed,
		(unsigned long long)r->most_refetched);
	fclose(f);
}

static int say_results(const struct replay *r)
{
	const struct {
		const char *what;
		uint64_t count;
	} rows[] = {
		{ "no wrong byte is served", r->sum.wrong_bytes },
		{ "nothing that was said to be safe is lost", r->sum.lost_durable },
		{ "nothing that was removed comes back", r->sum.came_back },
		{ "no file is left without a row", r->sum.leaked_files },
		{ "at most 1 MiB a fill is hashed or fetched again", r->sum.too_much },
		{ "every store opens", r->sum.refused },
	};
	int bad = 0;
	printf("# %u cuts (%u in order, %u torn) of %llu recorded calls, %u kills; at most %llu "
	       "bytes "
	       "hashed and %llu fetched again\n",
	       r->ordered + r->torn, r->ordered, r->torn, (unsigned long long)r->records, r->killed,
	       (unsigned long long)r->most_rehashed, (unsigned long long)r->most_refetched);
	printf("1..%zu\n", ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		printf("%sok %zu - %s\n", rows[i].count ? "not " : "", i + 1, rows[i].what);
		if (rows[i].count)
			printf("# %llu\n", (unsigned long long)rows[i].count);
		bad |= rows[i].count != 0;
	}
	return bad;
}

int main(int argc, char **argv)
{
	static struct replay r;
	struct world_promises carried = { 0 };
	char folder[PATH_MAX];
	const char *tmp = getenv("TMPDIR");
	if (argc < 6 || argc > 7)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	r.work = argv[1];
	r.recorder = argv[2];
	const unsigned cuts = (unsigned)atoi(argv[3]), kills = (unsigned)atoi(argv[4]);
	r.luck = strtoull(argv[5], NULL, 10) | 1;
	snprintf(r.base, sizeof(r.base), "%s/wasl-crash-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(r.base))
		give_up(r.base);
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		r.maps[o] = sample_map(o, world_object_size(o));
	for (unsigned left = cuts; left > 0;) {
		const unsigned now = left < CUTS_A_ROUND ? left : CUTS_A_ROUND;
		one_round(&r, now, &carried);
		left -= now;
	}
	for (unsigned i = 0; i < kills; i++) {
		if (i % KILLS_A_STORE == 0) {
			memset(&carried, 0, sizeof(carried));
			fresh_folder(&r, "store", folder);
		}
		one_kill(&r, folder, &carried);
	}
	remove_folder(r.base);
	if (argc == 7)
		write_json(&r, argv[6]);
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		objmap_free(r.maps[o]);
	return say_results(&r);
}
