// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/sandbox_calls.h"

/* What a child tries behind the walls, and how it must end. */
enum end { REFUSED, WORKS, KILLED };

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int try_create(void)
{
	return open("/tmp/wasl-sandbox-escape", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 ? errno
											  : 0;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int try_exec(void)
{
	char *const none[] = { NULL };
	execve("/bin/true", none, none);
	return errno;
}

static int try_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int try_ptrace(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0) < 0 ? errno : 0;
}

static int try_signal_parent(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static void *idle(void *data)
{
	return data;
}

/* The work that must go on: memory, threads, a memfd within its limit, clocks. */
static int try_work(void)
{
	pthread_t thread;
	int fd = memfd_create("segment", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 4096) < 0 || write(fd, "x", 1) != 1)
		return 1;
	void *area =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || pthread_create(&thread, NULL, idle, NULL) ||
	    pthread_join(thread, NULL))
		return 2;
	char *text = NULL;
	return asprintf(&text, "%ld", random()) > 0 ? 0 : 3;
}

static int try_large_memfd(void)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	return ftruncate(fd, 1 << 20) < 0 ? errno : 0;
}

/* Sanitizers reserve terabytes of address space: no limit on memory with them. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static int try_memory(void)
{
	return mmap(NULL, 1ul << 34, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}
#endif

static int try_abort(void)
{
	abort();
}

struct row {
	const char *name;
	int (*attempt)(void);
	enum end end;
	unsigned needs; /* without all of these pieces the row says nothing */
};

static const struct row rows[] = {
	{ "open a file", try_open, REFUSED, SANDBOX_SECCOMP },
	{ "create a file", try_create, REFUSED, SANDBOX_SECCOMP },
	{ "open a socket", try_socket, REFUSED, SANDBOX_SECCOMP },
	{ "exec", try_exec, KILLED, SANDBOX_SECCOMP },
	{ "fork", try_fork, KILLED, SANDBOX_SECCOMP },
	{ "ptrace", try_ptrace, KILLED, SANDBOX_SECCOMP },
	{ "signal the parent", try_signal_parent, KILLED, SANDBOX_SECCOMP },
	{ "ordinary work", try_work, WORKS, 0 },
	{ "a memfd beyond the limit", try_large_memfd, REFUSED, 0 },
	{ "abort", try_abort, KILLED, 0 },
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	{ "memory beyond the limit", try_memory, REFUSED, 0 },
#endif
};

static const struct sandbox_spec spec = {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	.memory_bytes = 1ul << 30,
#endif
	.cpu_s = 20,
	.file_bytes = 64 << 10,
};

struct report {
	int entered, result;
	unsigned missing;
	char text[200];
};

/* Runs `attempt` behind the walls in a child; `user` != 0 gives up root before. */
static int behind_walls(int (*attempt)(void), const struct sandbox_spec *walls, uid_t user,
			struct report *out)
{
	int tell[2];
	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct report r = { 0 };
		struct fault why = { 0 };
		if (user && (setgroups(0, NULL) || setgid(user) || setuid(user)))
			_exit(99);
		r.entered = sandbox_enter(walls, &r.missing, &why);
		snprintf(r.text, sizeof(r.text), "%.*s", (int)sizeof(r.text) - 1, why.text);
		/* Before the attempt too: it may end the process. */
		if (write(tell[1], &r, sizeof(r)) != sizeof(r))
			_exit(98);
		r.result = r.entered ? 0 : attempt();
		if (write(tell[1], &r, sizeof(r)) != sizeof(r))
			_exit(97);
		_exit(0);
	}
	close(tell[1]);
	int status = -1;
	for (struct report r; read(tell[0], &r, sizeof(r)) == sizeof(r);)
		*out = r;
	close(tell[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void check_rows(uid_t user)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report r = { .entered = -1 };
		int status = behind_walls(rows[i].attempt, &spec, user, &r);
		if (r.entered)
			fail_msg("%s: %s", rows[i].name, r.text);
		if (r.missing & rows[i].needs) {
			char names[64];
			sandbox_names(r.missing & rows[i].needs, names);
			print_message("# SKIP %s: this kernel lacks %s\n", rows[i].name, names);
			continue;
		}
		bool killed = WIFSIGNALED(status) &&
			      (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGABRT);
		bool good = rows[i].end == KILLED ? killed
						  : WIFEXITED(status) && !WEXITSTATUS(status) &&
							    !r.result == (rows[i].end == WORKS);
		if (!good)
			fail_msg("%s: status %#x, result %d", rows[i].name, (unsigned)status,
				 r.result);
	}
}

