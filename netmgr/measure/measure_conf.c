// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/measure_conf.h"

#include <stddef.h>

const struct conf_key measure_conf_keys[MEASURE_CONF_KEYS] = {
	CONF_INT(struct measure_conf, a_day, "a-day", "4", 0, 100,
		 "how often a day a line that is not metered is measured, in minutes in which "
		 "nobody "
		 "uses it, at times that nobody knows before; 0: by hand alone"),
	CONF_BYTES(struct measure_conf, metered_bytes, "metered-bytes", "60M", 0, INT64_C(1) << 36,
		   "what measuring one metered line may cost in thirty days; 0: by hand alone"),
	CONF_BYTES(struct measure_conf, metered_most, "metered-most", "4M", 65536, INT64_C(1) << 32,
		   "of these for one direction of one measurement at most"),
	CONF_INT(struct measure_conf, port, "port", "4607", 1, 65535,
		 "TCP port of wasl-ndtd on the hub's machine"),
	CONF_STR(struct measure_conf, program, "program", "",
		 "the program that measures; empty: wasl-ndt beside wasl-netmgrd"),
};
