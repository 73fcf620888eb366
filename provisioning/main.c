// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/daemon.h"
#include "provisioning/provisiond.h"

struct state {
	struct provisiond_conf conf;
	struct provisiond *provisiond;
};

static int start(struct sd_event *loop, void *state, struct fault *why)
{
	struct state *s = state;
	return provisiond_new(loop, &s->conf, &s->provisiond, why);
}

static void stop(void *state)
{
	struct state *s = state;
	provisiond_free(s->provisiond);
}

int main(int argc, char **argv)
{
	static struct state state;
	static const struct daemon_spec spec = {
		.name = "provisiond",
		.summary = "Takes a box from the carton to a school: claim, order, enrolment.",
		.schema = &provisiond_schema,
		.conf = &state.conf,
		.start = start,
		.stop = stop,
		.check = provisiond_check,
		.state = &state,
	};
	return daemon_main(&spec, argc, argv);
}
