#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317,SC2154 # called by name; what lib.sh set
# The web server as a box has it: its configuration written by wasl-door from the box's, systemd's watchdog, and what each
# reply says about the house.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

house=$(cd "$(dirname "$0")/../.." && pwd)
box=$top/box run=$top/box/run/wasl-nginx
mkdir -p "$box/etc/wasl" "$box/var/lib/wasl/conf" "$box/var/lib/wasl/content/store" "$box/run/wasl"
portal=$box/var/lib/wasl/content/portal
for lang in ar fr en; do mkdir -p "$portal/$lang" && echo "<p>$lang" >"$portal/$lang/index.html"; done
mkdir -p "$portal/assets" && echo 'body{}' >"$portal/assets/portal.css"
# A module with sanitizers wants their runtime in whoever loads it.
{ printf '#!/bin/sh\nexec' && printf ' "%s"' "${watched[@]}" /usr/sbin/nginx && echo ' "$@"'; } | sed 's/ ""//' >"$top/nginx"
chmod 755 "$top/nginx"
doors=("$B/bin/wasl-door" --parts "$house/cache/nginx" --module "$module" --nginx "$top/nginx")
door() { WASL_ROOT=$box "${doors[@]}" "$@"; }
site=$box/var/lib/wasl/conf/site.conf
printf '[door]\nlisten = 127.0.0.1\nport = %s\nworkers = 2\n' "$port" >"$site"

# --- its configuration --------------------------------------------------------------------------------
door -n >"$top/said"
like "$top/said" 'the configuration is good' "the box's configuration is checked"
door
ok $? "nginx takes what is made of it"
like "$run/nginx.conf" "listen 127.0.0.1:$port " "with the box's address and port"
cp "$run/nginx.conf" "$top/first"
for wrong in 'listen = 0.0.0.0; root /' 'port = 0' 'port = http' 'workers = 1000' 'doors = 2'; do
	printf '[door]\n%s\n' "$wrong" >"$site"
	door 2>"$top/said"
	is "$? $(grep -c 'wasl-door:' "$top/said")" "1 1" "refused, with one sentence: $wrong"
done
printf '[door]\nlisten = 203.0.113.7\nport = %s\n' "$port" >"$site"
door 2>"$top/said"
is $? 1 "an address that the box has not"
like "$top/said" 'nginx refuses .*203\.0\.113\.7' "is nginx's to refuse"
cmp -s "$run/nginx.conf" "$top/first" && [ ! -e "$run/nginx.conf.new" ]
ok $? "and changes nothing"
printf '[door]\nlisten = 127.0.0.1\nport = %s\nworkers = 3\n' "$port" >"$site"
door
like "$run/nginx.conf" "worker_processes 3;" "a good one replaces it"

# --- systemd's watchdog -------------------------------------------------------------------------------
# As the unit runs it where this test may: www-data with one capability, and nothing else of root.
as=()
if [ "$(id -u)" = 0 ] && setpriv --reuid=www-data --regid=www-data --clear-groups test -r "$module"; then
	# shellcheck disable=SC2054 # the commas are setpriv's
	as=(setpriv --reuid=www-data --regid=www-data --clear-groups --no-new-privs --bounding-set=-all,+net_bind_service
		--inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service)
	rm -rf "$run" && mkdir "$run" && chown www-data "$run"
fi
printf "[door]\nlisten = 127.0.0.1\nport = %s\nworkers = 2\n" "$port" >"$site"
WASL_ROOT=$box "${as[@]}" "${doors[@]}"
ok $? "the unit's user writes it, too"
cp "$run/nginx.conf" "$top/nginx.conf"
[ "$(id -u)" != 0 ] || sed -i 's/^user .*/user root;/' "$top/nginx.conf"
# Reads what is told to systemd; each line is the time and the words.
perl -MIO::Socket::UNIX -MTime::HiRes=time -e '
	$| = 1;
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
	while (defined $s->recv(my $m, 4096)) { printf "%.2f %s\n", time, $m }' "$top/notify.sock" >"$top/told" &
