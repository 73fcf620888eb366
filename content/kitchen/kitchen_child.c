// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

union control { /* room for one descriptor, aligned */
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

/* Nothing is lost where the group is gone: it is slow all the same. */
static void join(int kept)
{
	if (kept == JOB_FD)
		return;
	if (write(kept, "0", 1) < 0)
		errno = 0;
	close(kept);
}

/* Between fork and exec: only calls that are safe there. */
static void become(const char *program, int slow_group, enum kitchen_pace pace, int end,
		   pid_t parent) __attribute__((noreturn));
static void become(const char *program, int slow_group, enum kitchen_pace pace, int end,
		   pid_t parent)
{
	static char name[] = "wasl-transcoder", verb[] = "worker";
	static char *const argv[] = { name, verb, NULL };
	static char *const envp[] = { NULL };
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* A contentd that is killed takes its children along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	/* Out of the way of 0 to 4 first. */
	const int group = slow_group < 0 ? -1 : fcntl(slow_group, F_DUPFD, 10);
	int null = open("/dev/null", O_RDWR);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(127);
	if (end == JOB_FD) {
		if (fcntl(end, F_SETFD, 0) < 0)
			_exit(127);
	} else if (dup2(end, JOB_FD) < 0) {
		_exit(127);
	}
	/* Before it slows down: a contentd that follows a killed one finds the store's lock free at once. */
	const int kept = group < 0 ? JOB_FD : dup2(group, JOB_FD + 1);
	syscall(SYS_close_range, kept + 1, ~0u, 0);
	if (pace == KITCHEN_PACE_IDLE) {
		struct sched_param zero = { 0 };
		sched_setscheduler(0, SCHED_IDLE, &zero);
		join(kept);
	}
	execve(program, argv, envp);
	_exit(127);
}

static int send_order(int socket, const struct job_order *order, int source_fd)
{
	union control control = { 0 };
	struct iovec part = { (void *)(uintptr_t)order, sizeof(*order) };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS,
					 .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(&control.head), &source_fd, sizeof(int));
	return sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*order)
		       ? 0
		       : -errno;
}

int kitchen_child_start(const char *program, enum kitchen_pace pace, int group,
			const struct job_order *order, int source_fd, struct kitchen_child *out,
			struct fault *why)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fault_set(why, -errno, "kitchen.start",
				 "no socket pair for wasl-transcoder (%s)", strerror(errno));
	AUTO_FD int ours = ends[0], theirs = ends[1];
	if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
		return fault_set(why, -errno, "kitchen.start",
				 "no socket pair for wasl-transcoder (%s)", strerror(errno));
	int rc = send_order(ours, order, source_fd);
	if (rc)
		return fault_set(why, rc, "kitchen.start",
				 "wasl-transcoder cannot be told its order (%s)", strerror(-rc));
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		become(program, pace == KITCHEN_PACE_IDLE ? group : -1, pace, theirs, parent);
	if (pid < 0)
		return fault_set(why, -errno, "kitchen.start", "'%s' cannot be started (%s)",
				 program, strerror(errno));
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		rc = -errno;
		kill(pid, SIGKILL); /* not reaped yet: the number is still its */
		waitpid(pid, NULL, 0);
		return fault_set(why, rc, "kitchen.start", "no descriptor for process %d (%s)",
				 (int)pid, strerror(-rc));
	}
	*out = (struct kitchen_child){ .pid = pid, .pidfd = pidfd, .socket = MOVE_FD(ours) };
	return 0;
}

int kitchen_child_receive(const struct kitchen_child *c, struct job_reply *reply, int *passed)
{
	union control control = { 0 };
	struct iovec part = { reply, sizeof(*reply) };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t got;
	do
		got = recvmsg(c->socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got == 0 || (got < 0 && (errno == EAGAIN || errno == ECONNRESET)))
		return 0;
	if (got < 0)
		return -errno;
	AUTO_FD int fd = -1;
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(int));
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || job_reply_check(reply, (size_t)got))
		return -EBADMSG;
	*passed = MOVE_FD(fd);
	return 1;
}

void kitchen_child_kill(const struct kitchen_child *c)
{
	syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
}

void kitchen_child_pace(const struct kitchen_child *c, enum kitchen_walk walk)
{
	syscall(SYS_pidfd_send_signal, c->pidfd, walk == KITCHEN_GOES ? SIGCONT : SIGSTOP, NULL, 0);
}

int kitchen_child_hurry(const struct kitchen_child *c)
{
	const struct sched_param zero = { 0 };
	/* Not reaped yet: the number is still its. */
	return sched_setscheduler(c->pid, SCHED_OTHER, &zero) < 0 ? -errno : 0;
}

/* What a signal means for somebody who reads the log. */
static const char *meaning(int signal_number)
{
	switch (signal_number) {
	case SIGSYS:
		return "it asked for a system call that its sandbox forbids";
	case SIGXCPU:
		return "it used up its processor time";
	case SIGKILL:
		return "it ran out of time or memory";
	case SIGSEGV:
	case SIGBUS:
	case SIGABRT:
	case SIGILL:
	case SIGFPE:
		return "it crashed on this file";
	default:
		return "it was stopped";
	}
}

int kitchen_child_reap(struct kitchen_child *c, struct fault *why)
{
	siginfo_t how = { 0 };
	int rc;
	do
		rc = waitid(P_PID, (id_t)c->pid, &how, WEXITED);
	while (rc < 0 && errno == EINTR);
	close(c->pidfd);
	close(c->socket);
	*c = (struct kitchen_child){ .pidfd = -1, .socket = -1 };
	if (rc < 0)
		return fault_set(why, -errno, "kitchen.child",
				 "wasl-transcoder's end is unknown (%s)", strerror(errno));
	if (how.si_code == CLD_EXITED && how.si_status == 0)
		return 0;
	if (how.si_code == CLD_EXITED && how.si_status == 127)
		return fault_set(why, -ENOEXEC, "kitchen.exec",
				 "wasl-transcoder does not start; reinstall it");
	if (how.si_code == CLD_EXITED)
		return fault_set(why, -EPIPE, "kitchen.child",
				 "wasl-transcoder ended with status %d", how.si_status);
	return fault_set(why, how.si_status == SIGKILL ? -ENOMEM : -ECHILD, "kitchen.child",
			 "wasl-transcoder ended by signal %d: %s", how.si_status,
			 meaning(how.si_status));
}

int kitchen_child_map(int memfd, size_t length, const void **out)
{
	const int sealed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct stat st;
	int seals = fcntl(memfd, F_GET_SEALS);
	if (seals < 0 || (seals & sealed) != sealed || fstat(memfd, &st) < 0 || !length ||
	    st.st_size != (off_t)length)
		return -EBADMSG;
	void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, memfd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	*out = bytes;
	return 0;
}

void kitchen_child_unmap(const void *bytes, size_t length)
{
	munmap((void *)(uintptr_t)bytes, length);
}
