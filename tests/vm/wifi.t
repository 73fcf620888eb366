#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "until_so"
# Radios without hardware (mac80211_hwsim) under Debian's kernel: a real hostapd runs on the file that wasl-netmgrd writes, phones join by
# WPA3 and by WPA2, and what is counted is what iw reads. Some minutes.
if [ "${1:-}" != inside ]; then
	# shellcheck source=tests/vm/lib.sh
	. "$(dirname "$0")/lib.sh"
	unpacked=${VM_FOLDER:-build/vm}/unpacked
	tests/vm/unpack vm-unpack "$unpacked" || skip_all "hostapd cannot be fetched here"
	VM_SECONDS=900 VM_CONSOLE=$work/console B=${B:-$PWD/build/dev} tests/vm/run bash tests/vm/wifi.t inside "$PWD/$unpacked" >"$work/said" 2>&1
	status=$?
	cat "$work/said"
	[ $status -le 1 ] || { tail -n 20 "$work/console" | sed 's/^/# /' && echo "not ok - the machine ended with $status"; }
	exit $status
fi

set -uo pipefail
unpacked=$2
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
PATH=$PATH:$unpacked/usr/sbin:$unpacked/sbin
# The kernel looks for it from its own root, which is where the guest began.
mkdir -p /run/firmware
for file in regulatory.db regulatory.db.p7s; do cp "$unpacked/lib/firmware/$file-debian" "/run/firmware/$file"; done
printf /new/run/firmware >/sys/module/firmware_class/parameters/path

# --- a box with a radio, two pupils and a teacher with one each -----------------------------------------------
# Slow as this machine is, a beacon that comes late is no reason to leave.
modprobe mac80211 beacon_loss_count=250 probe_wait_ms=10000 max_nullfunc_tries=10 2>"$work/modprobe.log"
modprobe mac80211_hwsim radios=4 2>"$work/modprobe.log"
radios=(/sys/class/ieee80211/*)
is "${#radios[@]}" 4 "there are four radios"
device_of() { # device_of PHY
	local list=("/sys/class/ieee80211/$1/device/net/"*)
	echo "${list[0]##*/}"
}
box=$(device_of phy0)
ip link set "$box" name wlan0
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
phone() { # phone NAME PHY ADDRESS SSID KEY-MANAGEMENT PASSPHRASE
	local device
	device=$(device_of "$2")
	make_namespaces "$1"
	iw phy "$2" set netns name "$(ns "$1")"
	in_ns "$1" ip link set "$device" name air0
	in_ns "$1" ip addr add "$3/24" dev air0
	cat >"$work/$1.conf" <<-END
		ctrl_interface=$work/ctl-$1
		country=TN
		sae_pwe=1
		network={
			ssid="$4"
			key_mgmt=$5
			psk="$6"
			ieee80211w=1
		}
	END
	ip netns exec "$(ns "$1")" wpa_supplicant -i air0 -c "$work/$1.conf" -D nl80211 >"$work/$1.log" 2>&1 &
	children+=($!)
}
joined() { in_ns "$1" wpa_cli -p "$work/ctl-$1" -i air0 status 2>/dev/null | grep -q '^wpa_state=COMPLETED'; }
join() { # join NAME: where the machine was too slow for the radio's patience, and a phone waits longer each time, it is told to go on
	local try
	for try in 0 1 2 3 4; do
		[ "$try" = 0 ] || in_ns "$1" wpa_cli -p "$work/ctl-$1" -i air0 reassociate >>"$work/join.log" 2>&1
		until_so 10 joined "$1" && return
	done
	return 1
}
for bridge in br0:10.20.0.1 br1:10.30.0.1; do
	ip link add "${bridge%:*}" type bridge
	ip addr add "${bridge#*:}/24" dev "${bridge%:*}"
	ip link set "${bridge%:*}" up
done
mkdir -p "$work/root/etc/wasl" "$work/root/var/lib/wasl/conf"
echo "al-madrasa 2026" >"$work/root/var/lib/wasl/conf/class.pass"
echo "staff-only-secret" >"$work/root/var/lib/wasl/conf/staff.pass"
cat >"$work/root/etc/wasl/profile.conf" <<-END
	[net]
	far_a =
	far_b =
	[zone class]
	kind = classroom
	device = br0
	[zone office]
	kind = staff
	device = br1
	[wifi class]
	device = wlan0
	ssid = مدرسة
	zone = class
	country = TN
	passphrase_file = /var/lib/wasl/conf/class.pass
	[wifi staff]
	device = wlan0
	ssid = staff
	zone = office
	security = wpa2
	passphrase_file = /var/lib/wasl/conf/staff.pass
END
start_daemon() {
	WASL_ROOT=$work/root "$B/bin/wasl-netmgrd" 2>>"$work/netmgrd.log" &
	daemon=$!
	children+=("$daemon")
}
start_daemon
file=$work/root/run/wasl/netmgr/hostapd-wlan0.conf
until_so 60 [ -s "$file" ]
ok $? "what hostapd is told is written"
is "$(stat -c %a "$file")" 600 "for nobody else to read"
hostapd "$file" >"$work/hostapd.log" 2>&1 &
hostapd=$!
children+=("$hostapd")
on_air() { iw dev "$1" info 2>/dev/null | grep -q 'type AP'; }
until_so 30 on_air wlan0 && until_so 30 on_air wlan0-1
ok $? "a real hostapd takes it: both networks are on the air"
channel=$(iw dev wlan0 info | sed -n 's/.*channel \([0-9]*\) .*/\1/p')
[[ $channel =~ ^(1|6|11)$ ]]
ok $? "on a channel that others are not disturbed by: $channel"
is "$(iw reg get | sed -n 's/^country \(..\):.*/\1/p' | head -n 1)" TN "by the country's rules"

