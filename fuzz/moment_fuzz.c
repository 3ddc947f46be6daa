/* SPDX-License-Identifier: ISC
 *
 * Claim: a moment is taken as what it says, or not at all
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/moment.h"
#include "fuzz.h"

#define YEAR_10000 253402300800

static long digits(const char *text, size_t count)
{
	long number = 0;

	for (size_t i = 0; i < count; i++) {
		must(text[i] >= '0' && text[i] <= '9');
		number = number * 10 + text[i] - '0';
	}
	return number;
}

/* Of seconds east of Greenwich. */
static long zone(const char *text)
{
	const char *minutes;

	if (strcmp(text, "Z") == 0 || strcmp(text, "UTC") == 0)
		return 0;
	minutes = text[3] == ':' ? text + 4 : text + 3;
	must((*text == '+' || *text == '-') && strlen(minutes) == 2);
	must(digits(text + 1, 2) < 24 && digits(minutes, 2) < 60);
	return (digits(text + 1, 2) * 60 + digits(minutes, 2)) * (*text == '-' ? -60 : 60);
}

/* Days since 1970, counted one year and one month after the other. */
static long days(long year, long month, long day)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	long count = day - 1;

	for (long i = 1970; i <= year; i++) {
		bool is_leap = (i % 4 == 0 && i % 100 != 0) || i % 400 == 0;

		for (long j = 1; j <= (i < year ? 12 : month - 1); j++)
			count += lengths[j - 1] + (is_leap && j == 2);
		if (i == year)
			must(day >= 1 && day <= lengths[month - 1] + (is_leap && month == 2));
	}
	return count;
}

/* Written a second time here, on purpose. */
static int64_t read_it(const char *text)
{
	long year, month, hour, minute, second;

	must(strlen(text) >= 20 && text[4] == '-' && text[7] == '-' && strchr("T ", text[10]) && text[13] == ':' &&
	     text[16] == ':');
	year = digits(text, 4);
	month = digits(text + 5, 2);
	hour = digits(text + 11, 2);
	minute = digits(text + 14, 2);
	second = digits(text + 17, 2);
	must(month >= 1 && month <= 12 && hour < 24 && minute < 60 && second < 60);
	return days(year, month, digits(text + 8, 2)) * 86400 + hour * 3600 + minute * 60 + second;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), printed[32];
	int64_t moment = moment_parse(text);
	const char *rest = text + (strlen(text) > 19 ? 19 : 0);

	must(moment >= -1);
	if (moment >= 0) {
		if (*rest == '.')
			rest += 1 + strspn(rest + 1, "0123456789");
		must(moment == read_it(text) - zone(rest));
		moment_print(moment, printed);
		must(moment_parse(printed) == moment || moment >= YEAR_10000);
	}
	free(text);
	return 0;
}
