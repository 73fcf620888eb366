// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "netmgr/wifi/air_book.h"
#include "netmgr/wifi/wifi_conf.h"

struct fault;

/*
 * hostapd's files, /run/wasl/netmgr/hostapd-DEVICE.conf: written whole, only when they say something else than before, and for
 * nobody else to read. Who runs hostapd watches them: wasl-hostapd@.path.
 */
int air_file_put(const char *device, const char *text,
		 struct fault *why); /* 1: it was another one */
int air_file_remove(const char *device, struct fault *why);

/* Removes those of radios that are not (any more) in the configuration. */
void air_file_sweep(const struct wifi_conf *list, size_t count);

/* The passphrase of a network; the fault names the file and says nothing of what is in it. */
int air_file_passphrase(const struct wifi_conf *c, char out[static WIFI_PASS_MAX + 1],
			struct fault *why);

/* /var/lib/wasl/netmgr/wifi: what cannot be read is nothing. */
void air_file_load(struct air_book *out);
int air_file_save(const struct air_book *book, struct fault *why);
