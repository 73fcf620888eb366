// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"

#include <sys/random.h>


struct uses *
ngx_http_wasl_count_lock(ngx_http_wasl_worker_t *w, int32_t *day)
{
    uint8_t           salt[USES_SALT_BYTES];
    struct uses      *uses;
    ngx_slab_pool_t  *pool;

    uses = w->shared->uses;
    pool = (ngx_slab_pool_t *) w->zone->shm.addr;
    *day = (int32_t) (ngx_time() / 86400);

    ngx_shmtx_lock(&pool->mutex);

    if (uses_needs_salt(uses, *day)) {
        if (getrandom(salt, sizeof(salt), GRND_NONBLOCK) != (ssize_t) sizeof(salt)) {
            /* without a secret nobody is counted */
            ngx_shmtx_unlock(&pool->mutex);
            return NULL;
        }

        uses_new_day(uses, *day, salt);
        ngx_explicit_memzero(salt, sizeof(salt));
    }

    return uses;
}


void
ngx_http_wasl_count_unlock(ngx_http_wasl_worker_t *w)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) w->zone->shm.addr;
    ngx_shmtx_unlock(&pool->mutex);
}


/* Its bytes; none for a client on a unix socket. */
const void *
ngx_http_wasl_count_address(ngx_http_request_t *r, size_t *len)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    switch (r->connection->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) r->connection->sockaddr;
        *len = sizeof(sin->sin_addr);
        return &sin->sin_addr;

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) r->connection->sockaddr;
        *len = sizeof(sin6->sin6_addr);
        return &sin6->sin6_addr;
    }

    *len = 0;
    return "";
}


uint64_t
ngx_http_wasl_count_device(struct uses *uses, ngx_http_request_t *r)
{
    size_t       len;
    ngx_str_t    agent;
    const void  *address;

    address = ngx_http_wasl_count_address(r, &len);

    ngx_str_set(&agent, "");
    if (r->headers_in.user_agent) {
        agent = r->headers_in.user_agent->value;
    }

    return uses_device(uses, address, len, agent.data, agent.len);
}


/* Who has one share of the line: an address, as a number of the day that all workers give it; 0: nobody knows. */
uint32_t
ngx_http_wasl_count_client(ngx_http_wasl_worker_t *w, ngx_http_request_t *r)
{
    size_t        len;
    int32_t       day;
    uint32_t      client;
    const void   *address;
    struct uses  *uses;

    address = ngx_http_wasl_count_address(r, &len);
    if (len == 0) {
        return 0;
    }

    uses = ngx_http_wasl_count_lock(w, &day);
    if (uses == NULL) {
        return 0;
    }

    client = (uint32_t) uses_device(uses, address, len, "", 0) & ~WANT_SEVERAL;
    ngx_http_wasl_count_unlock(w);

    return client;
}


static struct uses_event
ngx_http_wasl_count_event(ngx_http_wasl_ctx_t *ctx)
{
    struct uses_event  e;

    e.device = ctx->device;
    e.minute = (uint32_t) (ngx_current_msec / 60000);
    e.lesson = ctx->sender.entry.lesson;
    e.rung = ctx->sender.entry.rung;
    e.segment = ctx->sender.entry.segment;
    e.segment_count = ctx->segment_count;
    e.duration_ms = ctx->duration_ms;

    /* a document is all in one piece: whoever has its end has had it */
    if (ctx->sender.entry.kind == NAMES_OBJECT) {
        e.segment = 1;
        e.segment_count = 1;
    }

    return e;
}


void
ngx_http_wasl_count_asked(ngx_http_wasl_ctx_t *ctx)
{
    int32_t            day;
    struct uses       *uses;
    struct uses_event  e;

    uses = ngx_http_wasl_count_lock(ctx->worker, &day);
    if (uses == NULL) {
        return;
    }

    ctx->device = ngx_http_wasl_count_device(uses, ctx->request);
    e = ngx_http_wasl_count_event(ctx);
    uses_asked(uses, &e);

    if (ctx->sender.entry.kind == NAMES_RENDITION) {
        ngx_http_wasl_air_seen(ctx);
    }

    ngx_http_wasl_count_unlock(ctx->worker);
    ctx->media = 1;
}


