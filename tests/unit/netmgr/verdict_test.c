// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define ANSWERS(gw, res, hub)                               \
	{                                                   \
		{ PROBE_##gw, PROBE_##res, PROBE_##hub }, 0 \
	}

static void names_the_layer(void **state)
{
	(void)state;
	static const struct {
		struct probe_round round;
		unsigned possible;
		enum verdict_word word;
		enum uplink_layer layer;
	} rows[] = {
		{ ANSWERS(OK, OK, OK), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_NONE },
		{ ANSWERS(SILENT, OK, OK), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_NONE },
		{ ANSWERS(OK, SILENT, OK), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_RESOLVER },
		{ ANSWERS(OK, REFUSED, OK), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_RESOLVER },
		{ ANSWERS(OK, OK, SILENT), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_HUB },
		{ ANSWERS(OK, OK, REFUSED), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_HUB },
		{ ANSWERS(SKIPPED, SKIPPED, REFUSED), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_HUB },
		{ ANSWERS(OK, OK, FOREIGN), PROBE_ALL, VERDICT_PORTAL, UPLINK_LAYER_PORTAL },
		{ ANSWERS(OK, FOREIGN, FOREIGN), PROBE_ALL, VERDICT_PORTAL, UPLINK_LAYER_PORTAL },
		{ ANSWERS(OK, SILENT, SILENT), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_ISP },
		{ ANSWERS(OK, REFUSED, SILENT), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_ISP },
		{ ANSWERS(SILENT, SILENT, SILENT), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_GATEWAY },
		{ ANSWERS(SKIPPED, SILENT, SILENT), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_ISP },
		{ ANSWERS(OK, SKIPPED, SILENT), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_ISP },
		{ ANSWERS(SILENT, SKIPPED, SILENT), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_GATEWAY },
		{ ANSWERS(OK, SKIPPED, SKIPPED), PROBE_ALL, VERDICT_NOTHING, UPLINK_LAYER_NONE },
		{ ANSWERS(SILENT, SKIPPED, SKIPPED), PROBE_ALL, VERDICT_DEAD,
		  UPLINK_LAYER_GATEWAY },
		{ ANSWERS(SKIPPED, OK, SKIPPED), PROBE_ALL, VERDICT_ONLINE, UPLINK_LAYER_NONE },
		{ ANSWERS(SKIPPED, SILENT, SKIPPED), PROBE_ALL, VERDICT_DEAD, UPLINK_LAYER_ISP },
		{ ANSWERS(SKIPPED, SKIPPED, SKIPPED), PROBE_ALL, VERDICT_NOTHING,
		  UPLINK_LAYER_NONE },
		{ ANSWERS(OK, SKIPPED, SKIPPED), PROBE_BIT(PROBE_GATEWAY), VERDICT_ONLINE,
		  UPLINK_LAYER_NONE },
		{ ANSWERS(SILENT, SKIPPED, SKIPPED), PROBE_BIT(PROBE_GATEWAY), VERDICT_DEAD,
		  UPLINK_LAYER_GATEWAY },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v = verdict_of(&rows[i].round, rows[i].possible);
		if (v.word != rows[i].word || v.layer != rows[i].layer)
			fail_msg("row %zu: verdict %d layer '%s'", i, v.word,
				 uplink_layer_name(v.layer));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_layer),
	};
	return cmocka_run_group_tests_name("netmgr/verdict", tests, NULL, NULL);
}
