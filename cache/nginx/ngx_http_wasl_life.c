// SPDX-License-Identifier: GPL-2.0-or-later
#include "ngx_http_wasl.h"

#include <sys/un.h>


/*
 * systemd's watchdog (sd_notify(3), NotifyAccess=all). Workers feed it, because a master lives on while its workers hang; and
 * none does while another one hangs, because half of the phones hang with it. nginx keeps NOTIFY_SOCKET and WATCHDOG_USEC
 * from its environment by "env" lines.
 */
static void
ngx_http_wasl_life_say(ngx_http_wasl_worker_t *w, const char *what)
{
    int                 fd;
    size_t              len;
    socklen_t           size;
    const char         *path;
    struct sockaddr_un  addr;

    path = getenv("NOTIFY_SOCKET");
    if (path == NULL) {
        return;
    }

    len = ngx_strlen(path);
    if (len == 0 || len >= sizeof(addr.sun_path)) {
        return;
    }

    ngx_memzero(&addr, sizeof(addr));
    addr.sun_family = AF_UNIX;
    ngx_memcpy(addr.sun_path, path, len);
    size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len);

    if (path[0] == '@') {
        addr.sun_path[0] = '\0';
    }

    fd = socket(AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);
    if (fd == -1) {
        return;
    }

    if (sendto(fd, what, ngx_strlen(what), MSG_NOSIGNAL, (struct sockaddr *) &addr, size) == -1) {
        ngx_log_error(NGX_LOG_WARN, w->log, ngx_errno, "wasl: cannot tell systemd \"%s\"", what);
    }

    close(fd);
}


void
ngx_http_wasl_life_init(ngx_http_wasl_worker_t *w)
{
    long         usec;
    const char  *text;

    text = getenv("WATCHDOG_USEC");
    usec = text ? strtol(text, NULL, 10) : 0;

    w->watchdog = usec > 0 ? (ngx_msec_t) (usec / 1000) : 0;
    w->fed = ngx_current_msec - w->watchdog;
}


void
ngx_http_wasl_life_tick(ngx_http_wasl_worker_t *w)
{
    uint64_t  stuck;

    crew_beat(w->berth, ngx_current_msec);

    if (w->watchdog == 0 || ngx_current_msec - w->fed < w->watchdog / 6) {
        return;
    }

    stuck = crew_stuck(w->shared->crew, ngx_current_msec, w->watchdog / 2, process_alive);

    if (stuck == 0) {
        w->fed = ngx_current_msec;
        w->stuck = 0;
        ngx_http_wasl_life_say(w, "WATCHDOG=1");
        return;
    }

    if (w->stuck != stuck) {
        w->stuck = stuck;
        ngx_log_error(NGX_LOG_ALERT, w->log, 0,
                      "wasl: worker %P does not go on: the watchdog is not fed until it does",
                      (ngx_pid_t) process_pid(stuck));
    }
}
