// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl_priv.h"
#include "firmware/base/fault.h"
#include "firmware/base/unixsock.h"

CLEAN_FN(ctl, struct ctl, ctl_close)

/* --- the loop ----------------------------------------------------------------------------------- */

static void kick(struct ctl *ctl)
{
	sd_event_source_set_enabled(ctl->soon, SD_EVENT_ONESHOT);
}

/* One turn of the server; then the time of the next one, where it wants one without a socket event. */
static void turn(struct ctl *ctl)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(ctl->mhd);
	if (MHD_get_timeout(ctl->mhd, &wait_ms) != MHD_YES) {
		sd_event_source_set_enabled(ctl->timer, SD_EVENT_OFF);
		return;
	}
	if (!wait_ms) {
		kick(ctl);
		return;
	}
	uint64_t now;
	sd_event_now(ctl->loop, CLOCK_MONOTONIC, &now);
	sd_event_source_set_time(ctl->timer, now + wait_ms * 1000);
	sd_event_source_set_enabled(ctl->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s, (void)fd, (void)events;
	turn(data);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	turn(data);
	return 0;
}

static int on_soon(sd_event_source *s, void *data)
{
	(void)s;
	turn(data);
	return 0;
}

/* The other side left while its request was waiting: the connection is not polled then, so we look ourselves. */
static int on_hangup(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)fd, (void)events;
	struct ctl_request *req = data;
	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	req->left = true;
	ctl_resume(req);
	return 0;
}

void ctl_suspend(struct ctl_request *req)
{
	if (req->suspended)
		return;
	req->suspended = true;
	MHD_suspend_connection(req->connection);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	/* EPOLLHUP alone: a client that has only closed its sending half still wants the answer. */
	if (info && sd_event_add_io(req->ctl->loop, &req->hangup, info->connect_fd, EPOLLHUP,
				    on_hangup, req) < 0)
		req->hangup = NULL;
}

void ctl_resume(struct ctl_request *req)
{
	if (!req->suspended)
		return;
	req->suspended = false;
	req->hangup = sd_event_source_disable_unref(req->hangup);
	MHD_resume_connection(req->connection);
	kick(req->ctl);
}

/* --- one request -------------------------------------------------------------------------------- */

static bool route_fits(const struct ctl_route *route, const char *path, const char **rest)
{
	size_t len = strlen(route->path);
	if (len && route->path[len - 1] == '*') {
		if (strncmp(path, route->path, len - 1))
			return false;
		*rest = path + len - 1;
		return true;
	}
	*rest = "";
	return !strcmp(path, route->path);
}

static bool method_fits(const char *route, const char *asked)
{
	return !strcmp(route, asked) || (!strcmp(asked, "HEAD") && !strcmp(route, "GET"));
}

static void choose_route(struct ctl_request *req, const char *method)
{
	size_t at = 0;

	req->refusal = MHD_HTTP_NOT_FOUND;
	for (size_t i = 0; i < req->ctl->count; i++) {
		const struct ctl_route *route = &req->ctl->routes[i];
		const char *rest;
		if (!route_fits(route, req->path, &rest))
			continue;
		if (method_fits(route->method, method)) {
			req->route = route;
			req->rest = rest;
			return;
		}
		req->refusal = MHD_HTTP_METHOD_NOT_ALLOWED;
		int wrote = snprintf(req->allow + at, sizeof(req->allow) - at, "%s%s",
				     at ? ", " : "", route->method);
		if (wrote > 0 && at + (size_t)wrote < sizeof(req->allow))
			at += (size_t)wrote;
		else
			req->allow[at] = '\0';
	}
}

static struct ctl_request *request_new(struct ctl *ctl, struct MHD_Connection *connection,
				       const char *url, const char *method)
{
	struct ctl_request *req = calloc(1, sizeof(*req));
	if (!req)
		return NULL;
	req->path = strdup(url);
	if (!req->path) {
		free(req);
		return NULL;
	}
	req->ctl = ctl;
	req->connection = connection;
	req->rest = "";
	req->next = ctl->open;
	req->prev_next = &ctl->open;
	if (req->next)
		req->next->prev_next = &req->next;
	ctl->open = req;
	choose_route(req, method);
	return req;
}

