// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One connection of the benchmark's client to a server on loopback: a request, its reply, the next. Plain data; fd -1: closed. */
enum { TALK_HEAD_ROOM = 4096, TALK_ROOM = 262144 };

struct talk {
	int fd;
	char head[TALK_HEAD_ROOM];
	size_t head_len;
	int status;           /* of the reply under way; 0: its head is not here yet */
	uint64_t got, length; /* bytes of the body */
	bool closes;          /* the server ends the connection after this reply */
};

enum talk_what {
	TALK_WAIT, /* nothing to read now */
	TALK_BODY, /* bytes of the body, more will follow */
	TALK_DONE, /* the last bytes of the body, or a reply without one */
	TALK_CUT   /* the connection ended before the reply did */
};

int talk_open(struct talk *t, int port);
void talk_close(struct talk *t);
/* Sends a request for `path`, of bytes [from, to) unless to is 0; `last`: the connection ends after the reply. */
int talk_ask(struct talk *t, const char *path, uint64_t from, uint64_t to, const char *last);
/* Reads what is there, at most TALK_ROOM. *body points into a buffer that the next call reuses; *at is its place in the body. */
enum talk_what talk_read(struct talk *t, const char **body, size_t *len, uint64_t *at);
/* The same, without looking at the body: its bytes are not copied out of the kernel. */
enum talk_what talk_skip(struct talk *t);

/* What is asked for, in memory: -1 when it cannot be read. */
int talk_load(const char *path, const char **bytes, size_t *len);
void talk_room_for(size_t connections); /* descriptors */
