// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf_settings.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

struct origin_conf {
	char url[16];
	int64_t stall_s, interval_s;
	bool eager;
	int mode;
};

struct line_conf {
	char name[32];
	uint64_t quota;
	int64_t cost;
};

struct whole {
	struct origin_conf origin;
	struct line_conf lines[2];
	size_t line_count;
};

static const char *const modes[] = { "auto", "fast", "idle", NULL };
static const struct conf_key origin_keys[] = {
	CONF_STR(struct origin_conf, url, "url", "http://o", "where lessons come from"),
	CONF_INT(struct origin_conf, stall_s, "stall", "20", 1, 600, "seconds without a byte"),
	CONF_INT(struct origin_conf, interval_s, "interval", "900", 30, 99999, "between two looks"),
	CONF_BOOL(struct origin_conf, eager, "eager", "yes", "fetch at once"),
	CONF_WORD(struct origin_conf, mode, "mode", "fast", modes, ".how 'it' \"works\""),
};
static const struct conf_key line_keys[] = {
	CONF_BYTES(struct line_conf, quota, "quota", "10G", 0, INT64_C(1) << 50, "bytes a month"),
	CONF_INT(struct line_conf, cost, "cost", "5", -10, 10, "dearer lines are used later"),
};
static const struct conf_section sections[] = {
	{ "origin", origin_keys, ARRAY_LEN(origin_keys), .at = offsetof(struct whole, origin),
	  .help = "The source." },
	{ "uplink", line_keys, ARRAY_LEN(line_keys), .at = offsetof(struct whole, lines),
	  .each = sizeof(struct line_conf), .max = 2,
	  .count_at = offsetof(struct whole, line_count), .help = "One line each." },
};
static const struct conf_schema schema = { "wasl-tester", sections, ARRAY_LEN(sections) };

static int parse(const char *text, struct whole *out, struct fault *why)
{
	memset(out, 0, sizeof(*out));
	conf_defaults(&schema, out);
	/* a block of exactly this size: the parser must not lean on a terminator */
	size_t len = strlen(text);
	AUTO_FREE char *exact = malloc(len ? len : 1);
	memcpy(exact, text, len);
	return conf_parse(&schema, "site.conf", exact, len, out, why);
}

static void defaults_come_from_the_table(void **state)
{
	(void)state;
	struct whole w;
	assert_int_equal(parse("", &w, NULL), 0);
	assert_string_equal(w.origin.url, "http://o");
	assert_int_equal(w.origin.stall_s, 20);
	assert_true(w.origin.eager);
	assert_int_equal(w.origin.mode, 1);
	assert_int_equal(w.line_count, 0);
}

static void reads_every_type(void **state)
{
	(void)state;
	struct whole w;
	struct fault why = { 0 };
	assert_int_equal(parse("\xef\xbb\xbf# a comment\r\n[ origin ]\r\n url = http://x/?a=b#c "
			       "\r\nstall=600\n;no\neager = Off\n"
			       "mode=idle\n\n[uplink adsl]\nquota = 3T\n[netless]\n",
			       &w, &why),
			 -EINVAL);
	assert_int_equal(parse("\xef\xbb\xbf# a comment\r\n[ origin ]\r\n url = http://x/?a=b#c "
			       "\r\nstall=600\n;no\neager = Off\n"
			       "mode=idle\n\n[uplink adsl]\nquota = 3T\n[uplink "
			       "4g]\nquota=1500k\ncost=-10\n[uplink adsl]\ncost=7",
			       &w, &why),
			 0);
	assert_string_equal(w.origin.url, "http://x/?a=b#c");
	assert_int_equal(w.origin.stall_s, 600);
	assert_false(w.origin.eager);
	assert_int_equal(w.origin.mode, 2);
	assert_int_equal(w.line_count, 2);
	assert_string_equal(w.lines[0].name, "adsl");
	assert_int_equal(w.lines[0].quota, UINT64_C(3) << 40);
	assert_int_equal(w.lines[0].cost, 7);
	assert_string_equal(w.lines[1].name, "4g");
	assert_int_equal(w.lines[1].quota, 1500 << 10);
	assert_int_equal(w.lines[1].cost, -10);
}

