// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/radio.h"

#include <errno.h>

int radio_open(struct radio **out, struct fault *why)
{
	(void)why;
	*out = NULL;
	return 0;
}

void radio_close(struct radio *r)
{
	(void)r;
}

int radio_look(struct radio *r, const char *device, struct phy_look *out)
{
	(void)r;
	(void)device;
	(void)out;
	return -ENODEV;
}

int radio_phy(struct radio *r, const struct phy_look *look, struct phy *out)
{
	(void)r;
	(void)look;
	(void)out;
	return -ENODEV;
}

int radio_stations(struct radio *r, const struct phy_look *look, struct wifi_book *book)
{
	(void)r;
	(void)look;
	(void)book;
	return -ENODEV;
}

int radio_heard(struct radio *r, const struct phy_look *look,
		struct phy_survey out[static PHY_CHANNELS], size_t *count)
{
	(void)r;
	(void)look;
	(void)out;
	(void)count;
	return -ENODEV;
}

int radio_survey(struct radio *r, const struct phy_look *look, struct phy_survey *out)
{
	(void)r;
	(void)look;
	(void)out;
	return -ENODEV;
}

int radio_listen(struct radio *r, const struct phy_look *look)
{
	(void)r;
	(void)look;
	return -ENODEV;
}

int radio_country(struct radio *r, char out[static 3])
{
	(void)r;
	(void)out;
	return -ENODEV;
}

int radio_set_country(struct radio *r, const char *country)
{
	(void)r;
	(void)country;
	return -ENODEV;
}
