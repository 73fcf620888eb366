// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/wifi.h"

#include <errno.h>
#include <stdio.h>

#include "firmware/base/fault.h"
#include "firmware/base/sheet.h"
#include "netmgr/net_conf.h"
#include "netmgr/wifi/air_book.h"
#include "netmgr/wifi/hostapd.h"
#include "tests/unit/golden.h"

#define ZONES                                        \
	"[zone class]\nkind=classroom\ndevice=br0\n" \
	"[zone office]\nkind=staff\ndevice=br1\n"    \
	"[zone lab]\nkind=classroom\ndevice=wlan1\n"
#define CLASS "[wifi class]\ndevice=wlan0\nzone=class\n"
#define STAFF "[wifi staff]\ndevice=wlan0\nzone=office\nssid=staff\npassphrase_file=/p\n"

static struct net_conf parsed(const char *text)
{
	struct net_conf conf = { 0 };
	struct fault why = { 0 };
	conf_defaults(&net_conf_schema, &conf);
	if (conf_parse(&net_conf_schema, "row", text, strlen(text), &conf, &why) < 0)
		fail_msg("%s", why.text);
	return conf;
}

static void refuses_what_is_no_network(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *id; /* NULL: good */
	} rows[] = {
		{ CLASS, NULL },
		{ CLASS STAFF, NULL },
		{ CLASS "country=TN\n", NULL },
		{ CLASS "country=tn\n", "wifi.country" },
		{ CLASS "country=TUN\n", "wifi.country" },
		{ "[wifi a]\nzone=class\n", "wifi.device" },
		{ "[wifi a]\ndevice=wlan0\nssid=x\nzone=class\ndevice=wlan0;x\n", "wifi.device" },
		{ "[wifi a]\ndevice=abcdefghijklmno\nzone=class\n", "wifi.device" },
		{ CLASS "ssid=\n", "wifi.ssid" },
		{ CLASS "ssid=مدرسة\n", NULL },
		{ "[wifi a]\ndevice=wlan0\n", "wifi.zone" },
		{ "[wifi a]\ndevice=wlan0\nzone=nowhere\n", "wifi.zone" },
		{ "[wifi a]\ndevice=wlan0\nzone=office\n", "wifi.open" }, /* staff */
		{ CLASS "security=wpa2\n", "wifi.passphrase" },
		{ CLASS "security=open\npassphrase_file=/p\n", "wifi.passphrase" },
		{ CLASS "passphrase_file=p\n", "wifi.passphrase" },
		{ CLASS "still=8-18\n", "wifi.still" },
		{ CLASS "still=20:00-06:00\n", NULL },
		{ CLASS "[wifi b]\ndevice=wlan0\nzone=class\n", "wifi.ssid" }, /* both madrasa */
		{ CLASS STAFF "channel=6\n", "wifi.radio" },
		{ CLASS STAFF "country=MA\n", "wifi.radio" },
		{ CLASS "channel=6\n" STAFF "channel=6\n", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[1024];
		struct fault why = { 0 };
		snprintf(text, sizeof(text), ZONES "%s", rows[i].text);
		const struct net_conf conf = parsed(text);
		int r = net_conf_check(&conf, &why);
		if ((r == 0) != !rows[i].id || (rows[i].id && strcmp(why.id, rows[i].id) != 0))
			fail_msg("row %zu: %d %s", i, r, why.text);
	}
}

static void reads_a_passphrase(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *want; /* NULL: none */
	} rows[] = {
		{ "12345678", "12345678" },
		{ "a passphrase\nanything", "a passphrase" },
		{ "a passphrase\r\n", "a passphrase" },
		{ " spaces count ", " spaces count " },
		{ "", NULL },
		{ "1234567\n", NULL },
		{ "\n12345678", NULL },
		{ "كلمة السر", NULL },
		{ "tab\tinside", NULL },
		{ "0123456789012345678901234567890123456789012345678901234567890123", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char got[WIFI_PASS_MAX + 1] = "";
		int r = wifi_conf_passphrase(rows[i].bytes, strlen(rows[i].bytes), got);
		assert_int_equal(r, rows[i].want ? 0 : -EINVAL);
		assert_string_equal(got, rows[i].want ? rows[i].want : "");
	}
}

/* --- what hostapd is told --- */

