// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


#define NGX_HTTP_WASL_LOAD  (512 * 1024)


typedef enum {
    NGX_HTTP_WASL_READ,                     /* bytes are to be in memory */
    NGX_HTTP_WASL_CHECK,                    /* their tag is wanted */
    NGX_HTTP_WASL_OPEN                      /* files are to be found quickly */
} ngx_http_wasl_job_e;


/*
 * A read that a thread does, because sendfile() of bytes that are not in memory would keep the worker, and everyone else it
 * serves, until the disk has answered. Whoever needs the same bytes joins it.
 */
struct ngx_http_wasl_load_s {
    ngx_http_wasl_load_t    *next;          /* in flight, or to be used again */
    ngx_http_wasl_ctx_t     *waiting;
    ngx_http_wasl_worker_t  *worker;
    struct view_file         file;
    ngx_http_wasl_job_e      job;
    uint64_t                 tag;           /* CHECK */
    int                      dir;           /* OPEN, and no file then */
    struct cold_files        cold;
    int                      error;
};


struct ngx_http_wasl_copy_s {
    ngx_http_wasl_copy_t    *next;
    u_char                   bytes[NGX_HTTP_WASL_SHORT];
};


static ngx_thread_task_t *
ngx_http_wasl_disk_task(ngx_http_wasl_load_t *load)
{
    return (ngx_thread_task_t *) load - 1;
}


/* in a thread: nothing but the load is touched */
static void
ngx_http_wasl_disk_read(void *data, ngx_log_t *log)
{
    ngx_http_wasl_load_t  *load = data;

    switch (load->job) {

    case NGX_HTTP_WASL_READ:
        load->error = warm_read(load->file.fd, load->file.offset, load->file.length);
        break;

    case NGX_HTTP_WASL_CHECK:
        load->error = pass_file_tag(load->file.fd, load->file.offset, load->file.length,
                                    &load->tag);
        break;

    case NGX_HTTP_WASL_OPEN:
        cold_bring(load->dir, &load->cold);
        break;
    }
}


/* contentd looks what is wrong with it, and brings it again; the pupil waits for that, as for anything missing. */
static void
ngx_http_wasl_disk_failed(ngx_http_wasl_ctx_t *ctx, const ngx_http_wasl_load_t *load)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    struct sender_want   want;

    /* what a download is put together from is looked at when its segments are played */
    if (ctx->sender.entry.kind == NAMES_VIRTUAL) {
        ngx_http_wasl_give_up(ctx);
        return;
    }

    want = sender_want(&ctx->sender);
    want.error = load->error;

    if (want.size) {
        want.count = ngx_min(want.count, load->file.length / OBJMAP_CHUNK_BYTES + 1);
    }

    c = ctx->request->connection;
    rc = ngx_http_wasl_wait(ctx, &want);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(ctx->request, rc);
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_wasl_disk_done(ngx_event_t *ev)
{
    ngx_http_wasl_ctx_t     *ctx;
    ngx_http_wasl_load_t    *load, **at;
    ngx_http_wasl_worker_t  *w;

    load = ev->data;
    w = load->worker;

    for (at = &w->loads; *at != load; at = &(*at)->next) { /* void */ }
    *at = load->next;

    if (load->error) {
        ngx_http_wasl_more(w, DAMAGED, 1);
        ngx_log_error(NGX_LOG_ERR, w->log, -load->error,
                      "wasl: %uL bytes at %uL of a file of the store cannot be read: the disk "
                      "may be failing", load->file.length, load->file.offset);
        warm_forget(w->warm, load->file.serial, load->file.offset, load->file.length);

    } else if (load->job == NGX_HTTP_WASL_OPEN) {
        ngx_http_wasl_more(w, COLD_OPENS, 1);

    } else if (load->job == NGX_HTTP_WASL_CHECK) {
        ngx_http_wasl_more(w, LANDED, 1);
        landed_note(&w->landed, &load->file, load->tag);

    } else {
        ngx_http_wasl_more(w, COLD_READS, 1);
        warm_note(w->warm, load->file.serial, load->file.offset, load->file.length,
                  (uint32_t) ngx_time());
    }

    if (load->file.item) {
        view_release(load->file.item);
    }

    while (load->waiting) {
        ctx = load->waiting;
        ngx_http_wasl_disk_leave(ctx);

        if (load->error) {
            ngx_http_wasl_disk_failed(ctx, load);

        } else {
            ngx_http_wasl_resume(ctx);
        }
    }

    load->next = w->spare_loads;
    w->spare_loads = load;
}


