// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/record/ndtmsg.h"
#include "netmgr/measure/ndt_said.h"
#include "netmgr/measure/ndt_stop.h"

struct fault;

/*
 * One ndt7 measurement over a socket that somebody else has dialled, in the process that does nothing else: what comes is a
 * stranger's. How it ended is a result and no failure.
 */
struct ndt_run_spec {
	enum ndt_way way;
	int fd;            /* connecting or connected, non-blocking; becomes the run's */
	const char *host;  /* what the Host header says */
	const char *token; /* of the query string; "" none */
	struct ndt_stop_rules rules;
};

/* Closes the walls of firmware/base/sandbox.h around itself before the first byte comes. `told` is called four times a second. */
int ndt_run(const struct ndt_run_spec *spec, void (*told)(const struct ndt_result *so_far),
	    struct ndt_result *out, struct fault *why);
