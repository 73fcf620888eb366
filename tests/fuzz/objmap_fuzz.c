// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/record/objmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/*
 * A map that is accepted is exactly the bytes of its id, and says nothing about chunks it does
 * not have.
 */
static void check(const struct objmap_id *id, const uint8_t *bytes, size_t len)
{
	struct objmap *map = NULL;
	if (objmap_verify(id, bytes, len, &map, NULL))
		return;
	size_t raw_len = 0;
	const void *raw = objmap_raw(map, &raw_len);
	uint64_t chunks = objmap_chunk_count(objmap_size(map));
	if (raw_len != len || memcmp(raw, bytes, len) != 0 ||
	    objmap_bytes(objmap_size(map)) != len || objmap_size(map) > OBJMAP_MAX_SIZE ||
	    objmap_check_chunk(map, chunks, bytes, 0) == 0)
		abort();
	for (uint64_t i = 0; i < chunks && i < 4; i++)
		objmap_check_chunk(map, i, bytes, len);
	objmap_free(map);
}

/* Once with an id taken from the input, once with the id that these bytes really have. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct objmap_id id;
	if (len >= sizeof(id)) {
		memcpy(&id, bytes, sizeof(id));
		check(&id, bytes + sizeof(id), len - sizeof(id));
	}
	static const char domain[] = "wasl:object:1";
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, sizeof(id.b));
	crypto_generichash_update(&st, (const uint8_t *)domain, sizeof(domain));
	crypto_generichash_update(&st, bytes, len);
	crypto_generichash_final(&st, id.b, sizeof(id.b));
	check(&id, bytes, len);
	return 0;
}
