// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks wasl-ndtd as a box does, and as others do: ndtd-ask ADDRESS PORT SECRETFILE WHAT…
 *	good	a right question; waits for its answer, which must be the next thing that comes
 *	wrong	with another key     short, long	a byte less, a byte more     N	N right questions at once, no waiting
 * Says "answered" for each good one. Exit status 0, or 1 with a sentence.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"
#include "firmware/record/hubecho.h"

enum { PATIENCE_MS = 60000 };

static const uint8_t device[HUBECHO_DEVICE] = "a box, by its id";

static int fail(const char *what)
{
	fprintf(stderr, "ndtd-ask: %s\n", what);
	return 1;
}

static int dial(const char *address, const char *port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = four.sin_port };
	bool is_four = inet_pton(AF_INET, address, &four.sin_addr) == 1;
	if (!is_four && inet_pton(AF_INET6, address, &six.sin6_addr) != 1)
		return -1;
	int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six,
			       is_four ? sizeof(four) : sizeof(six)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int wait_for_answer(int fd, const uint8_t *key, const uint8_t *ask)
{
	uint8_t bytes[256];
	struct pollfd p = { fd, POLLIN, 0 };
	if (poll(&p, 1, PATIENCE_MS) != 1)
		return fail("no answer");
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (n < 0 || hubecho_answers(bytes, (size_t)n, key, ask) != 0)
		return fail("something else than the answer came");
	puts("answered");
	return 0;
}

static int carry_out(int fd, const uint8_t *key, const char *what)
{
	uint8_t nonce[HUBECHO_NONCE], bytes[HUBECHO_ASK + 1] = { 0 }, other[HUBECHO_KEY] = { 0 };
	unsigned times = (unsigned)atoi(what);
	size_t len = HUBECHO_ASK;
	len += strcmp(what, "long") == 0;
	len -= strcmp(what, "short") == 0;
	randombytes_buf(nonce, sizeof(nonce));
	hubecho_ask(strcmp(what, "wrong") == 0 ? other : key, device, nonce, bytes);
	for (unsigned i = 0; i < (times ? times : 1); i++)
		if (send(fd, bytes, len, 0) != (ssize_t)len)
			return fail("cannot send");
	return strcmp(what, "good") == 0 ? wait_for_answer(fd, key, bytes) : 0;
}

int main(int argc, char **argv)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	uint8_t secret[HUBECHO_KEY], key[HUBECHO_KEY];
	if (argc < 5 || sodium_init() < 0 || fileio_read(argv[3], 128, &text, &len, NULL) ||
	    len != 2 * HUBECHO_KEY + 1)
		return fail("ADDRESS PORT SECRETFILE WHAT…");
	((char *)text)[len - 1] = '\0';
	if (text_unhex(text, secret, sizeof(secret)))
		return fail("no secret in the file");
	hubecho_key(secret, device, key);
	AUTO_FD int fd = dial(argv[1], argv[2]);
	if (fd < 0)
		return fail("no socket");
	for (int i = 4; i < argc; i++)
		if (carry_out(fd, key, argv[i]))
			return 1;
	return 0;
}
