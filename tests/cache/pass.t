#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# Bytes that pass through memory, past a full disk, beside bytes that are in the file: the disk has room again while a phone
# that is slower than the box still has half of a chunk to take.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

chunks=20 size=$((20 * 65536 - 1000))
start_feeder
must object mixed 7 $size /p/mixed.bin video/mp4
for i in $(seq 0 2 $((chunks - 1))); do must pass mixed "$i"; done
for i in $(seq 1 2 $((chunks - 1))); do must quiet mixed "$i"; done
must publish
stream 7 0 $size >"$top/mixed"

# What nginx cannot give to the socket at once it keeps, and goes on with later.
configure 's|backlog=4096|& sndbuf=8k|'
start_nginx
ok $? "nginx starts"
until_so 20 state_has 'workers 2'
get /p/mixed.bin >/dev/null
same "$top/body" "$top/mixed" "every other chunk passes through memory"
is "$(get /p/mixed.bin --limit-rate 600k)" 200 "a slow phone is answered"
same "$top/body" "$top/mixed" "and gets the same bytes"
is "$(get /p/mixed.bin -r 70000-900000 --limit-rate 400k)" 206 "a part of it"
piece "$top/mixed" 70000 830001 >"$top/part"
same "$top/body" "$top/part" "has the right bytes, too"

# A segment of 100,000 bytes that passes through memory, and is made anew when it has left: as long, and with other bytes.
at=/m/lesson/g-1/240p/2.m4s
made() { # made SEED: what passed before goes, and the segment comes
	for i in {0..15}; do must pass mixed "$i"; done
	must pass 240p 2 "$1" 100000
}
must mode refuse 0
must rendition 240p 4 /m/lesson/g-1/240p/ video/mp4
must publish
made 50
named() { [ "$(get "$at" -I)" = 200 ]; }
until_so 10 named
is "$(get "$at")" 200 "a segment passes through memory"
stream 50 0 100000 >"$top/first"
same "$top/body" "$top/first" "its bytes"
tag=$(header ETag)
is "$(get "$at" -r 40000- -H "If-Range: $tag")" 206 "the rest of it, under its tag"
made 50
is "$(get "$at" -r 40000- -H "If-Range: $tag")" 206 "also of one that was made anew alike"
made 51
is "$(get "$at" -r 40000- -H "If-Range: $tag")" 200 "of one that was made anew with other bytes comes all"
stream 51 0 100000 >"$top/second"
same "$top/body" "$top/second" "that is the new one"

# Forty phones are in the middle of a segment when it lands on the disk: its bytes are read once, not once for each of them.
phones=40 last=400
size=$(segment_len $last)
must rendition 360p $last /m/lesson/g-1/360p/ video/mp4
must publish
at=/m/lesson/g-1/360p/$last.m4s
must pass 360p $last $((1000 + last)) "$size"
until_so 10 named
number() { curl -s "$url/metrics" | sed -n "s/^$1 //p"; }
before=$(number wasl_passed_total)
for i in $(seq $phones); do
	fd=$((20 + i))
	eval "exec $fd<>/dev/tcp/127.0.0.1/$port"
	printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$at" >&"$fd"
done
begun() { [ $(($(number wasl_passed_total) - before)) -ge "$phones" ]; } # none takes a byte: each has its first piece
until_so 30 begun
must segment 360p $last
for i in $(seq $phones); do cat <&$((20 + i)) >"$top/phone-$i" & all[i]=$!; done
wait "${all[@]}"
stream $((1000 + last)) 0 "$size" >"$top/landed"
good=0
for i in $(seq $phones); do
	eval "exec $((20 + i))>&-"
	tail -c "$size" "$top/phone-$i" | cmp -s - "$top/landed" && [ "$(head -n 1 "$top/phone-$i")" = $'HTTP/1.1 200 OK\r' ] && good=$((good + 1))
done
is $good $phones "$phones phones have a segment that landed on the disk in the middle of it"
looked=$(number wasl_landed_total)
[ "$looked" -ge 1 ] && [ "$looked" -le 2 ]
ok $? "which each of two workers looked at once ($looked looks)"
finish
