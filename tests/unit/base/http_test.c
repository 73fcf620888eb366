// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"

/* --- a server on a thread of its own, that behaves and misbehaves by path ------------------------ */

enum { BODY = 300000 };
static unsigned char body[BODY];

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status, const void *bytes,
				 size_t len, const char *name, const char *value)
{
	union {
		const void *given;
		void *taken;
	} u = { bytes };
	struct MHD_Response *r =
		MHD_create_response_from_buffer(len, u.taken, MHD_RESPMEM_MUST_COPY);
	if (name)
		MHD_add_response_header(r, name, value);
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

/* Bytes of the body, half of them and then silence. */
static ssize_t stall(void *data, uint64_t pos, char *buf, size_t max)
{
	(void)data;
	if (pos >= 1000)
		return 0;
	memset(buf, 'x', max < 1000 ? max : 1000);
	return (ssize_t)(max < 1000 ? max : 1000);
}

static ssize_t break_at(void *data, uint64_t pos, char *buf, size_t max)
{
	(void)data;
	if (pos >= 1000)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t n = 1000 - pos < max ? 1000 - pos : max;
	memset(buf, 'x', n);
	return (ssize_t)n;
}

static enum MHD_Result send_from(struct MHD_Connection *c, MHD_ContentReaderCallback from)
{
	struct MHD_Response *r = MHD_create_response_from_callback(5000, 4096, from, NULL, NULL);
	enum MHD_Result rc = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result send_range(struct MHD_Connection *c, size_t lie)
{
	const char *asked = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range");
	size_t from = 0, to = BODY - 1;
	char text[80];
	if (!asked || sscanf(asked, "bytes=%zu-%zu", &from, &to) != 2)
		return send_text(c, 200, body, BODY, NULL, NULL);
	snprintf(text, sizeof(text), "bytes %zu-%zu/%d", from + lie, to, BODY);
	return send_text(c, 206, body + from, to - from + 1, "Content-Range", text);
}

static enum MHD_Result say_what_came(struct MHD_Connection *c, const char *method,
				     const char *upload)
{
	char text[512];
	const char *nonce = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Wasl-Nonce");
	const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
	const char *agent = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "User-Agent");
	const char *cookie = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Cookie");
	snprintf(text, sizeof(text), "%s|%s|%s|%s|%s|%s", method, nonce ? nonce : "",
		 type ? type : "", agent ? agent : "", cookie ? cookie : "", upload ? upload : "");
	return send_text(c, 200, text, strlen(text), "Set-Cookie", "who=me");
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *len, void **held)
{
	(void)data, (void)version;
	if (!*held) {
		*held = calloc(1, 256);
		return MHD_YES;
	}
	if (*len) {
		snprintf(*held, 256, "%.*s", (int)*len, upload);
		*len = 0;
		return MHD_YES;
	}
	if (!strcmp(url, "/body"))
		return send_text(c, 200, body, BODY, NULL, NULL);
	if (!strcmp(url, "/range"))
		return send_range(c, 0);
	if (!strcmp(url, "/range-lies"))
		return send_range(c, 1);
	if (!strcmp(url, "/stall"))
		return send_from(c, stall);
	if (!strcmp(url, "/broken"))
		return send_from(c, break_at);
	if (!strcmp(url, "/echo"))
		return say_what_came(c, method, *held);
	if (!strcmp(url, "/busy"))
		return send_text(c, 503, "later", 5, "Retry-After", "17");
	if (!strcmp(url, "/moved"))
		return send_text(c, 302, "moved", 5, "Location", "/body");
	if (!strcmp(url, "/moved-307"))
		return send_text(c, 307, "moved", 5, "Location", "/echo");
	if (!strcmp(url, "/away"))
		return send_text(c, 302, "moved", 5, "Location", "http://elsewhere.invalid/body");
	if (!strcmp(url, "/round"))
		return send_text(c, 302, "moved", 5, "Location", "/round");
	return send_text(c, 404, "nothing here", 12, NULL, NULL);
}

static void on_completed(void *data, struct MHD_Connection *c, void **held,
			 enum MHD_RequestTerminationCode code)
{
	(void)data, (void)c, (void)code;
	free(*held);
	*held = NULL;
}

/* --- the scene ---------------------------------------------------------------------------------- */

struct scene {
	struct MHD_Daemon *server;
	unsigned port;
	sd_event *loop;
	struct http *http;
	/* what the calls saw */
	int done, code;
	long status;
	unsigned retry_after;
	uint64_t received, next;
	size_t body_len;
	bool wrong_bytes;
	char text[512], error[200];
	struct http_transfer *cancel_me;
	uint64_t base; /* where in `body` the range begins */
	int refuse_after;
};

static int set_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	for (size_t i = 0; i < BODY; i++)
		body[i] = (unsigned char)(i * 31 + i / 255);
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	s->server =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL,
				 on_request, NULL, MHD_OPTION_SOCK_ADDR, &any,
				 MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!s->server)
		return -1;
	s->port = MHD_get_daemon_info(s->server, MHD_DAEMON_INFO_BIND_PORT)->port;
	*state = s;
	if (sd_event_new(&s->loop) < 0)
		return -1;
	return http_new(s->loop, &s->http, NULL);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	http_free(s->http);
	sd_event_unref(s->loop);
	MHD_stop_daemon(s->server);
	free(s);
	return 0;
}

