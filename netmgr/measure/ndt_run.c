// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/ndt_run.h"

#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/sandbox.h"

enum {
	LOOK_US = 25000,
	CONNECT_MS = 8000,
	QUIET_MS = 5000, /* nothing has crossed for so long */
	TEXTS_MOST = 200,
	READ_BYTES = 1 << 16,
	TELL_BYTES =
		1 << 12, /* so many have come at a time: on a slow line they are soon counted */
	CPU_S = 20,
	MEMORY_BYTES = 256 << 20,
};

/* A build with sanitizers reserves terabytes of address space: no limit there. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_MEMORY_LIMIT = 0 };
#else
enum { HAS_MEMORY_LIMIT = 1 };
#endif

struct run {
	const struct ndt_run_spec *spec;
	void (*told)(const struct ndt_result *so_far);
	struct ndt_result *out;
	struct lws_context *context;
	struct ndt_stop stop;
	uint64_t start_us, asked_us, begun_us, told_us, moved_us, moved;
	uint64_t carried;         /* as far as this end knows */
	uint64_t sent;            /* given to the kernel */
	uint64_t heard, heard_us; /* what the hub says has come, by its own clock */
	uint64_t acked0;          /* of the request */
	size_t piece, text_len;
	unsigned texts;
	char text[NDT_TEXT_MAX + 1];
	bool asked, begun, over;
	uint8_t *payload;
};

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void end(struct run *r, enum ndt_end how)
{
	if (r->over)
		return;
	r->over = true;
	r->out->end = how;
	lws_cancel_service(r->context);
}

/* --- what has crossed --- */

static bool is_early(const struct run *r)
{
	return r->spec->rules.window_ms != 0;
}

/* Upward: what the other kernel has, as ours knows it; where the socket is no TCP, what the hub says, and never more than was sent. */
static void count(struct run *r, uint64_t now, uint64_t *us, uint64_t *bytes)
{
	struct ndtmsg m = { 0 };
	ndtmsg_look(r->spec->fd, &m);
	if (m.has_tcp) {
		r->out->rtt_us = (uint32_t)m.tcp.min_rtt_us;
		ndt_stop_rtt(&r->stop, r->out->rtt_us);
	}
	*us = now - r->begun_us;
	if (r->spec->way == NDT_UP) {
		*us = m.has_tcp ? *us : r->heard_us;
		r->carried = m.has_tcp ? (uint64_t)m.tcp.acked - r->acked0 : r->heard;
		if (r->carried > r->sent)
			r->carried = r->sent;
	}
	*bytes = r->carried;
}

static void sum_up(struct run *r, uint64_t us)
{
	r->out->bytes = r->carried;
	r->out->ms = (uint32_t)(us / 1000);
	/* A whole one is a mean, as others' are; an early one is what the line had come to. */
	r->out->bps = is_early(r) ? ndt_stop_bps(&r->stop)
		      : us        ? (uint64_t)((double)r->carried * 8e6 / (double)us)
				  : 0;
}

static void look(struct run *r)
{
	static const enum ndt_end ends[] = { [NDT_STOP_STABLE] = NDT_END_STABLE,
					     [NDT_STOP_CAP] = NDT_END_CAP,
					     [NDT_STOP_DEADLINE] = NDT_END_FULL };
	uint64_t us, bytes;
	const uint64_t now = now_us();
	if (!r->begun) {
		if (now - r->start_us > CONNECT_MS * 1000ull)
			end(r, NDT_END_LATE);
		return;
	}
	count(r, now, &us, &bytes);
	enum ndt_stop_verdict v = ndt_stop_see(&r->stop, us, bytes);
	sum_up(r, us);
	if (bytes != r->moved) {
		r->moved = bytes;
		r->moved_us = now;
	}
	if (now - r->told_us >= NDT_TELL_MS * 1000) {
		r->told_us = now;
		r->told(r->out);
	}
	if (v != NDT_STOP_NOT_YET)
		end(r, ends[v]);
	else if (now - r->moved_us > QUIET_MS * 1000ull ||
		 now - r->begun_us > (NDT_RUN_MS + NDT_GRACE_MS) * 1000ull)
		end(r, NDT_END_LATE);
}

/* --- what comes --- */

