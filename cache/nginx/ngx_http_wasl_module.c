// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


#define NGX_HTTP_WASL_OPEN_FILES  512


static ngx_int_t ngx_http_wasl_handler(ngx_http_request_t *r);
static void *ngx_http_wasl_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_wasl_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_wasl_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wasl_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
static char *ngx_http_wasl_set_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_wasl_set_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_wasl_set_neighbours(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_wasl_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_wasl_set_connections(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_wasl_init_process(ngx_cycle_t *cycle);
static void ngx_http_wasl_exit_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_http_wasl_commands[] = {

    /* the folder that wasl-contentd keeps; this process only reads it */
    { ngx_string("wasl_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_wasl_set_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_wasl_main_conf_t, store),
      NULL },

    /* the socket at which wasl-contentd is asked for what is missing */
    { ngx_string("wasl_want"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_wasl_set_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_wasl_main_conf_t, want),
      NULL },

    /* COUNT [all]: open connections of one address at a worker, or 0; loopback counts with "all" */
    { ngx_string("wasl_connections"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_wasl_set_connections,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    /* how long a client waits for the next byte before it is told to come back */
    { ngx_string("wasl_patience"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wasl_loc_conf_t, patience),
      NULL },

    { ngx_string("wasl"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_wasl_set_on,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wasl_loc_conf_t, enable),
      NULL },

    /* objects by their ids, for boxes of neighbour schools */
    { ngx_string("wasl_neighbours"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_wasl_set_neighbours,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wasl_loc_conf_t, neighbours),
      NULL },

    /* what the workers have counted of themselves; the location says who may ask */
    { ngx_string("wasl_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_wasl_set_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wasl_loc_conf_t, metrics),
      NULL },

    /* whoever has had a page from here has seen the portal: what $wasl_stranger is about */
    { ngx_string("wasl_welcome"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wasl_loc_conf_t, welcome),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wasl_module_ctx = {
    ngx_http_wasl_welcome_variable,        /* preconfiguration */
    ngx_http_wasl_welcome_init,            /* postconfiguration */

    ngx_http_wasl_create_main_conf,        /* create main configuration */
    ngx_http_wasl_init_main_conf,          /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wasl_create_loc_conf,         /* create location configuration */
    ngx_http_wasl_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_wasl_module = {
    NGX_MODULE_V1,
    &ngx_http_wasl_module_ctx,             /* module context */
    ngx_http_wasl_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_wasl_init_process,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_wasl_exit_process,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_wasl_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    struct view_names          *names;
    struct names_entry          entry;
    ngx_http_wasl_ctx_t        *ctx;
    ngx_http_wasl_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_wasl_module);

    if (wmcf->worker == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    if (ngx_http_wasl_cors(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_wasl_options(r);
    }

    rc = view_find(wmcf->worker->view, (char *) r->uri.data, r->uri.len, &entry, &names);
    if (rc == -NGX_ENOENT) {
        ngx_http_wasl_more(wmcf->worker, REPLIES_MISSING, 1);
        return NGX_DECLINED;
    }
    if (rc != 0) {
        /* the index is damaged: until contentd has written it anew nobody can say where this leads, or that it leads nowhere */
        ngx_http_wasl_want_tell_spoilt(wmcf->worker);
        ngx_http_wasl_more(wmcf->worker, REPLIES_UNAVAILABLE, 1);
        return ngx_http_wasl_later(r);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_wasl_not_allowed(r);
    }

    if (entry.kind == NAMES_REDIRECT) {
        return ngx_http_wasl_redirect(r, wmcf->worker, &entry);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_wasl_metrics_asked(wmcf->worker, entry.kind);

    view_names_hold(names);

    if (entry.kind == NAMES_BYTES && wmcf->worker->air.count) {
        ngx_http_wasl_air_offer(wmcf->worker, r, &entry, &names);
    }

    ctx = ngx_http_wasl_create_ctx(r, wmcf->worker, &entry, names);
    view_names_release(names);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_GET
        && ((entry.kind == NAMES_RENDITION && entry.segment)
            || (entry.kind == NAMES_OBJECT && ctx->sender.entry.lesson[0])))
    {
        ngx_http_wasl_count_asked(ctx);
    }

    rc = ngx_http_wasl_run(ctx);

    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


static void *
ngx_http_wasl_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_wasl_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wasl_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->guests = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_wasl_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_wasl_main_conf_t  *wmcf = conf;

    ngx_conf_init_value(wmcf->guests, 0);

    if (wmcf->store.len == 0) {
        return NGX_CONF_OK;
    }

    if (wmcf->want.len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"wasl_store\" needs \"wasl_want SOCKET\" beside it");
        return NGX_CONF_ERROR;
    }

    if (ngx_http_wasl_shared_zone(cf, &wmcf->zone) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* for reads from the disk (ngx_http_wasl_disk.c) */
    if (ngx_thread_pool_add(cf, NULL) == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_wasl_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wasl_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wasl_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->neighbours = NGX_CONF_UNSET;
    conf->metrics = NGX_CONF_UNSET;
    conf->welcome = NGX_CONF_UNSET;
    conf->patience = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_http_wasl_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wasl_loc_conf_t  *prev = parent;
    ngx_http_wasl_loc_conf_t  *conf = child;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_value(conf->neighbours, prev->neighbours, 0);
    ngx_conf_merge_value(conf->welcome, prev->welcome, 0);
    /* unset: as contentd says */
    if (conf->patience == NGX_CONF_UNSET_MSEC) {
        conf->patience = prev->patience;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wasl_set_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *path, *value;

    path = (ngx_str_t *) ((u_char *) conf + cmd->offset);
    if (path->data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    *path = value[1];

    if (path->len == 0 || ngx_conf_full_name(cf->cycle, path, 0) != NGX_OK) {
        return "has an invalid path";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wasl_set_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                       *rv;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_wasl_loc_conf_t   *wlcf = conf;
    ngx_http_wasl_main_conf_t  *wmcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK || !wlcf->enable) {
        return rv;
    }

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_wasl_module);
    if (wmcf->store.len == 0) {
        return "needs \"wasl_store DIR\" before it, in the http block";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_wasl_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_wasl_set_neighbours(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                       *rv;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_wasl_loc_conf_t   *wlcf = conf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK && wlcf->neighbours) {
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
        clcf->handler = ngx_http_wasl_near_handler;
    }

    return rv;
}


static char *
ngx_http_wasl_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                       *rv;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_wasl_loc_conf_t   *wlcf = conf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK || !wlcf->metrics) {
        return rv;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_wasl_metrics_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_wasl_set_connections(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_http_wasl_main_conf_t  *wmcf = conf;

    value = cf->args->elts;

    if (wmcf->guests != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    wmcf->guests = ngx_atoi(value[1].data, value[1].len);
    if (wmcf->guests == NGX_ERROR) {
        return "takes a number of connections";
    }

    if (cf->args->nelts == 3) {
        if (ngx_strcmp(value[2].data, "all") != 0) {
            return "takes \"all\" after the number, or nothing";
        }

        wmcf->guests_all = 1;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_wasl_init_process(ngx_cycle_t *cycle)
{
    ngx_http_wasl_worker_t     *w;
    ngx_http_wasl_main_conf_t  *wmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_wasl_module);
    if (wmcf == NULL || wmcf->store.len == 0) {
        return NGX_OK;
    }

    w = ngx_pcalloc(cycle->pool, sizeof(ngx_http_wasl_worker_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    w->log = cycle->log;
    w->zone = wmcf->zone;
    w->want_path = wmcf->want;
    w->store = wmcf->store;
    w->waiters = waiters_new();
    ngx_queue_init(&w->under_way);

    if (w->waiters == NULL
        || ngx_http_wasl_disk_start(w, cycle) != NGX_OK
        || ngx_http_wasl_shared_join(w, cycle->pool) != NGX_OK
        || view_open((char *) wmcf->store.data, NGX_HTTP_WASL_OPEN_FILES, &w->view, NULL) != 0)
    {
        return NGX_ERROR;
    }

    if (ngx_http_wasl_door_init(cycle, w, wmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_wasl_life_init(w);

    wmcf->worker = w;
    return ngx_http_wasl_want_start(w);
}


static void
ngx_http_wasl_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_wasl_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_wasl_module);
    if (wmcf && wmcf->worker) {
        ngx_http_wasl_want_stop(wmcf->worker);
        ngx_http_wasl_shared_leave(wmcf->worker);
    }
}