static void passes_over_other_programs(void **state)
{
	(void)state;
	struct whole w;
	struct fault why = { 0 };
	assert_int_equal(parse("[hubd]\nstore = whatever\n[net x]\nanything=1\n[origin]\nstall=7\n",
			       &w, &why),
			 0);
	assert_int_equal(w.origin.stall_s, 7);
}

static void faults_name_file_line_key_value_and_remedy(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
		const char *id, *sentence;
	} rows[] = {
		{ "\n\n[uplink adsl]\nquota = 12 apples\n", -EINVAL, "conf.value",
		  "site.conf line 4: [uplink adsl] quota: '12 apples' is not a size; write 20G or "
		  "500M" },
		{ "[origin]\nstall = 700", -ERANGE, "conf.value",
		  "site.conf line 2: [origin] stall: '700' is outside 1 to 600" },
		{ "[origin]\nstall = 99999999999999999999", -ERANGE, "conf.value",
		  "site.conf line 2: [origin] stall: '99999999999999999999' is outside 1 to 600" },
		{ "[origin]\nstall = 7s", -EINVAL, "conf.value",
		  "site.conf line 2: [origin] stall: '7s' is not a whole number" },
		{ "[origin]\nstall =", -EINVAL, "conf.value",
		  "site.conf line 2: [origin] stall: '' is not a whole number" },
		{ "[origin]\neager = maybe", -EINVAL, "conf.value",
		  "site.conf line 2: [origin] eager: 'maybe' is neither yes nor no" },
		{ "[origin]\nmode = slow", -EINVAL, "conf.value",
		  "site.conf line 2: [origin] mode: 'slow' is none of: auto, fast, idle" },
		{ "[origin]\nurl = 0123456789abcdef", -ENAMETOOLONG, "conf.value",
		  "site.conf line 2: [origin] url: '0123456789abcdef' has 16 bytes; at most 15" },
		{ "[origin]\nulr = x", -EINVAL, "conf.key",
		  "site.conf line 2: [origin] there is no key 'ulr' here; there is: url, stall, "
		  "interval, "
		  "eager, mode" },
		{ "[orgin]\n", -EINVAL, "conf.section",
		  "site.conf line 1: [orgin] no program of the house reads this section; is it "
		  "misspelt?" },
		{ "[uplink]\n", -EINVAL, "conf.section",
		  "site.conf line 1: [uplink] the section needs a name of its own; write [uplink "
		  "NAME]" },
		{ "[uplink ../x]\n", -EINVAL, "conf.section",
		  "site.conf line 1: [uplink ../x] '../x' is no usable name; write 1 to 31 "
		  "letters, digits, dots or dashes" },
		{ "[uplink a]\n[uplink b]\n[uplink c]\n", -E2BIG, "conf.section",
		  "site.conf line 3: [uplink c] there are more than 2 such sections; remove one" },
		{ "[origin main]\n", -EINVAL, "conf.section",
		  "site.conf line 1: [origin main] there is only one; write [origin]" },
		{ "[origin\n", -EINVAL, "conf.syntax",
		  "site.conf line 1: '[origin' is no section; write [name] alone on its line" },
		{ "[]\n", -EINVAL, "conf.syntax",
		  "site.conf line 1: a section has one or two words; write [name] or [name item]" },
		{ "url = x\n", -EINVAL, "conf.syntax",
		  "site.conf line 1: a setting stands before the first [section]" },
		{ "[origin]\nurl\n", -EINVAL, "conf.syntax",
		  "site.conf line 2: [origin] 'url' is no setting; write key = value" },
		{ "[origin]\nurl = \xff\n", -EILSEQ, "conf.syntax",
		  "site.conf line 2: [origin] the line is not UTF-8 text; save the file as UTF-8" },
		{ "[uplink a]\nquota = 99999999T\n", -ERANGE, "conf.value",
		  "site.conf line 2: [uplink a] quota: '99999999T' is outside 0 to 1024T" },
		{ "[uplink a]\nquota = -1\n", -EINVAL, "conf.value",
		  "site.conf line 2: [uplink a] quota: '-1' is not a size; write 20G or 500M" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct whole w;
		struct fault why = { 0 };
		assert_int_equal(parse(rows[i].text, &w, &why), rows[i].code);
		assert_string_equal(why.text, rows[i].sentence);
		assert_string_equal(why.id, rows[i].id);
		assert_int_equal(why.code, rows[i].code);
		assert_int_equal(parse(rows[i].text, &w, NULL), rows[i].code);
	}
}

