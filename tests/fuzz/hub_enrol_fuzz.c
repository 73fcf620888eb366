// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "provisioning/hub/enrol.h"
#include "tests/hub/fakehub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fakehub *hub;

static void remove_hub(void)
{
	fakehub_remove(hub);
	free(hub);
}

/* The body of POST /v1/enrol at a hub that has given no order: nothing may be granted. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *grant = NULL;
	size_t len = 0;
	if (!hub) {
		hub = calloc(1, sizeof(*hub));
		if (!hub)
			abort();
		fakehub_make(hub);
		atexit(remove_hub);
	}
	if (enrol_serve(&hub->hub, data, size, 1, &grant, &len, NULL) == 0)
		abort();
	return 0;
}
