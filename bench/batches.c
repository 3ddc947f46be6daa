/* SPDX-License-Identifier: ISC
 *
 * batches calls|singles|secrets ROUNDS: the calls that a hundred secrets need, all at once, and nothing else; or a call for
 * each of them; or those secrets, as a fetcher gets them. Over connections that stand already. Prints the nanoseconds of each
 * round, one a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/aws.h"
#include "base/error.h"
#include "fetch/aws_source.h"

#define CALLS 5
#define EACH 20
#define SECRETS (CALLS * EACH)

static const struct request request;
static struct aws aws;
static struct source *source;

static int make_batch(struct aws_call *call, int number)
{
	int first = 1 + EACH * number;

	*call = (struct aws_call){ .operation = "BatchGetSecretValue", .id = "", .secret = "batch" };
	if (buffer_add_text(&call->body, "{\"SecretIdList\":[") < 0)
		return -1;
	for (int i = 0; i < EACH; i++)
		if (buffer_printf(&call->body, "%s\"all/%03d\"", i ? "," : "", first + i) < 0)
			return -1;
	return buffer_add_text(&call->body, "]}");
}

static int make_single(struct aws_call *call, int number)
{
	*call = (struct aws_call){ .operation = "GetSecretValue", .id = "", .secret = "one" };
	return buffer_printf(&call->body, "{\"SecretId\":\"all/%03d\"}", 1 + number);
}

static int run(int count, int (*make)(struct aws_call *call, int number))
{
	struct aws_call calls[SECRETS];
	int result = 0;

	for (int i = 0; i < count; i++)
		if (make(&calls[i], i) < 0)
			return -1;
	aws_run(&aws, calls, (size_t)count);
	for (int i = 0; i < count; i++) {
		if (!calls[i].answer)
			fprintf(stderr, "%s\n", calls[i].error.text);
		result = calls[i].answer ? result : -1;
		aws_call_clear(&calls[i]);
	}
	return result;
}

static int run_calls(void)
{
	return run(CALLS, make_batch);
}

static int run_singles(void)
{
	return run(SECRETS, make_single);
}

static int run_secrets(void)
{
	static char names[SECRETS][16];
	struct lookup lookups[SECRETS];
	int result = 0;

	for (int i = 0; i < SECRETS; i++) {
		snprintf(names[i], sizeof(names[i]), "all/%03d", 1 + i);
		lookups[i] = (struct lookup){
			.id = names[i], .service = "", .stage = "", .version = "", .failover_id = "", .failover_stage = ""
		};
	}
	source->get(source, lookups, SECRETS);
	for (int i = 0; i < SECRETS; i++) {
		if (lookups[i].result < 0)
			fprintf(stderr, "%s\n", lookups[i].error.text);
		result = lookups[i].result > 0 ? result : -1;
		secret_clear(&lookups[i].secret);
	}
	return result;
}

/* As the environment says; AWS_ENDPOINT_URL is where both services are. */
static int open_aws(bool is_source, struct atomicdir_error *error)
{
	const char *url = getenv("AWS_ENDPOINT_URL");
	const struct aws_settings settings = { .region = getenv("AWS_REGION"),
					       .ca_bundle = getenv("AWS_CA_BUNDLE"),
					       .endpoints = { [AWS_SECRETSMANAGER] = url, [AWS_SSM] = url } };
	struct credentials keys = { .is_fixed = true, .from = "the environment" };

	if (buffer_add_text(&keys.key_id, getenv("AWS_ACCESS_KEY_ID")) < 0 ||
	    buffer_add_text(&keys.key, getenv("AWS_SECRET_ACCESS_KEY")) < 0)
		return error_errno(error, NULL, "cannot start");
	if (is_source) {
		source = aws_source_new(&request, &settings, &keys, error);
		return source ? 0 : -1;
	}
	if (aws_init(&aws, &settings, NULL, error) < 0)
		return -1;
	aws.credentials = keys;
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int (*one)(void) = run_secrets;
	struct atomicdir_error error;

	if (strcmp(what, "calls") == 0)
		one = run_calls;
	else if (strcmp(what, "singles") == 0)
		one = run_singles;
	if (open_aws(one == run_secrets, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	for (int i = -1; i < (argc > 2 ? atoi(argv[2]) : 5); i++) {
		struct timespec begin, end;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		if (one() < 0)
			return 1;
		clock_gettime(CLOCK_MONOTONIC, &end);
		/* The first one opened the connections. */
		if (i >= 0)
			printf("%lld\n", (long long)(end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec);
	}
	return 0;
}
