#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Films of every make that teachers keep: old cameras, phones, computers and their programs. A film that flashes and beeps at the same moments is
# written by ffmpeg in each of their ways; what the kitchen makes of it is as long, decodes, has its pictures upright and of the right
# shape, and flashes when it beeps. (The long form alone; tests/content/odd.t has the short one.)
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"
[ -n "${WASL_LONG:-}" ] || skip_all "WASL_LONG=1 tries it"

# Six seconds; a flash and a beep of 0.2 s at 1, 3 and 5 s.
on="lt(mod(t+1,2),0.2)"
ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=320x240:r=25:d=6,format=yuv420p,drawbox=c=black:t=fill:enable='not($on)',drawbox=c=white:t=fill:enable='$on'" \
	-f lavfi -i "aevalsrc='0.5*sin(880*PI*t)*$on':s=44100:d=6" -c:v ffv1 -c:a pcm_s16le "$top/flash.mkv" || { echo "Bail out! ffmpeg cannot make a film"; exit 1; }
at() { # at WORD FILTER…: moments, in thousandths
	ffmpeg -hide_banner -nostdin -i "$top/made/master.m3u8" "${@:2}" -f null - 2>&1 | sed -nE "s/.*$1: ?([0-9.]+).*/\1/p" | awk '{ print int($1 * 1000 + 0.5) }' | xargs
}
apart() { # of flashes and beeps: how far at most; or what there is
	local flashes beeps
	flashes=$(at black_end -an -vf blackdetect=d=0.2:pix_th=0.5) beeps=$(at silence_end -vn -af silencedetect=n=-30dB:d=0.2)
	awk -v f="$flashes" -v b="$beeps" 'BEGIN { n = split(f, x, " "); m = split(b, y, " ")
		for (i = 1; i <= 3; i++) { d = x[i] - y[i]; d = d < 0 ? -d : d; most = d > most ? d : most }
		if (n < 3 || m < 3 || most > 40) print "flashes " f ", beeps " b }'
}
made() { # made FILE MS: its verdict and shape; then what is wrong with what was made of it
	rm -rf "$top/made"
	"$B/bin/wasl-kitchen" "$1" --out "$top/made" --json --rungs 240p,audio >"$top/made.json" 2>"$top/err"
	jq -r '[.verdict, .reason // "", (.rungs | map(if .width > 0 then "\(.width)x\(.height)" else .name end) | sort | join("+"))] | map(select(. != "")) | join(" ")' "$top/made.json"
	jq -r --argjson want "$2" 'select(.produced_ms != .planned_ms or (.planned_ms - $want | fabs) > 120) | "\(.produced_ms) of \(.planned_ms) ms"' "$top/made.json"
	ffmpeg -v error -nostdin -i "$top/made/master.m3u8" -f null - 2>&1
}
try() { # try FILE WHAT WANT [MS]
	is "$(made "$top/$1" "${4:-6000}" | xargs)" "$3" "$2"
	case $3 in
	accept*x*+audio) is "$(apart)" "" "$2: picture and sound together" ;;
	esac
	rm -f "$top/$1"
}
while IFS='|' read -r file want what; do
	# shellcheck disable=SC2086 # options
	ffmpeg -v error -nostdin -y -i "$top/flash.mkv" $what "$top/$file" 2>"$top/err" || { ok 1 "$file ($what) is made"; cat "$top/err"; continue; }
	try "$file" "$file ($what)" "accept $want"
done <<-'END'
	maker.wmv|320x240+audio|-c:v wmv2 -c:a wmav2
	early.wmv|320x240+audio|-c:v wmv1 -c:a wmav1
	early.asf|320x240+audio|-c:v msmpeg4 -c:a wmav2
	voice.wma|audio|-vn -c:a wmav2
	shown.gif|320x240|-an
	camera.dv|426x240+audio|-s 720x576 -aspect 16:9 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le -ac 2 -af aresample=48000,asetnsamples=n=1920:p=0
	camera.mov|426x240+audio|-s 720x576 -aspect 16:9 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le -ac 2 -ar 48000
	cinepak.avi|320x240+audio|-c:v cinepak -c:a adpcm_ima_wav
	video1.avi|320x240+audio|-pix_fmt rgb555le -c:v msvideo1 -c:a pcm_u8
	huffyuv.avi|320x240+audio|-pix_fmt yuv422p -c:v huffyuv -c:a pcm_s16le
	raw.avi|320x240+audio|-c:v rawvideo -c:a pcm_s16le
	palette.avi|320x240+audio|-pix_fmt pal8 -c:v rawvideo -c:a pcm_s16le
	photo.avi|320x240+audio|-pix_fmt yuvj422p -c:v mjpeg -c:a pcm_u8 -ar 11025 -ac 1
	divx.avi|320x240+audio|-c:v mpeg4 -vtag DX50 -bf 2 -c:a libmp3lame -ar 22050
	screen.mov|320x240+audio|-c:v png -c:a pcm_s16le
	sorenson.mov|320x240+audio|-pix_fmt yuv410p -c:v svq1 -c:a pcm_s16be
	kept.mkv|320x240+audio|-c:v ffv1 -c:a flac
	flash.flv|320x240+audio|-c:v flashsv -c:a libmp3lame
	old.flv|320x240+audio|-c:v flv -c:a nellymoser -ar 22050 -ac 1
	recorder.wav|audio|-vn -c:a adpcm_ima_wav
	voice.aiff|audio|-vn -c:a pcm_s16be
	voice.caf|audio|-vn -c:a alac
	voice.ac3|audio|-vn -c:a ac3
	voice.au|audio|-vn -c:a pcm_mulaw
	phone.3gp|320x240+audio|-s 352x288 -c:v h263 -c:a aac -ar 8000 -ac 1
	disc.vob|320x240+audio|-c:v mpeg2video -flags +ildct+ilme -c:a ac3 -b:a 192k
	disc.mpg|320x240+audio|-c:v mpeg1video -c:a mp2
	camera.mts|320x240+audio|-c:v libx264 -preset ultrafast -flags +ildct+ilme -c:a ac3 -b:a 192k -f mpegts -mpegts_m2ts_mode 1
	wrap.ts|320x240+audio|-c:v mpeg2video -c:a mp2 -muxdelay 0 -output_ts_offset 95440.7
	wide.mp4|466x240+audio|-c:v libx264 -preset ultrafast -vf setsar=16/11 -c:a aac
	cable.mp4|320x240+audio|-c:v libx264 -preset ultrafast -c:a aac -af pan=stereo|FL=c0|FR=-1*c0
	surround.mkv|320x240+audio|-c:v libx264 -preset ultrafast -ac 6 -c:a ac3
	deep.mov|320x240+audio|-pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1 -c:a aac
	full.mp4|320x240+audio|-pix_fmt yuv444p -c:v libx264 -preset ultrafast -c:a aac
	pieces.mp4|320x240+audio|-c:v libx264 -preset ultrafast -g 50 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof
	fast.mp4|320x240+audio|-r 120 -c:v libx264 -preset ultrafast -c:a aac
	odd.mp4|318x240+audio|-vf scale=319:239 -pix_fmt yuv444p -c:v libx264 -preset ultrafast -c:a aac
	one-key.ts|320x240+audio|-c:v libx264 -preset ultrafast -x264-params keyint=infinite:intra-refresh=1 -c:a aac
	theora.ogv|320x240+audio|-c:v libtheora -c:a libvorbis
	late.mkv|320x240+audio|-c:v libx264 -preset ultrafast -c:a libopus -output_ts_offset 7
END
finish
