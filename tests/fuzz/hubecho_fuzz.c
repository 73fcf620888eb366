// SPDX-License-Identifier: GPL-2.0-or-later
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/ndtd/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What anybody may send to wasl-ndtd: answered only if a box of this hub could have sent it, and then rightly. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[HUBECHO_KEY] = "the hub's secret, 32 bytes long.";
	static const struct reply_seeds seeds;
	static struct reply reply;
	static uint64_t now_ms;
	struct in6_addr from = { 0 };
	uint8_t out[HUBECHO_ANSWER], key[HUBECHO_KEY], ask[HUBECHO_ASK];
	if (!now_ms && sodium_init() < 0)
		abort();
	if (!now_ms)
		reply_init(&reply, secret, 10000, 100000, &seeds);
	now_ms += 1000;
	enum reply_end end = reply_to(&reply, data, size, &from, now_ms, out);
	if (end == REPLY_SEND) {
		hubecho_key(secret, data, key);
		hubecho_ask(key, data, data + HUBECHO_DEVICE, ask);
		if (size != sizeof(ask) || memcmp(ask, data, sizeof(ask)) != 0 ||
		    hubecho_answers(out, sizeof(out), key, ask) != 0)
			abort();
	}
	/* The box's end, with a question of its own. */
	memset(key, 7, sizeof(key));
	hubecho_ask(key, key, key, ask);
	if (hubecho_answers(data, size, key, ask) == 0 && size != HUBECHO_ANSWER)
		abort();
	return 0;
}
