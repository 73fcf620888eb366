// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fault;
struct sd_event;

/*
 * What daemons tell their supervisor by sd_notify(3), received as systemd does: datagrams on an abstract unix socket, the
 * sender's process id vouched for by the kernel.
 */
struct notify_message {
	bool ready, stopping, watchdog;
	char status[160]; /* STATUS=, "" when there is none; one line, printable */
};

/* One datagram of `len` bytes; lines that are not known here are passed over. */
void notify_parse(const char *bytes, size_t len, struct notify_message *out);

struct notify;
typedef void (*notify_heard)(void *data, pid_t from, const struct notify_message *m);

int notify_open(struct sd_event *loop, notify_heard heard, void *data, struct notify **out,
		struct fault *why);
void notify_close(struct notify *n);                /* NULL is fine */
const char *notify_address(const struct notify *n); /* for NOTIFY_SOCKET: "@…" */
