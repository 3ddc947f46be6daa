/* SPDX-License-Identifier: ISC
 *
 * The role of an EC2 instance.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/config.h"
#include "identity/instance.h"

#define IPV4 "http://169.254.169.254"
#define IPV6 "http://[fd00:ec2::254]"

static const char *instance_mode(void)
{
	return aws_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
}

int instance_check_mode(struct atomicdir_error *error)
{
	const char *mode = instance_mode();

	if (!mode || strcasecmp(mode, "ipv4") == 0 || strcasecmp(mode, "ipv6") == 0)
		return 0;
	return error_set(
		error, ATOMICDIR_USAGE, mode,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (ec2_metadata_service_endpoint_mode) is neither IPv4 nor IPv6");
}

static const char *instance_endpoint(void)
{
	const char *set = aws_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	const char *mode = instance_mode();

	if (set)
		return set;
	if (mode)
		return strcasecmp(mode, "ipv6") == 0 ? IPV6 : IPV4;
	return aws_setting_is_true("AWS_IMDS_USE_IPV6", "imds_use_ipv6") ? IPV6 : IPV4;
}

static void instance_add_number(struct question *question, const char *word, const char *variable, const char *key, long most)
{
	const char *text = aws_setting(variable, key);
	long value = text ? strtol(text, NULL, 10) : 1;
	char number[32];

	if (value < 1)
		value = 1;
	snprintf(number, sizeof(number), "%ld", value > most ? most : value);
	question_add(question, word, number);
}

int instance_question(const struct provider_context *context, const char *operation, struct question *question,
		      struct atomicdir_error *error)
{
	const char *endpoint = instance_endpoint();

	question_begin(question, context->net->settings, operation);
	if (aws_setting_is_true("AWS_EC2_METADATA_DISABLED", "ec2_metadata_disabled")) {
		error_set(error, ATOMICDIR_DENIED, NULL, "AWS_EC2_METADATA_DISABLED is true");
		return 0;
	}
	if ((strncasecmp(endpoint, "http://", 7) != 0 && strncasecmp(endpoint, "https://", 8) != 0) ||
	    strpbrk(endpoint, " \t\r\n@?#"))
		return error_set(
			error, ATOMICDIR_USAGE, endpoint,
			"AWS_EC2_METADATA_SERVICE_ENDPOINT (ec2_metadata_service_endpoint) is no URL such as http://HOST");
	question_add(question, WORD_URL, endpoint);
	instance_add_number(question, WORD_TIMEOUT_S, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 60);
	instance_add_number(question, WORD_ATTEMPTS, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 10);
	if (aws_setting_is_true("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"))
		question_add(question, WORD_NO_V1, "1");
	return 1;
}

PROVIDER(instance)
{
	cleanup(question_clear) struct question question = { 0 };
	int asked = instance_question(context, ASK_INSTANCE, &question, error);

	return asked > 0 ? provider_ask_keys(context, &question, credentials, error) : asked;
}
