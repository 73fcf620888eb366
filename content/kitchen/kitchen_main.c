// SPDX-License-Identifier: GPL-2.0-or-later
/* wasl-kitchen: any video in, a ladder out, by hand; `wasl kitchen` runs it. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/kitchen/kitchen_hand.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

static const char usage[] =
	"usage: wasl-kitchen FILE --out DIR [--point now|idle] [--rungs LIST] [--plan FILE.pb]\n"
	"                    [--workers N] [--cpu SECONDS] [--memory BYTES] [--segment N] "
	"[--json]\n";

#define ALL_RUNGS ((1u << RUNG_COUNT) - 1)
#define HOUSE_RUNGS (ALL_RUNGS & ~(1u << RUNG_720P))
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_BYTES 0 /* AddressSanitizer maps terabytes */
#else
#define MEMORY_BYTES (UINT64_C(1536) << 20)
#endif

struct call {
	struct hand_order order;
	char program[PATH_MAX];
	int json;
};

static int number(const char *text, uint64_t most, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || n > most)
		return -EINVAL;
	*out = n;
	return 0;
}

static int read_rungs(char *list, uint32_t *out)
{
	uint32_t mask = 0;
	char *save = NULL;
	for (char *name = strtok_r(list, ", ", &save); name; name = strtok_r(NULL, ", ", &save)) {
		enum kitchen_rung r;
		if (kitchen_rung_parse(name, &r))
			return -EINVAL;
		mask |= 1u << r;
	}
	*out = mask;
	return mask ? 0 : -EINVAL;
}

static int read_point(const char *name, enum kitchen_point *out)
{
	if (strcmp(name, "now") != 0 && strcmp(name, "idle") != 0)
		return -EINVAL;
	*out = !strcmp(name, "idle") ? POINT_IDLE : POINT_NOW;
	return 0;
}

static int take_option(struct call *c, int option, char *value)
{
	uint64_t n = 0;
	int rc = 0;
	switch (option) {
	case 'o':
		c->order.folder = value;
		break;
	case 'p':
		return read_point(value, &c->order.point);
	case 'r':
		return read_rungs(value, &c->order.rungs);
	case 'P':
		c->order.plan = value;
		break;
	case 't':
		c->order.program = value;
		break;
	case 'w':
		rc = number(value, 64, &n);
		c->order.workers = (unsigned)n;
		break;
	case 'c':
		rc = number(value, 36000, &n);
		c->order.cpu_s = (unsigned)n;
		break;
	case 'm':
		rc = number(value, INT64_MAX, &n);
		c->order.memory_bytes = n;
		break;
	case 's':
		rc = number(value, UINT32_MAX, &n);
		c->order.segment = (uint32_t)n;
		break;
	case 'j':
		c->json = 1;
		break;
	default:
		rc = -EINVAL;
	}
	return rc;
}

static int read_arguments(struct call *c, int argc, char **argv)
{
	static const struct option options[] = { { "out", required_argument, NULL, 'o' },
						 { "point", required_argument, NULL, 'p' },
						 { "rungs", required_argument, NULL, 'r' },
						 { "plan", required_argument, NULL, 'P' },
						 { "transcoder", required_argument, NULL, 't' },
						 { "workers", required_argument, NULL, 'w' },
						 { "cpu", required_argument, NULL, 'c' },
						 { "memory", required_argument, NULL, 'm' },
						 { "segment", required_argument, NULL, 's' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (take_option(c, o, optarg))
			return -EINVAL;
	if (optind + 1 != argc || !c->order.folder)
		return -EINVAL;
	c->order.file = argv[optind];
	return 0;
}

/* wasl-transcoder beside this program. */
static int find_transcoder(struct call *c)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (c->order.program)
		return 0;
	if (len < 0)
		return -errno;
	self[len] = '\0';
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if ((size_t)snprintf(c->program, sizeof(c->program), "%s/wasl-transcoder", self) >=
	    sizeof(c->program))
		return -ENAMETOOLONG;
	c->order.program = c->program;
	return 0;
}

/* --- what is said --------------------------------------------------------------------------------- */

static json_t *rungs_json(const struct hand_result *r)
{
	json_t *list = json_array();
	for (enum kitchen_rung k = 0; k < RUNG_COUNT; k++) {
		if (!(r->rung_mask & 1u << k))
			continue;
		const struct kitchen_shape *s = &r->shapes[k];
		json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:i,s:i,s:s,s:I}", "name",
						      kitchen_rung_name(k), "width", (int)s->width,
						      "height", (int)s->height, "fps_num",
						      (int)s->fps_num, "fps_den", (int)s->fps_den,
						      "codecs", s->codecs, "bytes",
						      (json_int_t)r->bytes[k]));
	}
	return list;
}