static void request_free(struct ctl_request *req)
{
	*req->prev_next = req->next;
	if (req->next)
		req->next->prev_next = req->prev_next;
	sd_event_source_disable_unref(req->hangup);
	if (req->response)
		MHD_destroy_response(req->response);
	if (req->stream)
		free(req->stream->bytes);
	free(req->stream);
	for (size_t i = 0; i < req->extra_count; i++) {
		free(req->extra[i].name);
		free(req->extra[i].value);
	}
	free(req->scratch);
	free(req->body);
	free(req->path);
	free(req);
}

/* The connection is done with the request, one way or the other. */
static void on_completed(void *data, struct MHD_Connection *connection, void **held,
			 enum MHD_RequestTerminationCode code)
{
	(void)data, (void)connection, (void)code;
	struct ctl_request *req = *held;
	*held = NULL;
	if (!req)
		return;
	bool waits = req->stream ? !req->stream->ended : !req->replied;
	if (waits && req->gone)
		req->gone(req->gone_data);
	request_free(req);
}

/* Keeps one piece of the body. What is over the limit is read and dropped, so that the refusal can be heard. */
static enum MHD_Result take_body(struct ctl_request *req, const char *bytes, size_t len)
{
	size_t limit = req->route ? req->route->body_limit : 0;

	if (req->refusal == MHD_HTTP_CONTENT_TOO_LARGE || !req->route ||
	    len > limit - req->body_len) {
		if (req->route)
			req->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
		req->dropped_bytes += len;
		return req->dropped_bytes > limit + (16 << 20) ? MHD_NO : MHD_YES;
	}
	if (req->body_len + len + 1 > req->body_room) {
		size_t room = (req->body_len + len) * 2 + 1;
		room = room > limit + 1 ? limit + 1 : room;
		char *grown = realloc(req->body, room);
		if (!grown)
			return MHD_NO;
		req->body = grown;
		req->body_room = room;
	}
	memcpy(req->body + req->body_len, bytes, len);
	req->body_len += len;
	req->body[req->body_len] = '\0';
	return MHD_YES;
}

static void refuse(struct ctl_request *req)
{
	struct fault why;

	if (req->refusal == MHD_HTTP_METHOD_NOT_ALLOWED) {
		ctl_reply_header(req, "Allow", req->allow);
		fault_set(&why, -EINVAL, "http.method", "'%s' only answers %s", req->path,
			  req->allow);
	} else if (req->refusal == MHD_HTTP_CONTENT_TOO_LARGE) {
		fault_set(&why, -EFBIG, "http.large", "'%s' takes at most %zu bytes", req->path,
			  req->route->body_limit);
	} else {
		fault_set(&why, -ENOENT, "http.unknown", "'%s' is not known here", req->path);
	}
	ctl_reply_fault(req, req->refusal, &why);
}

static enum MHD_Result queue(struct ctl_request *req)
{
	enum MHD_Result rc = MHD_queue_response(req->connection, req->status, req->response);
	MHD_destroy_response(req->response);
	req->response = NULL;
	return rc;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **held)
{
	(void)version;
	struct ctl_request *req = *held;

	if (!req) {
		*held = request_new(data, connection, url, method);
		return *held ? MHD_YES : MHD_NO;
	}
	if (*upload_len) {
		size_t len = *upload_len;
		*upload_len = 0;
		return take_body(req, upload, len);
	}
	if (req->left)
		return MHD_NO;
	if (!req->served) {
		req->served = true;
		if (!req->route || req->refusal == MHD_HTTP_CONTENT_TOO_LARGE)
			refuse(req);
		else
			req->route->serve(req, req->ctl->data);
	}
	if (req->response)
		return queue(req);
	if (req->replied) /* the answer could not be made: out of memory */
		return MHD_NO;
	ctl_suspend(req);
	return MHD_YES;
}

