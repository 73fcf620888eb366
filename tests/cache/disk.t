#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# A slow disk, 40 players on 40 lessons that are not in memory, and one who plays a lesson that is: nobody waits for the disk
# but those who need it.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

lessons=40 size=$((8 * 65536)) bps=$((20 * 1000 * 1000))
start_feeder
must object hot 1 300000 /p/hot.bin video/mp4
must fill hot
must object short 2 5000 /p/short.bin video/mp4
must fill short
must rendition 240p 4 /m/lesson/g-1/240p/ video/mp4
for i in 0 1 2 3 4; do must segment 240p $i; done
must virtual /m/lesson/download-240p.mp4 240p lesson.mp4
for i in $(seq $lessons); do
	must object "cold$i" $((100 + i)) $size "/p/cold$i.bin" video/mp4
	must fill "cold$i"
	stream $((100 + i)) 0 $size >"$top/cold$i"
done
must object late 3 1000000 /p/late.bin video/mp4
must fill late
must object bad 4 1500001 /p/bad.bin video/mp4
must fill bad
must object worse 5 300001 /p/worse.bin video/mp4
must fill worse
must publish
echo 127.0.0.0/8 >"$top/store/neighbours"
stream 3 0 1000000 >"$top/late"
stream 1 0 300000 >"$top/hot"
stream 2 0 5000 >"$top/short"
{ printf HEAD; for i in 1 2 3 4; do stream $((1000 + i)) 100 $(($(segment_len $i) - 100)); done; } >"$top/virtual"

configure 's|worker_processes 2|worker_processes 1|; s|location ^~ /p/ {|& wasl_patience 2s;|'
# A process before nginx decides what is preloaded; its workers are born of it.
SLOW_DISK_DIR=$top/store SLOW_DISK_BPS=$bps SLOW_DISK_STATE=$top/disk LD_PRELOAD=$B/tests/slow-disk.so start_nginx
ok $? "nginx starts on a slow disk"
until_so 20 state_has 'workers 1'
disk_says() { od -An -t u8 -j "$1" -N 8 "$top/disk" | tr -d ' '; } # 8: how often a worker waited; 16: asked for what is not in memory; 24: waited to open a file
number() { curl -s "$url/metrics" | sed -n "s/^$1 //p"; }

began=$(date +%s%N)
get /p/hot.bin >/dev/null
took=$((($(date +%s%N) - began) / 1000000))
same "$top/body" "$top/hot" "what is not in memory comes from the disk"
[ $took -ge 14 ]
ok $? "at the disk's pace ($took ms)"
before=$(number wasl_cold_reads_total)
[ "$before" -ge 1 ]
ok $? "read by a thread ($before)"
get /p/hot.bin >/dev/null
is "$(number wasl_cold_reads_total)" "$before" "the second time it is in memory"
get /p/short.bin >/dev/null
same "$top/body" "$top/short" "a short one"
get /m/lesson/download-240p.mp4 >/dev/null
same "$top/body" "$top/virtual" "a download of many extents"

is "$(disk_says 24)" 0 "no worker waited to open a file, either"
opens=$(number wasl_cold_opens_total)
[ "$opens" -ge 3 ]
ok $? "a thread found it first ($opens times)"
is "$(get /p/cold1.bin -I) $(number wasl_cold_opens_total)" "200 $opens" "but for a head nobody looks"
is "$(get /p/hot.bin) $(number wasl_cold_opens_total)" "200 $opens" "nor for what is open"

# A neighbour's box fetches a map that is not in memory.
map=$(find "$top/store/obj" -name '*.map' | sort | head -n 1)
at=/wasl/v1/map/$(basename "$map" .map)
is "$(get "$at") $(disk_says 8)" "200 0" "a map for a neighbour is read by a thread, too"
same "$top/body" "$map" "its bytes"
tag=$(header ETag)
is "$(get "$at" -H "If-None-Match: $tag") $(get "$at" -r 8-11) $(stat -c %s "$top/body")" "304 206 4" "it has a tag, and parts"
before=$(number wasl_cold_reads_total)

