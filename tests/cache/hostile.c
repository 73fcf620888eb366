// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients without manners, against a real door:
 *
 *	cache-hostile rows PORT			each row of hostile_rows.c on a connection of its own; TAP
 *	cache-hostile flood PORT KIND COUNT DEVICES	COUNT connections from DEVICES addresses; prints what became of them
 *
 * Kinds of flood: silent (nothing is said), half (a head that does not end), drip (a head, a byte at a time), body (a body,
 * a byte at a time), deaf (a large reply that is not read), reset (a large reply, reset in its middle), waiting (a
 * segment that does not come, then reset), gone (the same, but it has hung up before it is heard), idle (an answered request, then nothing).
 * A flood ends when the server has hung up on all, or when it has no more to do; it prints
 * "opened N answered N shut N ms N", and while it stands "standing" and waits for a line on standard input.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "tests/cache/hostile.h"

enum { PATIENCE_MS = 8000, FLOOD_MS = 30000, DRIP_MS = 50 };

/* --- rows ------------------------------------------------------------------------------------------- */

static char *spell(const struct row *row, size_t *len)
{
	*len = row->head.len + row->unit.len * row->times + row->tail.len;
	char *bytes = malloc(*len + 1);
	if (!bytes)
		return NULL;
	char *at = mempcpy(bytes, row->head.at, row->head.len);
	for (size_t i = 0; i < row->times; i++)
		at = mempcpy(at, row->unit.at, row->unit.len);
	if (row->tail.len)
		memcpy(at, row->tail.at, row->tail.len);
	return bytes;
}

