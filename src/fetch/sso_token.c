/* SPDX-License-Identifier: ISC */
#include "fetch/sso_token.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "fetch/ask.h"
#include "fetch/aws_config.h"
#include "fetch/aws_place.h"
#include "fetch/credentials.h"
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
static int name_it(struct cache *cache)
{
	const char *of = cache->sso->session ? cache->sso->session : cache->sso->start_url;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!EVP_Digest(of, strlen(of), digest, &size, EVP_sha1(), NULL))
		return -1;
	for (unsigned i = 0; i < size; i++)
		snprintf(cache->name + i * 2, 3, "%02x", digest[i]);
	strcpy(cache->name + size * 2, ".json");
	snprintf(cache->fresh, sizeof(cache->fresh), "%.50s.new", cache->name);
	return 0;
}

/* It goes into a header. */
static bool has_token(const struct json *json)
{
	const char *token = json ? json_member_text(json, "accessToken") : NULL;

	return token && *token && !credentials_refuse_text(token);
}

/* What was loaded before stays where this fails. */
static int load(struct cache *cache, struct atomicdir_error *error)
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
	if (expires < 0 || !has_token(json))
		return error_set(error, ATOMICDIR_DENIED, NULL, "the token of SSO in " CACHE "/%s cannot be read: %.80s",
				 cache->name, json ? "it has no accessToken that can be sent, or no expiresAt" : why);
	json_free(cache->json);
	cache->json = take_pointer(&json);
	cache->expires = expires;
	return 0;
}

static int64_t seconds_left(const struct cache *cache)
{
	return cache->expires - (int64_t)time(NULL);
}

/* ---- Renewing it ---- */

static bool is_renewable(const struct cache *cache)
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

static int make_request(const struct cache *cache, struct buffer *body)
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

/* How many seconds the new one is good; 0: that is not said, or cannot be. */
static long lifetime(const struct json *got)
{
	const struct json *seconds = json_member(got, "expiresIn", 9);

	return seconds && seconds->type == JSON_NUMBER && seconds->size < 10 ? atol(seconds->text) : 0;
}

static struct json *ask_for_new(const struct cache *cache, struct http *http, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer url = { 0 }, body = { 0 };
	cleanup_free char *base = NULL;
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	const char *headers[] = { "Content-Type: application/json", NULL };
	struct http_request request = { .headers = headers };
	cleanup_json struct json *json = NULL;

	if (aws_url("oidc", cache->sso->region, &base, error) < 0)
		return NULL;
	if (make_request(cache, &body) < 0 || buffer_printf(&url, "%stoken", base) < 0) {
		error_errno(error, NULL, "cannot ask");
		return NULL;
	}
	request.url = url.bytes;
	request.body = body.bytes;
	if (ask_service(http, &request, &reply, error) <= 0) {
		error_prefix(error, "the token of SSO cannot be renewed");
		return NULL;
	}
	json = ask_take_object(&reply);
	if (reply.status == 200 && has_token(json) && lifetime(json) > 0)
		return take_pointer(&json);
	if (reply.status == 200)
		error_set(
			error, ATOMICDIR_DENIED, NULL,
			"the token of SSO cannot be renewed: the answer has no accessToken, or no expiresIn, that can be used");
	else
		error_set(error, reply.status >= 500 ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL,
			  "the token of SSO cannot be renewed: HTTP %ld%s%.*s", reply.status, ASK_CODE(&reply));
	return NULL;
}

/* The members that the AWS CLI writes. */
static int make_cache(const struct cache *cache, const struct json *got, struct buffer *text)
{
	static const char *const kept[] = { "clientId", "clientSecret", "registrationExpiresAt" };
	const char *refresh = json_member_text(got, "refreshToken");
	struct json_writer json = { .text = text };
	char expires[32];

	moment_print((int64_t)time(NULL) + lifetime(got), expires);
	json_write_begin(&json, NULL, '{');
	write_member(&json, "startUrl", cache->sso->start_url);
	write_member(&json, "region", cache->sso->region);
	write_member(&json, "accessToken", json_member_text(got, "accessToken"));
	json_write_text(&json, "expiresAt", expires);
	write_member(&json, "refreshToken", refresh ? refresh : json_member_text(cache->json, "refreshToken"));
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		write_member(&json, kept[i], json_member_text(cache->json, kept[i]));
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

/* A refresh token is good once: the file for what it gives is there before it is used. */
static int renew(struct cache *cache, struct http *http, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };
	cleanup_json struct json *got = NULL;
	cleanup_fd int fd = -1;

	unlinkat(cache->directory_fd, cache->fresh, 0);
	fd = create_file_at(cache->directory_fd, cache->fresh, 0600);
	if (fd < 0)
		return error_errno(error, NULL, "the token of SSO is not renewed, since it could not be kept in " CACHE "/%s",
				   cache->fresh);
	got = ask_for_new(cache, http, error);
	if (got && (make_cache(cache, got, &text) < 0 || write_all(fd, text.bytes, text.size) < 0 || fsync(fd) < 0 ||
		    renameat(cache->directory_fd, cache->fresh, cache->directory_fd, cache->name) < 0)) {
		error_errno(error, NULL, "cannot keep the new token of SSO in " CACHE "/%s", cache->name);
		json_free_pointer(&got);
	}
	if (got)
		return load(cache, error);
	unlinkat(cache->directory_fd, cache->fresh, 0);
	return -1;
}

/* Whoever holds it renews the token, or has been stopped in the middle of that. */
static int lock(struct cache *cache, struct atomicdir_error *error)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

	for (int waited = 0; flock(cache->directory_fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_PAUSE_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(error, CACHE, "cannot lock");
		/* As long as the old one is good, nobody needs to wait. */
		if (waited >= LOCK_WAIT_MS || seconds_left(cache) > 0)
			return error_set(error, ATOMICDIR_DENIED, NULL,
					 "the token of SSO is not renewed, since another program holds the lock of " CACHE);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* One at a time; who waited finds what the other one got. */
static int renew_alone(struct cache *cache, struct http *http, struct atomicdir_error *error)
{
	if (lock(cache, error) < 0 || load(cache, error) < 0)
		return -1;
	return seconds_left(cache) > EARLY_S ? 0 : renew(cache, http, error);
}

static int find(struct cache *cache, struct http *http, struct buffer *token, struct atomicdir_error *error)
{
	if (load(cache, error) < 0)
		return sso_refuse(cache->sso, error);
	/* As long as the old one is good, it does not matter why there is no new one. */
	if (seconds_left(cache) <= EARLY_S && is_renewable(cache) && renew_alone(cache, http, error) < 0 &&
	    seconds_left(cache) <= 0)
		return error->kind == ATOMICDIR_UNREACHABLE ? -1 : sso_refuse(cache->sso, error);
	if (seconds_left(cache) <= 0) {
		error_set(error, ATOMICDIR_DENIED, NULL, "the token of SSO in " CACHE "/%s has expired", cache->name);
		return sso_refuse(cache->sso, error);
	}
	return buffer_add_text(token, json_member_text(cache->json, "accessToken")) < 0 ? error_errno(error, NULL, "cannot ask")
											: 0;
}

int sso_token_get(const struct sso *sso, struct http *http, struct buffer *token, struct atomicdir_error *error)
{
	cleanup(cache_clear) struct cache cache = { .sso = sso, .directory_fd = -1 };
	cleanup_free char *path = aws_path(CACHE);

	if (!path || name_it(&cache) < 0)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the cache of SSO has no name");
	cache.directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return find(&cache, http, token, error);
}
