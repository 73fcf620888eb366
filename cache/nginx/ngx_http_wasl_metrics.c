// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


#define NGX_HTTP_WASL_EXTRA         (2 * AIR_ROOMS + 2)
#define NGX_HTTP_WASL_METRICS_ROOM  (COUNTERS_TEXT_BYTES + 512 * NGX_HTTP_WASL_EXTRA)


void
ngx_http_wasl_metrics_asked(ngx_http_wasl_worker_t *w, enum names_kind kind)
{
    switch (kind) {

    case NAMES_BYTES:
        ngx_http_wasl_more(w, REQUESTS_TEXT, 1);
        return;

    case NAMES_OBJECT:
        ngx_http_wasl_more(w, REQUESTS_OBJECT, 1);
        return;

    case NAMES_RENDITION:
        ngx_http_wasl_more(w, REQUESTS_SEGMENT, 1);
        return;

    case NAMES_VIRTUAL:
        ngx_http_wasl_more(w, REQUESTS_VIRTUAL, 1);
        return;

    case NAMES_REDIRECT:
        ngx_http_wasl_more(w, REQUESTS_REDIRECT, 1);
        return;

    /* a neighbour's, as its objects are: no request of a pupil */
    case NAMES_MAP:
        return;
    }
}


/* A sleep is over: woken, given up, or the client left. */
void
ngx_http_wasl_metrics_slept(ngx_http_wasl_ctx_t *ctx)
{
    counters_took(&ctx->worker->berth->counters, COUNTERS_HISTOGRAM_WAIT,
                  ngx_current_msec - ctx->wait_began);
}


/* All of it went out. How long a compressed text is nobody knows but the filter that made it. */
static ngx_uint_t
ngx_http_wasl_metrics_whole(ngx_http_wasl_ctx_t *ctx, off_t sent)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    if (!r->header_sent) {
        return 0;
    }

    if (r->header_only || sent >= ctx->length) {
        return 1;
    }

    return r->headers_out.content_length_n == -1 && ctx->sender.at == ctx->sender.end
           && !r->buffered && !c->buffered && !c->error && !c->timedout;
}


/* The request is over: how did it end? */
void
ngx_http_wasl_metrics_done(ngx_http_wasl_ctx_t *ctx)
{
    off_t                    sent;
    ngx_http_request_t      *r;
    ngx_http_wasl_worker_t  *w;

    r = ctx->request;
    w = ctx->worker;

    if (r->err_status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_http_wasl_more(w, REPLIES_UNAVAILABLE, 1);
        return;
    }

    if (r->err_status == NGX_HTTP_NOT_FOUND) {
        ngx_http_wasl_more(w, REPLIES_MISSING, 1);
        return;
    }

    if (r->err_status) {
        ngx_http_wasl_more(w, REPLIES_REFUSED, 1);
        return;
    }

    if (r->headers_out.status == NGX_HTTP_NOT_MODIFIED) {
        ngx_http_wasl_more(w, REPLIES_UNCHANGED, 1);
        return;
    }

    sent = r->header_sent ? r->connection->sent - (off_t) r->header_size : 0;
    if (sent > 0) {
        ngx_http_wasl_more(w, SENT_BYTES, (uint64_t) sent);
    }

    if (!ngx_http_wasl_metrics_whole(ctx, sent)) {
        ngx_http_wasl_more(w, REPLIES_CUT, 1);

    } else if (ctx->waited) {
        ngx_http_wasl_more(w, REPLIES_WAITED, 1);

    } else {
        ngx_http_wasl_more(w, REPLIES_HIT, 1);
    }
}


void
ngx_http_wasl_metrics_tick(ngx_http_wasl_worker_t *w)
{
    struct counters  *c;

    c = &w->berth->counters;

    counters_set(c, COUNTERS_WORKERS, 1);
    counters_set(c, COUNTERS_WANT_CONNECTED, w->want != NULL);
    counters_set(c, COUNTERS_WAITING_THINGS, waiters_things(w->waiters));
}


/* What no worker can say alone. */
static size_t
ngx_http_wasl_metrics_extra(ngx_http_wasl_worker_t *w, struct counters_extra *extra,
    u_char labels[AIR_ROOMS][NGX_HTTP_WASL_LABEL])
{
    extra[0].metric = "wasl_tally_rows";
    extra[0].labels = "";
    extra[0].help = "Counts of use that are not on wasl-contentd's disk yet.";
    extra[0].value = crew_rows(w->shared->crew);

    return 1 + ngx_http_wasl_air_metrics(w, &extra[1], labels);
}


ngx_int_t
ngx_http_wasl_metrics_handler(ngx_http_request_t *r)
{
    size_t                      len, count;
    u_char                      labels[AIR_ROOMS][NGX_HTTP_WASL_LABEL];
    ngx_int_t                   rc;
    ngx_buf_t                  *b;
    ngx_chain_t                 out;
    struct counters             sum;
    struct counters_extra       extra[NGX_HTTP_WASL_EXTRA];
    ngx_http_wasl_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_wasl_module);

    if (wmcf->worker == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_create_temp_buf(r->pool, NGX_HTTP_WASL_METRICS_ROOM);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    crew_sum(wmcf->worker->shared->crew, &sum);

    count = ngx_http_wasl_metrics_extra(wmcf->worker, extra, labels);
    len = counters_text(&sum, extra, count, (char *) b->pos, NGX_HTTP_WASL_METRICS_ROOM);
    if (len == 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + len;
    b->last_buf = 1;
    b->last_in_chain = 1;
    out.buf = b;
    out.next = NULL;

    ngx_str_set(&r->headers_out.content_type, "text/plain; version=0.0.4; charset=utf-8");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = (off_t) len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}
