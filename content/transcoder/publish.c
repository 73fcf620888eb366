// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "content/transcoder/libav.h"
#include "content/transcoder/likeness.h"
#include "content/transcoder/mezz.h"
#include "content/transcoder/probe_json.h"
#include "content/transcoder/publish_status.h"
#include "content/transcoder/straight.h"
#include "content/transcoder/words.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/sandbox.h"
#include "firmware/record/codec.h"

const char publish_usage[] = "usage: wasl-transcoder probe --in FILE [--lang ar|fr|en] [--quick]\n"
			     "       wasl-transcoder mezzanine --in FILE --out FILE.mp4 --plan "
			     "FILE.pb [--json FILE] [--poster FILE.jpg]\n"
			     "                       [--captions FILE] [--preset 4-13] [--crf "
			     "10-60] [--least-ssim 0-1]\n"
			     "                       [--straight] [--thrifty] [--progress]\n"
			     "       wasl-transcoder captions --in FILE\n"
			     "       wasl-transcoder libraries\n"
			     "       wasl-transcoder worker\n";

#define CRF_STEP 6 /* about half as much again in bytes */
#define CRF_BEST 10
#define ENCODE_SHARE 0.9 /* of the progress, where the result is compared */
#define MEMORY_BYTES (UINT64_C(6) << 30)
#define PROBE_MEMORY_BYTES \
	(UINT64_C(1) << 30) /* a look needs no encoder, and the box has other work */
#define PROBE_CPU_S 900u
#define FILE_BYTES (UINT64_C(16) << 30)
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_LIMIT(bytes) 0 /* AddressSanitizer maps terabytes */
#else
#define MEMORY_LIMIT(bytes) (bytes)
#endif

/* A file written beside its name and put in place when whole. */
struct draft {
	const char *path; /* NULL: not wanted */
	char part[PATH_MAX];
	int fd;
};

struct publish {
	const char *in;
	int in_fd;
	struct draft out, plan, json, poster, captions;
	struct mezz_options options;
	enum strings_lang lang;
	bool quick;        /* no survey */
	bool straight;     /* pictures that can stay do */
	const char *unfit; /* why they could not; NULL: they did, or nobody asked */
	int said;          /* last progress, in thousandths */
	double least;      /* SSIM that it must have; 0: nobody looks */
	struct likeness like;
};

/* --- walls ---------------------------------------------------------------------------------------- */

static int close_walls(uint64_t memory_bytes, unsigned cpu_s, struct fault *why)
{
	const struct sandbox_spec spec = { .memory_bytes = memory_bytes,
					   .cpu_s = cpu_s,
					   .file_bytes = FILE_BYTES };
	unsigned missing = 0;
	int rc = sandbox_enter(&spec, &missing, why);
	if (!rc && missing) {
		char names[64];
		sandbox_names(missing, names);
		fprintf(stderr, "wasl-transcoder: event=sandbox missing=%s\n", names);
	}
	return rc;
}

/* Runs `work` behind walls in a child; its fault comes back through a pipe. */
static int in_child(int (*work)(struct publish *, struct fault *), struct publish *p,
		    uint64_t memory_bytes, unsigned cpu_s, struct fault *why)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "publish.start", "no pipe (%s)", strerror(errno));
	AUTO_FD int from = ends[0], to = ends[1];
	fflush(stdout);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return fault_set(why, -errno, "publish.start", "no process (%s)", strerror(errno));
	if (pid == 0) {
		struct fault how = { 0 };
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int rc = getppid() == parent ? close_walls(memory_bytes, cpu_s, &how) : -ECHILD;
		if (!rc)
			rc = work(p, &how);
		fflush(stdout);
		fileio_write_all(to, &how, sizeof(how));
		_exit(rc ? 1 : 0);
	}
	close(to);
	to = -1;
	struct fault how = { 0 };
	size_t have = 0;
	while (have < sizeof(how)) {
		ssize_t got = read(from, (char *)&how + have, sizeof(how) - have);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		have += got > 0 ? (size_t)got : 0;
	}
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	how.id[sizeof(how.id) - 1] = how.text[sizeof(how.text) - 1] = '\0';
	if (WIFEXITED(status) && have == sizeof(how)) {
		if (WEXITSTATUS(status) && why)
			*why = how;
		return WEXITSTATUS(status) ? (how.code < 0 ? how.code : -EIO) : 0;
	}
	/* Without a limit of processor time nobody but the kernel ends it so. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !cpu_s)
		return fault_set(why, -ENOMEM, "publish.memory",
				 "reading it was ended: there is too little memory");
	if (WIFSIGNALED(status))
		return fault_set(
			why, -ECHILD, "publish.child",
			"reading it was stopped by signal %d: the file is damaged or hostile",
			WTERMSIG(status));
	return fault_set(why, -ECHILD, "publish.child", "reading it ended without a word");
}

/* --- what is said --------------------------------------------------------------------------------- */

