// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/hubecho.h"

/*
 * What both ends of an ndt7 measurement agree about (specification v0.11 in m-lab/ndt-server, spec/ndt7-protocol.md): one WebSocket,
 * one direction, binary messages that grow, and messages of text that say in JSON how it goes. wasl-ndtd serves, wasl-ndt asks.
 *
 * A box proves itself by the query string's access_token: an ask of the hub's echo (hubecho.h) in hexadecimal. The hub proves itself
 * by the answer to it, as a member "Wasl" of its first message, which other clients pass over. Times are microseconds.
 */
#define NDT_PROTOCOL "net.measurementlab.ndt.v7"
#define NDT_DOWNLOAD "/ndt/v7/download"
#define NDT_UPLOAD "/ndt/v7/upload"

enum {
	NDT_RUN_MS = 10000, /* the sender stops then */
	NDT_GRACE_MS = 3000,
	NDT_TELL_MS = 250, /* between two messages of text */
	NDT_PIECE_MIN = 1 << 13,
	NDT_PIECE_MAX = 1 << 17,
	NDT_TEXT_MAX = 4096,
	NDT_TOKEN_ROOM = 2 * HUBECHO_ASK + 1,
	NDT_PROOF_ROOM = 2 * HUBECHO_ANSWER + 1,
};

enum ndt_way { NDT_DOWN, NDT_UP };
const char *ndt_way_name(enum ndt_way way); /* "download", "upload" */

struct ndtmsg {
	enum ndt_way way;
	bool of_client;
	int64_t elapsed_us, bytes; /* AppInfo; sent or received at this end */
	bool has_tcp, has_bbr;
	struct ndtmsg_tcp {
		int64_t rtt_us, rttvar_us, min_rtt_us;
		int64_t acked, received, sent, retrans; /* bytes */
		int64_t busy_us, rwnd_limited_us, sndbuf_limited_us;
	} tcp;
	int64_t bbr_bps, bbr_min_rtt_us;
	char proof[NDT_PROOF_ROOM]; /* "": none */
};

/* malloc'ed JSON, shorter than NDT_TEXT_MAX; NULL: out of memory. */
char *ndtmsg_write(const struct ndtmsg *m);

/* A stranger's bytes. -EMSGSIZE; -EBADMSG: no measurement, or one with numbers that cannot be. Members nobody knows are passed over. */
int ndtmsg_read(const void *bytes, size_t len, struct ndtmsg *out);

/* How large the next binary message is: it doubles while it is at most a sixteenth of what was sent. */
size_t ndtmsg_piece(size_t piece, uint64_t sent_bytes);

/* What the kernel says of a TCP connection; what is no TCP, or an older kernel, leaves `has_tcp` or `has_bbr` unset. */
void ndtmsg_look(int fd, struct ndtmsg *m);
/* Before much is sent: BBR where the kernel has it, and little in its queue that is not on its way yet. */
void ndtmsg_prepare(int fd);
