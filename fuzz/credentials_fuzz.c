/* SPDX-License-Identifier: ISC
 *
 * Claim: whoever answers for credentials, they are whole and fit for a header, and no key is told
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "identity/config.h"
#include "identity/keys.h"
#include "identity/network.h"
#include "identity/places.h"
#include "identity/provider.h"
#include "identity/variables.h"
#include "base/moment.h"
#include "fuzz.h"
#include "lines.h"
#include "process/loop.h"

/* A key that may be told nowhere; it has no byte that JSON may write in another way. */
#define KEY "wJalrXUtnFEMIK7MDENG"
/* 2026-01-02T03:00:00Z. */
#define NOW 1767322800
#define PAUSE_MAX_S 21
#define ANSWERS_MAX 12
#define VARIABLES_MAX 12
#define OPTIONS_MAX 4
#define CACHE ".aws/sso/cache"
/* For the session "s", and for the start URL "s" of a profile without one. */
#define CACHE_NAME "a0f1490a20d0211c997b44bc357e1972deab8ae3.json"

/* What surrounds us, as the input has it. */
struct answer {
	int status;	  /* of HTTP; 0: there is none, and another attempt may help; below: none may */
	const char *type; /* x-amzn-ErrorType */
	struct buffer body;
};

static struct world {
	struct buffer config, credentials, token;
	struct buffer cache, other; /* of SSO; the second is what another process leaves there while we wait for it */
	struct answer answers[ANSWERS_MAX];
	size_t answer_count, next_answer;
	struct buffer output, complaint; /* of a credential_process */
	int process_status, next_pipe;
	char *variables[VARIABLES_MAX + 2], *options[OPTIONS_MAX];
	size_t variable_count, option_count;
	bool is_key_told; /* the key is where it is not secret, such as in the text of a refusal */
} world;

/* ---- Where the key may stand ---- */

static bool stands_after(const char *at, const char *begin, const char *opening)
{
	size_t size = strlen(opening);

	return (size_t)(at - begin) >= size && memcmp(at - size, opening, size) == 0;
}

/* It is there other than after one of these. */
static bool is_key_elsewhere(const char *bytes, size_t size, const char *const *openings)
{
	const char *end = bytes + size;

	for (const char *at = bytes; (at = memmem(at, (size_t)(end - at), KEY, strlen(KEY))); at++) {
		bool is_opened = false;

		for (const char *const *opening = openings; *opening; opening++)
			is_opened |= stands_after(at, bytes, *opening);
		if (!is_opened)
			return true;
	}
	return false;
}

static const char *const nowhere[] = { NULL };

/* It is in a text that may be told. */
static void see_told(const char *text)
{
	world.is_key_told |= is_key_elsewhere(text, strlen(text), nowhere);
}

/* A text that is a secret as a whole. */
static void see_secret(const struct buffer *text)
{
	world.is_key_told |= text->size != strlen(KEY) && is_key_elsewhere(text->bytes, text->size, nowhere);
}

/* What is not inside of an object may be a line of text. */
static void see_json(const struct buffer *json)
{
	static const char *const openings[] = { "AccessKey\": \"", "oken\": \"", "Secret\": \"", NULL };
	size_t before = strcspn(json->bytes, "{");

	world.is_key_told |=
		is_key_elsewhere(json->bytes, json->size, openings) || is_key_elsewhere(json->bytes, before, nowhere);
}

static void see_xml(const struct buffer *xml)
{
	static const char *const openings[] = { "<SecretAccessKey>", "<SessionToken>", NULL };

	world.is_key_told |= is_key_elsewhere(xml->bytes, xml->size, openings) || memmem(xml->bytes, xml->size, "<![", 3);
}

static void see_config(const struct buffer *config)
{
	static const char *const openings[] = { "\naws_secret_access_key = ", "\naws_session_token = ", NULL };

	world.is_key_told |= is_key_elsewhere(config->bytes, config->size, openings);
}

/* By what was asked. */
static void see_body(const struct http_request *request, const struct buffer *body)
{
	const char *end = request->url + strlen(request->url);

	if (request->body && strncmp(request->body, "Action=", 7) == 0)
		see_xml(body);
	else if (request->method && strcmp(request->method, "PUT") == 0)
		see_secret(body);
	else if (end[-1] == '/' || stands_after(end, request->url, "/region"))
		see_told(body->bytes);
	else
		see_json(body);
}

