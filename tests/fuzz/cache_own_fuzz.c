// SPDX-License-Identifier: GPL-2.0-or-later
/* First byte odd: the check is mended. The rest is the name of a file of the school, as it lies beside its body. */
#include <stdlib.h>
#include <string.h>

#include "cache/store_own.h"
#include "firmware/base/clean.h"
#include "firmware/base/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char again[STORE_OWN_MOST];
	struct store_local file;
	if (len < 1 + sizeof(struct store_own_file) || len > 1 << 16)
		return 0;
	AUTO_FREE uint8_t *copy = malloc(--len);
	memcpy(copy, bytes + 1, len);
	if (bytes[0] & 1) {
		const size_t from = offsetof(struct store_own_file, path_len);
		const uint32_t check = crc32c(0, copy + from, len - from);
		memcpy(copy, "WASLOWN1", 8);
		memcpy(copy + offsetof(struct store_own_file, check), &check, sizeof(check));
	}
	if (store_own_parse(copy, len, &file) == 0 &&
	    (store_own_pack(&file, again) != len || store_local_check(file.path, NULL)))
		abort();
	return 0;
}
