// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct one {
	char url[16];
	int64_t number;
	bool flag;
	int word;
};

struct item {
	char name[32];
	uint64_t size;
	char text[8];
};

struct whole {
	struct one one;
	struct item items[3];
	size_t count;
	uint64_t canary;
};

static const char *const words[] = { "auto", "on", NULL };
static const struct conf_key one_keys[] = {
	CONF_STR(struct one, url, "url", "", ""),
	CONF_INT(struct one, number, "stall", "20", 1, 600, ""),
	CONF_BOOL(struct one, flag, "eager", "no", ""),
	CONF_WORD(struct one, word, "mode", "auto", words, ""),
};
static const struct conf_key item_keys[] = {
	CONF_BYTES(struct item, size, "quota", "1G", 1, INT64_C(1) << 50, ""),
	CONF_STR(struct item, text, "apn", "web", ""),
};
static const struct conf_section sections[] = {
	{ "origin", one_keys, ARRAY_LEN(one_keys), .at = offsetof(struct whole, one) },
	{ "uplink", item_keys, ARRAY_LEN(item_keys), .at = offsetof(struct whole, items),
	  .each = sizeof(struct item), .max = 3, .count_at = offsetof(struct whole, count) },
};
static const struct conf_schema schema = { "fuzz", sections, ARRAY_LEN(sections) };

/* Whatever the bytes were, what stands in the struct keeps the table's promises. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct whole w = { .canary = 0x5741534c5741534c };
	struct fault why = { 0 };
	conf_defaults(&schema, &w);
	int r = conf_parse(&schema, "fuzz", (const char *)bytes, len, &w, &why);
	if (r > 0 || (r < 0 && (!why.id[0] || !why.text[0] || why.code != r)))
		abort();
	if (w.canary != 0x5741534c5741534c || w.count > 3 || w.one.number < 1 ||
	    w.one.number > 600 || w.one.word < 0 || w.one.word > 1 ||
	    !memchr(w.one.url, '\0', sizeof(w.one.url)))
		abort();
	for (size_t i = 0; i < w.count; i++)
		if (w.items[i].size < 1 || !w.items[i].name[0] ||
		    !memchr(w.items[i].name, '\0', 32) || !memchr(w.items[i].text, '\0', 8))
			abort();
	return 0;
}
