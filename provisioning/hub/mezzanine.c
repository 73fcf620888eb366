// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/mezzanine.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pb_decode.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"

/* Grows when the transcoder's recipe changes, so that lessons are encoded anew. */
#define RECIPE "4"

enum {
	PIECE = 1 << 20,
	PLAN_LIMIT = 8 << 20,
	CAPTIONS_LIMIT = 1 << 20,
	WORDS = 512,
	FULL_BYTES = 256 << 10
};

void mezzanine_done(struct mezzanine *m)
{
	pb_release(wasl_Plan_fields, &m->plan);
	*m = (struct mezzanine){ .plan = wasl_Plan_init_zero };
}

void mezzanine_program(char out[static 4096])
{
	char self[3072];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(out, 4096, "%s/wasl-transcoder", slash ? self : "/usr/bin");
}

/* Name of the cached files: what goes in, and how. */
static int cache_key(const char *video, int preset, char out[static 65], struct fault *why)
{
	AUTO_FD int fd = open(video, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return fault_set(why, -errno, "publish.open", "'%s': %s", video, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(why, -EINVAL, "publish.open", "'%s' is no file; name a video",
				 video);
	AUTO_FREE uint8_t *piece = malloc(PIECE);
	if (!piece)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	static const char domain[] = "wasl:mezzanine:" RECIPE;
	uint8_t hash[32];
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)domain, sizeof(domain));
	const uint8_t slow = (uint8_t)preset;
	crypto_generichash_update(&state, &slow, sizeof(slow));
	for (ssize_t n; (n = read(fd, piece, PIECE)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_set(why, -errno, "publish.read", "'%s': %s", video,
					 strerror(errno));
		crypto_generichash_update(&state, piece, (unsigned long long)n);
	}
	crypto_generichash_final(&state, hash, sizeof(hash));
	text_hex(hash, sizeof(hash), out);
	return 0;
}

struct child {
	pid_t pid;
	int out, err; /* our end of its pipe; what it says when it fails */
};

static void clean_child(struct child *c)
{
	if (c->out >= 0)
		close(c->out);
	if (c->err >= 0)
		close(c->err);
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
}

/* In the child: never returns. */
static void become(const char *program, char *const argv[], pid_t parent, int out, int err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(127);
	execv(program, argv);
	dprintf(STDERR_FILENO, "'%s' cannot be started: %s\n", program, strerror(errno));
	_exit(127);
}

static int start_child(const char *program, char *const argv[], struct child *out,
		       struct fault *why)
{
	int to[2];
	if (pipe2(to, O_CLOEXEC))
		return fault_set(why, -errno, "publish.pipe", "no pipe: %s", strerror(errno));
	AUTO_FD int out_read = to[0];
	AUTO_FD int out_write = to[1];
	/* Not a pipe: however much it complains, it never has to wait for us. */
	AUTO_FD int err = memfd_create("wasl-transcoder", MFD_CLOEXEC);
	if (err < 0)
		return fault_set(why, -errno, "publish.pipe", "no memory file: %s",
				 strerror(errno));
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return fault_set(why, -errno, "publish.fork", "'%s' cannot be started: %s", program,
				 strerror(errno));
	if (pid == 0)
		become(program, argv, parent, out_write, err);
	*out = (struct child){ pid, MOVE_FD(out_read), MOVE_FD(err) };
	return 0;
}

struct listener {
	void (*progress)(void *data, int percent);
	void *data;
	FILE *keep; /* NULL, or where all that it says goes */
	int shown;
};

/* `wasl-transcoder mezzanine --progress` says how far it is as {"done":0.427}. */
static void hear(struct listener *l, const char *line)
{
	static const char mark[] = "{\"done\":";
	if (l->keep && ftell(l->keep) < CAPTIONS_LIMIT)
		fputs(line, l->keep);
	if (!l->progress || strncmp(line, mark, sizeof(mark) - 1) != 0)
		return;
	int percent = (int)(strtod(line + sizeof(mark) - 1, NULL) * 100);
	if (percent < 0 || percent > 100 || percent == l->shown)
		return;
	l->shown = percent;
	l->progress(l->data, l->shown);
}

/* The last line that it said on standard error: the sentence for a person. */
static void last_words(int fd, char words[static WORDS])
{
	struct stat st;
	if (fstat(fd, &st))
		return;
	char tail[WORDS];
	off_t from = st.st_size > WORDS - 1 ? st.st_size - (WORDS - 1) : 0;
	ssize_t n = pread(fd, tail, WORDS - 1, from);
	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
		n--;
	tail[n > 0 ? n : 0] = '\0';
	const char *newline = strrchr(tail, '\n');
	const char *line = newline ? newline + 1 : tail;
	static const char name[] = "wasl-transcoder: ";
	if (strncmp(line, name, sizeof(name) - 1) == 0)
		line += sizeof(name) - 1;
	snprintf(words, WORDS, "%s", line);
}

/* Follows the child to its end. */
static int follow(struct child *c, struct listener *l, struct fault *why)
{
	FILE *out = fdopen(c->out, "r");
	if (!out)
		return fault_set(why, -errno, "publish.pipe", "out of memory");
	c->out = -1;
	AUTO_FREE char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, out) > 0)
		hear(l, line);
	fclose(out);
	int status = 0;
	pid_t got = waitpid(c->pid, &status, 0);
	c->pid = 0;
	if (got < 0)
		return fault_set(why, -errno, "publish.wait", "the transcoder was lost: %s",
				 strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	char words[WORDS] = "";
	last_words(c->err, words);
	if (!*words)
		snprintf(words, sizeof(words), "wasl-transcoder ended with %s %d",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return fault_set(why, -EBADMSG, "publish.transcoder", "%s", words);
}

/* The files of one lesson. */
struct kept {
	struct path film, plan, poster, facts; /* facts: what the transcoder says of it, JSON */
};

static struct kept kept_at(const char *dir, const char *name)
{
	return (struct kept){ paths_at("%s/mezzanine/%s.mp4", dir, name),
			      paths_at("%s/mezzanine/%s.plan", dir, name),
			      paths_at("%s/mezzanine/%s.jpg", dir, name),
			      paths_at("%s/mezzanine/%s.json", dir, name) };
}

static int transcode(const struct mezzanine_maker *maker, const char *video, const struct kept *to,
		     struct listener *l, struct fault *why)
{
	struct kept made = *to;
	struct path self = paths_given("%s", maker->program), source = paths_given("%s", video);
	char verb[] = "mezzanine", in[] = "--in", out[] = "--out", plan[] = "--plan",
	     poster[] = "--poster", say[] = "--progress", json[] = "--json",
	     least[] = "--least-ssim", ssim[16], slow[] = "--preset", preset[16];
	snprintf(ssim, sizeof(ssim), "%.4f", MEZZANINE_LEAST_SSIM);
	snprintf(preset, sizeof(preset), "%d", maker->preset);
	char *const argv[] = { self.at, verb,         in,     source.at,      out,  made.film.at,
			       plan,    made.plan.at, poster, made.poster.at, json, made.facts.at,
			       least,   ssim,         slow,   preset,         say,  NULL };
	CLEANUP(clean_child) struct child c = { 0, -1, -1 };
	int rc = start_child(self.at, argv, &c, why);
	return rc ? rc : follow(&c, l, why);
}

int mezzanine_captions(const char *dir, const char *program, const char *captions,
		       char out[static 4096], struct fault *why)
{
	struct path self = paths_given("%s", program), source = paths_given("%s", captions);
	struct path made = paths_at("%s/mezzanine/captions.vtt", dir);
	char verb[] = "captions", in[] = "--in", *text = NULL;
	char *const argv[] = { self.at, verb, in, source.at, NULL };
	CLEANUP(clean_child) struct child c = { 0, -1, -1 };
	size_t len = 0;
	struct listener l = { .keep = open_memstream(&text, &len) };
	if (!l.keep)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = start_child(self.at, argv, &c, why);
	if (rc == 0)
		rc = follow(&c, &l, why);
	if (fclose(l.keep) != 0 && rc == 0)
		rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	/* It has read foreign bytes: what it says is looked at, too. */
	if (rc == 0 &&
	    (len > CAPTIONS_LIMIT || strncmp(text, "WEBVTT", 6) != 0 || !text_is_utf8(text, len)))
		rc = fault_set(why, -EBADMSG, "publish.captions",
			       "'%s': no WebVTT of at most 1 MiB comes of these captions",
			       captions);
	if (rc == 0)
		rc = fileio_replace(made.at, text, len, 0600, why);
	if (rc == 0)
		snprintf(out, 4096, "%s", made.at);
	free(text);
	return rc;
}

/* What the catalogue will promise must lie within the film: the transcoder has read foreign bytes. */
static bool plan_fits(const wasl_Plan *plan, uint64_t size)
{
	if (plan->segments_count == 0 || plan->timescale == 0)
		return false;
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		const wasl_Segment *s = &plan->segments[i];
		if (s->byte_from > size || s->byte_len > size - s->byte_from ||
		    s->duration_ticks == 0)
			return false;
	}
	return true;
}

