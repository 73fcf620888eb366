#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `wasl kitchen` leaves is played by players that are not ours, in Chromium: hls.js, and in the long form (WASL_LONG=1) Shaka Player
# and dash.js by both of its doors. ffmpeg reads both, too.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"

if ! command -v chromium >/dev/null || ! command -v node >/dev/null; then
	skip_all "no chromium or no node here"
fi
long=${WASL_LONG:-}
folder=$top/lessons
mkdir -p "$folder"
kitchen() { # kitchen FILE NAME OPTIONS…
	"$B/bin/wasl-kitchen" "$1" --out "$folder/$2" --json --memory "$(memory)" "${@:3}" >"$top/$2.json" 2>"$top/err"
	local status=$?
	[ $status = 0 ] || sed 's/^/# /' "$top/err"
	return $status
}
printf '1\n00:00:01,000 --> 00:00:03,000\n<i>الكُسُورُ</i>\n' >"$top/clip.srt"
ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=640x360:r=15:d=13" -f lavfi -i "sine=f=500:d=13" -i "$top/clip.srt" -map 0 -map 1 -map 2 \
	-c:v libx264 -preset ultrafast -c:a aac -c:s mov_text -metadata:s:s:0 language=ara "$top/clip.mp4" &&
	kitchen "$top/clip.mp4" clip --rungs 144p,240p,360p,audio
ok $? "a lesson is cooked"
jobs='[{"name":"hls.js","kind":"hls","url":"clip/master.m3u8","script":"'$B/gen/web/hls.min.js'"}]'
lessons=clip
if [ -n "$long" ]; then
	npm=${PLAYERS_NPM:?}/node_modules
	ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=640x360:r=30000/1001:d=13" -c:v libx264 -preset ultrafast "$top/silent.mp4" && kitchen "$top/silent.mp4" silent
	ok $? "a lesson without sound is cooked"
	lessons="clip silent"
	if [ -f "$WASL_MEDIA/lecture/waves-720p.mp4" ]; then
		ffmpeg -v error -nostdin -y -ss 20 -t 25 -i "$WASL_MEDIA/lecture/waves-720p.mp4" -c copy "$top/waves.mp4" && kitchen "$top/waves.mp4" waves
		ok $? "a real lesson is cooked"
		lessons="$lessons waves"
	fi
	jobs=$(for l in $lessons; do
		printf '{"name":"hls.js %s","kind":"hls","url":"%s/master.m3u8","script":"%s"}\n' "$l" "$l" "$B/gen/web/hls.min.js"
		printf '{"name":"shaka hls %s","kind":"shaka","url":"%s/master.m3u8","script":"%s"}\n' "$l" "$l" "$npm/shaka-player/dist/shaka-player.compiled.js"
		printf '{"name":"shaka dash %s","kind":"shaka","url":"%s/manifest.mpd","script":"%s"}\n' "$l" "$l" "$npm/shaka-player/dist/shaka-player.compiled.js"
		printf '{"name":"dash.js %s","kind":"dash","url":"%s/manifest.mpd","script":"%s"}\n' "$l" "$l" "$npm/dashjs/dist/modern/umd/dash.all.min.js"
	done | jq -s .)
fi
printf '%s' "$jobs" >"$top/jobs.json"
node "$(dirname "$0")/players.mjs" "$folder" "$top/jobs.json" >"$top/seen"
ok $? "a browser has played"
saw() { # saw JOB FILTER WHAT
	local got
	got=$(jq -c --arg j "$1" ".[\$j] | $2" "$top/seen" 2>&1)
	is "$got" true "$1: $3"
	[ "$got" = true ] || jq -c --arg j "$1" '.[$j]' "$top/seen" | sed 's/^/# /' >&2
}
while IFS=$'\t' read -r job lesson; do
	want=$(jq '.planned_ms / 1000' "$top/$lesson.json")
	pictures=$(jq -c '[.rungs[] | select(.width > 0) | .height] | sort' "$top/$lesson.json")
	saw "$job" ".error == null and ([.errors[] | select(startswith(\"fatal\"))] == [])" "plays, seeks and plays on"
	saw "$job" "(.duration - $want) | . < 0.06 and . > -0.06" "lasts as long as planned"
	saw "$job" "[.lines[] | select(. > 0)] | sort == $pictures" "offers every picture"
	saw "$job" ".frames > 0 and .corrupted == 0" "shows the best of them across a seam"
	[ "$lesson" = silent ] || saw "$job" ".sound" "with sound after a seek"
	[ "$lesson" != clip ] || saw "$job" '.texts == ["ar"]' "and knows the captions that were inside the film"
	[[ $job != hls.js* ]] || saw "$job" ".keys == ($pictures | length)" "knows key frames of each"