static void walls_hold(void **state)
{
	(void)state;
	check_rows(0);
}

static void walls_hold_without_root(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("# SKIP: not root, the test before was without root already\n");
		return;
	}
	check_rows(65534);
}

/* Each wall must hold alone: here the filter lets everything through that the file system and network see. */
static void landlock_and_network_hold_alone(void **state)
{
	(void)state;
	static const int loose[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(socket),
				     SCMP_SYS(connect) };
	struct sandbox_spec open_filter = spec;
	open_filter.allow_syscalls = loose;
	open_filter.allow_count = ARRAY_LEN(loose);

	struct report r = { .entered = -1 };
	int status = behind_walls(try_open, &open_filter, 0, &r);
	assert_int_equal(r.entered, 0);
	if (r.missing & SANDBOX_LANDLOCK) {
		print_message("# SKIP landlock: this kernel lacks it\n");
	} else {
		assert_int_equal(status, 0);
		assert_int_equal(r.result, EACCES);
	}
}

static int connect_to_us(void);
static struct sockaddr_in us;

static int connect_to_us(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 || connect(fd, (struct sockaddr *)&us, sizeof(us)) < 0 ? errno : 0;
}

static void the_network_is_empty(void **state)
{
	(void)state;
	static const int loose[] = { SCMP_SYS(socket), SCMP_SYS(connect) };
	struct sandbox_spec open_filter = spec;
	open_filter.allow_syscalls = loose;
	open_filter.allow_count = ARRAY_LEN(loose);

	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	us = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(us);
	assert_int_equal(bind(fd, (struct sockaddr *)&us, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&us, &len), 0);
	assert_int_equal(connect_to_us(), 0); /* from outside the walls it works */

	struct report r = { .entered = -1 };
	int status = behind_walls(connect_to_us, &open_filter, 0, &r);
	assert_int_equal(r.entered, 0);
	if (r.missing & SANDBOX_NETNS) {
		print_message("# SKIP netns: not allowed here\n");
		return;
	}
	assert_int_equal(status, 0);
	assert_int_not_equal(r.result, 0);
}

/* --- the filter itself, by an interpreter: what no child can try --------------------------------- */

#define OTHER_ARCH 0x40000003u /* AUDIT_ARCH_I386; on such a processor, ask for another */
#define HIGH (UINT64_C(1) << 32)

static uint32_t load(const struct seccomp_data *d, uint32_t at)
{
	uint32_t word;
	assert_true(at + sizeof(word) <= sizeof(*d));
	memcpy(&word, (const char *)d + at, sizeof(word));
	return word;
}

