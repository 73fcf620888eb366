// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

/*
 * nginx workers tell contentd what pupils wait for, and contentd tells when it is there. SOCK_SEQPACKET at
 * /run/wasl/want.sock; one message per packet, fixed size, host byte order; a packet of another size or an
 * unknown type closes the connection. Neither side blocks on send: a full buffer drops READY (the waiter re-checks on its
 * own timer) and postpones WANT. A closed socket cancels its wants; workers ask again on reconnect.
 */
#define WANT_VERSION 1u
#define WANT_SOCKET "/run/wasl/want.sock"

enum want_type { WANT_HELLO = 1, WANT_WANT = 2, WANT_CANCEL = 3, WANT_READY = 4, WANT_FAILED = 5, WANT_TALLY = 6 };
enum want_kind { WANT_OBJECT = 1, WANT_SEGMENT = 2 };

struct want_msg {
	uint32_t type;		/* enum want_type */
	uint32_t kind;		/* enum want_kind */
	uint64_t token;		/* HELLO: version; WANT: chosen by the worker, echoed in CANCEL, READY, FAILED */
	struct objmap_id id;	/* WANT_OBJECT */
	uint64_t rendition;	/* WANT_SEGMENT, and TALLY */
	uint64_t first;		/* first chunk, or segment number */
	uint64_t count;		/* chunks, or 1 */
	uint32_t priority;	/* 0 a pupil waits .. 9 background */
	uint32_t deadline_ms;	/* from now; 0 none */
	int32_t error;		/* FAILED: negative errno */
	uint32_t reserved;
};

struct want_tally {		/* the same packet size is not needed: TALLY packets are this struct */
	uint32_t type;		/* WANT_TALLY */
	uint32_t reserved;
	uint64_t sequence;	/* per worker process, so that a repeat is seen */
	int32_t day;		/* days since 1970 */
	uint32_t starts, completions, new_devices;
	uint64_t watched_ms, sent_bytes;
	char lesson[64];
	char rung[24];
};

/* Length and type checks of a received packet: 0 or -EBADMSG. Nothing else of it is trusted. */
int want_check(const void *packet, size_t len);
