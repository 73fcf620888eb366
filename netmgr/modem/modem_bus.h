// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netmgr/modem/apn.h"
#include "netmgr/modem/modem.h"
#include "netmgr/modem/modem_read.h"

struct fault;
struct sd_event;

/*
 * ModemManager on the system's D-Bus: says what its modems are whenever something changes, and carries orders to them. It
 * may be away, come later, or be begun anew; nothing here waits for it.
 */
struct modem_bus;

/* One modem as it stands; `object` NULL: there is none for this line, `bearer` NULL: none is connected. */
struct modem_view {
	bool manager;
	unsigned life;
	const struct modem_object *object;
	const struct modem_bearer *bearer;
	const char *home; /* code of the SIM's operator; "" not known */
};

struct modem_bus_calls {
	void (*seen)(void *data, unsigned line, const struct modem_view *view);
	void (*done)(void *data, unsigned line, enum modem_error error);
	void *data;
};

/* `plugs[i]`: "yes", or the socket of line i's modem; "": the line has none. Copied. Calls come from the loop. */
int modem_bus_new(struct sd_event *loop, const char *const plugs[], size_t count,
		  const struct modem_bus_calls *calls, struct modem_bus **out, struct fault *why);
void modem_bus_free(struct modem_bus *b); /* NULL is fine */

struct modem_order {
	enum modem_call call;
	const char *pin;       /* MODEM_CALL_PIN */
	const struct apn *apn; /* MODEM_CALL_CONNECT */
	bool roaming;
};

/* Answered by done(), also when it could not even be sent. One is out for each line; another one takes its place. */
void modem_bus_order(struct modem_bus *b, unsigned line, const struct modem_order *order);
