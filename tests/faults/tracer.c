/* SPDX-License-Identifier: ISC */
#include "tracer.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TASKS_MAX 32
#define CALL_NUMBERS 512
#define LATE_S 30

/* ---- What differs between machines ---- */

#if defined(__x86_64__)
#define TRAP 0xccul
#define TRAP_MASK 0xfful
#define PC(registers) ((registers)->rip)
#define PC_AFTER_TRAP 1
#define RESULT(registers) ((registers)->rax)
#elif defined(__aarch64__)
#define TRAP 0xd4200000ul
#define TRAP_MASK 0xfffffffful
#define PC(registers) ((registers)->pc)
#define PC_AFTER_TRAP 0
#define RESULT(registers) ((registers)->regs[0])
#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif
#else
#error "the tracer knows x86_64 and aarch64"
#endif

static int get_registers(pid_t pid, struct user_regs_struct *registers)
{
	struct iovec all = { registers, sizeof(*registers) };

	return ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0 ? -1 : 0;
}

static int set_registers(pid_t pid, struct user_regs_struct *registers)
{
	struct iovec all = { registers, sizeof(*registers) };

	return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) < 0 ? -1 : 0;
}

/* At a call's entry: a call that does not exist takes its place. */
static void suppress(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct registers;

	if (get_registers(pid, &registers) == 0) {
		registers.orig_rax = (unsigned long long)-1;
		set_registers(pid, &registers);
	}
#else
	int none = -1;
	struct iovec number = { &none, sizeof(none) };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number);
#endif
}

static void set_result(pid_t pid, long result)
{
	struct user_regs_struct registers;

	if (get_registers(pid, &registers) == 0) {
		RESULT(&registers) = (unsigned long long)result;
		set_registers(pid, &registers);
	}
}

/* ---- Tasks ---- */

struct task {
	pid_t pid;
	int process; /* -1: it stopped before its parent told of it */
	bool is_ours, is_counted;
	unsigned long entry, text; /* where a trap waits, and what it took the place of */
	long calls, calls_of[CALL_NUMBERS];
	int says;	     /* the errno that the call at hand is to return */
	bool is_passed_over; /* it was not made, and succeeds */
	bool is_doomed;	     /* it dies when the call at hand has been done */
};

struct tracer {
	struct task tasks[TASKS_MAX];
	int count, processes;
	int fds; /* of the first process when it began */
	const struct fault *fault;
	call_fn each;
	void *arg;
	struct outcome *outcome;
};

static struct task *find(struct tracer *tracer, pid_t pid)
{
	for (int i = 0; i < tracer->count; i++)
		if (tracer->tasks[i].pid == pid)
			return &tracer->tasks[i];
	if (tracer->count == TASKS_MAX)
		abort();
	tracer->tasks[tracer->count] = (struct task){ .pid = pid, .process = -1 };
	return &tracer->tasks[tracer->count++];
}

static void forget(struct tracer *tracer, struct task *task)
{
	*task = tracer->tasks[--tracer->count];
}

static void go_on(const struct task *task, int signal_number)
{
	ptrace(task->is_counted ? PTRACE_SYSCALL : PTRACE_CONT, task->pid, 0, signal_number);
}

static bool is_ours(pid_t pid)
{
	char path[64], program[PATH_MAX];
	const char *name;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	size = readlink(path, program, sizeof(program) - 1);
	program[size > 0 ? size : 0] = '\0';
	name = strrchr(program, '/');
	return name && (strcmp(name, "/atomicdir") == 0 || strcmp(name, "/secretdir") == 0 || strcmp(name, "/publish") == 0 ||
			strncmp(name, "/fetch-", 7) == 0);
}

static unsigned long entry_of(pid_t pid)
{
	char path[64];
	unsigned long vector[2], entry = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && !entry && read(fd, vector, sizeof(vector)) == sizeof(vector))
		entry = vector[0] == AT_ENTRY ? vector[1] : 0;
	if (fd >= 0)
		close(fd);
	return entry;
}

/* A new program: what its linker, and a sanitizer's start, do before its first instruction is not ours. */
static void begin_program(struct task *task)
{
	if (task->is_doomed)
		kill(task->pid, SIGKILL);
	task->is_ours = is_ours(task->pid);
	task->is_counted = false;
	task->says = 0;
	task->entry = task->is_ours ? entry_of(task->pid) : 0;
	if (!task->entry)
		return;
	task->text = (unsigned long)ptrace(PTRACE_PEEKTEXT, task->pid, task->entry, 0);
	ptrace(PTRACE_POKETEXT, task->pid, task->entry, (task->text & ~TRAP_MASK) | TRAP);
}

static bool take_trap(struct task *task)
{
	struct user_regs_struct registers;

	if (!task->entry || get_registers(task->pid, &registers) < 0 || PC(&registers) != task->entry + PC_AFTER_TRAP)
		return false;
	ptrace(PTRACE_POKETEXT, task->pid, task->entry, task->text);
	PC(&registers) = task->entry;
	set_registers(task->pid, &registers);
	task->entry = 0;
	task->is_counted = true;
	return true;
}

static int count_fds(pid_t pid)
{
	char path[64];
	const struct dirent *entry;
	DIR *directory;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return count;
}

