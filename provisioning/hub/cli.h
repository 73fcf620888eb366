// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/fault.h"
#include "provisioning/hub/store.h"

/*
 * What the commands of `waslhub` share. A command gets its own name as argv[0] and answers the exit status:
 * 0 done, 1 failed (one sentence on standard error), 2 called wrongly.
 */
#define CLI_DIR "/var/lib/wasl/hub"

int cli_init(int argc, char **argv);
int cli_school(int argc, char **argv);
int cli_order(int argc, char **argv);
int cli_publish(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_settings(int argc, char **argv);
int cli_offers(int argc, char **argv);
int cli_accept(int argc, char **argv);

int cli_failed(const struct fault *why); /* prints it; 1 */
int cli_misused(const char *fmt, ...)
	__attribute__((format(printf, 1, 2))); /* prints it and where help is; 2 */

/* DIR/hub.db, of a folder that `waslhub init` has made. */
int cli_store(const char *dir, struct store **out, struct fault *why);