static void hear_text(struct run *r)
{
	struct ndtmsg m;
	const int e = ndtmsg_read(r->text, r->text_len, &m);
	r->text_len = 0;
	if (e || ++r->texts > TEXTS_MOST) {
		end(r, NDT_END_RUDE);
		return;
	}
	if (*m.proof && !*r->out->proof)
		memcpy(r->out->proof, m.proof, sizeof(m.proof));
	if (m.of_client || (uint64_t)m.elapsed_us < r->heard_us)
		return;
	r->heard = (uint64_t)m.bytes;
	r->heard_us = (uint64_t)m.elapsed_us;
}

static void hear(struct run *r, struct lws *wsi, const char *in, size_t len)
{
	if (lws_frame_is_binary(wsi)) {
		/* Half duplex */
		if (r->spec->way == NDT_UP)
			end(r, NDT_END_RUDE);
		r->carried += len;
		return;
	}
	if (len > NDT_TEXT_MAX - r->text_len) {
		end(r, NDT_END_RUDE);
		return;
	}
	memcpy(r->text + r->text_len, in, len);
	r->text_len += len;
	if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi))
		hear_text(r);
}

static int send_some(struct run *r, struct lws *wsi)
{
	if (r->spec->way != NDT_UP || r->over)
		return 0;
	if (!is_early(r) && now_us() - r->begun_us > NDT_RUN_MS * 1000ull)
		return 0;
	size_t piece = r->piece = ndtmsg_piece(r->piece, r->sent);
	/* What waits in queues costs as much as what has come through them: the rest is awaited. */
	const uint64_t most = r->spec->rules.most_bytes;
	if (most && r->sent >= most)
		return 0;
	if (most && most - r->sent < piece)
		piece = (size_t)(most - r->sent);
	/* Masked where it lies, as the protocol wants it: as random as before. */
	if (lws_write(wsi, r->payload + LWS_PRE, piece, LWS_WRITE_BINARY) < 0)
		return -1;
	r->sent += piece;
	lws_callback_on_writable(wsi);
	return 0;
}

static void begin(struct run *r, struct lws *wsi)
{
	r->begun_us = r->told_us = r->moved_us = now_us();
	r->begun = true;
	/* It has been answered, so it is acknowledged: what is from here on was sent to measure. */
	struct ndtmsg m = { 0 };
	ndtmsg_look(r->spec->fd, &m);
	r->acked0 = m.has_tcp ? (uint64_t)m.tcp.acked : 0;
	/* The request and its answer: the way without a load, where the kernel does not say. */
	r->out->rtt_us = (uint32_t)(r->begun_us - r->asked_us);
	lws_callback_on_writable(wsi);
}

/* Whole: the other side ends it after ten seconds. */
static void closed(struct run *r)
{
	const uint64_t ran_us = r->begun ? now_us() - r->begun_us : 0;
	if (r->over)
		return;
	if (r->begun && !is_early(r))
		look(r);
	end(r, ran_us >= (NDT_RUN_MS - NDT_TELL_MS) * 1000ull ? NDT_END_FULL : NDT_END_BROKEN);
}

static int on_ndt7(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len)
{
	struct run *r = lws_context_user(lws_get_context(wsi));
	/* libwebsockets has a hundred reasons; what is not ours is its own business. */
	if (reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER)
		r->asked_us = now_us();
	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED)
		begin(r, wsi);
	if (reason == LWS_CALLBACK_CLIENT_RECEIVE)
		hear(r, wsi, in, len);
	if (reason == LWS_CALLBACK_CLIENT_WRITEABLE)
		return send_some(r, wsi);
	if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR)
		end(r, lws_http_client_http_response(wsi) ? NDT_END_REFUSED : NDT_END_BROKEN);
	if (reason == LWS_CALLBACK_CLIENT_CLOSED)
		closed(r);
	return r->over ? -1 : lws_callback_http_dummy(wsi, reason, user, in, len);
}

/* --- the socket --- */

/* Somebody to begin to connect to, who is never spoken to. */
static int listen_here(uint16_t *port)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&here, &len))
		return -errno;
	*port = ntohs(here.sin_port);
	return MOVE_FD(fd);
}

/*
 * libwebsockets makes its sockets itself, and this one is bound to a line by somebody who may do that. So it begins to connect to
 * nobody, and finds the right socket under the number of its own when it looks whether that is connected.
 */