/* ---- In place of the network ---- */

static bool is_line(const char *text)
{
	return !strpbrk(text, "\r\n");
}

static void check_request(const struct http_request *request)
{
	must(strncasecmp(request->url, "http://", 7) == 0 || strncasecmp(request->url, "https://", 8) == 0);
	must(is_line(request->url) && request->timeout_ms >= 0 && request->timeout_ms <= 60000);
	for (const char *const *header = request->headers; header && *header; header++)
		must(is_line(*header) && strchr(*header, ':'));
	must(!request->signature || (*request->key_id && *request->key && is_line(request->key_id) && is_line(request->key)));
	must(!request->is_metadata || !request->signature);
}

void http_reply_clear(struct http_reply *reply)
{
	buffer_clear(&reply->body);
	*reply = (struct http_reply){ .retry_after_ms = -1 };
}

int http_send(struct http *http, const struct http_request *request, struct http_reply *reply, struct atomicdir_error *error)
{
	const struct answer *answer = world.next_answer < world.answer_count ? &world.answers[world.next_answer++] : NULL;

	(void)http;
	check_request(request);
	http_reply_clear(reply);
	if (!answer || answer->status <= 0) {
		error_set(error, ATOMICDIR_UNREACHABLE, request->url, "cannot be reached");
		return answer && answer->status < 0 ? -1 : 0;
	}
	see_body(request, &answer->body);
	reply->status = answer->status;
	snprintf(reply->error_type, sizeof(reply->error_type), "%s", answer->type);
	if (answer->body.size)
		must(buffer_add(&reply->body, answer->body.bytes, answer->body.size) == 0);
	return 1;
}

int64_t http_skew_s(const struct http *http)
{
	(void)http;
	return 0;
}

void http_set_skew_s(struct http *http, int64_t skew_s)
{
	(void)http;
	(void)skew_s;
}

/* As a libcurl that cannot. */
bool http_set_clock(struct http *http, const struct http_reply *reply)
{
	(void)http;
	(void)reply;
	return false;
}

/* ---- In place of identity-net, which is no process here: both halves still read what the other one writes ---- */

static void pass(const struct record *from, struct record *to)
{
	struct field_reader reader = { .fd = -1 };

	must(record_encode(from, &reader.input) == 0 && record_read(&reader, to) == 1 && !reader.input.size);
	field_reader_clear(&reader);
}

int net_ask(struct net *net, const struct question *question, struct record *answer, struct atomicdir_error *error)
{
	struct record asked = { 0 }, answered = { 0 };

	(void)net;
	must(!question->is_broken);
	pass(&question->record, &asked);
	must(network_answer(NULL, &asked, &answered) == 0);
	pass(&answered, answer);
	record_clear(&asked);
	record_clear(&answered);
	if (!record_text(answer, WORD_ERROR))
		return 0;
	must(protocol_take_error(record_text(answer, WORD_ERROR), error) == 0);
	return -1;
}

/* ---- In place of a credential_process: what it prints is in files, in the order of its pipes ---- */

static int open_pipe(int fds[2], int flags)
{
	const struct buffer *text = world.next_pipe++ % 2 ? &world.complaint : &world.output;

	(void)flags;
	fds[0] = fuzz_file(text->bytes, text->size);
	fds[1] = dup(fds[0]);
	must(fds[1] >= 0);
	return 0;
}

static struct child *started;

static int start_process(struct child *child, const struct launch *launch, struct atomicdir_error *error)
{
	(void)error;
	must(!started && launch->argv[0] && launch->timeout_ms > 0 && launch->death_signal);
	*child = (struct child){ .pid = 1000000 };
	started = child;
	return 0;
}

static void end_process(struct child *child)
{
	if (child == started)
		started = NULL;
	child->pid = 0;
}

static void watch_process(struct loop *loop, struct child *child)
{
	(void)loop;
	must(child == started);
}

/* Its pipes are read to their end, then it ends, then nothing more comes. */
static struct event see_process(struct loop *loop, struct pollfd *fds, size_t count, int64_t until_ms)
{
	struct event event = { .kind = EVENT_TIME };