done < <(jq -r '.[] | [.name, (.url | split("/")[0])] | @tsv' "$top/jobs.json")

is "$(cat "$folder/clip/captions-ar.vtt")" "$(printf 'WEBVTT\n\n00:00:01.000 --> 00:00:03.000\n<i>الكُسُورُ</i>')" "captions inside a film come out as WebVTT, with their vowels"
if [ -n "$long" ] && [ -f "$WASL_MEDIA/odd/ax-sample_with_ass_subtitles.mkv" ]; then
	kitchen "$WASL_MEDIA/odd/ax-sample_with_ass_subtitles.mkv" ass && like "$folder/ass/captions-und.vtt" '^This is the first subtitle\.$' "ASS in Matroska"
	kitchen "$WASL_MEDIA/odd/ax-sample_with_overlapping_srt.mkv" srt && is "$(grep -c -- '-->' "$folder/srt/captions-und.vtt")" 3 "SubRip in Matroska, overlapping"
	kitchen "$WASL_MEDIA/odd/ax-sample_with_pgs_subtitles.mkv" pgs && is "$(find "$folder/pgs" -name '*.vtt' -printf '%f')" sprite.vtt "pictures of text are no captions"
fi

# A preview: a tile for each segment, a sheet that holds them, a poster.
is "$(grep -c -- '-->' "$folder/clip/sprite.vtt")" "$(jq .segments "$top/clip.json")" "a tile for each segment"
like "$folder/clip/sprite.vtt" '^g-[0-9a-f]+/sprite-1\.jpg#xywh=160,0,160,90$' "beside each other"
is "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$folder"/clip/g-*/sprite-1.jpg)" 1600,90 "on a sheet as long as it has rows"
is "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$folder/clip/poster.jpg")" 640,360 "and a poster"
alike=$(ffmpeg -nostdin -hide_banner -i "$folder"/clip/g-*/sprite-1.jpg -ss 4 -i "$top/clip.mp4" -filter_complex \
	"[0:v]crop=160:90:160:0,format=yuv420p,setpts=0[a];[1:v]trim=end_frame=1,setpts=0,scale=160:90:out_range=pc,format=yuv420p[b];[a][b]ssim" -f null - 2>&1 |
	sed -n 's/.*SSIM Y:\([0-9.]*\).*/\1/p' | awk '{ print ($1 > 0.85) }')
is "$alike" 1 "the second tile is what is seen at 4 s"
if [ -n "$long" ]; then
	ffmpeg -v error -nostdin -y -f lavfi -i "color=white:s=640x360:r=10:d=25,drawbox=x=50:y=50:w=200:h=60:c=black:t=fill" \
		-f lavfi -i "color=0xddeeff:s=640x360:r=10:d=30,drawbox=x=300:y=100:w=300:h=150:c=navy:t=fill" \
		-f lavfi -i "color=0xffeecc:s=640x360:r=10:d=35,drawbox=x=350:y=25:w=250:h=250:c=darkgreen:t=fill" \
		-filter_complex "[0][1][2]concat=n=3:v=1" -c:v libx264 -preset ultrafast -g 50 "$top/slides.mp4" && kitchen "$top/slides.mp4" slides --rungs 240p
	is "$(grep -c -- '-->' "$folder/slides/chapters.vtt")" 3 "slides: a chapter for each"
	[ ! -e "$folder/waves/chapters.vtt" ]
	ok $? "what moves all the time has none"
fi

# Our own linter has nothing to say of what was made, and does see what is wrong.
for lesson in $lessons; do
	is "$("$B/tests/hlslint" "file://$folder/$lesson/master.m3u8" | sed 's/^[0-9]* segments, //')" "0 findings" "$lesson: keeps the rules of RFC 8216 and CMAF"
