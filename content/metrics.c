// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/metrics.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *name, *type, *help;
	size_t at;
} all[] = {
#define METRIC(name, type, help) { #name, #type, help, offsetof(struct metrics, name) },
#include "content/metrics.def"
#undef METRIC
};

/* A line of 20 digits, thrice its name, and what a sentence takes. */
_Static_assert(sizeof(all) / sizeof(all[0]) <= METRICS_TEXT_BYTES / 300, "the text fits");

size_t metrics_text(const struct metrics *m, char out[static METRICS_TEXT_BYTES])
{
	size_t len = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const uint64_t value = *(const uint64_t *)((const char *)m + all[i].at);
		int n = snprintf(out + len, METRICS_TEXT_BYTES - len,
				 "# HELP wasl_content_%s %s\n# TYPE wasl_content_%s %s\n"
				 "wasl_content_%s %" PRIu64 "\n",
				 all[i].name, all[i].help, all[i].name, all[i].type, all[i].name,
				 value);
		if (n < 0 || (size_t)n >= METRICS_TEXT_BYTES - len)
			break;
		len += (size_t)n;
	}
	return len;
}
