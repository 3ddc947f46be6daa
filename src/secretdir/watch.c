/* SPDX-License-Identifier: ISC
 *
 * watch and run: one loop, which knows signals, moments, the ends of children, and what the listener says. It opens no file, so it is
 * never in a lock, a barrier or a hook, or on the network: all that is done by children (rounds.h), of which one runs at a time. What
 * comes next follows from the standing that they leave, and from the schedule.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "command/link.h"
#include "command/report.h"
#include "process/loop.h"
#include "secretdir/application.h"
#include "secretdir/command.h"
#include "secretdir/fetcher.h"
#include "secretdir/notify.h"
#include "secretdir/pushed.h"
#include "secretdir/rounds.h"

#define EXTEND_MS 30000	 /* until we are ready systemd is asked this often for more time, */
#define EXTENSION_S 120	 /* and this much of it */
#define GIVE_UP_MS 22000 /* a round has ended by then, or never will */
#define LEAVE_MS 2000	 /* what was killed has ended by then, or the kernel holds it */
#define MACHINE_ID "/etc/machine-id"

struct watch {
	struct secret_options options;
	char *link;
	struct loop loop;
	struct notify notify;
	struct schedule schedule;
	struct rounds rounds;
	struct application application;
	struct pushed pushed;
	struct child worker; /* what is done now, if its pid is not 0 */
	enum task task;
	int64_t rounds_before; /* when the round that runs began */
	bool wants_entries, wants_round, wants_full, wants_retry, is_lost, is_ready, is_reloading, is_ending;
	int64_t started_ms, watchdog_ms, extend_ms, give_up_ms; /* moments; -1: never */
	unsigned long dropped;					/* lines that nobody took */
	int status;						/* what we end with */
};

/* ---- What it says ---- */

/* Whoever does not read what we say must not stop us. */
static bool watch_can_say(struct watch *watch)
{
	struct pollfd polled = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&polled, 1, 0) == 1 && polled.revents == POLLOUT) {
		if (watch->dropped)
			report_notice(&watch->options.shared, "%lu lines were dropped, since nobody read them", watch->dropped);
		watch->dropped = 0;
		return true;
	}
	watch->dropped++;
	return false;
}

static void watch_say(struct watch *watch, const struct atomicdir_error *error)
{
	if (watch_can_say(watch))
		report_error(error);
}

static void watch_tell_service(struct watch *watch)
{
	const struct standing *standing = watch->rounds.standing;

	if (standing->status != ATOMICDIR_OK)
		notify_send(&watch->notify, "STATUS=generation %" PRId64 " is live; the last round failed: %s", standing->live,
			    standing->error);
	else
		notify_send(&watch->notify, "STATUS=generation %" PRId64 " is live and up to date", standing->live);
}

/* ---- The end ---- */

static void watch_end(struct watch *watch, int status)
{
	if (watch->is_ending)
		return;
	watch->is_ending = true;
	watch->status = status;
	watch->give_up_ms = clock_ms() + GIVE_UP_MS + watch->options.kill_timeout_ms;
	notify_send(&watch->notify, "STOPPING=1");
	if (watch->worker.pid > 0)
		child_end(&watch->worker);
	application_end(&watch->application);
	pushed_end(&watch->pushed);
}

/* Asked twice, there is no waiting any more. */
static void watch_hurry(struct watch *watch)
{
	watch->give_up_ms = clock_ms() + LEAVE_MS;
	if (watch->worker.pid > 0)
		child_kill(&watch->worker);
	if (watch->application.child.pid > 0)
		child_kill(&watch->application.child);
	pushed_end(&watch->pushed);
}

static bool watch_is_over(const struct watch *watch)
{
	return watch->is_ending && watch->worker.pid <= 0 && watch->application.child.pid <= 0 &&
	       watch->pushed.listener.child.pid <= 0;
}

/* What the kernel still holds cannot be waited for. */
static void watch_leave(struct watch *watch)
{
	struct atomicdir_error error;

	error_set(&error, ATOMICDIR_FAILED, NULL, "process %d does not end, though it was killed; it is left behind",
		  (int)(watch->worker.pid > 0 ? watch->worker.pid : watch->application.child.pid));
	watch_say(watch, &error);
	loop_remove(&watch->loop, &watch->worker);
	loop_remove(&watch->loop, &watch->application.child);
	watch->worker.pid = 0;
	watch->application.child.pid = 0;
	watch->status = ATOMICDIR_FAILED;
}

/* ---- Beginning what is due ---- */