listener=$!
until_so 10 test -S "$top/notify.sock"
chmod 666 "$top/notify.sock"
export NOTIFY_SOCKET=$top/notify.sock WATCHDOG_USEC=6000000
watched=("${as[@]}" "${watched[@]}")
start_nginx_daemon
ok $? "the server starts with it"
[ ${#as[@]} = 0 ] || is "$(ps -o user= -p "$nginx,$(workers | paste -sd,)" | sort -u)" www-data "and nothing of it is root"
fed() { grep -c 'WATCHDOG=1' "$top/told"; }
fed_again() { [ "$(fed)" -gt "$1" ]; }
until_so 10 fed_again 2
ok $? "workers feed the watchdog"
hung=$(workers | head -n 1)
kill -STOP "$hung"
until_so 20 grep -q "worker $hung does not go on" "$run/nginx-error.log"
ok $? "one that hangs is noticed by the other"
# What was told before that has been read when this has.
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $ARGV[0])->send("NOTICED") or die' "$top/notify.sock"
until_so 10 grep -q NOTICED "$top/told"
before=$(fed)
get / >/dev/null # the other goes on: its clock has ticked
never 3 fed_again "$before"
ok $? "and nobody feeds it any more"
kill -CONT "$hung"
until_so 10 fed_again "$before"
ok $? "until it goes on"
kill "$listener"
wait "$listener" 2>/dev/null

# --- phones and computers that ask whether this network leads anywhere --------------------------------
school=http://madrasa:$port # on port 80 without it
# Each is at an address of its own: it is told that there is something to be seen until it has had a page, and then what it hopes for.
from=127.0.1.0
asks() { get "$2" -H "Host: $1" --interface "$from" "${@:3}"; } # asks HOST PATH [CURL ARGUMENTS…]
captive() { is "$(asks "$2" "$3") $(header Location)" "302 $school/welcome" "$1 asks $2$3 and is led to the school's page"; }
online() { # online NAME HOST PATH WANT [BODY]
	is "$(asks "$2" "$3")" "$4" "then $1 asks $2$3 and may stay"
	[ -z "${5:-}" ] || is "$(tr -d '\r\n' <"$top/body")" "$5" "and hears what it hopes for"
}
unkept() { is "$(header Cache-Control), $(header Set-Cookie)" "no-store, " "which nobody keeps, and no cookie comes with it"; }
apple='<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>'
seen=0
while IFS='|' read -r name host path want body; do
	seen=$((seen + 1)) from=127.0.1.$((seen + 1))
	captive "$name" "$host" "$path"
	unkept
	is "$(asks madrasa /)" 200 "its person has the portal"
	online "$name" "$host" "$path" "$want" "$body"
	unkept
	echo "$host" >>"$top/hosts"
done <<END
Android|connectivitycheck.gstatic.com|/generate_204|204|
Android, tried next|connectivitycheck.android.com|/generate_204|204|
Android|www.google.com|/gen_204|204|
Android, again|play.googleapis.com|/generate_204|204|
Android 5, Chrome OS|clients3.google.com|/generate_204|204|
Huawei|connectivitycheck.platform.hicloud.com|/generate_204|204|
Honor|connectivitycheck.platform.hihonorcloud.com|/generate_204|204|
Xiaomi|connect.rom.miui.com|/generate_204|204|
Samsung|connectivity.samsung.com.cn|/generate_204|204|
Oppo|conn1.oppomobile.com|/generate_204|204|
Oppo, tried next|conn2.oppomobile.com|/generate_204|204|
Vivo|wifi.vivo.com.cn|/generate_204|204|
Transsion|www.transsion.com|/generate_204|204|
Amazon Fire|spectrum.s3.amazonaws.com|/kindle-wifi/wifistub.html|200|<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><html><head><title>Kindle Reachability Probe Page</title></head><body>81ce4465-7167-4dcb-835b-dcc9e44c112a</body></html>
iPhone|captive.apple.com|/hotspot-detect.html|200|$apple
iPhone, older|www.apple.com|/library/test/success.html|200|$apple
iPhone, with its own tail|captive.apple.com|/|200|$apple
Windows 10|www.msftconnecttest.com|/connecttest.txt|200|Microsoft Connect Test
Windows 7|www.msftncsi.com|/ncsi.txt|200|Microsoft NCSI
Firefox|detectportal.firefox.com|/success.txt|200|success
Firefox, newer|detectportal.firefox.com|/canonical.html|200|<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>
GNOME|nmcheck.gnome.org|/check_network_status.txt|200|NetworkManager is online
Debian|network-test.debian.org|/nm|200|NetworkManager is online
Ubuntu|connectivity-check.ubuntu.com|/|204|
Fedora|fedoraproject.org|/static/hotspot.txt|200|OK
Arch|ping.archlinux.org|/nm-check.txt|200|NetworkManager is online
KDE|networkcheck.kde.org|/|200|OK
END
is "$(asks www.msftconnecttest.com /redirect) $(header Location)" "302 $school/" "Windows opens the school's page"
# Names that the box answers for itself (netmgr/wall/dnsmasq.c) are all of phones that are answered here.
sed -n 's|^address=/\(.*\..*\)/10\.20\.0\.1$|\1|p' "$house/tests/unit/netmgr/golden/dnsmasq.conf" | sort >"$top/names"
is "$(sort -u "$top/hosts" | comm -13 - "$top/names" | paste -sd' ')" "" "every name that is led to the box has an answer here"
like "$top/names" 'captive.apple.com' "and there are such names"

# What is no page that a person sees does not count: a system's question that follows where it is led, above all.
from=127.0.2.1
asks madrasa /nothing >"$top/code" && asks madrasa /assets/portal.css >"$top/code" && asks madrasa / -I >"$top/code" &&
	asks captive.apple.com /hotspot-detect.html -A 'CaptiveNetworkSupport wispr' >"$top/code"
is "$(asks madrasa /welcome)" 200 "where it is led to there is something, also while contentd has written nothing"
like "$top/body" "href=\"$school/\"" "which leads on"
captive "a phone that has had no page yet" captive.apple.com /hotspot-detect.html
is "$(asks madrasa /api/captive) $(header Content-Type) $(jq -c . "$top/body")" \
	"200 application/captive+json {\"captive\":true,\"user-portal-url\":\"$school/welcome\"}" "it may ask in words, too (RFC 8908)"
unkept
echo '<p>welcome' >"$portal/ar/welcome.html"
is "$(asks madrasa /welcome) $(cat "$top/body")" "200 <p>welcome" "contentd's own page, where it has written one"
is "$(asks madrasa '/?lang=fr')" 200 "its person looks at the portal"
etag=$(header ETag)
is "$(asks madrasa /api/captive) $(jq -c . "$top/body")" "200 {\"captive\":false,\"user-portal-url\":\"$school/\"}" "and it is no captive any more"
from=127.0.2.2
captive "a phone from yesterday" connectivitycheck.gstatic.com /generate_204
is "$(asks madrasa '/?lang=fr' -H "If-None-Match: $etag")" 304 "its browser has the page still"
online "it" connectivitycheck.gstatic.com /generate_204 204
from=127.0.0.1
online "the box itself" connectivitycheck.gstatic.com /generate_204 204
is "$(curl -s "$url/metrics" | sed -n 's/^wasl_probes_total{answer="captive"} //p')" "$((seen + 4))" "how many were led away is counted"
replaced() { [ "$(worker_count)" = 2 ] && ! workers | grep -qxFf "$top/workers"; }
reload() {
	workers >"$top/workers"
	kill -HUP "$nginx"
	until_so 30 replaced
}
reload
from=127.0.2.1
online "who came before the server read its configuration anew" connectivitycheck.gstatic.com /generate_204 204

# The box's name is what [wall] says, there as here.
for wrong in 'portal = école' 'portal = a b' 'portal = x"; root /'; do
	printf '[wall]\n%s\n' "$wrong" >"$site"
	door 2>"$top/said"
	is "$? $(grep -c 'wasl-door:' "$top/said")" "1 1" "refused, with one sentence: $wrong"
done
printf '[door]\nlisten = 127.0.0.1\nport = %s\nworkers = 2\n[wall]\nportal = dars\n' "$port" >"$site"
WASL_ROOT=$box "${as[@]}" "${doors[@]}"
ok $? "the school has another name"
cp "$run/nginx.conf" "$top/nginx.conf"
[ "$(id -u)" != 0 ] || sed -i 's/^user .*/user root;/' "$top/nginx.conf"
rm "$portal/ar/welcome.html"
reload
school=http://dars:$port from=127.0.2.3
captive "a phone" connectivitycheck.gstatic.com /generate_204
is "$(asks www.msftconnecttest.com /redirect) $(header Location)" "302 $school/" "Windows opens this one's page"
is "$(asks dars /welcome) $(grep -cF "href=\"$school/\"" "$top/body")" "200 1" "which leads on under its name"
is "$(asks dars /api/captive) $(jq -c . "$top/body")" "200 {\"captive\":true,\"user-portal-url\":\"$school/welcome\"}" "and so it is told in words"
is "$(asks dars /)" 200 "its person has the portal"
is "$(asks dars /api/captive) $(jq -c . "$top/body")" "200 {\"captive\":false,\"user-portal-url\":\"$school/\"}" "from then on, too"

