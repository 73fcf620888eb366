// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/unixsock.h"

enum { PATIENCE_MS = 10000 };

/* --- the server, in a child --------------------------------------------------------------------- */

struct house {
	sd_event *loop;
	struct ctl *ctl;
	struct ctl_request *waiting;
	struct ctl_stream *stream;
	sd_event_source *timer;
	int gone, pushed, push_code;
};

static void serve_echo(struct ctl_request *req, void *data)
{
	(void)data;
	size_t len;
	const char *body = ctl_body(req, &len);
	int *scratch = ctl_scratch(req, sizeof(*scratch));
	*scratch += 1;
	const char *arg = ctl_arg(req, "name");
	int *same = ctl_scratch(req, sizeof(*same));
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s, s:I, s:i, s:s%, s:i, s:b}", "path", ctl_path(req),
				 "rest", ctl_rest(req), "name", arg ? arg : "(none)", "n",
				 (json_int_t)ctl_arg_int(req, "n", -1), "uid",
				 (int)ctl_peer_uid(req), "body", body, len, "scratch", *same,
				 "too_big", ctl_scratch(req, 4096) == NULL));
}

static void serve_fault(struct ctl_request *req, void *data)
{
	(void)data;
	struct fault why;
	fault_set(&why, -ENOSPC, "store.full", "'/x\xff': disk full");
	ctl_reply_fault(req, ctl_status_of(why.code), &why);
}

static void serve_raw(struct ctl_request *req, void *data)
{
	(void)data;
	size_t len;
	const void *body = ctl_body(req, &len);
	ctl_reply_header(req, "Wasl-Nonce", "00ff");
	ctl_reply_bytes(req, 200, "application/octet-stream", body, len);
}

static int on_later(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	struct house *h = data;
	struct ctl_request *req = MOVE_PTR(h->waiting);
	if (req)
		ctl_reply_json(req, 200, json_pack("{s:b}", "late", 1));
	return 0;
}

static void serve_later(struct ctl_request *req, void *data)
{
	struct house *h = data;
	uint64_t now;
	h->waiting = req;
	sd_event_source_unref(h->timer);
	sd_event_now(h->loop, CLOCK_MONOTONIC, &now);
	sd_event_add_time(h->loop, &h->timer, CLOCK_MONOTONIC, now + 1000, 1, on_later, h);
}

static void waiting_gone(void *data)
{
	struct house *h = data;
	h->gone++;
	h->waiting = NULL;
}

static void serve_never(struct ctl_request *req, void *data)
{
	struct house *h = data;
	h->waiting = req;
	ctl_on_gone(req, waiting_gone, h);
}

static void stream_gone(void *data)
{
	struct house *h = data;
	h->gone++;
	h->stream = NULL;
}

static void serve_stream(struct ctl_request *req, void *data)
{
	struct house *h = data;
	h->stream = ctl_reply_stream(req, "text/event-stream", stream_gone, h);
	ctl_stream_push(h->stream, "data: hello\n\n", 13);
}

static void serve_push(struct ctl_request *req, void *data)
{
	struct house *h = data;
	static const char block[64 << 10];
	int64_t count = ctl_arg_int(req, "count", 0);
	h->push_code = 0;
	if (count == 0)
		h->push_code = ctl_stream_push(h->stream, "data: more\n\n", 12);
	for (int64_t i = 0; i < count && !h->push_code; i++)
		h->push_code = ctl_stream_push(h->stream, block, sizeof(block));
	ctl_reply_json(req, 200, json_pack("{s:i}", "code", h->push_code));
}

static void serve_end(struct ctl_request *req, void *data)
{
	struct house *h = data;
	ctl_stream_end(MOVE_PTR(h->stream));
	ctl_reply_json(req, 200, json_object());
}

static void serve_state(struct ctl_request *req, void *data)
{
	const struct house *h = data;
	ctl_reply_json(req, 200,
		       json_pack("{s:i, s:b, s:b}", "gone", h->gone, "waiting", h->waiting != NULL,
				 "stream", h->stream != NULL));
}

