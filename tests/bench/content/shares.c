// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-shares MEZZANINE PLAN.pb now|idle RUNG,RUNG…: cooks a lesson in this process and tells, as JSON, where the time went: a
 * thousand times a processor second the library that is at work is noted. Sound apart, as its codec shares a library with decoders.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pb_decode.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "content/kitchen/kitchen_plan.h"
#include "content/transcoder/cook.h"
#include "content/transcoder/libav.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/record/codec.h"

#define MAPS_MAX 256u
#define PLAN_MAX (8u << 20)

enum share { SHARE_DECODER, SHARE_SCALER, SHARE_ENCODER, SHARE_OTHER, SHARE_COUNT };
static const char *const names[SHARE_COUNT] = { "decoder", "scaler", "encoder", "other" };
static const struct {
	const char *part;
	enum share share;
} libraries[] = {
	{ "/libx264.", SHARE_ENCODER },    { "/libswscale.", SHARE_SCALER },
	{ "/libavcodec.", SHARE_DECODER }, { "/libdav1d.", SHARE_DECODER },
	{ "/libvpx.", SHARE_DECODER },
};

/* What the signal handler reads; filled before the clock starts. */
static struct {
	struct {
		uintptr_t from, to;
		enum share share;
	} maps[MAPS_MAX];
	size_t count;
	volatile uint64_t ticks[SHARE_COUNT];
} profile;

static void tick(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	const ucontext_t *c = context;
#if defined(__x86_64__)
	uintptr_t at = (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#else
	uintptr_t at = (uintptr_t)c->uc_mcontext.pc;
#endif
	enum share share = SHARE_OTHER;
	for (size_t i = 0; i < profile.count; i++)
		if (at >= profile.maps[i].from && at < profile.maps[i].to)
			share = profile.maps[i].share;
	profile.ticks[share]++;
}

static void die(const char *what, const struct fault *why)
{
	fprintf(stderr, "bench-shares: %s: %s\n", what, why ? why->text : strerror(errno));
	exit(1);
}

static void read_maps(void)
{
	char line[4096];
	FILE *f = fopen("/proc/self/maps", "r");
	if (!f)
		die("/proc/self/maps", NULL);
	while (fgets(line, sizeof(line), f) && profile.count < MAPS_MAX) {
		uintptr_t from, to;
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(libraries); i++)
			if (strstr(line, libraries[i].part)) {
				profile.maps[profile.count].from = from;
				profile.maps[profile.count].to = to;
				profile.maps[profile.count++].share = libraries[i].share;
			}
	}
	fclose(f);
}

static void start(void)
{
	struct sigaction act = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	const struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	sigaction(SIGPROF, &act, NULL);
	if (setitimer(ITIMER_PROF, &every, NULL) < 0)
		die("setitimer", NULL);
}

static double used(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cook(int source, uint64_t size, const wasl_Plan *plan, enum kitchen_point point,
		   uint32_t mask)
{
	double began = used();
	for (uint32_t s = 1; s <= plan->segments_count; s++) {
		struct kitchen_order from = { .source_fd = source,
					      .source_size = size,
					      .plan = plan,
					      .segment = s,
					      .rung_mask = mask,
					      .point = point,
					      .with_init = true };
		struct job_order order;
		struct cook_dish dishes[JOB_RUNGS_MAX];
		struct fault why;
		if (kitchen_plan_order(&from, UINT64_C(1) << 30, 600, &order, &why) ||
		    cook_segment(source, &order, dishes, &why))
			die("cook", &why);
		cook_done(dishes, order.rung_count);
	}
	return used() - began;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		die("arguments", &(struct fault){ .text = "MEZZANINE PLAN.pb now|idle RUNGS" });
	wasl_Plan plan = wasl_Plan_init_zero;
	struct fault why;
	AUTO_FREE void *bytes = NULL;
	size_t len;
	if (fileio_read(argv[2], PLAN_MAX, &bytes, &len, &why) ||
	    codec_decode(wasl_Plan_fields, bytes, len, &plan, &why))
		die(argv[2], &why);
	AUTO_FD int source = open(argv[1], O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (source < 0 || fstat(source, &st) < 0)
		die(argv[1], NULL);
	uint32_t mask = 0;
	for (char *save, *name = strtok_r(argv[4], ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		enum kitchen_rung r;
		if (kitchen_rung_parse(name, &r))
			die(name, &(struct fault){ .text = "no such rung" });
		mask |= 1u << r;
	}
	enum kitchen_point point = strcmp(argv[3], "idle") ? POINT_NOW : POINT_IDLE;
	av_log_set_level(AV_LOG_QUIET);
	double sound = plan.sample_rate
			       ? cook(source, (uint64_t)st.st_size, &plan, point, 1u << RUNG_AUDIO)
			       : 0;
	read_maps();
	start();
	double pictures = cook(source, (uint64_t)st.st_size, &plan, point, mask);
	uint64_t all = 0;
	for (int i = 0; i < SHARE_COUNT; i++)
		all += profile.ticks[i];
	printf("{\"pictures_cpu_s\":%.3f,\"sound_cpu_s\":%.3f", pictures, sound);
	for (int i = 0; i < SHARE_COUNT; i++)
		printf(",\"%s\":%.4f", names[i],
		       all ? (double)profile.ticks[i] / (double)all : 0.0);
	printf("}\n");
	pb_release(wasl_Plan_fields, &plan);
	return 0;
}
