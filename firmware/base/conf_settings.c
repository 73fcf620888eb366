// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/conf_settings.h"

#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/paths.h"

const struct conf_key conf_settings_keys[1] = {
	CONF_INT(struct conf_settings, version, "version", "0", 0, UINT32_MAX,
		 "number of the newest record in force; 0: none"),
};

static int load_one(const struct conf_source *from, const char *settings, void *out,
		    struct fault *passed, struct fault *why)
{
	memset(out, 0, from->size);
	int r = conf_load_with(from->schema, settings, from->extra, out, passed, why);
	return r == 0 && from->check ? from->check(out, why) : r;
}

int conf_load_settled(const struct conf_source *from, void *out, struct conf_settled *said,
		      struct fault *why)
{
	const struct path file = paths_at(CONF_SETTINGS_FILE), good = paths_at(CONF_SETTINGS_GOOD);
	*said = (struct conf_settled){ 0 };
	if (access(file.at, F_OK) != 0)
		return load_one(from, NULL, out, &said->passed, why);
	if (load_one(from, file.at, out, &said->passed, &said->refused) == 0) {
		said->refused = (struct fault){ 0 };
		return 0;
	}
	if (access(good.at, F_OK) == 0 && load_one(from, good.at, out, &said->passed, why) == 0)
		return 0;
	said->passed = (struct fault){ 0 };
	return load_one(from, NULL, out, &said->passed, why);
}
