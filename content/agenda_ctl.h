// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

struct ctl_request;
struct fault;

/* Lessons that people ask for by a day, on the control socket (firmware/SOCKETS.md); `data` is the struct contentd. */
void agenda_ctl_request(struct ctl_request *req,
			void *data); /* {"lesson": ID, "needed_by": DAY or null} */
void agenda_ctl_requests(struct ctl_request *req, void *data); /* all of them */

/* "2026-11-25" as days since 1970; -EINVAL for anything else. Pure. */
int agenda_ctl_day(const char *text, int32_t *out);
