/* SPDX-License-Identifier: ISC */
#include "fetch/serve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "fetch/base64.h"
#include "fetch/format.h"
#include "json/json.h"
#include "fetch/live.h"
#include "json/select.h"
#include "base/url.h"

#define NAMES_SIZE 200 /* of other names in an error */

/* One secret for one entry. */
struct task {
	const struct wanted *wanted;
	char *id, *name, *path; /* path "": the name that the source says */
	bool is_listed;
	size_t lookup; /* whose secret it takes */
};

struct job {
	struct source *source;
	struct task *tasks;
	struct lookup *lookups; /* each secret once, whoever wants it */
	size_t count, lookup_count;
	size_t answers;	 /* as "done" counts them */
	bool is_looking; /* for versions alone */
	struct live live;
};

static void job_clear(struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		free(job->tasks[i].id);
		free(job->tasks[i].name);
		free(job->tasks[i].path);
	}
	free(job->tasks);
	for (size_t i = 0; i < job->lookup_count; i++)
		secret_clear(&job->lookups[i].secret);
	free(job->lookups);
	if (job->source)
		job->source->free(job->source);
}

static int add_task(struct job *job, const struct wanted *wanted, const char *id, const char *name, const char *path,
		    const char *rest, struct atomicdir_error *error)
{
	struct task *task = array_add(&job->tasks, &job->count, sizeof(*task));

	if (!task)
		return error_errno(error, NULL, "cannot fetch");
	*task = (struct task){ .wanted = wanted, .id = strdup(id), .name = strdup(name) };
	if (asprintf(&task->path, "%s%s", path, rest) < 0)
		task->path = NULL;
	return task->id && task->name && task->path ? 0 : error_errno(error, NULL, "cannot fetch");
}

static int send(struct buffer *output, struct atomicdir_error *error)
{
	int result = write_all(STDOUT_FILENO, output->bytes, output->size);

	return result < 0 ? error_errno(error, NULL, "cannot answer") : 0;
}

__attribute__((format(printf, 2, 3))) static int send_warning(struct atomicdir_error *error, const char *format, ...)
{
	cleanup_buffer struct buffer output = { 0 };
	char text[1000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_hide_users(text);
	if (field_add_text(&output, WORD_WARNING, text) < 0)
		return error_errno(error, NULL, "cannot answer");
	return send(&output, error);
}

static int send_absent(const struct wanted *wanted, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };

	if (field_add_text(&output, WORD_INDEX, wanted->index) < 0 || field_add_text(&output, WORD_ABSENT, "") < 0)
		return error_errno(error, NULL, "cannot answer");
	return send(&output, error);
}

/* ---- Answers ---- */

/* The path is `path` and then `key`, which may hold anything: the reader judges it. */
static int send_file(struct job *job, const struct task *task, const struct secret *secret, const char *path,
		     const struct json *member, const struct buffer *value, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 }, whole = { 0 };

	if (buffer_add_text(&whole, path) < 0 || (member && buffer_add(&whole, member->key, member->key_size) < 0) ||
	    field_add_text(&output, WORD_INDEX, task->wanted->index) < 0 ||
	    field_add(&output, WORD_PATH, whole.bytes, whole.size) < 0 ||
	    field_add_text(&output, WORD_SOURCE, task->name) < 0 ||
	    field_add_text(&output, WORD_VERSION, secret->version) < 0 ||
	    (secret->created && field_add_text(&output, WORD_CREATED, secret->created) < 0) ||
	    (secret->instead_of && field_add_text(&output, WORD_PLACE, secret->place) < 0) ||
	    field_add(&output, WORD_VALUE, value->bytes, value->size) < 0)
		return error_errno(error, NULL, "cannot answer");
	job->answers++;
	return send(&output, error);
}

/* The value is not what the entry takes it for. */
static int refuse(const struct task *task, const char *what, const char *why, struct atomicdir_error *error)
{
	error_set(error, ATOMICDIR_FAILED, NULL, "%s%s; mend the secret, or the entry", what, why);
	return error_prefix(error, "%s", task->name);
}

static int decode_and_send(struct job *job, const struct task *task, const struct secret *secret, const char *path,
			   const struct json *member, const struct buffer *value, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer decoded = { 0 };
	int result;

	if (!*task->wanted->decode)
		return send_file(job, task, secret, path, member, value, error);
	if (strcmp(task->wanted->decode, "base64") != 0)
		return error_set(error, ATOMICDIR_USAGE, task->wanted->decode, "no such way to decode");
	/* So that there is something even where nothing is in it. */
	if (buffer_reserve(&decoded, 1) < 0)
		return error_errno(error, NULL, "cannot decode");
	result = base64_decode(value->bytes, value->size, true, &decoded);
	if (result < 0)
		return error_errno(error, NULL, "cannot decode");
	if (result)
		return refuse(task, "the value is not base64, though the entry says decode=base64", "", error);
	return send_file(job, task, secret, path, member, &decoded, error);
}

