/* SPDX-License-Identifier: ISC */
#include "aws/http.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/settings.h"
#include "base/error.h"

#define BODY_MAX (16 << 20)
#define CONNECT_TIMEOUT_MS 5000
#define SILENCE_S 15	  /* how long a service may send nothing, */
#define TIMEOUT_MS 120000 /* and how long it may take in all */
#define SYSTEM_AUTHORITIES "/etc/ssl/certs"
#define CONNECTIONS 8 /* to one host */
#define KEPT 32	      /* to all hosts */
#define STREAMS 100   /* of HTTP/2, as many as servers commonly take */

/* Where connections lead to, and so what they are shared by. */
struct origin {
	struct origin *next;
	bool is_multiplexing; /* its last answer came over HTTP/2 */
	char name[];	      /* "https://HOST:PORT" */
};

struct http {
	CURLM *multi;		/* whose connections outlive a request */
	char *ca_bundle;	/* or NULL */
	int64_t skew_s;		/* of the servers' clock, by which signatures are dated */
	struct origin *origins; /* all that were asked */
	CURL *ahead;		/* opens a connection that nobody waits for; or NULL */
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

static void trust(CURL *curl, const char *ca_bundle)
{
	struct stat status;
	bool is_directory;

	if (!ca_bundle && !is_hashed(SYSTEM_AUTHORITIES))
		return;
	ca_bundle = ca_bundle ? ca_bundle : SYSTEM_AUTHORITIES;
	is_directory = stat(ca_bundle, &status) == 0 && S_ISDIR(status.st_mode);
	curl_easy_setopt(curl, CURLOPT_CAINFO, is_directory ? NULL : ca_bundle);
	curl_easy_setopt(curl, CURLOPT_CAPATH, is_directory ? ca_bundle : NULL);
}

struct http *http_new(const char *ca_bundle, struct atomicdir_error *error)
{
	struct http *http;

	if (aws_check_ca_bundle(ca_bundle, error) < 0)
		return NULL;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc, strdup, calloc) != CURLE_OK) {
		error_set(error, ATOMICDIR_FAILED, NULL, "libcurl cannot be used");
		return NULL;
	}
	http = calloc(1, sizeof(*http));
	if (http) {
		http->multi = curl_multi_init();
		http->ca_bundle = ca_bundle ? strdup(ca_bundle) : NULL;
	}
	if (!http || !http->multi || (ca_bundle && !http->ca_bundle)) {
		http_free(http);
		error_set(error, ATOMICDIR_FAILED, NULL, "memory is out");
		return NULL;
	}
	curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS);
	/* Else it keeps as many as the requests of the moment let it, and opens others later. */
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEPT);
	return http;
}

static void ahead_end(struct http *http)
{
	if (!http->ahead)
		return;
	curl_multi_remove_handle(http->multi, http->ahead);
	curl_easy_cleanup(http->ahead);
	http->ahead = NULL;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	ahead_end(http);
	if (http->multi)
		curl_multi_cleanup(http->multi);
	for (struct origin *origin = http->origins, *next; origin; origin = next) {
		next = origin->next;
		free(origin);
	}
	curl_global_cleanup();
	free(http->ca_bundle);
	free(http);
}

void http_reply_clear(struct http_reply *reply)
{
	buffer_clear(&reply->body);
	*reply = (struct http_reply){ .retry_after_ms = -1 };
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
	/* From a status line to an empty line, for an interim answer too; what comes after the body are trailers. */
	if (size > 5 && strncasecmp(line, "HTTP/", 5) == 0)
		reply->has_headers = false;
	else if (size <= 2)
		reply->has_headers = true;
	if (take_header(line, size, "x-amzn-RequestId", reply->request_id, sizeof(reply->request_id)) ||
	    take_header(line, size, "x-amzn-ErrorType", reply->error_type, sizeof(reply->error_type)))
		return size;
	if (take_header(line, size, "Date", value, sizeof(value)))
		reply->skew_s = curl_getdate(value, NULL) > 0 ? (int64_t)(curl_getdate(value, NULL) - time(NULL)) : 0;
	else if (take_header(line, size, "x-amz-retry-after", value, sizeof(value)) &&
		 strspn(value, "0123456789") == strlen(value) && *value && strlen(value) < 10)
		reply->retry_after_ms = atol(value);
	return size;
}

/* ---- What is known of a server ---- */

/* NULL with ENOMEM. */
static struct origin *origin_of(struct http *http, const char *url)
{
	const char *host = strstr(url, "://");
	size_t size = host ? (size_t)(host - url) + 3 : 0;
	struct origin *origin;