static json_t *segment_json(const wasl_Segment *s)
{
	return json_pack("{s:I,s:I,s:i,s:I,s:I}", "start_ticks", (json_int_t)s->start_ticks,
			 "duration_ticks", (json_int_t)s->duration_ticks, "content_class",
			 (int)s->content_class, "byte_from", (json_int_t)s->byte_from, "byte_len",
			 (json_int_t)s->byte_len);
}

static json_t *made_json(const struct mezz_made *m, const struct publish *asked)
{
	const wasl_Plan *p = &m->plan;
	json_t *segments = json_array();
	for (pb_size_t i = 0; i < p->segments_count; i++)
		json_array_append_new(segments, segment_json(&p->segments[i]));
	json_t *plan = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:I,s:o}", "version",
				 (int)p->version, "timescale", (int)p->timescale, "width",
				 (int)p->width, "height", (int)p->height, "fps_num",
				 (int)p->fps_num, "fps_den", (int)p->fps_den, "sample_rate",
				 (int)p->sample_rate, "gain_centibel", (int)p->gain_centibel,
				 "head_bytes", (json_int_t)p->head_bytes, "segments", segments);
	json_t *o = json_pack("{s:I,s:o,s:o}", "duration_ms", (json_int_t)m->duration_ms, "source",
			      probe_json(&m->probe, STRINGS_EN), "plan", plan);
	if (o && isfinite(m->lufs))
		json_object_set_new(o, "source_lufs", json_real(round(m->lufs * 10) / 10));
	if (o && asked->unfit)
		json_object_set_new(o, "unfit", json_string(asked->unfit));
	if (o && p->has_foreign)
		json_object_set_new(o, "straight", json_true());
	else if (o)
		json_object_set_new(o, "crf", json_integer(asked->options.crf));
	if (o && asked->like.pictures) {
		json_object_set_new(o, "ssim", json_real(asked->like.mean));
		json_object_set_new(o, "ssim_worst_segment", json_real(asked->like.worst));
		json_object_set_new(o, "ssim_pictures",
				    json_integer((json_int_t)asked->like.pictures));
	}
	return o;
}

static int put_json(int fd, json_t *o, struct fault *why)
{
	char *text = o ? json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) : NULL;
	json_decref(o);
	int rc = text ? fileio_write_all(fd, text, strlen(text)) : -ENOMEM;
	if (!rc)
		rc = fileio_write_all(fd, "\n", 1);
	free(text);
	return rc ? fault_set(why, rc, "publish.json", "the description cannot be written (%s)",
			      strerror(-rc))
		  : 0;
}

/* --- probe ---------------------------------------------------------------------------------------- */

