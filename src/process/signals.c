/* SPDX-License-Identifier: ISC */
#include "process/signals.h"

#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
/* What a program that runs another one hands on to it. */
static const int handed_on[] = { SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH, SIGPWR, SIGIO, SIGVTALRM, SIGPROF };
static const int changed[] = { SIGPIPE, SIGXFSZ, SIGCHLD };

static struct sigaction inherited[COUNT(changed)];
static sigset_t inherited_mask;

void signals_begin(void)
{
	sigprocmask(SIG_SETMASK, NULL, &inherited_mask);
	for (size_t i = 0; i < COUNT(changed); i++) {
		struct sigaction action = { .sa_handler = changed[i] == SIGCHLD ? SIG_DFL : SIG_IGN };

		sigaction(changed[i], &action, &inherited[i]);
	}
}

void signals_restore(void)
{
	for (size_t i = 0; i < COUNT(changed); i++)
		sigaction(changed[i], &inherited[i], NULL);
	sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
}

void signals_ignore(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGTTOU };

	for (size_t i = 0; i < COUNT(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

/* Leaves out signals that are ignored: if they were blocked, they would become pending and be read as events. */
static void signals_find_ending(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < COUNT(ending); i++) {
		struct sigaction action;

		if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(set, ending[i]);
	}
}

static int signals_hold_set(sigset_t *held, sigset_t *before)
{
	int fd;

	sigaddset(held, SIGCHLD);
	fd = signalfd(-1, held, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		sigprocmask(SIG_BLOCK, held, before);
	return fd;
}

int signals_hold(sigset_t *before)
{
	sigset_t held;

	signals_find_ending(&held);
	return signals_hold_set(&held, before);
}

int signals_hold_all(sigset_t *before)
{
	sigset_t held;

	signals_find_ending(&held);
	for (size_t i = 0; i < COUNT(handed_on); i++)
		sigaddset(&held, handed_on[i]);
	for (int real_time = SIGRTMIN; real_time <= SIGRTMAX; real_time++)
		sigaddset(&held, real_time);
	return signals_hold_set(&held, before);
}

/* ---- While the library works ---- */

static volatile sig_atomic_t caught;
static struct sigaction uncaught[NSIG];
static sigset_t caught_set, uncaught_mask;
static void (*told_to)(void *context);
static void *told_context;

static void signals_install(void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler }; /* without SA_RESTART */

	caught = 0;
	for (int number = 1; number < NSIG; number++)
		if (sigismember(&caught_set, number) == 1)
			sigaction(number, &action, &uncaught[number]);
	sigprocmask(SIG_UNBLOCK, &caught_set, &uncaught_mask);
}

static int signals_uninstall(void)
{
	sigprocmask(SIG_SETMASK, &uncaught_mask, NULL);
	for (int number = 1; number < NSIG; number++)
		if (sigismember(&caught_set, number) == 1)
			sigaction(number, &uncaught[number], NULL);
	return caught;
}

/* A signal that comes just before the call blocks would not interrupt it, so an alarm interrupts it again. */
static void signals_note(int number)
{
	if (number != SIGALRM)
		caught = number;
	alarm(1);
}

void signals_catch(void)
{
	signals_find_ending(&caught_set);
	sigaddset(&caught_set, SIGALRM);
	signals_install(signals_note);
}

/* Before, and after: a signal that comes in between sets it anew. */
int signals_caught(void)
{
	int number;

	alarm(0);
	number = signals_uninstall();
	alarm(0);
	return number;
}

void signals_put_off(sigset_t *before)
{
	sigset_t put_off;

	sigemptyset(&put_off);
	for (size_t i = 0; i < COUNT(ending); i++)
		sigaddset(&put_off, ending[i]);
	sigprocmask(SIG_BLOCK, &put_off, before);
}

void signals_take_up(const sigset_t *before)
{
	static const struct timespec now = { 0 };
	sigset_t forgotten;

	sigemptyset(&forgotten);
	for (size_t i = 0; i < COUNT(ending); i++)
		if (sigismember(before, ending[i]) == 0)
			sigaddset(&forgotten, ending[i]);
	while (sigtimedwait(&forgotten, NULL, &now) >= 0)
		;
	sigprocmask(SIG_SETMASK, before, NULL);
}

static void signals_pass_on(int number)
{
	caught = number;
	told_to(told_context);
}

void signals_tell(void (*tell)(void *context), void *context)
{
	told_to = tell;
	told_context = context;
	signals_find_ending(&caught_set);
	signals_install(signals_pass_on);
}

int signals_told(void)
{
	return signals_uninstall();
}