	size += strcspn(url + size, "/?#");
	for (origin = http->origins; origin; origin = origin->next)
		if (strlen(origin->name) == size && memcmp(origin->name, url, size) == 0)
			return origin;
	origin = calloc(1, sizeof(*origin) + size + 1);
	if (!origin)
		return NULL;
	memcpy(origin->name, url, size);
	origin->next = http->origins;
	http->origins = origin;
	return origin;
}

/* ---- One exchange ---- */

/* Each has a handle of its own: before 8.1 a reused one keeps a pointer into the headers of the answer before, and a folded first
 * header of the next one is written there. The connections are what is shared. */
struct transfer {
	struct http_exchange *exchange;
	struct origin *origin;
	CURL *curl;
	struct curl_slist *headers;
	char why[CURL_ERROR_SIZE];
};

static int add_header(struct transfer *transfer, const char *header)
{
	struct curl_slist *more = curl_slist_append(transfer->headers, header);

	if (!more)
		return -1;
	transfer->headers = more;
	return 0;
}

static int add_date(struct transfer *transfer, int64_t skew_s)
{
	time_t now = time(NULL) + (time_t)skew_s;
	struct tm parts;
	char header[64];

	if (!gmtime_r(&now, &parts) || !strftime(header, sizeof(header), "X-Amz-Date: %Y%m%dT%H%M%SZ", &parts))
		return -1;
	return add_header(transfer, header);
}

static int set_headers(struct transfer *transfer, const struct http *http)
{
	const struct http_request *request = &transfer->exchange->request;

	for (const char *const *header = request->headers; header && *header; header++)
		if (add_header(transfer, *header) < 0)
			return -1;
	if (request->signature && http->skew_s && add_date(transfer, http->skew_s) < 0)
		return -1;
	transfer->exchange->reply.corrected_s = http->skew_s;
	curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
	return 0;
}

/* No header of libcurl's own is removed: before 8.3 it would sign what it does not send. The body goes by
 * POSTFIELDS, and key and id by options of their own: a key may hold ':'. */
static void set_request(CURL *curl, const struct http_request *request)
{
	long timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, strncasecmp(request->url, "http:", 5) == 0 ? "http" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, request->timeout_ms ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, request->timeout_ms ? 0L : (long)SILENCE_S);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	if (request->is_metadata)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	if (request->method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->signature) {
		curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, request->signature);
		curl_easy_setopt(curl, CURLOPT_USERNAME, request->key_id);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, request->key);
	}
}

/* What every handle is given. */
static CURL *handle_new(const struct http *http)
{
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	trust(curl, http->ca_bundle);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "secretdir/" VERSION);
	return curl;
}

