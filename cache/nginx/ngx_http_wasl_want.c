// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


#define NGX_HTTP_WASL_TICK     1000
#define NGX_HTTP_WASL_RETRY    100      /* while contentd is away and somebody waits */
#define NGX_HTTP_WASL_GRACE    3000     /* a contentd that restarts is back by then */
#define NGX_HTTP_WASL_TALLY    6000     /* with what comes on top, under 10 s to the disk */


static void ngx_http_wasl_want_read(ngx_event_t *ev);
static void ngx_http_wasl_want_write(ngx_event_t *ev);
static void ngx_http_wasl_want_tick(ngx_event_t *ev);


static void
ngx_http_wasl_want_wake(struct waiter *chain)
{
    struct waiter        *next;
    ngx_http_wasl_ctx_t  *ctx;

    for ( /* void */ ; chain; chain = next) {
        next = chain->next;
        ctx = (ngx_http_wasl_ctx_t *)
                  ((u_char *) chain - offsetof(ngx_http_wasl_ctx_t, waiter));
        ngx_post_event(&ctx->wake, &ngx_posted_events);
    }
}


static void
ngx_http_wasl_want_lost(ngx_http_wasl_worker_t *w, ngx_uint_t level, const char *why)
{
    if (w->want) {
        ngx_close_connection(w->want);
        w->want = NULL;
        ngx_http_wasl_more(w, WANT_LOST, 1);
        waiters_disconnected(w->waiters);
        ngx_http_wasl_count_disconnected(w);
    }

    if (!w->away) {
        w->away = 1;
        w->away_since = ngx_current_msec;
        ngx_log_error(level, w->log, 0,
                      "wasl: contentd is away from \"%V\" (%s); complete things are served on",
                      &w->want_path, why);
    }
}


ngx_int_t
ngx_http_wasl_want_send(ngx_http_wasl_worker_t *w, const void *packet, size_t len)
{
    ssize_t    n;
    ngx_err_t  err;

    n = send(w->want->fd, packet, len, MSG_DONTWAIT|MSG_NOSIGNAL);

    if (n == (ssize_t) len) {
        return NGX_OK;
    }

    err = ngx_errno;

    if (n < 0 && (err == NGX_EAGAIN || err == ENOBUFS || err == NGX_EINTR)) {
        w->want->write->ready = 0;
        return NGX_AGAIN;
    }

    ngx_http_wasl_want_lost(w, NGX_LOG_WARN, n < 0 ? strerror(err) : "short packet");
    return NGX_ERROR;
}


static void
ngx_http_wasl_want_connect(ngx_http_wasl_worker_t *w)
{
    int                fd;
    struct want_msg    hello;
    ngx_connection_t  *c;

    fd = want_connect((char *) w->want_path.data);
    if (fd < 0) {
        ngx_http_wasl_want_lost(w, NGX_LOG_WARN, strerror(-fd));
        return;
    }

    c = ngx_get_connection(fd, w->log);
    if (c == NULL) {
        close(fd);
        ngx_http_wasl_want_lost(w, NGX_LOG_ALERT, "no free worker_connections");
        return;
    }

    c->data = w;
    c->log = w->log;
    c->read->handler = ngx_http_wasl_want_read;
    c->read->log = w->log;
    c->write->handler = ngx_http_wasl_want_write;
    c->write->log = w->log;
    c->write->ready = 1;
    w->want = c;

    if (ngx_add_conn(c) != NGX_OK) {
        ngx_http_wasl_want_lost(w, NGX_LOG_ALERT, "epoll");
        return;
    }

    hello = want_hello(w->instance);
    if (ngx_http_wasl_want_send(w, &hello, sizeof(hello)) != NGX_OK) {
        if (w->want) {
            ngx_http_wasl_want_lost(w, NGX_LOG_WARN, "no room for a greeting");
        }
        return;
    }

    if (w->away) {
        ngx_log_error(NGX_LOG_NOTICE, w->log, 0, "wasl: contentd is there again");
        w->away = 0;
    }

    /* what was counted meanwhile, and what was not heard to be on disk, goes with the next tick */
    w->tallied = ngx_current_msec - NGX_HTTP_WASL_TALLY;

    ngx_http_wasl_want_flush(w);
}


/* Sends what there is to say. What does not fit waits for the write event. */
void
ngx_http_wasl_want_flush(ngx_http_wasl_worker_t *w)
{
    struct want_msg  msg;

    while (w->want && waiters_next(w->waiters, &msg)) {
        if (ngx_http_wasl_want_send(w, &msg, sizeof(msg)) != NGX_OK) {
            return;
        }
        waiters_sent(w->waiters);
        ngx_http_wasl_more(w, WANTS_SENT, msg.type == WANT_WANT);
    }
}


/* An index that is damaged, or gone, is written again by contentd: it is told, and told again while that lasts. */
void
ngx_http_wasl_want_tell_spoilt(ngx_http_wasl_worker_t *w)
{
    struct want_msg  msg;

    if (!view_names_damaged(w->view)) {
        w->spoilt_told = 0;
        return;
    }

    if (w->want == NULL
        || (w->spoilt_told && ngx_current_msec - w->spoilt < WANT_SPOILT_MS))
    {
        return;
    }

    msg = want_spoilt();

    if (ngx_http_wasl_want_send(w, &msg, sizeof(msg)) == NGX_OK) {
        w->spoilt_told = 1;
        w->spoilt = ngx_current_msec;
    }
}


