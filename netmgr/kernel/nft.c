// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/base/fault.h"

struct nft {
	struct nft_ctx *ctx;
};

void nft_close(struct nft *n)
{
	if (!n)
		return;
	if (n->ctx)
		nft_ctx_free(n->ctx);
	free(n);
}

int nft_open(struct nft **out, struct fault *why)
{
	struct nft *n = calloc(1, sizeof(*n));
	if (n)
		n->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	/* Into memory: nothing is written to the daemon's own output. */
	if (!n || !n->ctx || nft_ctx_buffer_error(n->ctx) != 0 ||
	    nft_ctx_buffer_output(n->ctx) != 0) {
		nft_close(n);
		return fault_set(why, -ENOMEM, "nftables.open", "no memory for nftables");
	}
	*out = n;
	return 0;
}

int nft_run(struct nft *n, const char *text, const char *fault_id, struct fault *why)
{
	if (nft_run_cmd_from_buffer(n->ctx, text) == 0)
		return 0;
	const char *error = nft_ctx_get_error_buffer(n->ctx);
	return fault_set(why, -EIO, fault_id,
			 "nftables refused the rules, those before stay; is nf_tables in this "
			 "kernel? %.300s",
			 error ? error : "it says nothing");
}

bool nft_would(struct nft *n, const char *text)
{
	nft_ctx_set_dry_run(n->ctx, true);
	const bool takes = nft_run_cmd_from_buffer(n->ctx, text) == 0;
	nft_ctx_set_dry_run(n->ctx, false);
	return takes;
}

bool nft_has(struct nft *n, const char *what)
{
	char order[64];
	snprintf(order, sizeof(order), "list %s", what);
	return nft_run_cmd_from_buffer(n->ctx, order) == 0;
}
