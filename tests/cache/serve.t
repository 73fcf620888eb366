#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# The nginx module with a store and a feeder that plays contentd: bytes, ranges, conditions, waiting, restarts.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

size=$((5 * 65536 + 777))
start_feeder
ok $? "the feeder is there"
must object whole 1 $size /m/lesson/files/notes.pdf application/pdf تمارين.pdf
must object slow 2 $size /m/lesson/files/slow.bin application/octet-stream
must object empty 3 0 /m/lesson/files/empty.txt text/plain
must rendition 240p 12 /m/lesson/g-1/240p/ video/mp4
must rendition never 12 /p/lesson/g-1/240p/ video/mp4
must rendition audio 12 /m/lesson/g-1/audio/ audio/mp4
for i in 0 1 2 3 4 5; do must chunk whole $i; done
for i in 0 1 2 3; do must segment 240p $i; done
must virtual /m/lesson/download-240p.mp4 240p lesson.mp4
must text /m/lesson/master.m3u8 '#EXTM3U'
must redirect /m/old/master.m3u8 /m/lesson/master.m3u8
must publish
must mode manual 0
# Below /p/ nobody waits long.
# With what befalls single requests in the log, which a box leaves out.
configure 's|location ^~ /p/ {|& wasl_patience 1s;|; s|^\terror_log .*||'
start_nginx
ok $? "nginx starts with the module"
until_so 20 state_has 'workers 2'
ok $? "both workers greet the feeder"

stream 1 0 $size >"$top/whole"
stream 1001 0 "$(segment_len 1)" >"$top/seg1"

# --- what is there -----------------------------------------------------------------------------------
is "$(get /m/lesson/files/notes.pdf)" 200 "an object"
same "$top/body" "$top/whole" "its bytes"
is "$(header Content-Type)" application/pdf "its type"
is "$(header Cache-Control)" "public, max-age=31536000, immutable" "kept for ever"
is "$(header Content-Length)" $size "its length"
is "$(header Access-Control-Allow-Origin)" '*' "for players anywhere"
is "$(header Content-Disposition)" "attachment; filename=\"____________.pdf\"; filename*=UTF-8''%D8%AA%D9%85%D8%A7%D8%B1%D9%8A%D9%86.pdf" "a name in Arabic for the download"
etag=$(header ETag) modified=$(header Last-Modified)
is "$(get /m/lesson/g-1/240p/1.m4s)" 200 "a segment"
same "$top/body" "$top/seg1" "its bytes"
is "$(header Content-Type)" video/mp4 "its type"
is "$(get /m/lesson/g-1/240p/init.mp4)" 200 "an init segment"
stream 1000 0 700 | cmp -s - "$top/body"
ok $? "its bytes"
is "$(get /m/lesson/files/empty.txt)" 200 "an empty object"
is "$(stat -c %s "$top/body")" 0 "has no bytes"
is "$(get /m/lesson/master.m3u8)" 200 "a playlist from the index"
is "$(cat "$top/body")" '#EXTM3U' "its text"
is "$(header Cache-Control)" "public, max-age=10" "kept for a moment"
is "$(get /m/old/master.m3u8) $(header Location)" "302 /m/lesson/master.m3u8" "a redirect"
{ printf HEAD; for i in 1 2 3; do stream $((1000 + i)) 100 $(($(segment_len $i) - 100)); done; } >"$top/virtual"
is "$(get /m/lesson/download-240p.mp4)" 200 "a virtual file"
same "$top/body" "$top/virtual" "its bytes"
is "$(header Content-Length)" "$(stat -c %s "$top/virtual")" "its exact length"
is "$(curl -s -I "$url/m/lesson/download-240p.mp4" | tr -d '\r' | sed -n 's/^Content-Length: //p')" "$(stat -c %s "$top/virtual")" "HEAD says it too"
is "$(curl -s -I -o /dev/null -w '%{http_code} %{size_download}' "$url/m/lesson/g-1/240p/1.m4s")" "200 0" "HEAD of a segment"

