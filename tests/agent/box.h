// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/fault.h"
#include "tests/agent/players.h"

/*
 * A box in a folder of its own with the real wasl-agentd, and the played others around it.
 */
enum box_start {
	BOX_PLAIN,
	BOX_SMALL_DISK, /* its folder is a file system of 1 MiB; -ENOSYS where that cannot be */
	BOX_KILLED,     /* strace ends it at its n-th write, sync, rename or unlink */
};

struct box {
	char root[64];
	struct players *stage;
	pid_t players, daemon;
	int notify;
};

int box_set_up(struct box *b);
int box_tear_down(struct box *b);

/* Starts the daemon and waits until it is ready or gone. -ESRCH: gone, its status is in *status. */
int box_start(struct box *b, enum box_start how, unsigned kill_at, int *status);
/* Sends the signal (0: none) and waits for the end: exit status, or 1000 + signal. */
int box_end(struct box *b, int sig);
/* What the daemon last wrote to its log; malloc'ed. */
char *box_log(const struct box *b);

/* The control socket. */
int box_ask(const char *method, const char *target, json_t **out, struct fault *why);
int box_flush(struct fault *why);
json_t *box_status(void);
int box_grant(const struct box *b, uint32_t epoch, uint64_t first_seq, const unsigned *signers,
	      struct fault *why);
void box_enrol(struct box *b); /* by a good grant, for the hub on the stage */

/* More rows at the sources. */
void box_live(struct box *b, int minutes, int uses, int events);
/* The hub has counted every row that there is, each once. */
void box_all_counted(const struct box *b);

/* Root `n` as the kit has it (1 pinned; 2 also has a new receipt key). */
void box_put_root(unsigned n);
