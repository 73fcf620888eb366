// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * How the parts of contentd tell what went wrong: one line in the journal, one event for the ministry. The sentence is
 * for the journal; `kind`, `subject` and `layer` ("origin", "kitchen", "store") are what leaves the box.
 */
struct report {
	void (*tell)(void *data, const char *kind, const char *subject, const char *layer,
		     const char *sentence);
	void *data;
};
