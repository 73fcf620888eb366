// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/http_code.h"
#include "firmware/base/http_private.h"
#include "firmware/base/http_redirect.h"

enum {
	REDIRECTS = 3,
	ERROR_BODY_BYTES =
		64 << 10, /* what is kept of an error page when the caller takes the data itself */
};

static void transfer_free(struct http_transfer *t);

CLEAN_FN(transfer, struct http_transfer, transfer_free)
CLEAN_FN(http, struct http, http_free)

/* --- libcurl's sockets and timer on the loop ---------------------------------------------------- */

static void collect_finished(struct lane *lane);

static void act(struct lane *lane, curl_socket_t fd, int what)
{
	int running;
	curl_multi_socket_action(lane->multi, fd, what, &running);
	collect_finished(lane);
}

static int on_socket(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s;
	int what = 0;
	what |= events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0;
	what |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
	what |= events & EPOLLERR ? CURL_CSELECT_ERR : 0;
	act(data, fd, what);
	return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *held)
{
	(void)easy;
	struct lane *lane = data;
	sd_event_source *source = held;
	uint32_t events =
		(what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		curl_multi_assign(lane->multi, fd, NULL);
		return 0;
	}
	if (source)
		return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
	if (sd_event_add_io(lane->http->loop, &source, fd, events, on_socket, lane) < 0)
		return -1;
	curl_multi_assign(lane->multi, fd, source);
	return 0;
}

