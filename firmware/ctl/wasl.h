// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/ctl/view.h"

struct fault;

/*
 * The one command-line tool on the box: a table of subcommands, one file per group. Each gets what stood
 * after its name and returns the exit status.
 */
enum { WASL_GOOD = 0, WASL_FAILED = 1, WASL_USAGE = 2 };

struct wasl {
	struct view view;
	enum { WASL_TEXT, WASL_JSON } form;
};

struct wasl_command {
	const char *name, *args, *summary;
	int least, most; /* how many arguments */
	int (*run)(const struct wasl *w, int argc, char **argv);
	bool json;        /* knows --json */
	bool own_options; /* takes what begins with a dash behind its name by itself */
};

int wasl_status(const struct wasl *w, int argc, char **argv);
int wasl_claim(const struct wasl *w, int argc, char **argv);
int wasl_report(const struct wasl *w, int argc, char **argv);
int wasl_receipts(const struct wasl *w, int argc, char **argv);
int wasl_lessons(const struct wasl *w, int argc, char **argv);
#define REQUEST_ARGS "LESSON [--by DAY] | --withdraw LESSON | --list"
int wasl_request(const struct wasl *w, int argc, char **argv);
int wasl_sync(const struct wasl *w, int argc, char **argv);
#define STORE_ARGS "COMMAND ..."
int wasl_evidence(const struct wasl *w, int argc, char **argv);           /* net evidence */
int wasl_evidence_day(const char *text, int32_t *out, struct fault *why); /* 0 or -EINVAL */
int wasl_checks(const struct wasl *w, int argc, char **argv);             /* net checks */
int wasl_net_test(const struct wasl *w, int argc, char **argv);           /* net test */
int wasl_net(const struct wasl *w, int argc, char **argv);
/* What the emergency modes are ordered by; WASL_NO_ORDER when the words are others. */
enum { WASL_NO_ORDER = -1 };
int wasl_net_order(const struct wasl *w, int argc, char **argv);
int wasl_live(const struct wasl *w, int argc, char **argv);
int wasl_staff(const struct wasl *w, int argc, char **argv);
int wasl_store(const struct wasl *w, int argc, char **argv);
int wasl_kitchen(const struct wasl *w, int argc, char **argv);
int wasl_config(const struct wasl *w, int argc, char **argv);

int wasl_show_json(const json_t *answer); /* prints it as --json wants it; WASL_GOOD */
int wasl_failed(const struct fault *why); /* prints it; WASL_FAILED */
int wasl_misused(const char *fmt, ...)
	__attribute__((format(printf, 1, 2))); /* prints it and where help is; WASL_USAGE */