# --- what is read of the radio --------------------------------------------------------------------------------
"$B/tests/radio-look" wlan0 >"$work/read"
iw phy phy0 info | awk '$1 == "*" && $3 == "MHz" && ($2 >= 2412 && $2 <= 2484 || $2 >= 5160 && $2 <= 5885) {
	gsub(/[][]/, "", $4)
	print "channel " $2 " " $4 (/disabled/ ? " off" : "") (/no IR/ ? " silent" : "") (/radar/ ? " radar" : "") }' >"$work/iw.channels"
is "$(grep ^channel "$work/read" | sed "s/ off.*/ off/" | diff - "$work/iw.channels")" "" "its channels, and what is not permitted, are what iw reads: $(wc -l <"$work/iw.channels")"
grep -q radar "$work/iw.channels" && grep -qv radar "$work/iw.channels"
ok $? "some of them are for radar"
iw dev wlan0 survey dump | awk '/frequency/ { mhz = $2 } /noise/ { noise = $2 } /active time/ { time = $4 } /busy time/ { print "survey " mhz " " noise " " time " " $4 }' \
	>"$work/iw.survey"
is "$(grep ^survey "$work/read" | diff - "$work/iw.survey")" "" "and what was heard on each: $(wc -l <"$work/iw.survey")"
[ -s "$work/iw.survey" ]
ok $? "something was"

# --- phones ---------------------------------------------------------------------------------------------------
phone pupil1 phy1 10.20.0.11 مدرسة SAE "al-madrasa 2026"
join pupil1
ok $? "a new phone joins by WPA3"
phone pupil2 phy2 10.20.0.12 مدرسة WPA-PSK "al-madrasa 2026"
join pupil2
ok $? "an old one joins the same network by WPA2"
phone teacher phy3 10.30.0.11 staff WPA-PSK staff-only-secret
join teacher
ok $? "and a teacher the network of the staff"
hears() { in_ns "$1" busybox ping -q -c "${3:-1}" -W 2 -s 1000 "$2" >/dev/null 2>&1; }
until_so 20 hears pupil1 10.20.0.1 5 && until_so 20 hears pupil2 10.20.0.1 5 && until_so 20 hears teacher 10.30.0.1 5
ok $? "each reaches the box"
! hears pupil1 10.20.0.12 3
ok $? "pupils do not reach each other"

# --- what is counted ------------------------------------------------------------------------------------------
look() { (cd "$work" && curl -s --max-time 5 --unix-socket root/run/wasl/netmgrd.sock http://x/v1/wifi >"$work/wifi"); }
of() { jq -r --arg n "$1" ".networks[] | select(.name == \$n) | $2" "$work/wifi"; }
iw_sum() { iw dev "$1" station dump | awk -v what="$2:" '$1 " " $2 == what { sum += $3 } END { print sum + 0 }'; }
iw_says() { echo "$(iw dev "$1" station dump | grep -c ^Station) $(iw_sum "$1" "rx bytes") $(iw_sum "$1" "tx bytes") $(iw_sum "$1" "tx retries") $(iw_sum "$1" "tx failed")"; }
we_say() { of "$1" '"\(.stations) \(.rx_bytes) \(.tx_bytes) \(.tx_retries) \(.tx_failed)"'; }
# Begun anew, so that what one sent before he had to join once more is in nobody's sum.
written=$(stat -c '%i %Y' "$file")
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
start_daemon
agree() { look && ours=$(we_say "$1") theirs=$(iw_says "$2") && [ "$ours" = "$theirs" ]; }
compare() { # compare WHEN
	until_so 60 agree class wlan0
	is "$ours" "$theirs" "of the class, $1: stations, bytes both ways, retries, failures are what iw reads"
	until_so 60 agree staff wlan0-1
	is "$ours" "$theirs" "and of the staff"
}
compare "after a kill"
is "$(of class .stations) $(of staff .stations)" "2 1" "two pupils and a teacher"
is "$(stat -c '%i %Y' "$file")" "$written" "and hostapd is left alone: the channel is the one that it was"
before=$(of class .rx_bytes)
hears pupil1 10.20.0.1 20
hears teacher 10.30.0.1 15
more() { look && [ "$(of class .rx_bytes)" -ge $((before + 20000)) ]; }
until_so 30 more
ok $? "20 kB more are counted"
compare "after 20 kB more"
is "$(of class .channel) $(of class .width)" "$channel 20" "the channel is the one on which it is"
is "$(of class .judgement) $(of staff .judgement)" "well well" "all is well"
grep -riE "([0-9a-f]{2}:){5}[0-9a-f]{2}" "$work/wifi" "$work/netmgrd.log" "$work/root/var" "$work/root/run" >"$work/addresses"
is "$(cat "$work/addresses")" "" "no address of anybody's machine is in an answer, a log or a file"
grep -lE "al-madrasa 2026|staff-only-secret" "$work/wifi" "$work/netmgrd.log" >"$work/secrets"
is "$(cat "$work/secrets")" "" "nor a passphrase"

# --- one goes -------------------------------------------------------------------------------------------------
sent=$(of class .rx_bytes)
in_ns pupil2 wpa_cli -p "$work/ctl-pupil2" -i air0 disconnect >/dev/null
left() { look && [ "$(of class .stations)" = 1 ]; }
until_so 40 left
ok $? "one who goes is no longer counted"
[ "$(of class .rx_bytes)" -ge "$sent" ]
ok $? "and what he sent still is"
kill -9 "$hostapd"
silent() { look && [ "$(of class .judgement) $(of staff .judgement)" = "silent silent" ]; }
until_so 40 silent
ok $? "without hostapd both networks are said to be silent"
finish
