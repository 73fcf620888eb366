// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/ndt7.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/ndtmsg.h"
#include "provisioning/ndtd/door.h"
#include "provisioning/ndtd/limit.h"
#include "provisioning/ndtd/reply.h"
#include "provisioning/ndtd/seats.h"

enum {
	READ_BYTES = 1 << 16, /* at a time, for each who uploads */
	LOOK_US = NDT_TELL_MS * 1000,
	PATIENCE_S = 5, /* with who says nothing: a question that was lost is sent again */
	MINUTE_DIV =
		60, /* limit.h counts in seconds: a clock that is so much slower makes them minutes */
	OWN_FDS = 16,
};

enum end {
	END_SERVED,
	END_BROKEN,
	END_RUDE,
	END_NO_KEY,
	END_OFTEN,
	END_FULL,
	END_BAD,
	END_GAVE_WAY,
	ENDS
};
static const char *const end_names[ENDS] = { "served",    "broken_off", "rude", "without_key",
					     "too_often", "full",       "bad",  "gave_way" };

/* One measurement. */
struct visit {
	enum ndt_way way;
	int seat; /* plus one: zeroed memory has none */
	uint64_t begun_us, told_us;
	uint64_t bytes;
	size_t piece;
	bool told_once, over, rude;
	char proof[NDT_PROOF_ROOM];
};

struct ndt7 {
	struct lws_context *context;
	pthread_t thread;
	bool runs;
	atomic_bool end;
	uint16_t port;
	enum { BOXES, ANYBODY } whom;
	const uint8_t *secret;
	struct door door; /* before the upgrade */
	struct seats seats;
	struct limit boxes, nets;
	_Atomic uint64_t ends[ENDS], sent, received;
	_Atomic uint32_t now;
	uint8_t *payload; /* behind LWS_PRE bytes for the frame's head */
};

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- who asks --- */

static bool is_loopback(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static bool read_address(const char *text, struct in6_addr *out)
{
	char mapped[INET6_ADDRSTRLEN + 32];
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	snprintf(mapped, sizeof(mapped), "::ffff:%s", text);
	return inet_pton(AF_INET6, mapped, out) == 1;
}

static struct in6_addr peer(struct lws *wsi)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&from, &len) == 0)
		return reply_asker(&from);
	return (struct in6_addr){ 0 };
}

/* Behind a web server of this machine: whom that names. */
static struct in6_addr asker(struct lws *wsi)
{
	char named[64] = "";
	struct in6_addr out = peer(wsi), other;
	if (is_loopback(&out) &&
	    lws_hdr_copy(wsi, named, sizeof(named), WSI_TOKEN_HTTP_X_REAL_IP) > 0 &&
	    read_address(named, &other))
		out = other;
	return out;
}

/* Connected, and nothing said yet. */
static int let_in(struct ndt7 *n, struct lws *wsi)
{
	const struct in6_addr from = peer(wsi);
	struct lws *goes = door_enter(&n->door, wsi, &from);
	if (goes) {
		n->ends[END_GAVE_WAY]++;
		lws_set_timeout(goes, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	}
	return 0;
}

/* What the query string carries as access_token, read as an ask of the hub's echo. */
static int read_token(struct ndt7 *n, struct lws *wsi, uint8_t ask[static HUBECHO_ASK],
		      char proof[static NDT_PROOF_ROOM])
{
	char token[NDT_TOKEN_ROOM + 16] = "";
	uint8_t answer[HUBECHO_ANSWER];
	const char *given = lws_get_urlarg_by_name(wsi, "access_token=", token, sizeof(token));
	if (!given || text_unhex(given, ask, HUBECHO_ASK) ||
	    hubecho_reply(ask, HUBECHO_ASK, n->secret, answer))
		return -EKEYREJECTED;
	text_hex(answer, sizeof(answer), proof);
	return 0;
}

static int which_way(struct lws *wsi, enum ndt_way *out)
{
	char path[64] = "", protocol[64] = "";
	if (lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) < 0 ||
	    lws_hdr_copy(wsi, protocol, sizeof(protocol), WSI_TOKEN_PROTOCOL) < 0 ||
	    strcmp(protocol, NDT_PROTOCOL) != 0)
		return -EBADMSG;
	if (strcmp(path, NDT_DOWNLOAD) != 0 && strcmp(path, NDT_UPLOAD) != 0)
		return -ENOENT;
	*out = strcmp(path, NDT_UPLOAD) == 0 ? NDT_UP : NDT_DOWN;
	return 0;
}

static int refuse(struct ndt7 *n, struct lws *wsi, enum end why, unsigned status)
{
	n->ends[why]++;
	return lws_return_http_status(wsi, status, NULL) < 0 ? -1 : 1;
}