	(void)loop;
	for (size_t i = 0; i < count; i++) {
		fds[i].revents = fds[i].fd < 0 ? 0 : POLLIN;
		if (fds[i].fd >= 0)
			event.kind = EVENT_READY;
	}
	if (event.kind == EVENT_READY || !started) {
		must(event.kind == EVENT_READY || until_ms == 0);
		return event;
	}
	event = (struct event){ .kind = EVENT_CHILD, .child = started };
	event.child->status = world.process_status;
	end_process(event.child);
	return event;
}

#define pipe2 open_pipe
#define child_start start_process
#define child_clear end_process
#define loop_add watch_process
#define loop_next see_process
#include "identity/provider_process.c"
#undef loop_next
#undef loop_add
#undef child_clear
#undef child_start
#undef pipe2

/* ---- Files, and time ---- */

static int home_fd, cache_fd;
static char home[64];

static void put_file(int directory_fd, const char *name, const struct buffer *text)
{
	cleanup_fd int fd = -1;

	unlinkat(directory_fd, name, 0);
	if (!text->size)
		return;
	fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	must(fd >= 0 && write_all(fd, text->bytes, text->size) == 0);
}

static void make_home(void)
{
	home_fd = fuzz_directory();
	snprintf(home, sizeof(home), "HOME=/proc/self/fd/%d", home_fd);
	must(mkdirat(home_fd, ".aws", 0700) == 0 && mkdirat(home_fd, ".aws/sso", 0700) == 0 &&
	     mkdirat(home_fd, CACHE, 0700) == 0);
	cache_fd = open_directory_at(home_fd, CACHE);
	must(cache_fd >= 0);
}

static void put_files(void)
{
	put_file(home_fd, ".aws/config", &world.config);
	put_file(home_fd, ".aws/credentials", &world.credentials);
	put_file(home_fd, "token", &world.token);
	put_file(cache_fd, CACHE_NAME, &world.cache);
}

/* In libc's place: who has to wait for the cache finds another one. */
int flock(int fd, int operation)
{
	if (world.other.size)
		put_file(cache_fd, CACHE_NAME, &world.other);
	return (int)syscall(SYS_flock, fd, operation);
}

/* Likewise: the same moment in each run. */
time_t time(time_t *now)
{
	if (now)
		*now = NOW;
	return NOW;
}

static bool is_same(const struct buffer *one, const struct buffer *other)
{
	return one->size == other->size && (!one->size || memcmp(one->bytes, other->bytes, one->size) == 0);
}

/* As somebody left it, or with another token for a time to come. */
static void check_cache(void)
{
	cleanup_buffer struct buffer text = { 0 };
	cleanup_json struct json *json = NULL;
	const char *why, *expires, *token;

	must(faccessat(cache_fd, CACHE_NAME ".new", F_OK, 0) < 0);
	if (read_file_at(cache_fd, CACHE_NAME, 65536, &text) < 0 || is_same(&text, &world.cache) ||
	    is_same(&text, &world.other))
		return;
	json = json_parse(text.bytes, text.size, &why);
	expires = json ? json_member_text(json, "expiresAt") : NULL;
	token = json ? json_member_text(json, "accessToken") : NULL;
	must(expires && moment_parse(expires) > NOW && token && *token && is_line(token));
	must(json_member_text(json, "refreshToken") && json_member_text(json, "clientId"));
}

/* ---- The target ---- */

static void check_part(const struct buffer *part)
{
	must(strlen(part->bytes) == part->size && is_line(part->bytes));
}

/* Of the object: whole, and nothing else. */
static void check_json_part(const struct json *object, const char *name, const struct buffer *part)
{
	const struct json *member = json_member(object, name, strlen(name));

	must(member && member->type == JSON_STRING && member->size == part->size);
	must(memcmp(member->text, part->bytes, part->size) == 0);
}

static void check_json(const struct buffer *text, const struct credentials *credentials)
{
	const char *why;
	cleanup_json struct json *json = json_parse(text->bytes, text->size, &why);
	const struct json *role = json ? json_member(json, "roleCredentials", 15) : NULL;
	bool is_role = strncmp(credentials->from, "SSO's role", 10) == 0;

	must(json && json->type == JSON_OBJECT);
	check_json_part(is_role ? role : json, is_role ? "accessKeyId" : "AccessKeyId", &credentials->key_id);
	check_json_part(is_role ? role : json, is_role ? "secretAccessKey" : "SecretAccessKey", &credentials->key);
}