static int open_input(struct publish *p, struct fault *why)
{
	p->in_fd = open(p->in, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (p->in_fd < 0 || fstat(p->in_fd, &st) < 0)
		return fault_set(why, -errno, "publish.open", "it cannot be opened (%s)",
				 strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(why, -EINVAL, "publish.open", "it is not a plain file");
	return 0;
}

static int survey_work(struct source *s, struct probe *p, enum strings_lang lang, json_t **out,
		       struct fault *why)
{
	struct survey pictures = { 0 };
	double lufs = -HUGE_VAL;
	int rc = p->picture >= 0 ? survey_pictures(s, p, &pictures, why) : 0;
	if (rc)
		return rc;
	if (p->sound >= 0)
		rc = survey_sound(s, p, &lufs, why);
	if (!rc) {
		survey_judge(&pictures, &p->said);
		*out = probe_json(p, lang);
		probe_json_survey(*out, &pictures, lufs);
	}
	survey_done(&pictures);
	return rc;
}

static int probe_work(struct publish *p, struct fault *why)
{
	struct stat st;
	struct source s = { 0 };
	struct probe found;
	if (fstat(p->in_fd, &st) < 0)
		return fault_set(why, -errno, "publish.open", "it cannot be read (%s)",
				 strerror(errno));
	const struct job_span whole = { 0, (uint64_t)st.st_size };
	int rc = probe_file(p->in_fd, (uint64_t)st.st_size, &s, &whole, &found, why);
	if (rc)
		return rc;
	json_t *said = NULL;
	if (found.verdict != PROBE_REFUSE && !p->quick)
		rc = survey_work(&s, &found, p->lang, &said, why);
	else
		said = probe_json(&found, p->lang);
	if (found.verdict != PROBE_REFUSE)
		source_close(&s);
	if (!rc)
		return put_json(STDOUT_FILENO, said, why);
	json_decref(said);
	return rc;
}

static int report(const char *in, int rc, const struct fault *why)
{
	if (rc)
		fprintf(stderr, "wasl-transcoder: '%s': %s (%s)\n", in, why->text, why->id);
	return publish_status(rc);
}

/* A file that brings its reader down has a verdict, too. */
static int say_hostile(const struct publish *p, struct fault *why)
{
	struct probe found = { .picture = -1, .sound = -1 };
	verdict_add(&found.said, "probe.hostile", NULL, NULL);
	return report(p->in, put_json(STDOUT_FILENO, probe_json(&found, p->lang), why), why);
}

int publish_probe(int argc, char **argv)
{
	static const struct option options[] = { { "in", required_argument, NULL, 'i' },
						 { "lang", required_argument, NULL, 'l' },
						 { "quick", no_argument, NULL, 'q' },
						 { 0 } };
	struct publish p = { .in_fd = -1, .lang = STRINGS_EN };
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'i')
			p.in = optarg;
		else if (o == 'q')
			p.quick = true;
		else if (o != 'l' || strings_lang_parse(optarg, &p.lang))
			return 2;
	}
	if (!p.in || optind != argc)
		return 2;
	struct fault why = { 0 };
	av_log_set_level(AV_LOG_QUIET);
	int rc = open_input(&p, &why);
	if (!rc)
		rc = in_child(probe_work, &p, MEMORY_LIMIT(PROBE_MEMORY_BYTES), PROBE_CPU_S, &why);
	if (p.in_fd >= 0)
		close(p.in_fd);
	if (rc && !strcmp(why.id, "publish.child"))
		return say_hostile(&p, &why);
	return report(p.in, rc, &why);
}

/* --- mezzanine ------------------------------------------------------------------------------------ */

static void say(struct publish *p, double done)
{
	int now = (int)(done * 1000);
	if (now == p->said)
		return;
	p->said = now;
	printf("{\"done\":%.3f}\n", done);
	fflush(stdout);
}

static void say_progress(void *data, double done)
{
	struct publish *p = data;
	say(p, p->least > 0 ? done * ENCODE_SHARE : done);
}

static void say_compared(void *data, double done)
{
	say(data, ENCODE_SHARE + (1 - ENCODE_SHARE) * done);
}