static struct phy any_phy(void)
{
	static const uint16_t list[] = { 2412, 2417, 2422, 2427, 2432, 2437, 2442, 2447, 2452,
					 2457, 2462, 5180, 5200, 5220, 5240, 5260, 5745, 5765 };
	struct phy phy = { .networks = 4,
			   .ht = { true, true },
			   .vht = { false, true },
			   .ht_capab = { 1 << 0 | 1 << 5 | 1 << 6, 1 << 1 | 1 << 5 | 1 << 6 } };
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		phy.channels[phy.channel_count++] =
			(struct phy_channel){ .mhz = list[i], .radar = list[i] == 5260 };
	return phy;
}

static void tells_hostapd(void **state)
{
	(void)state;
	char text[HOSTAPD_ROOM];
	const struct phy phy = any_phy();
	struct net_conf conf =
		parsed(ZONES CLASS "country=TN\nssid=مدرسة\n" STAFF
				   "security=wpa2\n[wifi new]\ndevice=wlan0\nzone=office\n"
				   "ssid=new\nsecurity=wpa3\npassphrase_file=/q\n");
	struct hostapd_spec spec = {
		.phy = &phy,
		.radio = &conf.wifis[0],
		.channel = channel_at(2437, 20),
		.networks = { { &conf.wifis[0], "", "br0", true },
			      { &conf.wifis[1], "staff passphrase", "br1", false },
			      { &conf.wifis[2], "a=b#c \"d\" ", "br1", false } },
		.count = 3,
	};
	const int len = hostapd_text(&spec, text);
	assert_int_equal(len, strlen(text));
	golden_check("tests/unit/netmgr/golden/hostapd.conf", text);

	/* The first one's passphrase is missing: the radio is still in its country. */
	spec.networks[0] = spec.networks[1];
	spec.count = 1;
	assert_true(hostapd_text(&spec, text) > 0);
	assert_non_null(strstr(text, "interface=wlan0\n"));
	assert_non_null(strstr(text, "country_code=TN\n"));
	assert_non_null(strstr(text, "# [wifi staff]\n"));
	assert_null(strstr(text, "bss="));

	/* 5 GHz, wide; one network, on the radio itself, for phones of all ages */
	conf = parsed(ZONES "[wifi lab]\ndevice=wlan1\nzone=lab\nold_rates=yes\nunicast=no\n"
			    "max_stations=30\npassphrase_file=/p\n");
	spec = (struct hostapd_spec){ .phy = &phy,
				      .radio = &conf.wifis[0],
				      .channel = channel_at(5200, 80),
				      .networks = { { &conf.wifis[0], "12345678", "", true } },
				      .count = 1 };
	assert_true(hostapd_text(&spec, text) > 0);
	golden_check("tests/unit/netmgr/golden/hostapd-5ghz.conf", text);
}

static void finds_room_for_all(void **state)
{
	(void)state;
	char text[HOSTAPD_ROOM], all[4096];
	const struct phy phy = any_phy();
	struct sheet s = { .at = all, .room = sizeof(all) };
	sheet_add(&s, ZONES);
	for (int i = 0; i < WIFI_MAX; i++)
		sheet_add(&s,
			  "[wifi "
			  "a-network-with-a-long-name-%d]\nssid=01234567890123456789012345678%d\n"
			  "zone=class\ndevice=wlan0123456\npassphrase_file=/p\n",
			  i, i);
	assert_true(sheet_end(&s) > 0);
	const struct net_conf conf = parsed(all);
	struct hostapd_spec spec = { .phy = &phy,
				     .radio = &conf.wifis[0],
				     .channel = channel_at(5200, 80),
				     .count = WIFI_MAX };
	for (int i = 0; i < WIFI_MAX; i++)
		spec.networks[i] = (struct hostapd_network){
			&conf.wifis[i],
			"012345678901234567890123456789012345678901234567890123456789012",
			"a-bridge0123456", true
		};
	assert_true(hostapd_text(&spec, text) > 0);
}

/* --- channels --- */

