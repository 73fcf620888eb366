#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Any one file through the whole kitchen by hand: what comes out, what a cut costs, what becomes of bad files.
# WASL_LONG=1: 200 cuts, and the seams of every sample file.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"
kitchen=$B/bin/wasl-kitchen
kills=2
[ "${WASL_LONG:-0}" = 1 ] && kills=200

hand() { # hand FILE NAME OPTIONS…: into $top/NAME, the verdict in $top/NAME.json
	local file=$1 name=$2
	shift 2
	"$kitchen" "$file" --out "$top/$name" --json "$@" >"$top/$name.json" 2>"$top/$name.err"
}
said() { jq -r "$2" "$top/$1.json"; } # said NAME FILTER
folder() { # folder NAME: of its generation
	local all=("$top/$1"/g-*)
	echo "${all[0]}"
}

# A recorder's file: sound at 44.1 kHz, stamps in whole milliseconds, key frames where it likes.
ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=320x180:r=25:d=22" -f lavfi -i "aevalsrc='0.2*sin(2*PI*440*t)+0.2*sin(2*PI*1370*t)':s=44100:d=22" \
	-c:v libx264 -preset ultrafast -g 45 -sc_threshold 0 -c:a libmp3lame "$top/clip.mkv" || { echo "Bail out! ffmpeg cannot make a clip"; exit 1; }
hand "$top/clip.mkv" whole --rungs 144p,audio
is "$?:$(said whole .verdict)" 0:accept "a foreign file is accepted"
segments=$(said whole .segments)
[ "$segments" -ge 4 ]
ok $? "it has $segments segments"
is "$(said whole '.planned_ms == .produced_ms and (.planned_ms - 22000 | fabs) < 100')" true "planned and produced are as long as the file"
is "$(said whole '[.rungs[].name] | join(" ")')" "audio 144p" "the rungs that were asked for"
most=160
[ "${FLAVOUR:-dev}" = asan ] && most=100000 # its shadow counts, too
is "$(said whole ".cpu_s > 0 and .rss_mb > 10 and .rss_mb < $most")" true "what it cost"
dir=$(folder whole)
for rung in 144p audio; do
	is "$(ffmpeg -v error -nostdin -i "$dir/$rung/index.m3u8" -f null - 2>&1)" "" "$rung decodes without a word"
done
is "$(tail -n 1 "$top/whole/plan.txt" | grep -cE '^hash [0-9a-f]{64}$')" 1 "the plan ends with its hash"
grep -qE '^libraries libavcodec-[0-9.]+ .*libx264' "$top/whole/plan.txt"
ok $? "says what decodes and encodes"
is "$(grep -c '^segment ' "$top/whole/plan.txt")" "$segments" "and names every segment"
# Key frames are 45 pictures apart; an edge lies on an even picture at or after one.
is "$(awk '/^timescale/ { tick = $2 / 25 } /^segment/ && $2 > 1 { n = $3 / tick; r = n % 45; if (r > 2 && r < 44) bad++ } END { print bad + 0 }' "$top/whole/plan.txt")" 0 \
	"segments begin at the file's own key frames"

# --- cuts ----------------------------------------------------------------------------------------------
in_place() { # in_place DIR: segments of which every rung is there
	find "$1" -name '*.m4s' -printf '%f\n' 2>/dev/null | sort | uniq -c | awk '$1 == 2' | wc -l
}
begun() { # begun DIR: segments of which any rung is there
	find "$1" -name '*.m4s' -printf '%f\n' 2>/dev/null | sort -u | wc -l
}
RANDOM=11
span=$(said whole '.cpu_s * 600 | floor')
worst=0 remade=0 different=0 stopped=0 whole_ones=0
touch "$top/before"
for ((k = 1; k <= kills; k++)); do
	"$kitchen" "$top/clip.mkv" --out "$top/cut" --rungs 144p,audio --workers 1 --json >/dev/null 2>&1 &
	pid=$!
	# A moment like any other: nothing is waited for.
	perl -e 'select undef, undef, undef, shift' "$(((RANDOM * 32768 + RANDOM) % span))e-3"
	{ kill -KILL $pid && stopped=$((stopped + 1)); wait $pid; } 2>/dev/null
	[ ! -d "$top/cut" ] || until_so 30 flock -n "$top/cut" true # its children are gone; flock makes a file of what is not there
	lost=$(($(begun "$top/cut") - $(in_place "$top/cut")))
	[ $lost -gt $worst ] && worst=$lost
	# A file that was there is the same file still.
	find "$top/cut" -name '*.m4s' -printf '%i %p\n' 2>/dev/null | sort >"$top/after"
	[ -z "$(comm -23 "$top/before" "$top/after")" ] || remade=$((remade + 1))
	mv "$top/after" "$top/before"
	[ -f "$top/cut/verdict.json" ] || [ $k = $kills ] || continue
	hand "$top/clip.mkv" cut --rungs 144p,audio --workers 1
	diff -rq -x verdict.json "$top/whole" "$top/cut" >/dev/null || different=$((different + 1))
	whole_ones=$((whole_ones + 1))
	rm -rf "$top/cut"
	: >"$top/before"
