// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


static void ngx_http_wasl_write_handler(ngx_http_request_t *r);
static void ngx_http_wasl_cleanup(void *data);


static ngx_file_t *
ngx_http_wasl_file(ngx_http_wasl_ctx_t *ctx, const struct view_file *file)
{
    ngx_http_wasl_file_t  *f;

    for (f = ctx->files; f; f = f->next) {
        if (f->item == file->item) {
            return &f->file;
        }
    }

    f = &ctx->first_file;
    if (f->item) {
        f = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_wasl_file_t));
        if (f == NULL) {
            return NULL;
        }
    }

    view_hold(file->item);

    f->item = file->item;
    f->file.fd = file->fd;
    f->file.log = ctx->request->connection->log;
    ngx_str_set(&f->file.name, "wasl");
    f->next = ctx->files;
    ctx->files = f;

    return &f->file;
}


static ngx_chain_t *
ngx_http_wasl_link(ngx_http_wasl_ctx_t *ctx, ngx_uint_t n)
{
    ngx_buf_t   *bufs;
    ngx_uint_t   i;

    if (n == 0) {
        return &ctx->first_chain;
    }

    if (ctx->chains == NULL) {
        ctx->chains = ngx_pcalloc(ctx->request->pool,
                                  NGX_HTTP_WASL_PIECES * (sizeof(ngx_chain_t) + sizeof(ngx_buf_t)));
        if (ctx->chains == NULL) {
            return NULL;
        }

        bufs = (ngx_buf_t *) (ctx->chains + NGX_HTTP_WASL_PIECES);
        for (i = 0; i < NGX_HTTP_WASL_PIECES; i++) {
            ctx->chains[i].buf = &bufs[i];
        }
    }

    return &ctx->chains[n];
}


static ngx_int_t
ngx_http_wasl_fill(ngx_http_wasl_ctx_t *ctx, ngx_buf_t *b, enum sender_step step,
    const struct sender_piece *piece)
{
    ngx_memzero(b, sizeof(ngx_buf_t));
    b->tag = (ngx_buf_tag_t) &ngx_http_wasl_module;

    if (step == SENDER_MEMORY) {
        b->pos = (u_char *) piece->bytes;
        b->last = b->pos + piece->length;
        b->memory = 1;
        return NGX_OK;
    }

    b->file = ngx_http_wasl_file(ctx, &piece->file);
    b->file_pos = (off_t) piece->file.offset;
    b->file_last = b->file_pos + (off_t) piece->length;
    b->in_file = 1;

    return b->file ? NGX_OK : NGX_ERROR;
}


/* The next piece, as far as it is in memory; length 0: ngx_http_wasl_disk_wait(). */
static enum sender_step
ngx_http_wasl_next(ngx_http_wasl_ctx_t *ctx, struct sender_piece *piece)
{
    uint64_t          ready;
    enum sender_step  step;

    if (ctx->copy && ctx->sender.at < ctx->sender.end) {
        piece->bytes = ngx_http_wasl_disk_copy(ctx, NULL, 0);
        piece->length = (uint64_t) ctx->length;
        ctx->sender.at = ctx->sender.end;
        return SENDER_MEMORY;
    }

    step = sender_next(&ctx->sender, ctx->worker->view, piece);

    if (step == SENDER_FILE) {
        ready = ngx_http_wasl_disk_ready(ctx, &piece->file, piece->length);
        sender_back(&ctx->sender, piece->length - ready);
        piece->length = ready;
    }

    return step;
}


