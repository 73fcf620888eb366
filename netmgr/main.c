// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/daemon.h"
#include "netmgr/engine.h"

struct state {
	struct net_conf conf;
	struct conf_source source;
	struct engine engine;
};

static int start(struct sd_event *loop, void *state, struct fault *why)
{
	struct state *s = state;
	return engine_start(&s->engine, loop, &s->conf, why);
}

static void stop(void *state)
{
	struct state *s = state;
	engine_stop(&s->engine);
}

static int check(const void *conf, struct fault *why)
{
	int r = net_conf_check(conf, why);
	return r == 0 ? kernel_check(conf, why) : r;
}

int main(int argc, char **argv)
{
	static struct state state = { .source.size = sizeof(state.conf) };
	static const struct daemon_spec spec = {
		.name = "netmgrd",
		.summary = "Keeps the uplinks of a school alive and keeps book of their minutes.",
		.schema = &net_conf_schema,
		.conf = &state.conf,
		.source = &state.source,
		.start = start,
		.stop = stop,
		.check = check,
		.state = &state,
	};
	return daemon_main(&spec, argc, argv);
}
