// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/apn.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define LIST(inner)                                               \
	"<serviceproviders><country code=\"tn\"><provider>" inner \
	"</provider></country></serviceproviders>"
#define GSM(inner) LIST("<gsm><network-id mcc=\"605\" mnc=\"02\"/>" inner "</gsm>")
#define TEN "0123456789"

/* What an operator has, as NAME/USER/PASSWORD with blanks between. */
static void finds(void **state)
{
	(void)state;
	static const struct {
		const char *what, *xml, *code;
		int want;
		const char *list;
	} rows[] = {
		{ "one", GSM("<apn value=\"web\"/>"), "60502", 0, "web//" },
		{ "with a login",
		  GSM("<apn "
		      "value=\"web\"><username>u</username><password>p&amp;q</password></apn>"),
		  "60502", 0, "web/u/p&q" },
		{ "for pictures alone",
		  GSM("<apn value=\"mms\"><usage type=\"mms\"/></apn><apn value=\"web\"/>"),
		  "60502", 0, "web//" },
		{ "twice the same", GSM("<apn value=\"a\"/><apn value=\"a\"/>"), "60502", 0,
		  "a//" },
		{ "another network", GSM("<apn value=\"web\"/>"), "60503", 0, "" },
		{ "another country", GSM("<apn value=\"web\"/>"), "60402", 0, "" },
		{ "three digits", GSM("<apn value=\"web\"/>"), "605002", 0, "web//" },
		{ "two operators on one network",
		  LIST("<gsm><network-id mcc=\"605\" mnc=\"02\"/><apn value=\"a\"/></gsm><gsm>"
		       "<network-id mcc=\"605\" mnc=\"2\"/><apn value=\"b\"/></gsm>"),
		  "60502", 0, "a// b//" },
		{ "the network after the names",
		  LIST("<gsm><apn value=\"a\"/><network-id mcc=\"605\" mnc=\"02\"/></gsm>"),
		  "60502", 0, "a//" },
		{ "more than there is room for",
		  GSM("<apn value=\"a\"/><apn value=\"b\"/><apn value=\"c\"/><apn value=\"d\"/>"
		      "<apn value=\"e\"/><apn value=\"f\"/><apn value=\"g\"/>"),
		  "60502", 0, "a// b// c// d// e// f//" },
		{ "a name that steers", GSM("<apn value=\"a;b\"/><apn value=\"\"/>"), "60502", 0,
		  "" },
		{ "a password that does not fit",
		  GSM("<apn value=\"a\"><password>" TEN TEN TEN TEN TEN TEN TEN
		      "</password></apn><apn value=\"b\"/>"),
		  "60502", 0, "b//" },
		{ "a password that is no ASCII",
		  GSM("<apn value=\"a\"><password>\xc3\xa9</password></apn>"), "60502", 0, "" },
		{ "names outside of a network", LIST("<apn value=\"a\"/>"), "60502", 0, "" },
		{ "no list", "", "60502", -EBADMSG, "" },
		{ "half a list", "<serviceproviders><gsm>", "60502", -EBADMSG, "" },
		{ "an entity of entities",
		  "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>",
		  "60502", 0, "" },
		{ "no code", GSM(""), "", -EINVAL, "" },
		{ "a short code", GSM(""), "6050", -EINVAL, "" },
		{ "a long code", GSM(""), "6050212", -EINVAL, "" },
		{ "a word for a code", GSM(""), "6050x", -EINVAL, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct apn_list list = { .count = 0 };
		char got[256] = "";
		if (apn_parse(rows[i].xml, strlen(rows[i].xml), rows[i].code, &list) !=
		    rows[i].want)
			fail_msg("%s", rows[i].what);
		for (size_t a = 0; a < list.count; a++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s/%s/%s",
				 a ? " " : "", list.list[a].name, list.list[a].user,
				 list.list[a].password);
		if (strcmp(got, rows[i].list) != 0)
			fail_msg("%s: '%s'", rows[i].what, got);
	}
}

static void says_which_file(void **state)
{
	(void)state;
	struct apn_list list;
	struct fault why;
	assert_int_equal(apn_load("/nowhere/list.xml", "60502", &list, &why), -ENOENT);
	assert_non_null(strstr(why.text, "/nowhere/list.xml"));
}

/* Debian's own list knows who the schools' operators are. */
static void knows_the_neighbours(void **state)
{
	(void)state;
	static const char *const codes[] = { "60502", "60401", "60301" };
	if (access(APN_XML, R_OK) != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct apn_list list;
		assert_int_equal(apn_load(APN_XML, codes[i], &list, NULL), 0);
		assert_in_range(list.count, 1, APN_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(says_which_file),
		cmocka_unit_test(knows_the_neighbours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
