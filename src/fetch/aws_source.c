/* SPDX-License-Identifier: ISC */
#include "fetch/aws_source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "aws/aws.h"
#include "aws/confine.h"
#include "aws/handed.h"
#include "aws/place.h"
#include "fetch/aws_describe.h"
#include "fetch/parameterstore.h"
#include "fetch/secretsmanager.h"

struct aws_source {
	struct source source;
	const struct request *request;
	struct handed handed;
	struct aws aws;
	bool is_told; /* that another region is asked */
};

typedef void (*ask_fn)(struct aws *aws, struct lookup **lookups, size_t count);

static const struct service {
	const char *name;
	ask_fn get, look; /* look NULL: what it has must be fetched */
} services[] = {
	{ "", secretsmanager_get, secretsmanager_look },
	{ "ssm", parameterstore_get, NULL },
};

#define SERVICES (sizeof(services) / sizeof(*services))

static bool is_service(const char *name)
{
	for (size_t i = 0; i < SERVICES; i++)
		if (strcmp(services[i].name, name) == 0)
			return true;
	return false;
}

/* What stands for it where it is asked now. */
static void aim(const struct aws *aws, struct lookup *lookup)
{
	const struct aws_settings *settings = &aws->settings;

	lookup->secret.place = aws->failover_region && settings->region ? settings->region : "";
	if (!settings->first_region)
		return;
	if (*lookup->failover_id)
		lookup->id = lookup->failover_id;
	if (*lookup->failover_stage)
		lookup->stage = lookup->failover_stage;
	lookup->secret.instead_of = settings->first_region;
}

static ask_fn service_way(const struct service *service, bool is_looking)
{
	return is_looking && service->look ? service->look : service->get;
}

/* Those that have no result yet. */
static void get_open(struct aws *aws, struct lookup *lookups, size_t count, bool is_looking)
{
	cleanup_free struct lookup **chosen = calloc(count + 1, sizeof(*chosen));

	for (size_t i = 0; i < count; i++)
		if (!lookups[i].result && !chosen)
			lookups[i].result = error_errno(&lookups[i].error, lookups[i].id, "cannot ask");
		else if (!lookups[i].result)
			aim(aws, &lookups[i]);
	for (size_t i = 0; chosen && i < SERVICES; i++) {
		size_t used = 0;

		for (size_t j = 0; j < count; j++)
			if (!lookups[j].result && strcmp(lookups[j].service, services[i].name) == 0)
				chosen[used++] = &lookups[j];
		if (used)
			service_way(&services[i], is_looking)(aws, chosen, used);
	}
}

__attribute__((format(printf, 2, 3))) static void warn(struct source *source, const char *format, ...)
{
	char text[900];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	errno = 0;
	error_warn(&source->warning, 0, NULL, "%s", text);
}

/* That another region is asked is told once, with the reason. */
static void tell_of_failover(struct aws_source *self)
{
	const struct aws *aws = &self->aws;

	const struct aws_settings *settings = &aws->settings;

	if (settings->first_region && !self->is_told)
		warn(&self->source, "region %s is asked instead of %s: %s", settings->region, settings->first_region,
		     aws->why.text);
	self->is_told = settings->first_region;
}

static bool is_unreachable(const struct lookup *lookup)
{
	return lookup->result < 0 && lookup->error.kind == ATOMICDIR_UNREACHABLE;
}

/* Of one region is all, or nothing: what belongs together would not go together otherwise. */
static void get_elsewhere(struct aws_source *self, struct lookup *lookups, size_t count, bool is_looking)
{
	bool is_any = false;

	for (size_t i = 0; i < count; i++)
		is_any = is_any || is_unreachable(&lookups[i]);
	if (!is_any || !aws_fail_over(&self->aws))
		return;
	for (size_t i = 0; i < count; i++) {
		secret_clear(&lookups[i].secret);
		error_clear(&lookups[i].error);
		lookups[i].result = 0;
		lookups[i].is_hidden = lookups[i].is_deleted = false;
	}
	get_open(&self->aws, lookups, count, is_looking);
}

static void get_all(struct source *source, struct lookup *lookups, size_t count, bool is_looking)
{
	struct aws_source *self = (struct aws_source *)source;

	get_open(&self->aws, lookups, count, is_looking);
	get_elsewhere(self, lookups, count, is_looking);
	tell_of_failover(self);
	source->is_throttled = self->aws.is_throttled;
	for (size_t i = 0; i < count && self->aws.settings.first_region; i++)
		if (lookups[i].result < 0)
			error_append(&lookups[i].error, "region %s was asked since %s fails: %.400s", self->aws.settings.region,
				     self->aws.settings.first_region, self->aws.why.text);
}

static void get(struct source *source, struct lookup *lookups, size_t count)
{
	get_all(source, lookups, count, false);
}

static void look(struct source *source, struct lookup *lookups, size_t count)
{
	get_all(source, lookups, count, true);
}

static int list_here(struct aws_source *self, const char *service, const char *prefix, struct listing *listing,
		     struct atomicdir_error *error)
{
	return *service ? parameterstore_list(&self->aws, prefix, listing, error)
			: secretsmanager_list(&self->aws, &self->request->told, prefix, listing, error);
}

static int list_open(struct aws_source *self, const char *service, const char *prefix, struct listing *listing,
		     struct atomicdir_error *error)
{
	if (list_here(self, service, prefix, listing, error) == 0)
		return 0;
	if (!aws_fail_over(&self->aws))
		return -1;
	listing_clear(listing);
	return list_here(self, service, prefix, listing, error);
}

