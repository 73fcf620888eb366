// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fault;
struct sd_event;

/*
 * HTTP on a unix socket: the control socket of every daemon (JSON, so that `curl --unix-socket` works)
 * and the hub's application socket behind nginx. libmicrohttpd turned by the caller's sd-event loop;
 * one thread. Limits: 64 connections (ctl_listen_many: as many as it says), 16 KiB of headers, body as the route says, 10 s idle.
 */
struct ctl;         /* a listening socket with its routes */
struct ctl_request; /* one request; valid until its reply is sent */

struct ctl_route {
	const char *method; /* "GET", "POST" */
	const char *
		path; /* "/v1/receipts"; one "*" at the end matches the rest ("/v1/lessons/" "*") */
	void (*serve)(struct ctl_request *req, void *data);
	size_t body_limit; /* bytes; larger bodies get 413. 0 = no body */
};

/*
 * Listens on `path` (any length: long ones go through /proc/self/fd), or on the socket that systemd
 * passed under the name `NAME.sock` where there is one. Refuses (-EADDRINUSE) while another live
 * instance answers there; replaces a dead one's socket. `mode` is the socket's file mode.
 * Unknown paths get 404, a known path with another method 405, both as JSON.
 */
int ctl_listen(struct sd_event *loop, const char *path, mode_t mode, const struct ctl_route *routes,
	       size_t count, void *data, struct ctl **out, struct fault *why);
/* The same for a socket on which many requests wait at once (ctl_reply… later). */
int ctl_listen_many(struct sd_event *loop, const char *path, mode_t mode,
		    const struct ctl_route *routes, size_t count, unsigned connections, void *data,
		    struct ctl **out, struct fault *why);
void ctl_close(
	struct ctl *ctl); /* NULL is fine; open requests are dropped, and told so (ctl_on_gone) */

/* What was asked. Pointers live as long as the request. */
const char *ctl_path(const struct ctl_request *req);
const char *ctl_rest(const struct ctl_request *req); /* what "*" matched, "" otherwise */
const char *ctl_arg(const struct ctl_request *req,
		    const char *name); /* decoded query value or NULL */
int64_t ctl_arg_int(const struct ctl_request *req, const char *name, int64_t fallback);
const char *ctl_header(const struct ctl_request *req, const char *name); /* or NULL */
const void *ctl_body(const struct ctl_request *req, size_t *len);
uid_t ctl_peer_uid(const struct ctl_request *req); /* SO_PEERCRED of the connection */
/* Zeroed memory freed with the request; the same block each call, NULL for more than was asked first. */
void *ctl_scratch(struct ctl_request *req, size_t size);

/*
 * One of these exactly once per request, at once or later (a request that waits holds only memory;
 * ctl_on_gone tells when the other side left: after it, the request must not be touched).
 */
void ctl_reply_json(struct ctl_request *req, unsigned status, json_t *body); /* steals body */
void ctl_reply_bytes(struct ctl_request *req, unsigned status, const char *type, const void *bytes,
		     size_t len);
void ctl_reply_fault(struct ctl_request *req, unsigned status,
		     const struct fault *why); /* {"error":id,"text":…} */
void ctl_reply_header(struct ctl_request *req, const char *name,
		      const char *value); /* before the reply */
void ctl_on_gone(struct ctl_request *req, void (*gone)(void *data), void *data);

/*
 * An endless reply (server-sent events): begin, push as often as wanted, end. The stream is the caller's to
 * use until ctl_stream_end() or until `gone` was called, never both. A reader more than 256 KiB behind loses
 * the stream: push says -EPIPE, and `gone` follows in a later turn of the loop, never from inside a push.
 * NULL: out of memory, the connection is closed.
 */
struct ctl_stream;
struct ctl_stream *ctl_reply_stream(struct ctl_request *req, const char *type,
				    void (*gone)(void *data), void *data);
int ctl_stream_push(struct ctl_stream *s, const void *bytes, size_t len);
void ctl_stream_end(struct ctl_stream *s);

/*
 * A fault's code as status: EINVAL, EBADMSG, EILSEQ 400; EPERM, EACCES 403; ENOENT 404; EEXIST 409; EFBIG, E2BIG 413;
 * EAGAIN 503; ENOSPC 507; else 500.
 */
unsigned ctl_status_of(int code);

/*
 * A call to another daemon's socket that blocks for at most `timeout_ms`: command-line tools, and short
 * questions between daemons. `body` (borrowed) may be NULL. *out (may be NULL) receives the reply, owned by the caller.
 * -EREMOTEIO with the other side's sentence in *why when it answered with an error status.
 */
int ctl_call(const char *socket_path, const char *method, const char *target, json_t *body,
	     int timeout_ms, json_t **out, struct fault *why);

/*
 * Same with any bytes both ways (signed records are not JSON). `bytes` may be NULL. *out is malloc'ed, with a
 * NUL one byte past *out_len.
 */
int ctl_call_bytes(const char *socket_path, const char *method, const char *target,
		   const char *type, const void *bytes, size_t len, int timeout_ms, void **out,
		   size_t *out_len, struct fault *why);
