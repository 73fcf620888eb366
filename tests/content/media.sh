# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Clips for the transcoder's tests: sourced by tests/content/{transcoder,kitchen,odd}.t.
set -uo pipefail

B=${B:-$PWD/build/dev}
WASL_MEDIA=${WASL_MEDIA:-../shared/media}
transcoder=$B/bin/wasl-transcoder
cooker=$B/tests/cook-lesson
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

# The sanitizers' own address space cannot be limited.
memory() {
	[ "${FLAVOUR:-dev}" = asan ] && echo 0 || echo 805306368
}

mezzanine() { # mezzanine IN NAME: $top/NAME.{mp4,pb,json,jpg}; SVT's fastest preset, its pictures are not the matter here
	"$transcoder" mezzanine --in "$1" --out "$top/$2.mp4" --plan "$top/$2.pb" --json "$top/$2.json" \
		--poster "$top/$2.jpg" --preset 12 2>"$top/err"
}

cook() { # cook NAME FOLDER OPTIONS…: RUNGS first, pace second
	local name=$1 folder=$2 rungs=$3 pace=$4
	shift 4
	mkdir -p "$top/$folder"
	"$cooker" "$transcoder" "$top/$name.mp4" "$top/$name.pb" "$top/$folder" "$pace" "$rungs" "memory=$(memory)" "$@" \
		>"$top/$folder.log" 2>&1
}

plan() { # plan NAME FILTER
	jq -r "$2" "$top/$1.json"
}

joined() { # joined FOLDER RUNG SEGMENTS: one file, as a player that asks for every segment sees it
	local s
	cat "$top/$1/$2/init.mp4"
	for ((s = 1; s <= $3; s++)); do cat "$top/$1/$2/$s.m4s"; done
}

packets() { # packets FILE: time, duration of each, in the track's time scale
	ffprobe -v error -show_entries packet=dts,duration -of csv=p=0 "$1"
}

# unbroken FILE TICKS: begins at 0, each packet where the one before ends, TICKS in all. (Of a file's first sound packet ffprobe does
# not tell the duration, and it takes the last picture to last as long as the others.)
unbroken() {
	packets "$1" | awk -F, -v want="$2" 'NR == 1 && $1 != 0 { print "begins at " $1; bad = 1 }
		NR > 1 && at != "" && $1 != at { print "a gap at " at; bad = 1 }
		{ begin = $1; at = $2 == "N/A" ? "" : $1 + $2 }
		END { if (want <= begin || want > at) { print "ends at " at; bad = 1 } exit bad }'
}

# steady FILE TICKS PERIOD SCALE: pictures begin at 0 and end at TICKS, none is on show longer than half a second. (ffprobe guesses
# durations of pictures, and moves the track by what is shown before its decoding time, as do players that know no negative offsets: by nothing.)
steady() {
	ffprobe -v error -show_entries packet=pts -of csv=p=0 "$1" | sort -n | awk -v want="$2" -v period="$3" -v scale="$4" 'NR == 1 { at = $1 }
		NR == 1 && $1 != 0 { print "begins at " $1; bad = 1 }
		NR > 1 && $1 <= at { print "twice at " at; bad = 1 }
		$1 - at > scale / 2 + 1 { print "nothing new from " at " to " $1; bad = 1 }
		{ at = $1 }
		END { if (at >= want || want - at - period > 1) { print "ends at " at + period " instead of " want; bad = 1 } exit bad }'
}

refreshes() { # refreshes FILE: IDR pictures (ffprobe's own flag counts some others too)
	ffmpeg -v error -nostdin -i "$1" -c copy -bsf:v filter_units=pass_types=5 -f h264 - | perl -0777 -ne '$n = () = /\x00\x00\x01[\x25\x45\x65][\x80-\xff]/g; print $n'
}

turn() { # turn FILE: a display matrix of 90 degrees clockwise, as phones write it
	perl -0777 -pi -e 's/(tkhd\x00.{39}).{36}/$1 . pack("N9", 0, 0x10000, 0, 0xffff0000, 0, 0, 0, 0, 0x40000000)/se' "$1"
}
