// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

#define DEADLINE_MS 20000

struct tester_conf {
	int64_t number;
};

static const struct conf_key keys[] = { CONF_INT(struct tester_conf, number, "number", "5", 1, 9,
						 "any number") };
static const struct conf_section sections[] = { { "box", keys, ARRAY_LEN(keys), .at = 0 } };
static const struct conf_schema schema = { "wasl-tester", sections, ARRAY_LEN(sections) };

enum start { START_GOOD, START_FAILS, START_ENDS_LOOP };

static int start(struct sd_event *loop, void *state, struct fault *why)
{
	switch (*(enum start *)state) {
	case START_GOOD:
		return 0;
	case START_FAILS:
		return fault_set(why, -EADDRINUSE, "test.port", "port 1 is in use; choose another");
	case START_ENDS_LOOP:
		return sd_event_exit(loop, 3);
	}
	return -EINVAL;
}

static void stop(void *state)
{
	(void)state;
	fprintf(stderr, "stopped\n");
}

static int not_seven(const void *conf, struct fault *why)
{
	const struct tester_conf *c = conf;
	return c->number == 7
		       ? fault_set(why, -EINVAL, "test.seven", "7 is not liked; take another")
		       : 0;
}

static struct {
	char root[40];
	int notify; /* where READY=1 arrives */
} bench;

