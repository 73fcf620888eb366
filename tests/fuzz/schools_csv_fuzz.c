// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/fault.h"
#include "provisioning/hub/csv.h"
#include "provisioning/hub/school.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of schools, as `waslhub school import` reads it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	struct csv c;
	struct csv_row row;
	struct school_columns columns;
	struct fault why;
	csv_init(&c, text, size);
	int have = 0;
	for (int got; (got = csv_next(&c, &row, &why)) != 0;) {
		struct school school;
		if (got < 0)
			continue;
		if (!have)
			have = school_columns_read(&row, &columns, &why) == 0;
		else if (school_read(&row, &columns, &school, &why) == 0 &&
			 !school_code_ok(school.code))
			abort();
	}
	free(text);
	return 0;
}
