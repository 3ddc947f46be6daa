/* SPDX-License-Identifier: ISC
 *
 * A process that has entered the sandbox tries what somebody would who has taken a fetcher over, and what a fetcher does. What the
 * kernel here cannot confine is skipped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/harden.h"
#include "sandbox/sandbox.h"
#include "tap.h"

#define HIGH_BITS 0x100000000UL /* of an int that the kernel does not read, and a filter could stumble over */
#define NEWER_CALL 463		/* setxattrat, of Linux 6.13 */

static int listener_fd, other_listener_fd, file_fd, unix_fd;
static struct sockaddr_in listener, other_listener;
static char directory[] = "/tmp/sandbox-XXXXXX";

/* ---- Attempts: 0, or the errno ---- */

#define ATTEMPT(name, expression)                          \
	static int name(void)                              \
	{                                                  \
		errno = 0;                                 \
		return (long)(expression) < 0 ? errno : 0; \
	}

ATTEMPT(try_to_open_for_writing, open("file", O_WRONLY))
ATTEMPT(try_to_open_for_both, open("file", O_RDWR))
ATTEMPT(try_to_open_in_mode_3, open("file", 3))
ATTEMPT(try_to_create, open("new", O_CREAT | O_RDONLY, 0600))
ATTEMPT(try_to_create_by_creat, creat("new", 0600))
ATTEMPT(try_to_truncate_by_open, open("file", O_TRUNC | O_RDONLY))
ATTEMPT(try_to_make_a_nameless_file, open(".", O_TMPFILE | O_RDWR, 0600))
ATTEMPT(try_to_open_by_openat2, syscall(SYS_openat2, AT_FDCWD, "file", (uint64_t[]){ O_WRONLY, 0, 0 }, 24))
ATTEMPT(try_to_truncate, truncate("file", 0))
ATTEMPT(try_to_truncate_what_is_open, ftruncate(file_fd, 0))
ATTEMPT(try_to_make_a_directory, mkdir("new", 0700))
ATTEMPT(try_to_rename, rename("file", "new"))
ATTEMPT(try_to_remove, unlink("file"))
ATTEMPT(try_to_link, link("file", "new"))
ATTEMPT(try_to_link_by_name, symlink("file", "new"))
ATTEMPT(try_to_make_a_fifo, mkfifo("new", 0600))
ATTEMPT(try_to_change_a_mode, chmod("file", 0777))
ATTEMPT(try_to_change_the_mode_of_what_is_open, fchmod(file_fd, 0777))
ATTEMPT(try_to_change_an_owner, chown("file", 1, 1))
ATTEMPT(try_to_change_an_attribute, setxattr("file", "user.x", "y", 1, 0))
ATTEMPT(try_to_change_flags, ioctl(file_fd, FS_IOC_SETFLAGS, &(int){ 0 }))
ATTEMPT(try_to_change_times, utimensat(AT_FDCWD, "file", NULL, 0))
ATTEMPT(try_to_take_a_lease, fcntl(file_fd, F_SETLEASE, F_RDLCK))
ATTEMPT(try_to_mount, mount("none", ".", "tmpfs", 0, ""))
ATTEMPT(try_to_leave_the_root, chroot("."))
ATTEMPT(try_to_read_the_root, open("/", O_RDONLY | O_DIRECTORY))
ATTEMPT(try_to_read_a_file, open("file", O_RDONLY))
ATTEMPT(try_to_read_the_users, open("/etc/passwd", O_RDONLY))
ATTEMPT(try_to_read_another_process, open("/proc/1/cmdline", O_RDONLY))

