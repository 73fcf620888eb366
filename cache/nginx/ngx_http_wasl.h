// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef _NGX_HTTP_WASL_H_INCLUDED_
#define _NGX_HTTP_WASL_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include "cache/air.h"
#include "cache/cold.h"
#include "cache/counters.h"
#include "cache/crew.h"
#include "cache/guard.h"
#include "cache/guests.h"
#include "cache/landed.h"
#include "cache/names.h"
#include "cache/pass.h"
#include "cache/process.h"
#include "cache/reply.h"
#include "cache/sender.h"
#include "cache/tally.h"
#include "cache/uses.h"
#include "cache/view.h"
#include "cache/waiters.h"
#include "cache/want.h"
#include "cache/warm.h"
#include "cache/welcome.h"

/*
 * Glue between nginx and the engine in cache/: what to send is decided there, here it is carried.
 *
 *     ngx_http_wasl_module.c    directives, worker processes, where a request comes in
 *     ngx_http_wasl_reply.c     heads of replies
 *     ngx_http_wasl_cors.c      what players on other pages may do; methods
 *     ngx_http_wasl_send.c      one request from its name to its last byte
 *     ngx_http_wasl_wait.c      one request that sleeps until contentd has brought what it needs
 *     ngx_http_wasl_disk.c      bytes that are not in memory
 *     ngx_http_wasl_pass.c      bytes that pass through memory, past a full disk
 *     ngx_http_wasl_near.c      what neighbour schools' boxes may fetch
 *     ngx_http_wasl_want.c      the worker's socket to contentd
 *     ngx_http_wasl_door.c      who may have how many connections
 *     ngx_http_wasl_air.c       crowd control: which playlist a classroom's air carries
 *     ngx_http_wasl_welcome.c  which phones were shown the portal
 *     ngx_http_wasl_life.c      systemd's watchdog
 *     ngx_http_wasl_count.c     counting what was delivered
 *     ngx_http_wasl_shared.c    the memory that workers share
 *     ngx_http_wasl_metrics.c   /metrics, and what it shows of each request
 */

/* of a body that are handed to nginx at a time: a slow client's later bytes may leave memory before it takes them */
#define NGX_HTTP_WASL_PIECES  32
#define NGX_HTTP_WASL_WINDOW  (2 * 1024 * 1024)
#define NGX_HTTP_WASL_SHORT   (8 * 1024)    /* a body that goes out in one piece with its head */

#define NGX_HTTP_WASL_LABEL   64    /* room="NAME" */
#define NGX_HTTP_WASL_PLAYERS \
    "Players by classroom; room=\"\": those in none."
#define NGX_HTTP_WASL_PATIENCE  20000       /* where neither nginx's configuration nor contentd says another */

#define NGX_HTTP_WASL_NEAR      32          /* addresses or networks of neighbours */
#define NGX_HTTP_WASL_HEIRS   4     /* dead workers whose counts one carries at a time */


typedef struct ngx_http_wasl_ctx_s   ngx_http_wasl_ctx_t;
typedef struct ngx_http_wasl_load_s  ngx_http_wasl_load_t;
typedef struct ngx_http_wasl_copy_s  ngx_http_wasl_copy_t;


typedef struct {                    /* in memory that workers share */
    struct uses                  *uses;
    struct crew                  *crew;
    struct air                   *air;
    struct welcome               *welcome;
} ngx_http_wasl_shared_t;


