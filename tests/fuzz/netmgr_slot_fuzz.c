// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/crc32c.h"
#include "netmgr/book/slot.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What can be read keeps its promises, and written again it reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct slot slot, again;
	uint8_t page[SLOT_BYTES] = { 0 }, out[SLOT_BYTES], twice[SLOT_BYTES];
	struct mark mark;
	(void)slot_decode(bytes, len, &slot);
	(void)slot_decode_mark(bytes, len, &mark);
	memcpy(page, bytes, len < sizeof(page) - 4 ? len : sizeof(page) - 4);
	/* Foreign bytes get the right CRC here, so that the fields behind it are reached. */
	uint32_t crc = crc32c(0, page, sizeof(page) - 4);
	for (unsigned i = 0; i < 4; i++)
		page[sizeof(page) - 4 + i] = (uint8_t)(crc >> 8 * i);
	if (slot_decode(page, sizeof(page), &slot) != 0)
		return 0;
	if (slot.row_count > SLOT_ROWS || slot.event_count > SLOT_EVENTS)
		abort();
	for (size_t i = 0; i < slot.row_count; i++) {
		unsigned sum = 0;
		for (int c = 0; c < UPLINK_CLASSES; c++)
			sum += slot.rows[i].row.seconds[c];
		if (sum != 60 || !memchr(slot.rows[i].uplink, '\0', sizeof(slot.rows[i].uplink)))
			abort();
	}
	slot_encode(&slot, out);
	if (slot_decode(out, sizeof(out), &again) != 0)
		abort();
	slot_encode(&again, twice);
	if (memcmp(out, twice, sizeof(out)) != 0)
		abort();
	return 0;
}