# --- questions that contentd must answer --------------------------------------------------------------
asked() { # asked COUNT: so many at once, from one address; the answers, counted
	for _ in $(seq "$1"); do printf 'url=%s/search?q=x\noutput=/dev/null\n' "$url"; done |
		curl -s -Z --parallel-max 40 --no-progress-meter -w '%{http_code}/%header{retry-after}s\n' -K - | sort | uniq -c | awk '{ printf "%s%sx%s", sep, $1, $2; sep = " " }'
}
is "$(asked 160)" 160x503/5s "forty phones behind one address ask four times each: none is refused (contentd is away)"
asked 1000 >"$top/asked"
like "$top/asked" '[0-9]+x429/2s' "a device that asks a thousand times is, and hears when to come back"
is "$(get /)" 200 "pages are not counted"

# --- what each reply says -----------------------------------------------------------------------------
replies=0
while IFS='|' read -r want path arguments; do
	# shellcheck disable=SC2086 # words of their own
	is "$(get "$path" $arguments)" "$want" "$want for $path $arguments"
	for line in '^X-Content-Type-Options: nosniff' '^Content-Security-Policy: '; do
		[ "$(grep -ciE "$line" "$top/head")" = 1 ] || { ok 1 "once: $line"; sed 's/^/# /' "$top/head"; }
	done
	! grep -iE 'nginx/|^X-Powered-By' "$top/head" "$top/body" || ok 1 "a version"
	replies=$((replies + 1))
done <<-END
	200|/
	200|/?lang=fr
	200|/assets/portal.css
	404|/nothing
	404|/assets/nothing
	503|/m/nothing/master.m3u8
	503|/p/nothing
	405|/|-X POST
	405|/assets/portal.css|-X DELETE
	503|/search?q=x
	503|/api/v1/status
	403|/search|-X POST
	204|/generate_204
	413|/|-d @$module
	414|/$(printf 'a%.0s' $(seq 9000))
	400|/%00
END
ok $? "$replies kinds of reply say how they may be used"
finish
