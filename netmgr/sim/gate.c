// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/sim/gate.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/sim/lane.h"

enum {
	GATE_CONNS = 256,
	PIECE_MIN =
		512, /* read at a time: 20 ms of the line, so that connections share it fairly */
	PIECE_MAX = 8192,
	TURNS = 16, /* pieces moved before others get their turn */
	ACCURACY_US = 500,
	AGAIN_US = 1000000, /* a stuck sender sends again */
};

enum { UP, DOWN }; /* up: from the box to the target */

struct side {
	int fd;
	sd_event_source *source;
	bool open_ended; /* nothing more will come from here */
	bool told;       /* the other side has been told so */
};

struct conn {
	struct conn *next, **at;
	struct gate *gate;
	unsigned uplink;
	struct side client, server;
	bool connecting, swallowed;
	uint64_t again_us;
	struct lane lanes[2];
	sd_event_source *timer;
};

struct line {
	enum gate_line state;
	struct lane_rate rates[2];
	uint64_t bytes[2];
};

struct gate {
	sd_event *loop;
	int fd;
	sd_event_source *source;
	struct sockaddr_in target;
	bool has_target, listening, refuses;
	int preferred;
	struct line lines[UPLINK_MAX];
	struct conn *conns;
	size_t conn_count;
};

static uint64_t now_us(struct gate *g)
{
	uint64_t now = 0;
	sd_event_now(g->loop, CLOCK_MONOTONIC, &now);
	return now;
}

/* --- one connection --- */

static void side_done(struct side *s, bool reset)
{
	sd_event_source_disable_unref(s->source);
	s->source = NULL;
	if (s->fd < 0)
		return;
	if (reset) {
		struct linger now = { .l_onoff = 1 };
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	}
	close(s->fd);
	s->fd = -1;
}

static void conn_free(struct conn *c, bool reset)
{
	if (!c)
		return;
	side_done(&c->client, reset);
	side_done(&c->server, reset);
	sd_event_source_disable_unref(c->timer);
	lane_done(&c->lanes[UP]);
	lane_done(&c->lanes[DOWN]);
	if (c->at) {
		*c->at = c->next;
		if (c->next)
			c->next->at = c->at;
		c->gate->conn_count--;
	}
	free(c);
}

static void clean_conn(struct conn **c)
{
	conn_free(*c, true);
}

static size_t piece_of(const struct lane_rate *rate)
{
	uint64_t bytes = rate->bytes_per_s ? rate->bytes_per_s / 50 : PIECE_MAX;
	return bytes < PIECE_MIN ? PIECE_MIN : bytes > PIECE_MAX ? PIECE_MAX : (size_t)bytes;
}

/* Reads from one side into a lane. 0, or -errno when the connection is broken. */
static int fill(struct conn *c, int direction)
{
	struct side *from = direction == UP ? &c->client : &c->server;
	struct lane_rate *rate = &c->gate->lines[c->uplink].rates[direction];
	for (int n_turn = 0; n_turn < TURNS && !from->open_ended; n_turn++) {
		size_t room, piece = piece_of(rate);
		void *space = lane_space(&c->lanes[direction], &room);
		if (!room)
			return 0;
		ssize_t n = recv(from->fd, space, room < piece ? room : piece, 0);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			from->open_ended = true;
		else
			lane_put(&c->lanes[direction], rate, (size_t)n, now_us(c->gate));
	}
	return 0;
}