static int set_up(void **state)
{
	(void)state;
	snprintf(bench.root, sizeof(bench.root), "/tmp/wasl-daemon-XXXXXX");
	if (!mkdtemp(bench.root))
		return -1;
	setenv("WASL_ROOT", bench.root, 1);
	unsetenv("JOURNAL_STREAM");
	unsetenv("WASL_LOG");
	bench.notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", bench.root);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	return bind(bench.notify, (struct sockaddr *)&sa, sizeof(sa));
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = { "notify", "run/wasl/tester.lock", "out", "conf" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(paths_at("%s/%s", bench.root, names[i]).at);
	rmdir(paths_at("/run/wasl").at);
	rmdir(paths_at("/run").at);
	close(bench.notify);
	return rmdir(bench.root);
}

/* A process that runs the daemon; its words go to `out`. */
static pid_t launch(enum start how, const char *out, const char *a1, const char *a2)
{
	fflush(NULL);
	pid_t child = fork();
	if (child != 0)
		return child;
	int fd = open(paths_at("%s/%s", bench.root, out).at, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	struct tester_conf conf = { 0 };
	const struct daemon_spec spec = { .name = "tester",
					  .summary = "Tests.",
					  .schema = &schema,
					  .conf = &conf,
					  .start = start,
					  .stop = stop,
					  .check = not_seven,
					  .state = &how };
	char *argv[] = { (char *)(uintptr_t) "wasl-tester", (char *)(uintptr_t)a1,
			 (char *)(uintptr_t)a2, NULL };
	int status = daemon_main(&spec, a2 ? 3 : a1 ? 2 : 1, argv);
	fflush(NULL);
	_exit(status);
}

static int status_of(pid_t child)
{
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static char *words_of(const char *out)
{
	void *text = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(paths_at("%s/%s", bench.root, out).at, 65536, &text, &len,
				     NULL),
			 0);
	return text;
}

static void wait_for(const char *message)
{
	for (;;) {
		struct pollfd p = { .fd = bench.notify, .events = POLLIN };
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		char got[256];
		ssize_t n = recv(bench.notify, got, sizeof(got) - 1, 0);
		assert_true(n > 0);
		got[n] = '\0';
		if (strstr(got, message))
			return;
	}
}

static void arguments_and_configuration(void **state)
{
	(void)state;
	struct path conf = paths_at("%s/conf", bench.root);
	static const struct {
		const char *conf, *a1, *a2;
		int status;
		const char *words;
	} rows[] = {
		{ "", "-h", NULL, 0, "usage: wasl-tester" },
		{ "", "--help", NULL, 0, "Tests." },
		{ "", "-V", NULL, 0, "wasl-tester " WASL_VERSION },
		{ "", "--print-man", NULL, 0, ".It Cm number" },
		{ "", "-x", NULL, 2, "usage:" },
		{ "[box]\nnumber=8\n", "--print-conf", "-c@", 0, "[box]\nnumber = 8\n" },
		{ "", "more", NULL, 2, "'more' is not expected here" },
		{ "", "-n", NULL, 0, "the configuration is good" },
		{ "[box]\nnumber=8\n", "-n", "-c@", 0, "the configuration is good" },
		{ "[box]\nnumber=10\n", "-n", "-c@", 1,
		  "conf line 2: [box] number: '10' is outside 1 to 9" },
		{ "[box]\nnumber=7\n", "-n", "-c@", 1,
		  "wasl-tester: 7 is not liked; take another" },
		{ "[box]\nnumber=10\n", "-c@", NULL, 1, "number: '10'" },
		{ "", "-n", "-c/nonexistent", 1, "'/nonexistent': No such file" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(fileio_replace(conf.at, rows[i].conf, strlen(rows[i].conf), 0600,
						NULL),
				 0);
		struct path option = paths_at("-c%s", conf.at);
		const char *a1 = rows[i].a1, *a2 = rows[i].a2;
		a1 = strcmp(a1, "-c@") == 0 ? option.at : a1;
		a2 = a2 && strcmp(a2, "-c@") == 0 ? option.at : a2;
		assert_int_equal(status_of(launch(START_FAILS, "out", a1, a2)), rows[i].status);
		AUTO_FREE char *words = words_of("out");
		assert_non_null(strstr(words, rows[i].words));
	}
}

static void ready_then_ended_by_a_signal(void **state)
{
	(void)state;
	static const int ends[] = { SIGTERM, SIGINT };
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		pid_t child = launch(START_GOOD, "out", NULL, NULL);
		wait_for("READY=1");
		kill(child, SIGPIPE);
		kill(child, ends[i]);
		assert_int_equal(status_of(child), 0);
		wait_for("STOPPING=1");
		AUTO_FREE char *words = words_of("out");
		assert_non_null(strstr(words, "stopped\n"));
	}
}

static void feeds_the_watchdog(void **state)
{
	(void)state;
	setenv("WATCHDOG_USEC", "100000", 1);
	pid_t child = launch(START_GOOD, "out", NULL, NULL);
	unsetenv("WATCHDOG_USEC");
	wait_for("READY=1");
	wait_for("WATCHDOG=1");
	kill(child, SIGTERM);
	assert_int_equal(status_of(child), 0);
}

static void a_second_instance_names_the_first(void **state)
{
	(void)state;
	pid_t first = launch(START_GOOD, "out", NULL, NULL);
	wait_for("READY=1");
	assert_int_equal(status_of(launch(START_GOOD, "conf", NULL, NULL)), 1);
	char want[64];
	snprintf(want, sizeof(want), "running already as process %d ", (int)first);
	AUTO_FREE char *words = words_of("conf");
	assert_non_null(strstr(words, want));

	/* a killed one does not stand in the way of the next */
	kill(first, SIGKILL);
	assert_int_equal(status_of(first), 1000 + SIGKILL);
	pid_t next = launch(START_GOOD, "out", NULL, NULL);
	wait_for("READY=1");
	kill(next, SIGTERM);
	assert_int_equal(status_of(next), 0);
}

static void a_failed_start_is_said_once_and_cleaned_up(void **state)
{
	(void)state;
	assert_int_equal(status_of(launch(START_FAILS, "out", NULL, NULL)), 1);
	AUTO_FREE char *words = words_of("out");
	assert_string_equal(words, "wasl-tester: event=failed fault=test.port text=\"port 1 is in "
				   "use; choose another\"\n"
				   "stopped\n");
	assert_int_equal(status_of(launch(START_ENDS_LOOP, "out", NULL, NULL)), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_and_configuration),
		cmocka_unit_test(ready_then_ended_by_a_signal),
		cmocka_unit_test(feeds_the_watchdog),
		cmocka_unit_test(a_second_instance_names_the_first),
		cmocka_unit_test(a_failed_start_is_said_once_and_cleaned_up),
	};
	return cmocka_run_group_tests_name("base/daemon", tests, set_up, tear_down);
}
