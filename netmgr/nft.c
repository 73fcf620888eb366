// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
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

static int run(struct nft *n, const char *text, struct fault *why)
{
	if (nft_run_cmd_from_buffer(n->ctx, text) == 0)
		return 0;
	const char *error = nft_ctx_get_error_buffer(n->ctx);
	return fault_set(why, -EIO, "nftables.run",
			 "nftables refused table 'inet wasl'; is nf_tables in this kernel? %.300s",
			 error ? error : "");
}

int nft_put(struct nft *n, const struct plan_uplink *uplinks, size_t count,
	    const struct prefer_ways *ways, struct fault *why)
{
	char text[PLAN_NFT_ROOM];
	int r = plan_nft(uplinks, count, ways, text);
	return r < 0 ? fault_set(why, r, "nftables.text", "too many uplinks for one nftables text")
		     : run(n, text, why);
}

int nft_put_sets(struct nft *n, const struct plan_uplink *uplinks, size_t count,
		 const struct prefer_ways *ways, struct fault *why)
{
	char text[PLAN_NFT_ROOM];
	int r = plan_nft_sets(uplinks, count, ways, text);
	return r < 0 ? fault_set(why, r, "nftables.text", "too many uplinks for one nftables text")
		     : run(n, text, why);
}

bool nft_is_there(struct nft *n)
{
	return run(n, "list table inet wasl", NULL) == 0;
}

int nft_remove(struct nft *n, struct fault *why)
{
	return run(n, "add table inet wasl\ndelete table inet wasl\n", why);
}