# --- parts -------------------------------------------------------------------------------------------
part() { # part PATH FILE FROM TO NAME: the bytes FROM..TO of FILE
	is "$(get "$1" -H "Range: bytes=$3-$4")" 206 "$5"
	local length=$(($4 - $3 + 1))
	cmp -s <(piece "$2" "$3" $length) "$top/body"
	ok $? "$5: the bytes"
	is "$(header Content-Range)" "bytes $3-$4/$(stat -c %s "$2")" "$5: said so"
}
part /m/lesson/files/notes.pdf "$top/whole" 0 0 "the first byte of an object"
part /m/lesson/files/notes.pdf "$top/whole" 65535 131073 "across chunks"
part /m/lesson/files/notes.pdf "$top/whole" $((size - 1)) $((size - 1)) "the last byte"
part /m/lesson/g-1/240p/1.m4s "$top/seg1" 4000 12000 "a part of a segment"
part /m/lesson/download-240p.mp4 "$top/virtual" 2 9 "from the header into the first extent"
part /m/lesson/download-240p.mp4 "$top/virtual" 20900 45000 "across extents"
is "$(get /m/lesson/master.m3u8 -r 1-3)$(cat "$top/body")" 206EXT "a part of a playlist"
is "$(get /m/lesson/files/notes.pdf -r -10)" 206 "the last ten bytes"
tail -c 10 "$top/whole" | cmp -s - "$top/body"
ok $? "are the last ten"
is "$(get /m/lesson/files/notes.pdf -r $size-) $(header Content-Range)" "416 bytes */$size" "beyond the end"
is "$(get /m/lesson/files/notes.pdf -H 'Range: bytes=0-1,5-6')" 200 "of several parts, the whole"
same "$top/body" "$top/whole" "its bytes"
is "$(get /m/lesson/files/notes.pdf -r 0-9 -H "If-Range: $etag")" 206 "a part, if it is the same"
is "$(get /m/lesson/files/notes.pdf -r 0-9 -H 'If-Range: "0000000000000000"')" 200 "the whole, if it is another"

# --- conditions --------------------------------------------------------------------------------------
is "$(get /m/lesson/files/notes.pdf -H "If-None-Match: $etag")" 304 "the client has it"
is "$(header ETag)" "$etag" "304 repeats the tag"
is "$(header Content-Length)" "" "and has no body"
is "$(get /m/lesson/files/notes.pdf -H "If-Modified-Since: $modified")" 304 "unchanged since"
is "$(get /m/lesson/files/notes.pdf -H 'If-Match: "0000000000000000"')" 412 "only if another"
is "$(get /m/lesson/master.m3u8 -H "If-None-Match: $(get /m/lesson/master.m3u8 >/dev/null; header ETag)")" 304 "a playlist that did not change"

# --- what is not there -------------------------------------------------------------------------------
for path in /m/nothing /m/lesson/g-1/240p/13.m4s /m/lesson/g-1/240p/01.m4s /m/lesson/g-1/240p/ /m/lesson/g-1/240p/index.m3u8 \
	/m/lesson/g-1/360p/1.m4s; do
	is "$(get $path)" 404 "no $path"
done
for path in '/m/../../etc/passwd' '/m/%2e%2e/%2e%2e/etc/passwd' '/m/lesson/g-1/240p/..%2f..%2fnames.idx' '/m/%00' '/m/a%0d%0aX:y' \
	'/m//lesson//g-1/240p/99999999999999999999.m4s' '/m/lesson/g-1/240p/1.m4s%00' "/m/$(printf 'x%.0s' {1..3000})"; do
	code=$(get "$path" --path-as-is)
	[ "$code" = 404 ] || [ "$code" = 400 ] || [ "$code" = 414 ]
	ok $? "hostile path refused with $code: ${path:0:60}"
done
is "$(get /m/lesson/master.m3u8 -X POST -d x)" 405 "nothing to post here"
is "$(get /m/lesson/g-1/240p/1.m4s)" 200 "and it still serves"

