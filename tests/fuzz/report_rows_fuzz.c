// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/hub/refresh.h"
#include "provisioning/hub/rows.h"
#include "tests/hub/fakehub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY 20770

static struct fakehub *hub;

static void remove_hub(void)
{
	fakehub_remove(hub);
	free(hub);
}

/*
 * What is inside an envelope of a box that lies: rows go into the store, the sums follow, and the store never
 * refuses (a row that makes no sense must not hold up the honest ones of the same batch).
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!hub) {
		hub = calloc(1, sizeof(*hub));
		if (!hub)
			abort();
		fakehub_make(hub);
		atexit(remove_hub);
	}
	struct device device = { .id = { 1 }, .school = "S-1", .epoch = 1, .state = DEVICE_BOUND };
	struct envelope_header header = { .type = ENVELOPE_REPORT,
					  .first_day = DAY - 3,
					  .last_day = DAY };
	struct day_set touched = { 0 };
	struct rows_outcome outcome = { 0 };
	struct store *s = hub->hub.store;
	if (store_begin(s, NULL))
		abort();
	int rc = rows_enter(s, &device, &header, data, size, (int64_t)DAY * 86400, &touched,
			    &outcome, NULL);
	if (rc == 0)
		rc = refresh_school(s, "S-1", &touched, &hub_default_rules, (int64_t)DAY * 86400,
				    NULL);
	if (rc != 0 && rc != -EPROTO)
		abort();
	store_rollback(s);
	day_set_done(&touched);
	return 0;
}