/* Hands the next pieces to nginx: what stopped it, and what nginx said. */
static ngx_int_t
ngx_http_wasl_output(ngx_http_wasl_ctx_t *ctx, enum sender_step *step, struct sender_piece *piece)
{
    uint64_t       bytes;
    ngx_uint_t     n;
    ngx_chain_t   *cl, *last, **ll;
    ngx_chain_t   *out;

    out = NULL;
    last = NULL;
    ll = &out;
    bytes = 0;

    for (n = 0; n < NGX_HTTP_WASL_PIECES && bytes < NGX_HTTP_WASL_WINDOW; n++) {
        *step = ngx_http_wasl_next(ctx, piece);

        if ((*step != SENDER_MEMORY && *step != SENDER_FILE) || piece->length == 0) {
            break;
        }

        cl = ngx_http_wasl_link(ctx, n);
        if (cl == NULL || ngx_http_wasl_fill(ctx, cl->buf, *step, piece) != NGX_OK) {
            return NGX_ERROR;
        }

        *ll = cl;
        ll = &cl->next;
        last = cl;
        bytes += piece->length;
    }

    *ll = NULL;

    if (last == NULL) {
        return NGX_OK;
    }

    last->buf->flush = 1;

    if (ctx->sender.at == ctx->sender.end) {
        last->buf->last_buf = 1;
        last->buf->last_in_chain = 1;
        *step = SENDER_DONE;
    }

    return ngx_http_output_filter(ctx->request, out);
}


static ngx_int_t
ngx_http_wasl_blocked(ngx_http_wasl_ctx_t *ctx)
{
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = ctx->request;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_wasl_write_handler;

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DONE;
}


