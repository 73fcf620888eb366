// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/contentd.h"
#include "firmware/base/daemon.h"

struct state {
	struct content_conf conf;
	struct conf_source source;
	struct contentd *contentd;
};

static int start(struct sd_event *loop, void *state, struct fault *why)
{
	struct state *s = state;
	return contentd_new(loop, &s->conf, &s->source, &s->contentd, why);
}

static void stop(void *state)
{
	struct state *s = state;
	contentd_free(s->contentd);
}

int main(int argc, char **argv)
{
	static struct state state = { .source.size = sizeof(state.conf) };
	static const struct daemon_spec spec = {
		.name = "contentd",
		.summary = "Brings lessons in, makes them ready for phones, writes the classroom's "
			   "pages.",
		.schema = &content_schema,
		.conf = &state.conf,
		.source = &state.source,
		.start = start,
		.stop = stop,
		.check = content_conf_check,
		.state = &state,
	};
	return daemon_main(&spec, argc, argv);
}
