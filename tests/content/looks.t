#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Films of every make look as their makers meant them, before any encoder: compared with what ffmpeg makes of the same file, or with the
# film that the odd one was made from.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"
look=$B/tests/look

clip() { # clip NAME ARGUMENTS…
	local name=$1
	shift
	ffmpeg -v error -nostdin -y -threads 1 "$@" "$top/$name" || { echo "Bail out! ffmpeg cannot make $name"; exit 1; }
}
# ssim FILE MADE FILTER [LEAST [LEAST OF CHROMA [PICTURES [CLOCK]]]]: what we show of FILE beside MADE, through FILTER
ssim() {
	local clock=${7-setpts=N/TB}
	"$look" "$1" "${6:-60}" >"$top/look.y4m" 2>"$top/err" || { cat "$top/err"; return; }
	ffmpeg -nostdin -hide_banner -threads 1 -i "$top/look.y4m" -i "$2" -filter_complex "[1:v]${3}format=yuv420p,${clock}[o];[0:v]${clock}[l];[l][o]ssim=shortest=1" -f null - 2>&1 |
		sed -n 's/.*SSIM Y:\([0-9.]*\) ([^)]*) U:\([0-9.]*\) ([^)]*) V:\([0-9.]*\).*/\1 \2 \3/p' |
		awk -v y="${4:-0.97}" -v c="${5:-${4:-0.97}}" '{ print ($1 > y && $2 > c && $3 > c) ? "alike" : "differ: " $0 } END { if (!NR) print "nothing" }'
}
to709="scale=in_color_matrix=bt601:out_color_matrix=bt709:flags=lanczos+accurate_rnd,"
matrix() { # matrix FILE A B C D: a display matrix
	perl -0777 -pi -e 's/(tkhd\x00.{39}).{36}/$1 . pack("N9", '"$2, $3"', 0, '"$4, $5"', 0, 0, 0, 0x40000000)/se' "$1"
}

# --- upright -------------------------------------------------------------------------------------------
clip card.mov -f lavfi -i "testsrc2=s=192x128:r=25:d=0.4" -c:v libx264 -preset ultrafast -qp 4
one=0x10000 minus=0xffff0000
while read -r name a b c d size; do
	cp "$top/card.mov" "$top/turned.mov"
	matrix "$top/turned.mov" "$a" "$b" "$c" "$d"
	is "$("$look" "$top/turned.mov" 1 | head -n 1 | cut -d' ' -f2,3)" "$size" "$name: its size"
	is "$(ssim "$top/turned.mov" "$top/turned.mov" "$to709" 0.97 0.92)" alike "$name: as a player turns it"
done <<-END
	a-quarter 0 $one $minus 0 W128 H192
	upside-down $minus 0 0 $minus W192 H128
	a-quarter-and-mirrored 0 $one $one 0 W128 H192
END

# --- colours -------------------------------------------------------------------------------------------
# An ordinary film written as HDR and as wide colours: its light comes back (colours that only bright screens have lose some saturation).
clip plain.mkv -f lavfi -i "testsrc2=s=192x128:r=25:d=0.4,hue=s=0.6" -pix_fmt yuv420p -c:v libx264 -preset ultrafast -qp 0 \
	-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv
while read -r name transfer range least chroma; do
	clip "$name.mkv" -i "$top/plain.mkv" -vf "zscale=t=linear:npl=203,format=gbrpf32le,zscale=t=$transfer:p=bt2020:m=bt2020nc:r=$range:npl=203,format=yuv420p10le" \
		-c:v libx264 -preset ultrafast -qp 4 -color_primaries bt2020 -color_trc "$transfer" -colorspace bt2020nc -color_range "$range"
	is "$(ssim "$top/$name.mkv" "$top/plain.mkv" "" "$least" "$chroma")" alike "$name: as it was before"
	is "$("$transcoder" probe --quick --in "$top/$name.mkv" | jq .hdr)" true "$name: is told"
done <<-END
	pq smpte2084 tv 0.95 0.88
	hlg arib-std-b67 tv 0.94 0.85
	wide bt2020-10 tv 0.97 0.85
END
if [ -f "$WASL_MEDIA/odd/ax-hdr10-av1.mp4" ]; then
	is "$(ssim "$WASL_MEDIA/odd/ax-hdr10-av1.mp4" "$WASL_MEDIA/odd/ax-hdr10-av1.mp4" \
		"trim=end_frame=8,zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv," 0.93 0.93 3 null)" alike "a phone's HDR10 film: like ffmpeg's tone mapping"
else
	skip "a phone's HDR10 film" "no $WASL_MEDIA/odd here"
fi

# --- fields --------------------------------------------------------------------------------------------
# A film of 50 pictures a second; every second one is what a camera with fields keeps.
clip smooth.mkv -f lavfi -i "testsrc2=s=320x240:r=50:d=0.8" -pix_fmt yuv420p -c:v libx264 -preset ultrafast -qp 0
clip kept.mkv -i "$top/smooth.mkv" -vf "select='not(mod(n,2))',setpts=N/25/TB" -r 25 -c:v libx264 -preset ultrafast -qp 0
while read -r name scan flags; do
	# shellcheck disable=SC2086 # options
	clip "$name.mkv" -i "$top/smooth.mkv" -vf "interlace=scan=$scan:lowpass=0" $flags -c:v libx264 -preset ultrafast -crf 4
	is "$(ssim "$top/$name.mkv" "$top/kept.mkv" "$to709" 0.965)" alike "$name: as if it had been filmed whole"
done <<-'END'
	top-first tff -flags +ildct+ilme -x264-params tff=1
	bottom-first bff -flags +ildct+ilme -x264-params bff=1
	not-flagged tff -field_order progressive
END
clip flagged.mkv -i "$top/kept.mkv" -flags +ildct+ilme -x264-params tff=1 -c:v libx264 -preset ultrafast -crf 4
is "$(ssim "$top/flagged.mkv" "$top/kept.mkv" "$to709" 0.99)" alike "whole pictures flagged as interlaced keep every line"

# --- time ----------------------------------------------------------------------------------------------
# Pictures at uneven times; each stays until the next.
clip uneven.mkv -f lavfi -i "testsrc2=s=192x128:r=25:d=1.6" -vf "select='lt(mod(n\,10)\,3)+eq(mod(n\,7)\,0)'" -vsync vfr -pix_fmt yuv420p -c:v libx264 -preset ultrafast -qp 4
rate=$("$look" "$top/uneven.mkv" 1 | sed -n '1s/.* F\([0-9:]*\) .*/\1/p' | tr : /)
is "$(ssim "$top/uneven.mkv" "$top/uneven.mkv" "fps=$rate:round=near,$to709" 0.9)" alike "uneven times, at $rate: what a player shows at each"
# What an edit list hides is not shown.
clip cut.mp4 -ss 0.2 -i "$top/card.mov" -c copy
is "$(ssim "$top/cut.mp4" "$top/cut.mp4" "$to709")" alike "an edit list's beginning is the lesson's"
# Pixels that are not square.
clip wide.mkv -i "$top/card.mov" -vf setsar=4/3 -c:v libx264 -preset ultrafast -qp 4
is "$(ssim "$top/wide.mkv" "$top/wide.mkv" "scale=256:128:flags=lanczos:in_color_matrix=bt601:out_color_matrix=bt709,")" alike "pixels that are not square"
finish