/* Likewise, where it stands there as it is. */
static void check_xml_part(const struct buffer *xml, const struct buffer *part)
{
	cleanup_buffer struct buffer whole = { 0 };

	if (memchr(xml->bytes, '&', xml->size) || memchr(xml->bytes, '\0', xml->size) || strstr(xml->bytes, "<!") ||
	    strstr(xml->bytes, "<?"))
		return;
	must(buffer_printf(&whole, ">%s<", part->bytes) == 0 && strstr(xml->bytes, whole.bytes));
}

/* What was taken is what was said last. */
static void check_source(const struct credentials *credentials)
{
	const struct buffer *body = world.next_answer ? &world.answers[world.next_answer - 1].body : NULL;

	if (strncmp(credentials->from, "credential_process", 18) == 0)
		check_json(&world.output, credentials);
	else if (strncmp(credentials->from, "role ", 5) == 0) {
		check_xml_part(body, &credentials->key_id);
		check_xml_part(body, &credentials->key);
		check_xml_part(body, &credentials->token);
	} else if (strncmp(credentials->from, "the environment", 15) != 0 && strncmp(credentials->from, "profile ", 8) != 0)
		check_json(body, credentials);
}

static void check_credentials(const struct credentials *credentials)
{
	must(credentials->key_id.size && credentials->key.size);
	check_part(&credentials->key_id);
	check_part(&credentials->key);
	if (credentials->token.size)
		check_part(&credentials->token);
	check_source(credentials);
	must(strncmp(credentials->from, "the environment", 15) != 0 || variable_text("AWS_SECRET_ACCESS_KEY"));
	/* Those of an instance count as good for a while. */
	if (strncmp(credentials->from, "the ", 4) == 0 || strncmp(credentials->from, "credential_process", 18) == 0)
		must(!credentials_are_expired(credentials));
}

static void check_error(const struct atomicdir_error *error)
{
	must_be_told(error);
	must(error->kind == ATOMICDIR_FAILED || error->kind == ATOMICDIR_USAGE || error->kind == ATOMICDIR_UNREACHABLE ||
	     error->kind == ATOMICDIR_DENIED);
	must(world.is_key_told || !strstr(error->text, KEY));
}

static int next_fd(void)
{
	int fd = dup(home_fd);

	close(fd);
	return fd;
}

/* What secretdir was started with. */
static void put_variables(void)
{
	struct record record = { 0 };
	struct buffer text = { 0 };
	int fd;

	for (size_t i = 0; i < world.variable_count; i++)
		must(record_add_text(&record, WORD_VARIABLE, world.variables[i]) == 0);
	must(record_encode(&record, &text) == 0);
	fd = fuzz_file(text.bytes, text.size);
	must(variables_read(fd, NULL) == 0);
	close(fd);
	buffer_clear(&text);
	record_clear(&record);
}

static int find(struct credentials *credentials, struct atomicdir_error *error)
{
	const struct told told = { world.options, world.option_count };
	struct aws_settings settings;
	struct net net = { .settings = &settings };
	struct provider_context context = { .told = &told, .net = &net };

	if (aws_config_load(&told, error) < 0 || places_find(&told, &settings, error) < 0)
		return -1;
	return credentials_get(&context, credentials, error);
}

static int get(struct credentials *credentials, struct atomicdir_error *error)
{
	int fd = next_fd(), result;

	put_files();
	put_variables();
	world.next_answer = 0;
	world.next_pipe = 0;
	result = find(credentials, error);
	must(result == 0 || result == -1);
	must(!started && next_fd() == fd);
	check_cache();
	if (result == 0)
		check_credentials(credentials);
	else
		check_error(error);
	aws_config_clear();
	variables_clear();
	return result;
}

/* Who is asked again says the same, and nothing of what was said before is left. */
static void get_twice(void)
{
	struct credentials credentials = { 0 }, first = { 0 };
	struct atomicdir_error error = { 0 }, first_error = { 0 };

	if (get(&credentials, &first_error) == 0) {
		must(credentials_copy(&credentials, &first) == 0 && get(&credentials, &error) == 0);
		must(is_same(&credentials.key_id, &first.key_id) && is_same(&credentials.key, &first.key));
		must(is_same(&credentials.token, &first.token) && credentials.expires == first.expires);
		must(strcmp(credentials.from, first.from) == 0);
	} else {
		must(get(&credentials, &error) < 0 && error.kind == first_error.kind &&
		     strcmp(error.text, first_error.text) == 0);
	}
	credentials_clear(&credentials);
	credentials_clear(&first);
}

