# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2119,SC2120 # used by who sources it
# A real nginx with the module, and a feeder that plays contentd, in a folder of their own. Sourced by tests/cache/*.t.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
same() { # same FILE FILE NAME
	cmp "$1" "$2" >"$top/cmp" 2>&1
	local status=$?
	[ $status = 0 ] || sed 's/^/# /' "$top/cmp"
	ok $status "$3"
}
explain() { [ ! -f "$run/nginx-error.log" ] || tail -n 30 "$run/nginx-error.log" | sed 's/^/# log: /'; }

top=$(mktemp -d)
chmod 755 "$top"
# Deeper than the 108 bytes of a socket's address.
run=$top/run
deep=$run/a/folder/that/is/so/deep/that/no/socket/address/of/one/hundred/and/eight/bytes/could/ever/hold/its/whole/name
mkdir -p "$deep" "$top/store" "$top/portal"
nginx=
cleanup() {
	stop_feeder
	[ -z "$nginx" ] || kill -QUIT "$nginx" 2>/dev/null
	[ -z "$nginx" ] || { until_so 5 gone "$nginx" || kill -9 "$nginx"; }
	rm -rf "$top"
}
trap cleanup EXIT

# --- the feeder --------------------------------------------------------------------------------------
feeder_pid=
start_feeder() { # start_feeder [forgetful]: by named pipes: bash keeps a coprocess's from the parts of a pipeline
	rm -f "$top/in" "$top/out"
	mkfifo "$top/in" "$top/out"
	"$B/tests/cache-feeder" "$top/store" "$deep/want.sock" "$@" <"$top/in" >"$top/out" 2>>"$top/feeder.log" &
	feeder_pid=$!
	exec 8>"$top/in" 9<"$top/out"
	local line
	read -r -t 60 line <&9 && [ "$line" = ready ]
}
stop_feeder() { # stop_feeder [SIGNAL]
	[ -n "$feeder_pid" ] || return 0
	kill "-${1:-KILL}" "$feeder_pid" 2>/dev/null
	wait "$feeder_pid" 2>/dev/null
	feeder_pid=
}
feed() { # feed COMMAND…: its one line of answer, on standard output
	local line
	echo "$*" >&8
	read -r -t 60 line <&9 || line="no answer"
	echo "$line"
}
must() { # must COMMAND…: it answers "ok"
	local answer
	answer=$(feed "$@")
	[ "$answer" = ok ] || ok 1 "feeder: $*: $answer"
}
stream() { "$B/tests/cache-feeder" bytes "$@"; } # stream SEED FROM LEN
segment_len() { echo $((20000 + $1 * 1001)); }
piece() { tail -c "+$(($2 + 1))" "$1" 2>/dev/null | head -c "$3"; } # piece FILE FROM LEN
state_has() { feed state | grep -qE -- "$1"; }

# --- nginx -------------------------------------------------------------------------------------------
port=$(free_port)
url=http://127.0.0.1:$port
module=$B/lib/ngx_http_wasl_module.so
[ "${FLAVOUR:-}" != asan ] || module=$B/lib/ngx_http_wasl_module.watched.so
configure() { # configure [SED EXPRESSION]: the box's own configuration, filled in; the expression changes the files it includes, too
	local user='' from part
	from=$(dirname "$0")/../../cache/nginx
	[ "$(id -u)" != 0 ] || user='user root;'
	mkdir -p "$top/parts"
	for part in "$from"/conf/*; do sed -e "${1:-}" "$part" >"$top/parts/${part##*/}"; done
	sed -e "s|@LISTEN@|127.0.0.1|; s|@PORT@|$port|; s|@NAME@|madrasa|; s|@ROOT@|$run|; s|@USER_LINE@|$user|; s|@WORKERS@|2|" \
		-e "s|@PARTS@|$top/parts|; s|@MODULE@|$module|" \
		-e "s|@STORE@|$top/store|; s|@RUN@|$run|; s|@PORTAL@|$top/portal|" \
		-e "s|@WANT_SOCK@|$deep/want.sock|; s|@CONTENT_PUBLIC_SOCK@|public.sock|" -e '/^#/d' -e "${1:-}" \
		"$from/nginx.conf.in" >"$top/nginx.conf"
}
# A module with sanitizers in a program without needs their runtime first; what they find is in files, which finish() looks at.
watched=()
if [ "${FLAVOUR:-}" = asan ]; then
	watched=(env LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
		ASAN_OPTIONS="detect_leaks=0:log_path=$top/sanitizer" UBSAN_OPTIONS="print_stacktrace=1:log_path=$top/sanitizer")
	finish() {
		cat "$top"/sanitizer.* 2>/dev/null | sed 's/^/# /' | head -n 60
		[ -z "$(find "$top" -name 'sanitizer.*')" ]
		ok $? "the sanitizers have nothing to say"
		echo "1..$count"
		exit $failed
	}
fi
start_nginx() {
	"${watched[@]}" /usr/sbin/nginx -c "$top/nginx.conf" -e "$run/nginx-error.log" -g 'daemon off;' &
	nginx=$!
	until_so 20 curl -s -o /dev/null "$url/generate_204"
}
start_nginx_daemon() { # as on a box: only this one changes its program on USR2
	"${watched[@]}" /usr/sbin/nginx -c "$top/nginx.conf" -e "$run/nginx-error.log"
	until_so 20 curl -s -o /dev/null "$url/generate_204"
	nginx=$(cat "$run/nginx.pid")
}
workers() { pgrep -P "$nginx"; }
worker_count() { workers | wc -l; }

# get PATH [CURL ARGUMENTS…]: status on standard output, head in $top/head, body in $top/body
get() {
	local path=$1
	shift
	curl -s -m 60 -o "$top/body" -D "$top/head" -w '%{http_code}' "$@" "$url$path"
}
header() { # header NAME: its value in the last reply
	sed -n "s/^$1: //Ip" "$top/head" | tr -d '\r'
}
