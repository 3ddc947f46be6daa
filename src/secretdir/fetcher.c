/* SPDX-License-Identifier: ISC */
#include "secretdir/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "base/protocol.h"
#include "command/process.h"
#include "secretdir/path.h"
#include "secretdir/program.h"

struct fetcher {
	char program[PATH_MAX]; /* for errors */
	pid_t pid;
	struct field_reader reader;
	struct field index, path, source, version, created,
		place; /* path, source: the ARN, and its key, where secrets are described */
	const struct entries *entries;
	size_t *answers; /* how many each entry got */
	size_t count;	 /* of files, or of secrets, as "done" counts them */
	bool is_describing;
};

/* ---- Signals ---- */

static volatile sig_atomic_t running_pid, caught;

/* The program, and what it has started: also before it has a group of its own, or if it has left it. */
static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	kill(-pid, SIGKILL);
}

static void on_signal(int number)
{
	caught = number;
	if (running_pid > 0)
		end((pid_t)running_pid);
}

static void watch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: waiting for a lock ends too */
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

int fetcher_check_signal(struct atomicdir_error *error)
{
	return caught ? error_set(error, ATOMICDIR_FAILED, NULL, "ended by SIG%s", sigabbrev_np(caught)) : 0;
}

/* ---- Starting it ---- */