# --- waiting -----------------------------------------------------------------------------------------
seg_file() { stream $((1000 + $1)) 0 "$(segment_len "$1")" >"$top/seg$1"; }
for i in 4 5 6 7 8 9 10 11 12; do seg_file $i; done
must reset
get /m/lesson/g-1/240p/4.m4s >"$top/code" &
waiting=$!
until_so 20 state_has 'open 1'
ok $? "a missing segment is wanted"
must segment 240p 4
wait $waiting
is "$(cat "$top/code")" 200 "the client gets it when it is made"
same "$top/body" "$top/seg4" "its bytes"

must reset
"$B/tests/cache-crowd" "$port" /m/lesson/g-1/240p/5.m4s 200 "$top/seg5" >"$top/crowd" &
waiting=$!
# nginx's workers share the port: one may have got all of them
until_so 20 state_has 'open [12]'
crowd_in() { [ "$(ss -Htn state established "sport = :$port" | wc -l)" -ge 200 ]; }
until_so 20 crowd_in
must segment 240p 5
wait $waiting
is "$(cat "$top/crowd")" "good 200 busy 0 cut 0 wrong 0" "200 clients of one missing segment"
feed state >"$top/state"
like "$top/state" '^wants [12] cancels 0 open 0' "one want from each worker"

must mode auto 30
is "$(get /m/lesson/g-1/240p/6.m4s -r 100-199)" 206 "a part of what had to be made"
cmp -s <(piece "$top/seg6" 100 100) "$top/body"
ok $? "its bytes"
is "$(curl -s -m 10 -I -o /dev/null -w '%{http_code}' "$url/m/lesson/g-1/240p/7.m4s")" 200 "HEAD waits for the length"
stream 2 0 $size >"$top/slow"
is "$(get /m/lesson/files/slow.bin)" 200 "an object that arrives while it is sent"
same "$top/body" "$top/slow" "its bytes"

# A READY that got lost: the worker looks by itself.
must object quiet 4 200000 /m/lesson/files/quiet.bin application/octet-stream
must publish
must mode manual 0
stream 4 0 200000 >"$top/quiet"
must chunk quiet 0
must chunk quiet 1
get /m/lesson/files/quiet.bin >"$top/code" &
waiting=$!
until_so 20 state_has 'open 1'
must quiet quiet 2
must quiet quiet 3
wait $waiting
same "$top/body" "$top/quiet" "a lost READY is made up for"

# --- when it does not come ---------------------------------------------------------------------------
must mode refuse 0
is "$(get /m/lesson/g-1/240p/8.m4s) $(header Retry-After)" "503 5" "what cannot be made: come back later"
is "$(header Cache-Control)" "" "503 is not kept"
must mode lie 0
is "$(get /m/lesson/g-1/240p/8.m4s)" 503 "READY without the segment: no endless asking"
feed state >"$top/state"
like "$top/state" 'open 0' "nothing is wanted any more"
must mode manual 0
began=$(date +%s%N)
is "$(get /p/lesson/g-1/240p/8.m4s) $(header Retry-After)" "503 5" "patience ends"
took=$((($(date +%s%N) - began) / 1000000))
[ $took -ge 950 ] && [ $took -lt 10000 ]
ok $? "after the time that was set ($took ms)"
until_so 20 state_has 'open 0'
ok $? "and the want is cancelled"
must fail 240p 9
is "$(get /m/lesson/g-1/240p/9.m4s)" 503 "a segment that failed is refused at once"

must reset
curl -s -m 20 -o /dev/null "$url/m/lesson/g-1/240p/10.m4s" &
leaver=$!
until_so 20 state_has 'open 1'
kill $leaver
wait $leaver
until_so 20 state_has 'cancels 1 open 0'
ok $? "the client leaves, nobody else wants it: cancelled"