static int send_members(struct job *job, const struct task *task, const struct secret *secret, const struct json *root,
			struct atomicdir_error *error)
{
	if (root->type != JSON_OBJECT)
		return refuse(task, "the value is JSON, but no object, so it has no keys to publish as PATH/KEY", "", error);
	if (!root->first && task->wanted->is_optional)
		return send_absent(task->wanted, error);
	if (!root->first) {
		error_set(
			error, ATOMICDIR_NOT_FOUND, NULL,
			"the value is an object without keys, so there is nothing to publish; mend the entry, or make it optional");
		return error_prefix(error, "%s", task->name);
	}
	for (const struct json *member = root->first; member; member = member->next) {
		cleanup_buffer struct buffer value = { 0 };

		if (json_value(member, &value) < 0)
			return error_errno(error, NULL, "cannot answer");
		if (decode_and_send(job, task, secret, task->path, member, &value, error) < 0)
			return -1;
	}
	return 0;
}

/* NULL: there is none. Anything else that is wrong with an expression is an error. */
static int find(const struct task *task, const struct json *root, const struct json **found, struct atomicdir_error *error)
{
	cleanup(query_clear) struct query query = { 0 };
	const char *text = task->wanted->query, *why;
	size_t column;

	if (!*text) {
		*found = select_key(root, task->wanted->key);
		return 0;
	}
	if (query_parse(text, &query, &column, &why) < 0) {
		error_set(error, ATOMICDIR_USAGE, NULL, "the JMESPath '%s', column %zu: %s", text, column, why);
		return error_prefix(error, "%s", task->name);
	}
	*found = select_query(root, &query);
	return 0;
}

/* All keys in one file. */
static int send_formatted(struct job *job, const struct task *task, const struct secret *secret, const char *path,
			  const struct json *object, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer value = { 0 };
	struct format_refusal refusal;
	int result = format_object(task->wanted->format, object, &value, &refusal);

	if (result < 0)
		return error_errno(error, NULL, "cannot answer");
	if (result == 0)
		return send_file(job, task, secret, path, NULL, &value, error);
	if (refusal.member)
		error_set(error, ATOMICDIR_FAILED, NULL,
			  "the key '%.200s' cannot be written with format=env: %s; correct the secret, or use format=json",
			  refusal.member->key, refusal.why);
	else
		error_set(error, ATOMICDIR_FAILED, NULL, "%s to write with format=%s; correct the secret, or the entry",
			  refusal.why, task->wanted->format);
	return error_prefix(error, "%s", task->name);
}

static int send_key(struct job *job, const struct task *task, const struct secret *secret, const char *path,
		    const struct json *root, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer value = { 0 };
	const struct json *found = NULL;

	if (find(task, root, &found, error) < 0)
		return -1;
	if (!found && task->wanted->is_optional)
		return send_absent(task->wanted, error);
	if (!found) {
		error_set(error, ATOMICDIR_NOT_FOUND, NULL, "the value has no key '%s'; mend the entry, or make it optional",
			  *task->wanted->query ? task->wanted->query : task->wanted->key);
		return error_prefix(error, "%s", task->name);
	}
	if (*task->wanted->format)
		return send_formatted(job, task, secret, path, found, error);
	if (json_value(found, &value) < 0)
		return error_errno(error, NULL, "cannot answer");
	return decode_and_send(job, task, secret, path, NULL, &value, error);
}

