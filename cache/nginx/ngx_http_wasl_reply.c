// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


#define NGX_HTTP_WASL_RETRY_S  "5"


ngx_table_elt_t *
ngx_http_wasl_push(ngx_http_request_t *r, const char *name, const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->lowcase_key = NULL;
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return h;
}


/* Not now: before the first byte that is an answer, after it only closing the connection is. */
ngx_int_t
ngx_http_wasl_unavailable(ngx_http_wasl_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (r->header_sent) {
        r->keepalive = 0;
        return NGX_ERROR;
    }

    return ngx_http_wasl_later(r);
}


ngx_int_t
ngx_http_wasl_later(ngx_http_request_t *r)
{
    if (ngx_http_wasl_push(r, "Retry-After", NGX_HTTP_WASL_RETRY_S) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


static struct reply_text
ngx_http_wasl_text(ngx_table_elt_t *h)
{
    struct reply_text  text;

    text.at = h ? (char *) h->value.data : NULL;
    text.len = h ? h->value.len : 0;

    return text;
}


static int64_t
ngx_http_wasl_time(ngx_table_elt_t *h)
{
    return h ? (int64_t) ngx_parse_http_time(h->value.data, h->value.len) : -1;
}


static enum reply_kind
ngx_http_wasl_decide(ngx_http_wasl_ctx_t *ctx, uint64_t size, uint64_t *from, uint64_t *len)
{
    struct reply_ask     ask;
    struct reply_thing   thing;
    ngx_http_request_t  *r;

    r = ctx->request;

    ask.if_match = ngx_http_wasl_text(r->headers_in.if_match);
    ask.if_none_match = ngx_http_wasl_text(r->headers_in.if_none_match);
    ask.if_range = ngx_http_wasl_text(r->headers_in.if_range);
    /* ranges are defined for GET alone: RFC 9110, section 14.2 */
    ask.range = ngx_http_wasl_text(r->method == NGX_HTTP_GET ? r->headers_in.range : NULL);
    ask.if_modified_since = ngx_http_wasl_time(r->headers_in.if_modified_since);
    ask.if_unmodified_since = ngx_http_wasl_time(r->headers_in.if_unmodified_since);
    ask.if_range_date = ngx_http_wasl_time(r->headers_in.if_range);

    thing.etag = ctx->sender.entry.etag;
    thing.modified_s = ctx->sender.entry.modified_s;
    thing.size = size;

    return reply_decide(&ask, &thing, from, len);
}


static ngx_int_t
ngx_http_wasl_content_range(ngx_http_request_t *r, uint64_t from, uint64_t len, uint64_t size)
{
    u_char           *text;
    ngx_table_elt_t  *h;

    text = ngx_pnalloc(r->pool, sizeof("bytes -/") + 3 * NGX_OFF_T_LEN);
    if (text == NULL) {
        return NGX_ERROR;
    }

    if (len) {
        *ngx_sprintf(text, "bytes %uL-%uL/%uL", from, from + len - 1, size) = '\0';

    } else {
        *ngx_sprintf(text, "bytes */%uL", size) = '\0';
    }

    h = ngx_http_wasl_push(r, "Content-Range", (char *) text);
    r->headers_out.content_range = h;

    return h ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_wasl_disposition(ngx_http_request_t *r, const char *name)
{
    char    *text;
    size_t   room;

    if (name[0] == '\0') {
        return NGX_OK;
    }

    room = ngx_strlen(name) * 6 + 64;
    text = ngx_pnalloc(r->pool, room);

    if (text == NULL || reply_disposition(name, text, room) == 0) {
        return NGX_ERROR;
    }

    return ngx_http_wasl_push(r, "Content-Disposition", text) ? NGX_OK : NGX_ERROR;
}


/* What all replies about a thing share, those without a body too. */
static ngx_int_t
ngx_http_wasl_common_headers(ngx_http_wasl_ctx_t *ctx, ngx_uint_t weak)
{
    char                      *etag;
    ngx_http_request_t        *r;
    const struct names_entry  *e;

    r = ctx->request;
    e = &ctx->sender.entry;

    etag = ngx_pnalloc(r->pool, sizeof("W/") + REPLY_ETAG_LEN);
    if (etag == NULL) {
        return NGX_ERROR;
    }

    etag[0] = 'W';
    etag[1] = '/';
    reply_etag(e->etag, etag + 2);

    r->headers_out.etag = ngx_http_wasl_push(r, "ETag", weak ? etag : etag + 2);
    if (r->headers_out.etag == NULL
        || ngx_http_wasl_push(r, "Cache-Control", reply_cache_control(e->cache)) == NULL)
    {
        return NGX_ERROR;
    }

    /* not only where nginx's filter compresses: parts and 304 are of the same thing */
    if (reply_compressible(e->media_type)) {
        r->gzip_vary = 1;
    }

    r->headers_out.last_modified_time = (time_t) e->modified_s;

    /* conditions and ranges are decided by the engine, not by nginx's filters */
    r->disable_not_modified = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_wasl_send_header(ngx_http_wasl_ctx_t *ctx)
{
    ngx_http_request_t        *r;
    const struct names_entry  *e;

    r = ctx->request;
    e = &ctx->sender.entry;

    r->headers_out.status = ctx->part ? NGX_HTTP_PARTIAL_CONTENT : NGX_HTTP_OK;

    if (ctx->part
        && ngx_http_wasl_content_range(r, ctx->sender.at, (uint64_t) ctx->length, ctx->size)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_type.data = (u_char *) e->media_type;
    r->headers_out.content_type.len = ngx_strlen(e->media_type);
    /* by this, without parameters, nginx's filters know a type */
    r->headers_out.content_type_len = strcspn(e->media_type, "; ");
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = ctx->length;

    r->headers_out.accept_ranges = ngx_http_wasl_push(r, "Accept-Ranges", "bytes");

    if (r->headers_out.accept_ranges == NULL
        || ngx_http_wasl_common_headers(ctx, 0) != NGX_OK
        || ngx_http_wasl_disposition(r, e->download_name) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_wasl_not_modified(ngx_http_wasl_ctx_t *ctx)
{
    struct reply_text    named;
    ngx_http_request_t  *r;

    r = ctx->request;
    named = ngx_http_wasl_text(r->headers_in.if_none_match);

    /* what the client has is still right: it is named as the client names it */
    if (ngx_http_wasl_common_headers(ctx, reply_named_weakly(&named, ctx->sender.entry.etag))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NOT_MODIFIED;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


/* NGX_DECLINED: there is a body to send. */
ngx_int_t
ngx_http_wasl_begin(ngx_http_wasl_ctx_t *ctx, uint64_t size)
{
    uint64_t             from, len;
    ngx_int_t            rc;
    enum reply_kind      kind;
    ngx_http_request_t  *r;

    r = ctx->request;
    kind = ngx_http_wasl_decide(ctx, size, &from, &len);

    switch (kind) {

    case REPLY_NOT_MODIFIED:
        return ngx_http_wasl_not_modified(ctx);

    case REPLY_FAILED:
        return NGX_HTTP_PRECONDITION_FAILED;

    case REPLY_UNSATISFIABLE:
        if (ngx_http_wasl_content_range(r, 0, 0, size) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        return NGX_HTTP_RANGE_NOT_SATISFIABLE;

    case REPLY_PART:
    case REPLY_WHOLE:
        break;
    }

    if (ctx->near) {
        rc = ngx_http_wasl_near_clip(ctx, kind, from, &len);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    sender_range(&ctx->sender, from, len);
    ctx->size = size;
    ctx->length = (off_t) len;
    ctx->part = (kind == REPLY_PART);
    ctx->to_end = (from + len == size);
    ctx->decided = 1;

    return NGX_DECLINED;
}


/* Where it leads is known before anything else is done: the index may be damaged, or unmapped, by then. */
ngx_int_t
ngx_http_wasl_redirect(ngx_http_request_t *r, ngx_http_wasl_worker_t *w, struct names_entry *entry)
{
    char       *room;
    size_t      len;
    ngx_int_t   rc;

    len = 0;

    if (names_keep_texts(entry, NULL, &len) != 0) {
        return ngx_http_wasl_later(r);
    }

    room = ngx_pnalloc(r->pool, len);
    if (room == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (names_keep_texts(entry, room, &len) != 0) {
        return ngx_http_wasl_later(r);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_wasl_metrics_asked(w, entry->kind);

    r->headers_out.location = ngx_http_wasl_push(r, "Location", entry->redirect);
    if (r->headers_out.location == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_MOVED_TEMPORARILY;
}
