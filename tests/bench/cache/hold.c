// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/client.h"
#include "tests/bench/cache/talk.h"

/* A small window: the server cannot push the rest of the body into buffers of the kernel. */
static int come(struct talk *t, int port, const char *path)
{
	const int small = 4096;
	return talk_open(t, port) ||
	       setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) ||
	       talk_ask(t, path, 0, 0, NULL);
}

/* Reads until `most` bytes of the body are here. False: the server ended it, or nothing came for long. */
static int read_some(struct talk *t, uint64_t most)
{
	enum { PATIENCE_MS = 20000 };
	const char *body;
	size_t len;
	uint64_t at;
	while (t->got < most) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return -1;
		const enum talk_what what = talk_read(t, &body, &len, &at);
		if (what == TALK_CUT || what == TALK_DONE || (t->status && t->status != 200))
			return -1;
	}
	return 0;
}

int hold_run(int argc, char **argv)
{
	(void)argc;
	const size_t count = strtoul(argv[3], NULL, 10);
	AUTO_FREE struct talk *talks = calloc(count, sizeof(*talks));
	char end[64];
	talk_room_for(count);
	for (size_t i = 0; talks && i < count; i++)
		if (come(&talks[i], atoi(argv[1]), argv[2])) {
			perror("connect");
			return 1;
		}
	for (size_t i = 0; talks && i < count; i++)
		if (read_some(&talks[i], strtoull(argv[4], NULL, 10))) {
			fprintf(stderr, "client %zu: no body, or it is over (status %d)\n", i,
				talks[i].status);
			return 1;
		}
	printf("{\"held\":%zu}\n", count);
	fflush(stdout);
	while (read(STDIN_FILENO, end, sizeof(end)) > 0)
		;
	return talks ? 0 : 1;
}