/* What cannot be started counts as a round that failed. */
static void watch_fail(struct watch *watch, const struct atomicdir_error *error)
{
	struct standing *standing = watch->rounds.standing;

	watch_say(watch, error);
	standing->failures++;
	standing->next.ms = schedule_slot(&watch->schedule, watch->schedule.interval_ms, clock_ms());
	if (watch->task == TASK_PRUNE)
		standing->prune_ms = standing->next.ms;
}

static void watch_start(struct watch *watch, enum task task)
{
	struct atomicdir_error error;

	watch->task = task;
	watch->rounds_before = watch->rounds.standing->rounds;
	error_clear(&error);
	if (rounds_start(&watch->rounds, task, &watch->worker, &error) < 0)
		watch_fail(watch, &error);
	else
		loop_add(&watch->loop, &watch->worker);
}

static void watch_start_round(struct watch *watch, bool is_event)
{
	const struct standing *standing = watch->rounds.standing;

	watch->rounds.asks_for_keys =
		watch->wants_full || schedule_is_full(&watch->schedule, standing->last_full_ms, clock_ms());
	watch->rounds.is_full = watch->rounds.asks_for_keys || watch->options.always_fetch;
	watch->rounds.labels = NULL;
	watch->rounds.label_count = 0;
	if (is_event && !watch->rounds.is_full)
		watch->rounds.labels = pushed_labels(&watch->pushed, &watch->rounds.label_count);
	pushed_begin_round(&watch->pushed);
	watch->rounds.is_retry = watch->wants_retry;
	watch->wants_round = false;
	watch->wants_full = false;
	watch->wants_retry = false;
	watch_start(watch, TASK_ROUND);
}

static bool is_due(int64_t moment_ms, int64_t now_ms)
{
	return moment_ms >= 0 && moment_ms <= now_ms;
}

static void watch_start_due(struct watch *watch, int64_t now_ms)
{
	struct standing *standing = watch->rounds.standing;

	if (watch->worker.pid > 0 || watch->is_ending)
		return;
	if (watch->wants_entries) {
		watch->wants_entries = false;
		watch_start(watch, TASK_READ);
	} else if (watch->is_lost) {
		watch->is_lost = false;
		watch_start(watch, TASK_TELL);
	} else if (watch->wants_round || is_due(standing->next.ms, now_ms)) {
		watch_start_round(watch, standing->is_event_open);
	} else if (is_due(watch->pushed.due_ms, now_ms)) {
		watch_start_round(watch, true);
	} else if (is_due(standing->prune_ms, now_ms)) {
		standing->prune_ms = -1;
		watch_start(watch, TASK_PRUNE);
	}
}

/* A round that hangs for a minute beyond its limit is what a watchdog is for. */
static void watch_answer_watchdog(struct watch *watch, int64_t now_ms)
{
	bool is_stuck = watch->worker.pid > 0 && watch->worker.end != CHILD_BY_ITSELF && watch->worker.due_ms < 0;

	if (!is_due(watch->watchdog_ms, now_ms))
		return;
	if (!is_stuck)
		notify_send(&watch->notify, "WATCHDOG=1");
	watch->watchdog_ms = now_ms + watch->notify.watchdog_ms;
}

static void watch_ask_for_time(struct watch *watch, int64_t now_ms)
{
	if (watch->is_ready || !is_due(watch->extend_ms, now_ms))
		return;
	notify_send(&watch->notify, "EXTEND_TIMEOUT_USEC=%d000000", EXTENSION_S);
	watch->extend_ms = now_ms + EXTEND_MS;
}

static void watch_do_due(struct watch *watch)
{
	int64_t now_ms = clock_ms();
	int status;

	watch_answer_watchdog(watch, now_ms);
	watch_ask_for_time(watch, now_ms);
	watch_start_due(watch, now_ms);
	if (!watch->is_ending && watch->rounds.wanted_fd >= 0)
		pushed_do_due(&watch->pushed, &watch->rounds, now_ms);
	if (application_restart_due(&watch->application, &status) < 0)
		watch_end(watch, status);
	if (is_due(watch->give_up_ms, now_ms))
		watch_leave(watch);
}

static int64_t earlier(int64_t one, int64_t other)
{
	if (one < 0 || other < 0)
		return one < 0 ? other : one;
	return one < other ? one : other;
}

