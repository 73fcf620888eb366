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

# Cut short where it lies, or spoilt in its middle: nothing that is there is said not to be, and contentd is told.
for i in {1..100}; do must text "/p/text-$i.m3u8" "#EXTM3U+$i"; done
must publish
must reset
answers() { curl -s -m 20 -o /dev/null -o /dev/null -w '%{http_code}\n' "$url/p/text-[1-100].m3u8" "$url{/p/one.bin,/p/two.bin,/p/lesson/g-1/240p/1.m4s,/p/download-240p.mp4}"; }
all_named() { [ "$(answers | grep -c 200)" = 104 ]; }
some_denied() { # some cannot be found, and none is said not to exist
	answers | sort | uniq -c >"$top/answers"
	[ "$(awk '$2 == 503 { n += $1 } $2 != 200 && $2 != 503 { n = -999 } END { print (n > 0) }' "$top/answers")" = 1 ] || {
		sed 's/^/# /' "$top/answers"
		false
	}
}
index=$top/store/names.idx
bytes=$(stat -c %s "$index")
spoil_index() { # spoil_index AT COUNT
	head -c "$2" /dev/zero | tr '\0' x | dd of="$index" bs=1 seek="$1" conv=notrunc status=none
}
unavailable() { curl -s -m 20 "$url/metrics" | sed -n 's/^wasl_replies_total{how="unavailable"} //p'; }
before=$(unavailable) denied=0
for harm in "truncate -s $((bytes / 2)) $index" "truncate -s 4096 $index" "truncate -s 1 $index" "spoil_index 128 1024" "spoil_index 1200 900" "spoil_index $((bytes / 2)) 3000"; do
	until_so 10 all_named || ok 1 "all are there before: $harm"
	$harm
	some_denied
	ok $? "${harm%" $index"}: what cannot be found is not said to be unknown"
	denied=$((denied + $(awk '$2 == 503 { print $1 }' "$top/answers")))
	[ "$harm" != "truncate -s 1 $index" ] || until_so 10 state_has 'spoilt [1-9]' # who was told of one before is told again while it lasts
	must publish
done
counted() { [ $(($(unavailable) - before)) -ge "$denied" ]; }
until_so 10 counted
ok $? "each of $denied replies was counted"
until_so 10 all_named
ok $? "with the next index each is found"
state_has 'spoilt [1-9]'
ok $? "and contentd was told"
is "$(get /p/nobody.bin)" 404 "and what does not exist does not"
is "$(workers)" "$worker" "and the worker lives"
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
