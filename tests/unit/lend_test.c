/* SPDX-License-Identifier: ISC
 *
 * What is opened under a name that somebody else may exchange: it keeps nobody waiting, and only what is ours gets another mode.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lend.h"
#include "base/libc.h"
#include "tap.h"

#define STRANGER 65534

static mode_t mode_of(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 ? status.st_mode & 07777 : 07777;
}

static bool make(const char *path, mode_t mode)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1 && fchmod(fd, mode) == 0;
}

/* The answer of `question`, asked by an ordinary user where we are root. */
static bool ask(bool (*question)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setresgid(STRANGER, STRANGER, STRANGER) < 0 || setresuid(STRANGER, STRANGER, STRANGER) < 0))
			_exit(2);
		_exit(question() ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool own_file_opens(void)
{
	cleanup_fd int fd = -1;
	char byte = 0;

	if (!make("own/file", 0))
		return false;
	fd = open_lending_at(AT_FDCWD, "own/file", O_RDONLY);
	return read(fd, &byte, 1) == 1 && byte == 'x' && mode_of("own/file") == 0;
}

static bool own_directory_opens(void)
{
	cleanup_fd int fd = -1;

	if (mkdir("own/directory", 0) < 0)
		return false;
	fd = open_lending_at(AT_FDCWD, "own/directory", O_RDONLY | O_DIRECTORY);
	return fd >= 0 && mode_of("own/directory") == 0;
}

static bool foreign_file_stays_closed(void)
{
	cleanup_fd int fd = open_lending_at(AT_FDCWD, "foreign", O_RDONLY);

	return fd < 0 && errno == EACCES && mode_of("foreign") == 0;
}

static bool symlink_is_not_followed(void)
{
	cleanup_fd int fd = open_lending_at(AT_FDCWD, "own/link", O_RDONLY), path_fd = -1;
	bool is_refused = fd < 0 && errno == ELOOP;

	path_fd = open("own/link", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	return is_refused && path_fd >= 0 && change_mode_of(path_fd, 0777) < 0 && mode_of("own/file") == 0;
}

/* In a child: somebody who lends himself the file, and gives it back only after the kernel's 45 seconds. */
static pid_t lease_take(const char *path, int ready_fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		signal(SIGIO, SIG_IGN);
		if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0 || write(ready_fd, "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	return pid;
}

/* own/from/NAME and own/to/NAME trade places. */
static bool own_directory_moves(void)
{
	cleanup_fd int from = -1, to = -1;

	if (mkdir("own/from", 0755) < 0 || mkdir("own/to", 0755) < 0 || mkdir("own/from/moved", 0500) < 0 ||
	    symlink("elsewhere", "own/to/moved") < 0)
		return false;
	from = open("own/from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = open("own/to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return rename_lending_at(from, to, "moved", RENAME_EXCHANGE) == 0 && mode_of("own/to/moved") == 0500;
}

static bool refusal_is_told(void)
{
	cleanup_fd int from = open("own/from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int to = open("own/to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return make("own/from/file", 0600) && fchmod(from, 0500) == 0 && rename_lending_at(from, to, "file", 0) < 0 &&
	       errno == EACCES;
}

static void test_waiting(void)
{
	cleanup_fd int fifo_fd = -1, leased_fd = -1;
	int ready[2];
	pid_t pid;
	char byte;

	/* What waits does so for good, or for 45 seconds. */
	alarm(20);
	ok(mkfifo("fifo", 0600) == 0 && (fifo_fd = open_lending_at(AT_FDCWD, "fifo", O_RDONLY)) >= 0,
	   "a FIFO is opened without waiting for its writer");
	if (!make("leased", 0600) || pipe2(ready, O_CLOEXEC) < 0)
		exit(2);
	pid = lease_take("leased", ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1) {
		leased_fd = open_lending_at(AT_FDCWD, "leased", O_RDONLY);
		ok(leased_fd < 0 && errno == EWOULDBLOCK, "a file under a lease keeps nobody waiting");
	} else {
		skip("a file under a lease keeps nobody waiting", "no leases here");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
}

int main(void)
{
	char directory[] = "/tmp/lend_test.XXXXXX", remove[128];

	if (!mkdtemp(directory) || chdir(directory) < 0 || chmod(".", 0755) < 0 || mkdir("own", 0755) < 0 ||
	    !make("foreign", 0))
		return 2;
	if (geteuid() == 0 && chown("own", STRANGER, STRANGER) < 0)
		return 2;
	ok(ask(own_file_opens), "a file of ours with mode 0 is opened, and keeps its mode");
	ok(ask(own_directory_opens), "so is a directory");
	ok(ask(own_directory_moves),
	   "a directory of ours without its write bit is exchanged for a symlink, and keeps its mode");
	ok(ask(refusal_is_told), "a file that may not be renamed is EACCES, and not what was tried for a directory");
	if (symlink("file", "own/link") < 0)
		return 2;
	ok(ask(symlink_is_not_followed), "what a symlink leads to is neither opened nor changed");
	if (geteuid() == 0)
		ok(ask(foreign_file_stays_closed), "a file of somebody else's is not opened, and keeps its mode");
	else
		skip("a file of somebody else's is not opened, and keeps its mode", "needs root");
	test_waiting();
	snprintf(remove, sizeof(remove), "chmod -R u+rwx %s; rm -rf %s", directory, directory);
	if (chdir("/") < 0 || system(remove) != 0)
		return 2;
	return done();
}
