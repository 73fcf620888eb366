// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"

#include <sys/random.h>


static struct uses *
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


static void
ngx_http_wasl_count_unlock(ngx_http_wasl_worker_t *w)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) w->zone->shm.addr;
    ngx_shmtx_unlock(&pool->mutex);
}


static uint64_t
ngx_http_wasl_count_device(struct uses *uses, ngx_http_request_t *r)
{
    void                 *address;
    size_t                len;
    ngx_str_t             agent;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    switch (r->connection->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) r->connection->sockaddr;
        address = &sin->sin_addr;
        len = sizeof(sin->sin_addr);
        break;

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) r->connection->sockaddr;
        address = &sin6->sin6_addr;
        len = sizeof(sin6->sin6_addr);
        break;

    default:
        address = "";
        len = 0;
    }

    ngx_str_set(&agent, "");
    if (r->headers_in.user_agent) {
        agent = r->headers_in.user_agent->value;
    }

    return uses_device(uses, address, len, agent.data, agent.len);
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

    ngx_http_wasl_count_unlock(ctx->worker);
    ctx->media = 1;
}


/* The request is over, well or not. */
void
ngx_http_wasl_count_done(ngx_http_wasl_ctx_t *ctx)
{
    off_t                sent;
    int32_t              day;
    struct uses         *uses;
    struct uses_gain     gain;
    struct uses_event    e;
    ngx_http_request_t  *r;

    r = ctx->request;
    sent = r->connection->sent - (off_t) r->header_size;

    if (!ctx->decided || r->err_status || !r->header_sent || r->header_only || sent <= 0
        || ctx->sender.entry.lesson[0] == '\0')
    {
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

    day = (int32_t) (ngx_time() / 86400);

    if (tally_add(ctx->worker->tally, day, ctx->sender.entry.lesson, ctx->sender.entry.rung,
                  &gain, (uint64_t) sent)
        == -ENOBUFS)
    {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "wasl: contentd takes no counts, and there is no room for more: "
                      "some use is not counted");
    }
}
