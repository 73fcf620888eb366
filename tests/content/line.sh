# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by who sources it
# A ministry at the end of a line that does what it is told (tests/content/line.c), papers on it, and crowds that read them.
# Sourced after lib.sh.
line_pid='' mirror_pid='' mirror=$(free_port)
trap 'end_child "$line_pid" TERM; end_child "$mirror_pid" TERM; cleanup' EXIT
mkdir -p "$origin"
"$B/tests/content-line" "$fast" "$origin" & line_pid=$!
ctl() { curl -s "http://127.0.0.1:$fast/ctl?$1"; }
stat_of() { ctl x=x | jq -r ".$1"; }
until_so 10 ctl x=x || { ok 1 "the line answers"; finish; }

version=0
paper() { # paper BYTES: a new catalogue that names one new file, /m/papers-1/files/NAME; `file` is its NAME
	version=$((version + 1)) file=paper-$version.bin
	head -c "$1" /dev/urandom >"$top/$file"
	ministry papers "$origin" $version "$top/$file" >"$top/id"
	[ -z "$contentd_pid" ] || until_so 10 synced
	[ -z "$portal_pid" ] || until_so 10 named
}
synced() { [ "$(sync_now | jq -r .version)" = $version ]; } # a look that was under way may have seen the one before
named() { [ "$(curl -s -o /dev/null -w '%{http_code}' -I "$portal/m/papers-1/files/$file")" = 200 ]; }
crowd() { # crowd CLIENTS [HEADER [FILE]]: how it went
	CROWD_TIMES=1 "$B/tests/cache-crowd" "$portal_port" "/m/papers-1/files/$file" "$1" "${3:-$top/$file}" ${2:+"$2"} >"$top/crowd-$1"
	head -n 1 "$top/crowd-$1"
}
readers() { ss -Htn state established "dport = :$portal_port" | wc -l; }
are_in() { [ "$(readers)" -ge "$1" ]; }
fetched() { field /v1/status .fetch.received_bytes; }
reason() { ask '/v1/events?limit=1000' | jq -r --arg k "$1" '[.rows[] | select(.kind == $k) | .reason] | unique | join(" ")'; }
