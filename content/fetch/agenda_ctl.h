// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

struct contentd;
struct ctl_request;
struct fault;

/* Lessons that people ask for by a day, on the control socket (firmware/SOCKETS.md); `data` is the struct contentd. */
void agenda_ctl_request(struct ctl_request *req,
			void *data); /* {"lesson": ID, "needed_by": DAY or null} */
void agenda_ctl_requests(struct ctl_request *req, void *data); /* all of them */

/* The same for other parts of contentd: checked, and durable when 0. `day` as "2026-11-25". */
int agenda_ctl_ask(struct contentd *c, const char *lesson, const char *day, struct fault *why);
int agenda_ctl_withdraw(struct contentd *c, const char *lesson, struct fault *why);

/* "2026-11-25" as days since 1970; -EINVAL for anything else. Pure. */
int agenda_ctl_day(const char *text, int32_t *out);
