// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "content/portal/files.h"
#include "content/fetch/uplinks.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What another daemon says of its lines can be shown, whatever it says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uplinks_view v;
	if (uplinks_parse((const char *)data, size, 1790000000, &v))
		return 0;
	struct site_uplink lines[UPLINKS_MOST];
	for (size_t i = 0; i < v.count; i++)
		lines[i] =
			(struct site_uplink){ v.lines[i].name, v.lines[i].state, v.lines[i].grade,
					      v.lines[i].reason, v.lines[i].preferred };
	const struct site s = { .pages = &files_pages,
				.school = "",
				.address = "",
				.assets = "",
				.status = { .internet = v.internet,
					    .since = "",
					    .layer = v.layer,
					    .uplinks = lines,
					    .uplink_count = v.count,
					    .origin_ok = true,
					    .read_at = "" } };
	AUTO_FREE char *page = NULL;
	size_t len;
	if (site_status(&s, STRINGS_AR, &page, &len, NULL))
		abort();
	return 0;
}