/* --- opening and closing ------------------------------------------------------------------------ */

static int start(struct ctl *ctl, int fd, unsigned connections, const char *path, struct fault *why)
{
	ctl->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, ctl,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, ctl,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)CTL_IDLE_S,
		/* The memory of a connection holds what is read and what is written. */
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CTL_HEADER_BYTES * 2, MHD_OPTION_END);
	if (!ctl->mhd)
		return fault_set(why, -EIO, "ctl.start",
				 "'%s': the HTTP server does not start (%s)", path,
				 strerror(errno));
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(ctl->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	int rc = info ? 0 : -EIO;
	if (!rc)
		rc = sd_event_add_io(ctl->loop, &ctl->io, info->epoll_fd, EPOLLIN, on_io, ctl);
	if (rc >= 0)
		rc = sd_event_add_time(ctl->loop, &ctl->timer, CLOCK_MONOTONIC, 0, 1000, on_time,
				       ctl);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(ctl->timer, SD_EVENT_OFF);
	if (rc >= 0)
		rc = sd_event_add_defer(ctl->loop, &ctl->soon, on_soon, ctl);
	if (rc < 0)
		return fault_set(why, rc, "ctl.start", "'%s': the event loop refuses (%s)", path,
				 strerror(-rc));
	return 0;
}

static int own_socket(struct ctl *ctl, const char *path, mode_t mode, int *fd, struct fault *why)
{
	const char *slash = strrchr(path, '/');
	*fd = unixsock_passed(slash ? slash + 1 : path);
	if (*fd >= 0)
		return 0;
	int rc = unixsock_listen(path, SOCK_STREAM, mode, fd, why);
	if (rc)
		return rc;
	struct stat st;
	ctl->path = strdup(path);
	if (!ctl->path || lstat(path, &st) < 0)
		return fault_set(why, -ENOMEM, "ctl.start", "'%s': %s", path, strerror(errno));
	ctl->dev = st.st_dev;
	ctl->ino = st.st_ino;
	return 0;
}

int ctl_listen(struct sd_event *loop, const char *path, mode_t mode, const struct ctl_route *routes,
	       size_t count, void *data, struct ctl **out, struct fault *why)
{
	return ctl_listen_many(loop, path, mode, routes, count, CTL_CONNECTIONS, data, out, why);
}

int ctl_listen_many(struct sd_event *loop, const char *path, mode_t mode,
		    const struct ctl_route *routes, size_t count, unsigned connections, void *data,
		    struct ctl **out, struct fault *why)
{
	CLEANUP(clean_ctl) struct ctl *ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	ctl->loop = sd_event_ref(loop);
	ctl->routes = routes;
	ctl->count = count;
	ctl->data = data;

	AUTO_FD int fd = -1;
	int rc = own_socket(ctl, path, mode, &fd, why);
	if (!rc)
		rc = start(ctl, fd, connections, path, why);
	if (ctl->mhd)
		(void)MOVE_FD(fd); /* the server closes it */
	if (rc)
		return rc;
	*out = MOVE_PTR(ctl);
	return 0;
}

/* Only the socket that this instance made: a successor may have replaced it already. */
static void remove_socket(const struct ctl *ctl)
{
	struct stat st;
	if (ctl->path && lstat(ctl->path, &st) == 0 && st.st_dev == ctl->dev &&
	    st.st_ino == ctl->ino)
		unlink(ctl->path);
}

void ctl_close(struct ctl *ctl)
{
	if (!ctl)
		return;
	remove_socket(ctl);
	for (struct ctl_request *req = ctl->open; req; req = req->next) {
		req->left = true;
		ctl_resume(req); /* the server must not be stopped with connections asleep */
	}
	if (ctl->mhd)
		MHD_stop_daemon(ctl->mhd);
	sd_event_source_disable_unref(ctl->io);
	sd_event_source_disable_unref(ctl->timer);
	sd_event_source_disable_unref(ctl->soon);
	sd_event_unref(ctl->loop);
	free(ctl->path);
	free(ctl);
}