static void refuses_what_is_too_long(void **state)
{
	(void)state;
	struct whole w;
	struct fault why = { 0 };
	AUTO_FREE char *big = malloc((256 << 10) + 2);
	memset(big, '\n', (256 << 10) + 1);
	memset(&w, 0, sizeof(w));
	assert_int_equal(conf_parse(&schema, "f", big, 256 << 10, &w, &why), 0);
	assert_int_equal(conf_parse(&schema, "f", big, (256 << 10) + 1, &w, &why), -EFBIG);
	memset(big, '#', 2000);
	assert_int_equal(conf_parse(&schema, "f", big, 2000, &w, &why), -EINVAL);
	assert_string_equal(why.text, "f line 1: the line has 2000 bytes; at most 1023");
}

static void write_conf(const char *path, const char *text)
{
	assert_int_equal(fileio_replace(path, text, strlen(text), 0644, NULL), 0);
}

static void layers_win_key_by_key(void **state)
{
	(void)state;
	char base[] = "/tmp/wasl-conf-XXXXXX";
	assert_non_null(mkdtemp(base));
	setenv("WASL_ROOT", base, 1);
	struct path profile = paths_at("/etc/wasl/profile.conf"),
		    site = paths_at("/var/lib/wasl/conf/site.conf");
	struct path extra = paths_at("%s/extra.conf", base);
	struct whole w = { 0 };
	struct fault why = { 0 };
	assert_int_equal(conf_load(&schema, NULL, &w, &why), 0);
	assert_int_equal(w.origin.stall_s, 20);
	assert_int_equal(paths_mkdir(paths_at("/etc/wasl").at, 0755, &why), 0);
	assert_int_equal(paths_mkdir(paths_at("/var/lib/wasl/conf").at, 0755, &why), 0);
	write_conf(profile.at, "[origin]\nstall=2\nmode=auto\n[uplink a]\ncost=1\n");
	write_conf(site.at, "[origin]\nstall=3\n[uplink a]\nquota=1\n");
	write_conf(extra.at, "[origin]\neager=no\n");
	memset(&w, 0, sizeof(w));
	assert_int_equal(conf_load(&schema, extra.at, &w, &why), 0);
	assert_int_equal(w.origin.stall_s, 3);
	assert_int_equal(w.origin.mode, 0);
	assert_false(w.origin.eager);
	assert_int_equal(w.line_count, 1);
	assert_int_equal(w.lines[0].cost, 1);
	assert_int_equal(w.lines[0].quota, 1);
	assert_int_equal(conf_load(&schema, "/nonexistent", &w, &why), -ENOENT);
	write_conf(site.at, "[origin]\nstall=x\n");
	assert_int_equal(conf_load(&schema, NULL, &w, &why), -EINVAL);
	assert_non_null(strstr(why.text, "/var/lib/wasl/conf/site.conf line 2: [origin] stall"));

	unlink(profile.at);
	unlink(site.at);
	unlink(extra.at);
	static const char *const folders[] = {
		"etc/wasl", "etc", "var/lib/wasl/conf", "var/lib/wasl", "var/lib", "var", "."
	};
	for (size_t i = 0; i < ARRAY_LEN(folders) - 1; i++)
		rmdir(paths_at("%s/%s", base, folders[i]).at);
	assert_int_equal(rmdir(base), 0);
	unsetenv("WASL_ROOT");
}