static int transfer_init(struct transfer *transfer, const struct http *http, struct origin *origin,
			 struct http_exchange *exchange)
{
	*transfer = (struct transfer){ .exchange = exchange, .origin = origin, .curl = handle_new(http) };
	http_reply_clear(&exchange->reply);
	if (!transfer->curl)
		return -1;
	curl_easy_setopt(transfer->curl, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(transfer->curl, CURLOPT_ERRORBUFFER, transfer->why);
	/* Where it is not known, waiting for what the first connection will speak would cost HTTP/1.1 a handshake's time. */
	curl_easy_setopt(transfer->curl, CURLOPT_PIPEWAIT, (long)origin->is_multiplexing);
	curl_easy_setopt(transfer->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(transfer->curl, CURLOPT_WRITEDATA, &exchange->reply);
	curl_easy_setopt(transfer->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(transfer->curl, CURLOPT_HEADERDATA, &exchange->reply);
	set_request(transfer->curl, &exchange->request);
	return set_headers(transfer, http);
}

static void transfer_clear(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->curl);
	curl_slist_free_all(transfer->headers);
	*transfer = (struct transfer){ 0 };
}

/* Why a certificate was not taken, from what libcurl and OpenSSL say of it. */
static const char *certificate_advice(const char *why)
{
	static const struct {
		const char *text, *advice;
	} advices[] = {
		{ "has expired", "renew the server's certificate, or set the clock here" },
		{ "not yet valid", "set the clock here" },
		{ "subject name", "its certificate is for another host: check the endpoint's name" },
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (strstr(why, advices[i].text))
			return advices[i].advice;
	return "is the right CA in --ca-bundle (AWS_CA_BUNDLE, ca_bundle)?";
}

/* The variable that sends this URL through a proxy, as libcurl takes it; NULL: none, as far as can be told. */
static const char *proxy_variable(const struct http_request *request)
{
	static const char *const of_http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const of_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	const char *const *variable = strncasecmp(request->url, "http:", 5) == 0 ? of_http : of_https;

	if (request->is_metadata)
		return NULL;
	while (*variable && !(getenv(*variable) && *getenv(*variable)))
		variable++;
	return *variable;
}

/* Was it the proxy that failed? Its host is named then, or it answered. */
static bool is_of_proxy(const struct transfer *transfer, const char *variable, long answer)
{
	const char *url = variable ? getenv(variable) : "", *user_end = strrchr(url, '@'), *scheme_end = strstr(url, "://"),
		   *host = url;
	char name[256];

	if (user_end)
		host = user_end + 1;
	else if (scheme_end)
		host = scheme_end + 3;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":/"), host);
	return variable && (answer || (*name && strstr(transfer->why, name)));
}

static int refuse_unreached(const struct transfer *transfer, const char *what, const char *why, struct atomicdir_error *error)
{
	const struct http_request *request = &transfer->exchange->request;
	const char *variable = proxy_variable(request);
	long answer = 0; /* the proxy's own */

	if (strstr(transfer->why, "Unsupported proxy")) {
		error_set(error, ATOMICDIR_USAGE, request->url, "the proxy of %s is no URL of one",
			  variable ? variable : "the environment");
		error_append(error, "mend it, or unset it");
		return -1;
	}
	curl_easy_getinfo(transfer->curl, CURLINFO_HTTP_CONNECTCODE, &answer);
	error_set(error, ATOMICDIR_UNREACHABLE, request->url, "cannot be reached: %s%.160s", what, why);
	if (!is_of_proxy(transfer, variable, answer))
		return 0;
	if (answer == 407)
		error_append(error, "the proxy of %s wants a user and a password, in its URL", variable);
	else
		error_append(error, "it is asked for through the proxy of %s: check that, or list the host in NO_PROXY",
			     variable);
	return 0;
}

/* libcurl's own words, but where they may hold a proxy's password: those are for nobody. */
static const char *reason(const struct transfer *transfer, CURLcode code)
{
	const char *variable = proxy_variable(&transfer->exchange->request);
	bool is_told = transfer->why[0] && (!variable || !strchr(getenv(variable), '@'));

	return is_told ? transfer->why : curl_easy_strerror(code);
}

static int refuse(const struct transfer *transfer, CURLcode code, struct atomicdir_error *error)
{
	const char *why = reason(transfer, code), *url = transfer->exchange->request.url;

	switch (code) {
	case CURLE_WRITE_ERROR:
		error_set(error, ATOMICDIR_FAILED, url, "the answer is longer than %d bytes", BODY_MAX);
		error_append(error, "is a proxy in the way?");
		return -1;
	case CURLE_URL_MALFORMAT:
		return error_set(error, ATOMICDIR_USAGE, url, "this is no URL such as https://HOST[:PORT]");
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		error_set(error, ATOMICDIR_FAILED, url, "this does not speak HTTP: %.160s", why);
		error_append(error, "is this the right port?");
		return -1;
	case CURLE_SSL_CACERT_BADFILE:
		error_set(error, ATOMICDIR_USAGE, url, "the CA bundle cannot be used: %.160s", why);
		error_append(error, "install ca-certificates, or give a readable one (--ca-bundle, AWS_CA_BUNDLE, ca_bundle)");
		return -1;
	case CURLE_PEER_FAILED_VERIFICATION:
		error_set(error, ATOMICDIR_UNREACHABLE, url, "no trusted connection: %.160s", why);
		error_append(error, "%s", certificate_advice(why));
		return -1;
	case CURLE_OUT_OF_MEMORY:
		return error_set(error, ATOMICDIR_FAILED, url, "memory is out");
	/* No certificate was refused: a server that begins anew breaks handshakes off. */
	case CURLE_SSL_CONNECT_ERROR:
		return refuse_unreached(transfer, "no TLS connection: ", why, error);
	default:
		return refuse_unreached(transfer, "", why, error);
	}
}

static int finish(const struct transfer *transfer, CURLcode code, struct atomicdir_error *error)
{
	struct http_reply *reply = &transfer->exchange->reply;

	if (code != CURLE_OK)
		return refuse(transfer, code, error);
	/* A connection that ends inside of the headers is no error to libcurl. */
	if (!reply->has_headers) {
		error_set(error, ATOMICDIR_UNREACHABLE, transfer->exchange->request.url,
			  "cannot be reached: the connection ended in the answer's headers");
		return 0;
	}
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &reply->status);
	return 1;
}

/* ---- Many at once ---- */