/* Writes what has arrived at the other side; passes the end on once the lane is empty. */
static int drain(struct conn *c, int direction)
{
	struct side *from = direction == UP ? &c->client : &c->server;
	struct side *to = direction == UP ? &c->server : &c->client;
	for (int n_turn = 0; n_turn < TURNS; n_turn++) {
		size_t len;
		const void *bytes = lane_ready(&c->lanes[direction], now_us(c->gate), &len);
		if (!len)
			break;
		ssize_t n = send(to->fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		lane_take(&c->lanes[direction], (size_t)n);
		c->gate->lines[c->uplink].bytes[direction] += (size_t)n;
	}
	if (from->open_ended && !from->told && lane_empty(&c->lanes[direction])) {
		from->told = true;
		(void)shutdown(to->fd, SHUT_WR);
	}
	return 0;
}

/* A side that has ended both ways reports that for ever, and nothing more is wanted from it. */
static void side_wants(struct side *s, const struct side *other, uint32_t events)
{
	bool over = s->open_ended && other->told;
	(void)sd_event_source_set_io_events(s->source, events);
	(void)sd_event_source_set_enabled(s->source, over ? SD_EVENT_OFF : SD_EVENT_ON);
}

/* Which events each side is wanted for, and when the next bytes arrive. */
static void rearm(struct conn *c)
{
	uint64_t now = now_us(c->gate), due = UINT64_MAX;
	uint32_t client = 0, server = 0;
	size_t room, len;
	for (int d = UP; d <= DOWN; d++) {
		struct side *from = d == UP ? &c->client : &c->server;
		uint32_t *from_events = d == UP ? &client : &server,
			 *to_events = d == UP ? &server : &client;
		(void)lane_space(&c->lanes[d], &room);
		if (room && !from->open_ended)
			*from_events |= EPOLLIN;
		(void)lane_ready(&c->lanes[d], now, &len);
		if (len)
			*to_events |= EPOLLOUT;
		else if (lane_due_us(&c->lanes[d]) < due)
			due = lane_due_us(&c->lanes[d]);
	}
	if (c->connecting)
		server = EPOLLOUT;
	if (c->gate->lines[c->uplink].state == GATE_SILENT) {
		client = c->swallowed ? 0 : EPOLLIN;
		server = 0;
		due = c->swallowed ? c->again_us : UINT64_MAX;
	}
	side_wants(&c->client, &c->server, client);
	side_wants(&c->server, &c->client, server);
	(void)sd_event_source_set_time(c->timer, due);
	(void)sd_event_source_set_enabled(c->timer,
					  due == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/*
 * A silent line takes what the box sends and loses it: the bytes are counted as sent, now and each time that a sender
 * would send them again, and stay where they are.
 */
static void swallow(struct conn *c)
{
	int waiting = 0;
	uint64_t now = now_us(c->gate);
	if (c->swallowed && now < c->again_us)
		return;
	if (ioctl(c->client.fd, FIONREAD, &waiting) < 0)
		waiting = 0;
	c->gate->lines[c->uplink].bytes[UP] += (unsigned)waiting;
	c->swallowed = true;
	c->again_us = waiting > 0 ? now + AGAIN_US : UINT64_MAX;
}

/* Moves what can be moved. Frees the connection when it is over. */
static void turn(struct conn *c)
{
	if (c->gate->lines[c->uplink].state == GATE_SILENT) {
		swallow(c);
		rearm(c);
		return;
	}
	c->swallowed = false;
	int r = 0;
	for (int d = UP; r == 0 && d <= DOWN && !c->connecting; d++) {
		r = fill(c, d);
		if (r == 0)
			r = drain(c, d);
	}
	if (r == 0 && c->connecting)
		r = fill(c, UP);
	if (r < 0 || (c->client.told && c->server.told)) {
		conn_free(c, r < 0);
		return;
	}
	rearm(c);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct conn *c = data;
	(void)source;
	(void)fd;
	/* Reset by the box while nothing was to be read or written. */
	if (events & EPOLLERR || (events & EPOLLHUP && !(events & (EPOLLIN | EPOLLOUT))))
		conn_free(c, true);
	else
		turn(c);
	return 0;
}

static int on_server(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct conn *c = data;
	(void)source;
	int error = 0;
	socklen_t len = sizeof(error);
	bool gone = (events & EPOLLERR) || (events & EPOLLHUP && !(events & (EPOLLIN | EPOLLOUT)));
	if (c->connecting && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
	    error == 0 && !gone)
		c->connecting = false;
	else
		gone |= c->connecting;
	if (gone)
		conn_free(c, true);
	else
		turn(c);
	return 0;
}

static int on_arrival(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	turn(data);
	return 0;
}

static int dial_target(const struct sockaddr_in *target, int *out)
{
	static const int one = 1;
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)target, sizeof(*target)) < 0 &&
	    errno != EINPROGRESS)
		return -errno;
	*out = MOVE_FD(fd);
	return 0;
}

/* Takes over `fd`, also on failure. */
static int conn_new(struct gate *g, unsigned uplink, int fd)
{
	AUTO_FD int client = fd;
	CLEANUP(clean_conn) struct conn *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->gate = g;
	c->uplink = uplink;
	c->connecting = true;
	c->server.fd = -1;
	c->client.fd = MOVE_FD(client);
	int r = g->conn_count < GATE_CONNS ? dial_target(&g->target, &c->server.fd) : -ENFILE;
	for (int d = UP; r >= 0 && d <= DOWN; d++)
		r = lane_init(&c->lanes[d], lane_room_for(&g->lines[uplink].rates[d]));
	if (r >= 0)
		r = sd_event_add_io(g->loop, &c->client.source, c->client.fd, EPOLLIN, on_client,
				    c);
	if (r >= 0)
		r = sd_event_add_io(g->loop, &c->server.source, c->server.fd, EPOLLOUT, on_server,
				    c);
	if (r >= 0)
		r = sd_event_add_time(g->loop, &c->timer, CLOCK_MONOTONIC, UINT64_MAX, ACCURACY_US,
				      on_arrival, c);
	if (r < 0)
		return r;
	c->next = g->conns;
	c->at = &g->conns;
	if (c->next)
		c->next->at = &c->next;
	g->conns = c;
	g->conn_count++;
	rearm(c);
	c = NULL;
	return 0;
}

/* --- the door --- */

/*
 * A line that is cut refuses: shutdown() takes the socket out of the listening state but keeps its port, and
 * listen() brings it back. Where nothing is preferred and lines hang, it just stops accepting.
 */