static int take(void *data, uint64_t at, const void *bytes, size_t len)
{
	struct scene *s = data;
	if (at != s->next || memcmp(bytes, body + s->base + at, len))
		s->wrong_bytes = true;
	s->next = at + len;
	if (s->cancel_me)
		http_cancel(MOVE_PTR(s->cancel_me));
	return s->refuse_after && s->next >= (uint64_t)s->refuse_after ? -EBADMSG : 0;
}

static void done(void *data, const struct http_result *r)
{
	struct scene *s = data;
	s->done++;
	s->code = r->code;
	s->status = r->status;
	s->retry_after = r->retry_after_s;
	s->received = r->received_bytes;
	s->body_len = r->body_len;
	snprintf(s->text, sizeof(s->text), "%.*s", (int)r->body_len, (const char *)r->body);
	snprintf(s->error, sizeof(s->error), "%s", r->error);
}

static void start(struct scene *s, const char *path, struct http_order order,
		  struct http_calls calls)
{
	char url[128];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", s->port, path);
	order.url = url;
	calls.done = done;
	calls.data_ptr = s;
	struct fault why = { 0 };
	if (http_start(s->http, &order, &calls, NULL, &why))
		fail_msg("%s", why.text);
}

/* Until `count` transfers are done; the loop itself says when something happens. */
static void run_until(struct scene *s, int count)
{
	while (s->done < count) {
		if (sd_event_run(s->loop, 10 * 1000000) <= 0)
			fail_msg("nothing happened for 10 s");
	}
}

static void fetch(struct scene *s, const char *path, struct http_order order,
		  struct http_calls calls)
{
	s->done = 0;
	s->next = 0;
	start(s, path, order, calls);
	run_until(s, 1);
}

static const struct http_calls collected = { 0 };
static const struct http_calls taken = { .data = take };

static void brings_bodies(void **state)
{
	struct scene *s = *state;
	fetch(s, "/body", (struct http_order){ .limit_bytes = BODY }, taken);
	assert_int_equal(s->code, 0);
	assert_int_equal(s->status, 200);
	assert_int_equal(s->next, BODY);
	assert_int_equal(s->received, BODY);
	assert_int_equal(s->body_len, 0);
	assert_false(s->wrong_bytes);

	fetch(s, "/body", (struct http_order){ .limit_bytes = BODY }, collected);
	assert_int_equal(s->code, 0);
	assert_int_equal(s->body_len, BODY);
	assert_memory_equal(s->text, body, strlen(s->text));
}

static void sends_what_was_ordered_and_nothing_else(void **state)
{
	struct scene *s = *state;
	static const char *const headers[] = { "Wasl-Nonce: 00ff", NULL };
	struct http_order order = {
		.method = "POST",
		.body = "one row",
		.body_len = 7,
		.content_type = "x/y",
		.headers = headers,
		.limit_bytes = 1000,
	};
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	fetch(s, "/echo", order, collected);
	unsetenv("http_proxy");
	assert_string_equal(s->text, "POST|00ff|x/y|wasl||one row");
	/* The cookie that came with the first answer stays away from the second question. */
	fetch(s, "/echo", (struct http_order){ .limit_bytes = 1000 }, collected);
	assert_string_equal(s->text, "GET|||wasl||");
	fetch(s, "/echo", (struct http_order){ .method = "POST", .limit_bytes = 1000 }, collected);
	assert_int_equal(strncmp(s->text, "POST|", 5), 0);
	fetch(s, "/moved-307", order, collected);
	assert_string_equal(s->text, "POST|00ff|x/y|wasl||one row");
}

