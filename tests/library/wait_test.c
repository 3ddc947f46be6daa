/* SPDX-License-Identifier: ISC
 *
 * atomicdir_wait() and atomicdir_watch(): what ends a wait, what does not, and that no change is lost however fast changes come.
 * WAIT_SWAPS says how many swaps the stress makes.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define LONG_MS 30000 /* a wait that lasts so long has missed what it waited for; the library looks unasked after 60 s */
#define SHORT_MS 300  /* a wait that is to end without a result */

static struct atomicdir_error error;

static int populate(struct atomicdir_stage *stage, void *text, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "f", text, strlen(text), 0644, why);
}

/* Publishes a new text, and returns the number of its generation. */
static int64_t publish(const char *link)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_generation *live = NULL;
	static int text_number;
	char text[32];
	int64_t number = -1;

	options.grace_ms = 0;
	options.keep = 5;
	snprintf(text, sizeof(text), "%d", ++text_number);
	if (atomicdir_fill(link, populate, text, &options, &error) < 0)
		printf("# fill: %s\n", error.text);
	else if (atomicdir_show(link, &live, &error) == 0)
		number = live->number;
	free(live);
	return number;
}

/* ---- A waiter in a thread of its own ---- */

struct waiter {
	const char *link;
	int64_t since, number;
	struct atomicdir_error error;
	pthread_t thread;
};

static void *waiter_run(void *argument)
{
	struct waiter *waiter = argument;

	waiter->number = atomicdir_wait(waiter->link, waiter->since, LONG_MS, &waiter->error);
	return NULL;
}

/* Starts to wait, and gives it the time to sleep: without that time the wait would end all the same. */
static void waiter_start(struct waiter *waiter, const char *link, int64_t since)
{
	*waiter = (struct waiter){ .link = link, .since = since };
	pthread_create(&waiter->thread, NULL, waiter_run, waiter);
	usleep(50000);
}

static int64_t waiter_end(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	if (waiter->number < 0)
		printf("# %s\n", waiter->error.text);
	return waiter->number;
}

/* ---- What ends a wait ---- */

static void test_at_once(void)
{
	int64_t number = publish("once");

	is_int(atomicdir_wait("once", 0, LONG_MS, &error), number, "since 0: what is live is returned at once");
	is_int(atomicdir_wait("once", number + 7, LONG_MS, &error), number, "since a number that is not live: at once");
	is_int(atomicdir_wait("once", number, 0, &error), 0, "a timeout of 0 only looks");
	is_int(atomicdir_wait("once", number, SHORT_MS, &error), 0, "without a change the wait times out");
	is_text(error.text, "", "a wait that was watched gives no warning");
	ok(atomicdir_wait("nowhere/once", 0, 0, &error) == -1 && error.errnum == ENOENT,
	   "a directory of LINK that does not exist is an error");
	ok(atomicdir_wait("", 0, 0, &error) == -1 && error.kind == ATOMICDIR_USAGE, "an empty LINK is USAGE");
}

static void test_creation(void)
{
	struct waiter waiter;

	waiter_start(&waiter, "created", 0);
	ok(publish("created") == 1 && waiter_end(&waiter) == 1, "the first publication ends a wait");
	waiter_start(&waiter, "created", 1);
	ok(publish("created") == 2 && waiter_end(&waiter) == 2, "a replacement ends a wait");
	waiter_start(&waiter, "created", 2);
	ok(atomicdir_rollback("created", 1, NULL, NULL, &error) == 1 && waiter_end(&waiter) == 1, "a rollback ends a wait");
}

static void test_removal(void)
{
	struct waiter waiter;

	publish("removed");
	waiter_start(&waiter, "removed", 1);
	ok(atomicdir_remove("removed", NULL, &error) == 1, "LINK is removed while somebody waits");
	usleep(50000);
	ok(publish("removed") == 1 && waiter_end(&waiter) == 1,
	   "a removal is waited over: what is published after it ends the wait, though it has the same number again");
	atomicdir_remove("removed", NULL, &error);
	is_int(atomicdir_wait("removed", 1, SHORT_MS, &error), 0, "where nothing is live the wait times out");
}