static int empty(int fd, struct fault *why)
{
	if (fd >= 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
		return fault_set(why, -errno, "publish.keep", "it cannot be begun anew (%s)",
				 strerror(errno));
	return 0;
}

static int empty_both(const struct publish *p, struct fault *why)
{
	int rc = empty(p->out.fd, why);
	return rc ? rc : empty(p->poster.fd, why);
}

/* Encoded again, better, until it is like enough; then it is as small as that allows, within a step. */
static int make_alike(struct publish *p, struct mezz_made *made, struct fault *why)
{
	for (;;) {
		int rc = mezz_make(p->in_fd, p->out.fd, p->poster.fd, &p->options, made, why);
		if (rc || p->least <= 0 || made->probe.picture < 0)
			return rc;
		rc = likeness_measure(p->in_fd, p->out.fd, &made->plan, made->duration_ms,
				      p->options.progress ? say_compared : NULL, p, &p->like, why);
		if (!rc && p->like.mean >= p->least)
			return 0;
		if (!rc && p->options.crf - CRF_STEP < CRF_BEST)
			rc = fault_set(
				why, -EBADMSG, "publish.unlike",
				"even at CRF %d it is not like its source (SSIM %.4f, at "
				"least %.4f is wanted): clean the recording of noise, or ask "
				"for less with --least-ssim",
				p->options.crf, p->like.mean, p->least);
		if (!rc)
			rc = empty_both(p, why);
		mezz_made_done(made);
		if (rc)
			return rc;
		p->options.crf -= CRF_STEP;
	}
}

/* As it is where that is asked for and can be, else a mezzanine. */
static int make_film(struct publish *p, struct mezz_made *made, struct fault *why)
{
	if (!p->straight)
		return make_alike(p, made, why);
	int rc =
		straight_make(p->in_fd, p->out.fd, p->poster.fd, &p->options, made, &p->unfit, why);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = empty_both(p, why);
	return rc ? rc : make_alike(p, made, why);
}

static int put_plan(int fd, const wasl_Plan *plan, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len;
	int rc = codec_encode(wasl_Plan_fields, plan, &bytes, &len, why);
	if (rc)
		return rc;
	rc = fileio_write_all(fd, bytes, len);
	return rc ? fault_set(why, rc, "publish.plan", "the plan cannot be written (%s)",
			      strerror(-rc))
		  : 0;
}

/* A lesson whose captions cannot be read is one all the same. */
static int put_captions(struct publish *p, int64_t start_us, struct fault *why)
{
	struct box_out words = { 0 };
	struct stat st;
	struct fault lost;
	if (p->captions.fd < 0 || fstat(p->in_fd, &st) < 0)
		return 0;
	int rc = 0;
	if (words_take(p->in_fd, (uint64_t)st.st_size, start_us, &words, &lost))
		fprintf(stderr, "wasl-transcoder: '%s': %s (%s)\n", p->in, lost.text, lost.id);
	else
		rc = fileio_write_all(p->captions.fd, words.bytes, words.len);
	box_done(&words);
	return rc ? fault_set(why, rc, "publish.captions", "captions cannot be written (%s)",
			      strerror(-rc))
		  : 0;
}

static int mezz_work(struct publish *p, struct fault *why)
{
	struct mezz_made made;
	int rc = make_film(p, &made, why);
	if (rc)
		return rc;
	rc = put_plan(p->plan.fd, &made.plan, why);
	if (!rc && p->json.fd >= 0)
		rc = put_json(p->json.fd, made_json(&made, p), why);
	if (!rc)
		rc = put_captions(p, made.probe.start_us, why);
	if (made.probe.verdict == PROBE_SALVAGE)
		fprintf(stderr, "wasl-transcoder: '%s': %s (%s)\n", p->in, made.probe.text,
			made.probe.reason);
	mezz_made_done(&made);
	return rc;
}

static int draft_open(struct draft *d, struct fault *why)
{
	if (!d->path)
		return 0;
	int len = snprintf(d->part, sizeof(d->part), "%s.part", d->path);
	if (len < 0 || (size_t)len >= sizeof(d->part))
		return fault_set(why, -ENAMETOOLONG, "publish.open", "'%s' is too long a name",
				 d->path);
	d->fd = open(d->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (d->fd < 0)
		return fault_set(why, -errno, "publish.open", "'%s' cannot be written (%s)",
				 d->part, strerror(errno));
	return 0;
}

static int draft_keep(struct draft *d, struct fault *why)
{
	if (!d->path)
		return 0;
	struct stat st;
	/* A lesson without any picture for a poster leaves none. */
	if (fstat(d->fd, &st) == 0 && st.st_size == 0)
		return 0;
	if (fsync(d->fd) < 0 || rename(d->part, d->path) < 0)
		return fault_set(why, -errno, "publish.keep", "'%s' cannot be put in place (%s)",
				 d->path, strerror(errno));
	d->path = NULL;
	return 0;
}

static void draft_drop(struct draft *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->path && d->fd >= 0)
		unlink(d->part);
	d->fd = -1;
}

static int number(const char *text, long low, long high, int *out)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || *end || end == text || n < low || n > high)
		return -EINVAL;
	*out = (int)n;
	return 0;
}

