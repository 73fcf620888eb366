// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "firmware/base/fault.h"
#include "firmware/record/signed.h"
#include "provisioning/hub/batch.h"
#include "provisioning/hub/edition.h"
#include "provisioning/hub/mezzanine.h"
#include "provisioning/hub/store.h"
#include "provisioning/hub/unnamed.h"

/*
 * What the commands of `waslhub` share. A command gets its own name as argv[0] and answers the exit status:
 * 0 done, 1 failed (one sentence on standard error), 2 called wrongly.
 */
#define CLI_DIR "/var/lib/wasl/hub"

int cli_init(int argc, char **argv);
int cli_school(int argc, char **argv);
int cli_order(int argc, char **argv);
int cli_publish(int argc, char **argv);
int cli_withdraw(int argc, char **argv);
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

/* The catalogue in force, opened to become the next one: one process at a time. */
struct cli_edition {
	struct edition edition;
	struct signed_key content_key;
	int lock; /* -1: none */
};
/* cli_edition_done() also after a failure. */
int cli_edition_open(const char *dir, struct cli_edition *out, struct fault *why);
void cli_edition_done(struct cli_edition *e);
/* Puts it in force, says so, and removes what it does not name. */
int cli_edition_finish(const char *dir, struct cli_edition *e, enum unnamed_reach reach,
		       struct fault *why);
/* The latter alone, for one that is in force unchanged. */
int cli_edition_tidy(const char *dir, const struct cli_edition *e, enum unnamed_reach reach,
		     struct fault *why);

/* DIR/hub.db, of a folder that `waslhub init` has made. */
int cli_store(const char *dir, struct store **out, struct fault *why);