static bool among(const char *list, const char *word)
{
	const size_t n = strlen(word);
	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static const char *statuses_wrong(const struct row *row, const struct answer *a)
{
	if (a->replies == 0 && !among(row->want, "-"))
		return "no answer";
	for (unsigned i = 0; i < a->replies; i++) {
		char word[16];
		snprintf(word, sizeof(word), "%d", a->status[i]);
		if (!among(row->want, word))
			return "another status";
	}
	return NULL;
}

/* The next request on the same connection is answered as itself. */
static const char *out_of_step(int fd, struct answer *a)
{
	static const char probe[] =
		"GET /generate_204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	const unsigned before = a->replies;
	a->bodiless = false;
	peer_talk(fd, probe, sizeof(probe) - 1, before + 1, PATIENCE_MS, a);
	peer_listen(fd, PATIENCE_MS, a);
	if (a->garbled)
		return "bytes that belong to no reply";
	if (a->replies != before + 1 || a->status[before] != 204)
		return "the next request is not answered as itself";
	a->replies = before;
	return a->shut ? NULL : "asked to close, it stays";
}

static const char *judge(const struct row *row, int fd, struct answer *a)
{
	const char *wrong = NULL;
	if (among(row->want, "raw"))
		return a->shut || peer_drain(fd, PATIENCE_MS) ? NULL : "not closed";
	if (!a->shut && row->end == END_SHUT)
		peer_listen(fd, PATIENCE_MS, a);
	else if (!a->shut)
		wrong = out_of_step(fd, a);
	if (row->end == END_SHUT && !a->shut)
		return "still open";
	if (row->end == END_EITHER && a->shut && a->replies)
		wrong = NULL; /* it hung up after its answer: what was said next is lost, and rightly */
	if (!wrong)
		wrong = statuses_wrong(row, a);
	if (!wrong && a->replies > (row->replies ? row->replies : 1))
		wrong = "more answers than requests";
	if (!wrong && a->replies < row->replies)
		wrong = "fewer answers than requests";
	if (!wrong && a->body > (row->most ? row->most : 65536))
		wrong = "too much of an answer";
	return wrong ? wrong : a->leaky ? "what is outside" : NULL;
}

static void say_excerpt(const struct answer *a)
{
	printf("# %u replies, first %d, %zu bytes of body, %s:\n# ", a->replies, a->status[0],
	       a->body, a->shut ? "shut" : "open");
	for (size_t i = 0; i < a->excerpt_len && i < 600; i++)
		if (a->excerpt[i] == '\n')
			printf("\n# ");
		else if (a->excerpt[i] >= ' ')
			putchar(a->excerpt[i]);
	putchar('\n');
}

static bool try_row(int port, const struct row *row, size_t number)
{
	static struct answer a;
	size_t len;
	AUTO_FREE char *bytes = spell(row, &len);
	AUTO_FD int fd = peer_connect(port, 1);
	if (!bytes || fd < 0) {
		perror("cache-hostile");
		exit(2);
	}
	const uint64_t began = clock_mono_ms();
	memset(&a, 0, sizeof(a));
	a.bodiless = memmem(bytes, len < 8 ? len : 8, "HEAD", 4) != NULL;
	peer_talk(fd, bytes, len, row->replies ? row->replies : 1, PATIENCE_MS, &a);
	const char *wrong = judge(row, fd, &a);
	if (!wrong && a.replies && a.naked)
		wrong = "a reply without security headers";
	if (!wrong && a.chatty)
		wrong = "tells its version";
	printf("%sok %zu - %s (%d%s in %d ms)%s%s\n", wrong ? "not " : "", number, row->name,
	       a.status[0], a.shut ? ", shut" : "", (int)(clock_mono_ms() - began),
	       wrong ? ": " : "", wrong ? wrong : "");
	if (wrong)
		say_excerpt(&a);
	return !wrong;
}

static int all_rows(int port)
{
	int failed = 0;
	for (size_t i = 0; i < rows_count; i++)
		failed |= !try_row(port, &rows[i], i + 1);
	printf("1..%zu\n", rows_count);
	return failed;
}

/* --- floods ----------------------------------------------------------------------------------------- */

enum kind { SILENT, HALF, DRIP, BODY, DEAF, RESET, WAITING, GONE, IDLE, KINDS };

static const struct {
	const char *name, *say, *drip;
	int room; /* of the socket, 0 is the kernel's choice */
} kinds[KINDS] = {
	[SILENT] = { "silent", "", "", 0 },
	[HALF] = { "half", "GET /p/whole.bin HTTP/1.1\r\nHost: x\r\nX-", "", 0 },
	[DRIP] = { "drip", "GET /p/whole.bin HTTP/1.1\r\nHost: x\r\n", "X", 0 },
	[BODY] = { "body", "POST /p/small.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n",
		   "X", 0 },
	[DEAF] = { "deaf", "GET /p/whole.bin HTTP/1.1\r\nHost: x\r\n\r\n", "", 4096 },
	[RESET] = { "reset", "GET /p/whole.bin HTTP/1.1\r\nHost: x\r\n\r\n", "", 4096 },
	[WAITING] = { "waiting", "GET /m/lesson/g-1/240p/11.m4s HTTP/1.1\r\nHost: x\r\n\r\n", "",
		      0 },
	[GONE] = { "gone", "GET /m/lesson/g-1/240p/10.m4s HTTP/1.1\r\nHost: x\r\n\r\n", "", 0 },
	[IDLE] = { "idle", "GET /p/small.bin HTTP/1.1\r\nHost: x\r\n\r\n", "", 0 },
};

struct flood {
	enum kind kind;
	struct pollfd *polls;
	size_t count, opened, answered, shut;
};

static void hang_up(struct flood *f, size_t i, int how)
{
	const struct linger hard = { 1, 0 };
	if (f->polls[i].fd < 0)
		return;
	if (how)
		setsockopt(f->polls[i].fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(f->polls[i].fd);
	f->polls[i].fd = -1;
}

static void open_all(struct flood *f, int port, int devices)
{
	const char *say = kinds[f->kind].say;
	for (size_t i = 0; i < f->count; i++) {
		const int fd = peer_connect(port, 2 + (int)(i % (size_t)devices));
		f->polls[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
		if (fd < 0)
			continue;
		if (kinds[f->kind].room)
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kinds[f->kind].room, sizeof(int));
		struct pollfd up = { .fd = fd, .events = POLLOUT };
		poll(&up, 1, PATIENCE_MS);
		f->opened++;
		if (say[0] && send(fd, say, strlen(say), MSG_NOSIGNAL) < 0)
			continue; /* found out below */
		if (f->kind == GONE)
			hang_up(f, i, 0);
	}
}

/* Reads what is there of every connection but those that are to stay full. */
static void look(struct flood *f, bool *seen)
{
	char room[16384];
	poll(f->polls, f->count, DRIP_MS);
	for (size_t i = 0; i < f->count; i++) {
		const short what = f->polls[i].revents;
		if (f->polls[i].fd < 0 || !what)
			continue;
		if (f->kind == DEAF && !(what & (POLLERR | POLLHUP))) {
			f->answered += !seen[i];
			seen[i] = true;
			f->polls[i].events = 0;
			continue;
		}
		const ssize_t n = recv(f->polls[i].fd, room, sizeof(room), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			f->shut++;
			hang_up(f, i, 0);
			continue;
		}
		f->answered += !seen[i];
		seen[i] = true;
		if (f->kind == RESET)
			hang_up(f, i, 1);
	}
}

static void drip(struct flood *f)
{
	const char *more = kinds[f->kind].drip;
	for (size_t i = 0; more[0] && i < f->count; i++)
		if (f->polls[i].fd >= 0 && send(f->polls[i].fd, more, 1, MSG_NOSIGNAL) < 0)
			continue; /* found out in look() */
}

/* A line on standard input, or its end, is the word to hang up. */
static bool told(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	return poll(&p, 1, 0) > 0;
}

static size_t left(const struct flood *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->count; i++)
		n += f->polls[i].fd >= 0;
	return n;
}

static int flood(int port, const char *name, size_t count, int devices)
{
	struct rlimit files = { 65536, 65536 };
	struct flood f = { .count = count, .polls = calloc(count, sizeof(*f.polls)) };
	AUTO_FREE bool *seen = calloc(count, sizeof(*seen));
	while (f.kind < KINDS && strcmp(kinds[f.kind].name, name) != 0)
		f.kind++;
	if (f.kind == KINDS || !f.polls || !seen || devices < 1)
		return 2;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
		getrlimit(RLIMIT_NOFILE, &files);
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	const uint64_t began = clock_mono_ms();
	open_all(&f, port, devices);
	printf("standing\n");
	fflush(stdout);
	while (left(&f) && !told() && clock_mono_ms() - began < FLOOD_MS) {
		look(&f, seen);
		drip(&f);
	}
	const uint64_t took = clock_mono_ms() - began;
	for (size_t i = 0; i < count; i++)
		hang_up(&f, i, f.kind == WAITING || f.kind == RESET);
	printf("opened %zu answered %zu shut %zu ms %llu\n", f.opened, f.answered, f.shut,
	       (unsigned long long)took);
	free(f.polls);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "rows") == 0)
		return all_rows(atoi(argv[2]));
	if (argc == 6 && strcmp(argv[1], "flood") == 0)
		return flood(atoi(argv[2]), argv[3], (size_t)atoi(argv[4]), atoi(argv[5]));
	fprintf(stderr, "usage: cache-hostile rows PORT | flood PORT KIND COUNT DEVICES\n");
	return 2;
}