static int take_socket(struct run *r, struct fault *why)
{
	char path[sizeof(NDT_DOWNLOAD) + NDT_TOKEN_ROOM + 96];
	uint16_t port = 0;
	AUTO_FD int nobody = listen_here(&port);
	snprintf(path, sizeof(path), "%s?client_name=wasl-ndt&client_version=" WASL_VERSION "%s%s",
		 r->spec->way == NDT_UP ? NDT_UPLOAD : NDT_DOWNLOAD,
		 *r->spec->token ? "&access_token=" : "", r->spec->token);
	const struct lws_client_connect_info info = { .context = r->context,
						      .address = "127.0.0.1",
						      .port = port,
						      .path = path,
						      .host = r->spec->host,
						      .protocol = NDT_PROTOCOL };
	struct lws *wsi = nobody < 0 ? NULL : lws_client_connect_via_info(&info);
	const int own = wsi ? lws_get_socket_fd(wsi) : -1;
	if (own < 0 || r->asked_us || dup2(r->spec->fd, own) < 0)
		return fault_set(why, -ENOTCONN, "ndt.socket",
				 "the line's socket could not be handed to libwebsockets (%s)",
				 strerror(errno));
	return 0;
}

static int close_walls(struct fault *why)
{
	static const int calls[] = { SYS_getsockopt, SYS_setsockopt, SYS_getpeername,
				     SYS_getsockname };
	const struct sandbox_spec spec = { .memory_bytes = HAS_MEMORY_LIMIT ? MEMORY_BYTES : 0,
					   .cpu_s = CPU_S,
					   .allow_syscalls = calls,
					   .allow_count = ARRAY_LEN(calls) };
	unsigned missing = 0;
	return sandbox_enter(&spec, &missing, why);
}

static int open_context(struct run *r, struct fault *why)
{
	static const struct lws_protocols protocols[] = {
		{ NDT_PROTOCOL, on_ndt7, 0, TELL_BYTES, 0, NULL, 0 },
		{ NULL, NULL, 0, 0, 0, NULL, 0 },
	};
	const struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
							.protocols = protocols,
							.user = r,
							.pt_serv_buf_size = READ_BYTES,
							.fd_limit_per_thread = 16,
							.gid = (gid_t)-1,
							.uid = (uid_t)-1 };
	lws_set_log_level(0, NULL);
	r->context = lws_create_context(&info);
	r->payload = malloc(LWS_PRE + NDT_PIECE_MAX);
	if (!r->context || !r->payload)
		return fault_set(why, -ENOMEM, "memory", "libwebsockets does not start");
	randombytes_buf(r->payload, LWS_PRE + NDT_PIECE_MAX);
	return 0;
}

static void on_look(lws_sorted_usec_list_t *timer)
{
	struct looker {
		lws_sorted_usec_list_t timer;
		struct run *run;
	} *l = (struct looker *)(void *)timer;
	look(l->run);
	if (!l->run->over)
		lws_sul_schedule(l->run->context, 0, timer, on_look, LOOK_US);
}

int ndt_run(const struct ndt_run_spec *spec, void (*told)(const struct ndt_result *so_far),
	    struct ndt_result *out, struct fault *why)
{
	struct run r = { .spec = spec, .told = told, .out = out, .start_us = now_us() };
	struct {
		lws_sorted_usec_list_t timer;
		struct run *run;
	} looker = { .run = &r };
	static const struct linger now = { .l_onoff = 1 };
	*out = (struct ndt_result){ .end = NDT_END_RUNS };
	(void)fcntl(spec->fd, F_SETFL, fcntl(spec->fd, F_GETFL) | O_NONBLOCK);
	ndt_stop_init(&r.stop, &spec->rules);
	int e = open_context(&r, why);
	if (e == 0) {
		ndtmsg_prepare(spec->fd);
		e = take_socket(&r, why);
	}
	if (e == 0)
		e = close_walls(why);
	if (e == 0)
		lws_sul_schedule(r.context, 0, &looker.timer, on_look, LOOK_US);
	while (e == 0 && !r.over && lws_service(r.context, 0) >= 0)
		;
	/* What is still in the kernel's queue would go on to cost. */
	if (e == 0 && out->end != NDT_END_FULL)
		(void)setsockopt(spec->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return e;
}
