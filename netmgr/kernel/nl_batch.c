// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_batch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "firmware/base/clean.h"

/* Each answer takes more than 4 KiB of the socket's own buffer: so many fit. */
enum { AT_ONCE = 32, ANSWER_ROOM = 8192, PATIENCE_S = 2 };

/* A batch on its way. */
struct sending {
	int fd, tolerated, error; /* the first refusal that is not tolerated */
	uint32_t seq;             /* of the last that was sent */
	const struct nl_batch_reader *reader;
	unsigned *done;
};

void nl_batch_clear(struct nl_batch *b)
{
	free(b->bytes);
	*b = (struct nl_batch){ 0 };
}

int nl_batch_add(struct nl_batch *b, struct nl_msg *msg)
{
	const struct nlmsghdr *header = nlmsg_hdr(msg);
	size_t len = NLMSG_ALIGN(header->nlmsg_len);
	if (b->room - b->len < len) {
		size_t room = 2 * b->room + 4096 + len;
		uint8_t *bytes = realloc(b->bytes, room);
		if (!bytes)
			return -ENOMEM;
		b->bytes = bytes;
		b->room = room;
	}
	memset(b->bytes + b->len, 0, len);
	memcpy(b->bytes + b->len, header, header->nlmsg_len);
	b->len += len;
	return 0;
}

static int open_socket(int protocol)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	AUTO_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	return MOVE_FD(fd);
}

/* What one answer says; true: it was the last one. */
static bool note_answer(struct sending *s, struct nlmsghdr *header)
{
	if (header->nlmsg_type != NLMSG_ERROR) {
		if (s->reader)
			s->reader->each(s->reader->data, header->nlmsg_seq - 1, header);
		return false;
	}
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return false;
	const struct nlmsgerr *answer = NLMSG_DATA(header);
	if (answer->error)
		(*s->done)--;
	if (answer->error && answer->error != -s->tolerated && !s->error)
		s->error = answer->error;
	return header->nlmsg_seq == s->seq;
}

static int hear_answers(struct sending *s)
{
	_Alignas(struct nlmsghdr) uint8_t bytes[ANSWER_ROOM];
	for (bool last = false; !last;) {
		ssize_t n = recv(s->fd, bytes, sizeof(bytes), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		size_t left = (size_t)n;
		struct nlmsghdr *header = (struct nlmsghdr *)bytes;
		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left))
			last |= note_answer(s, header);
	}
	return 0;
}

int nl_batch_send(struct nl_batch *b, int protocol, int tolerated,
		  const struct nl_batch_reader *reader, unsigned *done)
{
	*done = 0;
	if (!b->len)
		return 0;
	AUTO_FD int fd = open_socket(protocol);
	if (fd < 0)
		return fd;
	struct sending s = { .fd = fd, .tolerated = tolerated, .reader = reader, .done = done };
	for (size_t at = 0; at < b->len;) {
		size_t begin = at;
		struct nlmsghdr *header = NULL;
		for (unsigned n = 0; n < AT_ONCE && at < b->len; n++) {
			header = (struct nlmsghdr *)(b->bytes + at);
			header->nlmsg_seq = ++s.seq;
			header->nlmsg_pid = 0;
			header->nlmsg_flags |= NLM_F_REQUEST;
			header->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
			at += NLMSG_ALIGN(header->nlmsg_len);
			(*done)++;
		}
		header->nlmsg_flags |= NLM_F_ACK;
		if (send(fd, b->bytes + begin, at - begin, 0) < 0)
			return -errno;
		int r = hear_answers(&s);
		if (r < 0)
			return r;
	}
	return s.error;
}
