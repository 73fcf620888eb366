// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "tests/unit/scratch.h"

#define MM "org.freedesktop.ModemManager1"
#define MM_PATH "/org/freedesktop/ModemManager1"

enum { DEADLINE_MS = 20000, QUIET_MS = 500 /* five times as long as it waits for more signals */ };

/* A bus of the test's own with three on it: the one under test, a manager without modems, and some other program. */
struct bench {
	char dir[PATH_MAX];
	pid_t daemon;
	sd_event *loop;
	sd_bus *manager, *stranger;
	struct modem_bus *bus;
	char name[64]; /* on the bus, of the one under test */
	unsigned asked, lost;
	bool there; /* the manager, as last said */
};

static void start_daemon(struct bench *b)
{
	static const char conf[] =
		"<busconfig><type>system</type><listen>unix:path=%s/bus</listen>"
		"<auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/>"
		"<allow own=\"*\"/><allow send_destination=\"*\" eavesdrop=\"true\"/>"
		"<allow eavesdrop=\"true\"/></policy></busconfig>\n";
	char file[PATH_MAX + 16], option[PATH_MAX + 32], address[PATH_MAX + 32], said[256];
	posix_spawn_file_actions_t actions;
	int ends[2];
	snprintf(file, sizeof(file), "%s/bus.conf", b->dir);
	FILE *to = fopen(file, "w");
	assert_non_null(to);
	fprintf(to, conf, b->dir);
	assert_int_equal(fclose(to), 0);
	snprintf(option, sizeof(option), "--config-file=%s", file);
	snprintf(address, sizeof(address), "unix:path=%s/bus", b->dir);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
	/* As anybody it may not have as many files as it would like, and says so. */
	assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
							  O_WRONLY, 0),
			 0);
	char *argv[] = { (char[]){ "dbus-daemon" },       option,
			 (char[]){ "--nofork" },          (char[]){ "--nopidfile" },
			 (char[]){ "--print-address=1" }, NULL };
	const int r = posix_spawnp(&b->daemon, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r)
		b->daemon = 0;
	/* It says where it listens as soon as it does. */
	else
		assert_true(read(ends[0], said, sizeof(said)) > 0);
	close(ends[0]);
}

/* There are no modems: the answer is empty. */
static int answer(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct bench *b = data;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	(void)error;
	if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.ObjectManager",
					   "GetManagedObjects"))
		return 0;
	b->asked++;
	snprintf(b->name, sizeof(b->name), "%s", sd_bus_message_get_sender(m));
	assert_true(sd_bus_message_new_method_return(m, &reply) >= 0);
	assert_true(sd_bus_message_append(reply, "a{oa{sa{sv}}}", 0) >= 0);
	assert_true(sd_bus_send(b->manager, reply, NULL) >= 0);
	return 1;
}

static void seen(void *data, unsigned line, const struct modem_view *view)
{
	struct bench *b = data;
	(void)line;
	b->lost += b->there && !view->manager;
	b->there = view->manager;
}

static void done(void *data, unsigned line, enum modem_error error)
{
	(void)data;
	(void)line;
	(void)error;
}

/* Until it was asked so often and all that came of it was said; false after `within_ms`. */
static bool asked(struct bench *b, unsigned times, uint64_t within_ms)
{
	const uint64_t end_ms = clock_mono_ms() + within_ms;
	while (b->asked < times || !b->there) {
		const uint64_t now_ms = clock_mono_ms();
		if (now_ms >= end_ms)
			return false;
		assert_true(sd_event_run(b->loop, (end_ms - now_ms) * 1000) >= 0);
	}
	return true;
}

/* That something about a modem is another way; `to` NULL: for everybody. */
static void say_changed(sd_bus *from, const char *to)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	assert_true(sd_bus_message_new_signal(from, &m, MM_PATH "/Modem/1",
					      "org.freedesktop.DBus.Properties",
					      "PropertiesChanged") >= 0);
	assert_true(sd_bus_message_append(m, "sa{sv}as", MM ".Modem", 0, 0) >= 0);
	assert_true(!to || sd_bus_message_set_destination(m, to) >= 0);
	assert_true(sd_bus_send(from, m, NULL) >= 0);
}

