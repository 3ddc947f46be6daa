/* SPDX-License-Identifier: ISC */
#include "base/moment.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Sets *offset to the seconds east of Greenwich. Older AWS CLIs write "UTC". */
static int parse_zone(const char *text, int64_t *offset)
{
	unsigned hours, minutes;
	char sign, again[32];
	bool has_colon = strchr(text, ':');

	*offset = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "UTC") == 0)
		return 0;
	if (sscanf(text, has_colon ? "%c%2u:%2u" : "%c%2u%2u", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-') ||
	    hours > 23 || minutes > 59)
		return -1;
	snprintf(again, sizeof(again), has_colon ? "%c%02u:%02u" : "%c%02u%02u", sign, hours, minutes);
	*offset = (int)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return strcmp(again, text) == 0 ? 0 : -1;
}

int64_t moment_parse(const char *text)
{
	struct tm tm = { 0 };
	int64_t offset, moment;
	char again[32];

	if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec) != 6)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	moment = timegm(&tm);
	/* timegm(3) takes a 13th month for the first of the next year: such a text differs from how its moment is written. */
	moment_print(moment, again);
	if (moment < 0 || strncmp(text, again, 10) != 0 || strncmp(text + 11, again + 11, 8) != 0)
		return -1;
	text += 19;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	return parse_zone(text, &offset) < 0 || moment < offset ? -1 : moment - offset;
}

void moment_print(int64_t moment, char text[static 32])
{
	time_t time = (time_t)moment;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 32, "-");
}
