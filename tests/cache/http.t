#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# What HTTP says that a reply must say (RFC 9110), asked of the real server, a row each.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

size=$((3 * 65536 + 777))
start_feeder
must object whole 1 $size /m/x/film.mp4 video/mp4
must fill whole
must object half 2 $size /p/half.mp4 video/mp4
must chunk half 0
must chunk half 1
must object words 3 5000 /m/x/words.vtt text/vtt
must fill words
must object empty 4 0 /m/x/empty.txt text/plain
must rendition 240p 3 /m/x/g-1/240p/ video/mp4
must segment 240p 1
must text /m/x/master.m3u8 "$(printf '#EXTM3U%01500d' 0)"
must text /m/x/tiny.m3u8 '#EXTM3U'
must redirect /m/old.m3u8 /m/x/master.m3u8
must publish
must mode manual 0
configure 's|location ^~ /p/ {|& wasl_patience 1s;|'
start_nginx
ok $? "nginx starts with the module"
until_so 20 state_has 'workers 2'
stream 1 0 $size >"$top/whole"
stream 2 0 $size >"$top/half"
stream 3 0 5000 >"$top/words"

get /m/x/film.mp4 >/dev/null
tag=$(header ETag) date=$(header Last-Modified)
get /m/x/words.vtt >/dev/null
words=$(header ETag)
get /m/x/master.m3u8 >/dev/null
list=$(header ETag)
seg=$(segment_len 1) last=$((size - 1))