static void serve_quit(struct ctl_request *req, void *data)
{
	struct house *h = data;
	ctl_reply_json(req, 200, json_object());
	sd_event_exit(h->loop, 0);
}

static const struct ctl_route routes[] = {
	{ "GET", "/v1/echo", serve_echo, 0 },      { "POST", "/v1/echo", serve_echo, 64 },
	{ "GET", "/v1/under/*", serve_echo, 0 },   { "GET", "/v1/fault", serve_fault, 0 },
	{ "POST", "/v1/raw", serve_raw, 1 << 20 }, { "GET", "/v1/later", serve_later, 0 },
	{ "GET", "/v1/never", serve_never, 0 },    { "GET", "/v1/stream", serve_stream, 0 },
	{ "POST", "/v1/push", serve_push, 0 },     { "POST", "/v1/end", serve_end, 0 },
	{ "GET", "/v1/state", serve_state, 0 },    { "POST", "/v1/quit", serve_quit, 0 },
};

/* Runs until /v1/quit; a request still waiting must be told that it is dropped. */
static int live(const char *path, int ready)
{
	struct house h = { 0 };
	struct fault why = { 0 };
	if (sd_event_new(&h.loop) < 0)
		return 10;
	if (ctl_listen(h.loop, path, 0660, routes, ARRAY_LEN(routes), &h, &h.ctl, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 11;
	}
	if (write(ready, "r", 1) != 1)
		return 12;
	sd_event_loop(h.loop);
	bool waited = h.waiting != NULL;
	int before = h.gone;
	ctl_close(h.ctl);
	sd_event_source_unref(h.timer);
	sd_event_unref(h.loop);
	return !waited || h.gone == before + 1 ? 0 : 13;
}

/* --- the tests' side ---------------------------------------------------------------------------- */

struct scene {
	char folder[64], deep[320], path[352];
	pid_t pid;
};

static int raise_house(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	snprintf(s->folder, sizeof(s->folder), "/tmp/wasl-ctl-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	/* Longer than the 108 bytes of a socket address. */
	snprintf(s->deep, sizeof(s->deep), "%s/%0150d", s->folder, 7);
	if (mkdir(s->deep, 0755))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/agentd.sock", s->deep);
	int ready[2];
	if (pipe2(ready, O_CLOEXEC))
		return -1;
	s->pid = fork();
	if (s->pid == 0) {
		close(ready[0]);
		_exit(live(s->path, ready[1]));
	}
	close(ready[1]);
	char got;
	ssize_t n = read(ready[0], &got, 1);
	close(ready[0]);
	*state = s;
	return n == 1 ? 0 : -1;
}

static int raze_house(void **state)
{
	struct scene *s = *state;
	int status = -1;
	ctl_call(s->path, "POST", "/v1/quit", NULL, PATIENCE_MS, NULL, NULL);
	waitpid(s->pid, &status, 0);
	int left = access(s->path, F_OK) == 0;
	unlink(s->path);
	rmdir(s->deep);
	rmdir(s->folder);
	free(s);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && !left ? 0 : -1;
}

static json_t *ask(const struct scene *s, const char *method, const char *target)
{
	json_t *out = NULL;
	struct fault why = { 0 };
	if (ctl_call(s->path, method, target, NULL, PATIENCE_MS, &out, &why))
		fail_msg("%s: %s", target, why.text);
	return out;
}

static int64_t ask_int(const struct scene *s, const char *method, const char *target,
		       const char *key)
{
	json_t *got = ask(s, method, target);
	json_t *value = json_object_get(got, key);
	int64_t number = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
	json_decref(got);
	return number;
}

/* Waits for an event on the other side: asks again until it is so. */
static void wait_until(const struct scene *s, const char *key, int64_t want)
{
	for (int i = 0; i < 2000; i++) {
		if (ask_int(s, "GET", "/v1/state", key) == want)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%s never became %d", key, (int)want);
}

static int raw(const struct scene *s, const char *text)
{
	int fd = -1;
	assert_int_equal(unixsock_connect(s->path, SOCK_STREAM, &fd, NULL), 0);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return fd;
}

/* Reads until `needle` has come (or the end, when NULL). */
static bool hears(int fd, const char *needle, char *got, size_t room)
{
	size_t at = 0;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, PATIENCE_MS) != 1)
			return false;
		ssize_t n = read(fd, got + at, room - 1 - at);
		if (n <= 0)
			return !needle;
		at += (size_t)n;
		got[at] = '\0';
		if (needle && strstr(got, needle))
			return true;
		if (at == room - 1)
			return false;
	}
}