/* What the kernel would answer, and in how many steps. */
static uint32_t answer_of(const struct sock_filter *code, size_t len, const struct seccomp_data *d,
			  unsigned *steps)
{
	uint32_t a = 0;
	*steps = 0;
	for (size_t pc = 0; pc < len; pc++, ++*steps) {
		const struct sock_filter *f = &code[pc];
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load(d, f->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			fail_msg("instruction %zu is %#x", pc, f->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define REFUSE(e) (SECCOMP_RET_ERRNO | (e))
#define SELF 4711

static const struct {
	const char *what;
	int call;
	uint64_t args[4];
	uint32_t want;
} answers[] = {
	{ "the lowest number", SCMP_SYS(read), { 0 }, ALLOW },
	{ "the highest", SCMP_SYS(faccessat2), { 0 }, REFUSE(EACCES) },
	{ "a file", SCMP_SYS(openat), { 0 }, REFUSE(EACCES) },
	{ "exec", SCMP_SYS(execve), { 0 }, KILL },
	{ "exec of another kind", SCMP_SYS(execveat), { 0 }, KILL },
	{ "a thread", SCMP_SYS(clone), { CLONE_THREAD | CLONE_VM | CLONE_FS }, ALLOW },
	{ "half a thread", SCMP_SYS(clone), { CLONE_VM }, KILL },
	{ "a process", SCMP_SYS(clone), { SIGCHLD }, KILL },
	{ "a thread whose flags nobody sees", SCMP_SYS(clone3), { 0 }, REFUSE(ENOSYS) },
	{ "a signal to itself", SCMP_SYS(tgkill), { SELF, 1 }, ALLOW },
	{ "to another", SCMP_SYS(tgkill), { SELF + 1, 1 }, KILL },
	{ "to itself, with something above", SCMP_SYS(tgkill), { SELF | HIGH, 1 }, KILL },
	{ "reads a limit", SCMP_SYS(prlimit64), { 0, 3, 0 }, ALLOW },
	{ "sets a limit", SCMP_SYS(prlimit64), { 0, 3, 0x7fff00001000 }, KILL },
	{ "sets one from the fourth gigabyte", SCMP_SYS(prlimit64), { 0, 3, HIGH }, KILL },
	{ "fstat", SCMP_SYS(newfstatat), { 3, 0, 0, AT_EMPTY_PATH | 0x100 }, ALLOW },
	{ "stat", SCMP_SYS(newfstatat), { 3, 0, 0, 0x100 }, REFUSE(EACCES) },
	{ "is it a terminal?", SCMP_SYS(ioctl), { 1, 0x5401 }, REFUSE(ENOTTY) },
	{ "anything else of a device", SCMP_SYS(ioctl), { 1, 0x5412 }, KILL },
	{ "a thread's name", SCMP_SYS(prctl), { PR_SET_NAME }, ALLOW },
	{ "a memory area's name", SCMP_SYS(prctl), { 0x53564d41 }, REFUSE(EINVAL) },
	{ "another filter", SCMP_SYS(prctl), { PR_SET_SECCOMP }, KILL },
	{ "another filter, asked in the new way", SCMP_SYS(seccomp), { 1 }, KILL },
	{ "what is allowed on top wins", SCMP_SYS(socket), { 0 }, ALLOW },
	{ "a number that there is not", 0x10000, { 0 }, KILL },
	{ "the same number of another table", SCMP_SYS(read) | 0x40000000, { 0 }, KILL },
	{ "no number at all", -1, { 0 }, KILL },
};

static void the_program_answers(void **state)
{
	(void)state;
	static const int more[] = { SCMP_SYS(socket), SCMP_SYS(read) };
	struct sock_filter code[SANDBOX_PROGRAM_MOST];
	size_t len = 0;
	unsigned steps;
	assert_int_equal(sandbox_program(more, ARRAY_LEN(more), SELF, code, &len), 0);
	const uint32_t native = code[1].k;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct seccomp_data d = { .nr = answers[i].call, .arch = native };
		memcpy(d.args, answers[i].args, sizeof(answers[i].args));
		const uint32_t got = answer_of(code, len, &d, &steps);
		if (got != answers[i].want)
			fail_msg("%s: %#x instead of %#x", answers[i].what, got, answers[i].want);
		if (steps > 40)
			fail_msg("%s: %u steps", answers[i].what, steps);
		d.arch = OTHER_ARCH;
		if (native != OTHER_ARCH)
			assert_int_equal(answer_of(code, len, &d, &steps), KILL);
	}
	/* Whatever the number, there is an answer; most numbers have one alone. */
	size_t lives = 0;
	for (int nr = 0; nr < 4096; nr++) {
		const struct seccomp_data d = { .nr = nr, .arch = native };
		lives += answer_of(code, len, &d, &steps) != KILL;
	}
	assert_in_range(lives, 60, 140);
}

static void a_list_that_is_too_long_is_refused(void **state)
{
	(void)state;
	static int many[300];
	struct sock_filter code[SANDBOX_PROGRAM_MOST];
	size_t len = 0;
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = 1000 + (int)i;
	assert_int_equal(sandbox_program(many, ARRAY_LEN(many), SELF, code, &len), -E2BIG);
}

static void names_pieces(void **state)
{
	(void)state;
	static const struct {
		unsigned pieces;
		const char *want;
	} names[] = {
		{ 0, "" },
		{ SANDBOX_NETNS, "netns" },
		{ SANDBOX_NETNS | SANDBOX_LANDLOCK, "netns,landlock" },
		{ ~0u, "privs,netns,landlock,seccomp,limits" },
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char out[64];
		sandbox_names(names[i].pieces, out);
		assert_string_equal(out, names[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walls_hold),
		cmocka_unit_test(walls_hold_without_root),
		cmocka_unit_test(landlock_and_network_hold_alone),
		cmocka_unit_test(the_network_is_empty),
		cmocka_unit_test(the_program_answers),
		cmocka_unit_test(a_list_that_is_too_long_is_refused),
		cmocka_unit_test(names_pieces),
	};
	return cmocka_run_group_tests_name("base/sandbox", tests, NULL, NULL);
}