/* Before the upgrade; what it is about is read once more when the visit begins. */
static int judge(struct ndt7 *n, struct lws *wsi)
{
	enum ndt_way way;
	uint8_t ask[HUBECHO_ASK];
	char proof[NDT_PROOF_ROOM];
	const struct in6_addr from = asker(wsi);
	const uint64_t now = clock_mono_ms() / MINUTE_DIV + 1;
	int r = which_way(wsi, &way);
	if (r)
		return refuse(n, wsi, END_BAD, r == -ENOENT ? 404 : 400);
	r = read_token(n, wsi, ask, proof);
	if (r && n->whom == BOXES)
		return refuse(n, wsi, END_NO_KEY, 401);
	if ((!r && !limit_take(&n->boxes, ask, HUBECHO_DEVICE, now)) ||
	    !limit_take(&n->nets, from.s6_addr, reply_net_bytes(&from), now))
		return refuse(n, wsi, END_OFTEN, 429);
	const int seat = seats_take(&n->seats, &from);
	seats_leave(&n->seats, seat);
	return seat < 0 ? refuse(n, wsi, END_FULL, seat == -EUSERS ? 429 : 503) : 0;
}

/* --- a visit --- */

static int begin(struct ndt7 *n, struct lws *wsi, struct visit *v)
{
	uint8_t ask[HUBECHO_ASK];
	const struct in6_addr from = asker(wsi);
	door_leave(&n->door, wsi);
	*v = (struct visit){ .begun_us = now_us(), .piece = NDT_PIECE_MIN };
	if (which_way(wsi, &v->way))
		return -1;
	if (read_token(n, wsi, ask, v->proof))
		v->proof[0] = '\0';
	const int seat = seats_take(&n->seats, &from);
	if (seat < 0) {
		n->ends[END_FULL]++;
		return -1;
	}
	v->seat = seat + 1;
	n->now++;
	ndtmsg_prepare(lws_get_socket_fd(wsi));
	lws_set_timer_usecs(wsi, LOOK_US);
	lws_callback_on_writable(wsi);
	return 0;
}

static void leave(struct ndt7 *n, struct visit *v)
{
	if (!v->seat)
		return;
	n->ends[v->rude ? END_RUDE : v->over ? END_SERVED : END_BROKEN]++;
	n->now--;
	seats_leave(&n->seats, v->seat - 1);
	v->seat = 0;
}

static int tell(struct lws *wsi, struct visit *v, uint64_t now)
{
	struct ndtmsg m = { .way = v->way,
			    .elapsed_us = (int64_t)(now - v->begun_us),
			    .bytes = (int64_t)v->bytes };
	unsigned char frame[LWS_PRE + NDT_TEXT_MAX];
	ndtmsg_look(lws_get_socket_fd(wsi), &m);
	if (!v->told_once)
		memcpy(m.proof, v->proof, sizeof(m.proof));
	v->told_once = true;
	v->told_us = now;
	AUTO_FREE char *text = ndtmsg_write(&m);
	const size_t len = text ? strlen(text) : NDT_TEXT_MAX;
	if (len >= NDT_TEXT_MAX)
		return -1;
	memcpy(frame + LWS_PRE, text, len);
	return lws_write(wsi, frame + LWS_PRE, len, LWS_WRITE_TEXT) < (int)len ? -1 : 0;
}

static int finish(struct lws *wsi, struct visit *v)
{
	v->over = true;
	lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
	return -1;
}

static int send_some(struct ndt7 *n, struct lws *wsi, struct visit *v)
{
	const uint64_t now = now_us(), ran_us = now - v->begun_us;
	if (!v->told_once || now - v->told_us >= LOOK_US) {
		if (v->way == NDT_DOWN)
			lws_callback_on_writable(wsi);
		return tell(wsi, v, now);
	}
	if (ran_us >= NDT_RUN_MS * 1000ull && (v->way == NDT_DOWN || v->over))
		return finish(wsi, v);
	if (v->way == NDT_UP)
		return 0;
	v->piece = ndtmsg_piece(v->piece, v->bytes);
	if (lws_write(wsi, n->payload + LWS_PRE, v->piece, LWS_WRITE_BINARY) < 0)
		return -1;
	v->bytes += v->piece;
	n->sent += v->piece;
	lws_callback_on_writable(wsi);
	return 0;
}

static int receive(struct ndt7 *n, struct lws *wsi, struct visit *v, size_t len)
{
	/* Half duplex: who sends what was not asked for goes. */
	v->rude |= lws_frame_is_binary(wsi) && v->way == NDT_DOWN;
	v->bytes += v->way == NDT_UP ? len : 0;
	n->received += len;
	return v->rude ? -1 : 0;
}

/* Four times a second: the last one ends who neither stops nor takes anything. */
static int look(struct lws *wsi, struct visit *v)
{
	const uint64_t ran_us = now_us() - v->begun_us;
	v->over |= ran_us >= NDT_RUN_MS * 1000ull;
	if (ran_us >= (NDT_RUN_MS + NDT_GRACE_MS) * 1000ull)
		return -1;
	lws_set_timer_usecs(wsi, LOOK_US);
	lws_callback_on_writable(wsi);
	return 0;
}

