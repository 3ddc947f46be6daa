/* SPDX-License-Identifier: ISC
 *
 * Every public call, from several threads with handles of their own, on one LINK and on several, well and badly. Built together
 * with the library under the thread sanitizer, which reports and ends with 66. Usage: threads ROUNDS, in an empty directory.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 6

static int rounds, failures, calls;
static pthread_mutex_t tally = PTHREAD_MUTEX_INITIALIZER;

/* What a call must never give. */
static void expect(bool is_fine, const char *what, const struct atomicdir_error *error)
{
	pthread_mutex_lock(&tally);
	calls++;
	if (!is_fine) {
		failures++;
		fprintf(stderr, "%s: kind %d, %s\n", what, error->kind, error->text);
	}
	pthread_mutex_unlock(&tally);
}

/* A LINK is a volume if its name says so. */
static int layout_of(const char *link)
{
	return strncmp(link, "volume", 6) == 0 ? ATOMICDIR_LAYOUT_VOLUME : ATOMICDIR_LAYOUT_LINK;
}

static int populate(struct atomicdir_stage *stage, void *value, struct atomicdir_error *error)
{
	return atomicdir_write(stage, "value", value, strlen(value), 0640, error);
}

static int refuse(struct atomicdir_stage *stage, void *value, struct atomicdir_error *error)
{
	(void)value;
	return atomicdir_write(stage, "../value", "x", 1, 0640, error);
}

static void publish_in_parts(const char *link, const char *value, int thread)
{
	struct atomicdir_options options;
	struct atomicdir_generation *live = NULL;
	struct atomicdir_change *changes = NULL;
	struct atomicdir_error error;
	struct atomicdir_stage *stage;
	struct stat status;
	int fd;

	atomicdir_options_init(&options, sizeof(options));
	options.layout = layout_of(link);
	options.grace_ms = 0;
	options.keep = 1;
	options.hook = thread % 2 ? ATOMICDIR_HOOK_AFTER : ATOMICDIR_HOOK_NONE;
	options.sync = thread % 3 ? ATOMICDIR_SYNC_NONE : ATOMICDIR_SYNC_FILES;
	stage = atomicdir_begin(link, &options, &error);
	expect(stage, "begin", &error);
	if (!stage)
		return;
	expect(atomicdir_write(stage, "sub/value", value, strlen(value), 0600, &error) == 0, "write", &error);
	expect(atomicdir_write(stage, "sub/value", value, 1, 0600, &error) < 0 && error.errnum == EEXIST, "write again",
	       &error);
	expect(atomicdir_mkdir(stage, "empty", 0711, &error) == 0, "mkdir", &error);
	expect(atomicdir_symlink(stage, "to", "sub/value", &error) == 0, "symlink", &error);
	expect(atomicdir_copy(stage, "copied", "from", &error) == 0, "copy", &error);
	expect(atomicdir_copy(stage, "none", "no-such", &error) < 0 && error.errnum == ENOENT, "copy nothing", &error);
	fd = atomicdir_create(stage, "created", 0604, &error);
	expect(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0, "create", &error);
	expect(atomicdir_carry(stage, "carried", &error) == 0 || error.errnum == ENOENT, "carry", &error);
	expect(atomicdir_note(stage, value, strlen(value), &error) == 0, "note", &error);
	expect(fstat(atomicdir_fd(stage), &status) == 0 && atomicdir_path(stage), "fd", &error);
	expect(atomicdir_seal(stage, &changes, &error) >= 0, "seal", &error);
	expect(fstatat(atomicdir_fd(stage), "sub/value", &status, 0) == 0 && (status.st_mode & 07777) == 0600, "mode", &error);
	expect(atomicdir_commit(stage, &live, &error) >= 0, "commit", &error);
	if (live)
		expect(atomicdir_hook_done(link, live->number, &error) == 0, "hook_done", &error);
	free(live);
	free(changes);
	atomicdir_free(stage);
}

static void publish_at_once(const char *link, char *value)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_error error;

	options.sync = ATOMICDIR_SYNC_NONE;
	options.layout = layout_of(link);
	options.keep = 1;
	expect(atomicdir_fill(link, populate, value, &options, &error) >= 0, "fill", &error);
	expect(atomicdir_fill(link, refuse, value, &options, &error) < 0 && error.kind == ATOMICDIR_USAGE, "fill badly",
	       &error);
	options.wait_ms = 0;
	expect(atomicdir_fill(link, populate, value, &options, &error) >= 0 || error.kind == ATOMICDIR_BUSY,
	       "fill without waiting", &error);
	options.wait_ms = 5;
	expect(atomicdir_fill(link, populate, value, &options, &error) >= 0 || error.kind == ATOMICDIR_BUSY,
	       "fill, waiting a bit", &error);
	options.if_generation = 999999;
	options.wait_ms = -1;
	expect(atomicdir_fill(link, populate, value, &options, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION, "fill if",
	       &error);
	options.layout = ATOMICDIR_LAYOUT_AUTO;
	expect(atomicdir_fill("none/such", populate, value, NULL, &error) < 0 && error.errnum == ENOENT, "fill nowhere",
	       &error);
	expect(atomicdir_fill("from", populate, value, NULL, &error) < 0 && error.kind == ATOMICDIR_FAILED, "fill a directory",
	       &error);
}

