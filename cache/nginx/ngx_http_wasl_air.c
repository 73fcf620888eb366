// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


typedef struct {                    /* of a connection that carries a picture */
    ngx_http_wasl_worker_t       *worker;
    uint64_t                      number;
} ngx_http_wasl_line_t;


static uint32_t
ngx_http_wasl_air_now(void)
{
    return (uint32_t) (ngx_current_msec / 1000);
}


static size_t
ngx_http_wasl_air_room(ngx_http_wasl_worker_t *w, ngx_http_request_t *r)
{
    size_t       len;
    const void  *address;

    address = ngx_http_wasl_count_address(r, &len);

    return air_room_of(&w->air, address, len);
}


static void
ngx_http_wasl_air_line_closed(void *data)
{
    int32_t                day;
    ngx_http_wasl_line_t  *line = data;

    if (ngx_http_wasl_count_lock(line->worker, &day)) {
        air_line_closed(line->worker->shared->air, line->number);
        ngx_http_wasl_count_unlock(line->worker);
    }
}


static void
ngx_http_wasl_air_line(ngx_http_wasl_ctx_t *ctx, size_t room)
{
    ngx_connection_t      *c;
    ngx_pool_cleanup_t    *cln;
    ngx_http_wasl_line_t  *line;

    c = ctx->request->connection;

    if (!air_line(ctx->worker->shared->air, room, c->number, ngx_http_wasl_air_now())) {
        return;
    }

    /* without it the connection is forgotten a little later */
    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_wasl_line_t));
    if (cln == NULL) {
        return;
    }

    line = cln->data;
    line->worker = ctx->worker;
    line->number = c->number;
    cln->handler = ngx_http_wasl_air_line_closed;
}


/* A media segment was asked for; the shared memory is locked. */
void
ngx_http_wasl_air_seen(ngx_http_wasl_ctx_t *ctx)
{
    size_t                   room;
    ngx_http_wasl_worker_t  *w;

    w = ctx->worker;
    room = ngx_http_wasl_air_room(w, ctx->request);

    air_device(w->shared->air, room, ctx->device, ngx_http_wasl_air_now());

    if (room < w->air.count && ngx_strncmp(ctx->sender.entry.rung, "audio", 5) != 0) {
        ngx_http_wasl_air_line(ctx, room);
    }
}


/* What one player of the client's room may take now; whoever asks for a playlist is about to play. */
static uint32_t
ngx_http_wasl_air_share(ngx_http_wasl_worker_t *w, ngx_http_request_t *r, size_t room)
{
    int32_t       day;
    uint32_t      share;
    struct uses  *uses;

    uses = ngx_http_wasl_count_lock(w, &day);
    if (uses == NULL) {
        return UINT32_MAX;
    }

    if (r->method == NGX_HTTP_GET) {
        air_device(w->shared->air, room, ngx_http_wasl_count_device(uses, r),
                   ngx_http_wasl_air_now());
    }

    share = air_share_kbps(w->shared->air, &w->air, room, ngx_http_wasl_air_now());

    ngx_http_wasl_count_unlock(w);

    return share;
}


/* A text of the index, copied out of the mapping: 0 when there is none, or it cannot be read. */
static size_t
ngx_http_wasl_air_text(const struct names_entry *entry, char text[AIR_TEXT_BYTES])
{
    if (entry->kind != NAMES_BYTES || entry->bytes_len > AIR_TEXT_BYTES
        || guard_copy(text, entry->bytes, entry->bytes_len) != 0)
    {
        return 0;
    }

    return entry->bytes_len;
}


/* "BEFORE/NAME" and the request's path, in the index. */
static int
ngx_http_wasl_air_find(ngx_http_wasl_worker_t *w, ngx_http_request_t *r, const char *before,
    const char *name, struct names_entry *entry, struct view_names **names)
{
    u_char  path[NAMES_MAX_PATH], *end;

    end = ngx_snprintf(path, sizeof(path), "%s%s%s%V", before, name[0] ? "/" : "", name, &r->uri);
    if (end == path + sizeof(path)) {
        return -ENAMETOOLONG;
    }

    return view_find(w->view, (char *) path, (size_t) (end - path), entry, names);
}


