// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

struct fault;

/* nftables of the kernel by its own language (nft(8)): each text is one transaction, all of it or nothing. */
struct nft;

int nft_open(struct nft **out, struct fault *why);
void nft_close(struct nft *n); /* NULL is fine; what stands in the kernel stays */

/* -EIO with a fault of that id when the kernel refuses it. */
int nft_run(struct nft *n, const char *text, const char *fault_id, struct fault *why);

/* Whether the kernel would take it: nothing is changed. */
bool nft_would(struct nft *n, const char *text);

/* Whether it is there: "table inet wasl", "chain inet wasl_wall input". */
bool nft_has(struct nft *n, const char *what);