static void answers_questions(void **state)
{
	const struct scene *s = *state;
	json_t *got = ask(s, "GET", "/v1/echo?name=a%20b%26c&n=-12");
	assert_string_equal(json_string_value(json_object_get(got, "path")), "/v1/echo");
	assert_string_equal(json_string_value(json_object_get(got, "name")), "a b&c");
	assert_int_equal(json_integer_value(json_object_get(got, "n")), -12);
	assert_int_equal(json_integer_value(json_object_get(got, "uid")), getuid());
	assert_int_equal(json_integer_value(json_object_get(got, "scratch")), 1);
	assert_true(json_is_true(json_object_get(got, "too_big")));
	json_decref(got);

	got = ask(s, "GET", "/v1/under/l/waves?n=12x");
	assert_string_equal(json_string_value(json_object_get(got, "rest")), "l/waves");
	assert_string_equal(json_string_value(json_object_get(got, "name")), "(none)");
	assert_int_equal(json_integer_value(json_object_get(got, "n")), -1);
	json_decref(got);

	json_t *body = json_pack("{s:s}", "kind", "enrol");
	struct fault why = { 0 };
	assert_int_equal(ctl_call(s->path, "POST", "/v1/echo", body, PATIENCE_MS, &got, &why), 0);
	assert_string_equal(json_string_value(json_object_get(got, "body")),
			    "{\"kind\":\"enrol\"}");
	json_decref(body);
	json_decref(got);

	struct stat st;
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void carries_any_bytes(void **state)
{
	const struct scene *s = *state;
	size_t len = 1 << 20;
	AUTO_FREE unsigned char *sent = malloc(len);
	for (size_t i = 0; i < len; i++)
		sent[i] = (unsigned char)(i * 7 + i / 251);
	AUTO_FREE void *got = NULL;
	size_t got_len = 0;
	struct fault why = { 0 };
	assert_int_equal(ctl_call_bytes(s->path, "POST", "/v1/raw", "application/octet-stream",
					sent, len, PATIENCE_MS, &got, &got_len, &why),
			 0);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, sent, len);

	AUTO_FREE void *none = NULL;
	assert_int_equal(ctl_call_bytes(s->path, "POST", "/v1/raw", "x/y", NULL, 0, PATIENCE_MS,
					&none, &got_len, &why),
			 0);
	assert_int_equal(got_len, 0);
}

