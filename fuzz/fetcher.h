/* SPDX-License-Identifier: ISC
 *
 * secretdir/fetcher.c with a fetcher that has no process: what it says is in a file, and the input says how it ends.
 */
#ifndef FUZZ_FETCHER_H
#define FUZZ_FETCHER_H

#include <signal.h>
#include <sys/wait.h>

#include "fuzz.h"
#include "secretdir/interrupt.h"

#define FETCHER_PID 1000000

static struct child *fetcher_child;
static int fetcher_status; /* waitpid(2)'s */
static bool is_fetcher_over;

static void fetcher_child_kill(struct child *child)
{
	must(child == fetcher_child);
	if (child->pid)
		fetcher_status = SIGKILL;
}

static void fetcher_child_clear(struct child *child)
{
	must(child == fetcher_child);
	child->pid = 0;
	child->status = fetcher_status;
	is_fetcher_over = true;
}

static void fetcher_child_forget(struct loop *loop, struct child *child)
{
	(void)loop;
	must(child == fetcher_child && !child->pid);
}

static struct event fetcher_child_end(struct pollfd *fds, size_t count, int64_t until_ms)
{
	must(!fds && !count && until_ms < 0 && fetcher_child->pid);
	fetcher_child_clear(fetcher_child);
	return (struct event){ .kind = EVENT_CHILD, .child = fetcher_child };
}

#define child_kill fetcher_child_kill
#define child_clear fetcher_child_clear
#define loop_remove fetcher_child_forget
#define interrupt_next fetcher_child_end
#include "secretdir/worker.c"
#undef interrupt_next
#undef loop_remove
#undef child_clear
#undef child_kill

#include "secretdir/fetcher.c"

/* One that has started, and whose words are in the file. */
static struct fetcher *fetcher_make(int reply_fd, const struct entries *entries)
{
	static struct keys keys;
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

	must(fetcher);
	keys = KEYS_INIT;
	*fetcher = (struct fetcher){ .keys = &keys, .entries = entries };
	fetcher->worker =
		(struct worker){ .what = "the fetcher", .child.pid = FETCHER_PID, .request_fd = -1, .reader.fd = reply_fd };
	fetcher->answers = calloc(entries->count + 1, sizeof(*fetcher->answers));
	must(fetcher->answers);
	fetcher_child = &fetcher->worker.child;
	is_fetcher_over = false;
	return fetcher;
}

#endif
