// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"


#define NGX_HTTP_WASL_METHODS  "GET, HEAD, OPTIONS"


/* A player on any page may read any reply, refusals too: none depends on who asks. */
ngx_int_t
ngx_http_wasl_cors(ngx_http_request_t *r)
{
    if (ngx_http_wasl_push(r, "Access-Control-Allow-Origin", "*") == NULL
        || ngx_http_wasl_push(r, "Access-Control-Expose-Headers",
                              "Accept-Ranges, Content-Range, Date, ETag, Retry-After")
           == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A browser asks before a player's first range: the answer is the same for all names, and holds for a day. */
ngx_int_t
ngx_http_wasl_options(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_wasl_push(r, "Allow", NGX_HTTP_WASL_METHODS) == NULL
        || ngx_http_wasl_push(r, "Access-Control-Allow-Methods", NGX_HTTP_WASL_METHODS) == NULL
        || ngx_http_wasl_push(r, "Access-Control-Allow-Headers",
                              "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, "
                              "If-Unmodified-Since, Cache-Control")
           == NULL
        || ngx_http_wasl_push(r, "Access-Control-Max-Age", "86400") == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


ngx_int_t
ngx_http_wasl_not_allowed(ngx_http_request_t *r)
{
    if (ngx_http_wasl_push(r, "Allow", NGX_HTTP_WASL_METHODS) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_NOT_ALLOWED;
}
