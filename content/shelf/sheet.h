// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Text under way: print to `to`, then close. */
struct sheet {
	FILE *to;
	char *bytes; /* valid once closed */
	size_t len;
};
int sheet_open(struct sheet *s); /* 0 or -ENOMEM */
/* *out is malloc'ed and terminated. -ENOMEM when anything that was printed did not fit; nothing is left then. */
int sheet_close(struct sheet *s, char **out, size_t *len);
