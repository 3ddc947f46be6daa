/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/error.h"
#include "base/field.h"
#include "base/protocol.h"
#include "tap.h"

static bool an_error_arrives_as_it_was_sent(void)
{
	struct atomicdir_error sent, got;
	struct buffer output = { 0 };
	bool is_same;

	error_clear(&got);
	error_set(&sent, ATOMICDIR_DENIED, NULL, "the role is not allowed to do that");
	is_same = protocol_add_error(&output, &sent) == 0 &&
		  strcmp(output.bytes, "error 36\n9 the role is not allowed to do that\n") == 0 &&
		  protocol_take_error(strchr(output.bytes, '\n') + 1, &got) == 0 && got.kind == sent.kind;
	buffer_clear(&output);
	return is_same;
}

static bool a_password_in_a_url_is_not_sent(void)
{
	struct atomicdir_error sent;
	struct buffer output = { 0 };
	bool is_hidden;

	error_set(&sent, ATOMICDIR_FAILED, NULL, "the proxy http://user:hunter2@host does not answer");
	is_hidden = protocol_add_error(&output, &sent) == 0 && !strstr(output.bytes, "hunter2") && strstr(output.bytes, "host");
	buffer_clear(&output);
	return is_hidden;
}

static bool an_error_that_no_program_may_have_is_not_taken(void)
{
	static const char *const texts[] = { "", "9", "9 ", "0 x", "3 x", "4 x", "6 x", "11 x", "x", " x", "9x", "-1 x" };
	struct atomicdir_error error;

	error_set(&error, ATOMICDIR_USAGE, NULL, "as it was");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (protocol_take_error(texts[i], &error) == 0) {
			printf("# taken: '%s'\n", texts[i]);
			return false;
		}
	return error.kind == ATOMICDIR_USAGE && strcmp(error.text, "as it was") == 0;
}

static bool an_option_is_found_by_its_whole_name(void)
{
	struct told told = { 0 };
	size_t from = 0;
	bool is_found = told_add(&told, "region-of=x") == 0 && told_add(&told, "region=") == 0 &&
			told_add(&told, "tag=a=1") == 0 && told_add_value(&told, "tag", "b=2,", 3) == 0 &&
			told_add_value(&told, "profile", "", 0) == 0;

	is_found = is_found && told.count == 4 && !told_option(&told, "region") && !told_option(&told, "profile") &&
		   strcmp(told_next(&told, "tag", &from), "a=1") == 0 && strcmp(told_next(&told, "tag", &from), "b=2") == 0 &&
		   !told_next(&told, "tag", &from);
	told_clear(&told);
	return is_found;
}

static bool an_arn_has_its_parts(void)
{
	static const char arn[] = "arn:aws-cn:secretsmanager:cn-north-1:1:secret:a:b";
	char *other = arn_in_region(arn, "x"), *name = arn_in_region("a/b", "x");
	bool is_right = arn_is(arn) && !arn_is("a:arn:") && arn_part_is(arn, ARN_REGION, "cn-north-1") &&
			arn_part_is(arn, ARN_RESOURCE, "secret:a:b") && !arn_part("arn:aws:s3", ARN_REGION).text &&
			strcmp(other, "arn:aws-cn:secretsmanager:x:1:secret:a:b") == 0 && strcmp(name, "a/b") == 0;

	free(other);
	free(name);
	return is_right;
}

static bool a_region_is_in_its_partition(void)
{
	static const char *const rows[][3] = {
		{ "eu-west-1", "aws", "amazonaws.com" },
		{ "cn-north-1", "aws-cn", "amazonaws.com.cn" },
		{ "us-gov-west-1", "aws-us-gov", "amazonaws.com" },
		{ "us-iso-east-1", "aws-iso", "c2s.ic.gov" },
		{ "us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov" },
		{ "not-known-1", "aws", "amazonaws.com" },
		{ "*", "aws", "amazonaws.com" },
	};
	bool is_right = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct arn_partition *got = arn_partition(rows[i][0]);

		if (strcmp(got->name, rows[i][1]) == 0 && strcmp(got->suffix, rows[i][2]) == 0)
			continue;
		printf("# %s: got %s, %s\n", rows[i][0], got->name, got->suffix);
		is_right = false;
	}
	return is_right;
}

int main(void)
{
	ok(an_error_arrives_as_it_was_sent(), "an error arrives with the kind and the text that it was sent with");
	ok(a_password_in_a_url_is_not_sent(), "a password in a URL is not sent with an error");
	ok(an_error_that_no_program_may_have_is_not_taken(), "an error of a kind that no program may have is not taken");
	ok(an_option_is_found_by_its_whole_name(), "an option is found by its whole name, and one that is empty is not");
	ok(an_arn_has_its_parts(), "an ARN has its parts, and may be moved to another region");
	ok(a_region_is_in_its_partition(), "a region is in its partition");
	return done();
}
