# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by who sources it
# wasl-contentd in a box of its own, and a ministry's static origin behind nginx. Sourced by tests/content/*.t.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
house=$(cd "$here/../.." && pwd)

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
explain() { [ ! -f "$top/contentd.log" ] || tail -n 30 "$top/contentd.log" | sed 's/^/# log: /'; }
# A regular end is one without a leak or a crash on the way out: 0, under sanitizers too.
stop_contentd() { # stop_contentd SIGNAL
	local status=0
	kill "-$1" "$contentd_pid" 2>/dev/null
	wait "$contentd_pid" 2>/dev/null || status=$?
	contentd_pid=
	[ "$1" != TERM ] || [ $status = 0 ] || ok 1 "contentd ends in order (status $status)"
}
done_testing() {
	[ -z "$contentd_pid" ] || stop_contentd TERM
	finish
}

top=$(mktemp -d)
chmod 755 "$top"
origin_pid='' contentd_pid='' portal_pid=''
end_child() { # end_child PID SIGNAL
	[ -n "$1" ] || return 0
	kill "-$2" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}
cleanup() {
	end_child "$contentd_pid" TERM
	end_child "$portal_pid" QUIT
	end_child "$origin_pid" QUIT
	rm -rf "$top"
}
trap cleanup EXIT

# --- the ministry ---------------------------------------------------------------------------------------
ministry() { "$B/tests/content-origin" "$@"; }
origin=$top/origin
fast=$(free_port) slow=$(free_port)
user_line=
[ "$(id -u)" != 0 ] || user_line='user root;'

make_mezzanine() { # our own program: where it fails there is nothing to skip
	"$B/bin/wasl-transcoder" mezzanine --in "$top/film.mp4" --out "$top/mezz.mp4" --plan "$top/plan.pb" \
		--poster "$top/poster.jpg" --preset 13 >"$top/mezzanine.log" 2>&1 && return
	ok 1 "a ministry's mezzanine is made"
	sed 's/^/# /' "$top/mezzanine.log"
	finish
}
make_lesson() { # a film of 22 s, and the mezzanine and plan that a ministry publishes
	ffmpeg -v error -y -f lavfi -i testsrc2=s=640x360:r=25:d=22 -f lavfi -i sine=f=440:d=22 -c:v libx264 -preset ultrafast \
		-b:v 1M -c:a aac "$top/film.mp4" && make_mezzanine
}
small_lesson() { # the same with a small film of nine seconds, in two segments
	ffmpeg -v error -y -f lavfi -i testsrc2=s=426x240:r=15:d=9 -f lavfi -i sine=f=440:d=9 -c:v libx264 -preset ultrafast \
		-b:v 500k -c:a aac "$top/film.mp4" && make_mezzanine
}
publish() { # publish VERSION TITLE KEYS: prints the id of the mezzanine
	ministry publish "$origin" "$1" "$2" "$3" "$top/mezz.mp4" "$top/plan.pb" "$top/poster.jpg" "$house/content/sample/fractions.ar.vtt"
}
start_origin() { # two addresses: one quick, one as slow as a school's line
	cat >"$top/origin.conf" <<END
$user_line
worker_processes 1;
pid $top/origin.pid;
error_log $top/origin-error.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $top/n1; proxy_temp_path $top/n2; fastcgi_temp_path $top/n3; uwsgi_temp_path $top/n4; scgi_temp_path $top/n5;
	root $origin;
	server { listen 127.0.0.1:$fast; }
	server { listen 127.0.0.1:$slow; limit_rate 200k; }
}
END
	/usr/sbin/nginx -c "$top/origin.conf" -e "$top/origin-error.log" -g 'daemon off;' &
	origin_pid=$!
	until_so 10 curl -sf -o /dev/null "http://127.0.0.1:$fast/wasl/v1/catalogue/latest"
}
stop_origin() {
	end_child "$origin_pid" TERM
	origin_pid=
}
spoil() { # spoil FILE OFFSET: one byte becomes another
	perl -e 'open F, "+<", $ARGV[0] or die; seek F, $ARGV[1], 0; read F, $c, 1; seek F, $ARGV[1], 0; print F chr(ord($c) ^ 64)' "$1" "$2"
}