static int on_timer(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	act(data, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static int set_timer(CURLM *multi, long wait_ms, void *data)
{
	(void)multi;
	struct lane *lane = data;

	if (wait_ms < 0)
		return sd_event_source_set_enabled(lane->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	uint64_t now;
	sd_event_now(lane->http->loop, CLOCK_MONOTONIC, &now);
	if (sd_event_source_set_time(lane->timer, now + (uint64_t)wait_ms * 1000) < 0)
		return -1;
	return sd_event_source_set_enabled(lane->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* --- one transfer ------------------------------------------------------------------------------- */

static void transfer_free(struct http_transfer *t)
{
	if (!t)
		return;
	if (t->added)
		curl_multi_remove_handle(t->lane->multi, t->easy);
	if (t->prev_next) {
		*t->prev_next = t->next;
		if (t->next)
			t->next->prev_next = t->prev_next;
	}
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	if (t->folder >= 0)
		close(t->folder);
	free(t->sent);
	free(t->body);
	free(t);
}

static int break_off(struct http_transfer *t, int code, const char *reason)
{
	if (!t->failed) {
		t->failed = code ? code : -ECANCELED;
		snprintf(t->reason, sizeof(t->reason), "%s", reason);
	}
	return 0; /* as a count of bytes taken it ends the transfer */
}

static long status_of(const struct http_transfer *t)
{
	long status = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* "Content-Range: bytes 100-199/500" must begin where we asked; a range that was not asked for is refused too. */
static int check_range(struct http_transfer *t, long status)
{
	bool asked = t->range_to > 0;
	if (status == 200) {
		if (t->range_from > 0)
			return break_off(t, -EPROTO,
					 "the server ignores the range that was asked for");
		return 1;
	}
	struct curl_header *header;
	uint64_t from;
	if (!asked ||
	    curl_easy_header(t->easy, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
	    sscanf(header->value, "bytes %" SCNu64 "-", &from) != 1 || from != t->range_from)
		return break_off(t, -EPROTO,
				 "the server answers with another range than the one asked for");
	uint64_t most = t->range_to - t->range_from + 1;
	if (t->limit > most)
		t->limit = most;
	return 1;
}

static int keep(struct http_transfer *t, const char *bytes, size_t len)
{
	if (t->body_len + len + 1 > t->body_room) {
		size_t room = (t->body_len + len) * 2 + 1;
		char *grown = realloc(t->body, room);
		if (!grown)
			return break_off(t, -ENOMEM, "out of memory");
		t->body = grown;
		t->body_room = room;
	}
	memcpy(t->body + t->body_len, bytes, len);
	t->body_len += len;
	t->body[t->body_len] = '\0';
	return 1;
}

/* An error page or a redirect's page: kept for its sentence, cut where it grows too long. */
static int keep_error(struct http_transfer *t, const char *bytes, size_t len)
{
	size_t most = t->limit < ERROR_BODY_BYTES ? t->limit : ERROR_BODY_BYTES;
	size_t room = most > t->body_len ? most - t->body_len : 0;
	return room ? keep(t, bytes, len < room ? len : room) : 1;
}

static size_t on_data(char *bytes, size_t size, size_t count, void *data)
{
	struct http_transfer *t = data;
	size_t len = size * count;
	long status = status_of(t);

	if (t->cancelled || t->failed)
		return 0;
	if (status != 200 && status != 206) {
		t->received += len;
		return keep_error(t, bytes, len) ? len : 0;
	}
	if (!t->checked) {
		curl_off_t announced = -1;
		t->checked = true;
		if (!check_range(t, status))
			return 0;
		curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
		if (announced > 0 && (uint64_t)announced > t->limit)
			return (size_t)break_off(t, -EFBIG, "the body is larger than expected");
	}
	if (len > t->limit - t->received)
		return (size_t)break_off(t, -EFBIG, "the body is larger than expected");
	uint64_t at = t->received;
	t->received += len;
	if (!t->calls.data)
		return keep(t, bytes, len) ? len : 0;
	int rc = t->calls.data(t->calls.data_ptr, at, bytes, len);
	return rc ? (size_t)break_off(t, rc, "ended by the caller") : len;
}

/* The traffic class counts from the first packet on. */
static int on_new_socket(void *data, curl_socket_t fd, curlsocktype purpose)
{
	(void)purpose;
	const struct http_transfer *t = data;
	int class = t->lane->dscp << 2, domain = 0;
	socklen_t len = sizeof(domain);

	if (class && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0) {
		int v6 = domain == AF_INET6;
		setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &class,
			   sizeof(class));
	}
	return CURL_SOCKOPT_OK;
}

/* After the name was looked up and before a connection is made: what a name says may change between two looks. */
static curl_socket_t on_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_transfer *t = data;
	if (purpose != CURLSOCKTYPE_IPCXN || !t->admit(&to->addr)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* 1 when the transfer goes on at another address of the same host. */
static int follow(struct http_transfer *t, long status)
{
	bool redirect =
		status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
	char *to = NULL, *from = NULL;

	if (!redirect || (t->post && status < 307))
		return 0;
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
	curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &from);
	if (!to || !from)
		return 0;
	if (++t->redirects > REDIRECTS)
		return break_off(t, -ELOOP, "too many redirects");
	if (!http_redirect_allowed(from, to))
		return break_off(t, -EPERM, "redirected to another host");
	AUTO_FREE char *kept = strdup(to); /* `to` belongs to what the next call resets */
	curl_multi_remove_handle(t->lane->multi, t->easy);
	t->added = false;
	t->body_len = 0;
	t->received = 0;
	if (!kept || curl_easy_setopt(t->easy, CURLOPT_URL, kept) != CURLE_OK ||
	    curl_multi_add_handle(t->lane->multi, t->easy) != CURLM_OK)
		return break_off(t, -ENOMEM, "out of memory");
	t->added = true;
	return 1;
}

static void finish(struct http_transfer *t, CURLcode rc)
{
	long status = status_of(t);
	if (!t->cancelled && !t->failed && rc == CURLE_OK && follow(t, status))
		return;

	if (rc == CURLE_COULDNT_CONNECT && t->refused)
		break_off(t, -EACCES, "the address that the name leads to is not allowed");
	curl_off_t retry = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry);
	struct http_result result = {
		.code = t->failed ? t->failed : http_code(rc),
		.status = status,
		.received_bytes = t->received,
		.retry_after_s = retry > 0 && retry < 86400 ? (unsigned)retry : 0,
		.body = t->body ? t->body : "",
		.body_len = t->body_len,
		.error = t->failed     ? t->reason
			 : t->error[0] ? t->error
			 : rc          ? curl_easy_strerror(rc)
				       : "",
	};
	if (t->added)
		curl_multi_remove_handle(t->lane->multi, t->easy);
	t->added = false;
	/* Out of the list first: `done` may look for other transfers, or start one. */
	*t->prev_next = t->next;
	if (t->next)
		t->next->prev_next = t->prev_next;
	t->prev_next = NULL;
	if (!t->cancelled)
		t->calls.done(t->calls.data_ptr, &result);
	transfer_free(t);
}

static void collect_finished(struct lane *lane)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(lane->multi, &left))) {
		struct http_transfer *t;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode rc = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, rc);
	}
}

/* What was asked from inside a callback of libcurl waits for this: it must not be called from there. */
static int on_soon(sd_event_source *s, void *data)
{
	(void)s;
	struct http *h = data;

	for (struct http_transfer *t = h->all, *next; t; t = next) {
		next = t->next;
		if (t->cancelled) {
			transfer_free(t);
		} else if (!t->added && !t->failed) {
			t->added = curl_multi_add_handle(t->lane->multi, t->easy) == CURLM_OK;
			if (!t->added)
				break_off(t, -ENOMEM, "out of memory");
		}
	}
	/* Those that could not be added; `done` may change the list, so it is walked from its start. */
	for (struct http_transfer *t = h->all; t;) {
		if (!t->added && t->failed) {
			finish(t, CURLE_OUT_OF_MEMORY);
			t = h->all;
		} else {
			t = t->next;
		}
	}
	return 0;
}

/* --- beginning ---------------------------------------------------------------------------------- */

/* What libcurl tells us of the transfer. */
static void listen_to(struct http_transfer *t)
{
	CURL *e = t->easy;
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
	curl_easy_setopt(e, CURLOPT_SOCKOPTDATA, t);
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	if (t->admit) {
		curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
		curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	}
}

/* Made when a class is used for the first time. */
static struct lane *lane_of(struct http *h, int dscp, int guarded)
{
	for (size_t i = 0; i < h->lane_count; i++) {
		if (h->lanes[i].dscp == dscp && h->lanes[i].guarded == guarded)
			return &h->lanes[i];
	}
	if (h->lane_count == HTTP_LANES)
		return NULL;
	struct lane *lane = &h->lanes[h->lane_count];
	*lane = (struct lane){
		.http = h, .dscp = dscp, .guarded = guarded, .multi = curl_multi_init()
	};
	if (!lane->multi || sd_event_add_time(h->loop, &lane->timer, CLOCK_MONOTONIC, 0, 1000,
					      on_timer, lane) < 0) {
		curl_multi_cleanup(lane->multi);
		return NULL;
	}
	sd_event_source_set_enabled(lane->timer, SD_EVENT_OFF);
	curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
	curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
	h->lane_count++;
	return lane;
}

int http_start(struct http *h, const struct http_order *order, const struct http_calls *calls,
	       struct http_transfer **out, struct fault *why)
{
	if (order->range_to && order->range_to < order->range_from)
		return fault_set(why, -EINVAL, "http.range", "%s: the range ends before it begins",
				 order->url);
	CLEANUP(clean_transfer) struct http_transfer *t = calloc(1, sizeof(*t));
	if (!t)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	t->http = h;
	t->folder = -1;
	t->calls = *calls;
	t->range_from = order->range_from;
	t->range_to = order->range_to;
	t->limit = order->limit_bytes;
	t->lane = lane_of(h, order->dscp, order->admit != NULL);
	if (!t->lane)
		return fault_set(why, -ENOMEM, "http.loop",
				 "%s: no more traffic classes can be set up", order->url);
	int rc = http_order_set(t, order);
	if (rc)
		return fault_set(why, rc, rc == -ENOMEM ? "memory" : "http.socket", "%s: %s",
				 order->url, rc == -ENOMEM ? "out of memory" : strerror(-rc));
	listen_to(t);

	t->next = h->all;
	t->prev_next = &h->all;
	if (t->next)
		t->next->prev_next = &t->next;
	h->all = t;
	sd_event_source_set_enabled(h->soon, SD_EVENT_ONESHOT);
	if (out)
		*out = t;
	(void)MOVE_PTR(t);
	return 0;
}

/* Freed in the next turn of the loop: this may be called from the transfer's own callback. */
void http_cancel(struct http_transfer *t)
{
	if (!t || !t->prev_next) /* inside its own `done`: it ends anyway */
		return;
	t->cancelled = true;
	sd_event_source_set_enabled(t->http->soon, SD_EVENT_ONESHOT);
}

int http_new(struct sd_event *loop, struct http **out, struct fault *why)
{
	CLEANUP(clean_http) struct http *h = calloc(1, sizeof(*h));
	if (!h)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	h->loop = sd_event_ref(loop);
	int rc = sd_event_add_defer(loop, &h->soon, on_soon, h);
	if (rc < 0 || !lane_of(h, 0, 0))
		return fault_set(why, rc < 0 ? rc : -ENOMEM, "http.loop",
				 "the HTTP client cannot be set up (%s)",
				 strerror(rc < 0 ? -rc : ENOMEM));
	*out = MOVE_PTR(h);
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->all)
		transfer_free(h->all);
	for (size_t i = 0; i < h->lane_count; i++) {
		curl_multi_cleanup(h->lanes[i].multi);
		sd_event_source_disable_unref(h->lanes[i].timer);
	}
	sd_event_source_disable_unref(h->soon);
	sd_event_unref(h->loop);
	free(h);
}