static int short_intervals(const void *conf, struct fault *why)
{
	const struct whole *w = conf;
	return w->origin.interval_s > 500 ? fault_set(why, -ERANGE, "t", "too long") : 0;
}

/* What the ministry sets stands above the site and below -c; what cannot be used never stops a program. */
static void settings_that_are_no_use_stay_out(void **state)
{
	(void)state;
	static const struct {
		const char *settings, *good; /* NULL: not there */
		int64_t interval, quota;
		const char *refused, *passed; /* NULL: nothing */
	} rows[] = {
		{ NULL, NULL, 300, 10, NULL, NULL },
		{ NULL, "[origin]\ninterval=90\n", 300, 10, NULL, NULL },
		{ "[origin]\ninterval=80\n", "[origin]\ninterval=90\n", 80, 10, NULL, NULL },
		{ "[origin]\ninterval=x\n", "[origin]\ninterval=90\n", 90, 10,
		  "settings.conf line 2", NULL },
		{ "[origin]\ninterval=501\n", "[origin]\ninterval=90\n", 90, 10, "too long", NULL },
		{ "[origin]\ninterval=501\n", "[origin]\ninterval=502\n", 300, 10, "too long",
		  NULL },
		{ "[origin]\ninterval=501\n", NULL, 300, 10, "too long", NULL },
		{ "no settings at all", NULL, 300, 10, "no setting", NULL },
		/* What nobody may sign is not taken from whoever can write the file. */
		{ "[origin]\ninterval=80\nurl=http://e\n", "[origin]\ninterval=90\n", 90, 10,
		  "line 3: [origin] 'url' is not a setting", NULL },
		{ "[origin]\nurl=http://e\n", "[origin]\nurl=http://e\n", 300, 10, "'url' is not",
		  NULL },
		{ "[origin]\ninterval=31\n", NULL, 300, 10, "[origin] interval: '31' is outside",
		  NULL },
		{ "[uplink a]\ncost=3\n", NULL, 300, 10, "'cost' is not", NULL },
		{ "[uplink a]\nquota=99999T\n", NULL, 300, 10, "quota", NULL },
		{ "[kitchen]\nprogram=/tmp/evil\n", NULL, 300, 10, "'program' is not", NULL },
		{ "[hub]\nurl=http://evil\n", NULL, 300, 10, "'url' is not", NULL },
		{ "[hub x]\nurl=http://evil\n", NULL, 300, 10, "'url' is not", NULL },
		{ "[fetch x]\nshare=3\n", NULL, 300, 10, "'share' is not", NULL },
		{ "[fetch]\nshare=3\n[settings]\nversion=4\n[agent]\nretry_max=60\n", NULL, 300, 10,
		  NULL, NULL },
		/* A line of another name takes nothing from the others. */
		{ "[uplink a]\nquota=20\n", NULL, 300, 20, NULL, NULL },
		{ "[uplink b]\nquota=30\n[uplink a]\nquota=20\n", NULL, 300, 20, NULL,
		  "there is no [uplink b]" },
		{ "[uplink b]\ncost=1\n", NULL, 300, 10, "'cost' is not", NULL },
		{ "[uplink .b]\nquota=1\n", NULL, 300, 10, "no usable name", NULL },
	};
	char base[] = "/tmp/wasl-conf-XXXXXX";
	assert_non_null(mkdtemp(base));
	setenv("WASL_ROOT", base, 1);
	struct path site = paths_at("/var/lib/wasl/conf/site.conf");
	struct path settings = paths_at(CONF_SETTINGS_FILE), good = paths_at(CONF_SETTINGS_GOOD);
	assert_int_equal(paths_mkdir(paths_at("/var/lib/wasl/conf").at, 0755, NULL), 0);
	assert_int_equal(paths_mkdir(paths_at(CONF_SETTINGS_FOLDER).at, 0755, NULL), 0);
	write_conf(site.at, "[origin]\ninterval=300\n[uplink a]\nquota=10\n");
	const struct conf_source from = { &schema, NULL, sizeof(struct whole), short_intervals };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct whole w;
		struct conf_settled said;
		struct fault why = { 0 };
		memset(&w, 0x5a, sizeof(w));
		unlink(settings.at);
		unlink(good.at);
		if (rows[i].settings)
			write_conf(settings.at, rows[i].settings);
		if (rows[i].good)
			write_conf(good.at, rows[i].good);
		assert_int_equal(conf_load_settled(&from, &w, &said, &why), 0);
		assert_int_equal(w.origin.interval_s, rows[i].interval);
		assert_string_equal(w.origin.url, "http://o");
		assert_int_equal(w.line_count, 1);
		assert_int_equal(w.lines[0].quota, rows[i].quota);
		assert_int_equal(said.refused.code != 0, rows[i].refused != NULL);
		assert_int_equal(said.passed.code != 0, rows[i].passed != NULL);
		if (rows[i].refused)
			assert_non_null(strstr(said.refused.text, rows[i].refused));
		if (rows[i].passed)
			assert_non_null(strstr(said.passed.text, rows[i].passed));
	}
	struct whole w;
	struct conf_settled said;
	struct fault why;
	write_conf(site.at, "[origin]\nstall=y\n");
	assert_int_equal(conf_load_settled(&from, &w, &said, &why), -EINVAL);
	assert_non_null(strstr(why.text, "site.conf line 2"));
	unlink(site.at);
	unlink(settings.at);
	unlink(good.at);
	static const char *const folders[] = { "var/lib/wasl/conf", "var/lib/wasl/settings",
					       "var/lib/wasl", "var/lib", "var" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		rmdir(paths_at("%s/%s", base, folders[i]).at);
	assert_int_equal(rmdir(base), 0);
	unsetenv("WASL_ROOT");
}

