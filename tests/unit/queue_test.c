/* SPDX-License-Identifier: ISC
 *
 * Queues: their URLs, how long to wait for one that does not answer, and what is remembered of its messages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "base/backoff.h"
#include "base/cleanup.h"
#include "base/queue_url.h"
#include "listen/seen.h"
#include "tap.h"

/* ---- URLs ---- */

static const struct {
	const char *url, *region, *origin, *arn;
	bool is_regional, is_open;
} urls[] = {
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/app", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com",
	  "arn:aws:sqs:eu-west-1:123456789012:app", true, false },
	{ "https://sqs-fips.us-east-1.amazonaws.com/123456789012/app", "us-east-1", "https://sqs-fips.us-east-1.amazonaws.com",
	  "arn:aws:sqs:us-east-1:123456789012:app", true, false },
	{ "https://sqs.eu-west-1.api.aws/123456789012/app", "eu-west-1", "https://sqs.eu-west-1.api.aws",
	  "arn:aws:sqs:eu-west-1:123456789012:app", true, false },
	{ "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/app", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn",
	  "arn:aws-cn:sqs:cn-north-1:123456789012:app", true, false },
	{ "https://sqs.cn-north-1.amazonaws.com/123456789012/app", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com",
	  "arn:aws-cn:sqs:cn-north-1:123456789012:app", false, false },
	{ "https://sqs.us-gov-west-1.amazonaws.com/123456789012/app", "us-gov-west-1",
	  "https://sqs.us-gov-west-1.amazonaws.com", "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:app", true, false },
	{ "HTTPS://SQS.EU-WEST-1.AMAZONAWS.COM/123456789012/app", "eu-west-1", "HTTPS://SQS.EU-WEST-1.AMAZONAWS.COM",
	  "arn:aws:sqs:eu-west-1:123456789012:app", true, false },
	{ "https://queue.amazonaws.com/123456789012/app", "us-east-1", "https://queue.amazonaws.com",
	  "arn:aws:sqs:us-east-1:123456789012:app", true, false },
	{ "https://eu-west-1.queue.amazonaws.com/123456789012/app", "eu-west-1", "https://eu-west-1.queue.amazonaws.com",
	  "arn:aws:sqs:eu-west-1:123456789012:app", true, false },
	{ "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/123456789012/app", "eu-west-1",
	  "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com", "arn:aws:sqs:eu-west-1:123456789012:app", false, false },
	{ "https://vpce-0a1b-2c3d-eu-west-1a.sqs.eu-west-1.vpce.amazonaws.com/123456789012/a.fifo", "eu-west-1",
	  "https://vpce-0a1b-2c3d-eu-west-1a.sqs.eu-west-1.vpce.amazonaws.com", "arn:aws:sqs:eu-west-1:123456789012:a.fifo",
	  false, false },
	{ "https://sqs.eu-west-1.amazonaws.com.evil.example/123456789012/app", "eu-west-1",
	  "https://sqs.eu-west-1.amazonaws.com.evil.example", "arn:aws:sqs:eu-west-1:123456789012:app", false, false },
	{ "https://sqs.eu-west-1.amazonaws.com:8443/123456789012/app", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com:8443",
	  "arn:aws:sqs:eu-west-1:123456789012:app", false, false },
	{ "https://queues.example/123456789012/app", "", "https://queues.example", "arn:aws:sqs:ap-south-1:123456789012:app",
	  false, false },
	{ "https://sqs.example/123456789012/app", "", "https://sqs.example", "arn:aws:sqs:ap-south-1:123456789012:app", false,
	  false },
	{ "http://localhost:4566/queue/eu-west-1/000000000000/app", "", "http://localhost:4566",
	  "arn:aws:sqs:ap-south-1:000000000000:app", false, false },
	{ "http://127.0.0.1:9324/000000000000/app", "", "http://127.0.0.1:9324", "arn:aws:sqs:ap-south-1:000000000000:app",
	  false, false },
	{ "http://[::1]:9324/000000000000/app", "", "http://[::1]:9324", "arn:aws:sqs:ap-south-1:000000000000:app", false,
	  false },
	{ "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/app", "eu-west-1",
	  "http://sqs.eu-west-1.localhost.localstack.cloud:4566", "arn:aws:sqs:eu-west-1:000000000000:app", false, true },
	{ "http://localhost.example/000000000000/app", "", "http://localhost.example",
	  "arn:aws:sqs:ap-south-1:000000000000:app", false, true },
};

static const struct {
	const char *url, *why;
} wrong_urls[] = {
	{ "", "it does not begin with https://" },
	{ "app", "it does not begin with https://" },
	{ "arn:aws:sqs:eu-west-1:123456789012:app", "it does not begin with https://" },
	{ "ftp://sqs.eu-west-1.amazonaws.com/123456789012/app", "it does not begin with https://" },
	{ "https://", "it has no host" },
	{ "https:///123456789012/app", "it has no host" },
	{ "https://sqs.eu-west-1.amazonaws.com", "it has no ACCOUNT and NAME after the host" },
	{ "https://sqs.eu-west-1.amazonaws.com/", "it has no ACCOUNT and NAME after the host" },
	{ "https://sqs.eu-west-1.amazonaws.com/app", "it has no ACCOUNT and NAME after the host" },
	{ "https://sqs.eu-west-1.amazonaws.com//app", "it has no ACCOUNT before the name" },
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/", "its NAME is not one that a queue can have" },
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/a.b", "its NAME is not one that a queue can have" },
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/.fifo", "its NAME is not one that a queue can have" },
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/a b", "it holds a user, a query, or what no URL has" },
	{ "https://user@sqs.eu-west-1.amazonaws.com/123456789012/app", "it holds a user, a query, or what no URL has" },
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/app?x=y", "it holds a user, a query, or what no URL has" },
	{ "https://sqs.eu-west-1.amazonaws.com/123456789012/app\n", "it holds a user, a query, or what no URL has" },
};