static void takes_the_channel_with_the_fewest(void **state)
{
	(void)state;
	static const struct phy_survey silence[1],
		home[] = { { .mhz = 2412, .others = 3 },
			   { .mhz = 2432, .others = 4 },
			   { .mhz = 2462, .others = 2 } },
		loud[] = { { .mhz = 2412, .timed = true, .time_ms = 1000, .busy_ms = 900 },
			   { .mhz = 2437,
			     .timed = true,
			     .time_ms = 1000,
			     .busy_ms = 400,
			     .tx_ms = 400 },
			   { .mhz = 2462, .others = 1 } },
		five[] = { { .mhz = 5180, .others = 1 }, { .mhz = 5200, .others = 9 } };
	static const struct {
		const char *wish;
		const struct phy_survey *heard;
		size_t count;
		int number, width, second, centre; /* number < 0: refused so */
	} rows[] = {
		{ "", silence, 0, 1, 20, 0, 0 },
		{ "", home, 3, 11, 20, 0, 0 },
		{ "", loud, 3, 6, 20, 0, 0 }, /* what one sends himself is nobody's noise */
		{ "width=40\n", silence, 0, 1, 20, 0, 0 },
		{ "channel=11\n", home, 3, 11, 20, 0, 0 },
		{ "channel=13\n", silence, 0, -EACCES, 0, 0, 0 },
		{ "channel=52\n", silence, 0, -EACCES, 0, 0, 0 }, /* radar */
		{ "band=5\nchannel=1\n", silence, 0, -EACCES, 0, 0, 0 },
		{ "band=5\n", silence, 0, 36, 40, 1, 0 },
		{ "band=5\n", five, 2, 44, 40, 1, 0 },
		{ "band=5\nchannel=40\n", five, 2, 40, 40, -1, 0 },
		{ "band=5\nchannel=36\n", five, 2, 36, 20, 0, 0 }, /* the other half is taken */
		{ "band=5\nwidth=80\n", silence, 0, 36, 80, 1, 42 },
		{ "band=5\nwidth=80\nchannel=153\n", silence, 0, 153, 40, -1, 0 },
		{ "band=5\nwidth=20\n", silence, 0, 36, 20, 0, 0 },
	};
	const struct phy phy = any_phy();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[512];
		struct channel c = { 0 };
		snprintf(text, sizeof(text), ZONES CLASS "%s", rows[i].wish);
		const struct net_conf conf = parsed(text);
		int r = channel_choose(&phy, &conf.wifis[0], rows[i].heard, rows[i].count, &c);
		if (rows[i].number < 0) {
			assert_int_equal(r, rows[i].number);
			continue;
		}
		if (r != 0 || c.number != rows[i].number || c.width != rows[i].width ||
		    c.second != rows[i].second || c.centre != rows[i].centre)
			fail_msg("row %zu: %d, channel %d %d %d %d", i, r, c.number, c.width,
				 c.second, c.centre);
		assert_true(channel_stands(&phy, &conf.wifis[0], &c));
	}
}

static void has_no_channel_where_none_is_permitted(void **state)
{
	(void)state;
	struct channel c;
	struct phy phy = any_phy();
	const struct net_conf conf = parsed(ZONES CLASS);
	for (size_t i = 0; i < phy.channel_count; i++) {
		phy.channels[i].off = i % 3 == 0;
		phy.channels[i].silent = i % 3 == 1;
		phy.channels[i].radar = i % 3 == 2;
	}
	assert_int_equal(channel_choose(&phy, &conf.wifis[0], NULL, 0, &c), -ENOENT);
	c = channel_at(2412, 20);
	assert_false(channel_stands(&phy, &conf.wifis[0], &c));
}

static void moves_seldom(void **state)
{
	(void)state;
	enum { DAY = 86400, HOUR_OF_LOOKS = 360 };
	struct channel_days d = { 0 };
	int moves = 0;
	int64_t since = 1000 * DAY;
	/* three weeks in which the channel is crowded every morning */
	for (int64_t now = since; now < 1021 * (int64_t)DAY; now += 3600) {
		const bool school = now / 3600 % 24 >= 6 && now / 3600 % 24 < 20;
		for (int i = 0; i < HOUR_OF_LOOKS; i++)
			channel_days_note(&d, school, now / 3600 % 24 < 12);
		if (!channel_days_due(&d, school, since, now))
			continue;
		assert_false(school);
		moves++;
		since = now;
	}
	assert_in_range(moves, 5, 7);
	/* a crowded quarter of an hour is no day */
	d = (struct channel_days){ 0 };
	for (int i = 0; i < 90; i++)
		channel_days_note(&d, true, true);
	assert_false(channel_days_due(&d, true, 0, 100 * DAY));
	assert_false(channel_days_due(&d, false, 0, 100 * DAY));
}

