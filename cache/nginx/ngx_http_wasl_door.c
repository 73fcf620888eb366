// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


typedef struct {
    struct guests  *guests;
    struct guest    who;
} ngx_http_wasl_guest_t;


static void
ngx_http_wasl_door_left(void *data)
{
    ngx_http_wasl_guest_t  *guest = data;

    guests_leave(guest->guests, &guest->who);
}


/* NGX_DECLINED: comes from this machine, and is not counted. */
static ngx_int_t
ngx_http_wasl_door_who(struct sockaddr *sockaddr, ngx_flag_t all, struct guest *who)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    switch (sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sockaddr;
        *who = guest_v4(&sin->sin_addr);
        return all || ntohl(sin->sin_addr.s_addr) >> 24 != 127 ? NGX_OK : NGX_DECLINED;

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sockaddr;
        *who = guest_v6(&sin6->sin6_addr);
        return all || !IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr) ? NGX_OK : NGX_DECLINED;

    default:
        return NGX_DECLINED;
    }
}


/*
 * Stands before nginx's own handler of accepted connections: limit_conn only counts requests whose head has come, and
 * whoever sends none would not be counted.
 */
static void
ngx_http_wasl_door_handler(ngx_connection_t *c)
{
    struct guest                who;
    struct linger               hard;
    ngx_pool_cleanup_t         *cln;
    ngx_http_wasl_guest_t      *guest;
    ngx_http_wasl_worker_t     *w;
    ngx_http_wasl_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_http_wasl_module);
    w = wmcf->worker;

    if (ngx_http_wasl_door_who(c->sockaddr, wmcf->guests_all, &who) != NGX_OK) {
        ngx_http_init_connection(c);
        return;
    }

    switch (guests_enter(w->guests, &who, (uint32_t) wmcf->guests)) {

    case 0:
        cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_wasl_guest_t));
        if (cln == NULL) {
            guests_leave(w->guests, &who);
            ngx_http_close_connection(c);
            return;
        }

        guest = cln->data;
        guest->guests = w->guests;
        guest->who = who;
        cln->handler = ngx_http_wasl_door_left;
        break;

    case -EBUSY:
        ngx_http_wasl_more(w, CONNECTIONS_REFUSED, 1);

        /* reset: a refusal must not cost more than the connection that it refuses */
        hard.l_onoff = 1;
        hard.l_linger = 0;
        (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));

        ngx_http_close_connection(c);
        return;
    }

    ngx_http_init_connection(c);
}


ngx_int_t
ngx_http_wasl_door_init(ngx_cycle_t *cycle, ngx_http_wasl_worker_t *w,
    ngx_http_wasl_main_conf_t *wmcf)
{
    ngx_uint_t        i;
    ngx_listening_t  *ls;

    if (wmcf->guests == 0) {
        return NGX_OK;
    }

    w->guests = guests_new((uint32_t) cycle->connection_n);
    if (w->guests == NULL) {
        return NGX_ERROR;
    }

    ls = cycle->listening.elts;
    for (i = 0; i < cycle->listening.nelts; i++) {
        if (ls[i].handler == ngx_http_init_connection) {
            ls[i].handler = ngx_http_wasl_door_handler;
        }
    }

    return NGX_OK;
}
