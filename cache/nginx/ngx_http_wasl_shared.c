// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"

#include <sys/random.h>


#define NGX_HTTP_WASL_USES_BYTES  (1024 * 1024)
#define NGX_HTTP_WASL_POOL_BYTES  (256 * 1024)     /* what nginx's allocator takes for itself */


/* Zeroed by whoever begins to use it: most of it is never touched. */
static void *
ngx_http_wasl_shared_alloc(ngx_slab_pool_t *pool, size_t bytes)
{
    u_char  *p;

    p = ngx_slab_alloc(pool, bytes + 64);

    return p ? ngx_align_ptr(p, 64) : NULL;
}


/* Runs in the master, once per zone; a reload hands over what the zone before had. */
static ngx_int_t
ngx_http_wasl_shared_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t         *pool;
    ngx_http_wasl_shared_t  *shared;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = pool->data;
        return NGX_OK;
    }

    shared = ngx_slab_calloc(pool, sizeof(ngx_http_wasl_shared_t));
    if (shared == NULL) {
        return NGX_ERROR;
    }

    shared->uses = ngx_http_wasl_shared_alloc(pool, NGX_HTTP_WASL_USES_BYTES);
    shared->crew = ngx_http_wasl_shared_alloc(pool, sizeof(struct crew));
    shared->air = ngx_http_wasl_shared_alloc(pool, AIR_BYTES);
    shared->welcome = ngx_http_wasl_shared_alloc(pool, WELCOME_BYTES);
    if (shared->uses == NULL || shared->crew == NULL || shared->air == NULL
        || shared->welcome == NULL)
    {
        return NGX_ERROR;
    }

    shared->uses = uses_at(shared->uses, NGX_HTTP_WASL_USES_BYTES);
    shared->crew = crew_at(shared->crew);
    shared->air = air_at(shared->air);
    shared->welcome = welcome_at(shared->welcome);

    pool->data = shared;
    zone->data = shared;

    return NGX_OK;
}


ngx_int_t
ngx_http_wasl_shared_zone(ngx_conf_t *cf, ngx_shm_zone_t **zone)
{
    size_t     bytes;
    ngx_str_t  name = ngx_string("wasl_shared");

    bytes = NGX_HTTP_WASL_USES_BYTES + sizeof(struct crew) + AIR_BYTES + WELCOME_BYTES
            + NGX_HTTP_WASL_POOL_BYTES;

    *zone = ngx_shared_memory_add(cf, &name, ngx_align(bytes, ngx_pagesize),
                                  &ngx_http_wasl_module);
    if (*zone == NULL) {
        return NGX_ERROR;
    }

    (*zone)->init = ngx_http_wasl_shared_init;

    return NGX_OK;
}


ngx_int_t
ngx_http_wasl_shared_join(ngx_http_wasl_worker_t *w, ngx_pool_t *pool)
{
    /* tells what is counted here from what one counted that had this process's number before */
    while (w->instance == 0) {
        if (getrandom(&w->instance, sizeof(w->instance), 0) != (ssize_t) sizeof(w->instance)) {
            w->instance = 0;
        }
    }

    w->who = process_who((int32_t) ngx_pid);
    w->shared = w->zone->data;
    w->berth = crew_join(w->shared->crew, w->who, process_alive);

    if (w->berth) {
        w->tally = tally_open(&w->berth->sheet, w->instance);
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_WARN, w->log, 0,
                  "wasl: %d workers have a place already: what this one counts dies with it",
                  CREW_BERTHS);

    w->berth = ngx_pmemalign(pool, sizeof(struct crew_berth), 64);
    if (w->berth == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(w->berth, sizeof(struct crew_berth));
    w->tally = tally_open(&w->berth->sheet, w->instance);

    return NGX_OK;
}


/* What was counted and is not on disk stays in the berths, for whoever looks next. */
void
ngx_http_wasl_shared_leave(ngx_http_wasl_worker_t *w)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_WASL_HEIRS; i++) {
        if (w->left[i]) {
            crew_leave(w->left[i]);
        }
    }

    crew_leave(w->berth);
}


/* Counts of workers that were killed, or that ended before contentd had heard all: how many were found. */
ngx_uint_t
ngx_http_wasl_shared_adopt(ngx_http_wasl_worker_t *w)
{
    ngx_uint_t  i, found;

    found = 0;

    for (i = 0; i < NGX_HTTP_WASL_HEIRS; i++) {
        if (w->left[i] && tally_rows(&w->left[i]->sheet) == 0) {
            crew_leave(w->left[i]);
            w->left[i] = NULL;
        }

        if (w->left[i]) {
            continue;
        }

        w->left[i] = crew_adopt(w->shared->crew, w->who, process_alive);
        if (w->left[i] == NULL) {
            continue;
        }

        w->heirs[i] = tally_open(&w->left[i]->sheet, w->instance);
        found++;
    }

    return found;
}
