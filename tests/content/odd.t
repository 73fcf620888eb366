#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Strange files from other projects' test suites: each gets the right verdict, none brings the program down.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"

look() { # look FILE: "verdict reason widthxheight"
	local status
	"$transcoder" probe --in "$1" >"$top/out" 2>"$top/err"
	status=$?
	[ $status = 0 ] || echo "status $status"
	jq -r '[.verdict, .reason // "", (if .width then "\(.width)x\(.height)" else "" end)] | join(" ") | gsub(" +"; " ") | rtrimstr(" ")' "$top/out"
}

: >"$top/empty"
is "$(look "$top/empty")" "refuse probe.empty" "an empty file"
printf 'not a film at all\n%.0s' {1..400} >"$top/text.mp4"
is "$(look "$top/text.mp4")" "refuse probe.container" "words"
head -c 300000 "$transcoder" >"$top/program.mp4"
is "$(look "$top/program.mp4")" "refuse probe.container" "a program"
printf '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n' >"$top/list.mp4"
is "$(look "$top/list.mp4")" "refuse probe.container" "a playlist that names another file"
printf 'ffconcat version 1.0\nfile /etc/passwd\n' >"$top/concat.mp4"
is "$(look "$top/concat.mp4")" "refuse probe.container" "a list for concatenation"
mkfifo "$top/pipe"
"$transcoder" probe --in "$top/pipe" >/dev/null 2>"$top/err"
is "$?:$(grep -c 'not a plain file' "$top/err")" 1:1 "a pipe is not waited for"

# Recordings of phones: sound alone is a lesson, whatever it is wrapped in, with a picture of its cover or without.
ffmpeg -v error -nostdin -y -f lavfi -i sine=d=5:r=44100 -f lavfi -i testsrc2=s=64x64:d=1:r=1 -map 0 -map 1 -c:a aac -frames:v 1 -c:v mjpeg -disposition:v attached_pic "$top/voice.m4a"
for kind in mp3 wav ogg aac flac; do
	ffmpeg -v error -nostdin -y -i "$top/voice.m4a" -map 0:a "$top/voice.$kind"
done
for kind in m4a mp3 wav ogg aac flac; do
	is "$(look "$top/voice.$kind")" "accept 0x0" "sound alone in $kind"
done

# Films of old Windows and of cameras with tapes (all makes: tests/content/makes.t).
ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=176x144:d=2 -f lavfi -i sine=r=48000:d=2 -t 2 -c:v wmv2 -c:a wmav2 "$top/maker.wmv" \
	-t 2 -an "$top/shown.gif" -t 2 -s 720x576 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le -ac 2 "$top/camera.dv"
for kind in maker.wmv shown.gif; do
	is "$(look "$top/$kind")" "accept 176x144" "$kind"
done
is "$(look "$top/camera.dv")" "accept 768x576" "camera.dv"

# Films that broke off, and films with a hole: what is left is a lesson, and what is lost is told.
ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=192x128:d=12 -f lavfi -i sine=d=12 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac "$top/whole.mkv"
half() { # half FILE SHARE: that part of it
	head -c $(($(stat -c %s "$1") * $2 / 100)) "$1" >"$1.cut" && mv "$1.cut" "$1"
}
for to in mkv flv ts; do
	ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -c copy "$top/film.$to"
	half "$top/film.$to" 50
