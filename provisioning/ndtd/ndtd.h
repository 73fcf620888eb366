// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/base/conf.h"

struct fault;
struct sd_event;

/* wasl-ndtd without its main(): the hub's end of what boxes measure. */
struct ndtd_conf {
	struct {
		char address[64], secret[256];
		int64_t port, per_box, per_address;
		int64_t ndt_port, ndt_at_once, ndt_per_address, ndt_per_minute;
		int ndt_whom;
	} ndtd;
};
extern const struct conf_schema ndtd_schema;
int ndtd_check(const void *conf, struct fault *why);

struct ndtd;
/* `conf` is borrowed for the life of *out. */
int ndtd_new(struct sd_event *loop, const struct ndtd_conf *conf, struct ndtd **out,
	     struct fault *why);
void ndtd_free(struct ndtd *n); /* NULL is fine */