typedef struct {                    /* one worker process */
    struct view                  *view;
    struct waiters               *waiters;
    struct air_plan               air;         /* no room: nobody watches it */
    struct pass                  *pass;        /* NULL: contentd gave none */
    ngx_msec_t                    patience;
    struct tally                  tally;       /* of its own berth */
    struct tally                  heirs[NGX_HTTP_WASL_HEIRS];
    struct crew_berth            *left[NGX_HTTP_WASL_HEIRS];   /* by those who died; NULL: none */
    struct guests                *guests;      /* NULL: nobody counts */
    ngx_queue_t                   under_way;   /* requests that may have sent more than was counted */
    ngx_msec_t                    watchdog;    /* systemd's patience; 0: nobody watches */
    ngx_msec_t                    fed;
    uint64_t                      who;         /* this process */
    uint64_t                      stuck;       /* one that was said to hang */
    uint64_t                      instance;
    ngx_str_t                     want_path;
    ngx_str_t                     store;
    ngx_cidr_t                    near[NGX_HTTP_WASL_NEAR];
    ngx_uint_t                    near_count;
    ngx_connection_t             *want;        /* NULL: contentd is away */
    ngx_msec_t                    away_since;
    ngx_uint_t                    away;        /* away_since is set, and it was logged */
    ngx_event_t                   tick;
    ngx_msec_t                    tallied;
    ngx_msec_t                    spoilt;      /* when contentd was last told of a damaged index */
    ngx_uint_t                    spoilt_told; /* spoilt is set */
    ngx_connection_t              dummy;       /* nginx's debug log wants one behind each event */
    ngx_shm_zone_t               *zone;
    ngx_http_wasl_shared_t       *shared;
    struct crew_berth            *berth;       /* where this one alone writes */
    ngx_log_t                    *log;
    ngx_pool_t                   *pool;        /* lives as long as the worker */
    struct warm                  *warm;
    struct landed                 landed;
    ngx_thread_pool_t            *disk;
    ngx_http_wasl_load_t         *loads;       /* in flight */
    ngx_http_wasl_load_t         *spare_loads;
    ngx_http_wasl_copy_t         *spare_copies;
} ngx_http_wasl_worker_t;


typedef struct {
    ngx_str_t                     store;
    ngx_str_t                     want;
    ngx_int_t                     guests;      /* connections that one address may have at a worker */
    ngx_flag_t                    guests_all;  /* loopback, too */
    ngx_shm_zone_t               *zone;
    ngx_http_wasl_worker_t       *worker;      /* in worker processes */
} ngx_http_wasl_main_conf_t;


typedef struct {
    ngx_flag_t                    enable;
    ngx_flag_t                    neighbours;
    ngx_flag_t                    metrics;
    ngx_flag_t                    welcome;
    ngx_msec_t                    patience;
} ngx_http_wasl_loc_conf_t;


typedef struct ngx_http_wasl_file_s  ngx_http_wasl_file_t;

struct ngx_http_wasl_file_s {       /* a file that this request sends from, held until it ends */
    ngx_http_wasl_file_t         *next;
    struct view_item             *item;
    ngx_file_t                    file;
};


struct ngx_http_wasl_ctx_s {
    struct sender                 sender;
    struct waiter                 waiter;
    ngx_http_request_t           *request;
    ngx_http_wasl_worker_t       *worker;
    ngx_msec_t                    patience;
    struct view_names            *names;
    ngx_http_wasl_file_t         *files;
    ngx_http_wasl_file_t          first_file;
    ngx_chain_t                  *chains;      /* NGX_HTTP_WASL_PIECES of them, after the first */
    ngx_chain_t                   first_chain;
    ngx_buf_t                     first_buf;
    ngx_event_t                   wake;
    ngx_event_t                   timeout;
    ngx_http_wasl_load_t         *load;        /* waits for the disk, beside others */
    ngx_http_wasl_ctx_t          *load_next;
    ngx_http_wasl_ctx_t          *load_prev;
    u_char                       *passing;     /* room for a slot's bytes, on their way out */
    ngx_http_wasl_copy_t         *copy;        /* the whole body, when it is short */
    uint64_t                      device;
    ngx_msec_t                    wait_began;
    ngx_queue_t                   under_way;   /* beside the worker's others */
    off_t                         counted;     /* of the body, added to the tally */
    uint64_t                      waited_for;  /* chunk or segment that contentd said is there */
    uint64_t                      size;        /* of the thing */
    off_t                         length;      /* of the body */
    uint32_t                      duration_ms;
    uint32_t                      segment_count;
    unsigned                      near:1;      /* another box asks: nothing is waited for */
    unsigned                      opened:1;    /* its files were looked for, without waiting */
    unsigned                      decided:1;
    unsigned                      part:1;
    unsigned                      to_end:1;    /* the body reaches the thing's last byte */
    unsigned                      media:1;     /* a media segment that is counted */
    unsigned                      idle_wakes:2;
    unsigned                      waited:1;
};