static int send_secret(struct job *job, const struct task *task, const struct secret *secret, struct atomicdir_error *error)
{
	const char *path = *task->path ? task->path : secret->name, *why = "";
	cleanup_json struct json *root = NULL;
	bool is_expanded = wanted_is_expanded(task->wanted), has_key = *task->wanted->key || *task->wanted->query;
	/* A byte order mark is no part of JSON. */
	size_t mark = secret->value.size >= 3 && memcmp(secret->value.bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	if (!is_expanded && !has_key && !*task->wanted->format)
		return decode_and_send(job, task, secret, path, NULL, &secret->value, error);
	root = json_parse(secret->value.bytes + mark, secret->value.size - mark, &why);
	if (!root)
		return refuse(task, "the value has no keys that can be read: ", why, error);
	if (*task->wanted->format && json_sort(root) < 0)
		return error_errno(error, NULL, "cannot answer");
	if (is_expanded)
		return send_members(job, task, secret, root, error);
	return has_key ? send_key(job, task, secret, path, root, error) : send_formatted(job, task, secret, path, root, error);
}

/* ---- Versions ---- */

/* A secret, whose versions are told before its files, or alone. */
struct sight {
	const char *source, *name, *arn, *version, *versions;
	const char *why; /* NULL; else nothing is known, for this reason */
};

static int sight_add(const struct sight *sight, struct buffer *output)
{
	if (field_add_text(output, WORD_KNOWN, sight->source) < 0)
		return -1;
	if (sight->why)
		return field_add_text(output, WORD_UNKNOWN, sight->why);
	if (field_add_text(output, WORD_NAME, sight->name) < 0 || field_add_text(output, WORD_ARN, sight->arn) < 0 ||
	    field_add_text(output, WORD_VERSION, sight->version) < 0)
		return -1;
	return field_add_text(output, WORD_VERSIONS, sight->versions);
}

static int send_sight(struct job *job, const struct wanted *wanted, const struct sight *sight, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };

	if (field_add_text(&output, WORD_INDEX, wanted->index) < 0 || sight_add(sight, &output) < 0)
		return error_errno(error, NULL, "cannot answer");
	job->answers += job->is_looking;
	return send(&output, error);
}

static int send_known(struct job *job, const struct task *task, struct atomicdir_error *error)
{
	const struct lookup *lookup = &job->lookups[task->lookup];
	const struct secret *secret = &lookup->secret;
	struct sight sight = { task->name, secret->name, secret->arn, secret->version, secret->versions, NULL };
	char why[sizeof(lookup->error.text)];

	if (lookup->result < 0) {
		memcpy(why, lookup->error.text, sizeof(why));
		text_hide_users(why);
		sight.why = why;
	}
	return sight.why || secret->arn ? send_sight(job, task->wanted, &sight, error) : 0;
}

/* The version of the lines that has the stage; "": none has, or there are no lines. */
static char *versions_find(const char *lines, const char *stage)
{
	size_t size = strlen(stage);

	for (const char *line = lines; line && *line; line += strcspn(line, "\n") + 1) {
		const char *end = line + strcspn(line, "\n");

		for (const char *word = line + strcspn(line, "\t\n"); word < end; word += 1 + strcspn(word + 1, "\t\n"))
			if (strncmp(word + 1, stage, size) == 0 && word[1 + size] == '\t')
				return strndup(line, strcspn(line, "\t"));
	}
	return strdup("");
}

/* As the list has it, which may be late. */
static int send_listed(struct job *job, const struct wanted *wanted, const struct listed *listed, struct atomicdir_error *error)
{
	const char *lines = listed->versions ? listed->versions : "";
	cleanup_free char *version = versions_find(lines, *wanted->stage ? wanted->stage : "AWSCURRENT");
	struct sight sight = { listed->name, listed->name, listed->id, version, lines, NULL };

	return version ? send_sight(job, wanted, &sight, error) : error_errno(error, NULL, "cannot answer");
}

/* ---- All of it ---- */

static bool is_same(const struct task *one, const struct task *other)
{
	return strcmp(one->name, other->name) == 0 && strcmp(one->wanted->service, other->wanted->service) == 0 &&
	       strcmp(one->wanted->stage, other->wanted->stage) == 0 &&
	       strcmp(one->wanted->version, other->wanted->version) == 0 &&
	       strcmp(one->wanted->failover_secret, other->wanted->failover_secret) == 0 &&
	       strcmp(one->wanted->failover_stage, other->wanted->failover_stage) == 0;
}

static int plan_lookups(struct job *job, struct atomicdir_error *error)
{
	job->lookups = calloc(job->count + 1, sizeof(*job->lookups));
	if (!job->lookups)
		return error_errno(error, NULL, "cannot fetch");
	for (size_t i = 0; i < job->count; i++) {
		struct task *task = &job->tasks[i];
		const struct wanted *wanted = task->wanted;
		size_t j = 0;

		while (j < i && !is_same(task, &job->tasks[j]))
			j++;
		task->lookup = j < i ? job->tasks[j].lookup : job->lookup_count;
		if (j == i)
			job->lookups[job->lookup_count++] = (struct lookup){ .id = task->id,
									     .service = wanted->service,
									     .stage = wanted->stage,
									     .version = wanted->version,
									     .failover_id = wanted->failover_secret,
									     .failover_stage = wanted->failover_stage };
	}
	return 0;
}

