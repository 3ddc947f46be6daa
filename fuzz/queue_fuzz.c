/* SPDX-License-Identifier: ISC
 *
 * Claim: the URL of a queue is taken apart, and a queue's ARN made of it, or it is refused with the reason
 */
#include <stdlib.h>
#include <string.h>

#include "base/queue_url.h"
#include "base/error.h"
#include "fuzz.h"

static void check_queue(const char *url, const struct queue_url *queue)
{
	size_t origin = strlen(queue->origin);
	char *arn = queue_url_arn(queue, "eu-west-1");

	must(strncmp(url, queue->origin, origin) == 0 && url[origin] == '/' && !strpbrk(queue->origin + 8, "/@?#"));
	must(queue->account > url + origin && queue->name + queue->name_size == url + strlen(url));
	must(strlen(queue->region) < sizeof(queue->region) &&
	     strspn(queue->region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(queue->region));
	must(!queue->is_regional || *queue->region);
	must(arn && strncmp(arn, "arn:aws", 7) == 0 && strstr(arn, ":sqs:") && is_clean(arn) && !strpbrk(arn, "*? \""));
	free(arn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = fuzz_copy(data, size);
	struct atomicdir_error error;
	struct queue_url queue;

	error_clear(&error);
	if (queue_url_parse(url, &queue, &error) == 0)
		check_queue(url, &queue);
	else
		must_be_told(&error);
	free(url);
	return 0;
}