static void ranges_are_what_was_asked(void **state)
{
	struct scene *s = *state;
	static const struct {
		const char *path;
		uint64_t from, to;
		int want;
	} rows[] = {
		{ "/range", 65536, 131071, 0 },
		{ "/range", 0, 9, 0 },
		{ "/range-lies", 65536, 131071, -EPROTO },
		{ "/body", 0, 65535, 0 }, /* the server sends all, from the start */
		{ "/body", 65536, 131071,
		  -EPROTO }, /* the server sends all, but we wanted the middle */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		s->base = rows[i].from;
		fetch(s, rows[i].path,
		      (struct http_order){ .range_from = rows[i].from,
					   .range_to = rows[i].to,
					   .limit_bytes = BODY },
		      taken);
		assert_int_equal(s->code, rows[i].want);
		assert_false(s->wrong_bytes);
		if (!rows[i].want && s->status == 206)
			assert_int_equal(s->next, rows[i].to - rows[i].from + 1);
		if (rows[i].want)
			assert_int_equal(s->next, 0);
	}
	struct fault why = { 0 };
	struct http_order order = { .url = "http://x/", .range_from = 9, .range_to = 3 };
	assert_int_equal(http_start(s->http, &order, &taken, NULL, &why), -EINVAL);
}

static void limits_hold(void **state)
{
	struct scene *s = *state;
	fetch(s, "/body", (struct http_order){ .limit_bytes = BODY - 1 }, taken);
	assert_int_equal(s->code, -EFBIG);
	assert_int_equal(s->next, 0); /* seen from the announced length */
	fetch(s, "/broken", (struct http_order){ .limit_bytes = 0 }, collected);
	assert_int_equal(s->code, -EFBIG);
	/* An error page is not held against the limit, only cut. */
	fetch(s, "/nowhere", (struct http_order){ .limit_bytes = 7 }, collected);
	assert_int_equal(s->code, 0);
	assert_int_equal(s->status, 404);
	assert_string_equal(s->text, "nothing");
}

static void failures_have_names(void **state)
{
	struct scene *s = *state;
	fetch(s, "/busy", (struct http_order){ .limit_bytes = 100 }, taken);
	assert_int_equal(s->code, 0);
	assert_int_equal(s->status, 503);
	assert_int_equal(s->retry_after, 17);
	assert_string_equal(s->text, "later");
	assert_int_equal(s->next, 0);

	fetch(s, "/broken", (struct http_order){ .limit_bytes = BODY }, collected);
	assert_int_equal(s->code, -ECONNRESET);
	assert_int_equal(s->received, 1000);
	assert_true(s->error[0]);

	fetch(s, "/stall", (struct http_order){ .limit_bytes = BODY, .stall_s = 1 }, collected);
	assert_int_equal(s->code, -ETIMEDOUT);

	s->refuse_after = 1;
	fetch(s, "/body", (struct http_order){ .limit_bytes = BODY }, taken);
	assert_int_equal(s->code, -EBADMSG);
	s->refuse_after = 0;

	s->done = 0;
	struct http_calls calls = { .done = done, .data_ptr = s };
	struct http_order bad = { .url = "file:///etc/passwd", .limit_bytes = 100 };
	assert_int_equal(http_start(s->http, &bad, &calls, NULL, NULL), 0);
	run_until(s, 1);
	assert_int_equal(s->code, -EINVAL);

	/* A port that was free a moment ago. */
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(at.sin_port));
	struct http_order refused = { .url = url };
	s->done = 0;
	assert_int_equal(http_start(s->http, &refused, &calls, NULL, NULL), 0);
	assert_int_equal(s->done, 0); /* never from inside http_start() */
	run_until(s, 1);
	assert_int_equal(s->code, -ECONNREFUSED);
}

static void what_came_instead_is_said_without_noise(void **state)
{
	(void)state;
	static const struct {
		struct http_result result;
		const char *text;
	} said[] = {
		{ { .code = -ECONNREFUSED, .error = "Couldn't connect" }, "Couldn't connect" },
		{ { .status = 503, .error = "" }, "its status is 503" },
		{ { .status = 200, .error = "" }, "its answer is empty" },
	};
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		assert_string_equal(http_said(&said[i].result).text, said[i].text);
}

static void redirects_stay_on_the_host(void **state)
{
	struct scene *s = *state;
	fetch(s, "/moved", (struct http_order){ .limit_bytes = BODY }, taken);
	assert_int_equal(s->code, 0);
	assert_int_equal(s->status, 200);
	assert_int_equal(s->next, BODY);
	fetch(s, "/away", (struct http_order){ .limit_bytes = BODY }, taken);
	assert_int_equal(s->code, -EPERM);
	assert_int_equal(s->next, 0);
	fetch(s, "/round", (struct http_order){ .limit_bytes = BODY }, taken);
	assert_int_equal(s->code, -ELOOP);
	fetch(s, "/moved", (struct http_order){ .method = "POST", .limit_bytes = BODY }, collected);
	assert_int_equal(s->status, 302);
}

