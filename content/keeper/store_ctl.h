// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct ctl_request;

/*
 * The store's part of the control socket (firmware/SOCKETS.md), for `wasl store`. `data` is the struct contentd.
 * A file comes in by its map first, then in pieces that are verified like those of any origin, then it gets its address:
 * nothing of it is kept in memory, and what was interrupted goes on where it was.
 */
enum { STORE_CTL_MAP_BYTES = 33 << 20, STORE_CTL_PUT_BYTES = 1 << 20 };

void store_ctl_status(struct ctl_request *req, void *data);
void store_ctl_files(struct ctl_request *req, void *data);
void store_ctl_open(struct ctl_request *req, void *data); /* ?id=HEX&path=…&type=…, body: the map */
void store_ctl_put(struct ctl_request *req, void *data); /* ?id=HEX&chunk=N, body: whole chunks */
/* ?name=…: what a person calls it (content/keeper/keeper.h) */
void store_ctl_why(struct ctl_request *req, void *data);
void store_ctl_pin(struct ctl_request *req, void *data);
void store_ctl_unpin(struct ctl_request *req, void *data);
void store_ctl_verify(struct ctl_request *req, void *data); /* or ?all=1 */
void store_ctl_evict(struct ctl_request *req, void *data);  /* or ?bytes=N */
void store_ctl_name(struct ctl_request *req, void *data);   /* ?id=HEX&path=…&type=… */
