// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "netmgr/probe/echo.h"
#include "netmgr/kernel/kernel.h"
#include "netmgr/probe/probe_priv.h"

enum { HUB_ADDRESS_MS = 600000 };

static uint64_t now_us(struct prober *p)
{
	uint64_t now = 0;
	sd_event_now(p->loop, CLOCK_MONOTONIC, &now);
	return now;
}

static void hang_up(struct probe *q)
{
	sd_event_source_disable_unref(q->source);
	q->source = NULL;
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

/* Only far machines are late, and somebody beyond the provider has answered: the verdict is known. */
static bool is_settled(const struct round *r)
{
	const unsigned late = PROBE_FAR | PROBE_BIT(PROBE_ECHO);
	if (!r->settle || (r->pending & ~late))
		return false;
	for (int t = 0; t < PROBE_TARGETS; t++)
		if ((PROBE_BEYOND & PROBE_BIT(t)) && r->result.answer[t] == PROBE_OK)
			return true;
	return false;
}

static void answer(struct probe *q, enum probe_answer answer)
{
	struct round *r = q->round;
	hang_up(q);
	r->result.answer[q->target] = answer;
	q->heard |= answer != PROBE_SKIPPED && answer != PROBE_SILENT;
	r->pending &= ~PROBE_BIT(q->target);
	if (q->target == PROBE_GATEWAY && answer == PROBE_OK)
		r->gateway_answers = true;
	if (q->target == PROBE_RESOLVER)
		r->resolver_fails = answer != PROBE_OK && answer != PROBE_SKIPPED;
	/* The end is told from the loop, never from within prober_ask(). */
	if (!r->pending || is_settled(r))
		(void)sd_event_source_set_time(r->timer, 0);
}

/* How far away the answering machine is; the router in the same room says nothing about the line. */
static void note_rtt(struct probe *q)
{
	struct round *r = q->round;
	if (q->sent > 1)
		return; /* which one was answered? (Karn) */
	uint64_t took = now_us(r->prober) - q->sent_us;
	uint32_t rtt = took < UINT32_MAX ? (uint32_t)(took ? took : 1) : UINT32_MAX;
	if (q->target != PROBE_GATEWAY && (!r->result.rtt_us || rtt < r->result.rtt_us))
		r->result.rtt_us = rtt;
	if ((PROBE_BEYOND & PROBE_BIT(q->target)) &&
	    (!r->result.beyond_us || rtt < r->result.beyond_us))
		r->result.beyond_us = rtt;
}

/* What an error on a socket proves. */
static enum probe_answer by_error(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET || error == EPIPE ? PROBE_REFUSED
									      : PROBE_SILENT;
}

static int on_event(sd_event_source *source, int fd, uint32_t events, void *data);

static int listen_on(struct probe *q, int fd, uint32_t events)
{
	q->fd = fd;
	return sd_event_add_io(q->round->prober->loop, &q->source, fd, events, on_event, q);
}

static void send_bytes(struct probe *q, const void *bytes, size_t len)
{
	q->sent_us = now_us(q->round->prober);
	q->sent++;
	if (send(q->fd, bytes, len, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		answer(q, q->target == PROBE_ECHO ? PROBE_SILENT : by_error(errno));
}

/* Whether the line has IPv6 alone. */
static bool is_six(const struct round *r)
{
	return kernel_family(r->prober->kernel, r->uplink) == KERNEL_SIX;
}

/* --- gateway and far machines: ICMP echoes --- */

static void send_echo(struct probe *q)
{
	uint8_t packet[ECHO_BYTES];
	(is_six(q->round) ? echo_request6 : echo_request)((uint16_t)randombytes_uniform(UINT16_MAX),
							  1, q->query, packet);
	send_bytes(q, packet, sizeof(packet));
}

static int dial_echo(struct probe *q, const union host *to)
{
	int fd;
	int r = kernel_dial(q->round->prober->kernel, q->round->uplink, KERNEL_ECHO, to, &fd);
	if (r == 0)
		r = listen_on(q, fd, EPOLLIN);
	if (r < 0)
		return r;
	randombytes_buf(q->query, ECHO_TOKEN);
	send_echo(q);
	return 0;
}

static void ask_gateway(struct probe *q)
{
	int r = dial_echo(q, NULL);
	if (r < 0)
		answer(q, r == -ENETUNREACH
				  ? PROBE_SILENT
				  : kernel_neighbour(q->round->prober->kernel, q->round->uplink));
}

static void ask_far(struct probe *q)
{
	const struct in_addr far = q->round->prober->far[q->target - PROBE_FAR_A];
	const union host to = host_four(far, 0);
	int r = far.s_addr ? dial_echo(q, &to) : -EOPNOTSUPP;
	if (r < 0)
		answer(q, r == -ENETUNREACH ? PROBE_SILENT : PROBE_SKIPPED);
}

static void hear_echo(struct probe *q)
{
	uint8_t bytes[256];
	ssize_t n = recv(q->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && errno != EAGAIN) {
		answer(q, PROBE_SILENT);
	} else if (n > 0 && echo_reply(bytes, (size_t)n, q->query) == 0) {
		note_rtt(q);
		answer(q, PROBE_OK);
	}
}

/* --- resolver --- */

/* Sends one A question to the uplink's resolver. */
static int ask_name(struct probe *q, const char *name)
{
	struct prober *p = q->round->prober;
	union host to;
	int fd;
	int r = kernel_resolver(p->kernel, q->round->uplink, &to);
	if (r < 0)
		return r;
	r = (is_six(q->round) ? dns_query6 : dns_query)(name,
							(uint16_t)randombytes_uniform(UINT16_MAX),
							q->query);
	if (r < 0)
		return r;
	q->query_len = (size_t)r;
	r = kernel_dial(p->kernel, q->round->uplink, KERNEL_UDP, &to, &fd);
	if (r < 0)
		return r;
	r = listen_on(q, fd, EPOLLIN);
	if (r < 0)
		return r;
	send_bytes(q, q->query, q->query_len);
	return 0;
}

/* A name that nobody has asked before, so that no cache can answer for the line. */
static void ask_resolver(struct probe *q)
{
	uint8_t random[6];
	char hex[13], name[sizeof(hex) + sizeof(q->round->prober->check_name) + 1];
	randombytes_buf(random, sizeof(random));
	text_hex(random, sizeof(random), hex);
	snprintf(name, sizeof(name), "%s.%s", hex, q->round->prober->check_name);
	int r = ask_name(q, name);
	/* Without a resolver nothing is resolved, whatever else works. */
	if (r < 0)
		answer(q, r == -ENETUNREACH ? PROBE_SILENT
			  : r == -ENOENT    ? PROBE_REFUSED
					    : PROBE_SKIPPED);
}

/* The next well-formed answer to our question; -EAGAIN while there is none. */
static int hear_name(struct probe *q, struct dns_answer *out)
{
	uint8_t bytes[DNS_REPLY_MAX];
	ssize_t n = recv(q->fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return -errno;
	int r = dns_reply(bytes, (size_t)n, q->query, q->query_len, out);
	return r == -EBADMSG ? -EAGAIN : r;
}

static void hear_resolver(struct probe *q)
{
	struct dns_answer got;
	int r = hear_name(q, &got);
	if (r == -EAGAIN)
		return;
	if (r < 0) {
		answer(q, by_error(-r));
		return;
	}
	note_rtt(q);
	/* "No such name" is the right answer to a random name. */
	answer(q, got.rcode == 0 || got.rcode == 3 ? PROBE_OK : PROBE_REFUSED);
}

/* --- hub --- */

static void call_hub(struct probe *q, const union host *to)
{
	uint8_t random[16];
	int fd;
	int r = kernel_dial(q->round->prober->kernel, q->round->uplink, KERNEL_TCP, to, &fd);
	if (r == 0)
		r = listen_on(q, fd, EPOLLOUT);
	if (r < 0) {
		answer(q, r == -EOPNOTSUPP ? PROBE_SKIPPED : by_error(-r));
		return;
	}
	q->stage = STAGE_CONNECT;
	q->sent_us = now_us(q->round->prober);
	randombytes_buf(random, sizeof(random));
	text_hex(random, sizeof(random), q->nonce);
}

static void call_hub_at(struct probe *q, const union host *hub)
{
	const union host to = host_at(hub, q->round->prober->check.port);
	call_hub(q, &to);
}

static void ask_hub(struct probe *q)
{
	struct round *r = q->round;
	struct prober *p = r->prober;
	bool fresh = r->hub_known && (r->hub.any.sa_family == AF_INET6) == is_six(r) &&
		     (r->resolver_fails || clock_mono_ms() - r->hub_ms < HUB_ADDRESS_MS);
	if (p->check.literal) {
		const union host hub = host_four(p->check.address, 0);
		call_hub_at(q, &hub);
	} else if (fresh) {
		call_hub_at(q, &r->hub);
	} else {
		q->stage = STAGE_LOOKUP;
		int e = ask_name(q, p->check.host);
		if (e == -EOPNOTSUPP)
			call_hub(q, NULL); /* a simulated line knows the way */
		else if (e < 0)
			answer(q, e == -ENETUNREACH ? PROBE_SILENT : PROBE_SKIPPED);
	}
}

static void hear_lookup(struct probe *q)
{
	struct dns_answer got;
	int r = hear_name(q, &got);
	if (r == -EAGAIN)
		return;
	hang_up(q);
	const bool six = is_six(q->round);
	if (r < 0 || !(six ? got.has_address6 : got.has_address)) {
		/* Without its address the hub was not asked: the resolver's answer decides. */
		const bool silent = r < 0 && by_error(-r) == PROBE_SILENT;
		/* A hub of IPv4 alone is beyond a line of IPv6 alone: the box has no use for that one if it has another. */
		answer(q, silent || six ? PROBE_SILENT : PROBE_SKIPPED);
		return;
	}
	q->heard = true;
	q->round->hub_known = true;
	q->round->hub = six ? host_six(got.address6, 0) : host_four(got.address, 0);
	q->round->hub_ms = clock_mono_ms();
	call_hub_at(q, &q->round->hub);
}

static void send_check(struct probe *q)
{
	char request[CHECK_REQUEST_ROOM];
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(q->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
		answer(q, by_error(error));
		return;
	}
	q->heard = true;
	q->stage = STAGE_ANSWER;
	(void)sd_event_source_set_io_events(q->source, EPOLLIN);
	send_bytes(q, request, check_request(&q->round->prober->check, q->nonce, request));
}

static void hear_hub(struct probe *q)
{
	ssize_t n = recv(q->fd, q->reply + q->reply_len, sizeof(q->reply) - q->reply_len, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		answer(q, by_error(errno));
		return;
	}
	if (q->reply_len == 0 && n > 0)
		note_rtt(q);
	q->reply_len += (size_t)n;
	enum check_end end = n == 0 ? CHECK_ENDED : CHECK_OPEN;
	enum probe_answer got = check_reply(q->reply, q->reply_len, end, q->nonce);
	if (got != PROBE_SKIPPED)
		answer(q, got);
}

/* --- the hub's echo --- */

static int dial_hub_echo(struct probe *q)
{
	int fd, e = probe_echo_ask(q, now_us(q->round->prober), &fd);
	return e < 0 ? e : listen_on(q, fd, EPOLLIN);
}

static void ask_hub_echo(struct probe *q)
{
	int e = dial_hub_echo(q);
	if (e < 0)
		answer(q, e == -EOPNOTSUPP ? PROBE_SKIPPED : PROBE_SILENT);
}

/* Beside the hub's check, and no part of the round: does it answer here at all? */
static void try_hub_echo(struct round *r)
{
	if (!r->echo_answers && dial_hub_echo(&r->probes[PROBE_ECHO]) < 0)
		hang_up(&r->probes[PROBE_ECHO]);
}

static void hear_hub_echo(struct probe *q)
{
	struct round *r = q->round;
	bool asked = r->pending & PROBE_BIT(PROBE_ECHO);
	int heard = probe_echo_hear(q);
	if (!heard)
		return;
	if (heard > 0) {
		r->echo_answers = true;
		r->echo_silent = 0;
	}
	if (asked && heard > 0)
		note_rtt(q);
	/* Whoever says "no such port" has no key: that is no answer. */
	if (asked)
		answer(q, heard > 0 ? PROBE_OK : PROBE_SILENT);
	else
		hang_up(q);
}

/* --- the round --- */

static int on_event(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct probe *q = data;
	(void)source;
	(void)fd;
	(void)events;
	if (q->target == PROBE_RESOLVER)
		hear_resolver(q);
	else if (q->target == PROBE_ECHO)
		hear_hub_echo(q);
	else if (q->target != PROBE_HUB)
		hear_echo(q);
	else if (q->stage == STAGE_LOOKUP)
		hear_lookup(q);
	else if (q->stage == STAGE_CONNECT)
		send_check(q);
	else
		hear_hub(q);
	return 0;
}

static void give_up(struct probe *q)
{
	struct round *r = q->round;
	enum probe_answer got = PROBE_SILENT;
	/* A router that never answers echoes may still be seen to be there. */
	if (q->target == PROBE_GATEWAY && !r->gateway_answers)
		got = kernel_neighbour(r->prober->kernel, r->uplink);
	answer(q, got);
	if (q->target == PROBE_GATEWAY && got == PROBE_OK)
		r->gateway_answers = false;
}

/* Something came back from beyond the router, if only half of the hub's greeting. */
static bool heard_afar(const struct round *r)
{
	for (int t = 0; t < PROBE_TARGETS; t++)
		if ((PROBE_REMOTE & PROBE_BIT(t)) && r->probes[t].heard)
			return true;
	return false;
}

static int on_end(sd_event_source *source, uint64_t usec, void *data)
{
	struct round *r = data;
	(void)usec;
	bool settled = is_settled(r);
	if (r->pending && r->more_us && !settled && heard_afar(r)) {
		(void)sd_event_source_set_time_relative(source, r->more_us);
		(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
		r->more_us = 0;
		return 0;
	}
	for (int t = 0; t < PROBE_TARGETS; t++) {
		if (!(r->pending & PROBE_BIT(t)))
			continue;
		if (settled)
			answer(&r->probes[t], PROBE_SKIPPED);
		else
			give_up(&r->probes[t]);
	}
	(void)sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(r->again, SD_EVENT_OFF);
	probe_echo_note(r);
	r->prober->done(r->prober->data, r->uplink, &r->result);
	return 0;
}

/* A burst: what has not been answered is asked once more. TCP sees to itself. */
static int on_again(sd_event_source *source, uint64_t usec, void *data)
{
	struct round *r = data;
	(void)usec;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		struct probe *q = &r->probes[t];
		if (!(r->pending & PROBE_BIT(t)) || q->fd < 0)
			continue;
		if (t == PROBE_GATEWAY || (PROBE_FAR & PROBE_BIT(t)))
			send_echo(q);
		else if (t == PROBE_RESOLVER || t == PROBE_ECHO || q->stage == STAGE_LOOKUP)
			send_bytes(q, q->query, q->query_len);
	}
	if (--r->repeats == 0)
		return 0;
	(void)sd_event_source_set_time_relative(source, r->every_us);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

void prober_ask(struct prober *p, const struct core_action *action)
{
	static void (*const ask[PROBE_TARGETS])(struct probe *) = {
		[PROBE_GATEWAY] = ask_gateway, [PROBE_RESOLVER] = ask_resolver,
		[PROBE_FAR_A] = ask_far,       [PROBE_FAR_B] = ask_far,
		[PROBE_HUB] = ask_hub,         [PROBE_ECHO] = ask_hub_echo,
	};
	struct round *r = &p->rounds[action->uplink];
	unsigned targets = action->targets & prober_possible(p, action->uplink);
	uint32_t first_ms = action->dead_ms ? action->dead_ms : action->within_ms;
	(void)sd_event_source_set_time_relative(r->timer, (uint64_t)first_ms * 1000);
	(void)sd_event_source_set_enabled(r->timer, SD_EVENT_ONESHOT);
	r->more_us = (uint64_t)(action->within_ms - first_ms) * 1000;
	r->settle = action->settle;
	r->repeats = action->repeats > 1 ? action->repeats - 1 : 0;
	r->every_us = (uint64_t)action->every_ms * 1000;
	(void)sd_event_source_set_time_relative(r->again, r->every_us);
	(void)sd_event_source_set_enabled(r->again, r->repeats ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	r->result = (struct probe_round){ 0 };
	r->pending = targets;
	if (!r->pending)
		(void)sd_event_source_set_time(r->timer, 0);
	for (int t = 0; t < PROBE_TARGETS; t++) {
		struct probe *q = &r->probes[t];
		hang_up(q);
		q->stage = STAGE_ANSWER;
		q->reply_len = 0;
		q->sent = 0;
		q->heard = false;
		if (targets & PROBE_BIT(t))
			ask[t](q);
	}
	if (targets & PROBE_BIT(PROBE_HUB))
		try_hub_echo(r);
}

void prober_forget(struct prober *p, unsigned uplink)
{
	struct round *r = &p->rounds[uplink];
	r->gateway_answers = r->resolver_fails = r->hub_known = false;
	r->echo_answers = false;
}

void prober_set_key(struct prober *p, const struct measure_key *key)
{
	p->key = *key;
	for (size_t i = 0; i < UPLINK_MAX; i++)
		p->rounds[i].echo_answers = false;
}

/* Far machines are configured by their IPv4 addresses. A hub that is one is not reached by a line that has none. */
unsigned prober_possible(const struct prober *p, unsigned uplink)
{
	const bool four = kernel_family(p->kernel, uplink) == KERNEL_FOUR;
	return PROBE_BIT(PROBE_GATEWAY) | (p->has_check ? PROBE_BIT(PROBE_HUB) : 0) |
	       (p->rounds[uplink].echo_answers ? PROBE_BIT(PROBE_ECHO) : 0) |
	       (p->check_name[0] ? PROBE_BIT(PROBE_RESOLVER) : 0) |
	       (four && p->far[0].s_addr ? PROBE_BIT(PROBE_FAR_A) : 0) |
	       (four && p->far[1].s_addr ? PROBE_BIT(PROBE_FAR_B) : 0);
}

void prober_free(struct prober *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < UPLINK_MAX; i++) {
		for (int t = 0; t < PROBE_TARGETS; t++)
			if (p->rounds[i].prober)
				hang_up(&p->rounds[i].probes[t]);
		sd_event_source_disable_unref(p->rounds[i].timer);
		sd_event_source_disable_unref(p->rounds[i].again);
	}
	sd_event_unref(p->loop);
	free(p);
}

CLEAN_FN(prober, struct prober, prober_free)

static int add_timer(sd_event *loop, sd_event_source **out, sd_event_time_handler_t ring,
		     struct round *round)
{
	enum { ACCURACY_US = 1000 };
	int r = sd_event_add_time(loop, out, CLOCK_MONOTONIC, UINT64_MAX, ACCURACY_US, ring, round);
	return r < 0 ? r : sd_event_source_set_enabled(*out, SD_EVENT_OFF);
}

int prober_new(struct sd_event *loop, const struct net_conf *conf, struct kernel *kernel,
	       void (*done)(void *data, unsigned uplink, const struct probe_round *round),
	       void *data, struct prober **out, struct fault *why)
{
	CLEANUP(clean_prober) struct prober *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p->loop = sd_event_ref(loop);
	p->kernel = kernel;
	p->done = done;
	p->data = data;
	p->echo_port = (uint16_t)conf->net.echo_port;
	(void)inet_pton(AF_INET, conf->net.far_a, &p->far[0]); /* checked with the configuration */
	(void)inet_pton(AF_INET, conf->net.far_b, &p->far[1]);
	int r = probe_take_check(p, conf, why);
	if (r < 0)
		return r;
	if (sodium_init() < 0)
		return fault_set(why, -EIO, "probe.random", "no random numbers from the kernel");
	for (unsigned i = 0; i < UPLINK_MAX; i++) {
		struct round *round = &p->rounds[i];
		round->prober = p;
		round->uplink = i;
		for (int t = 0; t < PROBE_TARGETS; t++)
			round->probes[t] = (struct probe){ .round = round,
							   .target = (enum probe_target)t,
							   .fd = -1 };
		r = add_timer(loop, &round->timer, on_end, round);
		if (r >= 0)
			r = add_timer(loop, &round->again, on_again, round);
		if (r < 0)
			return fault_set(why, r, "probe.loop", "no timer for probes: %s",
					 strerror(-r));
	}
	*out = MOVE_PTR(p);
	return 0;
}
