// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct ctl_request;

/* GET /v1/checks?day= (firmware/SOCKETS.md); `data` is the engine. */
void api_checks(struct ctl_request *req, void *data);
