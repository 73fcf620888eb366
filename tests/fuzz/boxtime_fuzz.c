// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "content/fetch/boxtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever another daemon says of the time, it is trusted only when it is one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool trusted = false;
	int64_t at = 0;
	if (boxtime_parse((const char *)data, size, &trusted, &at) == 0 && trusted && at <= 0)
		abort();
	return 0;
}
