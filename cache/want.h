// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/record/objmap.h"

struct fault;

/*
 * nginx workers tell contentd what pupils wait for, and contentd tells when it is there. SOCK_SEQPACKET at
 * /run/wasl/want.sock; one message per packet, fixed size, host byte order; a packet of another size or an
 * unknown type closes the connection. Neither side blocks on send: a full buffer drops READY (the waiter re-checks on its
 * own timer) and postpones WANT. A closed socket cancels its wants; workers ask again on reconnect.
 *
 * The worker speaks first, with HELLO; another version than one's own closes the connection. A want ends with exactly
 * one READY, FAILED or CANCEL. READY of an object says which chunks from the wanted `first` on are readable by now (at
 * least that one); whoever wants what lies behind asks anew, so an object is wanted chunk by chunk as it is sent, and
 * `count` says how far the pupil means to read. A WANT with an error is about what is there and cannot be read from the disk:
 * `count` chunks are to be looked at, and fetched again if they are bad. READY of a segment means that its slot is published. Messages that name
 * an unknown token are not an error: a CANCEL and a READY may cross. SHARED says that another client than the WANT's waits for it, too: `client` is that of the two. SPOILT, of a worker, carries nothing: names.idx is damaged, or not
 * there, as far as it can see; it says so again every WANT_SPOILT_MS until it is not. Whoever writes the index looks for himself.
 */
#define WANT_VERSION 4u /* contentd's HELLO: see want_send_hello() */
#define WANT_SPOILT_MS 2000u
#define WANT_SEVERAL \
	0x80000000u /* in a client's number: it is that of two together, the same whoever came first */
#define WANT_SOCKET "/run/wasl/want.sock"

enum want_type {
	WANT_HELLO = 1,
	WANT_WANT = 2,
	WANT_CANCEL = 3,
	WANT_READY = 4,
	WANT_FAILED = 5,
	WANT_TALLY = 6,
	WANT_TALLIED = 7,
	WANT_SPOILT = 8,
	WANT_SHARED = 9
};
enum want_kind { WANT_OBJECT = 1, WANT_SEGMENT = 2 };

struct want_msg {
	uint32_t type; /* enum want_type */
	uint32_t kind; /* enum want_kind; 0 in HELLO */
	uint64_t
		token; /* HELLO: version; WANT: chosen by the worker, echoed in SHARED, CANCEL, READY, FAILED;
			  TALLIED: sequence of the last tally that is on disk */
	struct objmap_id id; /* WANT_OBJECT */
	uint64_t
		rendition; /* WANT_SEGMENT; HELLO: instance of the worker; TALLIED: of the tallies */
	uint64_t first;    /* first chunk, or segment number */
	uint64_t count;    /* chunks, or 1 */
	uint32_t priority; /* 0 a pupil waits .. 9 background */
	uint32_t
		deadline_ms; /* from now; 0 none; contentd's HELLO: how long a client is to be patient */
	int32_t error; /* FAILED: negative errno; WANT: 0, or why what is there cannot be read */
	uint32_t
		client; /* WANT, SHARED: who waits, a number that says nothing else; 0: not known */
};

/*
 * What was used since the last tally of this instance: increments, to be added up by day, lesson and rung. Sent every few
 * seconds, and when a worker ends. It is kept until TALLIED names its instance, and its sequence or a later one, and sent again
 * on a new connection, also by another worker when the one that counted was killed: counted exactly once, whichever side is
 * killed when. Sequences of an instance begin at 1, grow, and may leave one out.
 */
struct want_tally {
	uint32_t type; /* WANT_TALLY */
	uint32_t reserved;
	uint64_t instance; /* who counted: not 0, not always who sends */
	uint64_t sequence; /* grows with each tally of the instance, so that a repeat is seen */
	int32_t day;       /* days since 1970 */
	uint32_t starts, completions, new_devices;
	uint64_t watched_ms, sent_bytes;
	char lesson[64]; /* terminated */
	char rung[24];   /* terminated */
};

_Static_assert(sizeof(struct want_msg) == 88, "no holes: what is sent was all written");
_Static_assert(sizeof(struct want_tally) == 144, "no holes: what is sent was all written");

union want_packet { /* room for one of any type, and to see that one is too long */
	uint32_t type;
	struct want_msg msg;
	struct want_tally tally;
	uint8_t room[160];
};

/*
 * Length, type, kind, ranges that do not overflow, terminated texts: 0 or -EBADMSG. Whether a rendition or an object
 * exists, and how long it is, is still for the receiver to look up.
 */
int want_check(const void *packet, size_t len);

/*
 * The next packet that a non-blocking socket has, checked: 1; 0 when there is none now; -ENOTCONN when the other side is
 * gone and all that it said was read; -EBADMSG for one that want_check() refuses; another negative errno of recv(2).
 */
int want_receive(int fd, union want_packet *out);

/*
 * As want_receive(), for the worker: also takes the descriptor that came with a HELLO (cache/pass.h); *passed is the caller's
 * then, else -1.
 */
int want_receive_fd(int fd, union want_packet *out, int *passed);
/* contentd's answer to HELLO; `passed`: the area that bytes pass through when the disk is full, or -1. 0 or a negative errno. */
int want_send_hello(int fd, uint32_t patience_ms, int passed);

/* `instance`: a random number, not 0, that a worker process chooses when it starts. */
struct want_msg want_hello(uint64_t instance);
struct want_msg want_spoilt(void);
struct want_msg want_tallied(uint64_t instance, uint64_t sequence);
/* Answers to a received want. */
struct want_msg want_ready(const struct want_msg *want, uint64_t first, uint64_t count);
struct want_msg want_failed(const struct want_msg *want, int error);

/*
 * A connected or listening socket, non-blocking and close-on-exec, or a negative errno. Any length of path is fine.
 * want_listen() replaces a dead instance's socket and refuses (-EADDRINUSE) while a live one answers.
 */
int want_connect(const char *path);
int want_listen(const char *path, mode_t mode, struct fault *why);
