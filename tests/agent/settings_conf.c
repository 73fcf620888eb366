// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints a configuration file that sets everything a signed settings record may set, to the
 * smallest ("low") or the largest ("high") value that the record may carry. The programs of the
 * house must all accept it.
 */
#include "firmware/record/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_value(const struct conf_key *key, bool high)
{
	switch (key->type) {
	case CONF_TYPE_INT:
	case CONF_TYPE_BYTES:
		printf("%s = %" PRId64 "\n", key->name, high ? key->max : key->min);
		break;
	case CONF_TYPE_STR:
		printf("%s = %s\n", key->name, high ? "23:59-00:00" : "00:00-00:00"); /* a window */
		break;
	case CONF_TYPE_BOOL:
		printf("%s = %s\n", key->name, high ? "yes" : "no");
		break;
	case CONF_TYPE_WORD: {
		size_t last = 0;
		while (high && key->words[last + 1])
			last++;
		printf("%s = %s\n", key->name, key->words[last]);
		break;
	}
	}
}

int main(int argc, char **argv)
{
	size_t count = 0;
	const struct settings_rule *rules = settings_rules(&count);
	bool high = argc > 1 && strcmp(argv[1], "high") == 0;
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(rules[i].section, rules[i - 1].section) != 0)
			printf("[%s%s]\n", rules[i].section, rules[i].repeated ? " adsl" : "");
		print_value(&rules[i].value, high);
	}
	return 0;
}