/*
 * What is sent in place of a multivariant playlist: *entry and *names become those of the one that the classroom's air carries.
 * *names is held, here and by the caller's release after.
 */
void
ngx_http_wasl_air_offer(ngx_http_wasl_worker_t *w, ngx_http_request_t *r,
    struct names_entry *entry, struct view_names **names)
{
    char                text[AIR_TEXT_BYTES];
    size_t              room, rung;
    struct air_rungs    rungs;
    struct view_names  *other;
    struct names_entry  found;

    room = ngx_http_wasl_air_room(w, r);

    if (room == AIR_ROOMS
        || ngx_http_wasl_air_find(w, r, AIR_PLAN_PATH, "", &found, &other) != 0
        || air_rungs_parse(text, ngx_http_wasl_air_text(&found, text), &rungs) != 0)
    {
        return;
    }

    rung = air_choose(&rungs, ngx_http_wasl_air_share(w, r, room));

    if (rung + 1 < rungs.count
        && ngx_http_wasl_air_find(w, r, AIR_CAPPED_PATH, rungs.all[rung].name, &found, &other) == 0
        && found.kind == NAMES_BYTES)
    {
        view_names_hold(other);
        view_names_release(*names);
        *entry = found;
        *names = other;
        ngx_http_wasl_more(w, MASTERS_CAPPED, 1);

    } else {
        ngx_http_wasl_more(w, MASTERS_FULL, 1);
    }

    /* another time another one: it is asked for each time, and told from others by its tag alone */
    entry->cache = NAMES_CACHE_NONE;
    entry->modified_s = -1;
}


/* Once a second: the plan may be another, and those who left are to be noticed while nobody asks. */
void
ngx_http_wasl_air_tick(ngx_http_wasl_worker_t *w)
{
    char                text[AIR_TEXT_BYTES];
    int32_t             day;
    struct view_names  *names;
    struct names_entry  entry;

    if (view_find(w->view, AIR_PLAN_PATH, sizeof(AIR_PLAN_PATH) - 1, &entry, &names) != 0
        || air_plan_parse(text, ngx_http_wasl_air_text(&entry, text), &w->air) != 0)
    {
        w->air.count = 0;
        return;
    }

    if (ngx_http_wasl_count_lock(w, &day)) {
        (void) air_players(w->shared->air, AIR_ROOMS, ngx_http_wasl_air_now());
        ngx_http_wasl_count_unlock(w);
    }
}


/* Players in each room and elsewhere, and what one may take. `labels` has a line for each room. */
size_t
ngx_http_wasl_air_metrics(ngx_http_wasl_worker_t *w, struct counters_extra *extra,
    u_char labels[AIR_ROOMS][NGX_HTTP_WASL_LABEL])
{
    size_t    i, n;
    int32_t   day;
    uint32_t  now;

    n = 0;
    now = ngx_http_wasl_air_now();

    if (ngx_http_wasl_count_lock(w, &day) == NULL) {
        return 0;
    }

    for (i = 0; i < w->air.count; i++) {
        *ngx_snprintf(labels[i], NGX_HTTP_WASL_LABEL - 1, "room=\"%s\"", w->air.rooms[i].name)
            = '\0';
        extra[n].metric = "wasl_players";
        extra[n].labels = (char *) labels[i];
        extra[n].help = i ? "" : NGX_HTTP_WASL_PLAYERS;
        extra[n++].value = air_players(w->shared->air, i, now);
    }

    extra[n].metric = "wasl_players";
    extra[n].labels = "room=\"\"";
    extra[n].help = n ? "" : NGX_HTTP_WASL_PLAYERS;
    extra[n++].value = air_players(w->shared->air, AIR_ROOMS, now);

    for (i = 0; i < w->air.count; i++) {
        extra[n].metric = "wasl_air_share_kbps";
        extra[n].labels = (char *) labels[i];
        extra[n].help = i ? "" : "What one player of the room is offered of its air.";
        extra[n++].value = air_share_kbps(w->shared->air, &w->air, i, now);
    }

    ngx_http_wasl_count_unlock(w);

    return n;
}
