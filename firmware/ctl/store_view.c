// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/store_view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

static void put_count(const struct view *v, const json_t *answer, const char *key, const char *id,
		      FILE *to)
{
	char n[24];
	snprintf(n, sizeof(n), "%" PRId64, view_int(answer, key, 0));
	AUTO_FREE char *text = view_fill(v, id, "n", n, NULL);
	view_row(v, VIEW_GOOD, text, to);
}

void store_view_status(const json_t *answer, const struct view *v, FILE *to)
{
	char used[48], most[48], left[48];
	int64_t max = view_int(answer, "max_bytes", 0);
	view_size(v, (uint64_t)view_int(answer, "bytes", 0), used, sizeof(used));
	view_size(v, (uint64_t)max, most, sizeof(most));
	view_size(v, (uint64_t)view_int(answer, "disk_free_bytes", 0), left, sizeof(left));
	AUTO_FREE char *head = view_fill(v, max ? "wasl.store.used.of" : "wasl.store.used", "used",
					 used, "most", most, "left", left, NULL);
	view_title(v, head, to);
	put_count(v, answer, "complete", "wasl.store.objects", to);
	put_count(v, answer, "segments", "wasl.store.segments", to);
	put_count(v, answer, "files", "wasl.store.files", to);
}
