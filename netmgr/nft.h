// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netmgr/plan.h"

struct fault;

/* The nftables table `inet wasl` of the kernel: put, looked for and removed whole, each in one transaction. */
struct nft;

int nft_open(struct nft **out, struct fault *why);
void nft_close(struct nft *n); /* NULL is fine; the table stays */

int nft_put(struct nft *n, const struct plan_uplink *uplinks, size_t count,
	    const struct prefer_ways *ways, struct fault *why);
int nft_put_sets(struct nft *n, const struct plan_uplink *uplinks, size_t count,
		 const struct prefer_ways *ways, struct fault *why);
bool nft_is_there(struct nft *n);
int nft_remove(struct nft *n, struct fault *why);
