// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/daemon.h"
#include "provisioning/ndtd/ndtd.h"

struct state {
	struct ndtd_conf conf;
	struct ndtd *ndtd;
};

static int start(struct sd_event *loop, void *state, struct fault *why)
{
	struct state *s = state;
	return ndtd_new(loop, &s->conf, &s->ndtd, why);
}

static void stop(void *state)
{
	struct state *s = state;
	ndtd_free(s->ndtd);
}

int main(int argc, char **argv)
{
	static struct state state;
	static const struct daemon_spec spec = {
		.name = "ndtd",
		.summary = "Answers boxes that ask whether a line leads to the hub, and how fast "
			   "it is.",
		.schema = &ndtd_schema,
		.conf = &state.conf,
		.start = start,
		.stop = stop,
		.check = ndtd_check,
		.state = &state,
	};
	return daemon_main(&spec, argc, argv);
}
