/* SPDX-License-Identifier: ISC
 *
 * ours nothing|publish|compare [NAME=VALUE...]: publishes a job's files with libatomicdir's calls, or writes them as a COMMAND of
 * `atomicdir fill` does and prints how many nanoseconds the comparison took for each file; or only starts and ends.
 */
#include <atomicdir.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "job.h"

static struct atomicdir_stage *begin(const struct job *job, struct atomicdir_error *error)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_stage *stage;
	char link[4096];

	snprintf(link, sizeof(link), "%s/live", job->directory);
	/* The peers keep nothing either. */
	options.keep = 0;
	options.grace_ms = 0;
	options.link_unchanged = job->link_unchanged;
	options.sync = job_is_durable(job) ? ATOMICDIR_SYNC_AUTO : ATOMICDIR_SYNC_NONE;
	if (strcmp(job->sync, "files") == 0)
		options.sync = ATOMICDIR_SYNC_FILES;
	if (strcmp(job->sync, "fs") == 0)
		options.sync = ATOMICDIR_SYNC_FS;
	stage = atomicdir_begin(link, &options, error);
	if (!stage)
		errx(error->kind, "%s", error->text);
	return stage;
}

static void publish(const struct job *job)
{
	static char bytes[FILE_SIZE];
	struct atomicdir_error error;
	struct atomicdir_stage *stage = begin(job, &error);
	char name[NAME_SIZE];

	for (int i = 0; i < job->count; i++) {
		file_name(name, i);
		file_bytes(bytes, job, i);
		if (atomicdir_write(stage, name, bytes, FILE_SIZE, 0644, &error) < 0)
			errx(error.kind, "%s", error.text);
	}
	if (atomicdir_commit(stage, NULL, &error) < 0)
		errx(error.kind, "%s", error.text);
	atomicdir_free(stage);
}

static void compare(const struct job *job)
{
	struct atomicdir_error error;
	struct atomicdir_stage *stage = begin(job, &error);
	long long since;

	files_write(job, atomicdir_fd(stage));
	since = now_ns();
	if (atomicdir_seal(stage, NULL, &error) != 0)
		errx(1, "what should be unchanged is not");
	printf("%lld\n", (now_ns() - since) / job->count);
	atomicdir_free(stage);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct job job;

	job_parse(&job, argv + (argc > 1 ? 2 : 1));
	if (strcmp(what, "publish") == 0)
		publish(&job);
	else if (strcmp(what, "compare") == 0)
		compare(&job);
	else if (strcmp(what, "nothing") != 0)
		errx(2, "usage: ours nothing|publish|compare [NAME=VALUE...]");
	return 0;
}
