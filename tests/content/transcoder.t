#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From lesson files to mezzanines to every rung's segments and downloads, read back by ffmpeg.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"

clip() { # clip NAME ARGUMENTS…: made by ffmpeg
	local name=$1
	shift
	ffmpeg -v error -nostdin -y "$@" "$top/$name" || { echo "Bail out! ffmpeg cannot make $name"; exit 1; }
}

# A flash and a beep every two seconds; an uneven rate; sound at another rate, in two channels, a little longer than the picture.
clip flash.mov -f lavfi -i "color=black:s=1280x720:r=30000/1001:d=11.5,drawbox=c=white:t=fill:enable='lt(mod(t,2),0.2)'" \
	-f lavfi -i "aevalsrc='0.3*if(lt(mod(t,2),0.2),sin(2*PI*1000*t),0)':s=44100:d=11.7" -ac 2 -c:v libx264 -preset ultrafast -c:a pcm_s16le
# Upright phone, ten bits, odd size, pixels that are not square, no sound.
clip turned.mov -f lavfi -i "testsrc2=s=640x480:r=50:d=9" -vf format=yuv444p10le,crop=481:321,setsar=4/3 -c:v libx264 -preset ultrafast
turn "$top/turned.mov"
# Old camera: interlaced MPEG-2 in a stream whose clock does not begin at 0.
clip field.ts -f lavfi -i "testsrc2=s=720x576:r=50:d=5" -f lavfi -i "sine=f=300:d=5" -vf setsar=64/45,interlace=lowpass=0 -flags +ildct+ilme \
	-c:v mpeg2video -b:v 3M -c:a mp2

# unbroken_pictures FOLDER RUNG FILE TICKS: by the rung's own clock
unbroken_pictures() {
	local num den scale
	read -r num den < <(sed -n "s/^rung $2 [0-9x]* \([0-9]*\)\/\([0-9]*\) .*/\1 \2/p" "$top/$1.log")
	scale=$(ffprobe -v error -show_entries stream=time_base -of csv=p=0 "$3" | cut -d/ -f2)
	steady "$3" "$4" $((scale * den / num)) "$scale"
}

each_clip() { # each_clip NAME FILE RUNGS SIZE FPS SOUND
	local name=$1 file=$2 rungs=$3 n ticks rung log
	mezzanine "$file" "$name"
	ok $? "$name: becomes a mezzanine" || sed 's/^/# /' "$top/err"
	is "$(plan "$name" '[.plan.width, .plan.height] | join("x")')" "$4" "$name: its size"
	is "$(plan "$name" '[.plan.fps_num, .plan.fps_den] | join("/")')" "$5" "$name: its rate"
	n=$(plan "$name" '.plan.segments | length')
	ticks=$(plan "$name" '.plan.segments | last | .start_ticks + .duration_ticks')
	is "$(ffprobe -v error -select_streams v -show_entries packet=pts,flags -of csv=p=0 "$top/$name.mp4" | grep K | cut -d, -f1 | xargs)" \
		"$(plan "$name" '[.plan.segments[].start_ticks] | join(" ")')" "$name: key frames at the beginning of each segment and nowhere else"
	is "$(ffmpeg -v error -nostdin -i "$top/$name.mp4" -f null - 2>&1)" "" "$name: the mezzanine decodes without a word"
	is "$(head -c 4 "$top/$name.jpg" | od -An -tx1 | cut -c2-9)" "ff d8 ff" "$name: a poster"
	cook "$name" "$name.now" "$rungs" now together
	ok $? "$name: cooked" || sed 's/^/# /' "$top/$name.now.log"
	while read -r _ rung log; do
		joined "$name.now" "$rung" "$n" >"$top/joined.mp4"
		is "$(ffmpeg -v error -nostdin -i "$top/joined.mp4" -f null - 2>&1)" "" "$name $rung: all segments decode without a word"
		if [ "$rung" = audio ]; then
			local frames
			frames=$(((ticks * 48000 + $(plan "$name" .plan.timescale) * 1024 - 1) / ($(plan "$name" .plan.timescale) * 1024)))
			out=$(unbroken "$top/joined.mp4" $((frames * 1024)))
			is "$out" "" "$name $rung: no gap between frames, and exactly $frames of them"
			is "$(ffmpeg -v error -nostdin -i "$top/joined.mp4" -f s16le - | wc -c)" $((frames * 2048)) "$name $rung: the sample count is exact"
		else
			out=$(unbroken_pictures "$name.now" "$rung" "$top/joined.mp4" "$ticks")
			is "$out" "" "$name $rung: pictures follow each other, and exactly the planned length"
			is "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0:s=x "$top/joined.mp4")" "${log%% *}" "$name $rung: its size"
		fi
		[ "$rung" = audio ] || is "$(refreshes "$top/joined.mp4")" "$n" "$name $rung: one refresh a segment, where it begins"
		too_big=
		for ((s = 1; s <= n; s++)); do
			us=$(plan "$name" ".plan | .segments[$((s - 1))].duration_ticks * 1000000 / .timescale | floor")
			bits=$(($(stat -c %s "$top/$name.now/$rung/$s.m4s") * 8))
			cap=$(sed -n "s/^rung $rung .*cap=\([0-9]*\).*/\1/p" "$top/$name.now.log")
			[ "$us" -lt 3900000 ] || [ $((bits * 1000000 / us)) -le "$cap" ] || too_big="$too_big $s"
		done
		is "$too_big" "" "$name $rung: no segment above the rate that the playlist promises"
	done < <(grep '^rung ' "$top/$name.now.log")
	for file in "$top/$name.now"/download-*.mp4 "$top/$name.now"/audio.m4a; do
		[ -f "$file" ] || continue
		is "$(ffmpeg -v error -nostdin -i "$file" -f null - 2>&1)" "" "$name: $(basename "$file") decodes without a word"
		is "$(head -c 8 "$file" | tail -c 4) $(ffprobe -v trace "$file" 2>&1 | grep -o "type:'\(moov\|mdat\)' parent:'root'" | cut -d"'" -f2 | xargs)" \
			"ftyp moov mdat" "$name: $(basename "$file") has its index first"
	done
	is "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$top/$name.mp4" | xargs)" "$6" "$name: streams"
}

