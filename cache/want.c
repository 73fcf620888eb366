// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/want.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static int check_msg(const struct want_msg *m)
{
	switch (m->type) {
	case WANT_HELLO:
		return m->rendition ? 0 : -EBADMSG;
	case WANT_SPOILT:
		return 0;
	case WANT_TALLIED:
		return m->token && m->rendition ? 0 : -EBADMSG;
	case WANT_WANT:
	case WANT_CANCEL:
	case WANT_SHARED:
	case WANT_READY:
	case WANT_FAILED:
		break;
	default:
		return -EBADMSG;
	}
	if (m->kind != WANT_OBJECT && m->kind != WANT_SEGMENT)
		return -EBADMSG;
	if (m->kind == WANT_SEGMENT && (m->first > UINT32_MAX || m->count != 1))
		return -EBADMSG;
	if (!m->count || m->first > OBJMAP_MAX_SIZE || m->count > OBJMAP_MAX_SIZE ||
	    m->priority > 9)
		return -EBADMSG;
	if (m->type == WANT_WANT)
		return m->error <= 0 ? 0 : -EBADMSG;
	return (m->type == WANT_FAILED) == (m->error < 0) ? 0 : -EBADMSG;
}

int want_check(const void *packet, size_t len)
{
	union want_packet p;
	if (len != sizeof(p.msg) && len != sizeof(p.tally))
		return -EBADMSG;
	memcpy(&p, packet, len);
	if (len == sizeof(p.msg))
		return check_msg(&p.msg);
	if (p.type != WANT_TALLY || !p.tally.instance || !p.tally.sequence ||
	    !memchr(p.tally.lesson, 0, sizeof(p.tally.lesson)) ||
	    !memchr(p.tally.rung, 0, sizeof(p.tally.rung)))
		return -EBADMSG;
	return 0;
}

/* The descriptor among what came beside the bytes; one is room for no more. */
static int passed_fd(struct msghdr *head)
{
	int fd = -1;
	const struct cmsghdr *c = CMSG_FIRSTHDR(head);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/*
 * A peer that closes with something unread leaves ECONNRESET ahead of what it had said; told once, what it said follows.
 */
static int receive(int fd, union want_packet *out, struct msghdr *head)
{
	struct iovec at = { out, sizeof(*out) };
	ssize_t n;
	head->msg_iov = &at;
	head->msg_iovlen = 1;
	do
		n = recvmsg(fd, head, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -ENOTCONN;
	if ((size_t)n > sizeof(*out))
		return -EBADMSG;
	const int rc = want_check(out, (size_t)n);
	return rc ? rc : 1;
}

int want_receive(int fd, union want_packet *out)
{
	struct msghdr head = { 0 }; /* no room for descriptors: the kernel closes them */
	return receive(fd, out, &head);
}

int want_receive_fd(int fd, union want_packet *out, int *passed)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} beside;
	struct msghdr head = { .msg_control = beside.room, .msg_controllen = sizeof(beside.room) };
	const int got = receive(fd, out, &head);
	AUTO_FD int with = got == 0 ? -1 : passed_fd(&head);
	*passed = got == 1 && out->type == WANT_HELLO ? MOVE_FD(with) : -1;
	return got;
}

int want_send_hello(int fd, uint32_t patience_ms, int passed)
{
	struct want_msg hello = want_hello(1);
	struct iovec at = { &hello, sizeof(hello) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} beside = { .room = { 0 } };
	struct msghdr head = { .msg_iov = &at, .msg_iovlen = 1 };
	hello.deadline_ms = patience_ms;
	if (passed >= 0) {
		head.msg_control = beside.room;
		head.msg_controllen = sizeof(beside.room);
		beside.head.cmsg_level = SOL_SOCKET;
		beside.head.cmsg_type = SCM_RIGHTS;
		beside.head.cmsg_len = CMSG_LEN(sizeof(passed));
		memcpy(CMSG_DATA(&beside.head), &passed, sizeof(passed));
	}
	return sendmsg(fd, &head, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

struct want_msg want_hello(uint64_t instance)
{
	return (struct want_msg){ .type = WANT_HELLO,
				  .token = WANT_VERSION,
				  .rendition = instance };
}

struct want_msg want_spoilt(void)
{
	return (struct want_msg){ .type = WANT_SPOILT };
}

struct want_msg want_tallied(uint64_t instance, uint64_t sequence)
{
	return (struct want_msg){ .type = WANT_TALLIED, .token = sequence, .rendition = instance };
}

struct want_msg want_ready(const struct want_msg *want, uint64_t first, uint64_t count)
{
	struct want_msg m = *want;
	m.type = WANT_READY;
	m.first = first;
	m.count = count;
	m.error = 0;
	return m;
}

struct want_msg want_failed(const struct want_msg *want, int error)
{
	struct want_msg m = *want;
	m.type = WANT_FAILED;
	m.error = error < 0 ? error : -EIO;
	return m;
}

/* The folder's descriptor stands for its path, so that the name fits the 108 bytes of an address. */
static int address(const char *path, int *folder, struct sockaddr_un *out)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	AUTO_FREE
	char *parent =
		slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!parent)
		return -ENOMEM;
	AUTO_FD
	int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", fd, name);
	if (!*name || n >= (int)sizeof(out->sun_path))
		return -ENAMETOOLONG;
	*folder = MOVE_FD(fd);
	return 0;
}

int want_connect(const char *path)
{
	AUTO_FD
	int folder = -1;
	struct sockaddr_un at;
	int rc = address(path, &folder, &at);
	if (rc)
		return rc;
	AUTO_FD
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return MOVE_FD(fd);
}

static int listen_fault(const char *path, int rc, struct fault *why)
{
	return fault_set(why, rc, "want.listen", "'%s': %s; look at the folder and its owner", path,
			 strerror(-rc));
}

int want_listen(const char *path, mode_t mode, struct fault *why)
{
	AUTO_FD
	int live = want_connect(path);
	if (live >= 0 || live == -EAGAIN)
		return fault_set(why, -EADDRINUSE, "want.listen",
				 "'%s': another wasl-contentd answers there; stop that one first",
				 path);
	AUTO_FD
	int folder = -1;
	struct sockaddr_un at;
	int rc = address(path, &folder, &at);
	if (rc)
		return listen_fault(path, rc, why);
	AUTO_FD
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return listen_fault(path, -errno, why);
	struct stat st;
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || chmod(path, mode) < 0 ||
	    listen(fd, 64) < 0)
		return listen_fault(path, -errno, why);
	return MOVE_FD(fd);
}
