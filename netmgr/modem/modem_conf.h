// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/conf.h"

struct fault;
struct uplink_conf;

/* What [uplink NAME] may say of a modem that ModemManager looks after. */
struct modem_conf {
	char plug[32]; /* "": none; "yes": whichever is there; "1-1.2": the one in this socket */
	char apn[64], user[64], password[64];
	char pin_file[128];
	bool roaming;
	int64_t patience_s;
};

#define MODEM_CONF_KEYS(t, f)                                                                      \
	CONF_STR(t, f.plug, "modem", "",                                                           \
		 "yes: the line is a modem that ModemManager looks after, whichever is there; "    \
		 "1-1.2: the one in this USB socket; empty: none"),                                \
		CONF_STR(t, f.apn, "apn", "",                                                      \
			 "access point name of the operator; empty: by the list of operators, "    \
			 "else the "                                                               \
			 "network's own choice"),                                                  \
		CONF_STR(t, f.user, "apn_user", "", "name for it, where one is wanted"),           \
		CONF_STR(t, f.password, "apn_password", "",                                        \
			 "password for it, which operators print in their handbooks"),             \
		CONF_STR(t, f.pin_file, "pin_file", "",                                            \
			 "file with the SIM's PIN (4 to 8 digits and nothing else), which others " \
			 "may not read"),                                                          \
		CONF_BOOL(t, f.roaming, "roaming", "no",                                           \
			  "yes connects over foreign operators, too"),                             \
		CONF_INT(t, f.patience_s, "modem_patience_s", "60", 1, 3600,                       \
			 "how long a connected modem may stay silent before it is reconnected; "   \
			 "each "                                                                   \
			 "further step waits twice as long")

/* What the table cannot say. 0 or -EINVAL. */
int modem_conf_check(const struct uplink_conf *u, struct fault *why);

bool modem_conf_has(const struct uplink_conf *u);
