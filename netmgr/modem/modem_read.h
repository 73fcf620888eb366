// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "netmgr/modem/modem.h"

struct sd_bus_message;

/*
 * ModemManager's answers (org.freedesktop.ModemManager1, its D-Bus reference of 1.20) as far as we want to know them. Pure:
 * of a message alone. What is missing, of another type, too long or too many is left out; -EBADMSG where the whole is of
 * another shape. Numbers of SIM, modem and telephone pass by and are never copied.
 */
enum { MODEM_PATH_ROOM = 128, MODEM_OBJECTS_MAX = 8, MODEM_BEARERS_MAX = 4 };

struct modem_object {
	char path[MODEM_PATH_ROOM], sim[MODEM_PATH_ROOM]; /* sim "": none */
	char bearers[MODEM_BEARERS_MAX][MODEM_PATH_ROOM];
	size_t bearer_count;
	char plug[32]; /* the socket that it is in: "1-1.2"; "" not known */
	int state;     /* enum modem_mm */
	bool sim_missing, sim_broken;
	enum modem_lock lock;
	int pin_tries; /* -1: not known */
	enum modem_net net;
	unsigned generation; /* of the radio: 2 to 5; 0 none */
	int signal;          /* percent; -1: not known */
	char operator_name[48], operator_code[8];
};

struct modem_stock {
	struct modem_object list[MODEM_OBJECTS_MAX];
	size_t count;
};

/* Of ObjectManager.GetManagedObjects: every modem, in the order of the answer. */
int modem_read_stock(struct sd_bus_message *m, struct modem_stock *out);

struct modem_bearer {
	bool connected;
	bool fixed; /* address, prefix_len, gateway and resolver are it; else they come by DHCP */
	char device[16]; /* "": none that we could use */
	struct in_addr address, gateway, resolver;
	unsigned prefix_len;
	char apn[64];
};

/* Of Properties.GetAll for a bearer. */
int modem_read_bearer(struct sd_bus_message *m, struct modem_bearer *out);

/* Of Properties.Get for a SIM's OperatorIdentifier: "60502"; "" where it is none. */
int modem_read_code(struct sd_bus_message *m, char out[static 8]);

/* Of an error's name. */
enum modem_error modem_read_error(const char *name);
