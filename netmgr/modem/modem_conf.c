// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_conf.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/fault.h"
#include "netmgr/modem/apn.h"
#include "netmgr/net_conf.h"

bool modem_conf_has(const struct uplink_conf *u)
{
	return u->modem.plug[0] != '\0';
}

int modem_conf_check(const struct uplink_conf *u, struct fault *why)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-";
	const struct modem_conf *m = &u->modem;
	if (m->plug[strspn(m->plug, allowed)])
		return fault_set(
			why, -EINVAL, "net.modem",
			"[uplink %s] modem '%s': write yes, or the socket that it is in as "
			"'mmcli -m any' shows it at the end of its device: 1-1.2",
			u->name, m->plug);
	if (modem_conf_has(u) && (u->device[0] || strcmp(u->address, "dhcp") != 0))
		return fault_set(why, -EINVAL, "net.modem",
				 "[uplink %s] has a modem, which brings device and address; leave "
				 "device and address out",
				 u->name);
	if (m->apn[0] && !apn_good_name(m->apn))
		return fault_set(why, -EINVAL, "net.apn",
				 "[uplink %s] apn '%s': write letters, digits, '-', '.' and '_'",
				 u->name, m->apn);
	if (!apn_good_word(m->user) || !apn_good_word(m->password))
		return fault_set(why, -EINVAL, "net.apn",
				 "[uplink %s] apn_user and apn_password are of printable ASCII",
				 u->name);
	if (m->pin_file[0] && m->pin_file[0] != '/')
		return fault_set(why, -EINVAL, "net.pin",
				 "[uplink %s] pin_file '%s': write the whole path of a file that "
				 "holds the PIN",
				 u->name, m->pin_file);
	return 0;
}
