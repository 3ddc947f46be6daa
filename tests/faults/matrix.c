/* SPDX-License-Identifier: ISC
 *
 * matrix calls|allocations [SCENARIO]: for each scenario, every system call killed before and after it and failed with all
 * that it can say, or every allocation failed. After each: the status is a documented one and true, LINK is whole, one line
 * says why, nothing stays open, the next run works and nothing is left over.
 *
 * FAULTS_SHARE=N runs one point of N, chosen by FAULTS_SEED; FAULTS_BUILD is where the programs are; FAULTS_VERBOSE tells each
 * point.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"
#include "errnos.h"
#include "scenario.h"
#include "tracer.h"
#include "world.h"

#define WORDS_MAX 24
#define WORKERS_MAX 8

extern char **environ;

struct point {
	struct fault fault;
	struct call call;    /* what the fault is of */
	const char *program; /* an allocation's, else NULL */
	long allocation;
};

struct points {
	struct point *list;
	size_t count, size;
};

/* Shared with the workers. */
struct totals {
	size_t points, run, bad, unmet;
};

struct worker {
	const struct scenario *scenario;
	const char *template;
	const char *build;
	int out_fd, err_fd;
	char reference[4096]; /* what it prints without a fault */
	long first_removal;   /* the call with which it begins to clean up */
	struct allocation *allocation;
	char allocation_path[PATH_MAX + 16];
	struct totals *totals;
};

static long setting(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 10) : otherwise;
}

/* ---- Running ---- */

/* `words` is cut up. */
static void split(char *words, const char *build, char program[PATH_MAX], char *argv[WORDS_MAX])
{
	int count = 0;

	for (char *word = strtok(words, " "); word && count < WORDS_MAX - 1; word = strtok(NULL, " "))
		argv[count++] = word;
	argv[count] = NULL;
	snprintf(program, PATH_MAX, "%s/%s", build, argv[0]);
	argv[0] = program;
}

static void rewind_output(const struct worker *worker)
{
	if (ftruncate(worker->out_fd, 0) < 0 || ftruncate(worker->err_fd, 0) < 0)
		abort();
	lseek(worker->out_fd, 0, SEEK_SET);
	lseek(worker->err_fd, 0, SEEK_SET);
}

static void read_output(int fd, char *text, size_t size)
{
	ssize_t got = pread(fd, text, size - 1, 0);

	text[got > 0 ? got : 0] = '\0';
}

static void run_traced(const struct worker *worker, const struct fault *fault, call_fn each, void *arg, struct outcome *outcome)
{
	char words[1024], program[PATH_MAX], *argv[WORDS_MAX];

	snprintf(words, sizeof(words), "%s", worker->scenario->run);
	split(words, worker->build, program, argv);
	rewind_output(worker);
	if (tracer_run(argv, environ, worker->out_fd, worker->err_fd, fault, each, arg, outcome) < 0) {
		printf("Bail out! cannot trace here\n");
		exit(1);
	}
}