/* Where it is asked for elsewhere, that it is not there says nothing of one that is live, or may be. */
static bool is_absent(const struct job *job, const struct task *task)
{
	const struct lookup *lookup = &job->lookups[task->lookup];

	return task->wanted->is_optional && lookup->result < 0 && lookup->error.kind == ATOMICDIR_NOT_FOUND &&
	       !(lookup->secret.instead_of && live_has(&job->live, task->name, task->wanted));
}

static bool is_failed(const struct job *job, const struct task *task)
{
	const struct lookup *lookup = &job->lookups[task->lookup];

	return lookup->result < 0 && !is_absent(job, task) && !(job->is_looking && lookup->is_hidden);
}

/* Under the same name one of another stage may have failed before. */
static bool is_named(const struct job *job, const struct task *task)
{
	const struct task *before = job->tasks;

	while (before < task && !(is_failed(job, before) && strcmp(before->name, task->name) == 0))
		before++;
	return before < task;
}

/* Those that failed beside the first one. */
static void add_others(const struct job *job, const struct task *first, struct atomicdir_error *error)
{
	char names[NAMES_SIZE] = "";
	size_t more = 0, used = 0, last = first->lookup;
	bool is_full = false;

	for (const struct task *task = first + 1; task < job->tasks + job->count; task++) {
		int size;

		if (!is_failed(job, task) || task->lookup <= last)
			continue;
		last = task->lookup;
		more++;
		if (is_full || is_named(job, task))
			continue;
		size = snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : ": ", task->name);
		is_full = size < 0 || (size_t)size >= sizeof(names) - used;
		names[used += is_full ? 0 : (size_t)size] = '\0';
	}
	if (more && is_full)
		error_append(error, "%zu more failed%s%s...", more, names, used ? ", " : ": ");
	else if (more)
		error_append(error, "%zu more failed%s", more, names);
}

/* Before anything is sent. */
static int check_lookups(const struct job *job, struct atomicdir_error *error)
{
	const struct task *first;
	const struct lookup *lookup;
	size_t i = 0;

	while (i < job->count && !is_failed(job, &job->tasks[i]))
		i++;
	if (i == job->count)
		return 0;
	first = &job->tasks[i];
	lookup = &job->lookups[first->lookup];
	*error = lookup->error;
	/* Who ought to have been asked may have it, and allow it. */
	if (lookup->secret.instead_of && error->kind != ATOMICDIR_USAGE)
		error->kind = ATOMICDIR_UNREACHABLE;
	if (first->is_listed && error->kind == ATOMICDIR_NOT_FOUND)
		error_append(error, "it is on the list of secrets still, which can be minutes late");
	add_others(job, first, error);
	return -1;
}

/* An optional one may be left out, but not without a word while it can be restored. */
static int send_absence(const struct job *job, const struct task *task, struct atomicdir_error *error)
{
	if (job->lookups[task->lookup].is_deleted &&
	    send_warning(error, "'%.500s' is left out, marked for deletion; to have it back: aws secretsmanager restore-secret",
			 task->name) < 0)
		return -1;
	return send_absent(task->wanted, error);
}

static int send_result(struct job *job, const struct task *task, struct atomicdir_error *error)
{
	const struct secret *secret = &job->lookups[task->lookup].secret;

	if (is_absent(job, task))
		return send_absence(job, task, error);
	if (live_check_age(&job->live, task->name, task->wanted, secret, error) < 0 || send_known(job, task, error) < 0)
		return -1;
	return job->is_looking ? 0 : send_secret(job, task, secret, error);
}

static int run_tasks(struct job *job, struct atomicdir_error *error)
{
	if (plan_lookups(job, error) < 0)
		return -1;
	(job->is_looking ? job->source->look : job->source->get)(job->source, job->lookups, job->lookup_count);
	if (job->source->warning.text[0] && send_warning(error, "%s", job->source->warning.text) < 0)
		return -1;
	if (check_lookups(job, error) < 0)
		return -1;
	for (size_t i = 0; i < job->count; i++)
		if (send_result(job, &job->tasks[i], error) < 0)
			return -1;
	return 0;
}