ATTEMPT(try_to_execute, execve("/bin/true", (char *[]){ (char[]){ "true" }, NULL }, (char *[]){ NULL }))
ATTEMPT(try_to_execute_what_is_open, syscall(SYS_execveat, file_fd, "", NULL, NULL, AT_EMPTY_PATH))
ATTEMPT(try_to_fork_by_clone3, syscall(SYS_clone3, (uint64_t[11]){ 0 }, 88))
ATTEMPT(try_to_trace, ptrace(PTRACE_ATTACH, getppid(), NULL, NULL))
ATTEMPT(try_to_read_memory, syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0))
ATTEMPT(try_to_hold_a_process, syscall(SYS_pidfd_open, getppid(), 0))
ATTEMPT(try_to_signal_another, kill(getppid(), SIGCONT))
ATTEMPT(try_to_signal_the_group, kill(0, SIGCONT))
ATTEMPT(try_to_signal_a_thread_of_another, syscall(SYS_tgkill, getppid(), getppid(), SIGCONT))
ATTEMPT(try_to_queue_a_signal, sigqueue(getppid(), SIGCONT, (union sigval){ 0 }))
ATTEMPT(try_to_give_signals_of_a_socket_away, fcntl(unix_fd, F_SETOWN, getppid()))
ATTEMPT(try_the_same_with_high_bits, syscall(SYS_fcntl, unix_fd, HIGH_BITS | F_SETOWN, getppid()))
ATTEMPT(try_to_limit_another, prlimit(getppid(), RLIMIT_CORE, &(struct rlimit){ 0 }, NULL))
ATTEMPT(try_to_slow_another, setpriority(PRIO_PROCESS, (id_t)getppid(), 19))
ATTEMPT(try_to_share_memory, shmget(IPC_PRIVATE, 4096, 0600))
ATTEMPT(try_to_type, ioctl(STDERR_FILENO, TIOCSTI, "x"))
ATTEMPT(try_to_enter_a_namespace, unshare(CLONE_NEWUSER))
ATTEMPT(try_keys_of_the_kernel, syscall(SYS_add_key, "user", "x", "y", 1, -2))
ATTEMPT(try_bpf, syscall(SYS_bpf, 0, NULL, 0))
ATTEMPT(try_uring, syscall(SYS_io_uring_setup, 1, NULL))
ATTEMPT(try_userfaultfd, syscall(SYS_userfaultfd, 0))
ATTEMPT(try_to_measure, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
ATTEMPT(try_what_is_newer, syscall(NEWER_CALL, -1, "", 0, "", NULL, 0))

ATTEMPT(try_a_unix_socket, socket(AF_UNIX, SOCK_STREAM, 0))
ATTEMPT(try_a_unix_socket_with_high_bits, syscall(SYS_socket, HIGH_BITS | AF_UNIX, SOCK_STREAM, 0))
ATTEMPT(try_a_packet_socket, socket(AF_PACKET, SOCK_DGRAM, 0))
ATTEMPT(try_a_socket_to_the_host, socket(AF_VSOCK, SOCK_STREAM, 0))
ATTEMPT(try_a_raw_socket, socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP))
ATTEMPT(try_a_raw_socket_6, socket(AF_INET6, SOCK_RAW, IPPROTO_UDP))
ATTEMPT(try_a_sequence_socket, socket(AF_INET, SOCK_SEQPACKET, 0))
ATTEMPT(try_mptcp, socket(AF_INET, SOCK_STREAM, 262))
ATTEMPT(try_ping, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP))
ATTEMPT(try_netlink_of_ipsec, socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM))
ATTEMPT(try_netlink_of_audit, socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT))
ATTEMPT(try_netlink_of_routes, socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))
ATTEMPT(try_udp, socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP))
ATTEMPT(try_a_pair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }))
ATTEMPT(try_to_listen, listen(socket(AF_INET, SOCK_STREAM, 0), 1))
ATTEMPT(try_to_accept, accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK))
ATTEMPT(try_to_connect, connect(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP), (void *)&listener, sizeof(listener)))
ATTEMPT(try_to_connect_elsewhere, connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&other_listener, sizeof(other_listener)))
ATTEMPT(try_to_connect_by_sending,
	sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, (void *)&other_listener, sizeof(other_listener)))