static void look(const char *link)
{
	struct atomicdir_generation *list = NULL, *live = NULL;
	struct atomicdir_change *changes = NULL;
	struct atomicdir_error error;
	int64_t number;
	int fd = atomicdir_pin(link, &number, &error);

	expect(fd >= 0, "pin", &error);
	expect(atomicdir_show(link, &live, &error) == 0, "show", &error);
	expect(atomicdir_list(link, &list, &error) >= 0, "list", &error);
	expect(atomicdir_diff(link, -1, -1, &changes, &error) >= 0 || error.kind == ATOMICDIR_NO_GENERATION, "diff", &error);
	expect(atomicdir_diff(link, -1, 999999, NULL, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION, "diff with nothing",
	       &error);
	expect(atomicdir_pin("nothing", NULL, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION, "pin nothing", &error);
	free(live);
	free(list);
	free(changes);
	close(fd);
}

/* ---- Links to live files, which other threads read ---- */

static const char stays[] = "the same in all generations";

static int populate_linked(struct atomicdir_stage *stage, void *value, struct atomicdir_error *error)
{
	if (atomicdir_write(stage, "sub/stays", stays, sizeof(stays), 0640, error) < 0)
		return -1;
	if (atomicdir_write(stage, "a", value, strlen(value), 0640, error) < 0)
		return -1;
	if (atomicdir_write(stage, "b", value, strlen(value), 0640, error) < 0)
		return -1;
	return atomicdir_symlink(stage, "value", value, error);
}

static void read_whole(int directory_fd, const char *path, char text[64])
{
	int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, 63);

	text[size > 0 ? size : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Every third value is the same in all threads. */
static void publish_links(const char *value)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	char a[64], b[64], same[64], text[64] = "";
	struct atomicdir_error error;
	int fd;

	options.sync = ATOMICDIR_SYNC_NONE;
	options.link_unchanged = 1;
	options.keep_times = 1;
	options.keep = 2;
	expect(atomicdir_fill("linked", populate_linked, (void *)(uintptr_t)value, &options, &error) >= 0, "fill with links",
	       &error);
	fd = atomicdir_pin("linked", NULL, &error);
	expect(fd >= 0, "pin", &error);
	if (fd < 0)
		return;
	read_whole(fd, "a", a);
	read_whole(fd, "b", b);
	read_whole(fd, "sub/stays", same);
	expect(readlinkat(fd, "value", text, sizeof(text) - 1) > 0 && strcmp(a, text) == 0 && strcmp(b, text) == 0 &&
		       strcmp(same, stays) == 0,
	       "a generation of links is whole", &error);
	close(fd);
}

static void go_back(const char *link)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_generation *live = NULL, *removed = NULL;
	struct atomicdir_error error;

	options.sync = ATOMICDIR_SYNC_NONE;
	expect(atomicdir_rollback(link, -1, &options, &live, &error) >= 0 || error.kind == ATOMICDIR_NO_GENERATION, "rollback",
	       &error);
	options.grace_ms = 0;
	expect(atomicdir_prune(link, &options, &removed, &error) >= 0, "prune", &error);
	expect(atomicdir_adopt(link, NULL, &error) == 0, "adopt what is ours", &error);
	free(live);
	free(removed);
}

static void adopt(int thread, int round)
{
	struct atomicdir_generation *live = NULL;
	struct atomicdir_error error;
	char name[32];

	snprintf(name, sizeof(name), "real-%d-%d", thread, round);
	expect(mkdir(name, 0750) == 0 && chmod(name, 0750) == 0 && atomicdir_adopt(name, NULL, &error) == 1 &&
		       atomicdir_show(name, &live, &error) == 0 && live->number == 1,
	       "adopt", &error);
	free(live);
}

/* Half of the threads share one LINK or one volume, the others have a LINK each. */
static void *work(void *arg)
{
	int thread = (int)(intptr_t)arg;
	char link[32] = "shared", value[32];

	if (thread == 2 || thread == 4)
		snprintf(link, sizeof(link), "volume");
	if (thread % 2)
		snprintf(link, sizeof(link), "own-%d", thread);
	for (int round = 0; round < rounds; round++) {
		snprintf(value, sizeof(value), "%d-%d", thread, round);
		publish_in_parts(link, value, thread);
		look(link);
		publish_at_once(link, value);
		publish_links(round % 3 ? value : "same");
		go_back(link);
		if (round % 10 == 0)
			adopt(thread, round);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	rounds = argc > 1 ? atoi(argv[1]) : 1;
	if (mkdir("from", 0755) < 0)
		return 1;
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	/* A umask belongs to the whole process: no mode may depend on it. */
	for (int i = 0; i < 1000; i++) {
		umask(i % 2 ? 0777 : 0);
		usleep(1000);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("# %d calls, %d of them not as they should be\n", calls, failures);
	return failures != 0;
}
