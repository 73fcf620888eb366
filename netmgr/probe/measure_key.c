// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/measure_key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"

enum { DEVICE_TEXT = 2 * HUBECHO_DEVICE, KEY_TEXT = 2 * HUBECHO_KEY, FILE_LIMIT = 256 };

int measure_key_read(const char *device, const char *key, struct measure_key *out,
		     struct fault *why)
{
	struct measure_key k = { .has = true };
	if (!device || !key || text_unhex(device, k.device, sizeof(k.device)) ||
	    text_unhex(key, k.key, sizeof(k.key)))
		return fault_set(why, -EINVAL, "echo.key",
				 "a key for echoes is {\"device\": 32 hexadecimal digits, \"key\": "
				 "64 of them}");
	*out = k;
	return 0;
}

int measure_key_load(const char *path, struct measure_key *out, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	char device[DEVICE_TEXT + 1], key[KEY_TEXT + 1];
	int r = fileio_read(path, FILE_LIMIT, &text, &len, why);
	if (r)
		return r;
	if (sscanf(text, "%32[0-9a-f] %64[0-9a-f]", device, key) != 2 ||
	    measure_key_read(device, key, out, NULL))
		r = fault_set(why, -EBADMSG, "echo.key",
			      "'%s' is damaged; remove it, and start wasl-agentd again", path);
	sodium_memzero(text, len);
	sodium_memzero(key, sizeof(key));
	return r;
}

int measure_key_keep(const char *path, const struct measure_key *key, struct fault *why)
{
	char text[DEVICE_TEXT + 1 + KEY_TEXT + 2];
	text_hex(key->device, sizeof(key->device), text);
	text[DEVICE_TEXT] = ' ';
	text_hex(key->key, sizeof(key->key), text + DEVICE_TEXT + 1);
	memcpy(text + sizeof(text) - 2, "\n", 2);
	int r = fileio_replace(path, text, sizeof(text) - 1, 0600, why);
	sodium_memzero(text, sizeof(text));
	return r;
}
