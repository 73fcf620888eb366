#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# What the kitchen does while nobody waits. On its battery the box makes only what somebody asks for; with mains power the rest,
# and then a better version of every picture, which takes the place of the first. Who plays the first goes on with it.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

small_lesson || skip_all "no film could be made here"
publish 3 'Fractions' 1 >"$top/out"
start_origin
new_box
mkdir -p "$top/sys/class/power_supply/AC" "$top/sys/class/power_supply/BAT0" "$top/sys/class/thermal/thermal_zone0"
mains() { # mains 1|0 STATUS
	echo Mains >"$top/sys/class/power_supply/AC/type"
	echo "$1" >"$top/sys/class/power_supply/AC/online"
	echo Battery >"$top/sys/class/power_supply/BAT0/type"
	echo "$2" >"$top/sys/class/power_supply/BAT0/status"
}
mains 0 Discharging
echo 41000 >"$top/sys/class/thermal/thermal_zone0/temp"
kitchen="rungs = 240p audio\nbetter_after = 1\nbetter_room = 0\nlate = 0\nsys = $top/sys\n"
configure "$fast" "[kitchen]\n$kitchen"
start_contentd
until_so 20 test -s "$content/store/names.idx"
start_portal
lesson=/m/fractions-1
of_master() { get $lesson/master.m3u8 >/dev/null && sed -nE 's|^(g-[0-9a-f]+)/240p/.*|\1|p' "$top/body"; }
offered() { [ -n "$(of_master)" ]; }
until_so 20 offered
ok $? "a lesson is offered"
first=$(of_master)
is "$(field /v1/status '.idle.rests, .idle.power, .idle.celsius' | xargs)" "battery battery 41" "on its battery it rests"
is "$(get "$lesson/$first/240p/2.m4s")" 200 "who asks is served at once"
is_get() { [ "$(get "$1")" = "$2" ]; }
made() { field /v1/lessons '[.lessons[0].rungs[].done] | join(" ")'; }
made_is() { [ "$(made)" = "$1" ]; }
until_so 20 made_is "1 1" # the sound of that minute is made beside its picture
is "$(made)" "1 1" "and nothing is made for nobody"
mains 1 Charging
until_so 120 is_field /v1/lessons '.lessons[0].complete' true
ok $? "with mains power the rest is made"
is "$(get "$lesson/$first/240p/1.m4s")" 200 "all of it"

# Small pictures for the seek bar; the child that makes them has the processor when nobody else wants it
until_so 120 is_get "$lesson/sprite.vtt" 200
ok $? "then a preview is made"
is "$(grep -c -e '-->' "$top/body")" 2 "with a picture for each segment"
is "$(grep -m 1 sprite- "$top/body")" "$first/sprite-1.jpg#xywh=0,0,160,90" "on a sheet"
is "$(get "$lesson/$first/sprite-1.jpg")" 200 "which is there"
is "$(ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "$top/body")" mjpeg,1600,90 "and is a JPEG"
is "$(sed -nE 's/^content-type: *(.*)\r$/\1/Ip' "$top/head")" image/jpeg "by its name, too"
until_so 60 grep -q "data-preview" "$content/portal/ar/l/fractions-1.html"
ok $? "the page knows"
number=$(sqlite3 "$content/store/store.db" "SELECT number FROM renditions WHERE rung='preview'")
spoil "$content/store/rend/$number.mp4" 600
ask '/v1/store/verify?name=fractions-1/preview' -X POST >/dev/null
remade() { [ "$(sqlite3 "$content/store/store.db" "SELECT count(*) FROM renditions WHERE rung='preview' AND number<>$number")" = 1 ]; }
until_so 120 remade
ok $? "one that rots is made again"
until_so 60 is_get "$lesson/$first/sprite-1.jpg" 200
is "$(ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "$top/body")" mjpeg,1600,90 "and served"

better() { [ -n "$(of_master)" ] && [ "$(of_master)" != "$first" ]; }
until_so 120 better
ok $? "a better version takes the first one's place"
second=$(of_master)
is "$(field /v1/status '.idle.better, .idle.power' | xargs)" "1 mains" "which the status says"
frames() { # frames GENERATION: how many pictures an independent reader finds
	local part
	: >"$top/film"
	for part in init.mp4 1.m4s 2.m4s; do
		[ "$(get "$lesson/$1/240p/$part")" = 200 ] || return
		cat "$top/body" >>"$top/film"
	done
	ffprobe -v error -count_frames -show_entries stream=nb_read_frames,width,height -of csv=p=0 "$top/film"
}
is "$(frames "$first")" 426,240,135 "who began with the first goes on with it"
size=$(stat -c %s "$top/film")
is "$(frames "$second")" 426,240,135 "the better one has the same pictures"
[ "$(stat -c %s "$top/film")" -lt "$size" ]
ok $? "in fewer bytes ($(stat -c %s "$top/film") of $size)"
ffmpeg -v error -i "$portal$lesson/master.m3u8" -f null - >"$top/out" 2>&1 && [ ! -s "$top/out" ]
ok $? "and plays with the first one's sound"
is "$(get $lesson/download-240p.mp4)" 200 "as one file, too"
is "$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 "$top/body")" 135 "which is whole"

stop_contentd KILL
start_contentd
until_so 20 is_field /v1/lessons '.lessons[0].complete' true
is "$(of_master)" "$second" "after a kill -9 it is what is offered"
is "$(get "$lesson/$first/240p/2.m4s")" 200 "and the first has its place"
is "$(get "$lesson/$first/sprite-1.jpg")" 200 "and so has its preview"

done_testing
