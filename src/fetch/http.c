/* SPDX-License-Identifier: ISC */
#include "fetch/http.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define BODY_MAX (16 << 20)
#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS 15000
#define SYSTEM_AUTHORITIES "/etc/ssl/certs"

struct http {
	CURL *curl;
	char why[CURL_ERROR_SIZE];
};

/* A directory that c_rehash or update-ca-certificates prepared: looking one certificate up in it is much faster than reading
 * all. */
static bool is_hashed(const char *path)
{
	DIR *directory = opendir(path);
	bool is_found = false;

	for (struct dirent *entry; directory && !is_found && (entry = readdir(directory));)
		is_found = strspn(entry->d_name, "0123456789abcdef") == 8 && strcmp(entry->d_name + 8, ".0") == 0;
	if (directory)
		closedir(directory);
	return is_found;
}

static int trust(CURL *curl, const char *ca_bundle, struct atomicdir_error *error)
{
	struct stat status;
	bool is_directory;

	if (!ca_bundle && !is_hashed(SYSTEM_AUTHORITIES))
		return 0;
	if (ca_bundle && (stat(ca_bundle, &status) < 0 || access(ca_bundle, R_OK) < 0)) {
		error_errno(error, ca_bundle, "cannot read the CA bundle");
		error->kind = ATOMICDIR_USAGE;
		return -1;
	}
	is_directory = !ca_bundle || S_ISDIR(status.st_mode);
	curl_easy_setopt(curl, CURLOPT_CAINFO, is_directory ? NULL : ca_bundle);
	curl_easy_setopt(curl, CURLOPT_CAPATH, is_directory ? ca_bundle ? ca_bundle : SYSTEM_AUTHORITIES : NULL);
	return 0;
}

struct http *http_new(const char *ca_bundle, struct atomicdir_error *error)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http &&
	    curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc, strdup, calloc) == CURLE_OK)
		http->curl = curl_easy_init();
	if (!http || !http->curl) {
		error_set(error, ATOMICDIR_FAILED, NULL, "libcurl cannot be used");
	} else if (trust(http->curl, ca_bundle, error) == 0) {
		return http;
	}
	http_free(http);
	return NULL;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	curl_global_cleanup();
	free(http);
}

void http_reply_clear(struct http_reply *reply)
{
	buffer_clear(&reply->body);
	*reply = (struct http_reply){.retry_after_ms = -1};
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
	struct http_reply *reply = context;

	if (reply->body.size + one * size > BODY_MAX || buffer_add(&reply->body, bytes, one * size) < 0)
		return 0;
	return one * size;
}

/* The value of a header line, if it is this header's; without the white space around it. */
static bool take_header(const char *line, size_t size, const char *name, char *value, size_t capacity)
{
	size_t length = strlen(name);

	if (size <= length || strncasecmp(line, name, length) != 0 || line[length] != ':')
		return false;
	line += length + 1;
	size -= length + 1;
	while (size && strchr(" \t", *line)) {
		line++;
		size--;
	}
	while (size && strchr(" \t\r\n", line[size - 1]))
		size--;
	if (size >= capacity)
		size = capacity - 1;
	memcpy(value, line, size);
	value[size] = '\0';
	return true;
}

static size_t on_header(char *line, size_t one, size_t size, void *context)
{
	struct http_reply *reply = context;
	char value[64];

	size *= one;
	reply->has_headers = size <= 2;
	if (take_header(line, size, "x-amzn-RequestId", reply->request_id, sizeof(reply->request_id)) ||
	    take_header(line, size, "x-amzn-ErrorType", reply->error_type, sizeof(reply->error_type)))
		return size;
	if (take_header(line, size, "Date", value, sizeof(value)))
		reply->date = curl_getdate(value, NULL) > 0 ? (int64_t)curl_getdate(value, NULL) : 0;
	else if (take_header(line, size, "x-amz-retry-after", value, sizeof(value)) &&
		 strspn(value, "0123456789") == strlen(value) && *value && strlen(value) < 10)
		reply->retry_after_ms = atol(value);
	return size;
}

/* Neither a header of libcurl's own is removed nor a date set: before 8.3 it would sign what it does not send. The body goes by
 * POSTFIELDS, and key and id by options of their own: a key may hold ':'. */
static void prepare(struct http *http, const struct http_request *request, struct http_reply *reply, struct curl_slist *headers)
{
	CURL *curl = http->curl;
	bool is_plain = strncasecmp(request->url, "http:", 5) == 0;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->why);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "secretdir/" VERSION);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, request->signature);
	curl_easy_setopt(curl, CURLOPT_USERNAME, request->key_id);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, request->key);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
}

static int refuse(struct http *http, CURLcode code, const char *url, struct atomicdir_error *error)
{
	const char *why = http->why[0] ? http->why : curl_easy_strerror(code);

	switch (code) {
	case CURLE_WRITE_ERROR:
		return error_set(error, ATOMICDIR_FAILED, url, "the answer is longer than %d bytes", BODY_MAX);
	case CURLE_URL_MALFORMAT:
		return error_set(error, ATOMICDIR_USAGE, url, "this is no URL");
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return error_set(error, ATOMICDIR_FAILED, url, "this does not speak HTTP: %.160s", why);
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(error, ATOMICDIR_USAGE, url,
				 "the CA bundle cannot be used: %.160s; install ca-certificates, or give a readable --ca-bundle", why);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return error_set(error, ATOMICDIR_UNREACHABLE, url,
				 "no trusted connection: %.160s; is the right CA in --ca-bundle?", why);
	case CURLE_OUT_OF_MEMORY:
		return error_set(error, ATOMICDIR_FAILED, url, "memory is out");
	default:
		error_set(error, ATOMICDIR_UNREACHABLE, url, "cannot be reached: %.160s", why);
		return 0;
	}
}

int http_post(struct http *http, const struct http_request *request, struct http_reply *reply, struct atomicdir_error *error)
{
	struct curl_slist *headers = NULL, *more;
	CURLcode code;

	http_reply_clear(reply);
	http->why[0] = '\0';
	for (const char *const *header = request->headers; *header; header++) {
		more = curl_slist_append(headers, *header);
		if (!more) {
			curl_slist_free_all(headers);
			return error_set(error, ATOMICDIR_FAILED, NULL, "memory is out");
		}
		headers = more;
	}
	prepare(http, request, reply, headers);
	code = curl_easy_perform(http->curl);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return refuse(http, code, request->url, error);
	/* A connection that ends inside of the headers is no error to libcurl. */
	if (!reply->has_headers) {
		error_set(error, ATOMICDIR_UNREACHABLE, request->url,
			  "cannot be reached: the connection ended in the answer's headers");
		return 0;
	}
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &reply->status);
	return 1;
}
