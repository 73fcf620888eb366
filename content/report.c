// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/report.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

const char *report_layer(const struct fault *why)
{
	static const int of_the_disk[] = { -ENOSPC, -EDQUOT, -EIO, -EROFS, -ENXIO, -ENODEV };
	for (size_t i = 0; i < ARRAY_LEN(of_the_disk); i++)
		if (why->code == of_the_disk[i] && strcmp(why->id, "store.full") != 0)
			return "disk";
	return "store";
}