static void test_adoption(void)
{
	struct waiter waiter;
	int fd;

	mkdir("adopted", 0755);
	waiter_start(&waiter, "adopted", 0);
	fd = open("adopted/f", O_CREAT | O_WRONLY, 0644);
	close(fd);
	ok(atomicdir_adopt("adopted", NULL, &error) == 1 && waiter_end(&waiter) == 1,
	   "the adoption of a directory ends a wait");
	waiter_start(&waiter, "adopted", 1);
	ok(atomicdir_detach("adopted", NULL, &error) == 1 && atomicdir_adopt("adopted", NULL, &error) == 1 &&
		   waiter_end(&waiter) == 1,
	   "LINK is detached and adopted again: the wait ends then");
	if (symlink("adopted/f", "foreign") == 0)
		is_int(atomicdir_wait("foreign", 0, SHORT_MS, &error), 0, "a symlink that is not ours is waited over");
}

static void test_moved_parent(void)
{
	struct waiter waiter;

	mkdir("parent", 0755);
	publish("parent/link");
	waiter_start(&waiter, "parent/link", 1);
	rename("parent", "elsewhere");
	usleep(50000);
	ok(publish("elsewhere/link") == 2 && waiter_end(&waiter) == 2,
	   "its directory is moved away: what is published there ends the wait");
	rename("elsewhere", "parent");
	waiter_start(&waiter, "parent/link", 2);
	rename("parent", "elsewhere");
	mkdir("parent", 0755);
	ok(publish("parent/link") == 1 && waiter_end(&waiter) == 1,
	   "another directory takes its place: what is published in that one ends the wait");
	mkdir("above", 0755);
	mkdir("above/parent", 0755);
	waiter_start(&waiter, "above/parent/link", 0);
	rmdir("above/parent");
	usleep(50000);
	mkdir("above/parent", 0755);
	ok(publish("above/parent/link") == 1 && waiter_end(&waiter) == 1,
	   "its directory is removed and made again: the publication there ends the wait");
	waiter_start(&waiter, "above/parent/link", 1);
	rename("above", "beside");
	mkdir("above", 0755);
	mkdir("above/parent", 0755);
	publish("above/parent/link");
	ok(publish("above/parent/link") == 2 && waiter_end(&waiter) > 0,
	   "a directory further up is replaced: the publication there ends the wait");
}

static void on_signal(int signal)
{
	(void)signal;
}

static void test_signal(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct waiter waiter;

	publish("signalled");
	sigaction(SIGUSR1, &action, NULL);
	waiter_start(&waiter, "signalled", 1);
	pthread_kill(waiter.thread, SIGUSR1);
	ok(waiter_end(&waiter) == -1 && waiter.error.errnum == EINTR, "a caught signal ends a wait with EINTR");
}

/* ---- The descriptor ---- */

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = { fd, POLLIN, 0 };

	return poll(&poll_fd, 1, timeout_ms) == 1 && poll_fd.revents == POLLIN;
}

static void test_watch(void)
{
	int64_t number = publish("watched");
	int fd = atomicdir_watch("watched", 0, &error);

	ok(is_readable(fd, 0), "the descriptor is readable at once where another generation is live already");
	close(fd);
	fd = atomicdir_watch("watched", number, &error);
	ok(fd >= 0 && !is_readable(fd, SHORT_MS), "it is not readable while nothing changes");
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "it is close-on-exec");
	publish("beside-watched");
	ok(!is_readable(fd, SHORT_MS), "a publication beside LINK does not make it readable");
	publish("watched");
	ok(is_readable(fd, LONG_MS), "a publication makes it readable");
	close(fd);
	fd = atomicdir_watch("absent", 0, &error);
	ok(fd >= 0 && !is_readable(fd, SHORT_MS), "it is not readable while nothing is at LINK");
	publish("absent");
	ok(is_readable(fd, LONG_MS), "the first publication makes it readable");
	close(fd);
}