static void mind_door(struct gate *g)
{
	if (g->fd < 0)
		return;
	bool open = g->preferred >= 0 && g->lines[g->preferred].state != GATE_CUT;
	bool cut = g->preferred >= 0 ? g->lines[g->preferred].state == GATE_CUT : g->refuses;
	(void)sd_event_source_set_enabled(g->source, open ? SD_EVENT_ON : SD_EVENT_OFF);
	if (cut == !g->listening)
		return;
	if (cut)
		(void)shutdown(g->fd, SHUT_RD);
	else if (listen(g->fd, SOMAXCONN) < 0)
		log_error("event=gate.listen text=\"the simulated line cannot listen again: %s\"",
			  strerror(errno));
	g->listening = !cut;
}

static int on_door(sd_event_source *source, int fd, uint32_t events, void *data)
{
	static const int one = 1;
	struct gate *g = data;
	(void)source;
	(void)events;
	for (int n_turn = 0; n_turn < TURNS; n_turn++) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0)
			return 0;
		(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		int r = conn_new(g, (unsigned)g->preferred, client);
		if (r < 0)
			log_debug("event=gate.refuse text=\"%s\"", strerror(-r));
	}
	return 0;
}

static int open_door(struct gate *g, const char *at, struct fault *why)
{
	static const int one = 1;
	struct sockaddr_in here;
	if (net_conf_endpoint(at, &here) < 0)
		return fault_set(why, -EINVAL, "gate.listen", "[gate] listen '%s' is no address",
				 at);
	g->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (g->fd < 0)
		return fault_set(why, -errno, "gate.listen", "no socket for the simulated line: %s",
				 strerror(errno));
	(void)setsockopt(g->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(g->fd, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(g->fd, SOMAXCONN) < 0)
		return fault_set(why, -errno, "gate.listen",
				 "the simulated line cannot listen on %s: %s; end the program that "
				 "uses the port or choose "
				 "another in [gate] listen",
				 at, strerror(errno));
	g->listening = true;
	int r = sd_event_add_io(g->loop, &g->source, g->fd, EPOLLIN, on_door, g);
	return r < 0 ? fault_set(why, r, "gate.listen", "no event for the simulated line: %s",
				 strerror(-r))
		     : 0;
}

void gate_close(struct gate *g)
{
	if (!g)
		return;
	while (g->conns)
		conn_free(g->conns, true);
	sd_event_source_disable_unref(g->source);
	if (g->fd >= 0)
		close(g->fd);
	sd_event_unref(g->loop);
	free(g);
}

CLEAN_FN(gate, struct gate, gate_close)

int gate_open(struct sd_event *loop, const struct net_conf *conf, struct gate **out,
	      struct fault *why)
{
	CLEANUP(clean_gate) struct gate *g = calloc(1, sizeof(*g));
	if (!g)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	g->fd = -1;
	g->loop = sd_event_ref(loop);
	g->preferred = -1;
	g->refuses = conf->gate.when_cut == NET_CUT_REFUSE;
	for (size_t i = 0; i < conf->uplink_count; i++)
		for (int d = UP; d <= DOWN; d++) {
			g->lines[i].rates[d].bytes_per_s =
				(uint64_t)conf->uplinks[i].sim_rate_kbps * 125;
			g->lines[i].rates[d].delay_us = (uint64_t)conf->uplinks[i].sim_rtt_ms * 500;
		}
	if (conf->gate.target[0]) {
		if (net_conf_endpoint(conf->gate.target, &g->target) < 0)
			return fault_set(why, -EINVAL, "gate.target",
					 "[gate] target '%s' is no address", conf->gate.target);
		g->has_target = true;
	}
	if (conf->gate.listen[0]) {
		int r = open_door(g, conf->gate.listen, why);
		if (r < 0)
			return r;
	}
	mind_door(g);
	*out = MOVE_PTR(g);
	return 0;
}

void gate_prefer(struct gate *g, int uplink)
{
	g->preferred = uplink;
	mind_door(g);
}

void gate_reset(struct gate *g, unsigned uplink)
{
	for (struct conn *c = g->conns, *next; c; c = next) {
		next = c->next;
		if (c->uplink == uplink)
			conn_free(c, true);
	}
}

void gate_set_line(struct gate *g, unsigned uplink, enum gate_line state)
{
	g->lines[uplink].state = state;
	if (state == GATE_CUT)
		gate_reset(g, uplink);
	for (struct conn *c = g->conns; c; c = c->next)
		if (c->uplink == uplink)
			rearm(c);
	mind_door(g);
}

void gate_counters(const struct gate *g, unsigned uplink, uint64_t *rx_bytes, uint64_t *tx_bytes)
{
	*rx_bytes = g->lines[uplink].bytes[DOWN];
	*tx_bytes = g->lines[uplink].bytes[UP];
}

int gate_dial(struct gate *g, unsigned uplink, int *fd)
{
	int pair[2];
	if (!g->has_target)
		return -EOPNOTSUPP;
	if (g->lines[uplink].state == GATE_CUT)
		return -ENETUNREACH;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	AUTO_FD int ours = pair[0];
	int r = conn_new(g, uplink, pair[1]);
	if (r < 0)
		return r;
	*fd = MOVE_FD(ours);
	return 0;
}
