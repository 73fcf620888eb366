#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Live classes: a real HLS stream made by ffmpeg, passed on by wasl-contentd and the real web server to 200 phones. The line carries each
# playlist and each segment once; what a line, an encoder and a hostile stream can do to it; and nothing is left afterwards.
# shellcheck source=tests/content/live.sh
. "$(dirname "$0")/live.sh"

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
#EXTINF:0,
empty.ts
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
for name in away huge over locked again moved empty; do lines+="[live $name]\nurl = http://127.0.0.1:$stream_port/hostile/$name.m3u8\n"; done
for name in plain apart; do lines+="[live $name]\nurl = http://127.0.0.1:$stream_port/$name/master.m3u8\n"; done
lines+="[live hostile]\nurl = http://127.0.0.1:$stream_port/hostile/index.m3u8\n"
configure 9 "$lines"
start_contentd
ok $? "contentd starts with classes configured"
files_are 0
ok $? "what a killed one left of a class is swept away"
start_portal
until_so 20 test -s "$stream/apart/master.m3u8"
until_so 20 grep -qs 'voice1\.m4s' "$stream/apart/voice.m3u8" || skip_all "no stream could be made here: $(head -n 1 "$top/encoder.log")"
is "$(asked '/(plain|apart)/')" 0 "the stream is asked nothing while nobody watches"

# --- one copy for all ---
: >"$top/asked"
begin=$EPOCHREALTIME
is "$(phones /live/plain/master.m3u8)" $PHONES "the first $PHONES phones wait for the class and get it"
is "$(grep -vc '^#' "$top/phones/1")" 1 "one version for all, whatever the stream has"
is "$("$B/tests/hlslint" --lists "$portal/live/plain/master.m3u8" | tail -n 1 | cut -d, -f2)" " 0 findings" "our lists keep their rules"
for round in 1 2 3; do
	is "$(phones_list /live/plain/main.m3u8)" $PHONES "round $round: all of them its playlist"
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
is "$(phones_list /live/plain/main.m3u8)" $PHONES "with the stream away, playlists are served"
is "$(phones "/live/plain/$before")" $PHONES "and what they name"
# --- a line too slow for pictures ---
watch plain &
watcher=$!
start_stream 4k 16k
counts empty 10 none.ts
watch empty 1 &
watchers=$!
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
until_so 20 is_class empty .state stale
ok $? "a stream whose segments never come is not called live"
is "$(class empty .reason | grep -c segment)" 1 "with the reason"
rm "$top/watching"
wait $watcher $watchers

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

# --- encoders that fail ---
counts again 45
is "$(get /live/again/main.m3u8)" 200 "an encoder at its 50th segment"
for first in 0 1 2 3; do
	counts again $first
	until_so 10 looked again
	has_break again && break
done
until_so 10 has_break again
ok $? "is followed when it begins again from 0, after a break"
names moved one
counts one 10
is "$(get /live/moved/main.m3u8)" 200 "a stream"
names moved two
rm "$stream/hostile/one.m3u8"
counts two 15
until_so 20 past moved 15
ok $? "whose playlist has another address now is followed there"
is "$(grep -c DISCONT "$top/body")" 0 "without a break"

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
