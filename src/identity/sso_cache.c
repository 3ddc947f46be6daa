/* SPDX-License-Identifier: ISC */
#include "identity/sso_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "identity/config.h"
#include "identity/keys.h"
#include "identity/places.h"
#include "identity/sha1.h"
#include "base/json_write.h"
#include "base/moment.h"

#define CACHE "~/.aws/sso/cache"
#define CACHE_MAX 65536
#define EARLY_S (15 * 60)
#define LOCK_WAIT_MS 10000
#define LOCK_PAUSE_MS 50
struct cache {
	const struct sso *sso;
	int directory_fd;
	char name[64], fresh[64]; /* its file, and the one that takes its place */
	struct json *json;
	int64_t expires;
};

static void cache_clear(struct cache *cache)
{
	json_free(cache->json);
	close_fd(&cache->directory_fd);
}

int sso_refuse(const struct sso *sso, struct atomicdir_error *error)
{
	error_append(error, "run: aws sso login --%s %.128s", sso->session ? "sso-session" : "profile",
		     sso->session ? sso->session : sso->profile);
	if (error)
		error->kind = ATOMICDIR_DENIED;
	return -1;
}

/* The AWS CLI names it by what the token is for. */
static void cache_name(struct cache *cache)
{
	const char *of = cache->sso->session ? cache->sso->session : cache->sso->start_url;

	sha1_print(of, strlen(of), cache->name);
	snprintf(cache->fresh, sizeof(cache->fresh), "%s.json.new", cache->name);
	strcat(cache->name, ".json");
}

/* It goes into a header. */
static bool cache_has_token(const struct json *json)
{
	const char *token = json ? json_member_text(json, "accessToken") : NULL;

	return token && *token && !credentials_refuse_text(token);
}

/* What was loaded before stays where this fails. */
static int cache_load(struct cache *cache, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };
	cleanup_json struct json *json = NULL;
	const char *why = "it is no object", *moment;
	int64_t expires;

	if (cache->directory_fd < 0 || read_file_at(cache->directory_fd, cache->name, CACHE_MAX, &text) < 0)
		return error_errno(error, NULL, "there is no token of SSO in " CACHE "/%s", cache->name);
	json = json_parse(text.bytes, text.size, &why);
	moment = json ? json_member_text(json, "expiresAt") : NULL;
	expires = moment ? moment_parse(moment) : -1;
	if (expires < 0 || !cache_has_token(json))
		return error_set(error, ATOMICDIR_DENIED, NULL, "the token of SSO in " CACHE "/%s cannot be read: %.80s",
				 cache->name, json ? "it has no accessToken that can be sent, or no expiresAt" : why);
	json_free(cache->json);
	cache->json = take_pointer(&json);
	cache->expires = expires;
	return 0;
}

static int64_t cache_seconds_left(const struct cache *cache)
{
	return cache->expires - (int64_t)time(NULL);
}

/* ---- Renewing it ---- */

static bool cache_is_renewable(const struct cache *cache)
{
	const char *registered = json_member_text(cache->json, "registrationExpiresAt");

	return cache->sso->session && registered && moment_parse(registered) > (int64_t)time(NULL) &&
	       json_member_text(cache->json, "refreshToken") && json_member_text(cache->json, "clientId") &&
	       json_member_text(cache->json, "clientSecret");
}

static void write_member(struct json_writer *json, const char *name, const char *value)
{
	if (value)
		json_write_text(json, name, value);
}