static void
ngx_http_wasl_want_write(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;
    ngx_http_wasl_want_flush(c->data);
}


static void
ngx_http_wasl_want_hear(ngx_http_wasl_worker_t *w, const union want_packet *packet, int passed)
{
    switch (packet->type) {

    case WANT_READY:
        ngx_http_wasl_more(w, WANTS_READY, 1);
        ngx_http_wasl_want_wake(waiters_hear(w->waiters, &packet->msg));
        return;

    case WANT_FAILED:
        ngx_http_wasl_more(w, WANTS_FAILED, 1);
        ngx_http_wasl_want_wake(waiters_hear(w->waiters, &packet->msg));
        return;

    case WANT_TALLIED:
        ngx_http_wasl_count_heard(w, &packet->msg);
        return;

    case WANT_HELLO:
        if (packet->msg.token == WANT_VERSION) {
            w->patience = packet->msg.deadline_ms ? packet->msg.deadline_ms
                                                  : NGX_HTTP_WASL_PATIENCE;
            ngx_http_wasl_pass_take(w, passed);
            ngx_http_wasl_near_read(w);
            return;
        }
    }

    ngx_http_wasl_want_lost(w, NGX_LOG_ERR, "it speaks another version; update both");
}


static void
ngx_http_wasl_want_read(ngx_event_t *ev)
{
    int                      got, passed;
    ngx_connection_t        *c;
    union want_packet        packet;
    ngx_http_wasl_worker_t  *w;

    c = ev->data;
    w = c->data;

    while (w->want == c) {
        got = want_receive_fd(c->fd, &packet, &passed);

        if (got == 0) {
            ev->ready = 0;
            return;
        }

        if (got == -EBADMSG) {
            ngx_http_wasl_want_lost(w, NGX_LOG_ERR, "it said what is no message");
            return;
        }

        if (got < 0) {
            ngx_http_wasl_want_lost(w, NGX_LOG_WARN,
                                    got == -ENOTCONN ? "it hung up" : strerror(-got));

            /* one that restarts may be there already */
            ngx_add_timer(&w->tick, NGX_HTTP_WASL_RETRY);
            return;
        }

        ngx_http_wasl_want_hear(w, &packet, passed);

        if (passed != -1) {
            close(passed);
        }
    }
}


bool
ngx_http_wasl_want_there(const struct sender_want *want, void *data)
{
    ngx_http_wasl_worker_t  *w = data;

    /* what could not be read is there, which is no use: contentd says when it is right */
    return want->error == 0
           && (sender_there(w->view, want) || ngx_http_wasl_pass_there(w, want, NULL));
}


static void
ngx_http_wasl_want_tick(ngx_event_t *ev)
{
    ngx_msec_t               next;
    ngx_connection_t        *c;
    ngx_http_wasl_worker_t  *w;

    c = ev->data;
    w = c->data;

    view_tick(w->view);

    if (w->want == NULL) {
        ngx_http_wasl_want_connect(w);
    }

    ngx_http_wasl_want_tell_spoilt(w);

    /* a READY that found no room was dropped */
    ngx_http_wasl_want_wake(waiters_recheck(w->waiters, ngx_http_wasl_want_there, w));
    ngx_http_wasl_want_flush(w);

    if (w->want && !ngx_exiting && ngx_http_wasl_shared_adopt(w)) {
        w->tallied = ngx_current_msec - NGX_HTTP_WASL_TALLY;
    }

    if (w->want && ngx_current_msec - w->tallied >= NGX_HTTP_WASL_TALLY) {
        w->tallied = ngx_current_msec;
        ngx_http_wasl_count_carry(w);
    }

    ngx_http_wasl_air_tick(w);
    ngx_http_wasl_metrics_tick(w);
    ngx_http_wasl_life_tick(w);

    next = NGX_HTTP_WASL_TICK;
    if (w->want == NULL && waiters_things(w->waiters)) {
        next = NGX_HTTP_WASL_RETRY;
    }

    ngx_add_timer(&w->tick, next);
}


/* Nobody to ask, for longer than a restart takes. */
ngx_uint_t
ngx_http_wasl_want_hopeless(ngx_http_wasl_worker_t *w)
{
    return w->want == NULL && ngx_current_msec - w->away_since > NGX_HTTP_WASL_GRACE;
}


ngx_int_t
ngx_http_wasl_want_start(ngx_http_wasl_worker_t *w)
{
    w->patience = NGX_HTTP_WASL_PATIENCE;
    w->dummy.fd = (ngx_socket_t) -1;
    w->dummy.data = w;
    w->away_since = ngx_current_msec;

    w->tick.handler = ngx_http_wasl_want_tick;
    w->tick.data = &w->dummy;
    w->tick.log = w->log;
    w->tick.cancelable = 1;

    ngx_http_wasl_want_tick(&w->tick);
    return NGX_OK;
}


void
ngx_http_wasl_want_stop(ngx_http_wasl_worker_t *w)
{
    if (w->want == NULL) {
        return;
    }

    ngx_http_wasl_count_carry(w);

    if (w->want) {
        ngx_close_connection(w->want);
        w->want = NULL;
    }
}
