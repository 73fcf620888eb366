// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct contentd;
struct ctl_request;

/*
 * The configuration while lessons run: what the ministry may set (firmware/base/settings_rules.h) is taken over as it comes, the
 * rest at the next start. Nothing under way is dropped. Settings that cannot be used are told once, and stay out.
 */
void settle_begin(struct contentd *c); /* what was read at the start: tells what was refused */
void settle_ctl_reload(struct ctl_request *req, void *data);
