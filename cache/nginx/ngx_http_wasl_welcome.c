// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


typedef struct {
    size_t       len;
    const void  *address;
} ngx_http_wasl_guest_t;


/* Who asks; NGX_DECLINED: the box itself. */
static ngx_int_t
ngx_http_wasl_welcome_guest(ngx_http_request_t *r, ngx_http_wasl_guest_t *guest)
{
    guest->address = ngx_http_wasl_count_address(r, &guest->len);

    if (guest->len == sizeof(struct in_addr)) {
        return *(const in_addr_t *) guest->address != htonl(INADDR_LOOPBACK) ? NGX_OK : NGX_DECLINED;
    }

    if (guest->len == sizeof(struct in6_addr)) {
        return !IN6_IS_ADDR_LOOPBACK((const struct in6_addr *) guest->address) ? NGX_OK : NGX_DECLINED;
    }

    return NGX_DECLINED;
}


/* Of an address, whatever program asks: the system's question and the person's browser are one phone. */
static uint64_t
ngx_http_wasl_welcome_phone(struct uses *uses, const ngx_http_wasl_guest_t *guest)
{
    return uses_device(uses, guest->address, guest->len, "", 0);
}


static uint32_t
ngx_http_wasl_welcome_now(void)
{
    return (uint32_t) (ngx_current_msec / 1000);
}


/* $wasl_stranger: "1" until the phone that asks has had a page of the portal today; without a secret nobody is one. */
static ngx_int_t
ngx_http_wasl_welcome_stranger(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    int32_t                     day;
    ngx_uint_t                  stranger;
    struct uses                *uses;
    ngx_http_wasl_guest_t       guest;
    ngx_http_wasl_worker_t     *w;
    ngx_http_wasl_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_wasl_module);
    w = wmcf->worker;
    stranger = 0;

    if (w && ngx_http_wasl_welcome_guest(r, &guest) == NGX_OK) {
        uses = ngx_http_wasl_count_lock(w, &day);
        if (uses) {
            stranger = !welcome_was_shown(w->shared->welcome, day,
                                          ngx_http_wasl_welcome_phone(uses, &guest),
                                          ngx_http_wasl_welcome_now());
            ngx_http_wasl_count_unlock(w);
        }
    }

    if (w && stranger) {
        ngx_http_wasl_more(w, PROBES_CAPTIVE, 1);

    } else if (w) {
        ngx_http_wasl_more(w, PROBES_ONLINE, 1);
    }

    v->data = (u_char *) "1";
    v->len = stranger;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_wasl_welcome_page(ngx_http_request_t *r)
{
    ngx_str_t  *type;

    if (r->method != NGX_HTTP_GET) {
        return 0;
    }

    /* it has it already */
    if (r->headers_out.status == NGX_HTTP_NOT_MODIFIED) {
        return 1;
    }

    type = &r->headers_out.content_type;

    return r->headers_out.status == NGX_HTTP_OK
           && type->len >= sizeof("text/html") - 1
           && ngx_strncmp(type->data, "text/html", sizeof("text/html") - 1) == 0;
}


/* The request is over. */
static ngx_int_t
ngx_http_wasl_welcome_handler(ngx_http_request_t *r)
{
    int32_t                     day;
    struct uses                *uses;
    ngx_http_wasl_guest_t       guest;
    ngx_http_wasl_worker_t     *w;
    ngx_http_wasl_loc_conf_t   *wlcf;
    ngx_http_wasl_main_conf_t  *wmcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wasl_module);

    if (!wlcf->welcome || !ngx_http_wasl_welcome_page(r)) {
        return NGX_OK;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_wasl_module);
    w = wmcf->worker;

    if (w == NULL || ngx_http_wasl_welcome_guest(r, &guest) != NGX_OK) {
        return NGX_OK;
    }

    uses = ngx_http_wasl_count_lock(w, &day);
    if (uses) {
        welcome_shown(w->shared->welcome, day, ngx_http_wasl_welcome_phone(uses, &guest),
                      ngx_http_wasl_welcome_now());
        ngx_http_wasl_count_unlock(w);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wasl_welcome_variable(ngx_conf_t *cf)
{
    ngx_str_t             name = ngx_string("wasl_stranger");
    ngx_http_variable_t  *var;

    var = ngx_http_add_variable(cf, &name, 0);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_http_wasl_welcome_stranger;

    return NGX_OK;
}


ngx_int_t
ngx_http_wasl_welcome_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_wasl_welcome_handler;

    return NGX_OK;
}