static void cancelled_transfers_are_silent(void **state)
{
	struct scene *s = *state;
	struct http_calls calls = { .data = take, .done = done, .data_ptr = s };
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/body", s->port);
	struct http_order order = { .url = url, .limit_bytes = BODY };
	struct http_transfer *t = NULL;

	/* Before it began; from its own callback; and one that is never finished. */
	assert_int_equal(http_start(s->http, &order, &calls, &t, NULL), 0);
	http_cancel(t);
	http_cancel(NULL);
	assert_int_equal(http_start(s->http, &order, &calls, &s->cancel_me, NULL), 0);
	s->next = 0;
	while (s->cancel_me)
		assert_true(sd_event_run(s->loop, 10 * 1000000) > 0);
	/* Something after it shows that the loop has turned on. */
	fetch(s, "/busy", (struct http_order){ .limit_bytes = 100 }, collected);
	assert_int_equal(s->done, 1);
	assert_int_equal(http_start(s->http, &order, &calls, &t, NULL), 0);
}

/* How many connections of this process to our server carry the class. */
static int connections_of_class(unsigned port, int dscp)
{
	int count = 0;
	for (int fd = 3; fd < 200; fd++) {
		struct sockaddr_in peer;
		int class = -1;
		socklen_t len = sizeof(peer), size = sizeof(class);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
		    peer.sin_family == AF_INET && ntohs(peer.sin_port) == port &&
		    getsockopt(fd, IPPROTO_IP, IP_TOS, &class, &size) == 0 && class == dscp << 2)
			count++;
	}
	return count;
}

static void traffic_classes_do_not_share_connections(void **state)
{
	struct scene *s = *state;
	static const int classes[] = { 8, 46, 8, 46, 8 };
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		fetch(s, "/body", (struct http_order){ .limit_bytes = BODY, .dscp = classes[i] },
		      taken);
		assert_int_equal(s->code, 0);
		assert_int_equal(connections_of_class(s->port, classes[i]),
				 1); /* and it was used again */
	}
}

static void many_at_once(void **state)
{
	struct scene *s = *state;
	for (int i = 0; i < 20; i++)
		start(s, i % 2 ? "/body" : "/moved", (struct http_order){ .limit_bytes = BODY },
		      collected);
	run_until(s, 20);
	assert_int_equal(s->code, 0);
}

static void say_path(struct ctl_request *req, void *data)
{
	(void)data;
	ctl_reply_json(req, 200, json_pack("{s:s}", "path", ctl_path(req)));
}

/* A control socket on the same loop, under a name that sun_path could not hold. */
static void asks_unix_sockets(void **state)
{
	struct scene *s = *state;
	static const struct ctl_route route = { "GET", "/v1/who", say_path, 0 };
	char folder[] = "/tmp/wasl-http-a-name-that-is-far-longer-than-the-hundred-and-eight-"
			"bytes-that-the-address-of-a-unix-socket-has-room-for-XXXXXX";
	char path[sizeof(folder) + 20];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/one.sock", folder);
	struct ctl *ctl = NULL;
	assert_int_equal(ctl_listen(s->loop, path, 0600, &route, 1, NULL, &ctl, NULL), 0);
	struct http_order order = { .url = "http://box/v1/who",
				    .socket = path,
				    .limit_bytes = 1000 };
	struct http_calls calls = { .done = done, .data_ptr = s };
	s->done = 0;
	assert_int_equal(http_start(s->http, &order, &calls, NULL, NULL), 0);
	run_until(s, 1);
	assert_int_equal(s->status, 200);
	assert_string_equal(s->text, "{\"path\":\"/v1/who\"}");
	ctl_close(ctl);
	s->done = 0;
	assert_int_equal(http_start(s->http, &order, &calls, NULL, NULL), 0);
	run_until(s, 1);
	assert_int_equal(s->code, -ECONNREFUSED);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
#define IN_SCENE(f) cmocka_unit_test_setup_teardown(f, set_scene, drop_scene)
	const struct CMUnitTest tests[] = {
		IN_SCENE(brings_bodies),
		IN_SCENE(sends_what_was_ordered_and_nothing_else),
		IN_SCENE(ranges_are_what_was_asked),
		IN_SCENE(limits_hold),
		IN_SCENE(failures_have_names),
		cmocka_unit_test(what_came_instead_is_said_without_noise),
		IN_SCENE(redirects_stay_on_the_host),
		IN_SCENE(cancelled_transfers_are_silent),
		IN_SCENE(traffic_classes_do_not_share_connections),
		IN_SCENE(many_at_once),
		IN_SCENE(asks_unix_sockets),
	};
	return cmocka_run_group_tests_name("base/http", tests, NULL, NULL);
}