/* The words that bytes begin with, and what ends these. */
static const struct {
	const char *word;
	struct buffer *text;
	const char *end;
} texts[] = {
	{ "config", &world.config, "\n" },     { "credentials", &world.credentials, "\n" },
	{ "token", &world.token, "" },	       { "cache", &world.cache, "" },
	{ "other", &world.other, "" },	       { "output", &world.output, "" },
	{ "complaint", &world.complaint, "" },
};
#define TEXTS (sizeof(texts) / sizeof(*texts))

static void add_answer(const struct lines *lines)
{
	struct answer *answer = world.answer_count ? &world.answers[world.answer_count - 1] : NULL;

	if (lines_is(lines, "answer") && world.answer_count < ANSWERS_MAX) {
		answer = &world.answers[world.answer_count++];
		*answer = (struct answer){ .status = atoi(lines->rest) % 1000, .type = "" };
		must(buffer_reserve(&answer->body, 1) == 0);
	} else if (answer && lines_is(lines, "type")) {
		answer->type = lines->rest;
		see_told(answer->type);
	} else if (answer && lines_is(lines, "body")) {
		must(buffer_add(&answer->body, lines->rest, lines->rest_size) == 0);
	}
}

/* A path may begin with "~", as in a shell. */
static void add_variable(const struct lines *lines)
{
	bool is_home = lines->rest[0] == '~' && (!lines->rest[1] || lines->rest[1] == '/');
	cleanup_free char *value = NULL;

	must(asprintf(&value, "%s%s", is_home ? home + strlen("HOME=") : "", lines->rest + is_home) > -1);
	if (world.variable_count < VARIABLES_MAX)
		must(value && asprintf(&world.variables[world.variable_count++], "%s=%s", lines->word, value) > 0);
	if (!lines_is(lines, "AWS_SECRET_ACCESS_KEY") &&
	    !stands_after(lines->word + strlen(lines->word), lines->word, "_TOKEN"))
		see_told(lines->rest);
}

static void add_line(struct lines *lines)
{
	for (size_t i = 0; i < TEXTS; i++)
		if (lines_is(lines, texts[i].word))
			must(buffer_add(texts[i].text, lines->rest, lines->rest_size) == 0 &&
			     buffer_add_text(texts[i].text, texts[i].end) == 0);
	if (strncmp(lines->word, "AWS_", 4) == 0)
		add_variable(lines);
	else if (lines_is(lines, "option") && world.option_count < OPTIONS_MAX)
		world.options[world.option_count++] = lines->rest;
	else if (lines_is(lines, "status"))
		world.process_status = atoi(lines->rest) & 0xff7f;
	else
		add_answer(lines);
}

/* "config LINE" and "credentials LINE" are of the shared files, "option NAME=VALUE" of the request, "AWS_... VALUE" of the
 * environment; "answer STATUS" begins an answer, which "type CODE" and "body BYTES" go on with; "token", "cache", "other",
 * "output" and "complaint" are bytes, "status N" is how a process ends. */
static void make_world(struct lines *lines)
{
	world = (struct world){ .variables = { home }, .variable_count = 1 };
	for (size_t i = 0; i < TEXTS; i++)
		must(buffer_reserve(texts[i].text, 1) == 0);
	while (lines_next(lines))
		add_line(lines);
	see_config(&world.config);
	see_config(&world.credentials);
	see_secret(&world.token);
	for (size_t i = 0; i < world.option_count; i++)
		see_told(world.options[i]);
	see_told(world.complaint.bytes);
}

static void end_world(void)
{
	for (size_t i = 0; i < TEXTS; i++)
		buffer_clear(texts[i].text);
	for (size_t i = 0; i < world.answer_count; i++)
		buffer_clear(&world.answers[i].body);
	for (size_t i = 1; i < world.variable_count; i++)
		free(world.variables[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines lines;

	if (!home_fd)
		make_home();
	lines_begin(&lines, data, size);
	make_world(&lines);
	fuzz_pause_max_s = PAUSE_MAX_S;
	get_twice();
	fuzz_pause_max_s = 0;
	end_world();
	lines_end(&lines);
	return 0;
}
