# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # used by who sources it; lib.sh has the rest
# A real live stream on a server of its own, which can be slow or away, and what a class of phones asks. Sourced by tests/content/live*.t.
# shellcheck source=tests/content/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

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
	server { listen unix:$top/netmgrd.sock; root $top/netmgrd; }
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
# phones_list PATH: the same of a playlist, which others follow twice a second at most: how many got one of those, whole.
phones_list() {
	local begin=$EPOCHREALTIME
	phones "$1" >/dev/null || return
	[ "$(md5sum "$top"/phones/* | cut -c1-32 | sort -u | wc -l)" -le "$(perl -e "print int(($EPOCHREALTIME - $begin) * 2) + 1")" ] || echo "too many different ones"
	awk 'FNR == 1 && /^#EXTM3U/ { begun[FILENAME] = 1 } /^[^#].*[.](ts|mp4|m4s)$/ && begun[FILENAME] { whole[FILENAME] = 1 } END { for (f in whole) n++; print n + 0 }' "$top"/phones/*
}
class() { ask /v1/live | jq -r ".classes[] | select(.name == \"$1\") | $2"; }
is_class() { [ "$(class "$1" "$2")" = "$3" ]; }
state_of() { curl -s -m 30 "$portal/live/$1/state.json" | jq -r "$2"; }
is_state() { [ "$(state_of "$1" "$2")" = "$3" ]; }
last_piece() { grep -v '^#' "$top/body" | tail -n 1; } # of the playlist last got
newer() { [ "$(get "/live/$1")" = 200 ] && [ "$(last_piece)" != "$2" ]; }
box_files() { find "$box/run/wasl/live" -type f | wc -l; }
# watch NAME [PATIENCE]: one phone that goes on watching, as the page does: what the state says.
watch() {
	touch "$top/watching"
	while [ -e "$top/watching" ]; do
		case $(curl -s -m "${2:-9}" "$portal/live/$1/state.json" | jq -r .mode) in
		sound) curl -s -m "${2:-9}" -o /dev/null "$portal/live/$1/sound.m3u8" ;;
		*) curl -s -m "${2:-9}" -o /dev/null "$portal/live/$1/main.m3u8" ;;
		esac
		sleep 0.3
	done
}
# counts LIST FIRST [FILE]: the stream's list names five segments of a second from FIRST on; all are one file. looked LIST: it has been seen since
counts() {
	local n
	{
		printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%s\n' "$2"
		for ((n = $2; n < $2 + 5; n++)); do printf '#EXTINF:1,\n%s?%s\n' "${3:-good.ts}" "$n"; done
	} >"$stream/hostile/new.m3u8"
	mv "$stream/hostile/new.m3u8" "$stream/hostile/$1.m3u8"
	looks=$(asked "/$1.m3u8")
}
looked() { get "/live/$1/main.m3u8" >"$top/code" && [ "$(asked "/$1.m3u8")" -gt "$looks" ]; }
has_break() { get "/live/$1/main.m3u8" >"$top/code" && grep -q '^#EXT-X-DISCONTINUITY$' "$top/body"; }
# names MASTER LIST: its one version is there. past NAME NUMBER: a piece of the box's that has this number, or a later one, is there
names() {
	printf '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=90000\n%s.m3u8\n' "$2" >"$stream/hostile/new.m3u8"
	mv "$stream/hostile/new.m3u8" "$stream/hostile/$1.m3u8"
}
past() {
	local piece
	piece=$(get "/live/$1/main.m3u8" >/dev/null && last_piece) piece=${piece##*/m} piece=${piece%.ts}
	[ "${piece:-0}" -ge "$2" ]
}
files_are() { [ "$(box_files)" = "$1" ]; }