ATTEMPT(try_to_bind, bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&(struct sockaddr_in){ .sin_family = AF_INET },
			  sizeof(struct sockaddr_in)))

ATTEMPT(read_the_system, open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
ATTEMPT(read_what_is_allowed, open("allowed", O_RDONLY))
ATTEMPT(read_where_a_link_leads, open("authorities/link", O_RDONLY))
ATTEMPT(signal_a_thread_of_mine, pthread_kill(pthread_self(), SIGCONT))
ATTEMPT(limit_myself, setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 }))
ATTEMPT(ask_what_a_socket_has, ioctl(unix_fd, FIONREAD, &(int){ 0 }))

/* What the filter lets pass; the kernel may refuse some of these with another errno. */
static bool is_socket_allowed(int family, int type, int protocol)
{
	if (family == AF_NETLINK)
		return type >= SOCK_STREAM && type <= SOCK_RAW && protocol == NETLINK_ROUTE;
	return (family == AF_INET || family == AF_INET6) && (type == SOCK_STREAM || type == SOCK_DGRAM) &&
	       (protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_UDP);
}

static bool is_socket_refused(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return errno == EAFNOSUPPORT;
	close(fd);
	return false;
}

static int try_every_other_socket(void)
{
	for (int family = -1; family < 64; family++)
		for (int type = 0; type < 16; type++)
			for (int protocol = -1; protocol < 40; protocol++)
				if (!is_socket_allowed(family, type, protocol) && !is_socket_refused(family, type, protocol)) {
					printf("# socket(%d, %d, %d)\n", family, type, protocol);
					fflush(stdout);
					return EEXIST;
				}
	return EAFNOSUPPORT;
}

static int try_to_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static void *thread_run(void *context)
{
	*(int *)context = 0;
	return NULL;
}

static int run_a_thread(void)
{
	int result = ECHILD;
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, thread_run, &result);

	if (failed)
		return failed;
	pthread_join(thread, NULL);
	return result;
}

static int name_result; /* of the same before */

static int find_a_name(void)
{
	struct addrinfo *list = NULL;
	int result = getaddrinfo("localhost", "443", NULL, &list);

	if (result == 0)
		freeaddrinfo(list);
	return result == name_result ? 0 : EADDRNOTAVAIL;
}

static int have_no_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[2] = { 0 };

	syscall(SYS_capget, &header, all);
	return (all[0].permitted & ~(1U << CAP_DAC_READ_SEARCH)) || all[1].permitted ? EPERM : 0;
}

static int get_no_privilege(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : EPERM;
}

/* ---- What each comes to ---- */

enum needs { NOTHING, FILTER, FILTER_UNLESS_SANITIZED, FILES, PORTS };

struct attempt {
	const char *claim;
	int (*run)(void);
	int wanted;
	enum needs needs;
};