static void
ngx_http_wasl_count_add(ngx_http_wasl_ctx_t *ctx, const struct uses_gain *gain, off_t sent)
{
    int32_t                    day;
    const struct names_entry  *e;

    e = &ctx->sender.entry;
    day = (int32_t) (ngx_time() / 86400);

    if (e->lesson[0] == '\0'
        || tally_add(&ctx->worker->tally, day, e->lesson, e->rung, gain,
                     (uint64_t) (sent - ctx->counted))
           != -ENOBUFS)
    {
        ctx->counted = sent;
        return;
    }

    ngx_http_wasl_more(ctx->worker, TALLIES_LOST, 1);
    ngx_log_error(NGX_LOG_WARN, ctx->worker->log, 0,
                  "wasl: contentd takes no counts, and there is no room for more: "
                  "some use is not counted");
}


static off_t
ngx_http_wasl_count_body(ngx_http_wasl_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ctx->decided || r->err_status || !r->header_sent || r->header_only) {
        return 0;
    }

    return r->connection->sent - (off_t) r->header_size;
}


void
ngx_http_wasl_count_begin(ngx_http_wasl_ctx_t *ctx)
{
    ngx_queue_insert_tail(&ctx->worker->under_way, &ctx->under_way);
}


/* What was sent of replies that last counts before they end, as the power may go. */
static void
ngx_http_wasl_count_under_way(ngx_http_wasl_worker_t *w)
{
    off_t                 sent;
    ngx_queue_t          *q;
    struct uses_gain      none;
    ngx_http_wasl_ctx_t  *ctx;

    ngx_memzero(&none, sizeof(none));

    for (q = ngx_queue_head(&w->under_way);
         q != ngx_queue_sentinel(&w->under_way);
         q = ngx_queue_next(q))
    {
        ctx = ngx_queue_data(q, ngx_http_wasl_ctx_t, under_way);
        sent = ngx_http_wasl_count_body(ctx);

        if (sent > ctx->counted) {
            ngx_http_wasl_count_add(ctx, &none, sent);
        }
    }
}


/* The request is over, well or not. */
void
ngx_http_wasl_count_done(ngx_http_wasl_ctx_t *ctx)
{
    off_t              sent;
    int32_t            day;
    struct uses       *uses;
    struct uses_gain   gain;
    struct uses_event  e;

    ngx_queue_remove(&ctx->under_way);

    sent = ngx_http_wasl_count_body(ctx);
    if (sent <= 0) {
        return;
    }

    ngx_memzero(&gain, sizeof(gain));

    if (ctx->media && ctx->to_end && sent >= ctx->length) {
        uses = ngx_http_wasl_count_lock(ctx->worker, &day);
        if (uses) {
            e = ngx_http_wasl_count_event(ctx);
            gain = uses_delivered(uses, &e);
            ngx_http_wasl_count_unlock(ctx->worker);
        }
    }

    ngx_http_wasl_count_add(ctx, &gain, sent);
}


static void
ngx_http_wasl_count_carry_one(ngx_http_wasl_worker_t *w, struct tally *tally)
{
    struct want_tally  packet;

    while (w->want && tally_next(tally, &packet)) {
        if (ngx_http_wasl_want_send(w, &packet, sizeof(packet)) != NGX_OK) {
            return;
        }
        tally_sent(tally, &packet);
    }
}


/* Sends what was counted, here and by those whose counts nobody else carries. */
void
ngx_http_wasl_count_carry(ngx_http_wasl_worker_t *w)
{
    ngx_uint_t  i;

    ngx_http_wasl_count_under_way(w);
    ngx_http_wasl_count_carry_one(w, &w->tally);

    for (i = 0; i < NGX_HTTP_WASL_HEIRS; i++) {
        if (w->left[i]) {
            ngx_http_wasl_count_carry_one(w, &w->heirs[i]);
        }
    }
}


/* It is on contentd's disk. */
void
ngx_http_wasl_count_heard(ngx_http_wasl_worker_t *w, const struct want_msg *msg)
{
    ngx_uint_t  i;

    if (w->tally.sheet->instance == msg->rendition) {
        tally_heard(&w->tally, msg->token);
        return;
    }

    for (i = 0; i < NGX_HTTP_WASL_HEIRS; i++) {
        if (w->left[i] && w->left[i]->sheet.instance == msg->rendition) {
            tally_heard(&w->heirs[i], msg->token);
        }
    }
}


void
ngx_http_wasl_count_disconnected(ngx_http_wasl_worker_t *w)
{
    ngx_uint_t  i;

    tally_disconnected(&w->tally);

    for (i = 0; i < NGX_HTTP_WASL_HEIRS; i++) {
        tally_disconnected(&w->heirs[i]);
    }
}