"$B/tests/cache-pulse" "$port" /p/hot.bin "$top/hot" 1 200 >"$top/idle"
asked=$(disk_says 16) opened=$(disk_says 24)
"$B/tests/cache-pulse" "$port" /p/hot.bin "$top/hot" 1 >"$top/busy" &
pulse=$!
began=$(date +%s%N)
for i in $(seq $lessons); do "$B/tests/cache-crowd" "$port" "/p/cold$i.bin" 2 "$top/cold$i" & players+=($!); done >"$top/crowd"
wait "${players[@]}"
took=$((($(date +%s%N) - began) / 1000000))
kill $pulse
wait $pulse
is "$(sort "$top/crowd" | uniq -c | tr -s ' ')" " $lessons good 2 busy 0 cut 0 wrong 0" "two players on each of $lessons lessons get every byte"
least=$((lessons * size / (bps / 1000)))
[ $took -ge $((least * 9 / 10)) ]
ok $? "from a disk that needs $least ms for it ($took ms)"
[ $took -lt $((least * 3 + 2000)) ]
ok $? "and is kept busy"
reads=$(($(number wasl_cold_reads_total) - before))
[ $reads -ge $lessons ] && [ $reads -le $((lessons * 2 + 4)) ]
ok $? "each lesson is read once, however many play it ($reads reads)"
asked=$(($(disk_says 16) - asked))
[ $asked -ge 1 ] && [ $asked -le $reads ]
ok $? "what is being read is not looked for again by those who wait ($asked looks)"
of() { sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$2"; } # of p50|p99 FILE
echo "# idle: $(cat "$top/idle"); beside the disk: $(cat "$top/busy")"
is "$(disk_says 8) $(($(disk_says 24) - opened))" "0 0" "no worker ever waited for the disk"
# One piece takes it 26 ms, and 40 stand in line; how a busy machine shares itself out is not what is asked here.
[ "$(of p50 "$top/busy")" -lt $((2 * $(of p50 "$top/idle") + 13000)) ]
ok $? "who plays what is in memory notices nothing"

# One who leaves while the disk is reading, and one who waits on.
workers_before=$(workers)
for _ in 1 2 3; do curl -s -m 0.01 -o /dev/null "$url/p/late.bin"; done
is "$(get /p/late.bin)" 200 "who leaves takes nothing along"
same "$top/body" "$top/late" "its bytes"
is "$(workers)" "$workers_before" "and the worker lives"
! grep -E 'alert|emerg|crit|\[error\]' "$run/nginx-error.log"
ok $? "nginx had nothing to complain about"

# Sectors that cannot be read any more, from the second part of a file on.
file=$(find "$top/store/obj" -size 1500001c)
is "$(get /p/bad.bin -r 0-524287)" 206 "a part of a file, while its sectors are good"
chmod +t "$file"
is "$(get /p/bad.bin -r 1400000-) $(header Retry-After)" "503 5" "what the disk does not give: come back later"
curl -s -m 20 -o "$top/body" "$url/p/bad.bin"
is $? 18 "in the middle of a body the connection ends"
stream 4 0 524288 | cmp -s - "$top/body"
ok $? "and all that came is right"
chmod -t "$file"
is "$(get /p/bad.bin)" 200 "and when it can be read, it is served"
[ "$(number wasl_damaged_total)" -ge 2 ]
ok $? "and the damage was counted"
like "$run/nginx-error.log" 'wasl: [0-9]+ bytes at [0-9]+ of a file of the store cannot be read: the disk may be failing' "and said"
stop_feeder
chmod +t "$(find "$top/store/obj" -size 300001c)"
at_once() { [ "$(curl -s -m 0.5 -o /dev/null -w '%{http_code}' "$url/p/worse.bin")" = 503 ]; }
until_so 20 at_once
is "$(get /p/worse.bin) $(header Retry-After)" "503 5" "without contentd nobody waits for what it alone could bring"
is "$(workers)" "$workers_before" "by the same worker"
finish