/* In the child. Why it cannot is said as a fetcher would. */
static void become(const char *path, int input_fd, int output_fd, pid_t parent)
{
	struct atomicdir_error error;
	struct buffer reply = { 0 };
	char *copy = strdup(path);
	char *argv[] = { copy, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A session of its own: a group that ends with it, and no terminal that somebody could be asked at, or stopped by. */
	setsid();
	if (!copy || getppid() != parent || dup2(input_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0)
		_exit(127);
	process_restore();
	execv(path, argv);
	error_errno(&error, path, "the fetcher cannot be executed");
	if (protocol_add_error(&reply, &error) == 0)
		write_all(STDOUT_FILENO, reply.bytes, reply.size);
	_exit(127);
}

static int add_option(struct buffer *request, const char *name, const char *text)
{
	return *text ? field_add_text(request, name, text) : 0;
}

static int add_entry(struct buffer *request, const struct entry *entry, size_t index)
{
	char number[32];

	snprintf(number, sizeof(number), "%zu", index);
	if (field_add_text(request, WORD_SECRET, entry->secret) < 0 || add_option(request, WORD_PATH, entry->path) < 0 ||
	    add_option(request, WORD_KEY, entry->key) < 0 || add_option(request, WORD_QUERY, entry->query) < 0 ||
	    add_option(request, WORD_SERVICE, entry->service) < 0 || add_option(request, WORD_STAGE, entry->stage) < 0 ||
	    add_option(request, WORD_VERSION, entry->version) < 0 ||
	    add_option(request, WORD_FAILOVER_SECRET, entry->failover_secret) < 0 ||
	    add_option(request, WORD_FAILOVER_STAGE, entry->failover_stage) < 0 ||
	    add_option(request, WORD_DECODE, entry->is_base64 ? "base64" : "") < 0 ||
	    add_option(request, WORD_OPTIONAL, entry->is_optional ? "1" : "") < 0)
		return -1;
	return field_add_text(request, WORD_ENTRY, number);
}

static int make_request(struct buffer *request, const char *argument, const struct told *told, const struct entries *entries)
{
	if (field_add_text(request, WORD_FETCH, PROTOCOL_VERSION) < 0)
		return -1;
	if (argument) {
		cleanup_buffer struct buffer option = { 0 };

		if (buffer_printf(&option, OPTION_ARGUMENT "=%s", argument) < 0 ||
		    field_add(request, WORD_OPTION, option.bytes, option.size) < 0)
			return -1;
	}
	for (size_t i = 0; i < told->count; i++)
		if (field_add_text(request, WORD_OPTION, told->items[i]) < 0)
			return -1;
	for (size_t i = 0; i < entries->count; i++)
		if (add_entry(request, &entries->items[i], i) < 0)
			return -1;
	return field_add_text(request, WORD_END, "");
}

static int spawn(struct fetcher *fetcher, const char *path, int *request_fd, struct atomicdir_error *error)
{
	int request[2] = { -1, -1 }, reply[2] = { -1, -1 };
	pid_t parent = getpid();
	sigset_t all, old;

	if (pipe2(request, O_CLOEXEC) < 0 || pipe2(reply, O_CLOEXEC) < 0) {
		error_errno(error, path, "cannot start the fetcher");
		close_fd(&request[0]);
		close_fd(&request[1]);
		return -1;
	}
	/* So that a signal finds either no program, or the one to end. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	fetcher->pid = fork();
	if (fetcher->pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		become(path, request[0], reply[1], parent);
	}
	running_pid = fetcher->pid;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close_fd(&request[0]);
	close_fd(&reply[1]);
	*request_fd = request[1];
	fetcher->reader.fd = reply[0];
	return fetcher->pid < 0 ? error_errno(error, path, "cannot start the fetcher") : 0;
}

static bool is_name(const char *name, size_t size)
{
	return size && size < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static struct fetcher *start(const char *path, const struct buffer *request, const struct entries *entries,
			     struct atomicdir_error *error)
{
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
	cleanup_fd int request_fd = -1;

	if (fetcher) {
		*fetcher = (struct fetcher){ .pid = -1, .reader = { .fd = -1 }, .entries = entries };
		snprintf(fetcher->program, sizeof(fetcher->program), "%s", path);
		fetcher->answers = calloc(entries->count + 1, sizeof(*fetcher->answers));
	}
	if (!fetcher || !fetcher->answers) {
		error_errno(error, NULL, "cannot start the fetcher");
	} else if (spawn(fetcher, path, &request_fd, error) == 0) {
		/* A fetcher that does not want to hear all says why. */
		if (write_all(request_fd, request->bytes, request->size) == 0 || errno == EPIPE)
			return fetcher;
		error_errno(error, path, "cannot ask the fetcher");
	}
	fetcher_free(fetcher);
	return NULL;
}

struct fetcher *fetcher_start(const char *source, const struct told *told, const struct entries *entries,
			      struct atomicdir_error *error)
{
	cleanup_buffer struct buffer request = { 0 };
	size_t size = strcspn(source, ":");
	cleanup_free char *name = strndup(source, size);
	struct fetcher *fetcher;
	char path[PATH_MAX];
	int found;

	if (!is_name(source, size)) {
		error_set(error, ATOMICDIR_USAGE, source, "--source is not NAME or NAME:ARGUMENT");
		return NULL;
	}
	if (!name || make_request(&request, source[size] ? source + size + 1 : NULL, told, entries) < 0) {
		error_errno(error, NULL, "cannot start the fetcher");
		return NULL;
	}
	found = program_find("fetch", name, path, error);
	if (!found)
		error_set(error, ATOMICDIR_USAGE, path, "no such source '%.64s': install it as", name);
	if (found <= 0)
		return NULL;
	watch_signals();
	fetcher = start(path, &request, entries, error);
	if (fetcher)
		fetcher->is_describing = told_option(told, OPTION_DESCRIBE);
	return fetcher;
}

/* How it ended. What it started and left behind ends too; as long as it is not waited for, its number is nobody else's. */
static int wait_for(pid_t pid)
{
	siginfo_t info;
	int status = 0;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL);
	running_pid = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	close_fd(&fetcher->reader.fd);
	if (fetcher->pid > 0) {
		end(fetcher->pid);
		wait_for(fetcher->pid);
	}
	field_reader_clear(&fetcher->reader);
	field_clear(&fetcher->index);
	field_clear(&fetcher->path);
	field_clear(&fetcher->source);
	field_clear(&fetcher->version);
	field_clear(&fetcher->created);
	field_clear(&fetcher->place);
	free(fetcher->answers);
	free(fetcher);
}

/* ---- Its end ---- */

