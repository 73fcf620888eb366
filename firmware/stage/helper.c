// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/helper.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/stage/run.h"

enum { ASK_MS = 10000, TOKEN_BYTES = 256, KEPT_ORDER_MS = 60000 };

CLEAN_FN(json, json_t, json_decref)

static int failed(const struct fault *why)
{
	fprintf(stderr, "wasl-stage: %s\n", why->text);
	return 1;
}

/* execvp() wants writable words; it does not write to them. */
static char *word(const char *text)
{
	union {
		const char *given;
		char *taken;
	} u = { text };
	return u.taken;
}

/* Values of `--name VALUE` options, all of them needed. */
struct needed {
	const char *name;
	const char **value;
};

static int read_options(int argc, char **argv, const struct needed *all, size_t count)
{
	for (int i = 1; i < argc; i += 2) {
		size_t k = 0;
		while (k < count &&
		       (strncmp(argv[i], "--", 2) != 0 || strcmp(argv[i] + 2, all[k].name) != 0))
			k++;
		if (k == count || i + 1 == argc) {
			fprintf(stderr, "wasl-stage: '%s' is not expected here\n", argv[i]);
			return -EINVAL;
		}
		*all[k].value = argv[i + 1];
	}
	for (size_t k = 0; k < count; k++) {
		if (!*all[k].value) {
			fprintf(stderr, "wasl-stage: --%s is needed\n", all[k].name);
			return -EINVAL;
		}
	}
	return 0;
}

int helper_token(int argc, char **argv)
{
	const char *waslhub = NULL, *out = NULL;
	const struct needed options[] = { { "waslhub", &waslhub }, { "out", &out } };
	if (read_options(argc, argv, options, ARRAY_LEN(options)))
		return 2;
	if (access(out, R_OK) == 0) {
		puts("as before");
		return 0;
	}
	struct fault why;
	AUTO_FREE char *text = NULL;
	char *const words[] = { word(waslhub), word("token"), word("viewer"), NULL };
	if (run_program(words, NULL, &text, &why))
		return failed(&why);
	size_t len = strcspn(text, "\r\n");
	if (len == 0 || len > TOKEN_BYTES) {
		fault_set(&why, -EBADMSG, "stage.token", "'%s token viewer' printed no token",
			  waslhub);
		return failed(&why);
	}
	text[len] = '\n';
	if (fileio_replace(out, text, len + 1, 0600, &why))
		return failed(&why);
	printf("%s\n", out);
	return 0;
}

struct enrolment {
	const char *waslhub, *wasl, *hub, *school, *gate;
};

static int identity(json_t **out, struct fault *why)
{
	return ctl_call(paths_at("/run/wasl/agentd.sock").at, "GET", "/v1/identity", NULL, ASK_MS,
			out, why);
}

static const char *text_of(const json_t *from, const char *name)
{
	const char *text = json_string_value(json_object_get(from, name));
	return text ? text : "";
}

/* An order for this very box; the file is used once and removed. */
static int claim(const struct enrolment *e, const json_t *who, struct fault *why)
{
	struct path order = paths_at("/run/wasl/order.signed");
	char *const make[] = { word(e->waslhub),
			       word("order"),
			       word("--school"),
			       word(e->school),
			       word("--claim"),
			       word(text_of(who, "claim_code")),
			       word("--technician"),
			       word("wasl-stage"),
			       word("--hub-url"),
			       word(e->gate),
			       word("--origin-url"),
			       word(e->gate),
			       word("--out"),
			       order.at,
			       NULL };
	char *const give[] = { word(e->wasl), word("--lang"), word("en"),
			       word("claim"), order.at,       NULL };
	int rc = run_program(make, e->hub, NULL, why);
	if (rc == 0)
		rc = run_program(give, NULL, NULL, why);
	unlink(order.at);
	return rc;
}

/* An order that met no hub is kept and tried again by the box itself: waits for that. */
static int enrolled_by_itself(void)
{
	uint64_t end = clock_mono_ms() + KEPT_ORDER_MS;
	while (clock_mono_ms() < end) {
		CLEANUP(clean_json) json_t *who = NULL;
		if (identity(&who, NULL) == 0 && json_is_true(json_object_get(who, "enrolled")))
			return 1;
		nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL);
	}
	return 0;
}

int helper_enrol(int argc, char **argv)
{
	struct enrolment e = { 0 };
	const struct needed options[] = { { "waslhub", &e.waslhub },
					  { "wasl", &e.wasl },
					  { "hub", &e.hub },
					  { "school", &e.school },
					  { "gate", &e.gate } };
	if (read_options(argc, argv, options, ARRAY_LEN(options)))
		return 2;
	struct fault why;
	CLEANUP(clean_json) json_t *who = NULL;
	if (identity(&who, &why))
		return failed(&why);
	if (json_is_true(json_object_get(who, "enrolled"))) {
		printf("as before, for %s\n", text_of(who, "school_code"));
		return 0;
	}
	if (claim(&e, who, &why) && !enrolled_by_itself())
		return failed(&why);
	CLEANUP(clean_json) json_t *after = NULL;
	if (identity(&after, &why))
		return failed(&why);
	if (!json_is_true(json_object_get(after, "enrolled"))) {
		fault_set(&why, -EIO, "stage.enrol",
			  "the box took the order but is not enrolled; look at the logs of "
			  "provisiond and agentd");
		return failed(&why);
	}
	printf("%s (%s)\n", text_of(after, "school_name"), text_of(after, "school_code"));
	return 0;
}