/* Sends until there is no more, or nothing yet, or the client is slower than we are. */
static ngx_int_t
ngx_http_wasl_body(ngx_http_wasl_ctx_t *ctx)
{
    ngx_int_t             rc;
    enum sender_step      step;
    struct sender_piece   piece;
    ngx_http_request_t   *r;

    r = ctx->request;

    for ( ;; ) {
        rc = ngx_http_wasl_output(ctx, &step, &piece);

        if (rc == NGX_ERROR || step == SENDER_DONE) {
            return rc;
        }

        if (r->buffered || r->connection->buffered) {
            /* what the disk brings meanwhile is found when there is room for it */
            ngx_http_wasl_disk_leave(ctx);
            return ngx_http_wasl_blocked(ctx);
        }

        if (ctx->load) {
            return ngx_http_wasl_disk_wait(ctx);
        }

        if (step == SENDER_FAIL) {
            return ngx_http_wasl_unavailable(ctx);
        }

        if (step == SENDER_WAIT && ngx_http_wasl_pass_there(ctx->worker, &piece.want, NULL)) {
            rc = ngx_http_wasl_pass(ctx, &piece.want);

            if (rc == NGX_ERROR || ctx->sender.at == ctx->sender.end) {
                return rc;
            }

            /* what comes next would be written over what nginx still holds */
            if (r->buffered || r->connection->buffered) {
                return ngx_http_wasl_blocked(ctx);
            }

        } else if (step == SENDER_CHECK) {
            rc = ngx_http_wasl_disk_check(ctx, &piece.file);
            if (rc != NGX_OK) {
                return rc;
            }

        } else if (step == SENDER_WAIT) {
            rc = ngx_http_wasl_wait(ctx, &piece.want);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }
}


/*
 * A text of the index that is compressed on its way is read by nginx's filter, in the mapping: a page of it that cannot be had
 * any more would be the worker's end. The kernel, which sends all others, minds no such page.
 */
static ngx_int_t
ngx_http_wasl_keep_body(ngx_http_wasl_ctx_t *ctx)
{
    u_char              *copy;
    ngx_http_request_t  *r;
    struct names_entry  *e;

    r = ctx->request;
    e = &ctx->sender.entry;

    if (e->kind != NAMES_BYTES || ctx->part || r->headers_in.accept_encoding == NULL
        || !reply_compressible(e->media_type))
    {
        return NGX_OK;
    }

    copy = ngx_pnalloc(r->pool, e->bytes_len);
    if (copy == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (guard_copy(copy, e->bytes, e->bytes_len) != 0) {
        return ngx_http_wasl_unavailable(ctx);
    }

    e->bytes = copy;

    return NGX_OK;
}


/* The first byte is at hand before the head says that it comes. */
static ngx_int_t
ngx_http_wasl_first_byte(ngx_http_wasl_ctx_t *ctx)
{
    ngx_int_t            rc;
    struct sender        ahead;
    struct sender_piece  piece;
    struct pass_about    passing;

    if (ctx->request->method == NGX_HTTP_HEAD) {
        return NGX_OK;
    }

    rc = ngx_http_wasl_disk_open(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    for ( ;; ) {
        ahead = ctx->sender;

        switch (sender_next(&ahead, ctx->worker->view, &piece)) {

        case SENDER_WAIT:
            if (ngx_http_wasl_pass_there(ctx->worker, &piece.want, &passing)) {
                if (!sender_goes_on(&ctx->sender, passing.tag)) {
                    return ngx_http_wasl_unavailable(ctx);
                }

                ctx->duration_ms = passing.duration_ms;
                ctx->segment_count = passing.segment_count;
                return NGX_OK;
            }

            rc = ngx_http_wasl_wait(ctx, &piece.want);
            if (rc == NGX_OK) {
                continue;
            }
            return rc;

        case SENDER_CHECK:
            rc = ngx_http_wasl_disk_check(ctx, &piece.file);
            if (rc == NGX_OK) {
                continue;
            }
            return rc;

        case SENDER_FAIL:
            return ngx_http_wasl_unavailable(ctx);

        case SENDER_FILE:
            ctx->duration_ms = piece.file.duration_ms;
            ctx->segment_count = piece.file.segment_count;

            if (ngx_http_wasl_disk_copy(ctx, &piece.file, piece.length) == NULL
                && ngx_http_wasl_disk_ready(ctx, &piece.file, piece.length) == 0)
            {
                return ngx_http_wasl_disk_wait(ctx);
            }

            return NGX_OK;

        case SENDER_MEMORY:
            return ngx_http_wasl_keep_body(ctx);

        case SENDER_DONE:
            return NGX_OK;
        }
    }
}


/* NGX_DONE: goes on by an event; anything else is for ngx_http_finalize_request(). */
ngx_int_t
ngx_http_wasl_run(ngx_http_wasl_ctx_t *ctx)
{
    int                  error;
    uint64_t             size;
    ngx_int_t            rc;
    struct pass_about    passing;
    struct sender_want   want;
    ngx_http_request_t  *r;

    r = ctx->request;

    /* of an object only its bytes need its files: a 304 opens none */
    if (ctx->near || ctx->sender.entry.kind == NAMES_RENDITION) {
        rc = ngx_http_wasl_disk_open(ctx);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    while (!ctx->decided) {
        error = sender_size(&ctx->sender, ctx->worker->view, &size);

        if (error == 0) {
            rc = ngx_http_wasl_begin(ctx, size);
            if (rc != NGX_DECLINED) {
                return rc;
            }
            break;
        }

        if (error == -ENOENT) {
            return NGX_HTTP_NOT_FOUND;
        }

        if (error != -EAGAIN && error != -EIO) {
            return ngx_http_wasl_unavailable(ctx);
        }

        want = sender_want(&ctx->sender);
        want.error = (error == -EIO) ? error : 0;

        if (ngx_http_wasl_pass_there(ctx->worker, &want, &passing)) {
            sender_passes(&ctx->sender, passing.size, passing.tag, &ctx->worker->landed);
            rc = ngx_http_wasl_begin(ctx, passing.size);
            if (rc != NGX_DECLINED) {
                return rc;
            }
            break;
        }

        rc = ngx_http_wasl_wait(ctx, &want);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!r->header_sent) {
        rc = ngx_http_wasl_first_byte(ctx);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_wasl_send_header(ctx);
        if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
            return rc;
        }

        if (ctx->length == 0) {
            return ngx_http_send_special(r, NGX_HTTP_LAST);
        }
    }

    return ngx_http_wasl_body(ctx);
}


void
ngx_http_wasl_resume(ngx_http_wasl_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    if (ctx->timeout.timer_set) {
        ngx_del_timer(&ctx->timeout);
    }

    rc = ngx_http_wasl_run(ctx);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_wasl_write_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_wasl_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    wev = c->write;
    ctx = ngx_http_get_module_ctx(r, ngx_http_wasl_module);

    if (wev->timedout) {
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (wev->delayed) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
        if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }
        return;
    }

    rc = ngx_http_output_filter(r, NULL);

    if (rc != NGX_ERROR && (r->buffered || c->buffered)) {
        rc = ngx_http_wasl_blocked(ctx);

    } else if (rc != NGX_ERROR) {
        if (wev->timer_set) {
            ngx_del_timer(wev);
        }
        rc = ngx_http_wasl_run(ctx);
    }

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_http_wasl_cleanup(void *data)
{
    ngx_http_wasl_ctx_t   *ctx = data;
    ngx_http_wasl_file_t  *f;

    ngx_http_wasl_leave(ctx);
    ngx_http_wasl_metrics_done(ctx);
    ngx_http_wasl_count_done(ctx);

    ngx_http_wasl_disk_end(ctx);

    for (f = ctx->files; f; f = f->next) {
        view_release(f->item);
    }

    ctx->files = NULL;
    view_names_release(ctx->names);
    ctx->names = NULL;
}


/* They are read when the reply begins and when it is over: the index may be damaged by then. */
static ngx_int_t
ngx_http_wasl_keep_texts(ngx_http_wasl_ctx_t *ctx)
{
    char    *room;
    size_t   len;

    len = 0;

    if (names_keep_texts(&ctx->sender.entry, NULL, &len) != 0) {
        return NGX_ERROR;
    }

    room = ngx_pnalloc(ctx->request->pool, len);

    return room && names_keep_texts(&ctx->sender.entry, room, &len) == 0 ? NGX_OK : NGX_ERROR;
}


ngx_http_wasl_ctx_t *
ngx_http_wasl_create_ctx(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
    const struct names_entry *entry, struct view_names *names)
{
    ngx_http_cleanup_t        *cln;
    ngx_http_wasl_ctx_t       *ctx;
    ngx_http_wasl_loc_conf_t  *wlcf;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wasl_ctx_t));
    cln = ngx_http_cleanup_add(r, 0);
    if (ctx == NULL || cln == NULL) {
        return NULL;
    }

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wasl_module);

    ctx->request = r;
    ctx->worker = w;
    sender_init(&ctx->sender, entry);

    if (ngx_http_wasl_keep_texts(ctx) != NGX_OK) {
        return NULL;
    }

    ctx->patience = wlcf->patience == NGX_CONF_UNSET_MSEC ? w->patience : wlcf->patience;
    ngx_http_wasl_count_begin(ctx);
    ctx->first_chain.buf = &ctx->first_buf;

    ctx->wake.handler = ngx_http_wasl_wake_handler;
    ctx->wake.data = r->connection;
    ctx->wake.log = r->connection->log;

    ctx->timeout.handler = ngx_http_wasl_timeout_handler;
    ctx->timeout.data = r->connection;
    ctx->timeout.log = r->connection->log;

    /* no reply may say a time to come, which a clock that went back makes of the past: RFC 9110, section 8.8.2.1 */
    if (ctx->sender.entry.modified_s > ngx_time()) {
        ctx->sender.entry.modified_s = -1;
    }

    if (names) {
        view_names_hold(names);
    }
    ctx->names = names;

    cln->handler = ngx_http_wasl_cleanup;
    cln->data = ctx;
    ngx_http_set_ctx(r, ctx, ngx_http_wasl_module);

    return ctx;
}