static void say_ended(sd_bus *from, const char *to)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	assert_true(sd_bus_message_new_signal(from, &m, "/org/freedesktop/DBus",
					      "org.freedesktop.DBus", "NameOwnerChanged") >= 0);
	assert_true(sd_bus_message_append(m, "sss", MM, ":1.1", "") >= 0);
	assert_true(sd_bus_message_set_destination(m, to) >= 0);
	assert_true(sd_bus_send(from, m, NULL) >= 0);
}

/* What it sent has gone its way. */
static void is_sent(sd_bus *from)
{
	const char *name = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	assert_true(sd_bus_flush(from) >= 0);
	assert_true(sd_bus_call_method(from, "org.freedesktop.DBus", "/org/freedesktop/DBus",
				       "org.freedesktop.DBus", "GetId", NULL, &m, "") >= 0);
	assert_true(sd_bus_message_read(m, "s", &name) >= 0);
}

static int set_up(void **state)
{
	static const char *const plugs[] = { "yes" };
	struct bench *b = calloc(1, sizeof(*b));
	const struct modem_bus_calls calls = { seen, done, b };
	struct fault why = { 0 };
	*state = b;
	assert_int_equal(scratch_folder(b->dir), 0);
	start_daemon(b);
	if (!b->daemon)
		return 0;
	assert_true(sd_event_new(&b->loop) >= 0);
	assert_true(sd_bus_open_system(&b->manager) >= 0);
	assert_true(sd_bus_open_system(&b->stranger) >= 0);
	assert_true(sd_bus_attach_event(b->manager, b->loop, 0) >= 0);
	assert_true(sd_bus_add_filter(b->manager, NULL, answer, b) >= 0);
	assert_true(sd_bus_request_name(b->manager, MM, 0) >= 0);
	assert_int_equal(modem_bus_new(b->loop, plugs, 1, &calls, &b->bus, &why), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	modem_bus_free(b->bus);
	sd_bus_close_unref(b->stranger);
	if (b->manager)
		(void)sd_bus_detach_event(b->manager);
	sd_bus_close_unref(b->manager);
	sd_event_unref(b->loop);
	if (b->daemon) {
		kill(b->daemon, SIGTERM);
		assert_int_equal(waitpid(b->daemon, NULL, 0), b->daemon);
	}
	(void)scratch_drop(b->dir);
	free(b);
	return 0;
}

static void hears_the_manager(void **state)
{
	struct bench *b = *state;
	if (!b->daemon)
		skip(); /* no dbus-daemon */
	assert_true(asked(b, 1, DEADLINE_MS));
	say_changed(b->manager, NULL);
	assert_true(asked(b, 2, DEADLINE_MS));
	say_changed(b->manager, b->name);
	assert_true(asked(b, 3, DEADLINE_MS));
	assert_int_equal(b->lost, 0);
	/* It ends, and is begun anew: the bus says so. */
	assert_true(sd_bus_release_name(b->manager, MM) >= 0);
	assert_true(sd_bus_request_name(b->manager, MM, 0) >= 0);
	assert_true(asked(b, 4, DEADLINE_MS));
	assert_int_equal(b->lost, 1);
}

/* Whoever else is on the bus plays no modem: neither to all, nor to us alone, nor in the bus's own words. */
static void hears_nobody_else(void **state)
{
	struct bench *b = *state;
	if (!b->daemon)
		skip();
	assert_true(asked(b, 1, DEADLINE_MS));
	say_changed(b->stranger, NULL);
	say_changed(b->stranger, b->name);
	say_ended(b->stranger, b->name);
	is_sent(b->stranger);
	assert_false(asked(b, 2, QUIET_MS));
	assert_int_equal(b->lost, 0);
	say_changed(b->manager, NULL);
	assert_true(asked(b, 2, DEADLINE_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hears_the_manager, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hears_nobody_else, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("netmgr_modem_bus", tests, NULL, NULL);
}
