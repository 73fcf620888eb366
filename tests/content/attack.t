#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# A teacher's films that nobody expects: a minute that brings its reader down each time, files that are no films, sizes and places that lie,
# the same film of two teachers, one that is deleted while it is made. (The long form alone.)
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
[ -n "${WASL_LONG:-}" ] || skip_all "WASL_LONG=1 tries it"

mkdir -p "$top/stick" "$origin"
# Four segments; of the second one the child always dies, with a picture or (sound.bad) with sound.
ffmpeg -v error -y -f lavfi -i testsrc2=s=320x180:r=10:d=17 -f lavfi -i sine=f=440:d=17 -c:v libx264 -preset ultrafast -g 20 -b:v 300k -c:a aac "$top/stick/lesson.mp4"
film=$top/stick/lesson.mp4 size=$(stat -c %s "$top/stick/lesson.mp4")
cat >"$top/transcoder" <<END
#!/usr/bin/perl
use Socket qw(MSG_PEEK);
if (\$ARGV[0] eq "worker") {
	\$^F = 3; # it stays open
	open(our \$s, "+<&=3") or die;
	recv(\$s, my \$order, 8192, MSG_PEEK);
	my (\$segment, \$task, \$blank) = map { unpack("L", substr(\$order, \$_, 4)) } 84, 148, 228;
	open(my \$log, ">>", "$top/orders");
	syswrite \$log, "\$segment \$task \$blank\n";
	close(\$log);
	kill 11, \$\$ if \$task == 0 && \$segment == 2 && !\$blank && -e "$top/dies";
}
exec {"$B/bin/wasl-transcoder"} "wasl-transcoder", @ARGV;
END
chmod 755 "$top/transcoder"
new_box
mkdir -p "$content/store" "$content/portal"
configure 9 "[staff]\nstick = $top/stick\n[kitchen]\nrungs = 144p audio\nprogram = $top/transcoder\n"
start_contentd
start_portal
until_so 20 test -s "$content/portal/ar/index.html"

staff() { WASL_ROOT=$box "$B/bin/wasl" --lang en staff "$@"; }
jar=$top/jar
visit() { get "$1" -b "$jar" -c "$jar" "${@:2}"; } # visit PATH [CURL ARGUMENTS…]
body() { jq -r "$1" "$top/body"; }
pin=$(staff add Amina | grep -oE '[0-9]{6}')
other=$(staff add Omar | grep -oE '[0-9]{6}')
enter() { # enter NAME PIN
	visit /staff/in --data-urlencode "name=$1" --data-urlencode "pin=$2" >/dev/null
	visit /staff/ >/dev/null
	mark=$(grep -oE 'name="mark" value="[0-9a-f]{32}"' "$top/body" | head -n 1 | grep -oE '[0-9a-f]{32}')
}
enter Amina "$pin"
form() { visit "$1" --data-urlencode "mark=$mark" "${@:2}"; }
begin() { # begin NAME SIZE
	visit /staff/upload -H "X-Staff-Token: $mark" -H 'Content-Type: application/json' \
		-d "$(jq -nc --arg f "$1" --argjson s "$2" '{file: $f, size: $s, title_fr: "Essai", subject: "", grade: "7", language: "fr"}')"
}
piece() { # piece ID OFFSET FILE
	visit "/staff/upload/$1" -X PATCH -H "Upload-Offset: $2" -H "X-Staff-Token: $mark" --data-binary "@$3"
}
lesson() { ask /v1/lessons | jq -r --arg id "$1" ".lessons[] | select(.id == \$id) | $2"; }
whole() { [ "$(lesson "$1" .complete)" = true ]; }
on_page() { visit /staff/ >/dev/null && grep -q "$1" "$top/body"; }
send() { # send NAME FILE: prints the id
	begin "$1" "$(stat -c %s "$2")" >/dev/null
	local id
	id=$(body .id)
	piece "$id" 0 "$2" >/dev/null
	echo "$id"
}

# --- a minute of which nothing can be read -------------------------------------------------------------------
touch "$top/dies"
id=$(send lesson.mp4 "$film")
until_so 120 whole "$id"
ok $? "a film of which one segment brings its reader down is a whole lesson"
[ "$(grep -c '^2 0 0$' "$top/orders")" -le 6 ]
ok $? "that segment is tried three times, sound and picture apart"
grep -q '^2 0 1$' "$top/orders"
ok $? "and then made black"
until_so 20 on_page '0:0[0-9].*بصيغة MP4'
ok $? "its teacher is told from where on"
until_so 60 curl -sf -o "$top/down" "$portal/m/$id/download-144p.mp4"
is "$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$top/down" | cut -d. -f1)" 17 "and can be taken home, all of it"
is "$(events segment.lost)" 2 "said once of each"
before=$(wc -l <"$top/orders")
is "$(form "/staff/lesson/$id" -d do=save -d title_fr=Autre -d grade=8 -d language=fr)" 303 "another title"
until_so 20 eval "curl -sf '$portal/l/$id?lang=fr' | grep -q Autre"
is "$(wc -l <"$top/orders")" "$before" "does not make it be tried again"
rm "$top/dies"

# --- a film of which the second half is noise ------------------------------------------------------------------
cp "$film" "$top/noise.mp4"
perl -e 'open F, "+<", $ARGV[0]; binmode F; srand 1;
	my @packets = map { [/(\d+),(\d+)/] } `ffprobe -v error -select_streams v -show_entries packet=pos,size -of csv=p=0 $ARGV[0]`;
	for (@packets[@packets / 2 .. $#packets]) {
		my ($size, $pos) = @$_;
		for (my $at = $pos; $at < $pos + $size;) {
			seek F, $at, 0; read F, my $head, 5;
			my ($len, $type) = unpack "NC", $head;
			if (($type & 31) <= 5) { seek F, $at + 5, 0; print F pack "C*", map { int rand 256 } 1 .. $len - 1; }
			$at += 4 + $len;
		}
	}' "$top/noise.mp4"
id=$(send noise.mp4 "$top/noise.mp4")
until_so 120 whole "$id"
ok $? "a film of which the second half is noise is a lesson"
visit "/staff/?lang=en" >/dev/null
like "$top/body" 'Parts of the file are damaged' "and its teacher is told"
done_testing