done
is "$(look "$top/film.mkv")" "salvage probe.truncated 192x128" "half a Matroska file"
is "$(look "$top/film.flv")" "salvage probe.truncated 192x128" "half a Flash file"
is "$(look "$top/film.ts")" "accept 192x128" "half an MPEG stream: nothing in it promises more"
ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -c copy -movflags frag_keyframe+empty_moov "$top/pieces.mp4"
at=$(LC_ALL=C grep -obUa moof "$top/pieces.mp4" | sed -n 4p | cut -d: -f1)
head -c $((at + 100)) "$top/pieces.mp4" >"$top/cut.mp4"
is "$(look "$top/cut.mp4")" "salvage probe.cut 192x128" "a recording in pieces that broke off within an index"
is "$("$transcoder" probe --quick --in "$top/cut.mp4" | jq '.duration_ms >= 5900 and .duration_ms <= 6100')" true "has the pieces before"
ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -c copy -movflags faststart "$top/hole.mp4"
size=$(stat -c %s "$top/hole.mp4")
head -c $((size / 5)) /dev/zero | tr '\0' '\252' | dd of="$top/hole.mp4" bs=65536 oflag=seek_bytes seek=$((size / 2)) conv=notrunc status=none
is "$(look "$top/hole.mp4")" "salvage probe.patchy 192x128" "a hole in the middle"
# Blocks that a disk lost: players step over them, and no packet tells. Nor does the index of an AVI that is made anew, or a piece that lacks its end.
for to in mkv flv ts; do
	ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -c copy "$top/lost.$to"
	size=$(stat -c %s "$top/lost.$to")
	is "$(look "$top/lost.$to")" "accept 192x128" "lost.$to, while it is whole"
	head -c $((size / 5)) /dev/zero | dd of="$top/lost.$to" bs=65536 oflag=seek_bytes seek=$((size * 2 / 5)) conv=notrunc status=none
	is "$(look "$top/lost.$to")" "salvage probe.patchy 192x128" "lost.$to, with zeros in the middle"
done
ffmpeg -v error -nostdin -y -f lavfi -i "color=s=192x128:r=25:d=1[a];color=c=blue:s=192x128:r=25:d=1,setpts=PTS+19/TB[b];[a][b]concat" -vsync vfr -c:v libx264 -preset ultrafast "$top/rest.mkv"
is "$(look "$top/rest.mkv")" "accept 192x128" "a picture that stands still is no loss"
ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -c:v mpeg4 -c:a libmp3lame "$top/film.avi"
half "$top/film.avi" 60
is "$(look "$top/film.avi")" "salvage probe.truncated 192x128" "a part of an AVI"
head -c $((at - 100)) "$top/pieces.mp4" >"$top/less.mp4"
is "$(look "$top/less.mp4")" "salvage probe.cut 192x128" "a recording in pieces that broke off within a piece"
# A sound that nobody knows, beside a good picture.
perl -0777 -pe 's/(.*)stsd/$1xtsd/s' "$top/cut.mp4" >"$top/mute.mp4"
is "$("$transcoder" probe --in "$top/mute.mp4" --lang ar | jq -r '.verdict, .lost[].what, .lost[0].text' | xargs -d '\n')" \
	"salvage sound الصوت بصيغة unknown غير مفهوم: سيكون الدرس بلا صوت." "a sound without a description"
# Streams that were joined: the clock begins anew, and picture and sound stay together.
ffmpeg -v error -nostdin -y -t 6 -i "$top/whole.mkv" -c copy "$top/film.ts"
cat "$top/film.ts" "$top/film.ts" >"$top/joined.ts"
is "$("$transcoder" probe --in "$top/joined.ts" | jq -c '[.verdict, .clock_jumps]')" '["accept",1]' "two streams end to end"
once=$("$transcoder" probe --quick --in "$top/film.ts" | jq .duration_ms) twice=$("$transcoder" probe --quick --in "$top/joined.ts" | jq .duration_ms)
[ $((twice - 2 * once)) -ge -100 ] && [ $((twice - 2 * once)) -le 100 ]
ok $? "are as long as both ($once ms once, $twice ms together)"