each_clip flash "$top/flash.mov" ladder 1280x720 30000/1001 "video audio"
each_clip turned "$top/turned.mov" ladder 322x642 25/1 video
each_clip field "$top/field.ts" 240p,480p,audio 1024x576 25/1 "video audio"
if [ -f "$WASL_MEDIA/lecture/waves-720p.mp4" ]; then
	clip waves.mp4 -ss 20 -t 22 -i "$WASL_MEDIA/lecture/waves-720p.mp4" -c copy
	each_clip waves "$top/waves.mp4" ladder 1280x720 25/1 "video audio"
else
	skip "waves-720p" "no $WASL_MEDIA/lecture/waves-720p.mp4 here"
fi

# --- upright, square, in the right colours: as a player shows the original -------------------------------
alike() { # alike ORIGINAL NAME WxH FILTER: similarity of the mezzanine's first two seconds to ffmpeg's own rendering
	ffmpeg -nostdin -hide_banner -t 2 -i "$top/$2.mp4" -t 2 -i "$1" -filter_complex \
		"[1:v]$4fps=25,scale=${3/x/:}:flags=lanczos:in_color_matrix=bt601:out_color_matrix=bt709,format=yuv420p,setsar=1[o];[0:v][o]ssim" -f null - 2>&1 |
		sed -n 's/.*SSIM Y:\([0-9.]*\) ([^)]*) U:\([0-9.]*\) ([^)]*) V:\([0-9.]*\).*/\1 \2 \3/p' | awk '{ print ($1 > 0.9 && $2 > 0.9 && $3 > 0.9) ? "alike" : "differ: " $0 }'
}
is "$(alike "$top/turned.mov" turned 322x642 '')" alike "turned: upright and in its colours"
is "$(alike "$top/field.ts" field 1024x576 'bwdif=mode=0,')" alike "field: wide and in its colours"