static ngx_http_wasl_load_t *
ngx_http_wasl_disk_find(ngx_http_wasl_worker_t *w, const struct view_file *file, uint64_t offset,
    ngx_http_wasl_job_e job)
{
    ngx_http_wasl_load_t  *load;

    for (load = w->loads; load; load = load->next) {
        if (load->job == job && load->file.serial == file->serial
            && offset >= load->file.offset
            && offset - load->file.offset < load->file.length)
        {
            return load;
        }
    }

    return NULL;
}


/* Room for one. */
static ngx_http_wasl_load_t *
ngx_http_wasl_disk_new(ngx_http_wasl_worker_t *w, ngx_http_wasl_job_e job)
{
    ngx_thread_task_t     *task;
    ngx_http_wasl_load_t  *load;

    load = w->spare_loads;

    if (load) {
        w->spare_loads = load->next;

    } else {
        task = ngx_thread_task_alloc(w->pool, sizeof(ngx_http_wasl_load_t));
        if (task == NULL) {
            return NULL;
        }
        load = task->ctx;
    }

    load->waiting = NULL;
    load->worker = w;
    load->error = 0;
    load->job = job;
    ngx_memzero(&load->file, sizeof(struct view_file));

    return load;
}


/* Gives it to a thread. NULL: there is none for it. */
static ngx_http_wasl_load_t *
ngx_http_wasl_disk_post(ngx_http_wasl_load_t *load)
{
    ngx_thread_task_t       *task;
    ngx_http_wasl_worker_t  *w;

    w = load->worker;
    task = ngx_http_wasl_disk_task(load);
    task->handler = ngx_http_wasl_disk_read;
    task->event.handler = ngx_http_wasl_disk_done;
    task->event.data = load;
    task->event.log = w->log;

    if (ngx_thread_task_post(w->disk, task) != NGX_OK) {
        load->next = w->spare_loads;
        w->spare_loads = load;
        return NULL;
    }

    if (load->file.item) {
        view_hold(load->file.item);
    }

    load->next = w->loads;
    w->loads = load;

    return load;
}


/* Reads so many bytes in: whole blocks, as they are known. */
static ngx_http_wasl_load_t *
ngx_http_wasl_disk_fetch(ngx_http_wasl_worker_t *w, const struct view_file *file,
    uint64_t offset, uint64_t length)
{
    ngx_http_wasl_load_t  *load;

    load = ngx_http_wasl_disk_new(w, NGX_HTTP_WASL_READ);
    if (load == NULL) {
        return NULL;
    }

    load->file = *file;
    load->file.offset = offset - offset % WARM_BLOCK_BYTES;
    load->file.length = ngx_min(length, NGX_HTTP_WASL_LOAD) + offset % WARM_BLOCK_BYTES;

    return ngx_http_wasl_disk_post(load);
}


/* Waits for it, beside others. */
static void
ngx_http_wasl_disk_join(ngx_http_wasl_ctx_t *ctx, ngx_http_wasl_load_t *load)
{
    ctx->load = load;
    ctx->load_prev = NULL;
    ctx->load_next = load->waiting;

    if (load->waiting) {
        load->waiting->load_prev = ctx;
    }

    load->waiting = ctx;
}


