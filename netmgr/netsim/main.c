// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/netsim/world.h"

/* wasl-netsim(1): how often the decisions are right, on traces of lines that fail. */
struct options {
	const char *spec;
	uint64_t seed;
	int64_t traces; /* 0: as the spec says */
	bool json, worst;
};

static const char usage[] =
	"usage: wasl-netsim [--spec FILE] [--seed N] [--traces N] [--json] [--worst]\n";

static int parse_number(const char *option, const char *text, uint64_t least, uint64_t most,
			uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && !errno && *out >= least &&
	    *out <= most)
		return 0;
	fprintf(stderr, "wasl-netsim: --%s '%s': write a number from %" PRIu64 " to %" PRIu64 "\n",
		option, text, least, most);
	return 2;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "spec", required_argument, NULL, 'f' },
					       { "seed", required_argument, NULL, 's' },
					       { "traces", required_argument, NULL, 'n' },
					       { "json", no_argument, NULL, 'j' },
					       { "worst", no_argument, NULL, 'w' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	uint64_t traces = 0;
	int c;
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 's' && parse_number("seed", optarg, 0, UINT64_MAX, &o->seed))
			return 2;
		if (c == 'n' && parse_number("traces", optarg, 1, SPEC_TRACES, &traces))
			return 2;
		if (c == 'f')
			o->spec = optarg;
		else if (c == 'n')
			o->traces = (int64_t)traces;
		else if (c == 'j')
			o->json = true;
		else if (c == 'w')
			o->worst = true;
		else if (c != 's') {
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? -1 : 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	return 0;
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 1;
}

static double needless_a_month(const struct score *s)
{
	return s->counted_ms ? (double)s->needless * 30 * 86400e3 / (double)s->counted_ms : 0;
}

static json_t *to_json(const struct score *s)
{
	json_t *wrong = json_object();
	for (int f = 0; f <= SPEC_FAULTS; f++)
		json_object_set_new(wrong, f < SPEC_FAULTS ? spec_fault_words[f] : "other",
				    json_real((double)s->wrong_ms[f] / 1000));
	return json_pack("{s:f, s:f, s:I, s:I, s:f, s:I, s:f, s:o}", "right_uplink_seconds",
			 share(s->right_ms, s->counted_ms), "seconds", (double)s->counted_ms / 1000,
			 "switches", (json_int_t)s->switches, "needless_switches",
			 (json_int_t)s->needless, "needless_switches_per_month",
			 needless_a_month(s), "oscillations", (json_int_t)s->oscillations,
			 "probe_mb", (double)s->asked_bytes / 1e6, "wrong_seconds", wrong);
}

static void print(const char *who, const struct score *s)
{
	printf("%-6s right %.5f  switches %llu  needless %llu (%.2f a month)  oscillations %llu\n",
	       who, share(s->right_ms, s->counted_ms), (unsigned long long)s->switches,
	       (unsigned long long)s->needless, needless_a_month(s),
	       (unsigned long long)s->oscillations);
	printf("       wrong seconds by fault of the chosen line:");
	for (int f = 0; f <= SPEC_FAULTS; f++)
		if (s->wrong_ms[f])
			printf(" %s %.0f", f < SPEC_FAULTS ? spec_fault_words[f] : "other",
			       (double)s->wrong_ms[f] / 1000);
	printf("\n");
}

static void add(struct score *sum, const struct score *one)
{
	sum->traces += one->traces;
	sum->counted_ms += one->counted_ms;
	sum->right_ms += one->right_ms;
	sum->switches += one->switches;
	sum->needless += one->needless;
	sum->oscillations += one->oscillations;
	sum->asked_bytes += one->asked_bytes;
	for (int f = 0; f <= SPEC_FAULTS; f++)
		sum->wrong_ms[f] += one->wrong_ms[f];
}

/* For whoever mends the decisions: what to look at. */
static void print_worst(const struct trace *t, uint64_t index, const struct score *one)
{
	uint64_t wrong = one->counted_ms - one->right_ms;
	if (wrong < 60000 && !one->needless && !one->oscillations)
		return;
	printf("trace %llu: wrong %.1f s, needless %llu, oscillations %llu:",
	       (unsigned long long)index, (double)wrong / 1000, (unsigned long long)one->needless,
	       (unsigned long long)one->oscillations);
	for (size_t i = 0; i < t->event_count; i++) {
		const struct trace_event *e = &t->events[i];
		printf(" [%s line %u %.1f-%.1f s amount %lld variant %u]",
		       spec_fault_words[e->fault], e->line, (double)e->from / 1000,
		       (double)e->to / 1000, (long long)e->amount, e->variant % 12);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1 };
	struct spec spec;
	struct fault why;
	int r = parse(argc, argv, &o);
	if (r)
		return r < 0 ? 0 : r;
	if (spec_read(o.spec, &spec, &why) < 0) {
		fprintf(stderr, "wasl-netsim: %s\n", why.text);
		return 1;
	}
	if (o.traces)
		spec.traces.count = o.traces;
	struct score wasl = { 0 }, mwan3 = { 0 };
	AUTO_FREE struct trace *t = malloc(sizeof(*t));
	if (!t)
		return 1;
	clock_t began = clock();
	for (int64_t i = 0; i < spec.traces.count; i++) {
		struct score one = { 0 };
		trace_draw(&spec, o.seed, (uint64_t)i, t);
		world_run_core(t, o.seed + (uint64_t)i, &one);
		if (o.worst)
			print_worst(t, (uint64_t)i, &one);
		add(&wasl, &one);
		world_run_mwan3(t, o.seed + (uint64_t)i, &mwan3);
	}
	double cpu_s = (double)(clock() - began) / CLOCKS_PER_SEC;
	if (!o.json) {
		printf("%llu traces of %lld s, seed %llu, %.1f CPU-s\n",
		       (unsigned long long)wasl.traces, (long long)spec.traces.seconds,
		       (unsigned long long)o.seed, cpu_s);
		print("wasl", &wasl);
		print("mwan3", &mwan3);
		return 0;
	}
	json_t *out = json_pack("{s:I, s:I, s:I, s:f, s:o, s:o}", "traces", (json_int_t)wasl.traces,
				"trace_seconds", (json_int_t)spec.traces.seconds, "seed",
				(json_int_t)o.seed, "cpu_s", cpu_s, "wasl", to_json(&wasl), "mwan3",
				to_json(&mwan3));
	if (!out)
		return 1;
	json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
	printf("\n");
	json_decref(out);
	return 0;
}
