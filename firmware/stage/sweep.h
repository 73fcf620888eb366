// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct fault;

/*
 * Descendants. After sweep_adopt() every process whose own parent dies becomes a child of this one (a "subreaper"),
 * however it left its group or session: nothing that was started here can get out of sight.
 */
int sweep_adopt(struct fault *why);

/* Collects dead children that `ours` (NULL: none) does not claim. */
typedef bool (*sweep_claims)(void *data, pid_t pid);
void sweep_orphans(sweep_claims ours, void *data);

/* SIGKILL to every child until none is left. How many were killed. */
unsigned sweep_all(void);
