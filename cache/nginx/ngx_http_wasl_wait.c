// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


/* With tcp_nopush the kernel keeps the last, short packet back for 200 ms: a pupil has that long to wait already. */
void
ngx_http_wasl_push_out(ngx_connection_t *c)
{
    if (c->tcp_nopush == NGX_TCP_NOPUSH_SET && ngx_tcp_push(c->fd) == 0) {
        c->tcp_nopush = NGX_TCP_NOPUSH_UNSET;
    }
}


/* Until an event of ours: who leaves meanwhile is noticed. */
void
ngx_http_wasl_sleep(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    rev = r->connection->read;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    /* who hung up right behind the request was told of together with it, and no other event will come */
    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);
    }
}


/* NGX_DONE: sleeps until contentd has said something. NGX_OK: it is there already. */
ngx_int_t
ngx_http_wasl_wait(ngx_http_wasl_ctx_t *ctx, const struct sender_want *want)
{
    ngx_http_request_t      *r;
    ngx_http_wasl_worker_t  *w;

    r = ctx->request;
    w = ctx->worker;

    if (ctx->near || ngx_http_wasl_want_hopeless(w)) {
        return ngx_http_wasl_unavailable(ctx);
    }

    /* told that it is there, and it is not: once may be a removal, thrice is no use */
    if (ctx->waited_for == want->first + 1) {
        if (ctx->idle_wakes == 3) {
            return ngx_http_wasl_unavailable(ctx);
        }
        ctx->idle_wakes++;

    } else {
        ctx->idle_wakes = 0;
    }

    if (waiters_join(w->waiters, want, ngx_http_wasl_count_client(w, r), &ctx->waiter) != 0) {
        return ngx_http_wasl_unavailable(ctx);
    }

    /* first registered, then looked: nothing can fall between */
    if (ngx_http_wasl_want_there(want, w)) {
        waiters_leave(w->waiters, &ctx->waiter);
        return NGX_OK;
    }

    ctx->waited = 1;
    ctx->wait_began = ngx_current_msec;
    ngx_http_wasl_more(w, WAITS, 1);

    ctx->waited_for = want->first + 1;
    ngx_http_wasl_want_flush(w);
    ngx_http_wasl_push_out(r->connection);

    if (!ctx->timeout.timer_set) {
        ngx_add_timer(&ctx->timeout, ctx->patience);
    }

    ngx_http_wasl_sleep(r);

    return NGX_DONE;
}


/* Waits for nobody any more. */
void
ngx_http_wasl_leave(ngx_http_wasl_ctx_t *ctx)
{
    if (ctx->waiter.thing) {
        ngx_http_wasl_metrics_slept(ctx);
        waiters_leave(ctx->worker->waiters, &ctx->waiter);
        ngx_http_wasl_want_flush(ctx->worker);
    }

    /* told in the very turn of the loop in which it left or patience ended: what is answered must not go on */
    if (ctx->wake.posted) {
        ngx_http_wasl_metrics_slept(ctx);
        ngx_delete_posted_event(&ctx->wake);
    }

    ngx_http_wasl_disk_leave(ctx);

    if (ctx->timeout.timer_set) {
        ngx_del_timer(&ctx->timeout);
    }
}


/* Nothing came, or it cannot come: an answer, or the end of the connection. */
void
ngx_http_wasl_give_up(ngx_http_wasl_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->request->connection;
    ngx_http_wasl_leave(ctx);
    ngx_http_finalize_request(ctx->request, ngx_http_wasl_unavailable(ctx));
    ngx_http_run_posted_requests(c);
}


void
ngx_http_wasl_wake_handler(ngx_event_t *ev)
{
    ngx_http_wasl_ctx_t  *ctx;

    ctx = (ngx_http_wasl_ctx_t *) ((u_char *) ev - offsetof(ngx_http_wasl_ctx_t, wake));

    ngx_http_wasl_metrics_slept(ctx);

    if (ctx->waiter.error) {
        ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, -ctx->waiter.error,
                      "wasl: contentd cannot bring \"%V\"", &ctx->request->uri);
        ngx_http_wasl_give_up(ctx);
        return;
    }

    ngx_http_wasl_resume(ctx);
}


void
ngx_http_wasl_timeout_handler(ngx_event_t *ev)
{
    ngx_http_wasl_ctx_t  *ctx;

    ctx = (ngx_http_wasl_ctx_t *) ((u_char *) ev - offsetof(ngx_http_wasl_ctx_t, timeout));

    ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, 0,
                  "wasl: \"%V\" did not come in time", &ctx->request->uri);
    ngx_http_wasl_give_up(ctx);
}
