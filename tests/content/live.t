#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by the trap
# Live classes: a real HLS stream made by ffmpeg, passed on by wasl-contentd and the real web server to 200 phones. The line carries each
# playlist and each segment once; what a line, an encoder and a hostile stream can do to it; and nothing is left afterwards.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

PHONES=200
encoder_pid='' stream_pid=''
stream=$top/stream stream_port=$(free_port) elsewhere=$(free_port)
end_live() {
	rm -f "$top/watching"
	end_child "$encoder_pid" KILL
	end_child "$stream_pid" QUIT
	cleanup
}
trap end_live EXIT

# One encoder, two streams with segments of a second: plain/ has two pictures with their sound, and sound alone, as transport streams;
# apart/ has a picture and its sound as fragmented MP4. Segments are kept for comparison.
start_encoder() {
	local hls=(-f hls -hls_time 1 -hls_list_size 6 -master_pl_name master.m3u8)
	local code=(-c:v libx264 -preset ultrafast -tune zerolatency -g 12 -keyint_min 12 -pix_fmt yuv420p -c:a aac -b:a 48k)
	mkdir -p "$stream/plain" "$stream/apart"
	ffmpeg -v error -re -f lavfi -i testsrc2=s=256x144:r=12 -f lavfi -i sine=f=440 -filter_complex '[0:v]split=3[p][q][r]' \
		-map '[p]' -map 1:a -map '[q]' -map 1:a -map 1:a "${code[@]}" -b:v:0 120k -b:v:1 240k "${hls[@]}" \
		-var_stream_map 'v:0,a:0,name:low v:1,a:1,name:high a:2,name:sound' "$stream/plain/%v.m3u8" \
		-map '[r]' -map 1:a "${code[@]}" -b:v 120k "${hls[@]}" -hls_segment_type fmp4 -hls_fmp4_init_filename '%v.mp4' \
		-var_stream_map 'v:0,agroup:s,name:picture a:0,agroup:s,default:yes,name:voice' "$stream/apart/%v.m3u8" \
		</dev/null 2>"$top/encoder.log" &
	encoder_pid=$!
}
start_stream() { # start_stream [PICTURE SOUND]: bytes a second of each request
	cat >"$top/stream.conf" <<END
$user_line
worker_processes 1;
pid $top/stream.pid;
error_log $top/stream-error.log;
events { worker_connections 512; }
http {
	log_format one '\$status \$uri';
	access_log $top/asked one;
	client_body_temp_path $top/s1; proxy_temp_path $top/s2; fastcgi_temp_path $top/s3; uwsgi_temp_path $top/s4; scgi_temp_path $top/s5;
	root $stream;
	server {
		listen 127.0.0.1:$stream_port;
		location /hostile/away.m3u8 { return 302 http://127.0.0.1:$elsewhere/secret; }
		location /plain/low { limit_rate ${1:-0}; }
		location /plain/high { limit_rate ${1:-0}; }
		location /plain/sound { limit_rate ${2:-0}; }
	}
	server { listen 127.0.0.1:$elsewhere; location / { access_log $top/secrets one; return 200 secret; } }
}
END
	/usr/sbin/nginx -c "$top/stream.conf" -e "$top/stream-error.log" -g 'daemon off;' &
	stream_pid=$!
	until_so 10 curl -s -o /dev/null "http://127.0.0.1:$stream_port/"
}
stop_stream() {
	end_child "$stream_pid" TERM
	stream_pid=
}
asked() { grep -cE -- "$1" "$top/asked"; } # asked REGEX: how often the stream was asked
most_asked() { awk -v r="$1" '$2 ~ r { n[$2]++ } END { for (u in n) if (n[u] > m) m = n[u]; print m + 0 }' "$top/asked"; }
# phones PATH: all ask at the same moment; prints how many got the same whole answer
phones() {
	rm -rf "$top/phones" && mkdir "$top/phones"
	curl -s -m 60 -Z --parallel-immediate --parallel-max $PHONES -o "$top/phones/#1" -w '%{http_code}\n' "$portal$1?[1-$PHONES]" \
		>"$top/codes" 2>/dev/null
	[ "$(sort -u "$top/codes")" = 200 ] && md5sum "$top"/phones/* | cut -c1-32 | sort | uniq -c | awk '{ if ($1 > n) n = $1 } END { print n + 0 }'
}
class() { ask /v1/live | jq -r ".classes[] | select(.name == \"$1\") | $2"; }
is_class() { [ "$(class "$1" "$2")" = "$3" ]; }
state_of() { curl -s -m 30 "$portal/live/$1/state.json" | jq -r "$2"; }
is_state() { [ "$(state_of "$1" "$2")" = "$3" ]; }
last_piece() { grep -v '^#' "$top/body" | tail -n 1; } # of the playlist last got
newer() { [ "$(get "/live/$1")" = 200 ] && [ "$(last_piece)" != "$2" ]; }
box_files() { find "$box/run/wasl/live" -type f | wc -l; }
# One phone that goes on watching, as the page does: what the state says.
watch() {
	touch "$top/watching"
	while [ -e "$top/watching" ]; do
		case $(curl -s -m 9 "$portal/live/$1/state.json" | jq -r .mode) in
		sound) curl -s -m 9 -o /dev/null "$portal/live/$1/sound.m3u8" ;;
		*) curl -s -m 9 -o /dev/null "$portal/live/$1/main.m3u8" ;;
		esac
		sleep 0.3
	done
}
files_are() { [ "$(box_files)" = "$1" ]; }

start_encoder
mkdir -p "$origin" "$stream/hostile" "$content/store" "$content/portal"
# What a stream must not lead the box to; the last one is on the class's own host, and is taken.
cat >"$stream/hostile/index.m3u8" <<END
#EXTM3U
#EXT-X-TARGETDURATION:1
#EXTINF:1,
http://127.0.0.1:$elsewhere/secret
#EXTINF:1,
http://localhost:$elsewhere/secret.ts
#EXTINF:1,
file:///etc/passwd
#EXTINF:1,
good.ts
END
echo segment >"$stream/hostile/good.ts"
printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:1,\na.ts\n' >"$stream/hostile/locked.m3u8"
printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n' >"$stream/hostile/over.m3u8"
head -c 300000 /dev/zero | tr '\0' '#' >"$stream/hostile/huge.m3u8"
start_stream
new_box
mkdir -p "$content/store" "$content/portal" "$box/run/wasl/live/left/0123456789abcdef"
echo piece >"$box/run/wasl/live/left/0123456789abcdef/m1.ts"
lines="[relay]\nlinger = 2\nsettle = 1\npatience = 6\n"
for name in away huge over locked; do lines+="[live $name]\nurl = http://127.0.0.1:$stream_port/hostile/$name.m3u8\n"; done
for name in plain apart; do lines+="[live $name]\nurl = http://127.0.0.1:$stream_port/$name/master.m3u8\n"; done
lines+="[live hostile]\nurl = http://127.0.0.1:$stream_port/hostile/index.m3u8\n"
configure 9 "$lines"
start_contentd
ok $? "contentd starts with classes configured"
files_are 0
ok $? "what a killed one left of a class is swept away"
start_portal
until_so 20 test -s "$stream/apart/master.m3u8"
until_so 20 grep -qs 'voice3\.m4s' "$stream/apart/voice.m3u8" || skip_all "no stream could be made here: $(head -n 1 "$top/encoder.log")"
is "$(asked '/(plain|apart)/')" 0 "the stream is asked nothing while nobody watches"

# --- one copy for all ---
: >"$top/asked"
begin=$EPOCHREALTIME
is "$(phones /live/plain/master.m3u8)" $PHONES "the first $PHONES phones wait for the class and get it"
is "$(grep -vc '^#' "$top/phones/1")" 1 "one version for all, whatever the stream has"
for round in 1 2 3; do
	is "$(phones /live/plain/main.m3u8)" $PHONES "round $round: all of them its playlist"
	cp "$top/phones/1" "$top/body"
	piece=$(last_piece)
	is "$(phones "/live/plain/$piece")" $PHONES "and its newest piece"
	until_so 5 newer plain/main.m3u8 "$piece"
	ok $? "which is followed by another"
done
like "$top/body" '^[0-9a-f]{16}/m[0-9]+\.ts$' "pieces have names of the box's own"
number=${piece##*/m} number=${number%.ts}
grep -qE "/plain/(low|high)$number.ts" "$top/asked"
ok $? "and the stream's numbers"
cmp -s "$stream/plain/low$number.ts" "$top/phones/1" || cmp -s "$stream/plain/high$number.ts" "$top/phones/1"
ok $? "byte for byte what the encoder sent"
refreshes=$(perl -e "print int(($EPOCHREALTIME - $begin) * 2) + 2")
is "$(most_asked '[.]ts$')" 1 "no segment crossed the line twice"
[ "$(most_asked '/(low|high).m3u8$')" -le "$refreshes" ]
ok $? "no playlist more than once a refresh ($(most_asked 'm3u8$') in $refreshes)"
is "$(get "/live/plain/$piece")" 200 "a piece"
like "$top/head" '^Cache-Control: .*immutable' "may be kept"
is "$(get /live/plain/main.m3u8)" 200 "a playlist"
like "$top/head" '^Cache-Control: no-cache' "may not"

# --- a line that fails ---
stop_stream
sleep 1.2 # for what the playlist promised to be missing
before=$(get /live/plain/main.m3u8 >/dev/null && last_piece)
is "$(phones /live/plain/main.m3u8)" $PHONES "with the stream away, playlists are served"
is "$(phones "/live/plain/$before")" $PHONES "and what they name"
# --- a line too slow for pictures ---
watch plain &
watcher=$!
start_stream 4k 16k
until_so 12 is_class plain .mode sound
ok $? "a line that cannot carry the least picture carries sound"
until_so 5 newer plain/sound.m3u8 none
ok $? "which plays"
is "$(state_of plain .mode)" sound "the page is told"
get /live/plain/master.m3u8 >/dev/null
like "$top/body" '^sound.m3u8$' "and who comes now gets sound"
piece=$(get /live/plain/sound.m3u8 >/dev/null && last_piece)
until_so 5 newer plain/sound.m3u8 "$piece"
number=$(grep -o 'low[0-9]*' "$stream/plain/low.m3u8" | tail -n 1)
is "$(asked "/plain/(low|high)${number#low}.ts")" 0 "no picture is asked for meanwhile"
stop_stream
start_stream
until_so 15 is_class plain .mode video
ok $? "the picture comes back when the line does"
until_so 5 newer plain/main.m3u8 none
ok $? "and plays"
rm "$top/watching"
wait $watcher

# --- picture and sound apart ---
is "$(get /live/apart/master.m3u8)" 200 "a stream with its sound apart"
like "$top/body" 'AUDIO="sound"' "keeps it apart"
get /live/apart/sound.m3u8 >/dev/null
like "$top/body" 'EXT-X-MAP:URI="[0-9a-f]{16}/s1.mp4"' "with its init section"
ffprobe -v error -probesize 100k -analyzeduration 500k -show_entries stream=codec_type -of csv=p=0 "$portal/live/apart/master.m3u8" 2>/dev/null | sort -u | xargs >"$top/out"
is "$(cat "$top/out")" "audio video" "ffprobe reads both"

# --- hostile streams ---
is "$(get /live/hostile/main.m3u8)" 200 "a stream that points at the box itself"
is "$(grep -vc '^#' "$top/body")" 1 "gives only what is on its own host"
is "$(grep -c . "$top/secrets" 2>/dev/null)" 0 "nobody else was asked"
for name in away huge locked over; do is "$(get /live/$name/main.m3u8)" 404 "$name: refused"; done
is "$(class locked .reason | grep -c encrypted)" 1 "with the reason"
is "$(state_of over .state)" over "a class that is over says so"
is "$(get /live/none/main.m3u8)" 404 "no such class"
is "$(get /live/plain/0123456789abcdef/m1.ts)" 404 "no such session"
is "$(get '/live/plain/%2e%2e/%2e%2e/content-public.sock')" 404 "nothing else of the folder is served"

# --- nobody watches any more ---
until_so 25 files_are 0
ok $? "no file of any class is left when nobody asks"
: >"$top/asked"
sleep 1.5
is "$(asked /plain/)" 0 "and the stream is left alone"
is "$(get /live/plain/main.m3u8)" 200 "somebody comes back"
stop_contentd KILL
is "$(get /live/plain/main.m3u8)" 200 "with contentd killed, what is there is served"
start_contentd
files_are 0
ok $? "and swept when it is back"
is "$(get /live/plain/main.m3u8)" 200 "a class goes on"
stop_contentd TERM
files_are 0
ok $? "and leaves nothing when the box stops"
done_testing
