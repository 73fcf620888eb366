#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# Sectors go bad under what a pupil reads: contentd is asked for it, finds what is wrong, and brings that alone again. The real
# wasl-contentd and nginx, which meets a disk that cannot read.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

line_pid=''
trap 'end_child "$line_pid" TERM; cleanup' EXIT
mkdir -p "$origin"
"$B/tests/content-line" "$fast" "$origin" & line_pid=$!
until_so 10 curl -s -o /dev/null "http://127.0.0.1:$fast/ctl?x=x" || { ok 1 "the line answers"; finish; }
size=$((10 * 65536 + 100)) at=/m/papers-1/files/paper.bin
head -c $size /dev/urandom >"$top/paper.bin"
ministry papers "$origin" 1 "$top/paper.bin" >"$top/id"
new_box
configure "$fast" '[store]\nkeep_free = 0\n'
start_contentd
named() { [ "$(curl -s -o /dev/null -w '%{http_code}' -I "$portal$at")" = 200 ]; }
start_portal
until_so 20 named
is "$(get $at)" 200 "a paper is read, and so fetched"
whole() { is_field /v1/status .fetch.received_bytes "$size"; }
until_so 10 whole
end_child "$portal_pid" QUIT
portal_pid=

# A byte changes on the disk, and nothing of it is in memory.
file=$(find "$content/store/obj" -size "${size}c")
[ -f "$file" ]
ok $? "it is one file of the store"
spoil "$file" $((3 * 65536 + 5))
chmod +t "$file"
curl -s -o /dev/null "http://127.0.0.1:$fast/ctl?delay=400" # what comes again takes its time
portal_runner=(env SLOW_DISK_DIR="$content/store" SLOW_DISK_BPS=200000000 SLOW_DISK_BAD=$((3 * 65536))-$((4 * 65536)) SLOW_DISK_STATE="$top/disk" LD_PRELOAD="$B/tests/slow-disk.so")
start_portal
until_so 20 named
is "$(get $at)" 200 "it cannot be read, and is there all the same"
cmp -s "$top/body" "$top/paper.bin"
ok $? "each byte is right"
is $(($(field /v1/status .fetch.received_bytes) - size)) 65536 "that chunk alone crossed the line again"
is "$(events store.damaged)" 1 "and the ministry hears of it"
is "$(ask '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "store.damaged") | .reason] | unique | join(" ")')" disk "that it was the disk"
is "$(get $at)" 200 "and it stays right"
cmp -s "$top/body" "$top/paper.bin"
ok $? "each byte"
! grep -E 'alert|emerg|crit' "$box/web/nginx-error.log"
ok $? "nginx goes on"
done_testing
