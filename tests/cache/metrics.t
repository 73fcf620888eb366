#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# /metrics: what the workers did, whichever of them is asked; only for the box itself.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

start_feeder
must object whole 1 200000 /m/lesson/files/notes.pdf application/pdf
must rendition 240p 6 /m/lesson/g-1/240p/ video/mp4
must text /m/lesson/master.m3u8 '#EXTM3U'
must text /m/long/master.m3u8 "$(printf '#EXTM3U|%.0s' $(seq 300))"
must redirect /m/old/master.m3u8 /m/lesson/master.m3u8
for i in 0 1 2 3; do must chunk whole $i; done
for i in 0 1 2; do must segment 240p $i; done
must publish
must mode manual 0
# One more server, whose clients are strangers.
other=$(free_port)
configure "s|^\tserver {|\tserver { listen 127.0.0.1:$other; location / { set_real_ip_from 127.0.0.1; real_ip_header X-From; allow 127.0.0.1; deny all; wasl_metrics on; } }\n&|"
start_nginx
ok $? "nginx starts with the module"
until_so 20 state_has 'workers 2'

value() { # value METRIC[{LABELS}]: as it is now
	curl -s -m 10 "$url/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}
shows() { [ "$(value "$1")" = "$2" ]; }
shown() { # shown METRIC VALUE NAME: what a worker counts after it has answered may come a moment later
	until_so 10 shows "$1" "$2"
	is "$(value "$1")" "$2" "$3"
}

is "$(get /metrics)" 200 "metrics are there"
is "$(header Content-Type)" "text/plain; version=0.0.4; charset=utf-8" "as Prometheus reads them"
is "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-From: 10.1.2.3' "http://127.0.0.1:$other/")" 403 "not for the classroom"
is "$(curl -s -o /dev/null -w '%{http_code}' -X POST -d x "$url/metrics")" 405 "nothing to post here"
shown wasl_workers 2 "two workers"
shown wasl_want_connected 2 "that know contentd"

for i in 1 2 3 4; do # each on a connection of its own: any worker
	get /m/lesson/g-1/240p/1.m4s >/dev/null
	get /m/lesson/files/notes.pdf >/dev/null
done
get /m/old/master.m3u8 >/dev/null
get /m/lesson/master.m3u8 >/dev/null
get /m/lesson/master.m3u8 -H "If-None-Match: $(header ETag)" >/dev/null
get /m/lesson/files/notes.pdf -r 300000- >/dev/null
get /m/nothing >/dev/null
get /m/lesson/g-1/240p/7.m4s >/dev/null
shown 'wasl_requests_total{kind="segment"}' 5 "segments"
shown 'wasl_requests_total{kind="object"}' 5 "objects"
shown 'wasl_requests_total{kind="playlist"}' 2 "playlists"
shown 'wasl_requests_total{kind="redirect"}' 1 "redirects"
shown 'wasl_replies_total{how="hit"}' 9 "hits"
shown 'wasl_replies_total{how="unchanged"}' 1 "unchanged"
shown 'wasl_replies_total{how="refused"}' 1 "refused"
shown 'wasl_replies_total{how="missing"}' 2 "missing: a name, and a segment beyond the last"
shown wasl_sent_bytes_total $((4 * $(segment_len 1) + 4 * 200000 + 7)) "every byte of bodies"
get /m/long/master.m3u8 -H 'Accept-Encoding: gzip' >/dev/null
is "$(header Content-Encoding)" gzip "a text that is compressed"
shown 'wasl_replies_total{how="hit"}' 10 "is a hit"
shown 'wasl_replies_total{how="cut"}' 0 "that nothing cut, though it is shorter"

get /m/lesson/g-1/240p/3.m4s >"$top/code" &
waiting=$!
until_so 20 state_has 'open 1'
shown wasl_waiting_things 1 "somebody waits"
must segment 240p 3
wait $waiting
shown 'wasl_replies_total{how="waited"}' 1 "and was served"
shown wasl_wants_total 1 "contentd was asked once"
shown 'wasl_want_answers_total{answer="ready"}' 1 "it answered"
shown wasl_wait_seconds_count 1 "how long it took"
# Told, and gone, before the worker looks: both happen to it at once.
curl -s -o /dev/null "$url/m/lesson/g-1/240p/5.m4s" &
leaving=$!
until_so 20 state_has 'open 1'
for pid in $(workers); do kill -STOP "$pid"; done
must segment 240p 5
kill "$leaving"
wait "$leaving"
for pid in $(workers); do kill -CONT "$pid"; done
shown wasl_wait_seconds_count 2 "and how long who left just then"
must mode refuse 0
is "$(get /m/lesson/g-1/240p/4.m4s)" 503 "what cannot be made"
shown 'wasl_replies_total{how="unavailable"}' 1 "is counted"
shown 'wasl_want_answers_total{answer="failed"}' 1 "as contentd's refusal, too"

# Nothing that was counted goes away with the worker that counted it.
for pid in $(workers); do
	kill -KILL "$pid"
	until_so 10 gone "$pid"
done
until_so 20 state_has 'workers 2'
shown wasl_workers 2 "after both workers were killed there are two"
shown 'wasl_replies_total{how="hit"}' 10 "and what the dead have counted is still there"
kill -HUP "$nginx"
new_workers() { [ "$(worker_count)" = 2 ] && [ "$(value wasl_workers)" = 2 ]; }
until_so 20 new_workers
shown 'wasl_replies_total{how="hit"}' 10 "a reload keeps it"
stop_feeder
shown wasl_want_connected 0 "contentd is away"
finish
