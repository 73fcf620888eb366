// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/modem_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"
#include "netmgr/modem/modem.h"

/* What is shown of a line whose modem says these two words. malloc'ed. */
static char *shown(enum strings_lang lang, const char *state, const char *reason)
{
	char *text = NULL;
	size_t len = 0;
	const struct view v = { .lang = lang };
	json_t *lines = json_pack("[{s:s, s:{s:s, s:s}}]", "name", "lte", "modem", "state", state,
				  "reason", reason);
	FILE *to = open_memstream(&text, &len);
	assert_non_null(lines);
	assert_non_null(to);
	modem_view(lines, &v, to);
	fclose(to);
	json_decref(lines);
	return text;
}

static void is_said(enum strings_lang lang, const char *prefix, const char *name, const char *text)
{
	char id[64];
	snprintf(id, sizeof(id), "%s%s", prefix, name);
	const char *words = strings_get(lang, id);
	if (words == id)
		fail_msg("there is no string %s", id);
	if (!strstr(text, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", id, text, words);
}

static void says_every_word(void **state)
{
	(void)state;
	for (enum strings_lang lang = 0; lang < STRINGS_LANG_COUNT; lang++)
		for (enum modem_state s = 0; s < MODEM_STATES; s++)
			for (enum modem_reason r = MODEM_WELL + 1; r < MODEM_REASONS; r++) {
				AUTO_FREE char *text =
					shown(lang, modem_state_name(s), modem_reason_name(r));
				is_said(lang, "modem.", modem_state_name(s), text);
				is_said(lang, "modem.why.", modem_reason_name(r), text);
			}
}

/* Words that no table has: another version's, or a stranger's. */
static void says_no_other(void **state)
{
	(void)state;
	static const char *const words[] = {
		"",    "hibernating", "why.no_sim", "why.",
		"OFF", "\033[2J",     "off ",       "offoffoffoffoffoffoffoffoffoffoffoffoffoff",
	};
	AUTO_FREE char *nothing = shown(STRINGS_EN, "-", "");
	assert_non_null(strstr(nothing, "lte: –"));
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		AUTO_FREE char *as_state = shown(STRINGS_EN, words[i], "");
		AUTO_FREE char *as_reason = shown(STRINGS_EN, "off", words[i]);
		assert_non_null(strstr(as_state, "lte: –\n"));
		assert_non_null(strstr(as_reason, "lte: switched off\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_every_word),
		cmocka_unit_test(says_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
