// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/net_view.h"

#include "firmware/ctl/view.h"
#include "firmware/ctl/wifi_view.h"
#include "tests/unit/ctl/golden.h"

#define ADSL "\"name\":\"adsl\",\"preference\":10,"
#define LTE "\"name\":\"lte\",\"preference\":20,"
#define HERE "\"address\":\"10.203.77.1/24\",\"network\":\"10.203.77.0/24\",\"here\":true"
#define GOOD "\"state\":\"up\",\"grade\":\"good\",\"reason\":\"\""

/* One answer of netmgrd a row; what is said of each stands in the golden file, one paragraph each. */
static const char *const answers[] = {
	/* none is set up */
	"{\"uplinks\":[],\"preferred\":null}",
	/* the only one, and the hub answers through it */
	"{\"uplinks\":[{" ADSL GOOD ",\"hub_echo\":true,\"rtt_us\":12000,\"down_kbps\":4200}],"
	"\"preferred\":\"adsl\"}",
	/* the first of two */
	"{\"uplinks\":[{" ADSL GOOD "},{" LTE GOOD "}],\"preferred\":\"adsl\"}",
	/* the first is down by its provider's fault */
	"{\"uplinks\":[{" ADSL "\"state\":\"down\",\"reason\":\"ISP\"},{" LTE GOOD
	",\"sync\":\"quota\",\"hub_echo\":true}],\"preferred\":\"lte\"}",
	/* it is back, and held */
	"{\"uplinks\":[{" ADSL "\"state\":\"holddown\",\"reason\":\"\",\"hold_s\":18},{" LTE GOOD
	"}],\"preferred\":\"lte\"}",
	/* it is well again, and not yet preferred */
	"{\"uplinks\":[{" ADSL GOOD "},{" LTE GOOD "}],\"preferred\":\"lte\"}",
	/* the chosen one limps, and the hub is silent; a portal on the other; words of strangers */
	"{\"uplinks\":[{" ADSL "\"state\":\"up\",\"grade\":\"degraded\",\"reason\":\"hub\"},{" LTE
	"\"state\":\"portal\",\"reason\":\"portal\"},{\"name\":\"\\u001b[2J\",\"preference\":30,"
	"\"state\":\"what\",\"reason\":\"\\u001b[2J\"}],\"preferred\":\"adsl\"}",
	/* the chosen one is doubted */
	"{\"uplinks\":[{" ADSL "\"state\":\"suspect\",\"grade\":\"good\",\"reason\":\"ISP\"}],"
	"\"preferred\":\"adsl\"}",
	/* nothing works */
	"{\"uplinks\":[{" ADSL "\"state\":\"down\",\"reason\":\"cable\"},{" LTE
	"\"state\":\"capped\",\"reason\":\"\"}],\"preferred\":null}",
	/* real transfers, one way and both; none yet */
	"{\"uplinks\":[{" ADSL GOOD
	",\"passive\":{\"age_s\":3,\"rtt_us\":84980,\"rtt_floor_us\":20380,"
	"\"up_kbps\":3863,\"down_kbps\":15306}},{" LTE GOOD
	",\"passive\":{\"down_kbps\":950}},{\"name\":\"vsat\",\"preference\":30,"
	"\"passive\":null}],\"preferred\":\"adsl\"}",
	/* a classroom that moved, one that collides and moved before, one by somebody's wish; words of strangers */
	"{\"uplinks\":[{" ADSL GOOD "}],\"preferred\":\"adsl\",\"lans\":["
	"{\"name\":\"classroom\"," HERE
	",\"moved\":{\"from\":\"192.168.1.0/24\",\"uplink\":\"adsl\"}},"
	"{\"name\":\"staff\"," HERE ",\"collides\":\"lte\",\"moved\":{\"from\":\"10.1.0.0/24\","
	"\"uplink\":\"adsl\"}},"
	"{\"name\":\"wished\",\"moved\":{\"from\":\"10.2.0.0/24\",\"uplink\":\"\"}},"
	"{\"name\":\"\\u001b[2J\",\"collides\":\"\\u001b[2J\"}]}",
	/* an emergency; rules that were refused */
	"{\"uplinks\":[{" ADSL GOOD "}],\"preferred\":\"adsl\",\"wall\":{\"standing\":true,"
	"\"emergency\":\"open\",\"left_s\":3541,\"reason\":\"\\u001b[2J no\",\"zones\":[{}]}}",
	"{\"uplinks\":[{" ADSL GOOD "}],\"preferred\":\"adsl\",\"wall\":{\"standing\":true,"
	"\"emergency\":\"closed\",\"left_s\":60,\"reason\":\"\",\"zones\":[{}]}}",
	/* nobody configured a wall */
	"{\"uplinks\":[],\"wall\":{\"standing\":false,\"emergency\":\"none\",\"zones\":[]}}",
	/* the chosen one does not carry lessons, and another one does; or none; or it is spare for them */
	"{\"uplinks\":[{" ADSL GOOD ",\"sync\":\"never\"},{" LTE GOOD "}],\"preferred\":\"adsl\","
	"\"classes\":{\"sync\":\"lte\"}}",
	"{\"uplinks\":[{" ADSL GOOD ",\"sync\":\"never\"}],\"preferred\":\"adsl\","
	"\"classes\":{\"sync\":null}}",
	"{\"uplinks\":[{" ADSL GOOD ",\"sync\":\"go\"},{" LTE GOOD "}],\"preferred\":\"adsl\","
	"\"classes\":{\"sync\":\"lte\"}}",
	/* what is left of the plan is for people and reports */
	"{\"uplinks\":[{" LTE GOOD ",\"sync\":\"quota\"}],\"preferred\":\"lte\","
	"\"classes\":{\"sync\":null}}",
	/* it is used up, and reports get through */
	"{\"uplinks\":[{" LTE "\"state\":\"capped\",\"reason\":\"\"}],\"preferred\":null,"
	"\"classes\":{\"control\":\"lte\",\"sync\":null}}",
	/* a modem that is well, one whose SIM wants something, one that is about to be begun anew; words of strangers */
	"{\"uplinks\":[{" LTE GOOD ",\"modem\":{\"state\":\"connected\",\"reason\":\"\","
	"\"operator\":\"Zitouna\",\"technology\":\"4G\",\"bars\":3}},"
	"{\"name\":\"usb\",\"preference\":30,\"state\":\"absent\",\"reason\":\"cable\","
	"\"modem\":{\"state\":\"locked\",\"reason\":\"pin_spared\"}},"
	"{\"name\":\"old\",\"preference\":40,\"state\":\"down\",\"reason\":\"ISP\","
	"\"modem\":{\"state\":\"connected\",\"reason\":\"silent\",\"operator\":\"\\u001b[2J\","
	"\"technology\":\"\\u001b[2J\",\"bars\":1,\"step_s\":61}},"
	"{\"name\":\"odd\",\"preference\":50,\"state\":\"absent\",\"reason\":\"\","
	"\"modem\":{\"state\":\"\\u001b[2J\",\"reason\":\"\\u001b[2J\"}}],"
	"\"preferred\":\"lte\"}",
	/* no answer of netmgrd at all */
	"[]",
};