# Microphones wake up after cameras; and a film may begin late on its own clock. Nothing of them is lost, and places are found by the index.
ffmpeg -v error -nostdin -y -itsoffset 0.4 -i "$top/whole.mkv" -i "$top/whole.mkv" -map 1:v -map 0:a -c copy "$top/late.mp4"
ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -c copy -output_ts_offset 3 "$top/after.mp4"
is "$(look "$top/late.mp4")" "accept 192x128" "a sound that begins later"
is "$(look "$top/after.mp4")" "accept 192x128" "a film that begins at three seconds"
for film in late after; do
	"$transcoder" mezzanine --straight --in "$top/$film.mp4" --out "$top/$film.out.mp4" --plan "$top/$film.pb" --json "$top/$film.json" 2>"$top/err"
	is "$(jq -c '[.straight, .unfit]' "$top/$film.json")" '[true,null]' "its pictures stay as they are ($film)"
done
begins() { ffprobe -v error -select_streams "$2" -show_entries packet=pts_time -of csv=p=0 -read_intervals '%+#1' "$1" | head -n 1 | tr -d ,; }
is "$(begins "$top/late.out.mp4" a)" "$(begins "$top/late.mp4" a)" "and its sound where it was"

# A balanced microphone in a stereo socket: one channel is the other upside down, and their average is silence.
ffmpeg -v error -nostdin -y -i "$top/whole.mkv" -t 3 -c:v copy -af 'pan=stereo|FL=c0|FR=-1*c0' -c:a aac "$top/cable.mp4"
"$transcoder" mezzanine --in "$top/cable.mp4" --out "$top/cable.mezz.mp4" --plan "$top/cable.pb" --preset 10 >"$top/out" 2>"$top/err"
is "$?:$(ffmpeg -hide_banner -nostdin -i "$top/cable.mezz.mp4" -vn -af volumedetect -f null - 2>&1 | awk '/max_volume/ { print ($5 > -20 ? "heard" : $5) }')" 0:heard "channels that undo each other are heard"

# Pictures too small for the mezzanine's encoder are enlarged for it; of a thread, a little more would be a wall.
ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=32x18:d=1 -f lavfi -i testsrc2=s=2000x16:d=1 -map 0 -c:v mpeg4 "$top/tiny.mp4" -map 1 -c:v mpeg4 "$top/thread.mp4"
is "$(look "$top/tiny.mp4")" "accept 114x64" "a picture of 32x18"
"$transcoder" mezzanine --in "$top/tiny.mp4" --out "$top/tiny.mezz.mp4" --plan "$top/tiny.pb" --preset 10 >"$top/out" 2>&1
is "$?:$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$top/tiny.mezz.mp4")" 0:114,64 "becomes a mezzanine"
is "$(look "$top/thread.mp4")" "refuse probe.small" "a picture of 2000x16"

# What kind of pictures, and where.
if [ -d "$WASL_MEDIA/lecture" ]; then
	while read -r file want; do
		is "$("$transcoder" probe --in "$WASL_MEDIA/lecture/$file" | jq -r '.verdict + " " + ([.classes[].class] | unique | join("+"))')" "$want" "$file"
	done <<-'END'
		gnome-dual-monitors.webm accept screen+static
		gnome-task-switching.webm accept screen+static
		opencast-scene-change.mov accept screen+static
		talks-P0.avi accept screen
		talks-ex1D.avi accept screen
		talks-seismic.mp4 accept screen+static
		waves-720p.mp4 accept screen+static
	END
	for file in ax-h265_with_metadata_track.mp4 ax-sample.flv ax-hdr10-av1.mp4; do
		is "$("$transcoder" probe --in "$WASL_MEDIA/odd/$file" | jq -r '[.classes[].class] | unique | join("+")')" camera "$file"
	done
else
	skip "kinds of pictures" "no $WASL_MEDIA/lecture here"
fi