static void enter_call(struct tracer *tracer, struct task *task, const struct __ptrace_syscall_info *info)
{
	const struct fault *fault = tracer->fault;
	struct call call = { .process = task->process, .call = ++task->calls, .number = (long)info->entry.nr };
	size_t number = info->entry.nr < CALL_NUMBERS ? info->entry.nr : CALL_NUMBERS - 1;

	call.nth = ++task->calls_of[number];
	memcpy(call.arguments, info->entry.args, sizeof(call.arguments));
	if (tracer->each)
		tracer->each(&call, tracer->arg);
	if (call.number == SYS_exit_group && task->process == 0)
		tracer->outcome->leaked = count_fds(task->pid) - tracer->fds;
	/* What only waits for readers, until a moment, need not be waited for. */
	if (call.number == SYS_clock_nanosleep && call.arguments[1] == TIMER_ABSTIME) {
		suppress(task->pid);
		task->is_passed_over = true;
	}
	if (fault->kind == FAULT_NONE || fault->process != call.process || fault->nth != call.nth ||
	    fault->number != call.number)
		return;
	tracer->outcome->is_met = true;
	if (fault->kind == FAULT_KILL_BEFORE)
		kill(task->pid, SIGKILL);
	if (fault->kind == FAULT_FAIL)
		suppress(task->pid);
	task->is_doomed = fault->kind == FAULT_KILL_AFTER;
	task->says = fault->errnum;
}

static void leave_call(struct task *task)
{
	if (task->is_doomed)
		kill(task->pid, SIGKILL);
	if (task->says || task->is_passed_over)
		set_result(task->pid, -task->says);
	task->says = 0;
	task->is_passed_over = false;
}

static void take_call(struct tracer *tracer, struct task *task)
{
	struct __ptrace_syscall_info info;

	if (!task->is_counted || ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(tracer, task, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave_call(task);
}

static void take_child(struct tracer *tracer, const struct task *parent)
{
	unsigned long pid = 0;
	int known = tracer->count;
	struct task *child;

	ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid);
	child = find(tracer, (pid_t)pid);
	/* Commands that are not ours are waited for, and no more. */
	child->process = parent->is_ours ? tracer->processes++ : INT_MAX;
	child->is_ours = parent->is_ours;
	child->is_counted = parent->is_counted;
	if (known == tracer->count)
		go_on(child, 0); /* it had stopped already */
}

static void take_stop(struct tracer *tracer, struct task *task, int status)
{
	int number = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
		take_child(tracer, task);
	else if (event == PTRACE_EVENT_EXEC)
		begin_program(task);
	else if (number == (SIGTRAP | 0x80))
		take_call(tracer, task);
	else if (!event && number == SIGTRAP && take_trap(task))
		tracer->fds = task->process ? tracer->fds : count_fds(task->pid);
	else if (event)
		;
	else if (number == SIGSTOP && task->process < 0)
		return; /* until its parent tells of it */
	else if (number != SIGSTOP)
		return go_on(task, number);
	go_on(task, 0);
}

/* A parent that is killed in the middle of its fork(2) never tells of the child, which has stopped until then. */
static void release_orphans(struct tracer *tracer)
{
	for (int i = 0; i < tracer->count; i++)
		if (tracer->tasks[i].process >= 0)
			return;
	for (int i = 0; i < tracer->count; i++) {
		tracer->tasks[i].process = INT_MAX;
		go_on(&tracer->tasks[i], 0);
	}
}

/* ---- A run ---- */

static volatile pid_t running;
static volatile sig_atomic_t is_over;

static void on_alarm(int number)
{
	(void)number;
	is_over = 1;
	kill(running, SIGKILL);
}

static _Noreturn void become(char *const *argv, char *const *environment, int out_fd, int err_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0 || ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		_exit(126);
	raise(SIGSTOP);
	execve(argv[0], argv, environment);
	_exit(127);
}

static int begin_run(struct tracer *tracer, pid_t pid)
{
	struct task *task;
	int status;

	if (pid < 0 || waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return -1;
	task = find(tracer, pid);
	task->process = tracer->processes++;
	task->is_ours = true;
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
		       PTRACE_O_EXITKILL);
	go_on(task, 0);
	return 0;
}

int tracer_run(char *const *argv, char *const *environment, int out_fd, int err_fd, const struct fault *fault, call_fn each,
	       void *arg, struct outcome *outcome)
{
	struct tracer tracer = { .fault = fault, .each = each, .arg = arg, .outcome = outcome };
	pid_t first = fork();

	if (first == 0)
		become(argv, environment, out_fd, err_fd);
	*outcome = (struct outcome){ 0 };
	if (begin_run(&tracer, first) < 0)
		return -1;
	running = first;
	is_over = 0;
	signal(SIGALRM, on_alarm);
	alarm(LATE_S);
	while (tracer.count) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);
		struct task *task;

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		task = find(&tracer, pid);
		if (WIFSTOPPED(status)) {
			take_stop(&tracer, task, status);
		} else {
			if (pid == first)
				outcome->status = status;
			forget(&tracer, task);
		}
		release_orphans(&tracer);
	}
	alarm(0);
	outcome->is_late = is_over;
	return 0;
}
