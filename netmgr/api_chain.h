// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct ctl_request;

/* The chain of minutes on the control socket (firmware/SOCKETS.md); `data` is the engine. */
void api_chain(struct ctl_request *req, void *data);
void api_links(struct ctl_request *req, void *data);
