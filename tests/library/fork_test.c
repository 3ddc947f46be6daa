/* SPDX-License-Identifier: ISC
 *
 * Programs that are started while other threads are in the middle of every call inherit no descriptor of the library's: a lock or
 * a pin that got into a child would be held until that ends.
 */
#include <atomicdir.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define THREADS 8
#define ROUNDS 40

struct tally {
	int started, leaks, failures;
};

/* The child: how many descriptors it has beyond the standard ones, and what they are. */
static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int count = 0;

	while (directory && (entry = readdir(directory))) {
		char target[256] = "";

		if (atoi(entry->d_name) <= 2 || atoi(entry->d_name) == dirfd(directory))
			continue;
		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1) > 0)
			printf("# inherited: %s\n", target);
		count++;
	}
	return directory && closedir(directory) == 0 ? count : 100;
}

static void start(struct tally *tally)
{
	static char name[] = "fork_test", task[] = "descriptors";
	char *const argv[] = { name, task, NULL };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		tally->failures++;
	else
		tally->leaks += WEXITSTATUS(status);
	tally->started++;
}

static void publish(const char *link, const char *value, struct tally *tally)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_change *changes = NULL;
	struct atomicdir_stage *stage;
	int fd;

	options.sync = ATOMICDIR_SYNC_NONE;
	options.grace_ms = 0;
	stage = atomicdir_begin(link, &options, NULL);
	if (!stage) {
		tally->failures++;
		return;
	}
	fd = atomicdir_create(stage, "created", 0644, NULL);
	start(tally);
	tally->failures += fd < 0 || atomicdir_write(stage, "value", value, strlen(value), 0644, NULL) < 0 ||
			   atomicdir_seal(stage, &changes, NULL) < 0 || atomicdir_commit(stage, NULL, NULL) < 0;
	close(fd);
	free(changes);
	atomicdir_free(stage);
}

static void read_all(const char *link, struct tally *tally)
{
	struct atomicdir_generation *list = NULL;
	struct atomicdir_change *changes = NULL;
	int fd = atomicdir_pin(link, NULL, NULL);

	start(tally);
	tally->failures += fd < 0 || atomicdir_list(link, &list, NULL) < 1;
	atomicdir_diff(link, -1, -1, &changes, NULL);
	free(list);
	free(changes);
	close(fd);
}

static void *work(void *arg)
{
	static int next;
	struct tally *tally = arg;
	int number = __atomic_fetch_add(&next, 1, __ATOMIC_SEQ_CST);
	char link[32], value[32];

	snprintf(link, sizeof(link), "link-%d", number / 2);
	for (int round = 0; round < ROUNDS; round++) {
		snprintf(value, sizeof(value), "%d-%d", number, round);
		publish(link, value, tally);
		read_all(link, tally);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/atomicdir-test-XXXXXX", command[64];
	struct tally tallies[THREADS] = { 0 }, all = { 0 };
	pthread_t threads[THREADS];

	if (argc > 1 && strcmp(argv[1], "descriptors") == 0)
		return count_descriptors();
	/* What we were started with is not the library's. */
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, &tallies[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all.started += tallies[i].started;
		all.leaks += tallies[i].leaks;
		all.failures += tallies[i].failures;
	}
	ok(all.leaks == 0, "programs that 8 threads start in the middle of their calls inherit no descriptor of the library's");
	ok(all.failures == 0 && all.started == THREADS * ROUNDS * 2, "and no call fails for it");
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) != 0 || done();
}
