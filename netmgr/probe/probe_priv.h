// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "netmgr/probe/check.h"
#include "netmgr/probe/dns.h"
#include "netmgr/kernel/host.h"
#include "netmgr/probe/measure_key.h"
#include "netmgr/probe/probe.h"

/* Shared by probe.c and probe_echo.c only. */
enum stage { STAGE_ANSWER, STAGE_LOOKUP, STAGE_CONNECT };

/* One question to one target. */
struct probe {
	struct round *round;
	enum probe_target target;
	enum stage stage;
	int fd;
	sd_event_source *source;
	uint64_t sent_us;
	unsigned sent; /* times */
	bool heard;    /* something, if only half of the hub's greeting */
	char nonce[CHECK_NONCE_ROOM];
	uint8_t query[DNS_QUERY_MAX];
	size_t query_len;
	char reply[CHECK_REPLY_MAX];
	size_t reply_len;
};

/* All questions of one uplink, and what is known about it. */
struct round {
	struct prober *prober;
	unsigned uplink;
	unsigned pending;
	struct probe_round result;
	sd_event_source *timer, *again;
	bool settle;
	uint64_t more_us; /* time after a first end, for those of whom something was heard */
	uint64_t every_us;
	unsigned repeats; /* left */
	struct probe probes[PROBE_TARGETS];
	bool gateway_answers; /* has ever: its silence means something */
	bool resolver_fails;  /* did, the last time */
	bool hub_known;
	union host hub; /* of the family that the line has */
	uint64_t hub_ms;
	bool echo_answers;    /* has, over this line */
	unsigned echo_silent; /* times in a row, while the hub's check answered */
};

struct prober {
	sd_event *loop;
	struct kernel *kernel;
	struct net_check check;
	char check_name[128];
	bool has_check;
	struct measure_key key;
	uint16_t echo_port;
	struct in_addr far[2]; /* PROBE_FAR_A and _B; 0: none */
	void (*done)(void *data, unsigned uplink, const struct probe_round *round);
	void *data;
	struct round rounds[UPLINK_MAX];
};

/* What the configuration says of the hub. */
int probe_take_check(struct prober *p, const struct net_conf *conf, struct fault *why);

/*
 * The hub's echo, over a socket of its own: the question is in q->query. -EOPNOTSUPP while the hub's address or
 * the key is not known. *fd is the caller's to listen on.
 */
int probe_echo_ask(struct probe *q, uint64_t now_us, int *fd);

/* What came on q->fd: 1 the answer, 0 something else or nothing yet, or what the socket says. */
int probe_echo_hear(const struct probe *q);

/* Whether it is worth asking, by how a round ended: a hub that answers by one door and never by the other has closed that one. */
void probe_echo_note(struct round *r);