# --- sound and picture together ------------------------------------------------------------------------
flashes() { ffmpeg -nostdin -hide_banner -i "$1" -vf blackdetect=d=0.3:pix_th=0.4 -f null - 2>&1 | grep -o 'black_end:[0-9.]*' | cut -d: -f2; }
beeps() { ffmpeg -nostdin -hide_banner -i "$1" -af silencedetect=noise=-35dB:d=0.3 -f null - 2>&1 | grep -o 'silence_end: [0-9.]*' | cut -d' ' -f2; }
for rung in 144p 240p 480p 720p; do
	file=$top/flash.now/download-$rung.mp4
	out=$(paste <(flashes "$file") <(beeps "$file") | awk '$1 >= 2 { n++; d = $1 - $2; if (d < 0) d = -d; if (d > 0.045 + ('"${rung%p}"' == 144) * 0.035) print "apart by " d " at " $1 }
		END { if (n < 4) print n + 0 " flashes" }')
	is "$out" "" "$rung: flash and beep together, at every segment"
done
is "$(beeps "$top/flash.now/audio.m4a" | awk '$1 < 11 { n = int($1 / 2 + 0.5) * 2; if ($1 - n > 0.012 || n - $1 > 0.012) print $1 }')" "" "the beeps are where they were recorded"

# --- a seam cannot be heard ----------------------------------------------------------------------------
# A steady tone: whatever a seam adds is seen when the tone itself is taken out.
clip tone.mp4 -f lavfi -i "color=gray:s=320x240:r=25:d=26" -f lavfi -i "sine=f=440:r=48000:d=26" -c:v libx264 -preset ultrafast -c:a aac -b:a 192k
mezzanine "$top/tone.mp4" tone && cook tone tone.now audio now
ok $? "a tone is cooked"
noise() { # loudest moment of what is not the tone, in dB, in the middle (the very beginning of a decode fades in)
	ffmpeg -nostdin -hide_banner -i "$1" -af "bandreject=f=440:width_type=h:w=60,bandreject=f=440:width_type=h:w=60,atrim=start=2:end=25,astats=metadata=0" -f null - 2>&1 |
		sed -n 's/.*Peak level dB: \(-*[0-9.]*\).*/\1/p' | head -n 1
}
n=$(plan tone '.plan.segments | length')
joined tone.now audio "$n" >"$top/joined.mp4"
ffmpeg -v error -nostdin -y -i "$top/tone.mp4" -vn -c:a aac -b:a 48k -ac 1 "$top/one.m4a"
mine=$(noise "$top/joined.mp4") one=$(noise "$top/one.m4a")
echo "# residue: segments $mine dB, one continuous encode $one dB"
awk -v a="$mine" -v b="$one" 'BEGIN { exit !(a != "" && b != "" && a < b + 12 && a < -25) }'
ok $? "$n segments made alone join like one encode"

# --- a segment needs its span and nothing else ----------------------------------------------------------
cook flash whole ladder now together
ok $? "segments of the whole file"
head_bytes=$(plan flash .plan.head_bytes)
n=$(plan flash '.plan.segments | length')
for ((s = 1; s <= n; s++)); do
	from=$(plan flash ".plan.segments[$((s - 1))].byte_from") len=$(plan flash ".plan.segments[$((s - 1))].byte_len")
	truncate -s 0 "$top/zeroed.mp4" && truncate -s "$(stat -c %s "$top/flash.mp4")" "$top/zeroed.mp4"
	dd if="$top/flash.mp4" of="$top/zeroed.mp4" bs=65536 count="$head_bytes" iflag=count_bytes conv=notrunc status=none
	dd if="$top/flash.mp4" of="$top/zeroed.mp4" bs=65536 skip="$from" seek="$from" count="$len" iflag=skip_bytes,count_bytes oflag=seek_bytes conv=notrunc status=none
	cp "$top/flash.pb" "$top/zeroed.pb"
	rm -rf "$top/alone"
	cook zeroed alone ladder now together "segment=$s"
	bad=$?
	for rung in 144p 240p 360p 480p 720p audio; do
		cmp -s "$top/alone/$rung/$s.m4s" "$top/whole/$rung/$s.m4s" || bad="$bad $rung"
	done
	is "$bad" 0 "segment $s from its span alone, every other byte zero: the same bytes"
done

# --- one rung at a time makes what all together make ------------------------------------------------------
cook flash single ladder now
ok $? "rungs cooked one by one"
for rung in 240p audio; do
	cmp -s "$top/single/$rung/2.m4s" "$top/whole/$rung/2.m4s" && cmp -s "$top/single/$rung/init.mp4" "$top/whole/$rung/init.mp4"
	ok $? "$rung alone: the same init and segment"
done
cmp -s "$top/flash.now/480p/1.m4s" "$top/whole/480p/1.m4s"
ok $? "made again: the same bytes"

# --- the better version ------------------------------------------------------------------------------------
cook flash idle 240p,480p idle together
ok $? "the idle version"
for rung in 240p 480p; do
	joined idle $rung "$n" >"$top/joined.mp4"
	is "$(ffmpeg -v error -nostdin -i "$top/joined.mp4" -f null - 2>&1)" "" "idle $rung decodes without a word"
	is "$(unbroken_pictures idle "$rung" "$top/joined.mp4" "$(plan flash '.plan.segments | last | .start_ticks + .duration_ticks')")" "" "idle $rung: no gap"
done

! ldd "$B/bin/wasl-transcoder" | grep libseccomp
ok $? "walls are built without a library that can fall over in the child"

finish
