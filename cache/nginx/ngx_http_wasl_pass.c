// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


/* contentd came, maybe another one: its area takes the place of the last one's. */
void
ngx_http_wasl_pass_take(ngx_http_wasl_worker_t *w, int fd)
{
    pass_free(w->pass);
    w->pass = NULL;

    if (fd != -1 && pass_map(fd, &w->pass) != 0) {
        ngx_log_error(NGX_LOG_WARN, w->log, 0,
                      "wasl: the memory that contentd gave cannot be used: "
                      "on a full disk, what is not stored cannot be sent");
    }
}


static struct pass_key
ngx_http_wasl_pass_key(const struct sender_want *want)
{
    struct pass_key  key;

    key.id = want->id;
    key.rendition = want->rendition;
    key.number = want->first;

    return key;
}


ngx_uint_t
ngx_http_wasl_pass_there(ngx_http_wasl_worker_t *w, const struct sender_want *want,
    struct pass_about *about)
{
    struct pass_key  key;

    key = ngx_http_wasl_pass_key(want);

    return w->pass && pass_has(w->pass, &key, about);
}


/*
 * Sends the next bytes out of the area. They are copied, because the slot may go to something else while the socket still
 * has them: room for one slot, used again only when nginx holds nothing of it any more.
 */
ngx_int_t
ngx_http_wasl_pass(ngx_http_wasl_ctx_t *ctx, const struct sender_want *want)
{
    int64_t              got;
    uint64_t             from, left;
    ngx_buf_t           *b;
    struct sender       *s;
    struct pass_key      key;
    struct pass_about    about;
    ngx_http_request_t  *r;

    r = ctx->request;
    s = &ctx->sender;
    key = ngx_http_wasl_pass_key(want);

    if (ctx->passing == NULL) {
        ctx->passing = ngx_palloc(r->pool, PASS_SLOT_BYTES);
    }

    if (ctx->passing == NULL) {
        return NGX_ERROR;
    }

    from = want->size ? s->at % PASS_SLOT_BYTES : s->at;
    left = s->end - s->at;

    /* a segment that was made anew may be another: what was promised cannot be kept */
    if (!pass_has(ctx->worker->pass, &key, &about)) {
        return NGX_OK;
    }

    if (from >= about.size || !sender_goes_on(s, about.tag)) {
        return ngx_http_wasl_unavailable(ctx);
    }

    got = pass_read(ctx->worker->pass, &key, about.tag, from, ctx->passing,
                    left < PASS_SLOT_BYTES ? left : PASS_SLOT_BYTES);

    if (got <= 0) {
        /* overwritten at this moment: it is asked for again */
        return NGX_OK;
    }

    s->at += got;
    ngx_http_wasl_more(ctx->worker, PASSED, 1);
    ngx_http_wasl_more(ctx->worker, PASSED_BYTES, (uint64_t) got);

    b = &ctx->first_buf;
    ngx_memzero(b, sizeof(ngx_buf_t));

    b->pos = ctx->passing;
    b->last = b->pos + got;
    b->memory = 1;
    b->flush = 1;
    b->last_buf = (s->at == s->end);
    b->last_in_chain = b->last_buf;
    b->tag = (ngx_buf_tag_t) &ngx_http_wasl_module;

    ctx->first_chain.next = NULL;

    return ngx_http_output_filter(r, &ctx->first_chain);
}
