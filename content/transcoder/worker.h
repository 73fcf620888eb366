// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * The child side of content/transcoder/job.h: takes one order from descriptor `fd`, walls itself in, cooks, answers.
 * Returns the exit status: 0 answered (also with JOB_FAILED), 1 nobody to answer to.
 */
int worker_run(int fd);
