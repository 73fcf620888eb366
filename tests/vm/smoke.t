#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's own kernel under software emulation (tests/vm/run): it boots, the host's files are there and safe, results come back, and
# what other kernels lack is there: cake, fq_codel, netem, simulated Wi-Fi. `make check-vm`; a minute or two.
# shellcheck source=tests/vm/lib.sh
. "$(dirname "$0")/lib.sh"
echo "of the host" >"$work/file"

# What runs in there says "name: value" in lines.
cat >"$work/inside" <<'END'
echo "kernel: $(uname -r)"
echo "user: $(id -u)"
echo "file: $(cat "$1/file")"
echo "of the guest" >"$1/file" && echo "written: $(cat "$1/file")"
ip link add dummy0 type dummy && ip link set dummy0 up
for kind in cake fq_codel netem; do
	tc qdisc replace dev dummy0 root $kind && echo "$kind: $(tc qdisc show dev dummy0 | grep -c "qdisc $kind ")"
done
tc qdisc replace dev dummy0 root cake bandwidth 5mbit diffserv4 nat ack-filter
echo "cake5: $(tc qdisc show dev dummy0 | grep -c 'bandwidth 5Mbit diffserv4.*nat.*ack-filter')"
modprobe mac80211_hwsim radios=2 && echo "radios: $(iw phy | grep -c ^Wiphy)"
nft -f - <<NFT
table inet try { flowtable f { hook ingress priority 0; devices = { dummy0 }; }; chain c { type filter hook forward priority 0; flow add @f; }; }
NFT
echo "flowtable: $(nft list flowtables | grep -c 'flowtable f')"
exit 7
END
sed "s|\$1|$work|g" "$work/inside" >"$work/script"
VM_CONSOLE=$work/console tests/vm/run bash "$work/script" >"$work/said" 2>"$work/err"
status=$?
explain() { # once is enough
	explain() { :; }
	tail -n 20 "$work/said" "$work/err" "$work/console" 2>/dev/null | sed 's/^/# /'
}
is $status 7 "the command's own status comes back"
said() { sed -n "s/^$1: //p" "$work/said"; }
like "$work/said" '^kernel: [0-9.]+-[0-9]+-amd64$' "it is Debian's kernel: $(said kernel)"
is "$(said user)" 0 "where the command is root"
is "$(said file)" "of the host" "it reads the host's files"
is "$(said written)/$(cat "$work/file")" "of the guest/of the host" "and what it writes stays in there"
for kind in cake fq_codel netem; do is "$(said $kind)" 1 "$kind is there"; done
is "$(said cake5)" 1 "cake with the settings of an uplink"
is "$(said radios)" 2 "two radios without hardware"
is "$(said flowtable)" 1 "flow tables"

VM_SECONDS=5 tests/vm/run sleep 1000 >"$work/said" 2>"$work/err"
is $? 125 "a machine that does not end is ended"
like "$work/err" 'without a result' "and that is said"
tests/vm/run 2>"$work/err"
is $? 2 "without a command it says how to call it"
finish