static int64_t watch_find_due(const struct watch *watch)
{
	const struct standing *standing = watch->rounds.standing;
	int64_t due_ms = earlier(watch->watchdog_ms, watch->give_up_ms);

	if (!watch->is_ready)
		due_ms = earlier(due_ms, watch->extend_ms);
	if (watch->application.child.pid <= 0)
		due_ms = earlier(due_ms, watch->application.restart_ms);
	if (!watch->is_ending)
		due_ms = earlier(due_ms, pushed_find_due(&watch->pushed));
	if (watch->worker.pid > 0 || watch->is_ending)
		return due_ms;
	due_ms = earlier(due_ms, earlier(standing->next.ms, standing->prune_ms));
	return earlier(due_ms, watch->pushed.due_ms);
}

/* ---- What happens ---- */

static void watch_be_ready(struct watch *watch)
{
	const struct standing *standing = watch->rounds.standing;

	if (!standing->live || (watch->is_ready && !watch->is_reloading))
		return;
	notify_send(&watch->notify, "READY=1");
	watch->is_ready = true;
	watch->is_reloading = false;
}

/* As long as nothing good is live there is a limit to trying. */
static void watch_check_start(struct watch *watch)
{
	const struct standing *standing = watch->rounds.standing;
	int64_t limit_ms = watch->options.start_timeout_ms;

	if (watch->is_ready || standing->is_good)
		return;
	if (standing->status == ATOMICDIR_USAGE || (limit_ms >= 0 && clock_ms() - watch->started_ms >= limit_ms))
		watch_end(watch, standing->status);
}

static void watch_after_round(struct watch *watch)
{
	int status;

	watch_check_start(watch);
	if (watch->is_ending)
		return;
	pushed_take_round(&watch->pushed, watch->rounds.standing, watch->rounds.label_count > 0, clock_ms());
	watch_be_ready(watch);
	watch_tell_service(watch);
	if (application_update(&watch->application, watch->rounds.standing->live, &status) < 0)
		watch_end(watch, status);
}

/* A round that was killed may have told nobody what became of it, even if it has counted itself: another child does that. */
static bool watch_has_lost_round(const struct watch *watch)
{
	return WIFSIGNALED(watch->worker.status) || watch->rounds.standing->rounds == watch->rounds_before;
}

static void watch_lose_round(struct watch *watch)
{
	struct rounds *rounds = &watch->rounds;
	struct atomicdir_error error;

	error_clear(&error);
	if (child_check(&watch->worker, "the round", &error) == 0)
		error_set(&error, ATOMICDIR_FAILED, NULL, "the round ended without a result");
	watch_say(watch, &error);
	rounds->lost_status = watch->worker.end == CHILD_TIMED_OUT ? ATOMICDIR_UNREACHABLE : ATOMICDIR_FAILED;
	snprintf(rounds->lost, sizeof(rounds->lost), "%s", error.text);
	watch->is_lost = true;
}

static void watch_after_read(struct watch *watch)
{
	bool is_read = WIFEXITED(watch->worker.status) && WEXITSTATUS(watch->worker.status) == ATOMICDIR_OK;

	if (is_read) {
		rounds_take_entries(&watch->rounds);
		pushed_restart(&watch->pushed);
	} else if (watch->rounds.wanted_fd < 0)
		watch_end(watch, WIFEXITED(watch->worker.status) ? WEXITSTATUS(watch->worker.status) : ATOMICDIR_FAILED);
}

static void watch_take_child(struct watch *watch, const struct child *child)
{
	int status;

	if (pushed_take_end(&watch->pushed, child))
		return;
	if (application_take_end(&watch->application, child, &status)) {
		if (status >= 0) {
			watch_end(watch, status);
			watch->status = status;
		}
		return;
	}
	if (watch->is_ending)
		return;
	if (watch->task == TASK_READ)
		watch_after_read(watch);
	else if (watch->task == TASK_ROUND && watch_has_lost_round(watch))
		watch_lose_round(watch);
	else if (watch->task != TASK_PRUNE)
		watch_after_round(watch);
}

/* However many come while a round runs, one more follows it. */
static void watch_reload(struct watch *watch)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify_send(&watch->notify, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	watch->is_reloading = true;
	watch->wants_entries = !watch->options.reads_input;
	watch->wants_round = true;
	watch->wants_full = true;
	watch->wants_retry = true;
}

static void watch_take_signal(struct watch *watch, int signal)
{
	bool is_end = signal == SIGTERM || signal == SIGINT;

	if (signal == SIGHUP)
		watch_reload(watch);
	else if (!is_end)
		application_send(&watch->application, signal);
	else if (watch->is_ending)
		watch_hurry(watch);
	else
		watch_end(watch, ATOMICDIR_OK);
}

