// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct wasl;

/*
 * What stands behind `wasl GROUP`: options in any place, and the words of a command of the group. Both functions print what a
 * person has to know and answer the exit status, or COMMANDS_GO_ON.
 */
enum { COMMANDS_GO_ON = -1 };

struct commands_option {
	const char *name;   /* "by", behind two dashes */
	const char **value; /* receives what follows it; NULL: nothing does, */
	bool *set;          /* and this is told that it is there */
};
/*
 * Takes --json (into `mine`), --help and the group's own; *argc and *argv are the words then. argv[-1] must be the
 * group's name.
 */
int commands_options(const struct commands_option *options, size_t count, void (*usage)(FILE *to),
		     struct wasl *mine, int *argc, char ***argv);

/* A line of a usage: the call, and what it does from column `width` on. */
void commands_row(int width, const char *name, const char *args, const char *summary, FILE *to);

struct commands_one {
	const char *name, *args, *summary;
	int least, most;  /* words behind the name */
	const void *what; /* the group's own: which call it is */
};
struct commands {
	const char *group;
	int width; /* of the first column of the usage */
	enum { COMMANDS_TELL_FORM, COMMANDS_TELL_WORD } wrong; /* what is said of a word too many */
	const struct commands_one *all;
	size_t count;
};
void commands_usage(const struct commands *c, FILE *to);
/* The command that the words name, with as many behind it as it takes. */
int commands_pick(const struct commands *c, int argc, char **argv, const struct commands_one **out);
