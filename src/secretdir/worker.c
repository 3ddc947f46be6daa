/* SPDX-License-Identifier: ISC */
#include "secretdir/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "secretdir/interrupt.h"

#define END_MS 10000
#define REPLY_MAX (1LL << 30) /* of all that it says */

/* ---- Waiting for it ---- */

/* Until the descriptor is ready. -1: a signal came, and the program and what it has started are killed; or it has ended, and nothing
 * is ready: whoever else holds the other end may do so for ever (EPIPE). */
static int worker_wait_for(struct worker *worker, int fd, short events)
{
	struct pollfd polled = { .fd = fd, .events = events };

	for (;;) {
		switch (interrupt_next(&polled, 1, worker->child.pid > 0 ? -1 : 0).kind) {
		case EVENT_READY:
			return 0;
		case EVENT_FAILED:
			child_kill(&worker->child);
			return -1;
		case EVENT_SIGNAL:
			child_kill(&worker->child);
			errno = EINTR;
			return -1;
		case EVENT_CHILD: /* what it has written can be read still */
			break;
		case EVENT_TIME:
			errno = EPIPE;
			return -1;
		}
	}
}

static int worker_wait_to_read(void *context)
{
	struct worker *worker = context;

	return worker_wait_for(worker, worker->reader.fd, POLLIN);
}

/* It has nothing more to do, and so little time. A signal kills it, and is remembered. */
static void worker_wait_to_end(struct worker *worker)
{
	child_limit(&worker->child, END_MS);
	while (worker->child.pid > 0)
		switch (interrupt_next(NULL, 0, -1).kind) {
		case EVENT_SIGNAL:
			child_kill(&worker->child);
			break;
		case EVENT_FAILED:
			child_clear(&worker->child);
			break;
		default:
			break;
		}
}

/* ---- Starting it ---- */

static int worker_cannot(const struct worker *worker, const char *what, struct atomicdir_error *error)
{
	return error_errno(error, worker->program, "cannot %s %s", what, worker->what);
}

/* A session of its own: a group that ends with it, and no terminal that somebody could be asked at, or stopped by. */
int worker_start(struct worker *worker, const char *what, const char *path, const struct environment *environment,
		 const int *passed_fds, size_t passed_count, struct atomicdir_error *error)
{
	cleanup_fd int request_end = -1, reply_end = -1;
	char *const argv[] = { worker->program, NULL };
	int request[2], reply[2];
	struct launch launch = { .argv = argv,
				 .environment = environment,
				 .passed_fds = passed_fds,
				 .passed_count = passed_count,
				 .group = CHILD_GROUP_SESSION,
				 .is_group_killed = true,
				 .death_signal = SIGKILL,
				 .timeout_ms = -1 };

	*worker = (struct worker){ .what = what, .request_fd = -1 };
	worker->reader = (struct field_reader){ .fd = -1, .before_read = worker_wait_to_read, .context = worker };
	snprintf(worker->program, sizeof(worker->program), "%s", path);
	if (pipe2(request, O_CLOEXEC) < 0)
		return worker_cannot(worker, "start", error);
	launch.input_fd = request_end = request[0];
	worker->request_fd = request[1];
	if (pipe2(reply, O_CLOEXEC) < 0)
		return worker_cannot(worker, "start", error);
	launch.output_fd = reply_end = reply[1];
	worker->reader.fd = reply[0];
	if (fcntl(worker->request_fd, F_SETFL, O_NONBLOCK) < 0)
		return worker_cannot(worker, "start", error);
	if (child_start(&worker->child, &launch, error) < 0)
		return -1;
	loop_add(interrupt_loop(), &worker->child);
	return 0;
}

void worker_clear(struct worker *worker)
{
	if (!worker->what)
		return;
	close_fd(&worker->request_fd);
	close_fd(&worker->reader.fd);
	child_clear(&worker->child);
	loop_remove(interrupt_loop(), &worker->child);
	field_reader_clear(&worker->reader);
	worker->what = NULL;
}

/* ---- Talking with it ---- */

int worker_tell(struct worker *worker, const struct buffer *request, struct atomicdir_error *error)
{
	size_t sent = 0;

	while (sent < request->size) {
		ssize_t written = write(worker->request_fd, request->bytes + sent, request->size - sent);
		bool is_full = written < 0 && errno == EAGAIN;

		if (written >= 0)
			sent += (size_t)written;
		if (written >= 0 || (is_full && worker_wait_for(worker, worker->request_fd, POLLOUT) == 0))
			continue;
		if (errno == EPIPE)
			break;
		return interrupt_check(error) < 0 ? -1 : worker_cannot(worker, "ask", error);
	}
	return 0;
}

int worker_read(struct worker *worker, struct field *field)
{
	int got = field_read(&worker->reader, field);

	if (got < 0 && errno == EPIPE) {
		errno = ENODATA;
		return worker->reader.input.size ? -1 : 0;
	}
	if (got <= 0)
		return got;
	worker->size += (int64_t)strlen(field->name) + (int64_t)field->value.size;
	if (worker->size <= REPLY_MAX)
		return 1;
	errno = E2BIG;
	return -1;
}

/* ---- Its end ---- */

int worker_reap(struct worker *worker, struct atomicdir_error *error)
{
	char what[PATH_MAX + 32];

	close_fd(&worker->request_fd);
	close_fd(&worker->reader.fd);
	worker_wait_to_end(worker);
	if (interrupt_check(error) < 0)
		return -1;
	snprintf(what, sizeof(what), "%s '%s'", worker->what, worker->program);
	if (child_check(&worker->child, what, error) == 0)
		return 0;
	if (worker->child.end == CHILD_BY_ITSELF)
		error_append(error,
			     WIFSIGNALED(worker->child.status) ? "the kernel's log (dmesg) may say why" : "it did not say why");
	return -1;
}

int worker_refuse(struct worker *worker, const char *why, struct atomicdir_error *error)
{
	child_kill(&worker->child);
	worker_reap(worker, NULL);
	if (interrupt_check(error) < 0)
		return -1;
	error_set(error, ATOMICDIR_FAILED, worker->program, "%s does not keep to the protocol: %s", worker->what, why);
	error_append(error, "is it of this version of secretdir?");
	return -1;
}
