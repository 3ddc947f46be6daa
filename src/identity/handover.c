/* SPDX-License-Identifier: ISC */
#include "identity/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "identity/config.h"
#include "identity/places.h"
#include "identity/region.h"

struct handover {
	struct told told;
	struct aws_settings settings;
	struct net net;
	struct credentials credentials;
	struct atomicdir_error why; /* why the first region was left */
	char *region;		    /* what the settings' region is, where nobody said it */
	int answer_fd, keys_fd;
	bool is_announced; /* that the settings are in the file */
};

static void handover_clear(struct handover *handover)
{
	net_clear(&handover->net);
	credentials_clear(&handover->credentials);
	told_clear(&handover->told);
	free(handover->region);
	aws_config_clear();
}

/* ---- The request ---- */

static int request_read_from(int fd, struct handover *handover, struct atomicdir_error *error)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = fd };

	return told_read(&reader, WORD_IDENTITY, &handover->told, error);
}

/* ---- The file of keys ---- */

/* All of it anew. */
static int keys_write(const struct handover *handover, struct atomicdir_error *error)
{
	cleanup_record struct record record = { 0 };

	if (settings_add(&handover->settings, &record) < 0 || credentials_add(&handover->credentials, &record) < 0 ||
	    lseek(handover->keys_fd, 0, SEEK_SET) < 0 || record_write(&record, handover->keys_fd) < 0)
		return error_errno(error, NULL, "cannot hand the keys over");
	return 0;
}

/* Somebody else is asked for the keys: fetch-aws can open its connection meanwhile. Where this fails it does so later. */
static void settings_announce(void *context)
{
	struct handover *handover = context;
	cleanup_buffer struct buffer output = { 0 };

	if (handover->is_announced || !handover->settings.region)
		return;
	handover->is_announced = true;
	if (keys_write(handover, NULL) == 0 && field_add_text(&output, WORD_SETTINGS, "") == 0)
		write_all(handover->answer_fd, output.bytes, output.size);
}

/* ---- Finding them ---- */

/* Where STS cannot be reached in the first region, roles are assumed in the other one. */
static int credentials_find(struct handover *handover, struct provider_context *context, struct atomicdir_error *error)
{
	const char *failover = told_option(&handover->told, OPTION_FAILOVER_REGION);

	if (credentials_get(context, &handover->credentials, error) == 0)
		return 0;
	if (!*context->is_region_down || !failover || !handover->settings.region || context->region)
		return -1;
	handover->why = *error;
	handover->settings.first_region = handover->settings.region;
	handover->settings.why = handover->why.text;
	handover->settings.region = context->region = failover;
	return credentials_get(context, &handover->credentials, error);
}

static int handover_find(struct handover *handover, struct atomicdir_error *error)
{
	bool is_region_down = false;
	struct provider_context context = { .told = &handover->told,
					    .net = &handover->net,
					    .is_region_down = &is_region_down,
					    .region = told_option(&handover->told, OPTION_KEYS_REGION),
					    .on_wait = settings_announce,
					    .waiter = handover };

	if (told_option(&handover->told, OPTION_EXTERNAL_ID) && !told_option(&handover->told, OPTION_ROLE_ARN))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "--external-id is what a role is asked with, and there is no --role-arn");
	if (aws_config_load(&handover->told, error) < 0 || places_find(&handover->told, &handover->settings, error) < 0)
		return -1;
	/* What one question has found of the servers' clock the next one, perhaps of another process, begins with. */
	handover->settings.skew_s = handover->net.skew_s;
	if (credentials_find(handover, &context, error) < 0)
		return -1;
	if (handover->settings.region)
		return 0;
	if (region_find(&context, &handover->region, error) < 0)
		return -1;
	handover->settings.region = handover->region;
	return places_check_regions(&handover->told, handover->region, error);
}

/* ---- The answer ---- */

static int answer_make(const struct handover *handover, struct buffer *output)
{
	const struct credentials *credentials = &handover->credentials;
	int64_t left_s = credentials->expires - (int64_t)time(NULL);
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, left_s > 0 ? left_s : 0);
	if (field_add_text(output, WORD_FROM, credentials->from) < 0 ||
	    (handover->settings.region && field_add_text(output, WORD_REGION, handover->settings.region) < 0) ||
	    (credentials->expires && field_add_text(output, WORD_SECONDS_LEFT, number) < 0) ||
	    (credentials->is_fixed && field_add_text(output, WORD_FIXED, "1") < 0))
		return -1;
	return field_add_text(output, WORD_DONE, "");
}

static int handover_answer(struct handover *handover, int result, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };

	if (result == 0)
		result = keys_write(handover, error);
	if (result < 0 && error->kind == ATOMICDIR_UNREACHABLE)
		error_append(error, "try again later");
	if ((result < 0 ? protocol_add_error(&output, error) : answer_make(handover, &output)) < 0 ||
	    write_all(handover->answer_fd, output.bytes, output.size) < 0)
		return ATOMICDIR_FAILED;
	return result < 0 ? error->kind : ATOMICDIR_OK;
}

int handover_run(int request_fd, int answer_fd, int keys_fd)
{
	cleanup(handover_clear) struct handover handover = { .answer_fd = answer_fd, .keys_fd = keys_fd };
	struct atomicdir_error error;
	int result;

	error_clear(&error);
	handover.net.settings = &handover.settings;
	result = request_read_from(request_fd, &handover, &error);
	if (result == 0)
		result = handover_find(&handover, &error);
	return handover_answer(&handover, result, &error);
}