/* one more of what cache/counters.def names */
#define ngx_http_wasl_more(w, id, n)                                          \
    counters_add(&(w)->berth->counters, COUNTERS_##id, n)


extern ngx_module_t  ngx_http_wasl_module;

/*
 * ngx_http_wasl_reply.c: NGX_DECLINED from begin means that there is a body to send; everything else these return is
 * for ngx_http_finalize_request().
 */
ngx_int_t ngx_http_wasl_begin(ngx_http_wasl_ctx_t *ctx, uint64_t size);
ngx_int_t ngx_http_wasl_send_header(ngx_http_wasl_ctx_t *ctx);
ngx_int_t ngx_http_wasl_unavailable(ngx_http_wasl_ctx_t *ctx);
ngx_int_t ngx_http_wasl_redirect(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
    struct names_entry *entry);
/* 503 with Retry-After, where no header was sent yet */
ngx_int_t ngx_http_wasl_later(ngx_http_request_t *r);
ngx_table_elt_t *ngx_http_wasl_push(ngx_http_request_t *r, const char *name, const char *value);

/* ngx_http_wasl_cors.c */
ngx_int_t ngx_http_wasl_cors(ngx_http_request_t *r);
ngx_int_t ngx_http_wasl_options(ngx_http_request_t *r);
ngx_int_t ngx_http_wasl_not_allowed(ngx_http_request_t *r);

/* ngx_http_wasl_send.c */
ngx_http_wasl_ctx_t *ngx_http_wasl_create_ctx(ngx_http_request_t *r, ngx_http_wasl_worker_t *w,
    const struct names_entry *entry, struct view_names *names);
ngx_int_t ngx_http_wasl_run(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_resume(ngx_http_wasl_ctx_t *ctx);

/* ngx_http_wasl_wait.c */
ngx_int_t ngx_http_wasl_wait(ngx_http_wasl_ctx_t *ctx, const struct sender_want *want);
void ngx_http_wasl_wake_handler(ngx_event_t *ev);
void ngx_http_wasl_timeout_handler(ngx_event_t *ev);
void ngx_http_wasl_leave(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_give_up(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_sleep(ngx_http_request_t *r);
void ngx_http_wasl_push_out(ngx_connection_t *c);

/* ngx_http_wasl_disk.c */
ngx_int_t ngx_http_wasl_disk_start(ngx_http_wasl_worker_t *w, ngx_cycle_t *cycle);
uint64_t ngx_http_wasl_disk_ready(ngx_http_wasl_ctx_t *ctx, const struct view_file *file,
    uint64_t length);
ngx_int_t ngx_http_wasl_disk_open(ngx_http_wasl_ctx_t *ctx);
ngx_int_t ngx_http_wasl_disk_check(ngx_http_wasl_ctx_t *ctx, const struct view_file *file);
u_char *ngx_http_wasl_disk_copy(ngx_http_wasl_ctx_t *ctx, const struct view_file *file,
    uint64_t length);
ngx_int_t ngx_http_wasl_disk_wait(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_disk_leave(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_disk_end(ngx_http_wasl_ctx_t *ctx);

/* ngx_http_wasl_pass.c */
void ngx_http_wasl_pass_take(ngx_http_wasl_worker_t *w, int fd);
ngx_uint_t ngx_http_wasl_pass_there(ngx_http_wasl_worker_t *w, const struct sender_want *want,
    struct pass_about *about);
ngx_int_t ngx_http_wasl_pass(ngx_http_wasl_ctx_t *ctx, const struct sender_want *want);

/* ngx_http_wasl_near.c */
void ngx_http_wasl_near_read(ngx_http_wasl_worker_t *w);
ngx_int_t ngx_http_wasl_near_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_wasl_near_clip(ngx_http_wasl_ctx_t *ctx, enum reply_kind kind, uint64_t from,
    uint64_t *len);

/* ngx_http_wasl_want.c */
ngx_int_t ngx_http_wasl_want_start(ngx_http_wasl_worker_t *w);
void ngx_http_wasl_want_stop(ngx_http_wasl_worker_t *w);
ngx_int_t ngx_http_wasl_want_send(ngx_http_wasl_worker_t *w, const void *packet, size_t len);
ngx_uint_t ngx_http_wasl_want_hopeless(ngx_http_wasl_worker_t *w);
void ngx_http_wasl_want_tell_spoilt(ngx_http_wasl_worker_t *w);
void ngx_http_wasl_want_flush(ngx_http_wasl_worker_t *w);
bool ngx_http_wasl_want_there(const struct sender_want *want, void *data);

/* ngx_http_wasl_shared.c */
ngx_int_t ngx_http_wasl_shared_zone(ngx_conf_t *cf, ngx_shm_zone_t **zone);
ngx_int_t ngx_http_wasl_shared_join(ngx_http_wasl_worker_t *w, ngx_pool_t *pool);
void ngx_http_wasl_shared_leave(ngx_http_wasl_worker_t *w);
ngx_uint_t ngx_http_wasl_shared_adopt(ngx_http_wasl_worker_t *w);

/* ngx_http_wasl_metrics.c */
ngx_int_t ngx_http_wasl_metrics_handler(ngx_http_request_t *r);
void ngx_http_wasl_metrics_asked(ngx_http_wasl_worker_t *w, enum names_kind kind);
void ngx_http_wasl_metrics_slept(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_metrics_done(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_metrics_tick(ngx_http_wasl_worker_t *w);

/* ngx_http_wasl_life.c */
void ngx_http_wasl_life_init(ngx_http_wasl_worker_t *w);
void ngx_http_wasl_life_tick(ngx_http_wasl_worker_t *w);

/* ngx_http_wasl_door.c */
ngx_int_t ngx_http_wasl_door_init(ngx_cycle_t *cycle, ngx_http_wasl_worker_t *w,
    ngx_http_wasl_main_conf_t *wmcf);

/* ngx_http_wasl_air.c */
void ngx_http_wasl_air_seen(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_air_offer(ngx_http_wasl_worker_t *w, ngx_http_request_t *r,
    struct names_entry *entry, struct view_names **names);
void ngx_http_wasl_air_tick(ngx_http_wasl_worker_t *w);
size_t ngx_http_wasl_air_metrics(ngx_http_wasl_worker_t *w, struct counters_extra *extra,
    u_char labels[AIR_ROOMS][NGX_HTTP_WASL_LABEL]);

/* ngx_http_wasl_welcome.c */
ngx_int_t ngx_http_wasl_welcome_variable(ngx_conf_t *cf);
ngx_int_t ngx_http_wasl_welcome_init(ngx_conf_t *cf);

/* ngx_http_wasl_count.c: NULL from lock is none */
struct uses *ngx_http_wasl_count_lock(ngx_http_wasl_worker_t *w, int32_t *day);
void ngx_http_wasl_count_unlock(ngx_http_wasl_worker_t *w);
uint64_t ngx_http_wasl_count_device(struct uses *uses, ngx_http_request_t *r);
uint32_t ngx_http_wasl_count_client(ngx_http_wasl_worker_t *w, ngx_http_request_t *r);
const void *ngx_http_wasl_count_address(ngx_http_request_t *r, size_t *len);
void ngx_http_wasl_count_asked(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_count_begin(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_count_done(ngx_http_wasl_ctx_t *ctx);
void ngx_http_wasl_count_carry(ngx_http_wasl_worker_t *w);
void ngx_http_wasl_count_heard(ngx_http_wasl_worker_t *w, const struct want_msg *msg);
void ngx_http_wasl_count_disconnected(ngx_http_wasl_worker_t *w);

#endif /* _NGX_HTTP_WASL_H_INCLUDED_ */
