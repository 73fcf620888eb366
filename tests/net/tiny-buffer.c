// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/base/clean.h"

/*
 * tiny-buffer PID: gives every netlink socket through which the process hears events the smallest receive buffer that
 * the kernel allows, so that a few events at once overrun it. 0 when there was one.
 */
static bool hears_events(int fd)
{
	struct sockaddr_nl here = { 0 };
	socklen_t len = sizeof(here);
	return getsockname(fd, (struct sockaddr *)&here, &len) == 0 &&
	       here.nl_family == AF_NETLINK && here.nl_groups != 0;
}

CLEAN_FN(folder, DIR, closedir)

int main(int argc, char **argv)
{
	static const int tiny = 1;
	char path[64];
	int found = 0;
	AUTO_FD int process = -1;
	if (argc != 2 || (process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0)) < 0) {
		perror("tiny-buffer PID");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", atoi(argv[1]));
	CLEANUP(clean_folder) DIR *folder = opendir(path);
	for (struct dirent *e; folder && (e = readdir(folder));) {
		AUTO_FD int fd = (int)syscall(SYS_pidfd_getfd, process, atoi(e->d_name), 0);
		if (e->d_name[0] == '.' || fd < 0 || !hears_events(fd))
			continue;
		found += setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)) == 0;
	}
	printf("%d\n", found);
	return found ? 0 : 1;
}