static void a_move_must_gain(void **state)
{
	(void)state;
	const struct phy_survey heard[] = { { .mhz = 2412, .others = 6 },
					    { .mhz = 2437, .others = 4 },
					    { .mhz = 2462, .others = 1 } };
	const struct channel one = channel_at(2412, 20), six = channel_at(2437, 20),
			     eleven = channel_at(2462, 20);
	assert_false(channel_is_better(&one, &six, heard, 3));
	assert_true(channel_is_better(&one, &eleven, heard, 3));
	assert_false(channel_is_better(&eleven, &one, heard, 3));
}

static void keeps_what_it_chose(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
		size_t count;
	} rows[] = {
		{ "", 0, 0 },
		{ "wlan0 2437 20 1790000000\n", 0, 1 },
		{ "wlan0 2437 20 0\nwlan1 5180 80 7\n", 0, 2 },
		{ "wlan0 2437 20 0\nwlan0 5180 40 7\n", 0, 1 },
		{ "wlan0 2437 20 0", -EBADMSG, 0 }, /* cut off */
		{ "wlan0 2437 40 0\n", -EBADMSG, 0 },
		{ "wlan0 2438000 20 0\n", -EBADMSG, 0 },
		{ "wlan0 3000 20 0\n", -EBADMSG, 0 },
		{ "../x 2437 20 0\n", -EBADMSG, 0 },
		{ "wlan0 2437 20 -1\n", -EBADMSG, 0 },
		{ "wlan0 2437 20 0 x\n", -EBADMSG, 0 },
		{ "wlan0 2437 20 0\n\n", -EBADMSG, 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct air_book book;
		assert_int_equal(air_book_read(rows[i].text, strlen(rows[i].text), &book),
				 rows[i].want);
		assert_int_equal(book.count, rows[i].count);
	}
	struct air_book book = { 0 }, again;
	char text[AIR_BOOK_ROOM];
	for (int i = 0; i < WIFI_MAX + 3; i++) { /* radios come and go */
		struct air_choice c = { .channel = channel_at(5180, 80),
					.since_s = 1790000000 + i };
		snprintf(c.device, sizeof(c.device), "a-radio%u", (unsigned)i % 100);
		air_book_put(&book, &c);
	}
	assert_int_equal(book.count, WIFI_MAX);
	assert_null(air_book_find(&book, "a-radio2"));
	assert_int_equal(air_book_read(text, (size_t)air_book_write(&book, text), &again), 0);
	assert_memory_equal(&again, &book, sizeof(book));
	assert_int_equal(air_book_find(&again, "a-radio10")->channel.centre, 42);
}

/* --- counts --- */

static struct wifi_station station(uint64_t who, uint64_t bytes, uint32_t packets, int dbm)
{
	return (struct wifi_station){ .who = who,
				      .signal_known = true,
				      .signal_dbm = (int8_t)dbm,
				      .rx_bytes = bytes,
				      .tx_bytes = 2 * bytes,
				      .tx_packets = packets,
				      .tx_retries = packets / 4,
				      .tx_failed = packets / 100 };
}

static void look(struct wifi_book *b, const struct wifi_station *list, size_t count,
		 const struct phy_survey *survey)
{
	wifi_begin(b);
	for (size_t i = 0; i < count; i++)
		wifi_station(b, &list[i]);
	wifi_end(b, survey);
}

static struct wifi_book *new_book(void)
{
	struct wifi_book *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	wifi_forget(b);
	return b;
}

static void adds_up_whoever_comes_and_goes(void **state)
{
	(void)state;
	AUTO_FREE struct wifi_book *b = new_book();
	const struct wifi_count *c = &b->count;
	struct wifi_station s[2] = { station(1, 1000, 32, -50), station(2, 500, 32, -80) };
	look(b, s, 2, NULL);
	assert_int_equal(c->stations, 2);
	assert_int_equal(c->weak, 1);
	assert_int_equal(c->sums.rx_bytes, 1500);
	assert_int_equal(c->retries, -1); /* too few */
	s[0] = station(1, 1700, 132, -50);
	look(b, s, 1, NULL); /* the second one is gone */
	assert_int_equal(c->stations, 1);
	assert_int_equal(c->sums.rx_bytes, 2200);
	assert_int_equal(c->retries, 200); /* 8+8+25 of 164+41 */
	s[0] = station(1, 100, 4, -50);    /* left and came again: its counters are new */
	s[1] = station(2, 30, 4, -50);
	look(b, s, 2, NULL);
	assert_int_equal(c->sums.rx_bytes, 2330);
	assert_int_equal(c->sums.tx_bytes, 2 * 2330);
	assert_int_equal(c->weak, 0);
	/* The dump was begun anew by the kernel. */
	s[0].rx_bytes += 10;
	wifi_begin(b);
	wifi_station(b, &s[0]);
	look(b, s, 2, NULL);
	assert_int_equal(c->stations, 2);
	assert_int_equal(c->sums.rx_bytes, 2340);
	wifi_forget(b);
	assert_int_equal(c->stations, 0);
	assert_int_equal(c->sums.rx_bytes, 2340);
}

