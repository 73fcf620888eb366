// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/notify.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

enum { DATAGRAM_BYTES = 4096, SENT_FDS = 16 };

struct notify {
	sd_event_source *source;
	int fd;
	notify_heard heard;
	void *data;
	char address[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
};

CLEAN_FN(notify, struct notify, notify_close)

/* It goes to a terminal: no control characters, nothing that is not UTF-8. */
static void take_status(const char *text, size_t len, char *out, size_t room)
{
	size_t n = len < room - 1 ? len : room - 1;
	while (n > 0 && n < len && (text[n] & 0xc0) == 0x80)
		n--; /* not in the middle of a letter */
	if (!text_is_utf8(text, n))
		n = 0;
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
	out[n] = '\0';
}

void notify_parse(const char *bytes, size_t len, struct notify_message *out)
{
	*out = (struct notify_message){ 0 };
	for (size_t at = 0; at < len;) {
		const char *line = bytes + at;
		const char *end = memchr(line, '\n', len - at);
		size_t n = end ? (size_t)(end - line) : len - at;
		if (n == 7 && !memcmp(line, "READY=1", 7))
			out->ready = true;
		else if (n == 10 && !memcmp(line, "STOPPING=1", 10))
			out->stopping = true;
		else if (n == 10 && !memcmp(line, "WATCHDOG=1", 10))
			out->watchdog = true;
		else if (n >= 7 && !memcmp(line, "STATUS=", 7))
			take_status(line + 7, n - 7, out->status, sizeof(out->status));
		at += n + 1;
	}
}

/* Descriptors that a sender attaches are closed, its credentials are what we want. */
static pid_t read_control(struct msghdr *head)
{
	pid_t from = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred who;
			memcpy(&who, CMSG_DATA(c), sizeof(who));
			from = who.pid;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
				int fd;
				memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
				close(fd);
			}
		}
	}
	return from;
}

static int on_datagram(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s, (void)events;
	struct notify *n = data;
	char bytes[DATAGRAM_BYTES];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(SENT_FDS * sizeof(int))];
	} control;
	struct iovec piece = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr head = { .msg_iov = &piece,
			       .msg_iovlen = 1,
			       .msg_control = &control,
			       .msg_controllen = sizeof(control) };

	ssize_t len = recvmsg(fd, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0)
		return 0;
	pid_t from = read_control(&head);
	if (from <= 0 || head.msg_flags & MSG_TRUNC)
		return 0;
	struct notify_message m;
	notify_parse(bytes, (size_t)len, &m);
	n->heard(n->data, from, &m);
	return 0;
}

int notify_open(struct sd_event *loop, notify_heard heard, void *data, struct notify **out,
		struct fault *why)
{
	CLEANUP(clean_notify) struct notify *n = calloc(1, sizeof(*n));
	if (!n)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	n->heard = heard;
	n->data = data;

	/* Bound to nothing, the kernel gives an abstract name that nobody has: no file, no length limit. */
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(at);
	int on = 1;
	if (n->fd < 0 || setsockopt(n->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(n->fd, (struct sockaddr *)&at, sizeof(at.sun_family)) < 0 ||
	    getsockname(n->fd, (struct sockaddr *)&at, &len) < 0)
		return fault_set(why, -errno, "stage.notify", "no socket for readiness: %s",
				 strerror(errno));
	snprintf(n->address, sizeof(n->address), "@%.*s",
		 (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), at.sun_path + 1);
	int rc = sd_event_add_io(loop, &n->source, n->fd, EPOLLIN, on_datagram, n);
	if (rc < 0)
		return fault_set(why, rc, "stage.notify", "no socket for readiness: %s",
				 strerror(-rc));
	*out = MOVE_PTR(n);
	return 0;
}

void notify_close(struct notify *n)
{
	if (!n)
		return;
	sd_event_source_disable_unref(n->source);
	if (n->fd >= 0)
		close(n->fd);
	free(n);
}

const char *notify_address(const struct notify *n)
{
	return n->address;
}
