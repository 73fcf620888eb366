// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-cost RESULT.json COMMAND…: runs a command and writes what it and everything it waited for have used: processor seconds of all
 * threads, the memory of the largest process. Ends as the command does.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench-cost RESULT.json COMMAND...\n");
		return 2;
	}
	double began = now();
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	int status;
	struct rusage u;
	if (child < 0 || waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &u) < 0) {
		perror("bench-cost");
		return 1;
	}
	FILE *out = fopen(argv[1], "w");
	if (!out) {
		perror(argv[1]);
		return 1;
	}
	fprintf(out, "{\"cpu_s\":%.3f,\"system_s\":%.3f,\"wall_s\":%.3f,\"rss_mb\":%.1f}\n",
		seconds(u.ru_utime) + seconds(u.ru_stime), seconds(u.ru_stime), now() - began,
		(double)u.ru_maxrss / 1024);
	if (fclose(out)) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