static int share(const char *text, double *out)
{
	char *end;
	const double n = strtod(text, &end);
	if (*end || end == text || !(n >= 0 && n <= 1))
		return -EINVAL;
	*out = n;
	return 0;
}

static int read_arguments(struct publish *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ "in", required_argument, NULL, 'i' },
		{ "out", required_argument, NULL, 'o' },
		{ "plan", required_argument, NULL, 'p' },
		{ "json", required_argument, NULL, 'j' },
		{ "poster", required_argument, NULL, 'P' },
		{ "captions", required_argument, NULL, 'w' },
		{ "preset", required_argument, NULL, 's' },
		{ "crf", required_argument, NULL, 'c' },
		{ "least-ssim", required_argument, NULL, 'l' },
		{ "straight", no_argument, NULL, 'S' },
		{ "thrifty", no_argument, NULL, 't' },
		{ "progress", no_argument, NULL, 'v' },
		{ 0 },
	};
	int rc = 0;
	for (int o; !rc && (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 'i':
			p->in = optarg;
			break;
		case 'o':
			p->out.path = optarg;
			break;
		case 'p':
			p->plan.path = optarg;
			break;
		case 'j':
			p->json.path = optarg;
			break;
		case 'P':
			p->poster.path = optarg;
			break;
		case 'w':
			p->captions.path = optarg;
			break;
		case 's':
			rc = number(optarg, 4, 13, &p->options.preset);
			break;
		case 'c':
			rc = number(optarg, 10, 60, &p->options.crf);
			break;
		case 'l':
			rc = share(optarg, &p->least);
			break;
		case 'S':
			p->straight = true;
			break;
		case 't':
			p->options.thrifty = true;
			break;
		case 'v':
			p->options.progress = say_progress;
			p->options.data = p;
			break;
		default:
			rc = -EINVAL;
		}
	}
	return rc || !p->in || !p->out.path || !p->plan.path || optind != argc ? -EINVAL : 0;
}

int publish_mezzanine(int argc, char **argv)
{
	struct publish p = { .in_fd = -1,
			     .said = -1,
			     .out.fd = -1,
			     .plan.fd = -1,
			     .json.fd = -1,
			     .poster.fd = -1,
			     .captions.fd = -1,
			     .options = { .preset = 10, .crf = 34, .sound_bps = 36000 } };
	if (read_arguments(&p, argc, argv))
		return 2;
	struct draft *drafts[] = { &p.out, &p.poster, &p.json, &p.captions,
				   &p.plan }; /* the plan last: it says that all is there */
	const char *out = p.out.path;
	struct fault why = { 0 };
	av_log_set_level(AV_LOG_QUIET);
	setenv("SVT_LOG", "-1", 1);
	int rc = open_input(&p, &why);
	for (size_t i = 0; i < ARRAY_LEN(drafts) && !rc; i++)
		rc = draft_open(drafts[i], &why);
	if (!rc)
		rc = in_child(mezz_work, &p, MEMORY_LIMIT(MEMORY_BYTES), 0, &why);
	for (size_t i = 0; i < ARRAY_LEN(drafts) && !rc; i++)
		rc = draft_keep(drafts[i], &why);
	for (size_t i = 0; i < ARRAY_LEN(drafts); i++)
		draft_drop(drafts[i]);
	if (!rc)
		rc = fileio_sync_parent(out);
	if (p.in_fd >= 0)
		close(p.in_fd);
	return report(p.in, rc, &why);
}