static int cache_make_request(const struct cache *cache, struct buffer *body)
{
	static const char *const kept[] = { "clientId", "clientSecret", "refreshToken" };
	struct json_writer json = { .text = body };

	json_write_begin(&json, NULL, '{');
	json_write_text(&json, "grantType", "refresh_token");
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		write_member(&json, kept[i], json_member_text(cache->json, kept[i]));
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

static int cache_ask_for_new(const struct cache *cache, const struct provider_context *context, struct record *answer,
			     struct atomicdir_error *error)
{
	cleanup(question_clear) struct question question = { 0 };
	cleanup_buffer struct buffer url = { 0 }, body = { 0 };
	cleanup_free char *base = NULL;

	question_begin(&question, context->net->settings, ASK_SSO_TOKEN);
	if (places_url(AWS_SSO_OIDC, cache->sso->region, &base, error) < 0)
		return -1;
	if (cache_make_request(cache, &body) < 0 || buffer_printf(&url, "%stoken", base) < 0)
		return error_errno(error, NULL, "cannot ask");
	question_add(&question, WORD_URL, url.bytes);
	question_add(&question, WORD_BODY, body.bytes);
	return provider_ask(context, &question, answer, error) < 0 ? error_prefix(error, "the token of SSO cannot be renewed")
								   : 0;
}

/* The members that the AWS CLI writes. */
static int cache_make(const struct cache *cache, const struct record *got, struct buffer *text)
{
	static const char *const kept[] = { "clientId", "clientSecret", "registrationExpiresAt" };
	const char *refresh = record_text(got, WORD_REFRESH_TOKEN), *lifetime_s = record_text(got, WORD_LIFETIME_S);
	struct json_writer json = { .text = text };
	char expires[32];

	moment_print((int64_t)time(NULL) + (lifetime_s ? atol(lifetime_s) : 0), expires);
	json_write_begin(&json, NULL, '{');
	write_member(&json, "startUrl", cache->sso->start_url);
	write_member(&json, "region", cache->sso->region);
	write_member(&json, "accessToken", record_text(got, WORD_TOKEN));
	json_write_text(&json, "expiresAt", expires);
	write_member(&json, "refreshToken", refresh ? refresh : json_member_text(cache->json, "refreshToken"));
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		write_member(&json, kept[i], json_member_text(cache->json, kept[i]));
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

static int cache_keep(const struct cache *cache, const struct record *got, int fd, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	if (cache_make(cache, got, &text) == 0 && write_all(fd, text.bytes, text.size) == 0 && fsync(fd) == 0 &&
	    renameat(cache->directory_fd, cache->fresh, cache->directory_fd, cache->name) == 0)
		return 0;
	return error_errno(error, NULL, "cannot keep the new token of SSO in " CACHE "/%s", cache->name);
}

/* A refresh token is good once: the file for what it gives is there before it is used. */
static int cache_renew(struct cache *cache, const struct provider_context *context, struct atomicdir_error *error)
{
	cleanup_record struct record got = { 0 };
	cleanup_fd int fd = -1;

	unlinkat(cache->directory_fd, cache->fresh, 0);
	fd = create_file_at(cache->directory_fd, cache->fresh, 0600);
	if (fd < 0)
		return error_errno(error, NULL, "the token of SSO is not renewed, since it could not be kept in " CACHE "/%s",
				   cache->fresh);
	if (cache_ask_for_new(cache, context, &got, error) == 0 && cache_keep(cache, &got, fd, error) == 0)
		return cache_load(cache, error);
	unlinkat(cache->directory_fd, cache->fresh, 0);
	return -1;
}

/* Whoever holds it renews the token, or has been stopped in the middle of that. */
static int cache_lock(struct cache *cache, struct atomicdir_error *error)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

	for (int waited = 0; flock(cache->directory_fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_PAUSE_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(error, CACHE, "cannot lock");
		/* As long as the old one is good, nobody needs to wait. */
		if (waited >= LOCK_WAIT_MS || cache_seconds_left(cache) > 0)
			return error_set(error, ATOMICDIR_DENIED, NULL,
					 "the token of SSO is not renewed, since another program holds the lock of " CACHE);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* One at a time; who waited finds what the other one got. */
static int cache_renew_alone(struct cache *cache, const struct provider_context *context, struct atomicdir_error *error)
{
	if (cache_lock(cache, error) < 0 || cache_load(cache, error) < 0)
		return -1;
	return cache_seconds_left(cache) > EARLY_S ? 0 : cache_renew(cache, context, error);
}

static int cache_find(struct cache *cache, const struct provider_context *context, struct buffer *token,
		      struct atomicdir_error *error)
{
	if (cache_load(cache, error) < 0)
		return sso_refuse(cache->sso, error);
	/* As long as the old one is good, it does not matter why there is no new one. */
	if (cache_seconds_left(cache) <= EARLY_S && cache_is_renewable(cache) && cache_renew_alone(cache, context, error) < 0 &&
	    cache_seconds_left(cache) <= 0)
		return error->kind == ATOMICDIR_UNREACHABLE ? -1 : sso_refuse(cache->sso, error);
	if (cache_seconds_left(cache) <= 0) {
		error_set(error, ATOMICDIR_DENIED, NULL, "the token of SSO in " CACHE "/%s has expired", cache->name);
		return sso_refuse(cache->sso, error);
	}
	return buffer_add_text(token, json_member_text(cache->json, "accessToken")) < 0 ? error_errno(error, NULL, "cannot ask")
											: 0;
}

int sso_token_get(const struct sso *sso, const struct provider_context *context, struct buffer *token,
		  struct atomicdir_error *error)
{
	cleanup(cache_clear) struct cache cache = { .sso = sso, .directory_fd = -1 };
	cleanup_free char *path = aws_path(CACHE);

	if (!path)
		return error_errno(error, NULL, "cannot ask");
	cache_name(&cache);
	cache.directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cache_find(&cache, context, token, error);
}
