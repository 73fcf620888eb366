// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/conf_settings.h"

struct fault;
struct sd_event;

/*
 * What every daemon's main() shares: arguments, configuration, event loop, readiness, watchdog, end.
 *
 *	-c FILE  one more configuration layer      -n  check the configuration and exit (0 good, 1 bad)
 *	-h, -V   help, version                     --print-man  mdoc of the configuration, for the build
 *	--print-conf		the configuration in force, for `wasl config get`
 *
 * SIGTERM and SIGINT end the loop and are blocked in the process, so a child must unblock them before it
 * execs; SIGPIPE is ignored; READY=1 is sent when start() has returned 0;
 * the watchdog is fed from the loop when systemd asks for it. Exit status 0, 1 (failure), 2 (usage).
 * A second instance is refused by the lock /run/wasl/NAME.lock with a sentence that names the first one's process id.
 */
struct daemon_spec {
	const char *name;    /* "netmgrd"; program wasl-netmgrd */
	const char *summary; /* one line for --help */
	const struct conf_schema *schema;
	void *conf; /* zeroed struct that schema fills */
	/* The ministry's settings are read, too: told here is what was read from where, to read it again. NULL: they are not. */
	struct conf_source *source; /* .size is filled by the program */
	int (*start)(struct sd_event *loop, void *state, struct fault *why);
	void (*stop)(void *state); /* after the loop, also when start failed half-way */
	int (*check)(const void *conf, struct fault *why); /* NULL, or what the table cannot say */
	void *state;
};

int daemon_main(const struct daemon_spec *spec, int argc, char **argv);