static bool url_is(size_t i)
{
	struct queue_url queue;
	cleanup_free char *arn = NULL;

	if (queue_url_parse(urls[i].url, &queue, NULL) < 0 || !(arn = queue_url_arn(&queue, "ap-south-1")))
		return false;
	if (strcmp(queue.region, urls[i].region) == 0 && strcmp(queue.origin, urls[i].origin) == 0 &&
	    strcmp(arn, urls[i].arn) == 0 && queue.is_regional == urls[i].is_regional && queue.is_open == urls[i].is_open)
		return true;
	printf("# %s: '%s' '%s' '%s' %d %d\n", urls[i].url, queue.region, queue.origin, arn, queue.is_regional, queue.is_open);
	return false;
}

static void test_urls(void)
{
	char claim[300], wanted[512], longest[400];
	struct atomicdir_error error;
	struct queue_url queue;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		snprintf(claim, sizeof(claim), "%s: its region, where it is asked, its ARN", urls[i].url);
		ok(url_is(i), claim);
	}
	for (size_t i = 0; i < sizeof(wrong_urls) / sizeof(*wrong_urls); i++) {
		int result = queue_url_parse(wrong_urls[i].url, &queue, &error);

		snprintf(claim, sizeof(claim), "URL %zu is refused: %s", i, wrong_urls[i].why);
		snprintf(wanted, sizeof(wanted), "REGION.amazonaws.com/ACCOUNT/NAME: %s", wrong_urls[i].why);
		ok(result == -1 && error.kind == ATOMICDIR_USAGE && strstr(error.text, wanted) && !strstr(error.text, "user@"),
		   claim);
	}
	snprintf(longest, sizeof(longest), "https://sqs.eu-west-1.amazonaws.com/123456789012/%080d", 0);
	ok(queue_url_parse(longest, &queue, NULL) == 0, "a name has up to 80 characters");
	snprintf(longest, sizeof(longest), "https://sqs.eu-west-1.amazonaws.com/123456789012/%081d", 0);
	ok(queue_url_parse(longest, &queue, NULL) < 0, "and no more");
	snprintf(longest, sizeof(longest), "https://%0300d/123456789012/a", 0);
	ok(queue_url_parse(longest, &queue, NULL) < 0, "a host that is longer than any is none");
}

/* ---- Waiting ---- */

static void test_backoff(void)
{
	static const struct {
		int failures;
		int64_t most_ms, least, greatest;
	} rows[] = { { 1, 60000, 500, 1000 },	       { 2, 60000, 1000, 2000 },   { 3, 60000, 2000, 4000 },
		     { 6, 60000, 16000, 32000 },       { 7, 60000, 30000, 60000 }, { 8, 60000, 30000, 60000 },
		     { 1000000, 60000, 30000, 60000 }, { 1, 100, 50, 100 },	   { 5, 1000, 500, 1000 } };
	bool is_within = true, is_reached = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t span = rows[i].greatest - rows[i].least;

		is_reached = is_reached && backoff_ms(rows[i].failures, rows[i].most_ms, 0) == rows[i].least &&
			     backoff_ms(rows[i].failures, rows[i].most_ms, (uint32_t)span) == rows[i].greatest;
		for (uint32_t random = 0; random < 4000000000U; random += 99999989) {
			int64_t ms = backoff_ms(rows[i].failures, rows[i].most_ms, random);

			is_within = is_within && ms >= rows[i].least && ms <= rows[i].greatest;
		}
	}
	ok(is_within, "a wait is between half of a time and all of it, which doubles from 1 s to its limit");
	ok(is_reached, "and may be either");
	is_int(credentials_spare_s(3600), 600, "keys of an hour are given up ten minutes before their end");
	is_int(credentials_spare_s(1800), 600, "those of half an hour too");
	is_int(credentials_spare_s(900), 300, "those of a quarter of an hour when a third is left");
	is_int(credentials_spare_s(0), 0, "those of no time at once");
}

/* ---- Messages ---- */

static void test_seen(void)
{
	static struct seen seen;
	char id[QUEUE_ID_SIZE];
	bool is_any = false;

	for (int i = 0; i < SEEN_COUNT + 1; i++) {
		snprintf(id, sizeof(id), "%d", i);
		is_any = is_any || seen_before(&seen, id);
	}
	ok(!is_any, "ids that are new have not been seen");
	ok(seen_before(&seen, "256") && seen_before(&seen, "1"), "the last ones have");
	ok(!seen_before(&seen, "0"), "those before them are forgotten");
	ok(!seen_before(&seen, "") && !seen_before(&seen, ""), "a message without an id is new each time");
}

int main(void)
{
	test_urls();
	test_backoff();
	test_seen();
	return done();
}
