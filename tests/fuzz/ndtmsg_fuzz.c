// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/record/ndtmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What could be read is written, fits, and says the same when it is read again. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ndtmsg m, again;
	if (ndtmsg_read(bytes, len, &m))
		return 0;
	AUTO_FREE char *text = ndtmsg_write(&m);
	if (!text || strlen(text) >= NDT_TEXT_MAX || ndtmsg_read(text, strlen(text), &again) ||
	    memcmp(&m, &again, sizeof(m)) != 0)
		abort();
	return 0;
}