/*
 * How many of the bytes can be sent without waiting for the disk. What comes after them is being read meanwhile, so that a
 * body from a slow disk flows; 0: ngx_http_wasl_disk_wait().
 */
uint64_t
ngx_http_wasl_disk_ready(ngx_http_wasl_ctx_t *ctx, const struct view_file *file, uint64_t length)
{
    uint64_t                 ready;
    ngx_http_wasl_load_t    *load;
    ngx_http_wasl_worker_t  *w;

    w = ctx->worker;
    length = ngx_min(length, NGX_HTTP_WASL_WINDOW);

    if (w->disk == NULL) {
        return length;
    }

    ready = warm_ready(w->warm, file->serial, file->fd, file->offset, length,
                       (uint32_t) ngx_time());
    if (ready == length) {
        return length;
    }

    load = ngx_http_wasl_disk_find(w, file, file->offset + ready, NGX_HTTP_WASL_READ);
    if (load == NULL) {
        load = ngx_http_wasl_disk_fetch(w, file, file->offset + ready, length - ready);
    }

    if (load) {
        warm_reading(w->warm, file->serial, file->offset + ready, (uint32_t) ngx_time());
    }

    if (ready || load == NULL) {
        return ready ? ready : length;
    }

    ngx_http_wasl_disk_join(ctx, load);

    return 0;
}


/*
 * Which bytes are in that place of the file: read and hashed by a thread, once for all who go on with them. NGX_DONE: goes on by an
 * event. NGX_OK: it is known now, because there was no thread.
 */
ngx_int_t
ngx_http_wasl_disk_check(ngx_http_wasl_ctx_t *ctx, const struct view_file *file)
{
    uint64_t                 tag;
    ngx_http_wasl_load_t    *load;
    ngx_http_wasl_worker_t  *w;

    w = ctx->worker;
    load = NULL;

    if (w->disk) {
        load = ngx_http_wasl_disk_find(w, file, file->offset, NGX_HTTP_WASL_CHECK);
    }

    if (load == NULL && w->disk) {
        load = ngx_http_wasl_disk_new(w, NGX_HTTP_WASL_CHECK);
        if (load) {
            load->file = *file;
            load = ngx_http_wasl_disk_post(load);
        }
    }

    if (load) {
        ngx_http_wasl_disk_join(ctx, load);
        return ngx_http_wasl_disk_wait(ctx);
    }

    if (pass_file_tag(file->fd, file->offset, file->length, &tag) != 0) {
        return ngx_http_wasl_unavailable(ctx);
    }

    ngx_http_wasl_more(w, LANDED, 1);
    landed_note(&w->landed, file, tag);

    return NGX_OK;
}


/* What has to be open before anything is sent; a download's first part stands for all of it. */
static ngx_int_t
ngx_http_wasl_disk_needs(const struct names_entry *e, uint64_t *rendition)
{
    *rendition = 0;

    switch (e->kind) {

    case NAMES_OBJECT:
        return NGX_OK;

    case NAMES_RENDITION:
        *rendition = e->rendition;
        break;

    case NAMES_VIRTUAL:
        if (e->extent_count == 0
            || guard_copy(rendition, &e->extents[0].rendition, sizeof(*rendition)) != 0)
        {
            return NGX_DECLINED;
        }
        break;

    default:
        return NGX_DECLINED;
    }

    return *rendition ? NGX_OK : NGX_DECLINED;
}


/*
 * Before the worker opens files of a thing that nobody asked for of late, a thread finds them, if the disk has to be asked: NGX_DONE,
 * it goes on by an event. NGX_OK: they can be opened.
 */
