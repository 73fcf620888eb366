// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdio.h>

/*
 * From the configuration as a program prints it (INI), what was asked for: "" everything, "origin" or
 * "uplink.adsl" a section, "uplink" all sections of that name, "origin.url" or "uplink.adsl.quota" one
 * value alone. Sections whose head stands in `seen` already are passed over, for two programs may share one.
 * Pure. Returns how many sections or values were written.
 */
struct config_seen {
	char heads[64][80];
	size_t count;
};
size_t config_pick(const char *text, const char *want, struct config_seen *seen, FILE *to);
