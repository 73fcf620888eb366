// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/neighbours.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/conf.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"

int neighbours_write(const char *path, const char *words, struct fault *why)
{
	char text[512];
	struct fault minor = { 0 };
	AUTO_FREE void *had = NULL;
	size_t len = 0;
	int r = content_conf_neighbours(words, text, why);
	if (r || (fileio_read(path, sizeof(text), &had, &len, NULL) == 0 && len == strlen(text) &&
		  memcmp(had, text, len) == 0))
		return r;
	if (fileio_replace(path, text, strlen(text), 0644, &minor)) {
		unlink(path);
		log_fault(LOG_LEVEL_WARN, "neighbours.not_kept", &minor);
	}
	return 0;
}