done
gen=$(basename "$(dirname "$(dirname "$(find "$folder/clip" -path '*/240p/index.m3u8')")")")
spoilt() { # spoilt WHAT FILE SED-SCRIPT SENTENCE
	rm -rf "$top/spoilt"
	cp -a "$folder/clip" "$top/spoilt"
	sed -i "$3" "$top/spoilt/$2"
	"$B/tests/hlslint" "file://$top/spoilt/master.m3u8" >"$top/said"
	is "$?:$(grep -c -- "$4" "$top/said" | sed 's/^[1-9][0-9]*$/said/')" "1:said" "the linter sees $1"
}
m=master.m3u8 i=$gen/240p/index.m3u8 k=$gen/240p/iframes.m3u8
spoilt "a missing first line" $m '1d' 'does not begin with #EXTM3U'
spoilt "a rate that is promised too low" $m 's/BANDWIDTH=[0-9]*,AVERAGE-BANDWIDTH=[0-9]*/BANDWIDTH=1000/' 'is below the peak'
spoilt "an average that is not" $m 's/AVERAGE-BANDWIDTH=[0-9]*/AVERAGE-BANDWIDTH=999/' 'AVERAGE-BANDWIDTH says 999'
spoilt "another codec" $m 's/avc1\.4d/avc1.64/' 'CODECS says'
spoilt "another size" $m 's/426x240/424x240/' 'RESOLUTION says'
spoilt "a group that is not there" $m '/STREAM-INF/s/AUDIO="sound"/AUDIO="other"/' "no AUDIO group 'other'"
spoilt "an open quote" $m 's/NAME="sound"/NAME="sound/' 'after an attribute'
spoilt "an attribute twice" $m 's/^\(#EXT-X-STREAM-INF:\)/\1BANDWIDTH=1,/' 'BANDWIDTH is there twice'
spoilt "a segment longer than the target" "$i" 's/TARGETDURATION:.*/TARGETDURATION:2/' 'is above the target'
spoilt "a wrong duration" "$i" 's/EXTINF:4.000000/EXTINF:4.100000/' 'EXTINF says 4.1'
spoilt "a segment left out" "$i" '/^#EXTINF/{N;/\n2.m4s/d}' 'was the end'
spoilt "a segment that is not there" "$i" 's/^2.m4s/22.m4s/' '22.m4s. cannot be had'
spoilt "an address without a duration" "$i" '0,/#EXTINF/{/#EXTINF/d}' 'without EXTINF'
spoilt "a version too low for a map" "$i" 's/VERSION:7/VERSION:4/' 'needs a higher EXT-X-VERSION'
spoilt "more after the end" "$i" 's/^#EXT-X-PLAYLIST-TYPE.*/&\n#EXT-X-ENDLIST/' 'after the end'
spoilt "a list of key frames to be played" "$i" 's/^#EXT-X-PLAYLIST-TYPE.*/&\n#EXT-X-I-FRAMES-ONLY/' 'in a list to be played'
spoilt "a range that is no key frame's" "$k" 's/BYTERANGE:[0-9]*@0/BYTERANGE:99@0/' 'is no CMAF segment'
spoilt "a key frame without a range" "$k" '/BYTERANGE/d' 'without its byte range'

# An independent reader: every picture and the sound, from both lists, whole and without a word.
for lesson in $lessons; do
	want=$(jq '.planned_ms' "$top/$lesson.json")
	for list in master.m3u8 manifest.mpd; do
		[ -n "$long" ] || [ $list = master.m3u8 ] || continue
		for kind in v a; do
			[ "$lesson $kind" != "silent a" ] || continue
			out=$(ffmpeg -v error -nostdin -allowed_extensions ALL -i "$folder/$lesson/$list" -map "0:$kind:0" -f null - 2>&1)
			is "$out" "" "ffmpeg $lesson/$list: its $([ $kind = v ] && echo pictures || echo sound) decode without a word"
		done
		[ $list = master.m3u8 ] || continue # of a manifest ffmpeg reads whole seconds only
		got=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$folder/$lesson/$list" | awk -v w="$want" '{ d = $1 * 1000 - w; if (d < 0) d = -d; print d < 60 }')
		is "$got" 1 "ffmpeg $lesson/$list: as long as planned"
	done
done
# A list of key frames is a film of its own: as many pictures as segments.
for list in "$folder"/clip/*/*/iframes.m3u8; do
	rung=$(basename "$(dirname "$list")")
	frames=$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$list" | head -n 1)
	is "${frames%%,*}" "$(jq .segments "$top/clip.json")" "key frames alone: ffmpeg decodes one of each segment of $rung"
done
finish
