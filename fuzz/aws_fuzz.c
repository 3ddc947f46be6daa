/* SPDX-License-Identifier: ISC
 *
 * Claim: whatever answers in the place of AWS, a value is that of the secret asked for, and no key is told
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "fetch/aws_source.h"
#include "fuzz.h"
#include "lines.h"

#define KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define ANSWERS_MAX 8
#define LOOKUPS_MAX 25
#define PAUSE_MAX_S 25

/* ---- A server on loopback, in a thread: each connection gets the next answer, and then its end ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct buffer answers[ANSWERS_MAX];
static size_t answer_count, next_answer;
static int listen_fd;
static char url[64];

/* All of the request: what is closed with bytes unread would cut the answer off. */
static void read_request(int fd)
{
	static char request[65536];
	size_t size = 0;
	const char *end, *length;
	ssize_t got;

	while (size < sizeof(request) - 1 && (got = read(fd, request + size, sizeof(request) - 1 - size)) > 0) {
		size += (size_t)got;
		request[size] = '\0';
		must(!strstr(request, KEY));
		end = strstr(request, "\r\n\r\n");
		length = end ? strcasestr(request, "\r\nContent-Length: ") : NULL;
		if (length && size >= (size_t)(end + 4 - request) + strtoul(length + 18, NULL, 10))
			return;
	}
}

static void *answer_all(void *nothing)
{
	for (;;) {
		int fd = accept(listen_fd, NULL, NULL);

		if (fd < 0)
			continue;
		read_request(fd);
		pthread_mutex_lock(&lock);
		if (next_answer < answer_count) {
			const struct buffer *answer = &answers[next_answer++];

			if (answer->size)
				send(fd, answer->bytes, answer->size, MSG_NOSIGNAL);
		}
		pthread_mutex_unlock(&lock);
		close(fd);
	}
	return nothing;
}

static void start_server(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	pthread_t thread;

	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(listen_fd >= 0 && bind(listen_fd, (struct sockaddr *)&address, size) == 0 && listen(listen_fd, 64) == 0);
	must(getsockname(listen_fd, (struct sockaddr *)&address, &size) == 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(address.sin_port));
	must(pthread_create(&thread, NULL, answer_all, NULL) == 0);
}

/* ---- The target ---- */

static void check_error(const struct atomicdir_error *error)
{
	must_be_told(error);
	must(error->kind == ATOMICDIR_FAILED || error->kind == ATOMICDIR_USAGE || error->kind >= ATOMICDIR_UNREACHABLE);
	must(!strstr(error->text, KEY));
}

static void check_secret(const struct lookup *lookup)
{
	const struct secret *secret = &lookup->secret;

	must(secret->name && secret->version && secret->value.bytes && secret->value.size <= 65536);
	must(*lookup->service || strncmp(lookup->id, "arn:", 4) == 0 || strcmp(secret->name, lookup->id) == 0);
}

/* All of the words at once. */
static void get(struct source *source, const char *service, char *ids)
{
	struct lookup lookups[LOOKUPS_MAX] = { 0 };
	size_t count = 0;

	for (char *id; count < LOOKUPS_MAX && (id = strsep(&ids, " "));)
		lookups[count++] = (struct lookup){
			.id = id, .service = service, .stage = "", .version = "", .failover_id = "", .failover_stage = ""
		};
	source->get(source, lookups, count);
	for (size_t i = 0; i < count; i++) {
		must(lookups[i].result == 1 || lookups[i].result == -1);
		if (lookups[i].result > 0)
			check_secret(&lookups[i]);
		else
			check_error(&lookups[i].error);
		secret_clear(&lookups[i].secret);
	}
}

static void list(struct source *source, const char *prefix)
{
	struct listing listing = { 0 };
	struct atomicdir_error error;

	error_clear(&error);
	if (source->list(source, "", prefix, &listing, &error) < 0)
		check_error(&error);
	for (size_t i = 0; i < listing.count; i++) {
		must(strncmp(listing.items[i].name, prefix, strlen(prefix)) == 0);
		must(strcmp(listing.items[i].id, listing.items[i].name) == 0 || strncmp(listing.items[i].id, "arn:", 4) == 0);
		for (size_t j = 0; j < i; j++)
			must(strcmp(listing.items[i].name, listing.items[j].name) != 0);
	}
	listing_clear(&listing);
}

static struct source *open_source(void)
{
	static const struct request request;
	struct aws_settings settings = { .region = "us-east-1",
					 .max_attempts = "3",
					 .endpoints = { [AWS_SECRETSMANAGER] = url, [AWS_SSM] = url } };
	struct credentials credentials = { .is_fixed = true, .from = "a test" };
	struct atomicdir_error error;
	struct source *source;

	must(buffer_add_text(&credentials.key_id, "AKIDEXAMPLE") == 0 && buffer_add_text(&credentials.key, KEY) == 0 &&
	     buffer_add_text(&credentials.token, "token") == 0);
	source = aws_source_new(&request, &settings, &credentials, &error);
	must(source);
	credentials_clear(&credentials);
	return source;
}

/* "answer" begins one; its lines, which end in CRLF, follow, and "body REST" as it is. */
static void add_line(const struct lines *lines)
{
	struct buffer *answer = answer_count ? &answers[answer_count - 1] : NULL;

	if (lines_is(lines, "answer")) {
		answer_count += answer_count < ANSWERS_MAX;
	} else if (answer && lines_is(lines, "body")) {
		must(buffer_add(answer, "\r\n", 2) == 0 && buffer_add(answer, lines->rest, lines->rest_size) == 0);
	} else if (answer) {
		must(buffer_printf(answer, "%s ", lines->word) == 0);
		must(buffer_add(answer, lines->rest, lines->rest_size) == 0 && buffer_add(answer, "\r\n", 2) == 0);
	}
}

/* Answers, then "get ID ID...", "parameter ID ID..." and "list PREFIX", which ask. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct source *source;
	struct lines lines;

	/* The fuzzer learns it from what is compared here, and may then ask for a secret of that name. */
	if (memmem(data, size, KEY, 20))
		return -1;
	if (!source) {
		start_server();
		source = open_source();
	}
	fuzz_pause_max_s = PAUSE_MAX_S;
	lines_begin(&lines, data, size);
	while (lines_next(&lines)) {
		if (lines_is(&lines, "get")) {
			get(source, "", lines.rest);
		} else if (lines_is(&lines, "parameter")) {
			get(source, "ssm", lines.rest);
		} else if (lines_is(&lines, "list")) {
			list(source, lines.rest);
		} else {
			pthread_mutex_lock(&lock);
			add_line(&lines);
			pthread_mutex_unlock(&lock);
		}
	}
	lines_end(&lines);
	fuzz_pause_max_s = 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < ANSWERS_MAX; i++)
		buffer_clear(&answers[i]);
	answer_count = next_answer = 0;
	pthread_mutex_unlock(&lock);
	return 0;
}
