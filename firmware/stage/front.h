// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * The process that a person started and the one that does the work are two, and each cleans up after the other:
 * `inside` runs in a child with a process group of its own. Signals that end (Ctrl-C, SIGTERM, SIGHUP) reach it
 * as SIGTERM, a second one as SIGKILL; when the outer process dies, the inner one gets SIGTERM from the kernel; when
 * the inner one dies, the outer one kills whatever is left of its descendants.
 * Returns the exit status of `inside`.
 */
int front_run(int (*inside)(void *data), void *data);
