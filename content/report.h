// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct fault;

/*
 * How the parts of contentd tell what went wrong: one line in the journal, one event for the ministry. The sentence is
 * for the journal; `kind`, `subject` and `layer` ("origin", "kitchen", "store", "disk") are what leaves the box.
 */
struct report {
	void (*tell)(void *data, const char *kind, const char *subject, const char *layer,
		     const char *sentence);
	void *data;
};

/*
 * Whose fault it was that something could not be kept: "store" where the store has a limit of its own or refused, "disk" where the disk
 * has no room, gives errors, or takes nothing.
 */
const char *report_layer(const struct fault *why);
