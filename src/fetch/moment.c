/* SPDX-License-Identifier: ISC */
#include "fetch/moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Seconds east of Greenwich in *offset. "UTC" is what older AWS CLIs write. */
static int parse_zone(const char *text, int64_t *offset)
{
	int hours, minutes, size = 0;
	char sign;

	*offset = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "UTC") == 0)
		return 0;
	if ((sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &size) != 3 &&
	     sscanf(text, "%c%2d%2d%n", &sign, &hours, &minutes, &size) != 3) ||
	    text[size] || (sign != '+' && sign != '-'))
		return -1;
	*offset = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return 0;
}

int64_t moment_parse(const char *text)
{
	struct tm tm = {0};
	int64_t offset, moment;
	int size = 0;

	if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   &size) != 6 ||
	    !size)
		return -1;
	text += size;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (parse_zone(text, &offset) < 0)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	moment = timegm(&tm);
	return moment < 0 || moment - offset < 0 ? -1 : moment - offset;
}

void moment_print(int64_t moment, char text[static 32])
{
	time_t time = (time_t)moment;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 32, "another age");
}
