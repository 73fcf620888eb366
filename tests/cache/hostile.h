// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A client without manners, and what it heard. Part of cache-hostile (tests/cache/hostile.c). */

/* A request is head, then `times` times unit, then tail: any of them may hold any byte. */
struct text {
	const char *at;
	size_t len;
};
#define T(literal)                           \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

enum row_end {
	END_SYNC, /* the connection goes on, and the next request on it gets its own answer */
	END_SHUT, /* the server hangs up */
	END_EITHER
};

struct row {
	const char *name;
	struct text head, unit;
	size_t times;
	struct text tail;
	const char *want; /* statuses, any of them; "-" is none: the connection is
			 * closed without an answer; "raw" is bytes without a head */
	enum row_end end;
	unsigned replies; /* 0 is one */
	size_t most;      /* bytes of body that may come at most; 0 is 64 KiB */
};

extern const struct row rows[];
extern const size_t rows_count;

enum { PEER_STATUSES = 4096, PEER_EXCERPT = 8192 };

struct answer {
	bool bodiless; /* said before: HEAD was asked */
	unsigned replies;
	int status[PEER_STATUSES];
	size_t body; /* of all replies */
	bool shut;   /* the server hung up */
	bool garbled, chatty, naked, leaky;
	char excerpt[PEER_EXCERPT]; /* of what came, for people */
	size_t excerpt_len;
};

/* From 127.0.0.`from`, so that many devices can be played; -1 and errno. */
int peer_connect(int port, int from);

/* Sends what it can while it listens, until `replies` have come, the server hung up, or `ms` are over. */
void peer_talk(int fd, const char *bytes, size_t len, unsigned replies, int ms, struct answer *out);

/* Is more said, and does it hang up, within `ms`? What comes is taken as further replies. */
void peer_listen(int fd, int ms, struct answer *out);

/* Reads on, whatever comes; does it hang up within `ms`? */
bool peer_drain(int fd, int ms);
