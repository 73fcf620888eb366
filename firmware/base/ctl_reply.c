// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/ctl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl_priv.h"
#include "firmware/base/fault.h"

/* --- what was asked ----------------------------------------------------------------------------- */

const char *ctl_path(const struct ctl_request *req)
{
	return req->path;
}

const char *ctl_rest(const struct ctl_request *req)
{
	return req->rest;
}

const char *ctl_arg(const struct ctl_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_GET_ARGUMENT_KIND, name);
}

int64_t ctl_arg_int(const struct ctl_request *req, const char *name, int64_t fallback)
{
	const char *text = ctl_arg(req, name);
	if (!text || !*text)
		return fallback;
	char *end;
	errno = 0;
	long long got = strtoll(text, &end, 10);
	return errno || *end ? fallback : got;
}

const char *ctl_header(const struct ctl_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

const void *ctl_body(const struct ctl_request *req, size_t *len)
{
	*len = req->body_len;
	return req->body ? req->body : "";
}

uid_t ctl_peer_uid(const struct ctl_request *req)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return (uid_t)-1;
	return peer.uid;
}

void *ctl_scratch(struct ctl_request *req, size_t size)
{
	if (!req->scratch) {
		req->scratch = calloc(1, size);
		req->scratch_size = size;
	}
	return size <= req->scratch_size ? req->scratch : NULL;
}

/* --- what is answered --------------------------------------------------------------------------- */

unsigned ctl_status_of(int code)
{
	static const struct {
		int code;
		unsigned status;
	} rows[] = {
		{ EINVAL, 400 }, { EBADMSG, 400 }, { EPERM, 403 },  { EACCES, 403 },
		{ ENOENT, 404 }, { EEXIST, 409 },  { EFBIG, 413 },  { EAGAIN, 503 },
		{ ENOSPC, 507 }, { E2BIG, 413 },   { EILSEQ, 400 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].code == (code < 0 ? -code : code))
			return rows[i].status;
	}
	return 500;
}

static bool has_extra(const struct ctl_request *req, const char *name)
{
	for (size_t i = 0; i < req->extra_count; i++) {
		if (!strcasecmp(req->extra[i].name, name))
			return true;
	}
	return false;
}

/* `response` may be NULL (out of memory): the connection is closed then. */
static void reply(struct ctl_request *req, unsigned status, const char *type,
		  struct MHD_Response *response)
{
	if (req->replied) {
		if (response)
			MHD_destroy_response(response);
		return;
	}
	req->replied = true;
	req->status = status;
	req->response = response;
	for (size_t i = 0; response && i < req->extra_count; i++)
		MHD_add_response_header(response, req->extra[i].name, req->extra[i].value);
	if (response && !has_extra(req, MHD_HTTP_HEADER_CONTENT_TYPE))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	ctl_resume(req);
}

void ctl_reply_header(struct ctl_request *req, const char *name, const char *value)
{
	if (req->extra_count == CTL_EXTRA_HEADERS)
		return;
	AUTO_FREE char *kept_name = strdup(name), *kept_value = strdup(value);
	if (!kept_name || !kept_value)
		return;
	req->extra[req->extra_count].name = MOVE_PTR(kept_name);
	req->extra[req->extra_count++].value = MOVE_PTR(kept_value);
}

void ctl_reply_json(struct ctl_request *req, unsigned status, json_t *body)
{
	AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	json_decref(body);
	if (!has_extra(req, MHD_HTTP_HEADER_CACHE_CONTROL))
		ctl_reply_header(req, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	struct MHD_Response *response = NULL;
	if (text)
		response =
			MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response)
		(void)MOVE_PTR(text);
	reply(req, status, "application/json", response);
}

void ctl_reply_bytes(struct ctl_request *req, unsigned status, const char *type, const void *bytes,
		     size_t len)
{
	union {
		const void *given;
		void *copied;
	} body = { bytes }; /* the library copies, its prototype forgets the const */
	reply(req, status, type,
	      MHD_create_response_from_buffer(len, body.copied, MHD_RESPMEM_MUST_COPY));
}

/* File names in a sentence may be in any encoding; JSON must be UTF-8. */
static json_t *sentence(const char *text)
{
	json_t *made = json_string(text);
	if (made)
		return made;
	char plain[sizeof(((struct fault *)0)->text)];
	size_t at = 0;
	for (; text[at] && at < sizeof(plain) - 1; at++)
		plain[at] = text[at] & 0x80 ? '?' : text[at];
	plain[at] = '\0';
	return json_string(plain);
}

void ctl_reply_fault(struct ctl_request *req, unsigned status, const struct fault *why)
{
	ctl_reply_json(req, status,
		       json_pack("{s:s, s:o}", "error", why->id, "text", sentence(why->text)));
}

void ctl_on_gone(struct ctl_request *req, void (*gone)(void *data), void *data)
{
	req->gone = gone;
	req->gone_data = data;
}

/* --- endless replies ---------------------------------------------------------------------------- */

static ssize_t feed(void *data, uint64_t pos, char *buf, size_t max)
{
	(void)pos;
	struct ctl_request *req = data;
	struct ctl_stream *s = req->stream;

	if (req->left || s->lost)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!s->len) {
		if (s->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		ctl_suspend(req);
		return 0;
	}
	size_t n = s->len < max ? s->len : max;
	memcpy(buf, s->bytes, n);
	s->len -= n;
	memmove(s->bytes, s->bytes + n, s->len);
	return (ssize_t)n;
}

struct ctl_stream *ctl_reply_stream(struct ctl_request *req, const char *type,
				    void (*gone)(void *data), void *data)
{
	AUTO_FREE struct ctl_stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *response =
		s ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 << 10, feed, req, NULL)
		  : NULL;
	if (response) {
		s->req = req;
		req->stream = MOVE_PTR(s);
		ctl_on_gone(req, gone, data);
	}
	reply(req, 200, type, response);
	return req->stream;
}

int ctl_stream_push(struct ctl_stream *s, const void *bytes, size_t len)
{
	if (s->lost || s->req->left)
		return -EPIPE;
	if (len > CTL_STREAM_BYTES - s->len) {
		s->lost = true;
		ctl_resume(s->req);
		return -EPIPE;
	}
	if (s->len + len > s->room) {
		size_t room = (s->len + len) * 2;
		char *grown = realloc(s->bytes, room);
		if (!grown)
			return -ENOMEM;
		s->bytes = grown;
		s->room = room;
	}
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
	ctl_resume(s->req);
	return 0;
}

void ctl_stream_end(struct ctl_stream *s)
{
	s->ended = true;
	ctl_resume(s->req);
}