static void the_man_page_says_it_all(void **state)
{
	(void)state;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	conf_print_man(&schema, to);
	fclose(to);
	assert_non_null(strstr(text, ".Sh CONFIGURATION\n"));
	assert_non_null(strstr(text, ".Ss [origin]\nThe source.\n"));
	assert_non_null(strstr(text, ".Ss [uplink NAME]\n"));
	assert_non_null(strstr(text, ".It Cm stall\nseconds without a byte\n"));
	assert_non_null(strstr(text, "1 to 600"));
	assert_non_null(strstr(text, "0 to 1024T"));
	assert_non_null(strstr(text, "auto, fast, idle"));
	assert_non_null(strstr(text, "\\&.how 'it' \\(dqworks\\(dq\n"));
}

static void values_are_printed_as_they_are_read(void **state)
{
	(void)state;
	static const char text[] =
		"[origin]\nurl = http://x/?a=b\nstall = 600\ninterval = 900\neager = no\nmode = "
		"idle\n"
		"[uplink adsl]\nquota = 3T\ncost = -7\n[uplink 4g]\nquota = 1500K\ncost = 5\n";
	struct whole w;
	assert_int_equal(parse(text, &w, NULL), 0);
	AUTO_FREE char *printed = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&printed, &len);
	conf_print_values(&schema, &w, to);
	fclose(to);
	assert_string_equal(printed, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_come_from_the_table),
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(passes_over_other_programs),
		cmocka_unit_test(faults_name_file_line_key_value_and_remedy),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(layers_win_key_by_key),
		cmocka_unit_test(settings_that_are_no_use_stay_out),
		cmocka_unit_test(the_man_page_says_it_all),
		cmocka_unit_test(values_are_printed_as_they_are_read),
	};
	return cmocka_run_group_tests_name("base/conf", tests, NULL, NULL);
}