struct run {
	struct http *http;
	struct http_exchange *exchanges;
	struct transfer *transfers;
	size_t count, next, under_way;
};

/* libcurl would count the time that a transfer waits for a connection as the server's: it gets no more than can be under way. */
static size_t feed(struct run *run)
{
	for (; run->next < run->count; run->next++) {
		struct transfer *transfer = &run->transfers[run->next];
		struct http_exchange *exchange = &run->exchanges[run->next];
		struct origin *origin = origin_of(run->http, exchange->request.url);

		if (origin && run->under_way >= (origin->is_multiplexing ? STREAMS : CONNECTIONS))
			break;
		if (origin && transfer_init(transfer, run->http, origin, exchange) == 0 &&
		    curl_multi_add_handle(run->http->multi, transfer->curl) == CURLM_OK)
			run->under_way++;
		else
			transfer_clear(transfer);
	}
	return run->under_way;
}

static void end(struct run *run, struct transfer *transfer, CURLcode code)
{
	long version = 0;

	transfer->exchange->result = finish(transfer, code, &transfer->exchange->error);
	curl_easy_getinfo(transfer->curl, CURLINFO_HTTP_VERSION, &version);
	if (version)
		transfer->origin->is_multiplexing = version == CURL_HTTP_VERSION_2_0;
	curl_multi_remove_handle(run->http->multi, transfer->curl);
	transfer_clear(transfer);
	run->under_way--;
}

/* Has any? */
static bool end_finished(struct run *run)
{
	bool is_any = false;
	int left;

	for (CURLMsg *message; (message = curl_multi_info_read(run->http->multi, &left));) {
		struct transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		if (message->easy_handle == run->http->ahead) {
			ahead_end(run->http);
			continue;
		}
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		end(run, transfer, message->data.result);
		is_any = true;
	}
	return is_any;
}

void http_run(struct http *http, struct http_exchange *exchanges, size_t count)
{
	struct run run = { http, exchanges, calloc(count ? count : 1, sizeof(struct transfer)), count, 0, 0 };
	int running;

	for (size_t i = 0; i < count; i++)
		exchanges[i].result = error_set(&exchanges[i].error, ATOMICDIR_FAILED, NULL, "memory is out");
	while (run.transfers && feed(&run) > 0 && curl_multi_perform(http->multi, &running) == CURLM_OK)
		if (!end_finished(&run) && curl_multi_poll(http->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			break;
	for (size_t i = 0; run.transfers && i < count; i++)
		if (run.transfers[i].curl) {
			curl_multi_remove_handle(http->multi, run.transfers[i].curl);
			transfer_clear(&run.transfers[i]);
		}
	free(run.transfers);
}

/* ---- A connection before the first request ---- */

/* A HEAD, which needs no key: libcurl takes a connection for others only once a request went over it. */
static CURL *ahead_new(const struct http *http, const char *url)
{
	const struct http_request request = { .url = url };
	CURL *curl = handle_new(http);

	if (!curl)
		return NULL;
	set_request(curl, &request);
	curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	return curl;
}

static bool ahead_has_ended(struct http *http)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)))
		if (message->easy_handle == http->ahead)
			return true;
	return false;
}

void http_open_ahead(struct http *http, const char *url, int until_fd)
{
	struct curl_waitfd until = { .fd = until_fd, .events = CURL_WAIT_POLLIN };
	int running;

	http->ahead = ahead_new(http, url);
	if (!http->ahead || curl_multi_add_handle(http->multi, http->ahead) != CURLM_OK)
		return;
	while (curl_multi_perform(http->multi, &running) == CURLM_OK) {
		if (ahead_has_ended(http)) {
			ahead_end(http);
			return;
		}
		if (curl_multi_poll(http->multi, &until, 1, 1000, NULL) != CURLM_OK || until.revents)
			return;
	}
}

bool http_set_clock(struct http *http, const struct http_reply *reply)
{
	if (reply->corrected_s || curl_version_info(CURLVERSION_NOW)->version_num < 0x080300)
		return false;
	http->skew_s = reply->skew_s;
	return true;
}

int64_t http_skew_s(const struct http *http)
{
	return http->skew_s;
}

void http_set_skew_s(struct http *http, int64_t skew_s)
{
	http->skew_s = skew_s;
}

int http_send(struct http *http, const struct http_request *request, struct http_reply *reply, struct atomicdir_error *error)
{
	struct http_exchange exchange = { .request = *request };

	http_run(http, &exchange, 1);
	http_reply_clear(reply);
	*reply = exchange.reply;
	if (exchange.result < 1 && error)
		*error = exchange.error;
	return exchange.result;
}
