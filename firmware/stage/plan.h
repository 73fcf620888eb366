// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/vars.h"

struct fault;

/*
 * What a stage does, in order, as a table: commands that end, daemons that stay, and files to write. Pure: nothing
 * here starts anything. Words may hold @NAME@ (firmware/base/vars.h).
 */
enum plan_kind {
	PLAN_TASK,    /* a program that must end with status 0 */
	PLAN_SERVICE, /* a daemon, kept alive until the end */
	PLAN_ACTION,  /* a function of the stage */
};

enum plan_ready {
	PLAN_NOTIFY, /* READY=1 on NOTIFY_SOCKET, as with systemd's Type=notify */
	PLAN_PORT,   /* `ready_at` ("127.0.0.1:8080") takes connections */
};

enum { PLAN_WORDS = 20, PLAN_MAX = 32 };

struct plan_step {
	const char *name;  /* of the process and its log; a slug */
	const char *title; /* for a person: "the ministry's keys" */
	enum plan_kind kind;
	const char *root; /* WASL_ROOT of the program: "@ROOT@/hub" */
	const char *argv[PLAN_WORDS];
	int (*action)(struct vars *vars, struct fault *why);
	enum plan_ready ready;
	const char *ready_at;
	const char *when; /* a value's name: the step is left out while it is empty; NULL: always */
	const char *
		stamp; /* the step is left out when it ended well with this same text before; NULL: never */
	const char *remedy;  /* what to do when it fails; NULL: the program says it */
	unsigned patience_s; /* until done or ready; 0: 60 */
};

struct plan {
	const struct plan_step *steps;
	size_t count;
};

/* Whether the table makes sense: names, words, what each kind needs. For tests and at the start. */
int plan_check(const struct plan *plan, struct fault *why);

/* What to do with a step now. `recorded` is what was kept of its last good end, NULL for nothing. */
enum plan_verdict { PLAN_DO, PLAN_NOT_ASKED, PLAN_STILL_GOOD };
int plan_judge(const struct plan_step *step, const struct vars *vars, const char *recorded,
	       enum plan_verdict *out, struct fault *why);

/*
 * The command with its values filled in: a NULL-terminated list, freed with plan_free_words(). Words that become
 * empty are left out.
 */
int plan_words(const struct plan_step *step, const struct vars *vars, char ***out,
	       struct fault *why);
void plan_free_words(char **words); /* NULL is fine */