# --- the box ----------------------------------------------------------------------------------------------
# Deeper than the 108 bytes of a socket's address.
box=$top/a/box/whose/folder/is/so/deep/that/no/socket/address/of/one/hundred/and/eight/bytes/could/ever/hold/its/whole/name
content=$box/var/lib/wasl/content
new_box() {
	rm -rf "$box"
	mkdir -p "$box/etc/wasl" "$box/run/wasl"
	ministry root 1 "$box/etc/wasl/root.1"
}
configure() { # configure PORT [LINES]
	# AddressSanitizer maps more memory than any limit allows, and takes its time
	[ "${FLAVOUR:-dev}" = dev ] || set -- "$1" "[content]\npatience = 60\n[kitchen]\nmemory = 0\n${2:-}"
	# nor does a machine that is busy with other tests rest; and a lesson has one version unless a test wants two
	set -- "$1" "[kitchen]\nlate = 0\nbetter_after = 0\n${2:-}"
	printf '[origin]\nurl = http://127.0.0.1:%s\ninterval = 3600\nstall = 3\n%b' "$1" "${2:-}" >"$top/site.conf"
}
runner=() # a command that runs it
start_contentd() {
	WASL_ROOT=$box env "${runner[@]}" "$B/bin/wasl-contentd" -c "$top/site.conf" 2>>"$top/contentd.log" &
	contentd_pid=$!
	until_so 20 ask /v1/status
}
contentd_socket() { curl -sf -m 30 --unix-socket "/proc/self/fd/7/$1" "${@:3}" "http://x$2" 7<"$box/run/wasl"; }
ask() { contentd_socket contentd.sock "$@"; }
public() { contentd_socket content-public.sock "$@"; }
sync_now() { # the answer, an error's too
	curl -s -m 30 -X POST --unix-socket /proc/self/fd/7/contentd.sock http://x/v1/sync 7<"$box/run/wasl"
}
field() { ask "$1" | jq -r "$2"; } # field CALL JQ
is_field() { [ "$(field "$1" "$2")" = "$3" ]; }
at_least() { [ "$(field "$1" "$2")" -ge "$3" ]; }
events() { ask "/v1/events?limit=1000" | jq -r --arg k "$1" '[.rows[] | select(.kind == $k)] | length'; }
complete() { is_field /v1/lessons '.lessons[0].complete' true; }

# --- the classroom's web server -----------------------------------------------------------------------------
portal_port=$(free_port)
portal=http://127.0.0.1:$portal_port
portal_runner=() # a command that runs it
start_portal() {
	mkdir -p "$box/web"
	# the public socket's address must be short: from the web server's own folder
	sed -e "s|@LISTEN@|127.0.0.1|; s|@PORT@|$portal_port|; s|@NAME@|madrasa|; s|@ROOT@|$box/web|; s|@USER_LINE@|$user_line|; s|@WORKERS@|2|" \
		-e "s|@PARTS@|$house/cache/nginx/conf|; s|@MODULE@|$B/lib/ngx_http_wasl_module.so|; s|@STORE@|$content/store|; s|@RUN@|$box/run/wasl|; s|@PORTAL@|$content/portal|" \
		-e "s|@WANT_SOCK@|$box/run/wasl/want.sock|; s|@CONTENT_PUBLIC_SOCK@|../run/wasl/content-public.sock|" -e '/^#/d' \
		"$house/cache/nginx/nginx.conf.in" >"$top/portal.conf"
	"${portal_runner[@]}" /usr/sbin/nginx -c "$top/portal.conf" -e "$box/web/nginx-error.log" -g 'daemon off;' &
	portal_pid=$!
	until_so 10 curl -s -o /dev/null "$portal/generate_204"
}
# get PATH [CURL ARGUMENTS…]: status on standard output, head in $top/head, body in $top/body
get() {
	local path=$1
	shift
	curl -s -m 100 -o "$top/body" -D "$top/head" -w '%{http_code}' "$@" "$portal$path"
}