static int read_plan(const char *path, const char *film, wasl_Plan *out, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct stat st;
	if (stat(film, &st))
		return fault_set(why, -errno, "publish.film", "'%s': %s", film, strerror(errno));
	int rc = fileio_read(path, PLAN_LIMIT, &bytes, &len, why);
	if (rc == 0)
		rc = codec_decode(wasl_Plan_fields, bytes, len, out, why);
	if (rc == 0 && !plan_fits(out, (uint64_t)st.st_size)) {
		pb_release(wasl_Plan_fields, out);
		*out = (wasl_Plan)wasl_Plan_init_zero;
		rc = fault_set(why, -EBADMSG, "publish.plan",
			       "'%s' does not fit its film; remove it and publish again", path);
	}
	return rc;
}

/* A transcoder without room to write fails in many ways; the disk tells which it was. */
static int disk_full(const char *folder)
{
	struct statvfs fs;
	return statvfs(folder, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BYTES;
}

/* 0, or the errno of what failed. A film without a picture left no poster. */
static int keep(const struct kept *fresh, const struct kept *to)
{
	AUTO_FD int fd = open(fresh->film.at, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0644) || fsync(fd) || rename(fresh->film.at, to->film.at))
		return -errno;
	if (rename(fresh->poster.at, to->poster.at) && errno != ENOENT)
		return -errno;
	if (rename(fresh->facts.at, to->facts.at) && errno != ENOENT)
		return -errno;
	if (rename(fresh->plan.at, to->plan.at))
		return -errno;
	return fileio_sync_parent(to->plan.at);
}

