// SPDX-License-Identifier: GPL-2.0-or-later
/* What daemons tell their supervisor, and what programs print: whatever the bytes, the terminal gets clean text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"
#include "firmware/stage/notify.h"
#include "firmware/stage/progress.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct notify_message m;
	notify_parse((const char *)bytes, len, &m);
	if (!text_is_utf8(m.status, strlen(m.status)))
		abort();
	for (const char *c = m.status; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			abort();

	AUTO_FREE char *line = strndup((const char *)bytes, len);
	size_t text = 0;
	int percent = line ? progress_percent(line, &text) : -1;
	if (percent < -1 || percent > 100 || (percent >= 0 && text > strlen(line)))
		abort();
	return 0;
}
