// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What the tests of the running hub stand on: a folder, the programs of the build, TAP. One per test program. */
enum { DEADLINE_S = 30 };

struct rig {
	const char *build; /* from B */
	char folder[64], socket[128], token[128];
	pid_t hubd;
	struct trust *trust;
	unsigned number, failed;
};
extern struct rig rig;

void rig_ok(int good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void rig_give_up(const char *what) __attribute__((noreturn)); /* "Bail out!" */
void rig_path(char *out, size_t room, const char *name);      /* below the folder */

/* Runs a program to its end and keeps what it says; answers its exit status. */
int rig_run(char *const argv[], char *said, size_t room);
int rig_waslhub(char *said, size_t room, ...) __attribute__((sentinel));

/*
 * Starts the daemon and waits until it answers; under strace when `inject` names where to kill it. -ECHILD: killed before
 * it answered.
 */
int rig_start(const char *inject);
void rig_stop(int with); /* a signal */
