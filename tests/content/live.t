#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by the trap
# Live classes: a real HLS stream made by ffmpeg, passed on by wasl-contentd and the real web server to 200 phones. The line carries each
# playlist and each segment once; what a line, an encoder and a hostile stream can do to it; and nothing is left afterwards.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

PHONES=200
encoder_pid='' stream_pid=''
stream=$top/stream stream_port=$(free_port)
end_live() {
	end_child "$encoder_pid" KILL
	end_child "$stream_pid" QUIT
	cleanup
}
trap end_live EXIT

# Segments of one second, six in the playlist; kept afterwards for comparison.
start_encoder() { # start_encoder FOLDER [HLS OPTIONS…]
	mkdir -p "$stream/$1"
	ffmpeg -v error -re -f lavfi -i testsrc2=s=256x144:r=12 -f lavfi -i sine=f=440 -c:v libx264 -preset ultrafast -tune zerolatency \
		-g 12 -keyint_min 12 -b:v 150k -pix_fmt yuv420p -c:a aac -b:a 48k -f hls -hls_time 1 -hls_list_size 6 "${@:2}" \
		"$stream/$1/index.m3u8" </dev/null 2>"$top/encoder.log" &
	encoder_pid=$!
	until_so 20 grep -qs '3\.\(ts\|m4s\)' "$stream/$1/index.m3u8"
}
start_stream() {
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
	server { listen 127.0.0.1:$stream_port; }
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
# phones PATH: all ask at the same moment; prints how many got the same whole answer as the first
phones() {
	rm -rf "$top/phones" && mkdir "$top/phones"
	curl -s -m 60 -Z --parallel-immediate --parallel-max $PHONES -o "$top/phones/#1" -w '%{http_code}\n' "$portal$1?[1-$PHONES]" \
		>"$top/codes" 2>/dev/null
	[ "$(sort -u "$top/codes")" = 200 ] && md5sum "$top"/phones/* | cut -c1-32 | sort | uniq -c | awk '{ if ($1 > n) n = $1 } END { print n + 0 }'
}
class() { ask /v1/live | jq -r ".classes[] | select(.name == \"$1\") | $2"; }
is_class() { [ "$(class "$1" "$2")" = "$3" ]; }

start_encoder one || skip_all "no stream could be made here"
start_stream
mkdir -p "$origin"
new_box
configure 9 "[live one]\nurl = http://127.0.0.1:$stream_port/one/index.m3u8\nar = درس مباشر\n"
start_contentd
ok $? "contentd starts with a class configured"
is "$(grep -c . "$top/asked")" 1 "and asks the stream nothing while nobody watches"
mkdir -p "$content/store" "$content/portal"
start_portal

# --- one copy for all ---
: >"$top/asked"
is "$(phones /live/one/master.m3u8)" $PHONES "the first $PHONES phones wait for the class and get it"
is "$(phones /live/one/main.m3u8)" $PHONES "all of them its playlist"
like "$top/phones/1" '^[0-9a-f]{16}/m[0-9]+\.ts$' "with pieces of the box's own"
piece=/live/one/$(tail -n 1 "$top/phones/1")
is "$(phones "$piece")" $PHONES "and a piece"
number=$(basename "$piece" .ts) number=${number#m}
cmp -s "$top/phones/1" "$stream/one/index$number.ts"
ok $? "byte for byte the encoder's"
is "$(asked "/one/index$number\.ts")" 1 "which crossed the line once"
done_testing