static int on_ndt7(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len)
{
	struct ndt7 *n = lws_context_user(lws_get_context(wsi));
	struct visit *v = user;
	/* libwebsockets has a hundred reasons; what is not ours is its own business. */
	if (reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED)
		return let_in(n, wsi);
	if (reason == LWS_CALLBACK_WSI_DESTROY)
		door_leave(&n->door, wsi);
	if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE)
		return judge(n, wsi);
	if (reason == LWS_CALLBACK_ESTABLISHED)
		return begin(n, wsi, v);
	if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
		return send_some(n, wsi, v);
	if (reason == LWS_CALLBACK_RECEIVE)
		return receive(n, wsi, v, len);
	if (reason == LWS_CALLBACK_TIMER && v)
		return look(wsi, v);
	if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE)
		v->over = true;
	if (reason == LWS_CALLBACK_CLOSED)
		leave(n, v);
	return lws_callback_http_dummy(wsi, reason, user, in, len);
}

/* --- life --- */

static void *serve(void *data)
{
	struct ndt7 *n = data;
	while (!n->end && lws_service(n->context, 0) >= 0)
		;
	return NULL;
}

static int open_context(struct ndt7 *n, const struct ndt7_spec *spec, struct fault *why)
{
	static const struct lws_protocols protocols[] = {
		{ NDT_PROTOCOL, on_ndt7, sizeof(struct visit), READ_BYTES, 0, NULL, 0 },
		{ NULL, NULL, 0, 0, 0, NULL, 0 },
	};
	struct lws_context_creation_info info = {
		.port = spec->port,
		.iface = *spec->address ? spec->address : NULL,
		.protocols = protocols,
		.user = n,
		.timeout_secs = PATIENCE_S,
		.pt_serv_buf_size = READ_BYTES,
		.fd_limit_per_thread = OWN_FDS + DOOR_MOST + spec->in_all,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};
	lws_set_log_level(0, NULL);
	n->context = lws_create_context(&info);
	struct lws_vhost *host = n->context ? lws_get_vhost_by_name(n->context, "default") : NULL;
	const int port = host ? lws_get_vhost_listen_port(host) : 0;
	if (port <= 0)
		return fault_set(why, -EADDRINUSE, "ndtd.listen",
				 "cannot listen on TCP port %u of '%s'; choose another in [ndtd]",
				 spec->port, *spec->address ? spec->address : "all addresses");
	n->port = (uint16_t)port;
	return 0;
}

static int begin_thread(struct ndt7 *n, struct fault *why)
{
	sigset_t all, before;
	sigfillset(&all);
	/* Signals are the daemon's own loop's. */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const int r = pthread_create(&n->thread, NULL, serve, n);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	n->runs = r == 0;
	return r ? fault_set(why, -r, "ndtd.thread", "no thread for ndt7: %s", strerror(r)) : 0;
}

void ndt7_close(struct ndt7 *n)
{
	if (!n)
		return;
	n->end = true;
	if (n->runs) {
		lws_cancel_service(n->context);
		pthread_join(n->thread, NULL);
	}
	if (n->context)
		lws_context_destroy(n->context);
	free(n->payload);
	free(n);
}

CLEAN_FN(ndt7, struct ndt7, ndt7_close)

int ndt7_open(const struct ndt7_spec *spec, struct ndt7 **out, struct fault *why)
{
	uint8_t seed[2][crypto_shorthash_KEYBYTES];
	CLEANUP(clean_ndt7) struct ndt7 *n = calloc(1, sizeof(*n));
	if (!n || !(n->payload = malloc(LWS_PRE + NDT_PIECE_MAX)))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	n->whom = spec->whom == NDT7_ANYBODY ? ANYBODY : BOXES;
	n->secret = spec->secret;
	randombytes_buf(n->payload, LWS_PRE + NDT_PIECE_MAX);
	randombytes_buf(seed, sizeof(seed));
	limit_init(&n->boxes, spec->per_box, seed[0]);
	limit_init(&n->nets, spec->per_net, seed[1]);
	seats_init(&n->seats, spec->in_all, spec->per_address);
	int r = open_context(n, spec, why);
	if (r == 0)
		r = begin_thread(n, why);
	if (r)
		return r;
	*out = MOVE_PTR(n);
	return 0;
}

uint16_t ndt7_port(const struct ndt7 *n)
{
	return n->port;
}

json_t *ndt7_json(const struct ndt7 *n)
{
	json_t *all = json_pack("{s:i, s:i, s:I, s:I}", "port", (int)n->port, "now", (int)n->now,
				"sent_bytes", (json_int_t)n->sent, "received_bytes",
				(json_int_t)n->received);
	for (unsigned i = 0; all && i < ENDS; i++)
		json_object_set_new(all, end_names[i], json_integer((json_int_t)n->ends[i]));
	return all;
}