static const struct attempt of_both[] = {
	{ "no new privilege can be had", get_no_privilege, 0, NOTHING },
	{ "there is no capability but that to read", have_no_capability, 0, NOTHING },
	{ "no file is opened for writing", try_to_open_for_writing, EACCES, FILTER },
	{ "nor for both", try_to_open_for_both, EACCES, FILTER },
	{ "nor in the mode that is neither", try_to_open_in_mode_3, EACCES, FILTER },
	{ "no file is created", try_to_create, EACCES, FILTER },
	{ "nor by creat", try_to_create_by_creat, EACCES, FILTER },
	{ "nor truncated by opening it", try_to_truncate_by_open, EACCES, FILTER },
	{ "nor made without a name", try_to_make_a_nameless_file, EACCES, FILTER },
	{ "openat2, whose flags no filter sees, does not exist", try_to_open_by_openat2, ENOSYS, FILTER },
	{ "no file is truncated", try_to_truncate, EPERM, FILTER },
	{ "not even one that is open", try_to_truncate_what_is_open, EPERM, FILTER },
	{ "no directory is made", try_to_make_a_directory, EPERM, FILTER },
	{ "nothing is renamed", try_to_rename, EPERM, FILTER },
	{ "nothing is removed", try_to_remove, EPERM, FILTER },
	{ "nothing is linked", try_to_link, EPERM, FILTER },
	{ "no symlink is made", try_to_link_by_name, EPERM, FILTER },
	{ "no FIFO is made", try_to_make_a_fifo, EPERM, FILTER },
	{ "no mode is changed", try_to_change_a_mode, EPERM, FILTER },
	{ "not even of what is open", try_to_change_the_mode_of_what_is_open, EPERM, FILTER },
	{ "no owner is changed", try_to_change_an_owner, EPERM, FILTER },
	{ "no attribute is changed", try_to_change_an_attribute, EPERM, FILTER },
	{ "no flag of a file is changed", try_to_change_flags, EPERM, FILTER },
	{ "no time is changed", try_to_change_times, EPERM, FILTER },
	{ "no lease keeps a writer waiting", try_to_take_a_lease, EPERM, FILTER },
	{ "nothing is mounted", try_to_mount, EPERM, FILTER },
	{ "the root stays what it is", try_to_leave_the_root, EPERM, FILTER },
	{ "no directory is read that nobody allowed", try_to_read_the_root, EACCES, FILES },
	{ "no file is read that nobody allowed", try_to_read_a_file, EACCES, FILES },
	{ "not even one that everybody may read", try_to_read_the_users, EACCES, FILES },
	{ "no other process is looked at", try_to_read_another_process, EACCES, FILES },
	{ "no program is executed", try_to_execute, EPERM, FILTER },
	{ "not even one that is open", try_to_execute_what_is_open, EPERM, FILTER },
	{ "no process is forked", try_to_fork, EPERM, FILTER_UNLESS_SANITIZED },
	{ "clone3, whose flags no filter sees, does not exist", try_to_fork_by_clone3, ENOSYS, FILTER },
	{ "no process is traced", try_to_trace, EPERM, FILTER_UNLESS_SANITIZED },
	{ "no other memory is read", try_to_read_memory, EPERM, FILTER },
	{ "no process is held", try_to_hold_a_process, EPERM, FILTER },
	{ "no other process gets a signal", try_to_signal_another, EPERM, FILTER },
	{ "nor does the group", try_to_signal_the_group, EPERM, FILTER },
	{ "nor does a thread of another process", try_to_signal_a_thread_of_another, EPERM, FILTER },
	{ "no signal is queued", try_to_queue_a_signal, EPERM, FILTER },
	{ "a descriptor's signals go to nobody else", try_to_give_signals_of_a_socket_away, EPERM, FILTER },
	{ "whatever the bits that the kernel does not read", try_the_same_with_high_bits, EPERM, FILTER },
	{ "no other process is limited", try_to_limit_another, EPERM, FILTER },
	{ "nor slowed", try_to_slow_another, EPERM, FILTER },
	{ "no memory is shared by a key", try_to_share_memory, EPERM, FILTER },
	{ "nobody types at the terminal", try_to_type, EPERM, FILTER },
	{ "no namespace is entered", try_to_enter_a_namespace, EPERM, FILTER },
	{ "the kernel keeps no key", try_keys_of_the_kernel, EPERM, FILTER },
	{ "and runs no program of BPF", try_bpf, EPERM, FILTER },
	{ "io_uring, which no filter sees, does not exist", try_uring, ENOSYS, FILTER },
	{ "userfaultfd is refused", try_userfaultfd, EPERM, FILTER },
	{ "nothing is measured", try_to_measure, EPERM, FILTER },
	{ "what is newer than the filter does not exist", try_what_is_newer, ENOSYS, FILTER },
	{ "no unix socket is made", try_a_unix_socket, EAFNOSUPPORT, FILTER },
	{ "whatever the bits that the kernel does not read", try_a_unix_socket_with_high_bits, EAFNOSUPPORT, FILTER },
	{ "no socket of packets is made", try_a_packet_socket, EAFNOSUPPORT, FILTER },
	{ "nor one to a machine's host", try_a_socket_to_the_host, EAFNOSUPPORT, FILTER },
	{ "nor a raw one", try_a_raw_socket, EAFNOSUPPORT, FILTER },
	{ "nor a raw one of IPv6", try_a_raw_socket_6, EAFNOSUPPORT, FILTER },
	{ "nor one of SCTP", try_a_sequence_socket, EAFNOSUPPORT, FILTER },
	{ "nor one of MPTCP, whose ports Landlock does not see", try_mptcp, EAFNOSUPPORT, FILTER },
	{ "nor one of ICMP", try_ping, EAFNOSUPPORT, FILTER },
	{ "nor one of netlink for IPsec", try_netlink_of_ipsec, EAFNOSUPPORT, FILTER },
	{ "nor one of netlink for the audit", try_netlink_of_audit, EAFNOSUPPORT, FILTER },
	{ "nor any but those of TCP, UDP and netlink for routes", try_every_other_socket, EAFNOSUPPORT, FILTER },
	{ "nobody is accepted who connects", try_to_accept, EPERM, FILTER },
	{ "a thread of its own gets a signal", signal_a_thread_of_mine, 0, NOTHING },
	{ "its own limits are set", limit_myself, 0, NOTHING },
	{ "a descriptor is asked what there is to read", ask_what_a_socket_has, 0, NOTHING },
	{ "a thread runs", run_a_thread, 0, NOTHING },
};

