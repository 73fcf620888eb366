// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/staff/form.h"
#include "content/staff/near.h"
#include "content/staff/people.h"
#include "content/staff/prepare.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a browser sends to the staff's pages (form, cookie, PIN, line), an address, and what the child said at its end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct form f = { 0 };
	char line[64], pin[PEOPLE_PIN_BYTES];
	if (form_parse(data, size, &f) == 0)
		for (size_t i = 0; i < f.count; i++) {
			if (!text_is_utf8(f.fields[i].value, strlen(f.fields[i].value)))
				abort();
			if (form_line(f.fields[i].value, line, sizeof(line)) &&
			    strpbrk(line, "\r\n\t"))
				abort();
			if (people_pin(f.fields[i].value, pin) == 0 &&
			    strspn(pin, "0123456789") != strlen(pin))
				abort();
		}
	form_done(&f);
	AUTO_FREE char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	struct fault why = { 0 };
	if (form_cookie(text, "staff", line, sizeof(line)) && strlen(line) >= sizeof(line))
		abort();
	if (prepare_fault(text, &why) == 0 || !text_is_utf8(why.text, strlen(why.text)) || !*why.id)
		abort();
	(void)near_check(text, NULL);
	(void)near_is("10.0.0.0/8 fd00::/8", text);
	return 0;
}
