// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workers that are killed while they count, at whatever instruction they are: another one takes their berth, and what they had
 * counted arrives once. Real processes, real SIGKILL, the packets over a real socket.
 */
#include "cache/crew.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { KILLS = 200, LESSONS = 7, BYTES = 1000 };

struct scene {
	struct crew *crew;
	struct counted {
		_Atomic uint64_t adds; /* that have returned, of all workers */
	} * counted;
	uint64_t instances[KILLS + 1], sequences[KILLS + 1];
	uint64_t arrived, bytes;
};

static bool nobody(uint64_t who)
{
	(void)who;
	return false;
}

/* Says what is there to say, and believes every third time that it was heard. */
static void talk(struct tally *t, int fd, unsigned turn)
{
	struct want_tally p;
	while (tally_next(t, &p) && send(fd, &p, sizeof(p), MSG_DONTWAIT) == (ssize_t)sizeof(p)) {
		tally_sent(t, &p);
		if (turn % 3 == 0)
			tally_heard(t, p.sequence);
	}
	if (turn % 7 == 0)
		tally_disconnected(t);
}

/* A worker: counts without end, and tells now and then. */
_Noreturn static void work(const struct scene *s, int32_t pid, int fd, unsigned turns)
{
	static const struct uses_gain gain = { .starts = 1 };
	struct crew_berth *b = crew_join(s->crew, (uint64_t)pid, nobody);
	struct tally t = tally_open(&b->sheet, UINT64_C(1000) + (uint64_t)pid);
	for (unsigned turn = 1; turns == 0 || turn <= turns; turn++) {
		for (int i = 0; i < 50; i++) {
			char lesson[16];
			snprintf(lesson, sizeof(lesson), "lesson-%u",
				 (turn + (unsigned)i) % LESSONS);
			if (tally_add(&t, 20000, lesson, "240p", &gain, BYTES))
				_exit(3);
			atomic_fetch_add(&s->counted->adds, 1);
		}
		talk(&t, fd, turn);
	}
	_exit(0);
}

/* contentd: each sequence of an instance once. */
static void hear(struct scene *s, int fd)
{
	struct want_tally p;
	while (recv(fd, &p, sizeof(p), MSG_DONTWAIT) == (ssize_t)sizeof(p)) {
		size_t i = 0;
		while (s->instances[i] && s->instances[i] != p.instance)
			i++;
		assert_true(i <= KILLS);
		assert_int_equal(want_check(&p, sizeof(p)), 0);
		s->instances[i] = p.instance;
		if (p.sequence <= s->sequences[i])
			continue;
		s->sequences[i] = p.sequence;
		s->arrived += p.starts;
		s->bytes += p.sent_bytes;
	}
}

static void run_one(struct scene *s, int32_t pid, long nanoseconds)
{
	int pair[2], status;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	AUTO_FD int ours = pair[0];
	AUTO_FD int theirs = pair[1];
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		work(s, pid, theirs, nanoseconds ? 0 : 1);
	const struct timespec while_it_works = { 0, nanoseconds };
	if (nanoseconds) {
		const uint64_t before = atomic_load(&s->counted->adds);
		while (atomic_load(&s->counted->adds) == before)
			hear(s, ours); /* it has begun */
		nanosleep(&while_it_works, NULL);
		kill(child, SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(nanoseconds ? WTERMSIG(status) : WEXITSTATUS(status),
			 nanoseconds ? SIGKILL : 0);
	/* What it had said is still in the socket. */
	hear(s, ours);
}

static void nothing_is_lost_or_doubled(void **state)
{
	(void)state;
	struct scene s = { 0 };
	const size_t bytes = sizeof(struct crew) + 64;
	s.crew = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s.counted = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(s.crew != MAP_FAILED && s.counted != MAP_FAILED);
	crew_at(s.crew);
	uint64_t seed = 7;
	for (int32_t i = 0; i < KILLS; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		run_one(&s, 100 + i, 1 + (long)(seed >> 44));
	}
	run_one(&s, 100 + KILLS, 0); /* the last one ends as it should, all told */
	const uint64_t counted = atomic_load(&s.counted->adds);
	print_message("# %llu counts by %d workers that were killed, %llu arrived\n",
		      (unsigned long long)counted, KILLS, (unsigned long long)s.arrived);
	assert_true(counted > KILLS * 50);
	/* One that was killed in a call may have added before it could say so, or not yet all of it. */
	assert_true(s.arrived >= counted && s.arrived <= counted + KILLS);
	assert_true(s.bytes <= (counted + KILLS) * BYTES &&
		    s.bytes + KILLS * BYTES >= counted * BYTES);
	munmap(s.crew, bytes);
	munmap(s.counted, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_doubled),
	};
	return cmocka_run_group_tests_name("cache/tally_kill", tests, NULL, NULL);
}
