#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# Mapped files are cut short or spoilt under a worker that uses them: it lives, sends nothing wrong, and what is whole
# goes on; contentd makes the rest again.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

size=$((5 * 65536 + 777))
fill_store() {
	must object one 1 $size /p/one.bin application/octet-stream
	must object two 2 $size /p/two.bin application/octet-stream
	must fill one
	must fill two
	must rendition 240p 4 /p/lesson/g-1/240p/ video/mp4
	for i in 0 1 2 3 4; do must segment 240p $i; done
	must virtual /p/download-240p.mp4 240p lesson.mp4
	must publish
}
start_feeder
fill_store
stream 1 0 $size >"$top/one"
stream 2 0 $size >"$top/two"
stream 1001 0 "$(segment_len 1)" >"$top/seg1"
configure 's|worker_processes 2|worker_processes 1|; s|location ^~ /p/ {|& wasl_patience 1s;|; s|^\terror_log .*||'
start_nginx
ok $? "nginx starts"
until_so 20 state_has 'workers 1'
worker=$(workers)
all_there() {
	[ "$(get /p/one.bin)" = 200 ] && cmp -s "$top/body" "$top/one" && [ "$(get /p/two.bin)" = 200 ] && cmp -s "$top/body" "$top/two" &&
		[ "$(get /p/lesson/g-1/240p/1.m4s)" = 200 ] && cmp -s "$top/body" "$top/seg1" && [ "$(get /p/download-240p.mp4)" = 200 ]
}
all_there
ok $? "everything is there"
stop_feeder
bits=$(find "$top/store/obj" -name '*.bits' | sort | head -n 1)
tab=$(find "$top/store/rend" -name '*.tab')
refused() { # both objects, of which one is cut short: one is refused, the other is sent
	local one two
	one=$(get /p/one.bin)
	two=$(get /p/two.bin)
	[ "$one$two" = 503200 ] || [ "$one$two" = 200503 ]
}

truncate -s 0 "$bits"
refused
ok $? "a bitmap that is cut short: its object is refused, the other is sent"
truncate -s 0 "$tab"
is "$(get /p/lesson/g-1/240p/1.m4s)" 503 "a table that is cut short: its segments are refused"
get /p/download-240p.mp4 >/dev/null
[ ! -s "$top/body" ] || ! grep -q ftyp "$top/body"
ok $? "and so are downloads from it"
refused
ok $? "the other object is still sent"
is "$(workers)" "$worker" "the worker lives"

start_feeder
fill_store
until_so 20 all_there
ok $? "contentd makes them again, and they are sent"

# The last bytes of the index are the text of one name.
cp "$top/store/names.idx" "$top/index"
printf x | dd of="$top/store/names.idx" bs=1 seek=$(($(stat -c %s "$top/store/names.idx") - 3)) conv=notrunc status=none
some_refused() {
	local path count=0
	for path in /p/one.bin /p/two.bin /p/lesson/g-1/240p/1.m4s /p/download-240p.mp4; do [ "$(get "$path")" != 503 ] || count=$((count + 1)); done
	[ "$count" = 1 ]
}
until_so 10 some_refused
ok $? "a name that rots is refused within a second or two, the others are sent"
dd if="$top/index" of="$top/store/names.idx" conv=notrunc status=none
until_so 10 all_there
ok $? "right again, it is sent again"
truncate -s 0 "$top/store/names.idx"
is "$(get /p/one.bin)" 503 "an index that is cut short: nobody can say where a name leads"
is "$(workers)" "$worker" "and the worker lives"
must publish
until_so 10 all_there
ok $? "the next index is taken"
must mode manual 0
must rendition late 4 /m/late/ video/mp4
must publish
get /m/late/2.m4s >"$top/late" &
late=$!
until_so 10 state_has 'open 1'
truncate -s 0 "$top/store/names.idx"
must segment late 2
wait $late
is "$(cat "$top/late")" 200 "an index that is cut short while somebody waits: what it said is known"
must mode auto 0
must publish
until_so 10 all_there
is "$(workers)" "$worker" "by the same worker"
! grep -E 'alert|emerg|exited on signal' "$run/nginx-error.log"
ok $? "nginx had nothing to complain about"
finish
