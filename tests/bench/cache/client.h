// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * The parts of the benchmark's client: each takes its own arguments (argv[0] is its name), prints lines of JSON with
 * times in milliseconds of CLOCK_MONOTONIC, and returns the exit status.
 */
int crowd_run(int argc, char **argv);   /* PORT PATH COUNT FILE SECONDS [PROCESSES] */
int load_run(int argc, char **argv);    /* PORT PATH CONNECTIONS SECONDS [RATE] */
int hold_run(int argc, char **argv);    /* PORT PATH COUNT BYTES */
int keep_run(int argc, char **argv);    /* FILE... */
int players_run(int argc, char **argv); /* PORT LIST SECONDS PIECE */

/* Sorts, and prints {"p0":…,"p50":…,"p99":…,"p100":…}; count may be 0. */
void client_print_quantiles(const char *name, double *values, unsigned long count);
