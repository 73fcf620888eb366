// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/modem/apn.h"
#include "netmgr/modem/modem_book.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A list of operators, and what is remembered of a modem: what is taken is within its bounds. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct apn_list list;
	struct modem_memory memory;
	if (apn_parse((const char *)bytes, len, "60502", &list) == 0) {
		if (list.count > APN_MAX)
			abort();
		for (size_t i = 0; i < list.count; i++)
			if (!apn_good_name(list.list[i].name) ||
			    !apn_good_word(list.list[i].user) ||
			    !apn_good_word(list.list[i].password))
				abort();
	}
	if (modem_book_parse(bytes, len, "one", 1000000000, &memory) == 0) {
		if (memory.steps > MODEM_PER_DAY_MAX)
			abort();
		char *text = modem_book_text(&memory, "one", 1000000000);
		struct modem_memory again;
		if (!text || modem_book_parse(text, strlen(text), "one", 1000000000, &again) < 0 ||
		    again.climbed != memory.climbed || again.pin_tried != memory.pin_tried)
			abort();
		free(text);
	}
	return 0;
}
