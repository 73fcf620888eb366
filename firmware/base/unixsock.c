// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == 108, "unix(7)");

enum { BACKLOG = 1024 }; /* a class that opens the same page at the same moment */

int unixsock_short(const char *path, char out[static 108], int *folder, struct fault *why)
{
	size_t len = strlen(path);
	if (len < 108) {
		memcpy(out, path, len + 1);
		*folder = -1;
		return 0;
	}
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) >= sizeof(parent))
		return fault_set(why, -ENAMETOOLONG, "socket.name",
				 "'%s': the name is too long for a socket", path);
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';

	AUTO_FD int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(why, -errno, "socket.folder", "'%s': %s", parent, strerror(errno));
	if ((size_t)snprintf(out, 108, "/proc/self/fd/%d%s", fd, slash) >= 108)
		return fault_set(why, -ENAMETOOLONG, "socket.name",
				 "'%s': the last part is too long for a socket", path);
	*folder = MOVE_FD(fd);
	return 0;
}

static int address_of(const char *path, struct sockaddr_un *out, int *folder, struct fault *why)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return unixsock_short(path, out->sun_path, folder, why);
}

static int new_socket(int type, struct fault *why)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd >= 0 ? fd
		       : fault_set(why, -errno, "socket.new", "no socket: %s", strerror(errno));
}

int unixsock_connect(const char *path, int type, int *out, struct fault *why)
{
	struct sockaddr_un address;
	AUTO_FD int folder = -1;
	int rc = address_of(path, &address, &folder, why);
	if (rc)
		return rc;
	AUTO_FD int fd = new_socket(type, why);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fault_set(why, -errno, "socket.down",
				 "'%s': nobody answers there (%s); start the program it "
				 "belongs to",
				 path, strerror(errno));
	*out = MOVE_FD(fd);
	return 0;
}

/* Makes room for a new socket: 0 when nothing lives at `path` any more. */
static int take_over(const char *path, int type, struct fault *why)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : fault_set(why, -errno, "socket.look", "'%s': %s", path,
						   strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fault_set(why, -EEXIST, "socket.taken",
				 "'%s': a file of another kind is there; move it away", path);
	AUTO_FD int probe = -1;
	int rc = unixsock_connect(path, type, &probe, NULL);
	if (rc == 0 || rc == -EAGAIN) /* EAGAIN: alive, its queue is full */
		return fault_set(why, -EADDRINUSE, "socket.busy",
				 "'%s': another instance is running there; stop it first", path);
	if (rc != -ECONNREFUSED && rc != -ENOENT)
		return fault_set(why, rc, "socket.look",
				 "'%s': cannot tell whether another instance is running (%s)", path,
				 strerror(-rc));
	if (unlink(path) < 0 && errno != ENOENT)
		return fault_set(why, -errno, "socket.stale",
				 "'%s': the socket of a dead instance cannot be removed "
				 "(%s)",
				 path, strerror(errno));
	return 0;
}

int unixsock_listen(const char *path, int type, mode_t mode, int *out, struct fault *why)
{
	int rc = take_over(path, type, why);
	if (rc)
		return rc;
	struct sockaddr_un address;
	AUTO_FD int folder = -1;
	rc = address_of(path, &address, &folder, why);
	if (rc)
		return rc;
	AUTO_FD int fd = new_socket(type, why);
	if (fd < 0)
		return fd;
	/* The mode before the name exists: nobody gets in between (Linux takes it from the socket's own inode). */
	fchmod(fd, mode);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, mode) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return fault_set(why, -errno, "socket.listen",
				 "'%s': %s; look whether the folder exists and may be "
				 "written",
				 path, strerror(errno));
	*out = MOVE_FD(fd);
	return 0;
}

int unixsock_passed(const char *name)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(0, &names);
	int found = -1;

	for (int i = 0; i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		if (found < 0 && names[i] && !strcmp(names[i], name) &&
		    sd_is_socket(fd, AF_UNIX, 0, 1) > 0)
			found = fd;
	}
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (found >= 0)
		fcntl(found, F_SETFL, fcntl(found, F_GETFL) | O_NONBLOCK);
	return found;
}
