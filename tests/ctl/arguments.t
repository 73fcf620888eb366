#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# wasl: wrong arguments, silent daemons, the configuration. TAP.
set -uo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export WASL_ROOT=$dir
unset NO_COLOR LC_ALL LC_MESSAGES LANG
wasl=$B/bin/wasl
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
explain() { sed 's/^/# /' "$dir/out" "$dir/err" 2>/dev/null; }
try() { # try WANTED-STATUS PATTERN DESCRIPTION ARGUMENT…: exit status, and what is said on either stream
	local want=$1 pattern=$2 what=$3 got
	shift 3
	"$wasl" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ $got = "$want" ] && grep -qF -- "$pattern" "$dir/out" "$dir/err"
	ok $? "$what"
}

try 2 "usage: wasl" "no command"
try 2 "there is no command 'fly'" "an unknown command" fly
try 2 "wrong option" "an unknown option" --fly status
try 2 "'xx' is none of the languages" "an unknown language" --lang xx status
try 2 "'now please' is too much" "too much" receipts "now please"
try 2 "needs more: wasl report now" "too little" report
try 2 "'report' knows 'now', not 'later'" "another word" report later
try 2 "'config' knows 'get' and 'check', not 'set'" "another word of config" config set
try 2 "takes nothing more" "config check with more" config check origin
try 2 "there is no command 'fly'" "help on nothing" help fly
try 0 "usage: wasl claim [ORDERFILE]" "help on a command" help claim
try 2 "'config' has no answer in JSON" "JSON of what has none" --json config get
try 0 "config get" "help" help
try 0 "wasl " "version" -V
try 2 "usage: wasl net" "net of nothing" net
try 2 "'net' has no command 'fly'" "net of another word" net fly
try 2 "'net watch' has no answer in JSON" "net watch in JSON" net watch --json
try 2 "'never' is no number of minutes" "net open for no time" net open never
try 2 "'5' is too much" "net normal for a time" net normal 5
try 1 "netmgrd.sock" "net close without netmgrd" net close 5
try 1 "netmgrd.sock" "net explain without netmgrd" net explain
try 2 "'b' is too much for 'net'" "too much for net" net status b
try 0 "usage: wasl net COMMAND" "help of net" net --help
try 0 "  --verify FILE    checks one" "help of net evidence" net evidence --help
try 2 "needs --from DAY" "net evidence of nothing" net evidence
try 2 "'1 May' is no day" "net evidence of no day" net evidence --from "1 May"
try 2 "is after --to" "net evidence backwards" net evidence --from 2026-11-02 --to 2026-11-01
try 2 "takes --key and nothing else" "net evidence of both kinds" net evidence --verify a --from 2026-11-02
try 2 "'a' is too much" "too much for net evidence" net evidence a --from 2026-11-02
try 1 "agentd.sock" "net evidence without agentd" net evidence --from 2026-11-02
try 1 "nothing.txt" "net evidence of no file" net evidence --verify nothing.txt
try 4 "line 1: this is no file of evidence" "net evidence of another file" net evidence --verify LICENSE
try 1 "netmgrd.sock" "net watch without netmgrd" net watch
try 2 "usage: wasl request" "request of nothing" request
try 2 "takes one lesson" "request of two" request a b
try 2 "takes nothing more" "a list of one" request --list a
try 2 "is withdrawn whole" "withdraw by a day" request --withdraw a --by 2026-11-26
try 2 "wrong option" "another option of request" request --fly
try 2 "wrong option" "an option without its value" request a --by
try 0 "usage: wasl request" "help of request" request --help
try 0 "  --withdraw LESSON    it need not" "help of request in the middle" request a -h b
try 1 "contentd.sock" "request without contentd" request a
try 2 "usage: wasl store COMMAND" "store of nothing" store --json
try 0 "  evict NAME | --bytes N                   send" "help of store" store pin --help
try 2 "'store' has no command 'fly'" "another command of store" store fly
try 2 "'store pin' needs more" "too little for store" store pin
try 2 "'b' is too much" "too much for store" store pin a b
try 2 "'a' is too much" "too much for what takes nothing" store status a
try 2 "wrong option" "another option of store" store status --fly
try 2 "'store add' needs --path" "store add without an address" store add FILE
try 2 "takes a name, or --bytes N" "store evict of nothing" store evict
try 2 "takes a name, or --all" "store verify of both" store verify a --all
try 1 "contentd.sock" "a silent store in JSON" store status --json
try 2 "usage: wasl live COMMAND" "live of nothing" live
try 2 "'live' has no command 'fly'" "another command of live" live fly
try 2 "it is 'live start NAME [URL [TITLE]]'" "too little for live" live start
try 2 "it is 'live status '" "too much for live" live status a
try 1 "contentd.sock" "live without contentd" live stop a
try 2 "  reset-pin NAME [PIN]             another" "staff of nothing" staff
try 2 "'staff' has no command 'fly'" "another command of staff" staff fly
try 2 "'c' is too much for 'staff'" "too much for staff" staff add a b c
try 2 "it is 'staff reset-pin NAME [PIN]'" "too little for staff" staff reset-pin
try 1 "contentd.sock" "staff without contentd" staff list
try 1 "none of the box's programs answers" "all silent" status
try 1 "wasl-contentd" "silent daemons are named" status
try 1 '"error": "socket.down"' "silent daemons in JSON" status --json
try 1 "nobody answers there" "receipts of a silent daemon" receipts
try 1 "provisiond.sock" "claim without provisiond" claim
try 1 "No such file" "an order that is not there" claim "$dir/none"
try 1 "is a folder" "an order that is a folder" claim "$dir"
head -c 70000 /dev/zero >"$dir/big"
try 1 "more than 65536 bytes" "an order that is none" claim "$dir/big"

# Language: --lang, then the environment, then the board, then Arabic.
try 1 "الدروس" "Arabic by default" status
mkdir -p "$dir/etc/wasl"
printf '[box]\nlanguage = fr\n' >"$dir/etc/wasl/profile.conf"
try 1 "Leçons" "the board's language" status
LANG=en_GB.UTF-8 try 1 "Lessons" "LANG before the board" status
LANG=C.UTF-8 try 1 "Leçons" "a LANG that says nothing" status
LANG=en_GB.UTF-8 try 1 "الدروس" "--lang before LANG" --lang ar status
"$wasl" status >"$dir/out" 2>/dev/null
! grep -q $'\x1b' "$dir/out"
ok $? "no colour into a pipe"

# Configuration.
try 0 "wasl-provisiond: the configuration is good" "config check" config check
try 0 "language = fr" "config get" config get
[ "$("$wasl" config get box.language)" = fr ]
ok $? "config get of one key"
[ "$("$wasl" config get | grep -c '^\[box\]')" = 1 ]
ok $? "a section that two programs share is shown once"
try 1 "no section or key 'box.colour'" "config get of nothing" config get box.colour
printf '[box]\nlanguage = de\n' >"$dir/etc/wasl/profile.conf"
try 1 "line 2: [box] language: 'de' is none of: ar, fr, en" "config check tells what is wrong" config check
try 1 "line 2: [box] language" "config get as well" config get box.language
try 1 "الدروس" "a broken configuration does not hide the status" status
finish
