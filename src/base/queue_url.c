/* SPDX-License-Identifier: ISC */
#include "base/queue_url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arn.h"
#include "base/error.h"
#include "base/url.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER DIGITS "-_"
#define NAME_MAX_SIZE 80
#define FIFO ".fifo"

/* ---- The host ---- */

/* Letters and '-', and a number at the end: eu-west-1. */
static size_t region_size(const char *label)
{
	size_t size = strspn(label, LOWER DIGITS "-"), digits = size;

	while (digits && strchr(DIGITS, label[digits - 1]))
		digits--;
	return size < sizeof(((struct queue_url *)0)->region) && digits < size && digits && label[digits - 1] == '-' &&
			       memchr(label, '-', digits - 1)
		       ? size
		       : 0;
}

static void region_take(struct queue_url *queue, const char *label, size_t size)
{
	memcpy(queue->region, label, size);
	queue->region[size] = '\0';
}

/* Is what follows the region AWS's own domain? */
static bool is_domain_of(const char *region, const char *rest)
{
	const struct arn_partition *partition = arn_partition(region);

	return strcmp(rest, partition->suffix) == 0 || strcmp(rest, partition->dual_suffix) == 0;
}

/* sqs.REGION.DOMAIN, wherever it stands: vpce-ID.sqs.REGION.vpce.DOMAIN. */
static void host_take_region(const char *host, struct queue_url *queue)
{
	for (const char *label = host; label; label = strchr(label, '.') ? strchr(label, '.') + 1 : NULL) {
		size_t service = strncmp(label, "sqs.", 4) == 0 ? 4 : strncmp(label, "sqs-fips.", 9) == 0 ? 9 : 0;
		size_t size = service ? region_size(label + service) : 0;

		if (!size || label[service + size] != '.')
			continue;
		region_take(queue, label + service, size);
		queue->is_regional = label == host && is_domain_of(queue->region, label + service + size + 1);
		return;
	}
}

/* As queues were named before 2012: [REGION.]queue.amazonaws.com. */
static bool host_take_legacy(const char *host, struct queue_url *queue)
{
	size_t size = region_size(host);

	if (strcmp(host, "queue.amazonaws.com") == 0) {
		host = "us-east-1";
		size = strlen(host);
	} else if (!size ||
		   (strcmp(host + size, ".queue.amazonaws.com") != 0 && strcmp(host + size, ".queue.amazonaws.com.cn") != 0)) {
		return false;
	}
	region_take(queue, host, size);
	return queue->is_regional = true;
}

/* Without the port. */
static bool host_is_loopback(const char *host)
{
	size_t size = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	return (size == 9 && strncasecmp(host, "localhost", 9) == 0) || strncmp(host, "127.", 4) == 0 ||
	       (size == 5 && strncmp(host, "[::1]", 5) == 0);
}

/* ---- The path ---- */

static bool is_name(const char *name, size_t size)
{
	size_t fifo = strlen(FIFO);

	if (size > NAME_MAX_SIZE)
		return false;
	if (size > fifo && strncmp(name + size - fifo, FIFO, fifo) == 0)
		size -= fifo;
	return size && strspn(name, NAME_BYTES) >= size;
}

/* Its last two components, since others than AWS have more before them. */
static const char *path_take(const char *path, struct queue_url *queue)
{
	const char *name = strrchr(path, '/'), *account = name;

	while (account && account > path && account[-1] != '/')
		account--;
	if (!account || account == path)
		return "it has no ACCOUNT and NAME after the host";
	*queue = (struct queue_url){
		.account = account, .account_size = (size_t)(name - account), .name = name + 1, .name_size = strlen(name + 1)
	};
	if (!queue->account_size || strspn(account, NAME_BYTES) < queue->account_size)
		return "it has no ACCOUNT before the name";
	return is_name(queue->name, queue->name_size) ? NULL : "its NAME is not one that a queue can have";
}

/* ---- All of it ---- */

/* NULL: it is one; else why not. */
static const char *queue_url_take(const char *url, struct queue_url *queue)
{
	bool is_plain = strncasecmp(url, "http://", 7) == 0;
	const char *host = url + (is_plain ? 7 : 8), *path, *why;
	char name[sizeof(queue->origin)];

	if (!is_plain && strncasecmp(url, "https://", 8) != 0)
		return "it does not begin with https://";
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("@?#\\\"", *c))
			return "it holds a user, a query, or what no URL has";
	path = host + strcspn(host, "/");
	if (path == host || (size_t)(path - url) >= sizeof(queue->origin))
		return "it has no host";
	why = path_take(path, queue);
	if (why)
		return why;
	snprintf(queue->origin, sizeof(queue->origin), "%.*s", (int)(path - url), url);
	snprintf(name, sizeof(name), "%.*s", (int)(path - host), host);
	for (char *c = name; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	queue->is_open = is_plain && !host_is_loopback(name);
	if (!host_take_legacy(name, queue))
		host_take_region(name, queue);
	return NULL;
}

int queue_url_parse(const char *url, struct queue_url *queue, struct atomicdir_error *error)
{
	const char *why = queue_url_take(url, queue);
	char shown[200];

	if (!why)
		return 0;
	/* Who has a user there has a password. */
	snprintf(shown, sizeof(shown), "%s", url);
	text_hide_users(shown);
	return error_set(error, ATOMICDIR_USAGE, NULL,
			 "'%s' is not the URL of a queue such as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME: %s", shown,
			 why);
}

char *queue_url_arn(const struct queue_url *queue, const char *region)
{
	char *arn;

	if (*queue->region)
		region = queue->region;
	return asprintf(&arn, "arn:%s:sqs:%s:%.*s:%.*s", arn_partition(region)->name, region, (int)queue->account_size,
			queue->account, (int)queue->name_size, queue->name) < 0
		       ? NULL
		       : arn;
}
