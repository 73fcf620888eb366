// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/sandbox_calls.h"

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

static int filter_calls(const struct sandbox_spec *spec, unsigned *missing, struct fault *why)
{
	struct sock_filter code[SANDBOX_PROGRAM_MOST];
	size_t len = 0;
	if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL) {
		*missing |= SANDBOX_SECCOMP;
		return 0;
	}
	int rc = sandbox_program(spec->allow_syscalls, spec->allow_count, getpid(), code, &len);
	const struct sock_fprog program = { .len = (unsigned short)len, .filter = code };
	/* For every thread that there is; one that cannot have it is told by its number. */
	if (!rc &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		rc = errno ? -errno : -ESRCH;
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
