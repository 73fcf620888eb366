// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the benchmarks ask web servers with, where a body must be checked, held or paced:
 *	bench-client crowd PORT PATH COUNT FILE SECONDS [2]		everyone wants the same at once, every byte is compared
 *	bench-client load PORT PATH CONNECTIONS SECONDS [RATE]	again and again, at a fixed rate in all when RATE is given
 *	bench-client hold PORT PATH COUNT BYTES			everyone reads so far, then waits until standard input ends
 *	bench-client keep FILE...				files stay in memory until standard input ends
 *	bench-client players PORT LIST SECONDS PIECE		each line "PATH FILE" of LIST is one player, who reads on and on
 */
#include "tests/bench/cache/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double at_share(const double *sorted, unsigned long count, double share)
{
	return count ? sorted[(unsigned long)((double)(count - 1) * share + 0.5)] : 0;
}

void client_print_quantiles(const char *name, double *values, unsigned long count)
{
	qsort(values, count, sizeof(*values), by_value);
	printf("\"%s\":{\"p0\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p100\":%.3f}", name,
	       at_share(values, count, 0), at_share(values, count, 0.5),
	       at_share(values, count, 0.9), at_share(values, count, 0.99),
	       at_share(values, count, 1));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
		int least;
	} parts[] = {
		{ "crowd", crowd_run, 6 }, { "load", load_run, 5 },       { "hold", hold_run, 5 },
		{ "keep", keep_run, 2 },   { "players", players_run, 5 },
	};
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(parts); i++)
		if (!strcmp(argv[1], parts[i].name) && argc - 1 >= parts[i].least)
			return parts[i].run(argc - 1, argv + 1);
	fprintf(stderr, "usage: bench-client crowd|load|hold|keep|players ...\n");
	return 2;
}
