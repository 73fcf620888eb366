// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct ctl_request;

/* The wireless networks on the control socket (firmware/SOCKETS.md); `data` is the engine. */
void api_wifi(struct ctl_request *req, void *data);
void api_metrics(struct ctl_request *req, void *data);
