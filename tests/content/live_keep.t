#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317,SC2119 # called by name
# Live classes that a person begins, ends and keeps with `wasl live`: what survives a restart and a kill -9, and that what was kept is what
# the encoder sent.
# shellcheck source=tests/content/live.sh
. "$(dirname "$0")/live.sh"

wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en "$@"; }
pieces() { class "$1" .segments; }
has_pieces() { [ "$(pieces "$1")" -ge "$2" ]; }
kept() { ask /v1/live | jq -r ".kept[$1].id"; }
kept_are() { [ "$(ask /v1/live | jq '.kept | length')" = "$1" ]; }
is_line() { [ "$(ask /v1/live | jq .line_kbps)" = "$1" ]; }
store_files() { ask /v1/store/files | jq '.files | length'; }

start_encoder
start_stream
mkdir -p "$origin"
new_box
mkdir -p "$content/store" "$content/portal"
quiet=$(free_port) # where an encoder will be, later in the day
configure 9 "[relay]\nlinger = 2\nallow = 127.0.0.1:$stream_port 127.0.0.1:$quiet\n"
start_contentd
start_portal
until_so 20 test -s "$stream/apart/master.m3u8"
until_so 20 grep -qs 'voice1\.m4s' "$stream/apart/voice.m3u8" || skip_all "no stream could be made here: $(head -n 1 "$top/encoder.log")"

wasl live start physics "http://127.0.0.1:$stream_port/plain/master.m3u8" 'الفيزياء' >"$top/out"
is $? 0 "a person begins a class"
like "$top/out" 'physics: nobody watches' "which is listed"
until_so 10 test -s "$content/portal/ar/live/physics.html"
like "$content/portal/ar/live/physics.html" 'الفيزياء' "and has a page"
refused() { # refused NAME URL TEXT DESCRIPTION
	wasl live start "$1" "$2" 2>"$top/out"
	is $? 1 "$4"
	like "$top/out" "$3" "$4: a sentence"
}
refused inside "http://127.0.0.1:$elsewhere/secret" "127\.0\.0\.1:$elsewhere.*\[relay\] allow" "a stream in the school's own network that nobody allowed"
is "$(grep -c . "$top/secrets" 2>/dev/null)" 0 "it was not even asked"
refused nowhere "http://$(printf 'a%.0s' {1..64}).example/a.m3u8" 'leads nowhere' "a name that leads nowhere"
refused away "http://127.0.0.1:$stream_port/hostile/away.m3u8" 'redirected to another host' "a stream that is somewhere else"
like <(wasl --json live status | jq -r '[.classes[].name] | join(" ")') '^physics$' "none of these is a class"
wasl live start later "http://127.0.0.1:$quiet/a.m3u8" >"$top/out"
is $? 0 "one that does not answer yet is"
is "$(get /live/later/main.m3u8)" 404 "nothing is live in it"
wasl live keep later 2>"$top/out"
is $? 1 "nothing can be kept while nothing is live"
like <(wasl live status) "does not answer: .*[^0]$" "and the list says why"
wasl live stop later >"$top/out"
wasl live start physics http://stream.example/a.m3u8 2>"$top/out"
is $? 1 "a name is taken once"
wasl live start x file:///etc/passwd 2>"$top/out"
is $? 1 "no stream from a file"
like "$top/out" 'only http:// and https://' "says what there may be"

stop_contentd KILL
start_contentd
is "$(class physics .state)" idle "the class is there after a kill -9"
wasl live start apart "http://127.0.0.1:$stream_port/apart/master.m3u8" >"$top/out"
wasl live keep physics >"$top/out"
is $? 0 "it is kept"
like "$top/out" 'being kept' "as the list says"
wasl live keep apart >"$top/out"
until_so 15 has_pieces physics 4
until_so 15 has_pieces apart 6
is "$(is_class apart .keeping true && echo yes)" yes "kept without anybody watching"
stop_contentd KILL
start_contentd
until_so 10 kept_are 2
ok $? "what a kill -9 interrupted is a lesson at the next start"
physics=$(kept 0) apart=$(kept 1)
[[ $physics == physics-* ]] || { physics=$(kept 1) apart=$(kept 0); }
like <(wasl live status) "$physics" "which is listed"
until_so 10 curl -sf -o /dev/null "$portal/p/live/$physics/master.m3u8"
is "$(get "/p/live/$physics/main.m3u8")" 200 "it has an address"
like "$top/body" 'EXT-X-ENDLIST' "and an end"
is "$(get "/p/live/$physics/m1.ts")" 200 "and its bytes"
cp "$top/body" "$top/kept.ts"
# the same segments, in the order in which the encoder made them
first='' whole=
for n in $(seq 0 400); do
	for v in low high; do
		f=$stream/plain/$v$n.ts
		[ -s "$f" ] && [ -z "$first" ] && cmp -s -n "$(stat -c %s "$f")" "$f" "$top/kept.ts" && first=$n
	done
