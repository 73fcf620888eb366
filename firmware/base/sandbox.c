// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <termios.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void clean_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

/* --- limits ------------------------------------------------------------------------------------- */

static int limit(int what, const char *name, uint64_t value, struct fault *why)
{
	struct rlimit both = { .rlim_cur = value, .rlim_max = value };
	if (setrlimit((__rlimit_resource_t)what, &both) < 0)
		return fault_set(why, -errno, "sandbox.limit",
				 "the limit %s=%llu cannot be set (%s)", name,
				 (unsigned long long)value, strerror(errno));
	return 0;
}

static int set_limits(const struct sandbox_spec *spec, struct fault *why)
{
	int rc = limit(RLIMIT_CORE, "core", 0, why);
	if (!rc && spec->memory_bytes)
		rc = limit(RLIMIT_AS, "memory", spec->memory_bytes, why);
	if (!rc && spec->cpu_s)
		rc = limit(RLIMIT_CPU, "cpu", spec->cpu_s, why);
	/* A write beyond the limit shall fail with EFBIG, so that the program can say it. */
	if (!rc)
		signal(SIGXFSZ, SIG_IGN);
	return rc ? rc : limit(RLIMIT_FSIZE, "file", spec->file_bytes, why);
}

/* --- an empty network --------------------------------------------------------------------------- */

static bool lacks(int error)
{
	return error == ENOSYS || error == EPERM || error == EINVAL || error == ENOSPC ||
	       error == EACCES || error == EOPNOTSUPP;
}

/* As root alone; otherwise with a user namespace around it, which some kernels and containers forbid. */
static int leave_network(unsigned *missing, struct fault *why)
{
	if (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
		return 0;
	if (!lacks(errno))
		return fault_set(why, -errno, "sandbox.netns", "no empty network namespace (%s)",
				 strerror(errno));
	*missing |= SANDBOX_NETNS;
	return 0;
}

/* Neither root's capabilities nor those that a fresh user namespace gives. */
static int drop_capabilities(struct fault *why)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	if (syscall(SYS_capset, &header, none) < 0)
		return fault_set(why, -errno, "sandbox.caps", "capabilities cannot be dropped (%s)",
				 strerror(errno));
	return 0;
}

/* --- no file system (Landlock; linux/landlock.h of this system may be older than its kernel) ----- */

struct ruleset {
	uint64_t fs, net, scoped;
};

enum { ASK_VERSION = 1 };

static int close_file_system(unsigned *missing, struct fault *why)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, (unsigned)ASK_VERSION);
	if (abi < 0) {
		*missing |= SANDBOX_LANDLOCK;
		return 0;
	}
	/* Everything that this kernel's version can forbid, and no exception. */
	static const struct {
		long abi;
		uint64_t fs, net, scoped;
	} steps[] = {
		{ 1, (1 << 13) - 1, 0, 0 },
		{ 2, 1 << 13, 0, 0 }, /* refer */
		{ 3, 1 << 14, 0, 0 }, /* truncate */
		{ 4, 0, 3, 0 },       /* TCP bind and connect */
		{ 5, 1 << 15, 0, 0 }, /* ioctl on devices */
		{ 6, 0, 0, 3 },       /* abstract unix sockets, signals */
	};
	struct ruleset all = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (steps[i].abi > abi)
			break;
		all.fs |= steps[i].fs;
		all.net |= steps[i].net;
		all.scoped |= steps[i].scoped;
	}
	size_t size = abi < 4 ? 8 : abi < 6 ? 16 : 24;
	AUTO_FD int fd = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0u);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0u) < 0)
		return fault_set(why, -errno, "sandbox.landlock",
				 "Landlock (version %ld) refuses: %s", abi, strerror(errno));
	return 0;
}

/* --- system calls ------------------------------------------------------------------------------- */

