// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h> /* names and numbers of system calls alone */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "firmware/base/clean.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#elif defined(__arm__)
#define NATIVE AUDIT_ARCH_ARM
#elif defined(__i386__)
#define NATIVE AUDIT_ARCH_I386
#else
#error "say which AUDIT_ARCH_ this processor has (linux/audit.h)"
#endif

/* --- what is allowed -------------------------------------------------------------------------------- */

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
static const struct refusal {
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

/* Calls whose arguments decide: the first test that holds, else death. */
static const struct condition {
	int call;
	unsigned argument;
	uint64_t mask, is;
	uint32_t verdict;
} conditions[] = {
	{ SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM, SECCOMP_RET_ALLOW },
	/* reads limits, sets none */
	{ SCMP_SYS(prlimit64), 2, UINT64_MAX, 0, SECCOMP_RET_ALLOW },
	/* fstat() of C libraries before 2.39: see the header for what this leaves open */
	{ SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH, SECCOMP_RET_ALLOW },
	{ SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, 0, SECCOMP_RET_ERRNO | EACCES },
	{ SCMP_SYS(ioctl), 1, UINT64_MAX, TCGETS, SECCOMP_RET_ERRNO | ENOTTY },
	{ SCMP_SYS(prctl), 0, UINT64_MAX, PR_SET_NAME, SECCOMP_RET_ALLOW },
	/* names of memory areas, for debuggers only */
	{ SCMP_SYS(prctl), 0, UINT64_MAX, 0x53564d41, SECCOMP_RET_ERRNO | EINVAL },
};

/* --- the program ------------------------------------------------------------------------------------- */

#define CALLS_MOST 256u

struct call {
	uint32_t number;
	uint32_t verdict; /* where no test decides */
	bool tested;      /* conditions, or `self`, decide */
	size_t order;     /* of two entries for one number the earlier counts */
};

struct draft {
	struct call calls[CALLS_MOST];
	size_t count;
	pid_t self;
	struct sock_filter *code;
	size_t len;
	bool full;
};

static void list(struct draft *d, int call, uint32_t verdict, bool tested)
{
	if (call < 0)
		return; /* this processor's kernel has no such call */
	if (d->count == CALLS_MOST) {
		d->full = true;
		return;
	}
	d->calls[d->count] = (struct call){ (uint32_t)call, verdict, tested, d->count };
	d->count++;
}

static int by_number(const void *a, const void *b)
{
	const struct call *x = a, *y = b;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void list_all(struct draft *d, const int *allow, size_t allow_count)
{
	for (size_t i = 0; i < allow_count; i++)
		list(d, allow[i], SECCOMP_RET_ALLOW, false);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		list(d, allowed[i], SECCOMP_RET_ALLOW, false);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		list(d, refused[i].call, SECCOMP_RET_ERRNO | (uint32_t)refused[i].error, false);
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
		list(d, conditions[i].call, SECCOMP_RET_KILL_PROCESS, true);
	list(d, SCMP_SYS(tgkill), SECCOMP_RET_KILL_PROCESS, true);
	qsort(d->calls, d->count, sizeof(*d->calls), by_number);
	size_t to = 0;
	for (size_t i = 0; i < d->count; i++)
		if (!to || d->calls[to - 1].number != d->calls[i].number)
			d->calls[to++] = d->calls[i];
	d->count = to;
}

static size_t put(struct draft *d, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	if (d->len == SANDBOX_PROGRAM_MOST) {
		d->full = true;
		return 0;
	}
	d->code[d->len] =
		(struct sock_filter)BPF_JUMP((uint16_t)code, k, (uint8_t)yes, (uint8_t)no);
	return d->len++;
}

/* The accumulator's half of an argument is compared; *miss: the jump that leaves the test, to be told where. */
static size_t put_half(struct draft *d, size_t offset, uint32_t mask, uint32_t is, size_t *miss)
{
	if (!mask)
		return 0;
	put(d, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
	if (mask != UINT32_MAX)
		put(d, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	*miss = put(d, BPF_JMP | BPF_JEQ | BPF_K, is, 0, 0);
	return 1;
}

static void put_test(struct draft *d, const struct condition *c)
{
	const size_t at = offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t);
	const size_t high = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 4 : 0;
	size_t misses[2], count = 0;
	count += put_half(d, at + high, (uint32_t)(c->mask >> 32), (uint32_t)(c->is >> 32),
			  &misses[count]);
	count += put_half(d, at + 4 - high, (uint32_t)c->mask, (uint32_t)c->is, &misses[count]);
	put(d, BPF_RET | BPF_K, c->verdict, 0, 0);
	for (size_t i = 0; i < count; i++)
		d->code[misses[i]].jf = (uint8_t)(d->len - misses[i] - 1);
}

static void put_call(struct draft *d, const struct call *c)
{
	const size_t other = put(d, BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 0);
	const struct condition self = { SCMP_SYS(tgkill), 0, UINT64_MAX, (uint64_t)d->self,
					SECCOMP_RET_ALLOW };
	for (size_t i = 0; c->tested && i < ARRAY_LEN(conditions); i++)
		if ((uint32_t)conditions[i].call == c->number)
			put_test(d, &conditions[i]);
	if (c->tested && (uint32_t)self.call == c->number)
		put_test(d, &self);
	put(d, BPF_RET | BPF_K, c->verdict, 0, 0);
	d->code[other].jf = (uint8_t)(d->len - other - 1);
	put(d, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

/* A search tree: the hot calls of a transcoder are many. Lower numbers follow the comparison, higher ones are jumped to. */
static void put_tree(struct draft *d, size_t from, size_t to)
{
	if (to - from == 1) {
		put_call(d, &d->calls[from]);
		return;
	}
	const size_t middle = from + (to - from) / 2;
	put(d, BPF_JMP | BPF_JGE | BPF_K, d->calls[middle].number, 0, 1);
	const size_t far = put(d, BPF_JMP | BPF_JA, 0, 0, 0);
	put_tree(d, from, middle);
	d->code[far].k = (uint32_t)(d->len - far - 1);
	put_tree(d, middle, to);
}

int sandbox_program(const int *allow, size_t allow_count, pid_t self,
		    struct sock_filter out[static SANDBOX_PROGRAM_MOST], size_t *len)
{
	struct draft d = { .self = self, .code = out };
	list_all(&d, allow, allow_count);
	/* Numbers are those of one processor's kernel; another's (a 32-bit one within a 64-bit one) mean other calls. */
	put(&d, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	put(&d, BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
	put(&d, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	put(&d, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	put_tree(&d, 0, d.count);
	if (d.full)
		return -E2BIG;
	*len = d.len;
	return 0;
}