# What one reply is held against: status, heads ("-Name": absent), and which bytes of which file the body is.
holds() { # holds STATUS HEADS BODY
	local want name value got
	[ "$status" = "$1" ] || { echo "# status $status, wanted $1"; return 1; }
	while IFS= read -r want; do
		want=${want# } want=${want% }
		[ -n "$want" ] || continue
		name=${want%%: *} value=${want#*: } got=
		[ "${want#-}" = "$want" ] || { name=${want#-} value=; }
		got=$(header "$name")
		[ "$got" = "$value" ] || { echo "# $name is '$got', wanted '$value'"; return 1; }
	done < <(tr ';' '\n' <<<"$2")
	# shellcheck disable=SC2086 # file, offset, length
	set -- $3
	case ${1:-any} in
	any) ;;
	none) [ ! -s "$top/body" ] || { echo "# a body where there is none"; return 1; } ;;
	*) cmp -s <(piece "$top/$1" "$2" "$3") "$top/body" || { echo "# the body differs"; return 1; } ;;
	esac
}
rows() { # NAME | METHOD PATH | HEADER; … | STATUS | HEAD; … | BODY
	local name what heads wanted says body method path args head
	while IFS='|' read -r name what heads wanted says body; do
		[ -n "${name// /}" ] || continue
		read -r method path <<<"$what"
		args=(-X "$method")
		[ "$method" != HEAD ] || args=(-I)
		while IFS= read -r head; do
			head=${head# } head=${head% }
			[ -z "$head" ] || args+=(-H "$head")
		done < <(tr ';' '\n' <<<"$heads")
		: >"$top/body"
		status=$(curl -s -m 20 -o "$top/body" -D "$top/head" -w '%{http_code}' "${args[@]}" "$url$path")
		[ "$method" != HEAD ] || : >"$top/body" # curl shows the head there
		holds "${wanted// /}" "$says" "$body"
		ok $? "${name% }"
	done
}
film=/m/x/film.mp4
rows <<END
whole | GET $film | | 200 | Content-Length: $size; Accept-Ranges: bytes; Content-Type: video/mp4; Cache-Control: public, max-age=31536000, immutable; -Vary; -Age; -Content-Range; -Content-Encoding; X-Content-Type-Options: nosniff | whole 0 $size
its head | HEAD $film | | 200 | Content-Length: $size; Accept-Ranges: bytes; ETag: $tag; Last-Modified: $date | none
a head has no part | HEAD $film | Range: bytes=0-9 | 200 | Content-Length: $size; -Content-Range | none
a segment | GET /m/x/g-1/240p/1.m4s | | 200 | Content-Length: $seg; Cache-Control: public, max-age=31536000, immutable; -Vary |
a playlist | GET /m/x/tiny.m3u8 | | 200 | Content-Length: 7; Content-Type: application/vnd.apple.mpegurl; Cache-Control: public, max-age=10; Vary: Accept-Encoding |
nothing | GET /m/x/empty.txt | | 200 | Content-Length: 0 | none
a redirect | GET /m/old.m3u8 | | 302 | Location: /m/x/master.m3u8; Access-Control-Allow-Origin: * |

first byte | GET $film | Range: bytes=0-0 | 206 | Content-Range: bytes 0-0/$size; Content-Length: 1; ETag: $tag; Last-Modified: $date; Cache-Control: public, max-age=31536000, immutable; Accept-Ranges: bytes | whole 0 1
last byte | GET $film | Range: bytes=-1 | 206 | Content-Range: bytes $last-$last/$size | whole $last 1
from the middle | GET $film | Range: bytes=70000- | 206 | Content-Range: bytes 70000-$last/$size; Content-Length: $((size - 70000)) | whole 70000 $((size - 70000))
across chunks | GET $film | Range: bytes=65000-66000 | 206 | Content-Range: bytes 65000-66000/$size | whole 65000 1001
more than there is | GET $film | Range: bytes=100-99999999999999999999 | 206 | Content-Range: bytes 100-$last/$size | whole 100 $((size - 100))
a longer end than there is | GET $film | Range: bytes=-99999999999999999999 | 206 | Content-Range: bytes 0-$last/$size; Content-Length: $size | whole 0 $size
units know no case | GET $film | Range: Bytes=5-6 | 206 | Content-Range: bytes 5-6/$size | whole 5 2
behind the end | GET $film | Range: bytes=$size- | 416 | Content-Range: bytes */$size; Access-Control-Allow-Origin: * |
far behind the end | GET $film | Range: bytes=99999999999999999999-99999999999999999999 | 416 | Content-Range: bytes */$size |
the last none | GET $film | Range: bytes=-0 | 416 | Content-Range: bytes */$size |
of nothing | GET /m/x/empty.txt | Range: bytes=0- | 416 | Content-Range: bytes */0 |
several: the whole | GET $film | Range: bytes=0-1,5-6 | 200 | Content-Length: $size; -Content-Range | whole 0 $size
several and absurd | GET $film | Range: bytes=$(printf '0-,%.0s' {1..900})0- | 200 | Content-Length: $size | whole 0 $size
backwards | GET $film | Range: bytes=9-5 | 200 | -Content-Range | whole 0 $size
no numbers | GET $film | Range: bytes=a-b | 200 | -Content-Range | whole 0 $size
no range | GET $film | Range: bytes= | 200 | -Content-Range | whole 0 $size
another unit | GET $film | Range: seconds=0-1 | 200 | -Content-Range | whole 0 $size
below nothing | GET $film | Range: bytes=--1 | 200 | -Content-Range | whole 0 $size
of a segment | GET /m/x/g-1/240p/1.m4s | Range: bytes=10-19 | 206 | Content-Range: bytes 10-19/$seg |
of a segment, behind its end | GET /m/x/g-1/240p/1.m4s | Range: bytes=$seg- | 416 | Content-Range: bytes */$seg |

same tag | GET $film | If-None-Match: $tag | 304 | ETag: $tag; Last-Modified: $date; Cache-Control: public, max-age=31536000, immutable; -Content-Length; -Content-Type; -Content-Range; Access-Control-Allow-Origin: * | none
same tag, its head | HEAD $film | If-None-Match: $tag | 304 | ETag: $tag | none
same tag, weakly | GET $film | If-None-Match: W/$tag | 304 | | none
any tag | GET $film | If-None-Match: * | 304 | ETag: $tag | none
one of several | GET $film | If-None-Match: "a", W/"b" ,$tag | 304 | | none
none of several | GET $film | If-None-Match: "a", "b" | 200 | | whole 0 $size
a list that is none | GET $film | If-None-Match: $tag" x | 304 | | none
no list | GET $film | If-None-Match: x | 200 | | whole 0 $size
same tag, for a part | GET $film | If-None-Match: $tag; Range: bytes=0-1 | 304 | -Content-Range | none
not since | GET $film | If-Modified-Since: $date | 304 | | none
since long ago | GET $film | If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT | 200 | | whole 0 $size
a date that is none | GET $film | If-Modified-Since: yesterday | 200 | | whole 0 $size
the tag outweighs the date | GET $film | If-None-Match: "a"; If-Modified-Since: $date | 200 | | whole 0 $size
only this | GET $film | If-Match: $tag | 200 | | whole 0 $size
only this, weakly | GET $film | If-Match: W/$tag | 412 | -Content-Range; Access-Control-Allow-Origin: * |
only another | GET $film | If-Match: "a" | 412 | |
only if there | GET $film | If-Match: * | 200 | | whole 0 $size
only if unchanged | GET $film | If-Unmodified-Since: $date | 200 | | whole 0 $size
only if unchanged, and it is not | GET $film | If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT | 412 | |
that too, before a 304 | GET $film | If-Match: "a"; If-None-Match: $tag | 412 | |
a part of this | GET $film | If-Range: $tag; Range: bytes=1-2 | 206 | Content-Range: bytes 1-2/$size | whole 1 2
a part of another: the whole | GET $film | If-Range: "a"; Range: bytes=1-2 | 200 | -Content-Range | whole 0 $size
a part, weakly: the whole | GET $film | If-Range: W/$tag; Range: bytes=1-2 | 200 | -Content-Range | whole 0 $size
a part by date | GET $film | If-Range: $date; Range: bytes=1-2 | 206 | | whole 1 2
a part by another date: the whole | GET $film | If-Range: Sat, 01 Jan 2000 00:00:00 GMT; Range: bytes=1-2 | 200 | | whole 0 $size
behind the end of another: the whole | GET $film | If-Range: "a"; Range: bytes=$size- | 200 | | whole 0 $size

words as they are | GET /m/x/words.vtt | | 200 | Content-Length: 5000; ETag: $words; Vary: Accept-Encoding; -Content-Encoding | words 0 5000
words, compressed | GET /m/x/words.vtt | Accept-Encoding: gzip | 200 | Content-Encoding: gzip; ETag: W/$words; Vary: Accept-Encoding; -Accept-Ranges; -Content-Length |
a part of words is never compressed | GET /m/x/words.vtt | Accept-Encoding: gzip; Range: bytes=0-1999 | 206 | Content-Range: bytes 0-1999/5000; ETag: $words; Vary: Accept-Encoding; -Content-Encoding | words 0 2000
a part of the compressed: the whole | GET /m/x/words.vtt | Accept-Encoding: gzip; Range: bytes=0-9; If-Range: W/$words | 200 | Content-Encoding: gzip; -Content-Range |
compressed, and the same | GET /m/x/words.vtt | Accept-Encoding: gzip; If-None-Match: W/$words | 304 | ETag: W/$words; Vary: Accept-Encoding; -Content-Encoding | none
a playlist, compressed | GET /m/x/master.m3u8 | Accept-Encoding: gzip, deflate | 200 | Content-Encoding: gzip; ETag: W/$list; Cache-Control: public, max-age=10; Content-Type: application/vnd.apple.mpegurl |
a playlist that has not changed | GET /m/x/master.m3u8 | Accept-Encoding: gzip; If-None-Match: W/$list | 304 | ETag: W/$list; Cache-Control: public, max-age=10; Vary: Accept-Encoding | none
a film is not compressed | GET $film | Accept-Encoding: gzip | 200 | -Content-Encoding; -Vary; ETag: $tag | whole 0 $size

a player elsewhere | GET $film | Origin: https://elsewhere.example; Range: bytes=0-1 | 206 | Access-Control-Allow-Origin: *; Access-Control-Expose-Headers: Accept-Ranges, Content-Range, Date, ETag, Retry-After; -Access-Control-Allow-Credentials | whole 0 2
may it | OPTIONS $film | Origin: https://elsewhere.example; Access-Control-Request-Method: GET; Access-Control-Request-Headers: range | 204 | Access-Control-Allow-Origin: *; Access-Control-Allow-Methods: GET, HEAD, OPTIONS; Access-Control-Allow-Headers: Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, Cache-Control; Access-Control-Max-Age: 86400; -Content-Length | none
what may be done | OPTIONS /p/half.mp4 | | 204 | Allow: GET, HEAD, OPTIONS | none
not to be had, elsewhere too | GET /m/x/none | Origin: https://elsewhere.example | 404 | Access-Control-Allow-Origin: * |
nothing to change | PUT $film | | 405 | Allow: GET, HEAD, OPTIONS; Access-Control-Allow-Origin: * |
nothing to remove | DELETE $film | | 405 | Allow: GET, HEAD, OPTIONS |
nothing to post | POST $film | | 405 | Allow: GET, HEAD, OPTIONS |

half there: what is | GET /p/half.mp4 | Range: bytes=1000-131071 | 206 | Content-Range: bytes 1000-131071/$size | half 1000 130072
half there: its head | HEAD /p/half.mp4 | | 200 | Content-Length: $size; Accept-Ranges: bytes | none
half there: what is not | GET /p/half.mp4 | Range: bytes=-10 | 503 | Retry-After: 5; -Content-Range; -ETag; -Cache-Control; -Last-Modified; Access-Control-Allow-Origin: * |
half there: behind its end | GET /p/half.mp4 | Range: bytes=$size- | 416 | Content-Range: bytes */$size |
half there: unchanged | GET /p/half.mp4 | If-None-Match: * | 304 | | none
END

curl -s -H 'Accept-Encoding: gzip' "$url/m/x/words.vtt" | gunzip | cmp -s - "$top/words"
ok $? "the compressed words are the words"
[ "$(curl -s -H 'Accept-Encoding: gzip' "$url/m/x/master.m3u8" | wc -c)" -lt 200 ]
ok $? "and a playlist shrinks"
get /m/x/film.mp4 -I >/dev/null
heads_of_head=$(grep -viE '^date:' "$top/head" | sort)
get /m/x/film.mp4 >/dev/null
is "$(grep -viE '^date:' "$top/head" | sort)" "$heads_of_head" "HEAD says what GET says"

# What is ahead of the fill is sent when its own chunk has come, whatever is missing before it.
get /p/half.mp4 -r "$((3 * 65536 + 7))-$((3 * 65536 + 106))" >"$top/code" &
waiting=$!
until_so 20 state_has 'open 1'
must chunk half 3
wait $waiting
is "$(cat "$top/code") $(header Content-Range)" "206 bytes 196615-196714/$size" "a part ahead of the fill"
cmp -s <(piece "$top/half" 196615 100) "$top/body"
ok $? "its bytes"
# The clock was a week ahead when it was written, and is right now.
stop_feeder
WASL_CLOCK_OFFSET_S=604800 start_feeder
must text /m/x/ahead.m3u8 '#EXTM3U'
must publish
there() { [ "$(get /m/x/ahead.m3u8)" = 200 ]; }
until_so 20 there
is "$(header Last-Modified)" "" "no reply was made in times to come"
is "$(get /m/x/ahead.m3u8 -H "If-Modified-Since: $date")" 200 "and a date decides nothing then"
is "$(get /m/x/ahead.m3u8 -H "If-None-Match: $(header ETag)")" 304 "a tag does"
! grep -E 'alert|emerg|crit|\[error\]' "$run/nginx-error.log"
ok $? "nginx had nothing to complain about"
finish