/* ---- The stress ---- */

#define STRESS_LINK "stress/link"
#define STRESS_STORE "stress/.link.atomicdir"

struct stress {
	_Atomic int64_t seen; /* what the waiter has got last */
	_Atomic bool is_over;
	int64_t wakes;
	bool has_failed;
	bool by_watch; /* waits with atomicdir_watch() */
};

static int64_t stress_next(struct stress *stress, int64_t since)
{
	int64_t number;
	int fd;

	if (!stress->by_watch)
		return atomicdir_wait(STRESS_LINK, since, LONG_MS, NULL);
	while ((number = atomicdir_wait(STRESS_LINK, since, 0, NULL)) == 0) {
		bool is_told;

		fd = atomicdir_watch(STRESS_LINK, since, NULL);
		is_told = fd >= 0 && is_readable(fd, LONG_MS);
		close(fd);
		if (!is_told)
			return 0;
	}
	return number;
}

static void *stress_wait(void *argument)
{
	struct stress *stress = argument;
	int64_t seen = 0;

	while (!stress->is_over && !stress->has_failed) {
		seen = stress_next(stress, seen);
		stress->has_failed = seen <= 0;
		stress->seen = seen;
		stress->wakes++;
	}
	return NULL;
}

/* Publishes as step 10 does, without what comes before and after it. */
static void stress_swap(int64_t number, bool is_removed_first)
{
	char text[64];

	snprintf(text, sizeof(text), ".link.atomicdir/%06lld", (long long)number);
	unlink(STRESS_STORE "/next");
	if (symlink(text, STRESS_STORE "/next") < 0)
		abort();
	if (is_removed_first)
		unlink(STRESS_LINK);
	if (rename(STRESS_STORE "/next", STRESS_LINK) < 0)
		abort();
}

/* Swaps come in bursts; after each the waiter must get to see the last one: there is no later one that could wake it. */
static void test_stress(long swaps, bool by_watch, bool is_removed, const char *claim)
{
	struct stress stress = { .by_watch = by_watch };
	unsigned seed = 1;
	pthread_t thread;
	int64_t number = 0;
	long done = 0;

	pthread_create(&thread, NULL, stress_wait, &stress);
	while (done < swaps && !stress.has_failed) {
		for (int burst = 1 << rand_r(&seed) % 9; burst; burst--, done++) {
			number = number % 3 + 1;
			stress_swap(number, is_removed && rand_r(&seed) % 4 == 0);
		}
		while (stress.seen != number && !stress.has_failed)
			usleep(200);
	}
	stress.is_over = true;
	stress_swap(number % 3 + 1, false);
	pthread_join(thread, NULL);
	printf("# %ld swaps, %lld wakes\n", done, (long long)stress.wakes);
	ok(!stress.has_failed && done >= swaps, claim);
}

int main(void)
{
	char work[] = "/tmp/wait_test.XXXXXX", command[64];
	const char *swaps = getenv("WAIT_SWAPS");
	long count = swaps ? atol(swaps) : 20000;

	if (!mkdtemp(work) || chdir(work) < 0)
		return 1;
	setbuf(stdout, NULL);
	test_at_once();
	test_creation();
	test_removal();
	test_adoption();
	test_moved_parent();
	test_signal();
	test_watch();
	mkdir("stress", 0755);
	for (int i = 0; i < 3; i++)
		publish(STRESS_LINK);
	test_stress(count / 2, false, false, "no last swap of a burst is lost to atomicdir_wait()");
	test_stress(count / 4, false, true, "nor where LINK is removed in between");
	test_stress(count / 4, true, true, "nor to atomicdir_watch()");
	snprintf(command, sizeof(command), "rm -rf %s", work);
	if (chdir("/") < 0 || system(command) != 0)
		return 1;
	return done();
}