static const int allowed[] = {
	/* inherited descriptors */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(pipe2),
	SCMP_SYS(eventfd2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(shutdown),
	/* results */
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	/* memory */
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(membarrier),
	/* threads */
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(sched_get_priority_min),
	SCMP_SYS(sched_get_priority_max),
	/* signals, time, identity, the end */
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(times),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getcpu),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* What libraries try on the way and do without: an error instead of death. */
static const struct {
	int call, error;
} refused[] = {
	{ SCMP_SYS(open), EACCES },
	{ SCMP_SYS(openat), EACCES },
	{ SCMP_SYS(openat2), EACCES },
	{ SCMP_SYS(creat), EACCES },
	{ SCMP_SYS(stat), EACCES },
	{ SCMP_SYS(lstat), EACCES },
	{ SCMP_SYS(statx), EACCES },
	{ SCMP_SYS(access), EACCES },
	{ SCMP_SYS(faccessat), EACCES },
	{ SCMP_SYS(faccessat2), EACCES },
	{ SCMP_SYS(readlink), EACCES },
	{ SCMP_SYS(readlinkat), EACCES },
	{ SCMP_SYS(getcwd), EACCES },
	{ SCMP_SYS(statfs), EACCES },
	{ SCMP_SYS(unlink), EACCES },
	{ SCMP_SYS(socket), EACCES },
	{ SCMP_SYS(connect), EACCES },
	{ SCMP_SYS(sched_setaffinity), EPERM },
	{ SCMP_SYS(sched_setscheduler), EPERM },
	{ SCMP_SYS(setpriority), EPERM },
	{ SCMP_SYS(mbind), EPERM },
	{ SCMP_SYS(get_mempolicy), EPERM },
	{ SCMP_SYS(set_mempolicy), EPERM },
	{ SCMP_SYS(mlock), EPERM },
	{ SCMP_SYS(clone3),
	  ENOSYS }, /* its flags are behind a pointer; the C library falls back to clone */
};

/* Calls whose arguments decide. */
static int add_conditional(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM,
					  CLONE_THREAD | CLONE_VM));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				      SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid(), 0));
	if (!rc) /* reads limits, sets none */
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				      SCMP_A2(SCMP_CMP_EQ, 0, 0));
	if (!rc) /* fstat() of newer C libraries */
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				      SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1,
				      SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				      SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
	if (!rc) /* names of memory areas, for debuggers only */
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
				      SCMP_A0(SCMP_CMP_EQ, 0x53564d41, 0));
	return rc;
}

static int build_filter(const struct sandbox_spec *spec, scmp_filter_ctx f)
{
	int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc) /* a search tree: the hot calls of a transcoder are many */
		rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; !rc && i < spec->allow_count; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, spec->allow_syscalls[i], 0);
	for (size_t i = 0; !rc && i < ARRAY_LEN(allowed); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !rc && i < ARRAY_LEN(refused); i++) {
		/* A call that the caller allows on top wins. */
		bool wanted = false;
		for (size_t k = 0; k < spec->allow_count; k++)
			wanted = wanted || spec->allow_syscalls[k] == refused[i].call;
		if (!wanted)
			rc = seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)refused[i].error),
					      refused[i].call, 0);
	}
	return rc ? rc : add_conditional(f);
}

static int filter_calls(const struct sandbox_spec *spec, unsigned *missing, struct fault *why)
{
	if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL) {
		*missing |= SANDBOX_SECCOMP;
		return 0;
	}
	CLEANUP(clean_filter) scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = f ? build_filter(spec, f) : -ENOMEM;
	if (!rc)
		rc = seccomp_load(f);
	if (rc)
		return fault_set(why, rc, "sandbox.seccomp",
				 "the filter of system calls cannot be set (%s)", strerror(-rc));
	return 0;
}

/* --- all together ------------------------------------------------------------------------------- */

int sandbox_enter(const struct sandbox_spec *spec, unsigned *missing, struct fault *why)
{
	unsigned lacking = 0;
	int rc = leave_network(&lacking, why);
	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = fault_set(why, -errno, "sandbox.privs", "no_new_privs cannot be set (%s)",
			       strerror(errno));
	if (!rc)
		rc = drop_capabilities(why);
	if (!rc)
		rc = set_limits(spec, why);
	if (!rc)
		rc = close_file_system(&lacking, why);
	if (!rc)
		rc = filter_calls(spec, &lacking, why);
	if (!rc)
		*missing = lacking;
	return rc;
}

void sandbox_names(unsigned pieces, char out[static 64])
{
	static const char *const names[] = { "privs", "netns", "landlock", "seccomp", "limits" };
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (pieces & 1u << i)
			at += (size_t)snprintf(out + at, 64 - at, "%s%s", at ? "," : "", names[i]);
	}
}
