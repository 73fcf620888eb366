// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

/* content-answers SOCKET FILE: another daemon of the box, that answers what stands in the file at that moment. */

static void answer(struct ctl_request *req, void *data)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	if (fileio_read(data, 1 << 20, &bytes, &len, &why))
		ctl_reply_fault(req, 503, &why);
	else
		ctl_reply_bytes(req, 200, "application/json", bytes, len);
}

int main(int argc, char **argv)
{
	static const struct ctl_route routes[] = { { "GET", "/v1/*", answer, 0 } };
	struct sd_event *loop = NULL;
	struct ctl *ctl = NULL;
	struct fault why = { 0 };
	if (argc != 3) {
		fputs("usage: content-answers SOCKET FILE\n", stderr);
		return 2;
	}
	if (sd_event_default(&loop) < 0 ||
	    ctl_listen(loop, argv[1], 0600, routes, ARRAY_LEN(routes), argv[2], &ctl, &why)) {
		fprintf(stderr, "content-answers: %s\n", why.text);
		return 1;
	}
	sd_event_loop(loop);
	return 0;
}
