// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/kernel/nl_looks.h"
#include "netmgr/kernel/nl_tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What the kernel says of a connection or of a device: one message, of any bytes, at the end of its memory. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum { ROOM = 4096 };
	struct nl_look look;
	struct nl_tcp tcp;
	uint32_t seq = 0;
	if (!len || len > ROOM)
		return 0;
	void *message = malloc(len);
	if (!message)
		return 0;
	memcpy(message, bytes, len);
	(void)nl_tcp_read(message, len, &tcp);
	if (nl_looks_read(message, len, &seq, &look) == 0 &&
	    (look.ifindex <= 0 || !memchr(look.device, '\0', sizeof(look.device)) ||
	     (look.carrier && !look.up)))
		abort();
	free(message);
	return 0;
}
