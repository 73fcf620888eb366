// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/kernel.h"
#include "netmgr/probe/probe_priv.h"

enum { ECHO_GONE = 5 };

/* At the address that the hub's check has found; no other question is asked for it. */
int probe_echo_ask(struct probe *q, uint64_t now_us, int *out)
{
	const struct round *r = q->round;
	const struct prober *p = r->prober;
	const union host literal = host_four(p->check.address, 0);
	const union host to = host_at(p->check.literal ? &literal : &r->hub, p->echo_port);
	uint8_t nonce[HUBECHO_NONCE];
	AUTO_FD int fd = -1;
	if (!p->key.has || (!p->check.literal && !r->hub_known))
		return -EOPNOTSUPP;
	int e = kernel_dial(p->kernel, r->uplink, KERNEL_UDP, &to, &fd);
	if (e < 0)
		return e;
	_Static_assert(sizeof(q->query) >= HUBECHO_ASK, "room for the question");
	randombytes_buf(nonce, sizeof(nonce));
	hubecho_ask(p->key.key, p->key.device, nonce, q->query);
	q->query_len = HUBECHO_ASK;
	q->sent_us = now_us;
	q->sent++;
	if (send(fd, q->query, q->query_len, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		return -errno;
	*out = MOVE_FD(fd);
	return 0;
}

int probe_echo_hear(const struct probe *q)
{
	uint8_t bytes[256];
	ssize_t n = recv(q->fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return hubecho_answers(bytes, (size_t)n, q->round->prober->key.key, q->query) == 0;
}

void probe_echo_note(struct round *r)
{
	if (r->result.answer[PROBE_ECHO] != PROBE_SILENT || r->result.answer[PROBE_HUB] != PROBE_OK)
		return;
	if (++r->echo_silent >= ECHO_GONE)
		r->echo_answers = false;
}

int prober_hub(const struct prober *p, unsigned uplink, union host *out)
{
	const struct round *r = &p->rounds[uplink];
	if (!p->check.literal && !r->hub_known)
		return -EAGAIN;
	*out = p->check.literal ? host_four(p->check.address, 0) : r->hub;
	return 0;
}

const struct measure_key *prober_key(const struct prober *p)
{
	return &p->key;
}