static const struct attempt of_network[] = {
	{ "an allowed port is connected to", try_to_connect, 0, NOTHING },
	{ "no other one is", try_to_connect_elsewhere, EACCES, PORTS },
	{ "nor by sending at once, which Landlock does not see", try_to_connect_by_sending, EPERM, FILTER },
	{ "nobody is listened to", try_to_listen, EPERM, FILTER },
	{ "no port is taken", try_to_bind, EACCES, PORTS },
	{ "datagrams are sent, for names", try_udp, 0, NOTHING },
	{ "the C library asks for addresses", try_netlink_of_routes, 0, NOTHING },
	{ "a pair of sockets wakes libcurl", try_a_pair, 0, NOTHING },
	{ "a host's name is found, if it was found before", find_a_name, 0, NOTHING },
	{ "the system's code is read", read_the_system, 0, NOTHING },
	{ "a path that is allowed is read", read_what_is_allowed, 0, NOTHING },
	{ "a directory's links are followed, wherever they lead", read_where_a_link_leads, 0, NOTHING },
};

static const struct attempt of_nothing[] = {
	{ "no socket is made", try_udp, EAFNOSUPPORT, FILTER },
	{ "nor one of netlink", try_netlink_of_routes, EAFNOSUPPORT, FILTER },
	{ "nor a pair of them", try_a_pair, EAFNOSUPPORT, FILTER },
	{ "nothing of the system is read", read_the_system, EACCES, FILES },
};

#define TOLD_SIZE 2000
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- Trying them ---- */

struct results {
	int entered;
	int both[COUNT(of_both)];
	int own[COUNT(of_network) + COUNT(of_nothing)];
};

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0; /* 1: asks for the version */
}

static bool is_confined(const struct attempt *attempt, const char *told, bool has_network)
{
	bool is_filtered = !strstr(told, "system calls"), is_sanitized = false;

#ifdef IS_SANITIZED
	is_sanitized = true;
#endif
	switch (attempt->needs) {
	case NOTHING:
		return true;
	case FILTER:
		return is_filtered;
	case FILTER_UNLESS_SANITIZED:
		return is_filtered && !is_sanitized;
	case FILES:
		return has_landlock() || (is_filtered && !has_network && !is_sanitized);
	case PORTS:
		return !strstr(told, "ports");
	}
	return false;
}

/* Nothing is tried that nothing would keep from being done. */
static void try_all(const struct attempt *attempts, size_t count, const char *told, bool has_network, int *results)
{
	for (size_t i = 0; i < count; i++)
		if (is_confined(&attempts[i], told, has_network))
			results[i] = attempts[i].run();
}