/* -1: it did not end well. */
static int reap(struct fetcher *fetcher, struct atomicdir_error *error)
{
	int status;

	close_fd(&fetcher->reader.fd);
	status = wait_for(fetcher->pid);
	fetcher->pid = -1;
	if (fetcher_check_signal(error) < 0)
		return -1;
	if (WIFSIGNALED(status)) {
		error_set(error, ATOMICDIR_FAILED, fetcher->program, "the fetcher died of signal %d (%s)", WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
		error_append(error, "the kernel's log (dmesg) may say why");
		return -1;
	}
	return WEXITSTATUS(status) ? error_set(error, ATOMICDIR_FAILED, fetcher->program,
					       "the fetcher ended with status %d, and said not why", WEXITSTATUS(status))
				   : 0;
}

static int garbled(struct fetcher *fetcher, const char *why, struct atomicdir_error *error)
{
	if (fetcher->pid > 0) {
		end(fetcher->pid);
		reap(fetcher, NULL);
	}
	if (fetcher_check_signal(error) < 0)
		return -1;
	error_set(error, ATOMICDIR_FAILED, fetcher->program, "the fetcher does not keep to the protocol: %s", why);
	error_append(error, "is it of this version of secretdir?");
	return -1;
}

static int read_field(struct fetcher *fetcher, struct field *field, struct atomicdir_error *error)
{
	int got = field_read(&fetcher->reader, field);

	if (got > 0)
		return 1;
	if (got < 0 && errno == ENOMEM)
		return error_errno(error, NULL, "cannot listen to the fetcher");
	if (got < 0 && errno != ENODATA)
		return garbled(fetcher, errno == EMSGSIZE ? "a field is too long" : "this is no field", error);
	if (reap(fetcher, error) < 0)
		return -1;
	return garbled(fetcher, "it ended before it was done", error);
}

static int take_error(struct fetcher *fetcher, const struct field *field, struct atomicdir_error *error)
{
	const char *text = field_text(field);

	if (!text || protocol_take_error(text, error) < 0)
		return garbled(fetcher, "an error has no kind that is known, or no text", error);
	reap(fetcher, NULL);
	fetcher_check_signal(error);
	return -1;
}

static int finish(struct fetcher *fetcher, const struct field *field, struct atomicdir_error *error)
{
	struct field trailing = { 0 };
	char number[32];
	int got;

	snprintf(number, sizeof(number), "%zu", fetcher->count);
	if (!field_text(field) || strcmp(field_text(field), number) != 0)
		return garbled(fetcher, "it counts other than what came", error);
	for (size_t i = 0; i < fetcher->entries->count; i++)
		if (!fetcher->answers[i] && !entry_is_many(&fetcher->entries->items[i]))
			return garbled(fetcher, "it left an entry out", error);
	got = field_read(&fetcher->reader, &trailing);
	field_clear(&trailing);
	return got ? garbled(fetcher, "there is more after its end", error) : reap(fetcher, error);
}

/* ---- One file ---- */

static int parse_index(struct fetcher *fetcher, size_t *index)
{
	const char *text = field_text(&fetcher->index);
	char *end = NULL;
	unsigned long value;

	if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return -1;
	value = strtoul(text, &end, 10);
	*index = value;
	return value < fetcher->entries->count ? 0 : -1;
}

/* Is this where the entry wants it? */
static bool fits(const struct entry *entry, const char *path)
{
	const char *wanted = entry_path(entry);

	if (!*wanted)
		return true;
	return entry_is_many(entry) ? strncmp(path, wanted, strlen(wanted)) == 0 : strcmp(path, wanted) == 0;
}

static int check_path(struct fetcher *fetcher, const struct entry *entry, struct atomicdir_error *error)
{
	const char *why = path_refuse(fetcher->path.value.bytes, fetcher->path.value.size);
	char shown[200];

	if (!why && fetcher->path.value.bytes[fetcher->path.value.size - 1] == '/')
		why = "it ends in '/'";
	if (why) {
		path_show(fetcher->path.value.bytes, fetcher->path.value.size, shown, sizeof(shown));
		error_set(error, ATOMICDIR_FAILED, NULL,
			  "the path '%s' cannot be published: %s; write an entry with a PATH of its own", shown, why);
		return error_prefix(error, "%s", field_text(&fetcher->source));
	}
	return fits(entry, field_text(&fetcher->path))
		       ? 0
		       : garbled(fetcher, "a file has another path than its entry wants", error);
}

static int read_part(struct fetcher *fetcher, struct field *field, const char *name, struct atomicdir_error *error)
{
	if (read_field(fetcher, field, error) < 0)
		return -1;
	return field_is(field, name) && field_text(field) ? 0 : garbled(fetcher, "a file is not whole", error);
}

/* Where this field is one that may be left out, it is taken, and the next one read. */
static int take_if(struct fetcher *fetcher, struct field *field, const char *name, struct field *taken,
		   struct atomicdir_error *error)
{
	field_clear(taken);
	if (!field_is(field, name) || !field_text(field))
		return 0;
	*taken = *field;
	*field = (struct field){ 0 };
	return read_field(fetcher, field, error) < 0 ? -1 : 0;
}

static int read_value(struct fetcher *fetcher, struct buffer *value, struct atomicdir_error *error)
{
	struct field field = { 0 };

	if (read_field(fetcher, &field, error) < 0)
		return -1;
	if (take_if(fetcher, &field, WORD_CREATED, &fetcher->created, error) < 0 ||
	    take_if(fetcher, &field, WORD_PLACE, &fetcher->place, error) < 0) {
		field_clear(&field);
		return -1;
	}
	*value = field.value;
	return field_is(&field, WORD_VALUE) ? 0 : garbled(fetcher, "a file is not whole", error);
}

static int take_file(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	const struct entry *entry = &fetcher->entries->items[fetched->entry];

	if (read_part(fetcher, &fetcher->source, WORD_SOURCE, error) < 0 ||
	    read_part(fetcher, &fetcher->version, WORD_VERSION, error) < 0 || read_value(fetcher, &fetched->value, error) < 0 ||
	    check_path(fetcher, entry, error) < 0)
		return -1;
	if (fetcher->answers[fetched->entry]++ && !entry_is_many(entry))
		return garbled(fetcher, "an entry has two files", error);
	fetcher->count++;
	fetched->path = field_text(&fetcher->path);
	fetched->source = field_text(&fetcher->source);
	fetched->version = field_text(&fetcher->version);
	fetched->created = fetcher->created.value.size ? field_text(&fetcher->created) : "";
	fetched->place = fetcher->place.value.size ? field_text(&fetcher->place) : "";
	return FETCHER_FILE;
}

void fetched_clear(struct fetched *fetched)
{
	buffer_clear(&fetched->value);
	*fetched = (struct fetched){ 0 };
}

static int take_absent(struct fetcher *fetcher, size_t index, struct atomicdir_error *error)
{
	const struct entry *entry = &fetcher->entries->items[index];

	if (!entry->is_optional || (fetcher->answers[index]++ && !entry_is_many(entry)))
		return garbled(fetcher, "it says that an entry is absent that may not be", error);
	return FETCHER_ABSENT;
}

/* What it has to say, as a warning or as a reason. */
static int take_text(const struct field *field, int result, struct atomicdir_error *error)
{
	protocol_take_text(field->value.bytes, error);
	return result;
}

/* ---- One secret ---- */

static int take_described(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	fetcher->answers[fetched->entry]++;
	fetcher->count++;
	if (field_is(&fetcher->path, WORD_UNKNOWN))
		return take_text(&fetcher->path, FETCHER_UNKNOWN, error);
	if (!field_is(&fetcher->path, WORD_ARN) || !field_text(&fetcher->path))
		return garbled(fetcher, "a secret has no ARN", error);
	if (read_part(fetcher, &fetcher->source, WORD_KMS_KEY, error) < 0)
		return -1;
	fetched->arn = field_text(&fetcher->path);
	fetched->key = field_text(&fetcher->source);
	return FETCHER_DESCRIBED;
}

static int take_answer(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	if (read_field(fetcher, &fetcher->path, error) < 0)
		return -1;
	if (fetcher->is_describing)
		return take_described(fetcher, fetched, error);
	if (field_is(&fetcher->path, WORD_PATH))
		return take_file(fetcher, fetched, error);
	if (field_is(&fetcher->path, WORD_ABSENT))
		return take_absent(fetcher, fetched->entry, error);
	return garbled(fetcher, "a file has no path", error);
}

int fetcher_next(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	fetched_clear(fetched);
	if (read_field(fetcher, &fetcher->index, error) < 0)
		return -1;
	if (field_is(&fetcher->index, WORD_WARNING))
		return take_text(&fetcher->index, FETCHER_WARNING, error);
	if (field_is(&fetcher->index, WORD_ERROR))
		return take_error(fetcher, &fetcher->index, error);
	if (field_is(&fetcher->index, WORD_DONE))
		return finish(fetcher, &fetcher->index, error);
	if (!field_is(&fetcher->index, WORD_INDEX) || parse_index(fetcher, &fetched->entry) < 0)
		return garbled(fetcher, "a field comes where none may be", error);
	return take_answer(fetcher, fetched, error);
}
