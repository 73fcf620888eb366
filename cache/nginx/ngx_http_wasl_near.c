// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


/*
 * For boxes of neighbour schools, as an origin answers: /wasl/v1/map/ID and /wasl/v1/object/ID. What is verified and here is
 * sent, as far as it goes; nobody's wish is passed on, so two boxes never wait for each other. To the addresses that contentd
 * names, in a file beside the store; without one, to nobody.
 */

#define NGX_HTTP_WASL_NEAR_FILE  4096


typedef struct {
    ngx_str_t                     prefix;
    ngx_int_t                   (*answer)(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
                                          const struct objmap_id *id);
} ngx_http_wasl_near_thing_t;


/* Called when contentd said hello: it has written the file by then. */
void
ngx_http_wasl_near_read(ngx_http_wasl_worker_t *w)
{
    char        text[NGX_HTTP_WASL_NEAR_FILE + 1], path[NGX_MAX_PATH + 1], *rest, *word;
    int         fd;
    ssize_t     n;
    ngx_str_t   one;

    w->near_count = 0;

    *ngx_snprintf((u_char *) path, NGX_MAX_PATH, "%V/neighbours", &w->store) = '\0';

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW);
    if (fd == -1) {
        return;
    }

    n = read(fd, text, NGX_HTTP_WASL_NEAR_FILE);
    close(fd);

    text[n > 0 ? n : 0] = '\0';
    rest = text;

    while ((word = strsep(&rest, "\n")) && w->near_count < NGX_HTTP_WASL_NEAR) {
        one.data = (u_char *) word;
        one.len = ngx_strlen(word);

        /* NGX_DONE: bits behind the prefix; they are cleared */
        if (one.len && ngx_ptocidr(&one, &w->near[w->near_count]) != NGX_ERROR) {
            w->near_count++;
        }
    }
}


static ngx_uint_t
ngx_http_wasl_near_allowed(ngx_http_request_t *r, ngx_http_wasl_worker_t *w)
{
    ngx_array_t  list;

    ngx_memzero(&list, sizeof(list));
    list.elts = w->near;
    list.nelts = w->near_count;
    list.size = sizeof(ngx_cidr_t);

    return ngx_cidr_match(r->connection->sockaddr, &list) == NGX_OK;
}


static ngx_int_t
ngx_http_wasl_near_send(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
    const struct objmap_id *id, enum names_kind kind, uint64_t size)
{
    ngx_int_t             rc;
    struct names_entry    entry;
    ngx_http_wasl_ctx_t  *ctx;

    ngx_memzero(&entry, sizeof(entry));
    entry.kind = kind;
    entry.cache = NAMES_CACHE_IMMUTABLE;
    entry.media_type = "application/octet-stream";
    entry.lesson = entry.rung = entry.download_name = entry.redirect = "";
    entry.size = size;
    entry.id = *id;
    ngx_memcpy(&entry.etag, id->b, sizeof(entry.etag));

    ctx = ngx_http_wasl_create_ctx(r, w, &entry, NULL);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->near = 1;

    rc = ngx_http_wasl_run(ctx);

    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


static ngx_int_t
ngx_http_wasl_near_map(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
    const struct objmap_id *id)
{
    struct view_file  file;

    if (view_object_map(w->view, id, &file) != 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    return ngx_http_wasl_near_send(r, w, id, NAMES_MAP, file.length);
}


static ngx_int_t
ngx_http_wasl_near_object(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
    const struct objmap_id *id)
{
    uint64_t  size;

    if (view_object_size(w->view, id, &size) != 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    return ngx_http_wasl_near_send(r, w, id, NAMES_OBJECT, size);
}


/*
 * How much of what was asked for is here. RFC 9110, section 15.3.7: of a range a server may send less; whoever asked for the
 * whole is not given a part.
 */
ngx_int_t
ngx_http_wasl_near_clip(ngx_http_wasl_ctx_t *ctx, enum reply_kind kind, uint64_t from, uint64_t *len)
{
    struct view_file  file;

    if (*len == 0 || ctx->sender.entry.kind == NAMES_MAP) {
        return NGX_OK;
    }

    if (view_object(ctx->worker->view, &ctx->sender.entry.id, ctx->sender.entry.size, from, &file)
        != 0 || file.length == 0)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    if (file.length < *len) {
        if (kind == REPLY_WHOLE) {
            return NGX_HTTP_NOT_FOUND;
        }
        *len = file.length;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wasl_near_handler(ngx_http_request_t *r)
{
    char                         hex[65];
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    struct objmap_id             id;
    ngx_http_wasl_worker_t      *w;
    ngx_http_wasl_main_conf_t   *wmcf;

    static const ngx_http_wasl_near_thing_t  things[] = {
        { ngx_string("/wasl/v1/map/"), ngx_http_wasl_near_map },
        { ngx_string("/wasl/v1/object/"), ngx_http_wasl_near_object }
    };

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_wasl_module);
    w = wmcf->worker;

    if (w == NULL || r != r->main || !ngx_http_wasl_near_allowed(r, w)) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
        if (r->uri.len != things[i].prefix.len + 64
            || ngx_memcmp(r->uri.data, things[i].prefix.data, things[i].prefix.len) != 0)
        {
            continue;
        }

        ngx_memcpy(hex, r->uri.data + things[i].prefix.len, 64);
        hex[64] = '\0';

        if (objmap_id_parse(hex, &id) == 0) {
            return things[i].answer(r, w, &id);
        }
    }

    return NGX_HTTP_NOT_FOUND;
}