static int list(struct source *source, const char *service, const char *prefix, struct listing *listing,
		struct atomicdir_error *error)
{
	struct aws_source *self = (struct aws_source *)source;

	int result = list_open(self, service, prefix, listing, error);

	source->is_throttled = self->aws.is_throttled;
	if (result < 0)
		return -1;
	listing->instead_of = self->aws.settings.first_region;
	tell_of_failover(self);
	if (listing->deleted && listing->count)
		warn(source,
		     "%s of '%s' %s left out, marked for deletion: %s; to have it back: aws secretsmanager restore-secret",
		     listing->deleted_count == 1 ? "one" : "some", prefix, listing->deleted_count == 1 ? "is" : "are",
		     listing->deleted);
	return 0;
}

static int describe(struct source *source, described_fn take, void *context)
{
	struct aws_source *self = (struct aws_source *)source;

	return aws_describe(&self->aws, self->request, take, context);
}

static void release(struct source *source)
{
	struct aws_source *self = (struct aws_source *)source;

	aws_clear(&self->aws);
	handed_clear(&self->handed);
	free(self);
}

static int check(const struct request *request, struct atomicdir_error *error)
{
	bool has_prefix = false;

	if (told_option(&request->told, OPTION_ARGUMENT))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "the source 'aws' takes nothing after its name: say --source aws");
	for (size_t i = 0; i < request->count; i++) {
		if (!is_service(request->wanted[i].service))
			return error_set(error, ATOMICDIR_USAGE, request->wanted[i].service, "the source 'aws' has no service");
		has_prefix = has_prefix || (wanted_is_prefix(&request->wanted[i]) && !*request->wanted[i].service);
	}
	if (told_option(&request->told, OPTION_TAG) && !has_prefix)
		return error_set(
			error, ATOMICDIR_USAGE, NULL,
			"--tag chooses among secrets that an entry takes by the beginning of their names, as app/=prod/app/ does, "
			"and there is none such");
	return 0;
}

/* ---- Beginning ---- */

static int renew(void *context, const char *region, struct credentials *fresh, struct atomicdir_error *error)
{
	return handed_renew(context, region, fresh, error);
}

/* While somebody else is asked for the keys the connection is opened, where all secrets are of one service. */
static void open_ahead(struct aws_source *self, const struct request *request)
{
	enum aws_service service = request->count && *request->wanted[0].service ? AWS_SSM : AWS_SECRETSMANAGER;
	const char *id = request->count ? request->wanted[0].secret : "";
	cleanup_free char *region = NULL, *url = NULL;

	/* What secretdir has said already need not be waited for. */
	if (!self->handed.input->input.size && aws_place(&self->aws.settings, service, id, &region, &url, NULL) == 0)
		http_open_ahead(self->aws.http, url, self->handed.input->fd);
}

/* The last thing before libcurl is there. */
static int confine(const struct aws_settings *settings, struct atomicdir_error *error)
{
	return aws_confine(settings->ca_bundle, settings->endpoints, AWS_CALLED, STDOUT_FILENO, error);
}

static int take_settings(struct aws_source *self, const struct request *request, const struct aws_settings *settings,
			 struct atomicdir_error *error)
{
	/* The keys come with the settings again, which may name another region by then. */
	if (self->aws.http) {
		aws_set(&self->aws, settings);
		return 0;
	}
	if (confine(settings, error) < 0)
		return -1;
	return aws_init(&self->aws, settings, told_option(&request->told, OPTION_FAILOVER_REGION), error);
}

static int wait_for_keys(struct aws_source *self, const struct request *request, struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials credentials = { 0 };
	struct aws_settings settings;

	for (;;) {
		enum handed_news news = handed_next(&self->handed, &settings, &credentials, error);

		if (news == HANDED_FAILED || take_settings(self, request, &settings, error) < 0)
			return -1;
		if (news == HANDED_COMPLETE)
			break;
		open_ahead(self, request);
	}
	self->aws.credentials = credentials;
	credentials = (struct credentials){ 0 };
	return 0;
}

static struct aws_source *begin(const struct request *request, struct atomicdir_error *error)
{
	struct aws_source *self;

	if (check(request, error) < 0)
		return NULL;
	self = calloc(1, sizeof(*self));
	if (!self) {
		error_errno(error, NULL, "cannot start");
		return NULL;
	}
	self->source = (struct source){ .get = get, .look = look, .list = list, .describe = describe, .free = release };
	self->request = request;
	return self;
}

struct source *aws_source_open(struct request *request, struct atomicdir_error *error)
{
	struct aws_source *self = begin(request, error);

	if (!self)
		return NULL;
	self->handed.input = &request->input;
	if (wait_for_keys(self, request, error) == 0) {
		self->aws.are_keys_kept = self->handed.are_kept;
		self->aws.renew = renew;
		self->aws.renew_context = &self->handed;
		return &self->source;
	}
	release(&self->source);
	return NULL;
}

struct source *aws_source_new(const struct request *request, const struct aws_settings *settings,
			      const struct credentials *credentials, struct atomicdir_error *error)
{
	struct aws_source *self = begin(request, error);

	if (!self)
		return NULL;
	if (aws_init(&self->aws, settings, told_option(&request->told, OPTION_FAILOVER_REGION), error) == 0) {
		if (credentials_copy(credentials, &self->aws.credentials) == 0)
			return &self->source;
		error_errno(error, NULL, "cannot start");
	}
	release(&self->source);
	return NULL;
}