done
echo "# $stopped of $kills runs were cut, at most $worst segment lost"
[ $stopped -gt 0 ]
ok $? "runs are cut in the middle"
[ $worst -le 1 ]
ok $? "a cut costs at most one segment"
is $remade 0 "nothing that was there is made again"
is "$different:$([ $whole_ones -gt 0 ] && echo some)" 0:some "what cut runs leave in the end is, byte for byte, what an uncut one does"
if [ "${WASL_LONG:-0}" = 1 ]; then
	mkdir -p "$B/../bench"
	printf '{"cut_lost_segments":%d,"kills":%d}\n' "$((worst + remade))" "$kills" >"$B/../bench/cut.json"
fi

exec {held}<"$top/whole"
flock "$held"
hand "$top/clip.mkv" whole --rungs 144p,audio
is "$?:$(grep -c 'kitchen.busy' "$top/whole.err")" 1:1 "two kitchens do not work in one folder"
exec {held}<&-

# --- bad files -------------------------------------------------------------------------------------------
: >"$top/empty"
head -c 300000 "$kitchen" >"$top/program.mp4"
mkfifo "$top/pipe"
while read -r file want; do
	hand "$top/$file" bad
	is "$?:$(said bad '[.verdict, .reason] | join(" ")'):$(wc -l <"$top/bad.err")" "1:$want:0" "$file: $want"
done <<-'END'
	empty refuse probe.empty
	program.mp4 refuse probe.container
END
"$kitchen" "$top/pipe" --out "$top/bad" 2>"$top/err"
is "$?:$(wc -l <"$top/err")" 1:1 "a pipe costs one sentence"
"$kitchen" "$top/clip.mkv" 2>/dev/null
is $? 2 "no folder is a misuse"
"$B/bin/wasl" --json kitchen "$top/clip.mkv" --out "$top/ctl" --rungs 144p --segment 1 >"$top/ctl.json"
is "$?:$(said ctl '[.made, .verdict] | join(" ")')" "0:1 accept" "wasl kitchen is the same"
# A recording without pictures.
ffmpeg -v error -nostdin -y -f lavfi -i sine=f=300:d=15:r=44100 -c:a aac "$top/voice.m4a"
hand "$top/voice.m4a" voice
is "$?:$(said voice '[.verdict, .planned_ms, .produced_ms, (.rungs | map(.name) | join("+"))] | join(" ")')" "0:accept 15000 15000 audio" "sound alone is a lesson of sound"
is "$(ffmpeg -v error -nostdin -i "$top/voice/master.m3u8" -f null - 2>&1)$(ffprobe -v error -show_entries stream=codec_name -of csv=p=0 "$top/voice/master.m3u8" | grep . | sort -u)" aac "which plays"
# Noise in the middle of the file: the lesson stays, what is lost is told, every segment is there.
ffmpeg -v error -nostdin -y -i "$top/clip.mkv" -c copy -movflags +faststart "$top/noisy.mp4"
size=$(stat -c %s "$top/noisy.mp4")
perl -e 'srand 7; print map { chr int rand 256 } 1 .. shift' $((size / 4)) | dd of="$top/noisy.mp4" bs=65536 seek=$((size / 2)) oflag=seek_bytes conv=notrunc status=none
hand "$top/noisy.mp4" noisy --rungs 144p,audio
is "$?:$(said noisy '[.verdict, (.lost | length > 0), .produced_ms < .planned_ms] | join(" ")')" "0:salvage true true" "a file with a hole is salvaged, and the hole is told"
is "$(in_place "$top/noisy" | wc -l):$(ffmpeg -v error -nostdin -i "$(folder noisy)/144p/index.m3u8" -f null - 2>&1)" "1:" "and what was made plays"

# --- seams of everything that there is ---------------------------------------------------------------------
seams() { # seams NAME FILE: what goes in at each edge, and what is heard there
	"$B/tests/seams" "$2" >"$top/seams" 2>&1
	ok $? "$1: $(tail -n 1 "$top/seams")" || sed 's/^/# /' "$top/seams"
	"$B/tests/joins" "$2" >"$top/joins" 2>&1
	ok $? "$1: $(tail -n 1 "$top/joins")"
}
seams clip "$top/clip.mkv"
if [ "${WASL_LONG:-0}" = 1 ] && [ -d "$WASL_MEDIA" ]; then
	for file in "$WASL_MEDIA"/lecture/* "$WASL_MEDIA"/odd/*; do
		seams "$(basename "$file")" "$file"
	done
fi
finish
