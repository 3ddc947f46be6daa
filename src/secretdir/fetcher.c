/* SPDX-License-Identifier: ISC */
#include "secretdir/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "base/protocol.h"
#include "secretdir/interrupt.h"
#include "secretdir/path.h"
#include "secretdir/program.h"

struct fetcher {
	char program[PATH_MAX]; /* for errors */
	struct child child;
	struct field_reader reader;
	struct field index, path, source, version, created,
		place; /* path, source: the ARN, and its key, where secrets are described */
	const struct entries *entries;
	size_t *answers; /* how many each entry got */
	size_t count;	 /* of files, or of secrets, as "done" counts them */
	bool is_describing;
};

/* ---- Waiting for it ---- */

/* Until the descriptor is ready; -1: a signal came, and the program and what it has started are killed. */
static int fetcher_wait_for(struct fetcher *fetcher, int fd, short events)
{
	struct pollfd polled = { .fd = fd, .events = events };

	for (;;) {
		switch (interrupt_next(&polled, 1, -1).kind) {
		case EVENT_READY:
			return 0;
		case EVENT_FAILED:
			child_kill(&fetcher->child);
			return -1;
		case EVENT_SIGNAL:
			child_kill(&fetcher->child);
			errno = EINTR;
			return -1;
		case EVENT_CHILD: /* what it has written can be read still */
		case EVENT_TIME:
			break;
		}
	}
}

static int fetcher_wait_to_read(void *context)
{
	struct fetcher *fetcher = context;

	return fetcher_wait_for(fetcher, fetcher->reader.fd, POLLIN);
}

/* A signal kills it, and is remembered. */
static void fetcher_wait_to_end(struct fetcher *fetcher)
{
	while (fetcher->child.pid > 0)
		switch (interrupt_next(NULL, 0, -1).kind) {
		case EVENT_SIGNAL:
			child_kill(&fetcher->child);
			break;
		case EVENT_FAILED:
			child_clear(&fetcher->child);
			break;
		default:
			break;
		}
}

/* ---- Starting it ---- */

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
	    add_option(request, WORD_FORMAT, entry->format) < 0 ||
	    add_option(request, WORD_OPTIONAL, entry->is_optional ? "1" : "") < 0 ||
	    add_option(request, WORD_PREFIX, entry->is_prefix ? "1" : "") < 0)
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

/* A session of its own: a group that ends with it, and no terminal that somebody could be asked at, or stopped by. */
static int fetcher_spawn(struct fetcher *fetcher, const char *path, int *request_fd, struct atomicdir_error *error)
{
	cleanup_fd int request_end = -1, reply_end = -1;
	char *const argv[] = { fetcher->program, NULL };
	int request[2], reply[2];
	struct launch launch = {
		.argv = argv, .group = CHILD_GROUP_SESSION, .is_group_killed = true, .death_signal = SIGKILL, .timeout_ms = -1
	};

	if (pipe2(request, O_CLOEXEC) < 0)
		return error_errno(error, path, "cannot start the fetcher");
	launch.input_fd = request_end = request[0];
	*request_fd = request[1];
	if (pipe2(reply, O_CLOEXEC) < 0)
		return error_errno(error, path, "cannot start the fetcher");
	launch.output_fd = reply_end = reply[1];
	fetcher->reader.fd = reply[0];
	if (child_start(&fetcher->child, &launch, error) < 0)
		return -1;
	loop_add(interrupt_loop(), &fetcher->child);
	return 0;
}

/* A fetcher that does not want to hear all says why. */
static int fetcher_ask(struct fetcher *fetcher, int request_fd, const struct buffer *request, struct atomicdir_error *error)
{
	size_t sent = 0;

	if (fcntl(request_fd, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(error, fetcher->program, "cannot ask the fetcher");
	while (sent < request->size) {
		ssize_t written = write(request_fd, request->bytes + sent, request->size - sent);

		if (written >= 0)
			sent += (size_t)written;
		else if (errno == EPIPE)
			break;
		else if (errno != EAGAIN || fetcher_wait_for(fetcher, request_fd, POLLOUT) < 0)
			return interrupt_check(error) < 0 ? -1 : error_errno(error, fetcher->program, "cannot ask the fetcher");
	}
	return 0;
}

static bool is_name(const char *name, size_t size)
{
	return size && size < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static struct fetcher *fetcher_new(const char *path, const struct entries *entries)
{
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (!fetcher)
		return NULL;
	fetcher->reader = (struct field_reader){ .fd = -1, .before_read = fetcher_wait_to_read, .context = fetcher };
	fetcher->entries = entries;
	snprintf(fetcher->program, sizeof(fetcher->program), "%s", path);
	fetcher->answers = calloc(entries->count + 1, sizeof(*fetcher->answers));
	if (fetcher->answers)
		return fetcher;
	fetcher_free(fetcher);
	return NULL;
}

static struct fetcher *fetcher_begin(const char *path, const struct buffer *request, const struct entries *entries,
				     struct atomicdir_error *error)
{
	struct fetcher *fetcher = fetcher_new(path, entries);
	cleanup_fd int request_fd = -1;

	if (!fetcher) {
		error_errno(error, NULL, "cannot start the fetcher");
		return NULL;
	}
	if (fetcher_spawn(fetcher, path, &request_fd, error) == 0 && fetcher_ask(fetcher, request_fd, request, error) == 0)
		return fetcher;
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
	fetcher = fetcher_begin(path, &request, entries, error);
	if (fetcher)
		fetcher->is_describing = told_option(told, OPTION_DESCRIBE);
	return fetcher;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	close_fd(&fetcher->reader.fd);
	child_clear(&fetcher->child);
	loop_remove(interrupt_loop(), &fetcher->child);
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
static int fetcher_reap(struct fetcher *fetcher, struct atomicdir_error *error)
{
	char what[PATH_MAX + 16];

	close_fd(&fetcher->reader.fd);
	fetcher_wait_to_end(fetcher);
	if (interrupt_check(error) < 0)
		return -1;
	snprintf(what, sizeof(what), "the fetcher '%s'", fetcher->program);
	if (child_check(&fetcher->child, what, error) == 0)
		return 0;
	error_append(error, WIFSIGNALED(fetcher->child.status) ? "the kernel's log (dmesg) may say why" : "it did not say why");
	return -1;
}

static int garbled(struct fetcher *fetcher, const char *why, struct atomicdir_error *error)
{
	child_kill(&fetcher->child);
	fetcher_reap(fetcher, NULL);
	if (interrupt_check(error) < 0)
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
	if (got < 0 && interrupt_check(error) < 0)
		return -1;
	if (got < 0 && errno == ENOMEM)
		return error_errno(error, NULL, "cannot listen to the fetcher");
	if (got < 0 && errno != ENODATA)
		return garbled(fetcher, errno == EMSGSIZE ? "a field is too long" : "this is no field", error);
	if (fetcher_reap(fetcher, error) < 0)
		return -1;
	return garbled(fetcher, "it ended before it was done", error);
}

static int take_error(struct fetcher *fetcher, const struct field *field, struct atomicdir_error *error)
{
	const char *text = field_text(field);

	if (!text || protocol_take_error(text, error) < 0)
		return garbled(fetcher, "an error has no kind that is known, or no text", error);
	fetcher_reap(fetcher, NULL);
	interrupt_check(error);
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
	return got ? garbled(fetcher, "there is more after its end", error) : fetcher_reap(fetcher, error);
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
			  "the path '%s' cannot be published: %s; write an entry for it with a %s of its own", shown, why,
			  *entry->path_key ? entry->path_key : "PATH");
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