static int run_next(const struct worker *worker)
{
	char words[1024], program[PATH_MAX], *argv[WORDS_MAX];
	int status = 0;
	pid_t pid;

	snprintf(words, sizeof(words), "%s", worker->scenario->next);
	split(words, worker->build, program, argv);
	rewind_output(worker);
	pid = fork();
	if (pid == 0) {
		alarm(30);
		unsetenv("LD_PRELOAD");
		if (dup2(worker->out_fd, 1) < 0 || dup2(worker->err_fd, 2) < 0)
			_exit(126);
		execv(program, argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- Judging ---- */

static bool tell(char why[256], const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool tell(char why[256], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, 256, format, arguments);
	va_end(arguments);
	return false;
}

static bool is_kill(const struct point *point)
{
	return point->fault.kind == FAULT_KILL_BEFORE || point->fault.kind == FAULT_KILL_AFTER;
}

/* The lines that say what failed; -1: there is something else. */
/* What one of the programs says after its name; NULL: the line is something else. */
static const char *after_name(const char *line)
{
	static const char *const names[] = { "atomicdir: ", "secretdir: ", "publish: " };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0)
			return line + strlen(names[i]);
	return NULL;
}

static int count_errors(const struct worker *worker)
{
	char text[8192], *rest = text, *line;
	int count = 0;

	read_output(worker->err_fd, text, sizeof(text));
	while ((line = strsep(&rest, "\n")) && rest) {
		const char *after = after_name(line);

		if (!after && strncmp(line, "published ", 10) != 0 && strncmp(line, "unchanged ", 10) != 0)
			return -1;
		count += after && strncmp(after, "warning: ", 9) != 0;
	}
	return count;
}

static bool is_documented(const struct scenario *scenario, int status)
{
	if (strncmp(scenario->run, "atomicdir exec", 14) == 0)
		return status == 0 || (status >= 125 && status <= 127);
	/* A source that cannot be reached, or read. */
	if (strncmp(scenario->run, "secretdir", 9) == 0 && (status == 8 || status == 9))
		return true;
	/* libcurl tells want of memory, while it reads the CA's certificates, as a file that cannot be read. */
	if (scenario->needs && strcmp(scenario->needs, "FAULTS_AWS") == 0 && status == 2)
		return true;
	return status == 0 || status == 1 || status == 6 || (scenario->has_hook && (status == 3 || status == 4));
}

static bool is_status_true(const struct worker *worker, int status, char before, char after, char why[256])
{
	const struct scenario *scenario = worker->scenario;
	char wanted = status == 0 || status == 3 || status == 6 ? scenario->after : scenario->before;
	struct stat mark;
	char text[4096];

	if (!is_documented(scenario, status))
		return tell(why, "status %d", status);
	if (after != wanted && !(status == 6 && scenario->is_by_file && world_is_by_file()))
		return tell(why, "status %d, and LINK went from %c to %c", status, before ? before : '-', after ? after : '-');
	read_output(worker->out_fd, text, sizeof(text));
	if (status == 0 && scenario->is_told && strcmp(text, worker->reference) != 0)
		return tell(why, "status 0, and it says: %.150s", text);
	if (status == 0 && scenario->has_hook && lstat("hooked", &mark) < 0)
		return tell(why, "status 0, and the hook did not run");
	return true;
}

static bool says_why(const struct worker *worker, const struct point *point, int status, char why[256])
{
	int errors = count_errors(worker);
	bool is_output =
		!point->program && point->call.number == SYS_write && point->fault.kind == FAULT_FAIL && !point->call.process;

	/* Who cannot write to standard error says nothing; a publication whose line is lost was one nevertheless. */
	if (is_output && (point->call.arguments[0] == 2 || (point->call.arguments[0] == 1 && status == 0)))
		return true;
	if (errors != (status != 0))
		return tell(why, "status %d, and %d lines say why", status, errors);
	return true;
}

static bool next_works(const struct worker *worker, char why[256])
{
	const struct scenario *scenario = worker->scenario;
	int status = run_next(worker);
	const char *left;
	struct stat mark;
	char value = world_value();

	if (status != 0)
		return tell(why, "the next run has status %d", status);
	if (value != scenario->next_value)
		return tell(why, "the next run left LINK as %c", value ? value : '-');
	if (scenario->has_hook && lstat("hooked", &mark) < 0)
		return tell(why, "the next run did not run the hook");
	if (!world_is_clean(worker->template, scenario->kept, scenario->has_hook, &left))
		return tell(why, "after the next run %s", left);
	return true;
}

static bool judge(const struct worker *worker, const struct point *point, const struct outcome *outcome, char why[256])
{
	const struct scenario *scenario = worker->scenario;
	char before = scenario->before, after = world_value();
	bool was_killed = WIFSIGNALED(outcome->status) && is_kill(point) && point->fault.process == 0;

	if (outcome->is_late)
		return tell(why, "it hung");
	if (WIFSIGNALED(outcome->status) && !was_killed)
		return tell(why, "it died of signal %d", WTERMSIG(outcome->status));
	if (after != before && after != scenario->after && !(scenario->is_by_file && world_is_by_file()))
		return tell(why, "LINK went from %c to %c", before ? before : '-', after ? after : '-');
	if (!was_killed && (!is_status_true(worker, WEXITSTATUS(outcome->status), before, after, why) ||
			    !says_why(worker, point, WEXITSTATUS(outcome->status), why)))
		return false;
	/* Where a hard link cannot be had a copy is as good. */
	if (!point->program && point->call.number == SYS_linkat && point->fault.kind == FAULT_FAIL &&
	    outcome->status != scenario->status << 8)
		return tell(why, "status %d, for want of a link", WEXITSTATUS(outcome->status));
	if (!was_killed && outcome->leaked > 0)
		return tell(why, "%d descriptors were left open", outcome->leaked);
	/* Who fails to remove one thing leaves it to the next run. */
	if (!was_killed && scenario->leaves_nothing && point->fault.kind == FAULT_FAIL &&
	    (point->fault.process || point->fault.call < worker->first_removal) && access(".app.atomicdir", F_OK) == 0)
		return tell(why, "it left a store behind");
	return next_works(worker, why);
}

/* ---- Points ---- */

static struct point *add(struct points *points)
{
	if (points->count == points->size) {
		points->size = points->size ? points->size * 2 : 256;
		points->list = reallocarray(points->list, points->size, sizeof(*points->list));
		if (!points->list)
			abort();
	}
	points->list[points->count] = (struct point){ .fault = { .kind = FAULT_NONE } };
	return &points->list[points->count++];
}

static void add_fault(struct points *points, const struct call *call, enum fault_kind kind, int errnum)
{
	struct point *point = add(points);

	point->call = *call;
	point->fault = (struct fault){ kind, call->process, call->call, call->nth, call->number, errnum };
}

struct found {
	struct worker *worker;
	struct points *points;
};

static void add_call(const struct call *call, void *arg)
{
	const struct found *found = arg;
	struct points *points = found->points;
	int errnos[ERRNOS_MAX];

	if (call->number == SYS_unlinkat && !call->process && !found->worker->first_removal)
		found->worker->first_removal = call->call;

	errnos_of(call, errnos);
	add_fault(points, call, FAULT_KILL_BEFORE, 0);
	if (call->number != SYS_exit_group)
		add_fault(points, call, FAULT_KILL_AFTER, 0);
	for (int i = 0; errnos[i]; i++)
		add_fault(points, call, errnos_kind(call), errnos[i]);
	if (errnos_can_lie(call))
		add_fault(points, call, FAULT_LIE, EIO);
}

static void set_allocation(const struct worker *worker, const char *program, long fail_at)
{
	char text[PATH_MAX + 64];

	*worker->allocation = (struct allocation){ .fail_at = fail_at };
	snprintf(text, sizeof(text), "%s:%s", worker->allocation_path, program);
	setenv("FAULTS_ALLOCATION", text, 1);
}

/* Of what secretdir starts no allocation fails: LD_PRELOAD does not reach it. */
static void find_points(struct worker *worker, bool is_allocations, struct points *points)
{
	static const char *const programs[] = { "atomicdir", "secretdir", "publish" };
	static const struct fault none;
	struct found found = { worker, points };
	struct outcome outcome;

	for (size_t i = 0; i < (is_allocations ? sizeof(programs) / sizeof(*programs) : 1); i++) {
		world_reset(worker->template);
		if (is_allocations)
			set_allocation(worker, programs[i], 0);
		run_traced(worker, &none, is_allocations ? NULL : add_call, &found, &outcome);
		read_output(worker->out_fd, worker->reference, sizeof(worker->reference));
		if (outcome.status != worker->scenario->status << 8) {
			printf("# %s: without a fault it has status %x\n", worker->scenario->name, (unsigned)outcome.status);
			worker->totals->bad++;
		}
		for (long number = 1; is_allocations && number <= worker->allocation->count; number++) {
			struct point *point = add(points);

			point->program = programs[i];
			point->allocation = number;
		}
	}
}

static const char *fault_show(const struct fault *fault)
{
	if (fault->kind == FAULT_KILL_BEFORE)
		return "killed before";
	if (fault->kind == FAULT_KILL_AFTER)
		return "killed after";
	return fault->kind == FAULT_LIE ? "done, and said " : "";
}

static void report(const struct worker *worker, const struct point *point, const char *why)
{
	char name[32], text[1024];

	read_output(worker->err_fd, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	if (point->program)
		printf("# %s: allocation %ld of %s: %s (%s)\n", worker->scenario->name, point->allocation, point->program, why,
		       text);
	else
		printf("# %s: %s, call %ld of process %d: %s%s: %s (%s)\n", worker->scenario->name,
		       errnos_name(&point->call, name), point->call.call, point->call.process, fault_show(&point->fault),
		       point->fault.errnum ? strerrorname_np(point->fault.errnum) : "", why, text);
	fflush(stdout);
}

static void try_point(struct worker *worker, const struct point *point)
{
	struct outcome outcome;
	char why[256];
	bool is_met;

	world_reset(worker->template);
	if (point->program)
		set_allocation(worker, point->program, point->allocation);
	run_traced(worker, &point->fault, NULL, NULL, &outcome);
	is_met = point->program ? worker->allocation->count >= point->allocation : outcome.is_met;
	__atomic_add_fetch(&worker->totals->run, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&worker->totals->unmet, !is_met, __ATOMIC_RELAXED);
	if (getenv("FAULTS_VERBOSE"))
		report(worker, point, "tried");
	if (judge(worker, point, &outcome, why))
		return;
	__atomic_add_fetch(&worker->totals->bad, 1, __ATOMIC_RELAXED);
	report(worker, point, why);
}

/* ---- Scenarios ---- */

static bool is_chosen(size_t index, long share, long seed)
{
	uint64_t mixed = (index + (uint64_t)seed * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;

	return (mixed >> 33) % (uint64_t)share == 0;
}

/* FAULTS_ALLOCATION's file, and the library that reads it, for all that this process starts. */
static void begin_allocations(struct worker *worker, const char *directory)
{
	char library[PATH_MAX];
	int fd;

	snprintf(worker->allocation_path, sizeof(worker->allocation_path), "%s.allocation", directory);
	fd = open(worker->allocation_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct allocation)) < 0)
		abort();
	worker->allocation = mmap(NULL, sizeof(struct allocation), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	snprintf(library, sizeof(library), "%s/faults/allocation.so", worker->build);
	setenv("LD_PRELOAD", library, 1);
}

static _Noreturn void work(struct worker *worker, const char *directory, bool is_allocations, long number, long workers)
{
	long share = setting("FAULTS_SHARE", 1), seed = setting("FAULTS_SEED", 1);
	struct points points = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	worker->out_fd = memfd_create("out", MFD_CLOEXEC);
	worker->err_fd = memfd_create("err", MFD_CLOEXEC);
	if (mkdir(directory, 0755) < 0 || chdir(directory) < 0)
		abort();
	if (is_allocations)
		begin_allocations(worker, directory);
	find_points(worker, is_allocations, &points);
	if (number == 0)
		worker->totals->points = points.count;
	for (size_t i = 0; i < points.count; i++)
		if ((long)(i % (size_t)workers) == number && is_chosen(i, share, seed))
			try_point(worker, &points.list[i]);
	world_reset(worker->template);
	exit(0);
}

static int run_quietly(const char *script)
{
	char text[4096];

	snprintf(text, sizeof(text), "exec >/dev/null; %s", script);
	return system(text);
}

static void set_up(const struct scenario *scenario, const char *build, const char *template)
{
	char programs[2][PATH_MAX];

	snprintf(programs[0], PATH_MAX, "%s/atomicdir", build);
	snprintf(programs[1], PATH_MAX, "%s/secretdir", build);
	setenv("atomicdir", programs[0], 1);
	setenv("secretdir", programs[1], 1);
	if (mkdir(template, 0755) < 0 || chdir(template) < 0 || run_quietly(scenario->setup) != 0 || chdir("..") < 0) {
		printf("Bail out! cannot set up: %s\n", scenario->name);
		exit(1);
	}
}

static bool run_scenario(const struct scenario *scenario, const char *base, const char *build, bool is_allocations,
			 struct totals *totals)
{
	long workers = setting("FAULTS_WORKERS", sysconf(_SC_NPROCESSORS_ONLN));
	char template[PATH_MAX], directory[PATH_MAX];
	struct worker worker = { .scenario = scenario, .template = template, .build = build, .totals = totals };
	bool is_whole = true;
	int status;

	if (workers < 1)
		workers = 1;
	workers = workers > WORKERS_MAX ? WORKERS_MAX : workers;
	*totals = (struct totals){ 0 };
	snprintf(template, sizeof(template), "%s/template-%zu", base, (size_t)(scenario - scenarios));
	set_up(scenario, build, template);
	fflush(stdout);
	for (long i = 0; i < workers; i++) {
		snprintf(directory, sizeof(directory), "%s/%zu-%ld", base, (size_t)(scenario - scenarios), i);
		if (fork() == 0)
			work(&worker, directory, is_allocations, i, workers);
	}
	while (wait(&status) > 0)
		is_whole = is_whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return is_whole && totals->run && !totals->bad;
}

int main(int argc, char **argv)
{
	bool is_allocations = argc > 1 && strcmp(argv[1], "allocations") == 0;
	const char *only = argc > 2 ? argv[2] : "", *build = getenv("FAULTS_BUILD"), *base = getenv("FAULTS_DIRECTORY");
	struct totals *totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		      all = { 0 };
	int count = 0, failed = 0;

	if (!build || !base || totals == MAP_FAILED || chdir(base) < 0)
		return 2;
	for (size_t i = 0; i < scenario_count; i++) {
		const struct scenario *scenario = &scenarios[i];
		bool is_good;

		if (strncmp(scenario->name, only, strlen(only)) != 0 || (scenario->needs && !getenv(scenario->needs)))
			continue;
		is_good = run_scenario(scenario, base, build, is_allocations, totals);
		failed += !is_good;
		printf("%sok %d - %s: LINK is whole, the status is true, the error is one line and nothing is left over, whichever %s\n",
		       is_good ? "" : "not ", ++count, scenario->name,
		       is_allocations ? "allocation fails" : "call fails or is its last");
		printf("# %zu points of %zu were run, %zu of them were not reached\n", totals->run, totals->points,
		       totals->unmet);
		fflush(stdout);
		all.points += totals->points;
		all.run += totals->run;
	}
	printf("# %s: %zu points of %zu were run, seed %ld\n1..%d\n", is_allocations ? "allocations" : "calls", all.run,
	       all.points, setting("FAULTS_SEED", 1), count);
	return failed != 0;
}
