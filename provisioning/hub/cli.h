// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "firmware/base/fault.h"
#include "provisioning/hub/batch.h"
#include "provisioning/hub/mezzanine.h"
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

/* `waslhub offers ask | accept | decline …`, from its first word on. */
int cli_offers_say(int argc, char **argv);

/*
 * What is published: encoded, checked, in the origin, then `still` (NULL: nothing is asked) may refuse before the next catalogue is
 * signed.
 */
struct cli_press {
	const char *dir;
	struct mezzanine_maker maker;
	const struct batch *batch;
	int (*still)(void *data, struct fault *why);
	void *data;
};
int cli_press(const struct cli_press *order, struct fault *why);
int cli_preset(const char *text, int *out); /* -EINVAL: not 4 to 13 */

/* DIR/hub.db, of a folder that `waslhub init` has made. */
int cli_store(const char *dir, struct store **out, struct fault *why);