static json_t *lost_json(const struct verdict *v)
{
	json_t *list = json_array();
	for (size_t i = 0; i < v->count && v->kind == VERDICT_SALVAGE; i++) {
		AUTO_FREE char *text = verdict_sentence(v, i, STRINGS_EN);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", verdict_lost(v, i),
						      "reason", v->notes[i].reason, "text",
						      text ? text : ""));
	}
	return list;
}

static json_t *result_json(const struct hand_result *r)
{
	AUTO_FREE char *text = verdict_text(&r->said, STRINGS_EN);
	if (!text)
		return NULL;
	return json_pack("{s:s,s:s,s:s,s:o,s:I,s:I,s:o,s:f,s:f,s:s,s:i,s:i,s:s,s:s}", "verdict",
			 verdict_name(r->said.kind), "reason", verdict_reason(&r->said), "text",
			 text, "lost", lost_json(&r->said), "planned_ms", (json_int_t)r->planned_ms,
			 "produced_ms", (json_int_t)r->produced_ms, "rungs", rungs_json(r), "cpu_s",
			 round(r->cpu_s * 1000) / 1000, "rss_mb", round(r->rss_mb * 10) / 10,
			 "generation", r->generation, "segments", (int)r->segments, "made",
			 (int)r->made, "detail", r->detail, "walls_missing", r->walls);
}

static void say_progress(void *data, uint32_t done, uint32_t of)
{
	(void)data;
	fprintf(stderr, "\rsegment %u of %u", done, of);
	if (done == of)
		fputc('\n', stderr);
}

static void say(const struct call *c, const struct hand_result *r, const char *json)
{
	if (c->json) {
		puts(json);
		return;
	}
	AUTO_FREE char *text = verdict_text(&r->said, STRINGS_EN);
	printf("%s%s%s\n", verdict_name(r->said.kind), text && *text ? ": " : "", text ? text : "");
	if (*r->detail)
		printf("the first failure was: %s\n", r->detail);
	if (r->said.kind == VERDICT_REFUSE)
		return;
	printf("%.1f of %.1f s in %u segments, %.1f CPU-s, %.0f MB\n",
	       (double)r->produced_ms / 1000, (double)r->planned_ms / 1000, r->segments, r->cpu_s,
	       r->rss_mb);
	for (enum kitchen_rung k = 0; k < RUNG_COUNT; k++)
		if (r->rung_mask & 1u << k)
			printf("  %-5s %10llu bytes\n", kitchen_rung_name(k),
			       (unsigned long long)r->bytes[k]);
	printf("%s/master.m3u8\n", c->order.folder);
}

static int report(const struct call *c, const struct hand_result *r, struct fault *why)
{
	json_t *o = result_json(r);
	AUTO_FREE char *text = o ? json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
	json_decref(o);
	if (!text)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	say(c, r, text);
	const struct path p = paths_given("%s/verdict.json", c->order.folder);
	return fileio_replace(p.at, text, strlen(text), 0644, why);
}

int main(int argc, char **argv)
{
	struct call c = { .order = { .rungs = HOUSE_RUNGS, .memory_bytes = MEMORY_BYTES } };
	struct hand_result result;
	struct fault why;
	if (argc == 2 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")))
		return puts("wasl-kitchen " WASL_VERSION) < 0;
	if (read_arguments(&c, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (find_transcoder(&c)) {
		fputs("wasl-kitchen: there is no wasl-transcoder; reinstall Wasl\n", stderr);
		return 1;
	}
	if (!c.json && isatty(STDERR_FILENO))
		c.order.progress = say_progress;
	int rc = hand_cook(&c.order, &result, &why);
	if (!rc)
		rc = report(&c, &result, &why);
	if (rc) {
		fprintf(stderr, "wasl-kitchen: '%s': %s (%s)\n", c.order.file, why.text, why.id);
		return 1;
	}
	return result.said.kind == VERDICT_REFUSE ? 1 : 0;
}