done
if [ -n "$first" ]; then
	pieces=$(get "/p/live/$physics/main.m3u8" >/dev/null && grep -c EXTINF "$top/body")
	bytes=$(stat -c %s "$top/kept.ts")
	# A piece that is not in the list yet may be there when the process is killed: in whole or in part.
	for ((n = first; n <= first + pieces; n++)); do # of one picture or the other
		[ $n -lt $((first + pieces)) ] || listed=$(stat -c %s "$top/whole.ts")
		at=$(stat -c %s "$top/whole.ts" 2>/dev/null || echo 0)
		part=$(stat -c %s "$stream/plain/high$n.ts")
		[ "$part" -le $((bytes - at)) ] || part=$((bytes - at))
		v=low
		cmp -s -i "0:$at" -n "$part" "$stream/plain/high$n.ts" "$top/kept.ts" && v=high
		cat "$stream/plain/$v$n.ts" >>"$top/whole.ts"
	done
	[ "$bytes" -ge "$listed" ] && cmp -n "$bytes" "$top/whole.ts" "$top/kept.ts"
	whole=$?
fi
is "$whole" 0 "byte for byte what the encoder sent"
two_seconds() { # the last of it may still be on its way to the disk
	seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$portal/p/live/$apart/master.m3u8" | cut -d. -f1)
	[ "${seconds:-0}" -ge 2 ]
}
until_so 20 two_seconds
ok $? "picture and sound apart: ffprobe plays ${seconds:-no} s of it"
is "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$portal/p/live/$apart/master.m3u8" | sort -u | xargs)" "audio video" "both of them"

before=$(store_files)
wasl live forget "$physics" >"$top/out"
is $? 0 "a recording is forgotten"
is "$((before - $(store_files)))" 3 "with all that belongs to it"
until_so 10 bash -c "[ \"\$(curl -s -o /dev/null -w '%{http_code}' $portal/p/live/$physics/main.m3u8)\" = 404 ]"
ok $? "its address, too"
is "$(get "/live/physics/main.m3u8")" 200 "the class goes on"
wasl live stop physics >"$top/out"
is $? 0 "and ends when a person says so"
files_are 0
ok $? "without a trace"
is "$(get "/live/physics/main.m3u8")" 404 "it is gone"
stop_contentd TERM
start_contentd
is "$(ask /v1/live | jq -r '[.classes[].name] | join(" ")')" apart "also after a restart"
kept_are 1
ok $? "what was kept stays"
stop_contentd TERM
configure 9 "[live physics]\nurl = http://127.0.0.1:$stream_port/plain/master.m3u8\n"
start_contentd
is "$(get /live/physics/main.m3u8)" 200 "a configured class"
wasl live stop physics >"$top/out"
is "$(get /live/physics/main.m3u8)" 404 "that a person has stopped stays off, whoever asks"
wasl live start physics >"$top/out"
is "$(get /live/physics/main.m3u8)" 200 "until a person begins it again"

# --- what netmgrd says of the line, before anything has come over it ---
stop_contentd TERM
mkdir -p "$top/netmgrd/v1"
echo '{"uplinks":[{"name":"adsl","state":"up","since_s":60,"down_kbps":90}],"preferred":"adsl"}' >"$top/netmgrd/v1/uplinks"
ln -s "$top/netmgrd.sock" "$box/run/wasl/netmgrd.sock"
start_contentd
until_so 10 is_line 90
is "$(get /live/physics/master.m3u8)" 200 "on a line of 90 kbit/s"
like "$top/body" '^sound.m3u8' "a class begins with sound alone"
done_testing