# The line goes dead in the middle of an object: the connection is closed, the client knows that it has not all.
must object half 5 200000 /p/half.bin application/octet-stream
must publish
must chunk half 0
is "$(get /p/half.bin -r 70000-70009) $(header Content-Range)" "503 " "a part that does not come in time"
curl -s -m 20 -o "$top/body" "$url/p/half.bin"
is $? 18 "what stops in the middle ends the connection"
stream 5 0 65536 | cmp -s - "$top/body"
ok $? "and all that came is right"

# --- contentd comes and goes -------------------------------------------------------------------------
"$B/tests/cache-crowd" "$port" /m/lesson/g-1/240p/10.m4s 20 "$top/seg10" >"$top/crowd" &
waiting=$!
until_so 20 state_has 'open [12]'
stop_feeder KILL
start_feeder
ok $? "the feeder is killed in mid-wait and started again"
must rendition 240p 12 /m/lesson/g-1/240p/ video/mp4
until_so 20 state_has 'open [12]'
ok $? "the workers ask again"
must segment 240p 10
wait $waiting
is "$(cat "$top/crowd")" "good 20 busy 0 cut 0 wrong 0" "nobody noticed"
stop_feeder KILL
is "$(get /m/lesson/files/notes.pdf)" 200 "without contentd: what is complete is served"
same "$top/body" "$top/whole" "its bytes"
is "$(get /p/lesson/g-1/240p/11.m4s)" 503 "the rest is refused"
at_once() { [ "$(curl -s -m 0.5 -o /dev/null -w '%{http_code}' "$url/m/lesson/g-1/240p/11.m4s")" = 503 ]; }
until_so 20 at_once
ok $? "at once, after a while"
start_feeder
must rendition 240p 12 /m/lesson/g-1/240p/ video/mp4
must mode auto 10
until_so 20 state_has 'workers 2'
is "$(get /m/lesson/g-1/240p/11.m4s)" 200 "and made when it is back"

# --- under load --------------------------------------------------------------------------------------
must object whole 1 $size /m/lesson/files/notes.pdf application/pdf
must text /m/lesson/master.m3u8 '#EXTM3U'
swap() { for i in $(seq 40); do must text /m/lesson/n.m3u8 "$i" && must publish; done; }
for i in $(seq 8); do "$B/tests/cache-crowd" "$port" /m/lesson/files/notes.pdf 40 "$top/whole"; done >"$top/crowd" &
waiting=$!
swap
wait $waiting
is "$(sort -u "$top/crowd")" "good 40 busy 0 cut 0 wrong 0" "the index is swapped under load, and nobody notices"
is "$(get /m/lesson/n.m3u8)$(cat "$top/body")" 20040 "the newest is served"

before=$(workers | sort)
kill -9 "$(workers | head -n 1)"
two_new() { [ "$(worker_count)" = 2 ] && [ "$(workers | sort)" != "$before" ]; }
until_so 20 two_new
ok $? "a killed worker is replaced"
until_so 20 state_has 'workers 2'
ok $? "the new one greets the feeder"
"$B/tests/cache-crowd" "$port" /m/lesson/g-1/240p/12.m4s 50 "$top/seg12" >"$top/crowd"
is "$(cat "$top/crowd")" "good 50 busy 0 cut 0 wrong 0" "and serves, and waits"

kill -HUP "$nginx"
until_so 20 state_has 'workers 2'
"$B/tests/cache-crowd" "$port" /m/lesson/files/notes.pdf 20 "$top/whole" >"$top/crowd"
is "$(cat "$top/crowd")" "good 20 busy 0 cut 0 wrong 0" "a reload goes unnoticed"

must drop 240p
code=$(get /m/lesson/g-1/240p/1.m4s)
is "$code" 503 "what was removed is not served any more"

[ ! -s "$top/feeder.log" ]
ok $? "the feeder had nothing to complain about"
! grep -E 'alert|emerg|crit|\[error\]' "$run/nginx-error.log" | grep -v 'exited on signal 9'
ok $? "nor had nginx"
finish
