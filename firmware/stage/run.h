// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct fault;

/*
 * Runs a program to its end with WASL_ROOT set to `root` (NULL: as it is). What it prints on standard output comes
 * back in *out (malloc'ed, NULL: not wanted, it goes to ours). A status other than 0 fails (-ECHILD).
 */
int run_program(char *const *argv, const char *root, char **out, struct fault *why);