/* Makes them under other names; the plan gets its own name last and marks the others as finished. */
static int make(const char *dir, const struct kept *to, const struct mezzanine_maker *maker,
		const char *video, struct listener *l, struct fault *why)
{
	/* One publisher at a time: what an interrupted run leaves is removed by the next. */
	const struct kept fresh = kept_at(dir, "unfinished");
	unlink(fresh.poster.at);
	int rc = transcode(maker, video, &fresh, l, why);
	if (rc == -EBADMSG && disk_full(dir))
		rc = fault_set(why, -ENOSPC, "publish.full",
			       "'%s': the disk is full; free some space and publish again, nothing "
			       "was changed",
			       dir);
	if (rc == 0) {
		rc = keep(&fresh, to);
		if (rc)
			fault_set(why, rc, "publish.keep", "'%s': %s", to->film.at, strerror(-rc));
	}
	if (rc) {
		unlink(fresh.film.at);
		unlink(fresh.poster.at);
		unlink(fresh.facts.at);
		unlink(fresh.plan.at);
	}
	return rc;
}

/* For people alone: a file that says nothing is no reason to refuse a lesson. */
static void read_facts(const char *path, struct mezzanine *m)
{
	json_t *facts = json_load_file(path, 0, NULL);
	m->ssim = json_number_value(json_object_get(facts, "ssim"));
	m->crf = (int)json_integer_value(json_object_get(facts, "crf"));
	json_decref(facts);
}

uint64_t mezzanine_ladder_bytes(const wasl_Plan *plan, uint64_t duration_ms)
{
	static const struct {
		uint32_t side, kbps;
	} rungs[] = { { 480, 1200 }, { 360, 700 }, { 240, 350 }, { 144, 150 } };
	const uint32_t side = plan->width < plan->height ? plan->width : plan->height;
	uint64_t kbps = plan->sample_rate ? 64 : 0;
	for (size_t i = 0; i < ARRAY_LEN(rungs); i++)
		if (rungs[i].side <= side || i + 1 == ARRAY_LEN(rungs))
			kbps += rungs[i].kbps;
	return duration_ms * kbps / 8;
}

int mezzanine_make(const char *dir, const struct mezzanine_maker *maker, const char *video,
		   void (*progress)(void *data, int percent), void *data, struct mezzanine *out,
		   struct fault *why)
{
	char key[65];
	struct mezzanine m = { .plan = wasl_Plan_init_zero };
	struct listener l = { .progress = progress, .data = data, .shown = -1 };
	int rc = cache_key(video, maker->preset, key, why);
	if (rc == 0)
		rc = paths_mkdir(paths_at("%s/mezzanine", dir).at, 0755, why);
	if (rc)
		return rc;
	const struct kept at = kept_at(dir, key);
	if (access(at.plan.at, F_OK) != 0 || access(at.film.at, F_OK) != 0)
		rc = make(dir, &at, maker, video, &l, why);
	if (rc == 0)
		rc = read_plan(at.plan.at, at.film.at, &m.plan, why);
	if (rc)
		return rc;
	snprintf(m.path, sizeof(m.path), "%s", at.film.at);
	struct stat st;
	m.bytes = stat(at.film.at, &st) == 0 ? (uint64_t)st.st_size : 0;
	const wasl_Segment *last = &m.plan.segments[m.plan.segments_count - 1];
	m.duration_ms = (last->start_ticks + last->duration_ticks) * 1000 / m.plan.timescale;
	read_facts(at.facts.at, &m);
	if (access(at.poster.at, R_OK) == 0)
		snprintf(m.poster, sizeof(m.poster), "%s", at.poster.at);
	*out = m;
	return 0;
}
