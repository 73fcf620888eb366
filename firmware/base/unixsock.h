// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

struct fault;

/*
 * Unix sockets at paths of any length: the 108 bytes of sun_path are passed by through /proc/self/fd, so
 * that a whole box fits in a deep folder. `type` is SOCK_STREAM or SOCK_SEQPACKET; descriptors come back
 * close-on-exec and non-blocking.
 */

/* -ENOENT or -ECONNREFUSED when nobody listens there. The descriptor is the caller's, in *out. */
int unixsock_connect(const char *path, int type, int *out, struct fault *why);

/*
 * Listens. Refuses with -EADDRINUSE while another process answers at `path`, replaces the socket of a
 * dead one, and refuses (-EEXIST) to replace anything that is no socket.
 */
int unixsock_listen(const char *path, int type, mode_t mode, int *out, struct fault *why);

/* The listening socket that systemd passed as FileDescriptorName=NAME, -1 when there is none. */
int unixsock_passed(const char *name);

/*
 * A name of at most 107 bytes for the same file: `path` itself where it is short, else below a folder
 * descriptor that *folder receives (-1 when not needed) and that must stay open as long as `out` is used.
 */
int unixsock_short(const char *path, char out[static 108], int *folder, struct fault *why);