#define AIR "\"on_air\":true,\"reason\":\"\",\"channel\":6,\"width\":20,"
#define SUMS "\"rx_bytes\":123456789,\"tx_bytes\":2345678901,"

static const char wireless[] =
	"{\"networks\":["
	"{\"ssid\":\"madrasa\"," AIR SUMS "\"judgement\":\"well\",\"stations\":23,\"weak\":1,"
	"\"retries\":125,\"busy\":430,\"others\":80},"
	/* a kernel that tells little */
	"{\"ssid\":\"\u0645\u062f\u0631\u0633\u0629\"," AIR SUMS
	"\"judgement\":\"crowded\",\"stations\":2,\"weak\":0,\"retries\":null,\"busy\":null,"
	"\"others\":null},"
	"{\"ssid\":\"a\"," AIR "\"judgement\":\"full\"},"
	"{\"ssid\":\"b\"," AIR "\"judgement\":\"far\"},"
	"{\"ssid\":\"c\",\"on_air\":false,\"judgement\":\"silent\",\"reason\":\"there is no such "
	"device\"},"
	"{\"ssid\":\"d\",\"on_air\":false,\"judgement\":\"off\",\"reason\":\"\"},"
	/* words of strangers */
	"{\"ssid\":\"\\u001b[2J\",\"judgement\":\"what\",\"reason\":\"\\u001b[2J\"}]}";

static void of_wireless_networks(void **state)
{
	(void)state;
	for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++) {
		const struct view v = { .lang = (enum strings_lang)lang };
		CLEANUP(clean_json) json_t *answer = json_loads(wireless, 0, NULL);
		CLEANUP(clean_json) json_t *none = json_object();
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		assert_non_null(answer);
		wifi_view(answer, &v, to);
		wifi_view_all(answer, &v, to);
		wifi_view(none, &v, to);
		wifi_view_all(none, &v, to);
		fclose(to);
		char name[64];
		snprintf(name, sizeof(name), "wifi-%s.txt", strings_lang_code(v.lang));
		golden_shown(name, text);
	}
}

static void in_three_languages(void **state)
{
	enum { MODEMS = ARRAY_LEN(answers) - 2 };
	(void)state;
	for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++) {
		const struct view v = { .lang = (enum strings_lang)lang };
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
			CLEANUP(clean_json) json_t *answer = json_loads(answers[i], 0, NULL);
			assert_non_null(answer);
			net_view_explain(answer, &v, to);
			if (i == 3 || (i >= 9 && i <= 13) || i == 15 || i == MODEMS)
				net_view_status(answer, &v, to);
		}
		fclose(to);
		char name[64];
		snprintf(name, sizeof(name), "net-%s.txt", strings_lang_code(v.lang));
		golden_shown(name, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(in_three_languages),
					    cmocka_unit_test(of_wireless_networks) };
	return cmocka_run_group_tests_name("ctl/net_view", tests, NULL, NULL);
}