static void a_ratio_is_of_the_last_minutes(void **state)
{
	(void)state;
	AUTO_FREE struct wifi_book *b = new_book();
	struct phy_survey s = { .mhz = 2437, .in_use = true, .timed = true };
	for (int i = 0; i < 30; i++) { /* half of it others', a tenth its own */
		s.time_ms += 10000;
		s.busy_ms += 6000;
		s.tx_ms += 1000;
		look(b, NULL, 0, &s);
	}
	assert_int_equal(b->count.busy, 600);
	assert_int_equal(b->count.others, 500);
	for (int i = 0; i < WIFI_WINDOW; i++) {
		s.time_ms += 10000;
		look(b, NULL, 0, &s);
	}
	assert_int_equal(b->count.busy, 0);
	/* another channel, and counters that began anew, say nothing of what was between */
	s.mhz = 2412;
	look(b, NULL, 0, &s);
	s.time_ms = s.busy_ms = s.tx_ms = 5;
	look(b, NULL, 0, &s);
	assert_int_equal(b->count.busy, 0);
	for (int i = 0; i < WIFI_WINDOW; i++)
		look(b, NULL, 0, NULL);
	assert_int_equal(b->count.busy, -1);
	assert_false(b->count.survey_known);
}

static void counts_more_than_it_follows(void **state)
{
	(void)state;
	AUTO_FREE struct wifi_book *b = new_book();
	for (int turn = 1; turn <= 2; turn++) {
		wifi_begin(b);
		for (uint64_t i = 0; i < WIFI_STATIONS + 44; i++) {
			struct wifi_station s = station(i, 100 * (uint64_t)turn, 1, -50);
			wifi_station(b, &s);
		}
		wifi_end(b, NULL);
	}
	assert_int_equal(b->count.stations, 300);
	assert_int_equal(b->count.sums.rx_bytes, 200 * WIFI_STATIONS);
}

static void judges(void **state)
{
	(void)state;
	static const struct {
		struct wifi_count count;
		enum wifi_judgement want;
	} rows[] = {
		{ { .stations = 0, .retries = -1, .busy = -1, .others = -1 }, WIFI_WELL },
		{ { .stations = 25, .retries = 150, .busy = 900, .others = 300 }, WIFI_WELL },
		{ { .stations = 1, .busy = 700, .others = 600 }, WIFI_CROWDED },
		{ { .stations = 40, .busy = 900, .others = 300 }, WIFI_FULL },
		{ { .stations = 64, .busy = -1, .others = -1 }, WIFI_FULL },
		{ { .stations = 40, .busy = -1, .others = -1 }, WIFI_WELL },
		{ { .stations = 9, .weak = 3, .retries = 100 }, WIFI_FAR },
		{ { .stations = 20, .weak = 1, .retries = 100 }, WIFI_WELL },
		{ { .stations = 20, .weak = 1, .retries = 400 }, WIFI_FAR },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(wifi_judgement_name(wifi_judge(&rows[i].count, 64)),
				    wifi_judgement_name(rows[i].want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_network),
		cmocka_unit_test(reads_a_passphrase),
		cmocka_unit_test(tells_hostapd),
		cmocka_unit_test(finds_room_for_all),
		cmocka_unit_test(takes_the_channel_with_the_fewest),
		cmocka_unit_test(has_no_channel_where_none_is_permitted),
		cmocka_unit_test(moves_seldom),
		cmocka_unit_test(a_move_must_gain),
		cmocka_unit_test(keeps_what_it_chose),
		cmocka_unit_test(adds_up_whoever_comes_and_goes),
		cmocka_unit_test(a_ratio_is_of_the_last_minutes),
		cmocka_unit_test(counts_more_than_it_follows),
		cmocka_unit_test(judges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