static void watch_turn(struct watch *watch)
{
	struct pollfd polled;
	struct event event;

	watch_do_due(watch);
	if (watch_is_over(watch))
		return;
	polled = (struct pollfd){ watch->pushed.listener.fd, POLLIN, 0 };
	event = loop_next(&watch->loop, &polled, watch->pushed.is_wanted, watch_find_due(watch));
	pushed_hear(&watch->pushed, watch->rounds.standing, clock_ms());
	if (event.kind == EVENT_SIGNAL)
		watch_take_signal(watch, event.signal);
	else if (event.kind == EVENT_CHILD)
		watch_take_child(watch, event.child);
	else if (event.kind == EVENT_FAILED)
		watch_end(watch, ATOMICDIR_FAILED);
}

/* ---- Its beginning ---- */

static uint64_t watch_find_offset(const char *link)
{
	cleanup_buffer struct buffer id = { 0 };
	struct utsname names;

	if (uname(&names) < 0)
		names.nodename[0] = '\0';
	if (read_path(MACHINE_ID, 64, &id) < 0)
		return schedule_offset("", names.nodename, link);
	return schedule_offset(id.bytes ? id.bytes : "", names.nodename, link);
}

static int watch_check_options(const struct secret_options *options, struct atomicdir_error *error)
{
	if (fetcher_reads_input(options->source))
		return error_set(
			error, ATOMICDIR_USAGE, NULL,
			"standard input can be read only once, and each round reads the source; use --source file:PATH");
	if (options->shared.library.if_generation >= 0)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "--if-generation is for sync: the generation changes with each round");
	if (options->interval_ms >= 0 && options->interval_ms < 1000)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--interval: at least 1s");
	if (options->notify_queue && options->source && strcmp(options->source, "aws") != 0)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "--notify-queue is for the source aws, which tells of changes there");
	if (options->restart && options->shared.signal)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--restart and --signal cannot be used together");
	if (options->restart && options->shared.rollback_on_failure)
		return error_set(error, ATOMICDIR_USAGE, NULL, "--rollback-on-failure cannot be used with --restart");
	return 0;
}

/* Entries on standard input are read once, and cannot be read again. */
static bool reads_input(const struct secret_options *options)
{
	bool is_input = options->spec && strcmp(options->spec, "-") == 0;

	for (size_t i = 0; i < options->entries.count; i++)
		is_input = is_input || strcmp(options->entries.items[i], "-") == 0;
	return is_input;
}

static int watch_open(struct watch *watch, const struct secret_options *options, char *const *command,
		      struct atomicdir_error *error)
{
	*watch = (struct watch){ .options = *options,
				 .started_ms = clock_ms(),
				 .give_up_ms = -1,
				 .wants_entries = true,
				 .wants_round = true,
				 .wants_full = true };
	if (command)
		watch->options.shared.command = NULL;
	watch->options.reads_input = reads_input(options);
	if (watch_check_options(options, error) < 0)
		return -1;
	watch->link = link_absolute(options->shared.operands[0], error);
	if (!watch->link)
		return -1;
	watch->schedule = (struct schedule){ options->interval_ms < 0 ? SCHEDULE_INTERVAL_MS : options->interval_ms,
					     options->full_interval_ms, watch_find_offset(watch->link) };
	notify_open(&watch->notify);
	watch->watchdog_ms = watch->notify.watchdog_ms < 0 ? -1 : watch->started_ms;
	watch->extend_ms = watch->started_ms + EXTEND_MS;
	if (rounds_open(&watch->rounds, &watch->options, watch->link, &watch->schedule, error) < 0)
		return -1;
	if ((command ? loop_open_reaper(&watch->loop) : loop_open(&watch->loop)) < 0)
		return error_errno(error, NULL, "cannot wait for signals");
	application_init(&watch->application, command, &watch->options, &watch->loop);
	return pushed_open(&watch->pushed, &watch->options, &watch->schedule, &watch->loop, error);
}

static int watch_run(const struct secret_options *options, char *const *command)
{
	struct watch watch;
	struct atomicdir_error error;

	error_clear(&error);
	if (watch_open(&watch, options, command, &error) < 0) {
		rounds_close(&watch.rounds);
		free_pointer(&watch.link);
		return report_error(&error);
	}
	while (!watch_is_over(&watch))
		watch_turn(&watch);
	application_close(&watch.application);
	pushed_close(&watch.pushed);
	loop_close(&watch.loop);
	rounds_close(&watch.rounds);
	close_fd(&watch.notify.fd);
	free_pointer(&watch.link);
	return watch.status;
}

int command_watch(const struct options *options)
{
	return watch_run(secret_options_of(options), NULL);
}

int command_run(const struct options *options)
{
	return watch_run(secret_options_of(options), options->command);
}