static void judge(const struct attempt *attempts, size_t count, const int *results, const char *told, bool has_network)
{
	for (size_t i = 0; i < count; i++)
		if (is_confined(&attempts[i], told, has_network))
			is_int(results[i], attempts[i].wanted, attempts[i].claim);
		else
			skip(attempts[i].claim, *told ? told : "this is a build with sanitizers");
}

/* What was told of this sandbox, in one line. */
static void read_told(int fd, char told[static TOLD_SIZE])
{
	ssize_t size = pread(fd, told, TOLD_SIZE - 1, 0);

	told[size > 0 ? size : 0] = '\0';
	for (char *c = told; *c; c++)
		if (*c == '\n')
			*c = ' ';
}

/* In a process of its own, which may do nothing more afterwards. */
static int try_inside(const struct sandbox *sandbox, const struct attempt *own, size_t count, int told_fd,
		      struct results *results)
{
	struct atomicdir_error error;
	char told[TOLD_SIZE];
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		results->entered = sandbox_enter(sandbox, told_fd, &error);
		read_told(told_fd, told);
		try_all(of_both, COUNT(of_both), told, sandbox->has_network, results->both);
		try_all(own, count, told, sandbox->has_network, results->own);
		_exit(42);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0 ? -1 : status;
}

static void run(const struct sandbox *sandbox, const struct attempt *own, size_t count)
{
	struct results *results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int told_fd = memfd_create("told", MFD_CLOEXEC), status;
	char told[TOLD_SIZE];

	if (results == MAP_FAILED || told_fd < 0)
		exit(1);
	status = try_inside(sandbox, own, count, told_fd, results);
	is_int(results->entered, 0,
	       sandbox->has_network ? "a sandbox with the network is entered" : "one with nothing is entered");
	is_int(status, 42 << 8, "and nothing that is tried there kills");
	read_told(told_fd, told);
	judge(of_both, COUNT(of_both), results->both, told, sandbox->has_network);
	judge(own, count, results->own, told, sandbox->has_network);
	munmap(results, sizeof(*results));
	close(told_fd);
}

/* ---- What they are tried on ---- */

static int listen_anywhere(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(*address);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (void *)address, sizeof(*address)) < 0 || listen(fd, 8) < 0 || getsockname(fd, (void *)address, &size) < 0)
		exit(1);
	return fd;
}

static void touch(const char *name)
{
	close(open(name, O_CREAT | O_WRONLY, 0600));
}

static void prepare(void)
{
	int pair[2];

	signal(SIGCONT, SIG_IGN);
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("authorities", 0700) < 0 ||
	    symlink("../elsewhere", "authorities/link") < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		exit(1);
	touch("file");
	touch("allowed");
	touch("elsewhere");
	unix_fd = pair[0];
	name_result = getaddrinfo("localhost", "443", NULL, &(struct addrinfo *){ NULL });
	file_fd = open("file", O_RDWR);
	listener_fd = listen_anywhere(&listener);
	other_listener_fd = listen_anywhere(&other_listener);
}

static void clean_up(void)
{
	unlink("authorities/link");
	rmdir("authorities");
	unlink("file");
	unlink("new");
	unlink("allowed");
	unlink("elsewhere");
	rmdir(directory);
}

int main(void)
{
	static const char *const paths[] = { "allowed", NULL, "authorities", "missing" };
	const struct sandbox nothing = { 0 };
	struct sandbox network = { .has_network = true, .port_count = 1, .paths = paths, .path_count = 4 };

	prepare();
	network.ports = &(int){ ntohs(listener.sin_port) };
	run(&network, of_network, COUNT(of_network));
	run(&nothing, of_nothing, COUNT(of_nothing));
	ok(access("file", F_OK) == 0 && access("new", F_OK) < 0, "after all of that the files are what they were");
	clean_up();
	return done();
}