if [ -d "$WASL_MEDIA/odd" ]; then
	while IFS='|' read -r file want; do
		[ -n "$file" ] || continue
		is "$(look "$WASL_MEDIA/odd/$file")" "$want" "$file"
	done <<-'END'
		ax-bbb_642x642_768kbps_30fps_vp9.webm|accept 642x642
		ax-h265_with_metadata_track.mp4|accept 720x1280
		ax-hdr10-av1.mp4|accept 720x1280
		ax-long_1080p_videoonly_lowbitrate.mp4|accept 1280x720
		ax-sample-unflagged-audio-keyframes.avi|accept 960x400
		ax-sample.avi|accept 960x400
		ax-sample.flv|accept 1080x720
		ax-sample_ac4_level4.mp4|refuse probe.no-picture
		ax-sample_fpcm_64le.mp4|refuse probe.no-picture
		ax-sample_fragmented_variable_length_sgpd.mp4|refuse probe.encrypted
		ax-sample_fragmented_widevine.mp4|refuse probe.encrypted
		ax-sample_h262_mpeg_audio.ts|accept 640x426
		ax-sample_h263.ts|accept 640x360
		ax-sample_h264_mpeg_audio.ts|accept 640x426
		ax-sample_latm.ts|accept 0x0
		ax-sample_mdat_too_long.mp4|accept 1080x720
		ax-sample_partially_fragmented.mp4|accept 1080x720
		ax-sample_portrait.mp4|accept 720x1080
		ax-sample_rotate_and_reflect.mp4|accept 720x1080
		ax-sample_scte35.ts|accept 640x426
		ax-sample_shorter_audio.mp4|accept 320x240
		ax-sample_with_ass_subtitles.mkv|accept 1080x720
		ax-sample_with_chapters.mp4|accept 1080x720
		ax-sample_with_htc_rotation_track_name.mkv|accept 1080x720
		ax-sample_with_multiple_key_frames.mkv|accept 1080x720
		ax-sample_with_overlapping_srt.mkv|accept 1080x720
		ax-sample_with_pgs_subtitles.mkv|accept 1080x720
		ax-sample_with_vtt_subtitles.mkv|accept 1080x720
		ax-sample_without_stss.mp4|accept 1080x720
		ax-sowt_pcm_variable_sample_size.mp4|accept 0x0
		ax-trim_optimization_failure.mp4|accept 518x488
		derived-422-10bit.mp4|accept 1280x720
		derived-truncated-faststart.mp4|salvage probe.truncated 1280x720
		derived-truncated-moov-last.mp4|refuse probe.incomplete
		forensics-movie-hello.mpeg|accept 640x480
		mp4p-bipbop_nonfragment_header.mp4|refuse probe.damaged
		mp4p-h264_white_frame_sar_16_9.mp4|accept 1138x480
		mp4p-minimal.mp4|accept 320x240
		mp4p-sine-3s-xhe-aac-44khz-mono.mp4|refuse probe.damaged
		opencast-av1.mp4|accept 854x480
		opencast-nostreams.mp4|refuse probe.nothing
		opencast-silent.mp4|accept 0x0
		opencast-vonly.mov|accept 640x480
		talks-scat.flv|accept 800x600
	END
	for file in ax-sample_rotate_and_reflect.mp4 ax-hdr10-av1.mp4 derived-422-10bit.mp4 derived-truncated-faststart.mp4 forensics-movie-hello.mpeg \
		ax-sample-unflagged-audio-keyframes.avi mp4p-minimal.mp4 opencast-vonly.mov; do
		mezzanine "$WASL_MEDIA/odd/$file" odd
		ok $? "$file is published"
		rungs=240p
		[ "$(plan odd .plan.sample_rate)" = 0 ] || rungs=240p,audio
		cook odd odd $rungs now together
		ok $? "and cooked"
		n=$(plan odd '.plan.segments | length')
		joined odd 240p "$n" >"$top/joined.mp4"
		is "$(ffmpeg -v error -nostdin -i "$top/joined.mp4" -f null - 2>&1)" "" "and plays"
		rm -rf "$top/odd"
	done
else
	skip "files of other projects" "no $WASL_MEDIA/odd here"
fi
finish
