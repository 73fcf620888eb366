// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

CLEAN_FN(loop, sd_event, sd_event_unref)

struct arguments {
	const char *extra;
	enum { RUN, CHECK, PRINT } task;
};

static void put_usage(const struct daemon_spec *spec, FILE *to)
{
	fprintf(to,
		"usage: wasl-%s [-n] [-c FILE]\n"
		"%s\n\n"
		"  -c FILE      read one more configuration file, last\n"
		"  -n           check the configuration and exit\n"
		"  -h, --help   this text\n"
		"  -V           version\n"
		"  --print-conf the configuration in force\n"
		"  --print-man  its description as mdoc\n",
		spec->name, spec->summary);
}

/* -1 to go on, else the exit status. */
static int read_arguments(const struct daemon_spec *spec, int argc, char **argv,
			  struct arguments *out)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "print-conf", no_argument, NULL, 'p' },
		{ "print-man", no_argument, NULL, 'm' },
		{ 0 },
	};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "c:nhV", longs, NULL)) != -1;) {
		switch (c) {
		case 'c':
			out->extra = optarg;
			break;
		case 'n':
			out->task = CHECK;
			break;
		case 'h':
			put_usage(spec, stdout);
			return EXIT_GOOD;
		case 'V':
			printf("wasl-%s %s\n", spec->name, WASL_VERSION);
			return EXIT_GOOD;
		case 'p':
			out->task = PRINT;
			break;
		case 'm':
			conf_print_man(spec->schema, stdout);
			return EXIT_GOOD;
		default:
			put_usage(spec, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "wasl-%s: '%s' is not expected here\n", spec->name, argv[optind]);
		put_usage(spec, stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static int read_configuration(const struct daemon_spec *spec, const char *extra, struct fault *why)
{
	if (spec->source) {
		*spec->source = (struct conf_source){ spec->schema, extra, spec->source->size,
						      spec->check };
		struct conf_settled said;
		int settled = conf_load_settled(spec->source, spec->conf, &said, why);
		if (said.refused.code)
			log_fault(LOG_LEVEL_WARN, "settings.refused", &said.refused);
		if (said.passed.code)
			log_fault(LOG_LEVEL_WARN, "settings.passed", &said.passed);
		return settled;
	}
	int r = conf_load(spec->schema, extra, spec->conf, why);
	if (r == 0 && spec->check)
		r = spec->check(spec->conf, why);
	return r;
}

static int refuse_second(const struct daemon_spec *spec, const char *path, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	const char *pid = fileio_read(path, 32, &text, &len, NULL) == 0 ? text : "";
	return fault_set(
		why, -EBUSY, "daemon.second",
		"wasl-%s is running already as process %.*s (lock '%s'); stop that one first",
		spec->name, (int)strspn(pid, "0123456789"), pid, path);
}

/* The lock goes with the process, however it ends; the file stays, so that no two can lock different ones. */
static int take_lock(const struct daemon_spec *spec, int *out, struct fault *why)
{
	struct path folder = paths_at("/run/wasl"),
		    path = paths_at("/run/wasl/%s.lock", spec->name);
	int r = paths_mkdir(folder.at, 0755, why);
	if (r < 0)
		return r;
	AUTO_FD int fd = open(path.at, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fault_set(why, -errno, "daemon.lock", "cannot open the lock '%s': %s",
				 path.at, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return refuse_second(spec, path.at, why);
	char pid[24];
	int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	r = ftruncate(fd, 0) < 0 ? -errno : fileio_pwrite_all(fd, pid, (size_t)len, 0);
	if (r < 0)
		return fault_set(why, r, "daemon.lock", "cannot write the lock '%s': %s", path.at,
				 strerror(-r));
	*out = MOVE_FD(fd);
	return 0;
}

static int make_loop(sd_event **out, struct fault *why)
{
	static const int ends[] = { SIGTERM, SIGINT };
	CLEANUP(clean_loop) sd_event *loop = NULL;
	signal(SIGPIPE, SIG_IGN);
	int r = sd_event_new(&loop);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(ends); i++) {
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, ends[i]);
		sigprocmask(SIG_BLOCK, &set, NULL);
		/* without a handler of ours, sd-event ends the loop */
		r = sd_event_add_signal(loop, NULL, ends[i], NULL, NULL);
	}
	if (r >= 0)
		r = sd_event_set_watchdog(loop, 1);
	if (r < 0)
		return fault_set(why, r, "daemon.loop", "cannot make the event loop: %s",
				 strerror(-r));
	*out = MOVE_PTR(loop);
	return 0;
}

static int run(const struct daemon_spec *spec, sd_event *loop, struct fault *why)
{
	int r = spec->start(loop, spec->state, why);
	if (r < 0)
		return r;
	sd_notify(0, "READY=1");
	log_info("event=ready version=%s", WASL_VERSION);
	r = sd_event_loop(loop);
	sd_notify(0, "STOPPING=1");
	log_info("event=stop");
	if (r < 0)
		return fault_set(why, r, "daemon.loop", "the event loop ended: %s", strerror(-r));
	return r;
}

int daemon_main(const struct daemon_spec *spec, int argc, char **argv)
{
	char name[40];
	snprintf(name, sizeof(name), "wasl-%s", spec->name);
	struct arguments args = { 0 };
	int status = read_arguments(spec, argc, argv, &args);
	if (status >= 0)
		return status;

	log_open(name);
	struct fault why = { 0 };
	if (read_configuration(spec, args.extra, &why) < 0) {
		log_error("%s", why.text);
		return EXIT_BAD;
	}
	switch (args.task) {
	case CHECK:
		printf("%s: the configuration is good\n", name);
		return EXIT_GOOD;
	case PRINT:
		conf_print_values(spec->schema, spec->conf, stdout);
		return EXIT_GOOD;
	case RUN:
		break;
	}

	AUTO_FD int lock = -1;
	CLEANUP(clean_loop) sd_event *loop = NULL;
	int r = take_lock(spec, &lock, &why);
	if (r == 0)
		r = make_loop(&loop, &why);
	if (r == 0) {
		r = run(spec, loop, &why);
		if (r < 0)
			log_fault(LOG_LEVEL_ERROR, "failed", &why);
		spec->stop(spec->state);
	} else {
		log_fault(LOG_LEVEL_ERROR, "start", &why);
	}
	return r < 0 ? EXIT_BAD : r;
}