static int plan_prefix(struct job *job, const struct wanted *wanted, bool is_tagged, struct atomicdir_error *error)
{
	cleanup(listing_clear) struct listing listing = { 0 };
	size_t size = strlen(wanted->secret);

	if (job->source->list(job->source, wanted->service, wanted->secret, &listing, error) < 0 ||
	    live_check_listing(&job->live, wanted, &listing, error) < 0)
		return -1;
	if (!listing.count && wanted->is_optional)
		return send_absent(wanted, error);
	if (!listing.count && listing.deleted) {
		error_set(
			error, ATOMICDIR_NOT_FOUND, NULL,
			"all that the entry takes is marked for deletion; restore '%.200s' (aws secretsmanager restore-secret), or take "
			"the entry out",
			listing.deleted);
		return error_prefix(error, "%s", *wanted->secret ? wanted->secret : "every name");
	}
	if (!listing.count) {
		error_set(error, ATOMICDIR_NOT_FOUND, NULL,
			  "no %s%s has a name that begins so; mend the entry, or make it optional",
			  *wanted->service ? "parameter" : "secret", is_tagged ? " with this --tag" : "");
		return error_prefix(error, "%s", *wanted->secret ? wanted->secret : "every name");
	}
	for (size_t i = 0; i < listing.count && job->is_looking; i++)
		if (send_listed(job, wanted, &listing.items[i], error) < 0)
			return -1;
	for (size_t i = 0; i < listing.count && !job->is_looking; i++) {
		if (add_task(job, wanted, listing.items[i].id, listing.items[i].name, wanted_path(wanted),
			     listing.items[i].name + size, error) < 0)
			return -1;
		job->tasks[job->count - 1].is_listed = true;
	}
	return 0;
}

static int send_described(void *context, const struct described *described)
{
	struct job *job = context;
	cleanup_buffer struct buffer output = { 0 };
	char why[sizeof(described->error->text)] = "";

	if (described->error)
		memcpy(why, described->error->text, sizeof(why));
	text_hide_users(why);
	if (field_add_text(&output, WORD_INDEX, described->index) < 0 ||
	    (described->error ? field_add_text(&output, WORD_UNKNOWN, why) < 0
			      : field_add_text(&output, WORD_ARN, described->arn) < 0 ||
					field_add_text(&output, WORD_KMS_KEY, described->key) < 0))
		return -1;
	job->answers++;
	return write_all(STDOUT_FILENO, output.bytes, output.size);
}

static int describe(struct job *job, struct atomicdir_error *error)
{
	if (!job->source->describe)
		return error_set(error, ATOMICDIR_USAGE, NULL, "this source knows nothing of secrets beside their values");
	return job->source->describe(job->source, send_described, job) < 0 ? error_errno(error, NULL, "cannot answer") : 0;
}

static int run(struct job *job, const struct request *request, struct atomicdir_error *error)
{
	if (told_option(&request->told, OPTION_DESCRIBE))
		return describe(job, error);
	job->is_looking = told_option(&request->told, OPTION_VERSIONS);
	if (job->is_looking && !job->source->look)
		return error_set(error, ATOMICDIR_USAGE, NULL, "this source has no versions that could be asked for");
	job->live = live_of(request);
	for (size_t i = 0; i < request->count; i++) {
		const struct wanted *wanted = &request->wanted[i];
		bool is_arn = strncmp(wanted->secret, "arn:", 4) == 0;
		const char *path = is_arn ? wanted->path : wanted_path(wanted);
		int result = wanted_is_prefix(wanted) ? plan_prefix(job, wanted, told_option(&request->told, OPTION_TAG), error)
						      : add_task(job, wanted, wanted->secret, wanted->secret, path, "", error);

		if (result < 0)
			return -1;
	}
	return run_tasks(job, error);
}

static int finish(const struct job *job, int result, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };
	char count[32];

	if (result < 0 && !error->kind)
		error->kind = ATOMICDIR_FAILED;
	snprintf(count, sizeof(count), "%zu", job->answers);
	if (result < 0 && job->source && job->source->is_throttled && field_add_text(&output, WORD_THROTTLED, "") < 0)
		return ATOMICDIR_FAILED;
	if ((result < 0 ? protocol_add_error(&output, error) : field_add_text(&output, WORD_DONE, count)) < 0 ||
	    write_all(STDOUT_FILENO, output.bytes, output.size) < 0)
		return ATOMICDIR_FAILED;
	return result < 0 ? error->kind : ATOMICDIR_OK;
}

int serve(source_open_fn open)
{
	cleanup(job_clear) struct job job = { 0 };
	cleanup(request_clear) struct request request = { 0 };
	struct atomicdir_error error;
	int result;

	error_clear(&error);
	result = request_read(STDIN_FILENO, &request, &error);
	if (result == 0) {
		job.source = open(&request, &error);
		result = job.source ? run(&job, &request, &error) : -1;
	}
	return finish(&job, result, &error);
}