static void refuses_in_sentences(void **state)
{
	const struct scene *s = *state;
	static const char big[65] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	static const struct {
		const char *method, *target;
		size_t body;
		const char *id;
	} rows[] = {
		{ "GET", "/v1/nothing", 0, "http.unknown" },
		{ "GET", "/v1/echoes", 0, "http.unknown" },
		{ "POST", "/v1/nothing", 20, "http.unknown" },
		{ "DELETE", "/v1/echo", 0, "http.method" },
		{ "GET", "/v1/raw", 0, "http.method" },
		{ "POST", "/v1/echo", sizeof(big), "http.large" },
		{ "POST", "/v1/push", 1, "http.large" }, /* a body where none is taken */
		{ "GET", "/v1/fault", 0, "store.full" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		AUTO_FREE void *got = NULL;
		size_t len;
		assert_int_equal(ctl_call_bytes(s->path, rows[i].method, rows[i].target, "x/y",
						rows[i].body ? big : NULL, rows[i].body,
						PATIENCE_MS, &got, &len, &why),
				 -EREMOTEIO);
		assert_string_equal(why.id, rows[i].id);
	}
	char heard[4096];
	AUTO_FD int fd = raw(s, "PUT /v1/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_true(hears(fd, NULL, heard, sizeof(heard)));
	assert_non_null(strstr(heard, " 405 "));
	assert_non_null(strstr(heard, "Allow: GET, POST\r\n"));
}

static void a_large_body_does_not_break_off(void **state)
{
	const struct scene *s = *state;
	size_t len = 8 << 20;
	AUTO_FREE void *sent = calloc(1, len);
	AUTO_FREE void *got = NULL;
	struct fault why = { 0 };
	assert_int_equal(ctl_call_bytes(s->path, "POST", "/v1/raw", "x/y", sent, len, PATIENCE_MS,
					&got, &len, &why),
			 -EREMOTEIO);
	assert_string_equal(why.id, "http.large");
}

static void answers_later(void **state)
{
	const struct scene *s = *state;
	assert_int_equal(ask_int(s, "GET", "/v1/later", "late"), 1);
}

static void notices_who_left(void **state)
{
	const struct scene *s = *state;
	int fd = raw(s, "GET /v1/never HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_until(s, "waiting", 1);
	close(fd);
	wait_until(s, "gone", 1);
	assert_int_equal(ask_int(s, "GET", "/v1/state", "waiting"), 0);
}

static void a_half_closed_client_is_still_answered(void **state)
{
	const struct scene *s = *state;
	char heard[4096];
	AUTO_FD int fd = raw(s, "GET /v1/later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	shutdown(fd, SHUT_WR);
	assert_true(hears(fd, NULL, heard, sizeof(heard)));
	assert_non_null(strstr(heard, "{\"late\":true}"));
}

static void ends_with_requests_waiting(void **state)
{
	const struct scene *s = *state;
	AUTO_FD int fd = raw(s, "GET /v1/never HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_until(s, "waiting", 1); /* the child's exit status says that it was told */
	assert_int_equal(ctl_call(s->path, "POST", "/v1/quit", NULL, PATIENCE_MS, NULL, NULL), 0);
}

static void streams_until_the_end(void **state)
{
	const struct scene *s = *state;
	char heard[8192];
	AUTO_FD int fd = raw(s, "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(fd, "data: hello\n\n", heard, sizeof(heard)));
	assert_non_null(strstr(heard, "text/event-stream"));
	assert_int_equal(ask_int(s, "POST", "/v1/push", "code"), 0);
	assert_true(hears(fd, "data: more\n\n", heard, sizeof(heard)));
	assert_int_equal(ask_int(s, "POST", "/v1/end", "none"), 0);
	assert_true(hears(fd, "0\r\n\r\n", heard, sizeof(heard)));
	assert_int_equal(ask_int(s, "GET", "/v1/state", "gone"),
			 0); /* ended by us: nobody is gone */
}

static void a_stream_reader_that_leaves_is_noticed(void **state)
{
	const struct scene *s = *state;
	char heard[8192];
	int fd = raw(s, "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(fd, "data: hello\n\n", heard, sizeof(heard)));
	close(fd);
	wait_until(s, "gone", 1);
}

static void a_slow_stream_reader_is_dropped(void **state)
{
	const struct scene *s = *state;
	char heard[8192];
	AUTO_FD int fd = raw(s, "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(fd, "data: hello\n\n", heard, sizeof(heard)));
	/* 64 blocks of 64 KiB in one go: more than the 256 KiB that are kept. */
	assert_int_equal(ask_int(s, "POST", "/v1/push?count=64", "code"), -EPIPE);
	wait_until(s, "gone", 1);
	assert_int_equal(ask_int(s, "GET", "/v1/state", "stream"), 0);
}

static void hostile_bytes_do_not_stop_it(void **state)
{
	const struct scene *s = *state;
	static const char *const rows[] = {
		"\r\n\r\n\r\n",
		"GET",
		"GET / HTTP/9.9\r\n\r\n",
		"\x16\x03\x01\x02\xff\xff",
		"GET /v1/echo?%zz=%0 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /v1/echo HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
		"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
		"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nonly this",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		close(raw(s, rows[i]));

	char heard[4096];
	AUTO_FREE char *long_header = malloc(50000);
	int at = snprintf(long_header, 50000, "GET /v1/echo HTTP/1.1\r\nHost: x\r\nX-Long: ");
	memset(long_header + at, 'x', 40000);
	memcpy(long_header + at + 40000, "\r\n\r\n", 5);
	AUTO_FD int fd = raw(s, long_header);
	assert_true(hears(fd, " 431 ", heard, sizeof(heard)));
	assert_int_equal(ask_int(s, "GET", "/v1/state", "gone"), 0);
}

static void refuses_a_second_instance(void **state)
{
	const struct scene *s = *state;
	sd_event *loop = NULL;
	struct ctl *ctl = NULL;
	struct fault why = { 0 };
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(ctl_listen(loop, s->path, 0600, routes, ARRAY_LEN(routes), NULL, &ctl,
				    &why),
			 -EADDRINUSE);
	assert_non_null(strstr(why.text, "another instance"));
	sd_event_unref(loop);
	assert_int_equal(ask_int(s, "GET", "/v1/state", "gone"), 0); /* the first one lives */
}

/* As systemd hands it over: descriptor 3, its name in the environment. */
static void takes_a_passed_socket(void **state)
{
	(void)state;
	char folder[] = "/tmp/wasl-ctl-XXXXXX", path[64], pid_text[16];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/passed", folder);
	int fd = -1, ready[2];
	assert_int_equal(unixsock_listen(path, SOCK_STREAM, 0600, &fd, NULL), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int keep = fcntl(ready[1], F_DUPFD_CLOEXEC, 20);
		dup2(fd, 3);
		snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
		setenv("LISTEN_PID", pid_text, 1);
		setenv("LISTEN_FDS", "1", 1);
		setenv("LISTEN_FDNAMES", "agentd.sock", 1);
		_exit(live("/nowhere/agentd.sock", keep));
	}
	close(ready[1]);
	close(fd);
	char got;
	assert_int_equal(read(ready[0], &got, 1), 1);
	close(ready[0]);
	assert_int_equal(ctl_call(path, "GET", "/v1/state", NULL, PATIENCE_MS, NULL, NULL), 0);
	assert_int_equal(ctl_call(path, "POST", "/v1/quit", NULL, PATIENCE_MS, NULL, NULL), 0);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(unlink(path), 0); /* systemd's socket stays */
	rmdir(folder);
}

static void codes_become_statuses(void **state)
{
	(void)state;
	static const struct {
		int code;
		unsigned status;
	} rows[] = {
		{ -EINVAL, 400 }, { -EBADMSG, 400 }, { -EPERM, 403 },  { -E2BIG, 413 },
		{ -EILSEQ, 400 }, { -ENOENT, 404 },  { -EEXIST, 409 }, { -EAGAIN, 503 },
		{ -ENOSPC, 507 }, { -EIO, 500 },     { 0, 500 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(ctl_status_of(rows[i].code), rows[i].status);
}

int main(void)
{
#define IN_HOUSE(f) cmocka_unit_test_setup_teardown(f, raise_house, raze_house)
	const struct CMUnitTest tests[] = {
		IN_HOUSE(answers_questions),
		IN_HOUSE(carries_any_bytes),
		IN_HOUSE(refuses_in_sentences),
		IN_HOUSE(a_large_body_does_not_break_off),
		IN_HOUSE(answers_later),
		IN_HOUSE(notices_who_left),
		IN_HOUSE(a_half_closed_client_is_still_answered),
		IN_HOUSE(ends_with_requests_waiting),
		IN_HOUSE(streams_until_the_end),
		IN_HOUSE(a_stream_reader_that_leaves_is_noticed),
		IN_HOUSE(a_slow_stream_reader_is_dropped),
		IN_HOUSE(hostile_bytes_do_not_stop_it),
		IN_HOUSE(refuses_a_second_instance),
		cmocka_unit_test(takes_a_passed_socket),
		cmocka_unit_test(codes_become_statuses),
	};
	return cmocka_run_group_tests_name("base/ctl", tests, NULL, NULL);
}
