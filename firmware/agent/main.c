// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/agent.h"
#include "firmware/base/daemon.h"

struct state {
	struct agent_conf conf;
	struct conf_source source;
	struct agent *agent;
};

static int start(struct sd_event *loop, void *state, struct fault *why)
{
	struct state *s = state;
	return agent_new(loop, &s->conf, &s->source, &s->agent, why);
}

static void stop(void *state)
{
	struct state *s = state;
	agent_free(s->agent);
}

int main(int argc, char **argv)
{
	static struct state state = { .source.size = sizeof(state.conf) };
	static const struct daemon_spec spec = {
		.name = "agentd",
		.summary = "Keeps this box's keys, reports its counts to the ministry and keeps "
			   "the receipts.",
		.schema = &agent_schema,
		.conf = &state.conf,
		.source = &state.source,
		.start = start,
		.stop = stop,
		.check = agent_check,
		.state = &state,
	};
	return daemon_main(&spec, argc, argv);
}