ngx_int_t
ngx_http_wasl_disk_open(ngx_http_wasl_ctx_t *ctx)
{
    int                        dir;
    uint64_t                   rendition;
    struct cold_files          cold;
    const struct names_entry  *e;
    ngx_http_wasl_load_t      *load;
    ngx_http_wasl_worker_t    *w;

    w = ctx->worker;
    e = &ctx->sender.entry;

    if (ctx->opened) {
        return NGX_OK;
    }

    ctx->opened = 1;

    if (w->disk == NULL || ngx_http_wasl_disk_needs(e, &rendition) != NGX_OK
        || view_is_open(w->view, &e->id, rendition))
    {
        return NGX_OK;
    }

    dir = view_dir(w->view);
    cold = cold_files(&e->id, rendition);

    for (load = w->loads; load; load = load->next) {
        if (load->job == NGX_HTTP_WASL_OPEN
            && ngx_strcmp(load->cold.body.at, cold.body.at) == 0)
        {
            break;
        }
    }

    if (load == NULL) {
        if (dir < 0 || !cold_is(dir, &cold)) {
            return NGX_OK;
        }

        load = ngx_http_wasl_disk_new(w, NGX_HTTP_WASL_OPEN);
        if (load) {
            load->dir = dir;
            load->cold = cold;
            load = ngx_http_wasl_disk_post(load);
        }
    }

    if (load == NULL) {
        return NGX_OK;
    }

    ngx_http_wasl_disk_join(ctx, load);

    return ngx_http_wasl_disk_wait(ctx);
}


/*
 * The whole of a short body, in memory of the worker that is used again and again: one write carries it with its head, where
 * sendfile takes four calls. NULL: it is sent from the file.
 */
u_char *
ngx_http_wasl_disk_copy(ngx_http_wasl_ctx_t *ctx, const struct view_file *file, uint64_t length)
{
    ngx_http_wasl_copy_t    *copy;
    ngx_http_wasl_worker_t  *w;

    if (ctx->copy) {
        return ctx->copy->bytes;
    }

    if (length != (uint64_t) ctx->length || length > NGX_HTTP_WASL_SHORT) {
        return NULL;
    }

    w = ctx->worker;
    copy = w->spare_copies;

    if (copy == NULL) {
        copy = ngx_palloc(w->pool, sizeof(ngx_http_wasl_copy_t));
        if (copy == NULL) {
            return NULL;
        }

        copy->next = NULL;
    }

    w->spare_copies = copy->next;

    if (warm_copy(file->fd, file->offset, copy->bytes, length) != 0) {
        copy->next = w->spare_copies;
        w->spare_copies = copy;
        return NULL;
    }

    ctx->copy = copy;
    return copy->bytes;
}


ngx_int_t
ngx_http_wasl_disk_wait(ngx_http_wasl_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_wasl_push_out(r->connection);

    if (!ctx->timeout.timer_set) {
        ngx_add_timer(&ctx->timeout, ctx->patience);
    }

    ngx_http_wasl_sleep(r);

    return NGX_DONE;
}


void
ngx_http_wasl_disk_leave(ngx_http_wasl_ctx_t *ctx)
{
    if (ctx->load == NULL) {
        return;
    }

    if (ctx->load_prev) {
        ctx->load_prev->load_next = ctx->load_next;

    } else {
        ctx->load->waiting = ctx->load_next;
    }

    if (ctx->load_next) {
        ctx->load_next->load_prev = ctx->load_prev;
    }

    ctx->load = NULL;
}


/* The request is over. */
void
ngx_http_wasl_disk_end(ngx_http_wasl_ctx_t *ctx)
{
    ngx_http_wasl_disk_leave(ctx);

    if (ctx->copy) {
        ctx->copy->next = ctx->worker->spare_copies;
        ctx->worker->spare_copies = ctx->copy;
        ctx->copy = NULL;
    }
}


ngx_int_t
ngx_http_wasl_disk_start(ngx_http_wasl_worker_t *w, ngx_cycle_t *cycle)
{
    ngx_str_t  name = ngx_string("default");

    w->pool = cycle->pool;
    w->warm = warm_new();
    w->disk = ngx_thread_pool_get(cycle, &name);

    return w->warm ? NGX_OK : NGX_ERROR;
}
