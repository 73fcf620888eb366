// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

struct fault;

/* One child process, as a daemon's manager starts it. */
struct spawn {
	char *const *argv;
	const char *root;     /* WASL_ROOT, and the working folder */
	const char *notify;   /* NOTIFY_SOCKET or NULL */
	unsigned watchdog_ms; /* WATCHDOG_USEC, 0: none */
	int out;              /* standard output and error */
};

/*
 * Own process group, standard input empty, all other descriptors closed by their close-on-exec flag, SIGTERM when this
 * process dies. Looks argv[0] up in PATH. Fails when the program cannot be executed (the sentence names it).
 */
int spawn_start(const struct spawn *s, pid_t *out, struct fault *why);
