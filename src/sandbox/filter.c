/* SPDX-License-Identifier: ISC */
#include "sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/harden.h"

#define LOW_WORD 0xffffffffU /* the kernel reads no more of an int */
#define TYPE_BITS 0xfU

/* What nobody here needs, in whatever way it is called. Those that an architecture does not have do not matter. */
static const char *const refused[] = {
	/* Files. */
	"mkdir",
	"mkdirat",
	"rmdir",
	"rename",
	"renameat",
	"renameat2",
	"unlink",
	"unlinkat",
	"link",
	"linkat",
	"symlink",
	"symlinkat",
	"mknod",
	"mknodat",
	"chmod",
	"fchmod",
	"fchmodat",
	"chown",
	"fchown",
	"lchown",
	"fchownat",
	"chown32",
	"fchown32",
	"lchown32",
	"truncate",
	"ftruncate",
	"truncate64",
	"ftruncate64",
	"fallocate",
	"utime",
	"utimes",
	"utimensat",
	"utimensat_time64",
	"futimesat",
	"setxattr",
	"lsetxattr",
	"fsetxattr",
	"removexattr",
	"lremovexattr",
	"fremovexattr",
	"name_to_handle_at",
	"open_by_handle_at",
	"inotify_init",
	"inotify_init1",
	"inotify_add_watch",
	"fanotify_init",
	"fanotify_mark",
	"quotactl",
	"quotactl_fd",
	"acct",
	"swapon",
	"swapoff",
	/* Where files are seen. */
	"mount",
	"umount",
	"umount2",
	"pivot_root",
	"chroot",
	"mount_setattr",
	"move_mount",
	"open_tree",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"setns",
	"unshare",
	/* Other programs and processes. */
	"execve",
	"execveat",
	"uselib",
	"fork",
	"vfork",
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"process_mrelease",
	"kcmp",
	"pidfd_open",
	"pidfd_getfd",
	"pidfd_send_signal",
	"kill",
	"tkill",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"setpriority",
	"ioprio_set",
	"sched_setparam",
	"sched_setscheduler",
	"sched_setattr",
	"sched_setaffinity",
	"migrate_pages",
	"move_pages",
	"setpgid",
	"setsid",
	"shmget",
	"shmat",
	"shmctl",
	"semget",
	"semop",
	"semtimedop",
	"semtimedop_time64",
	"semctl",
	"msgget",
	"msgsnd",
	"msgrcv",
	"msgctl",
	"ipc",
	"mq_open",
	"mq_unlink",
	/* Who may ask. */
	"listen",
	"accept",
	"accept4",
	/* The kernel. */
	"bpf",
	"add_key",
	"request_key",
	"keyctl",
	"userfaultfd",
	"perf_event_open",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"settimeofday",
	"stime",
	"adjtimex",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_settime",
	"clock_settime64",
	"sethostname",
	"setdomainname",
	"iopl",
	"ioperm",
	"modify_ldt",
	"syslog",
	"vhangup",
	"lookup_dcookie",
	"personality",
#ifndef IS_SANITIZED /* the leak checker stops its own threads as a debugger does */
	"ptrace",
#endif
};

/* What has a predecessor that can be filtered, whose arguments are no pointers: libraries go back to that. */
static const char *const outdated[] = { "clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register" };

/* A filter in the making; the first rule that cannot be added is its result. */
struct filter {
	scmp_filter_ctx context;
	int result;
};

static void filter_add(struct filter *filter, int errnum, const char *call, unsigned count,
		       const struct scmp_arg_cmp *arguments)
{
	int number = seccomp_syscall_resolve_name(call), result;

	if (number == __NR_SCMP_ERROR || filter->result < 0)
		return;
	result = seccomp_rule_add_array(filter->context, SCMP_ACT_ERRNO((uint32_t)errnum), number, count, arguments);
	/* EDOM: this architecture has no such call; EEXIST, EACCES: it is refused already. */
	if (result < 0 && result != -EDOM && result != -EEXIST && result != -EACCES)
		filter->result = result;
}

/* Refuses the call where the argument has these bits under the mask. */
static void filter_refuse(struct filter *filter, int errnum, const char *call, unsigned argument, scmp_datum_t mask,
			  scmp_datum_t bits)
{
	const struct scmp_arg_cmp where = { .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = bits };

	filter_add(filter, errnum, call, 1, &where);
}

static void filter_refuse_any(struct filter *filter, int errnum, const char *const *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		filter_add(filter, errnum, calls[i], 0, NULL);
}

/* ---- Files ---- */

static void filter_refuse_writing(struct filter *filter, const char *call, unsigned flags)
{
	static const scmp_datum_t bits[] = { O_CREAT, O_TRUNC };

	for (scmp_datum_t mode = 1; mode <= O_ACCMODE; mode++) /* all but O_RDONLY, which is 0 */
		filter_refuse(filter, EACCES, call, flags, O_ACCMODE, mode);
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		filter_refuse(filter, EACCES, call, flags, bits[i], bits[i]);
}

static void filter_files(struct filter *filter, bool may_read)
{
	static const unsigned commands[] = { F_SETOWN, F_SETOWN_EX, F_SETLEASE, F_NOTIFY };
	/* They type at a terminal, send signals, or change a file that is open for reading. */
	static const unsigned requests[] = { TIOCSTI,  TIOCLINUX,	FIOSETOWN,	   SIOCSPGRP,
					     FIOASYNC, FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR };
	static const char *const opening[] = { "open", "openat" };

	filter_add(filter, EACCES, "creat", 0, NULL);
	filter_refuse_writing(filter, "open", 1);
	filter_refuse_writing(filter, "openat", 2);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		filter_refuse(filter, EPERM, "fcntl", 1, LOW_WORD, commands[i]);
		filter_refuse(filter, EPERM, "fcntl64", 1, LOW_WORD, commands[i]);
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		filter_refuse(filter, EPERM, "ioctl", 1, LOW_WORD, requests[i]);
#ifdef IS_SANITIZED /* sanitizers look at their own process */
	may_read = true;
#endif
	if (!may_read)
		filter_refuse_any(filter, EACCES, opening, 2);
}

/* ---- Processes ---- */

/* Threads of our own, and signals to them. */
static void filter_processes(struct filter *filter)
{
	const struct scmp_arg_cmp to_others = { .arg = 0, .op = SCMP_CMP_NE, .datum_a = (scmp_datum_t)getpid() };
	const struct scmp_arg_cmp of_others = { .arg = 0, .op = SCMP_CMP_NE, .datum_a = 0 };

	filter_add(filter, EPERM, "tgkill", 1, &to_others);
	filter_add(filter, EPERM, "prlimit64", 1, &of_others);
#ifdef __s390__
	filter_refuse(filter, EPERM, "clone", 1, CLONE_THREAD, 0);
#elif !defined(IS_SANITIZED)
	filter_refuse(filter, EPERM, "clone", 0, CLONE_THREAD, 0);
#endif
}

/* ---- The network ---- */

static bool is_any_of(unsigned number, const unsigned *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Refuses a socket whose argument is, under the mask, a number below `end` that is none of these. */
static void filter_refuse_others(struct filter *filter, unsigned argument, scmp_datum_t mask, unsigned end,
				 const unsigned *allowed, size_t count)
{
	for (unsigned i = 0; i < end; i++)
		if (!is_any_of(i, allowed, count))
			filter_refuse(filter, EAFNOSUPPORT, "socket", argument, mask, i);
}

static void filter_refuse_higher(struct filter *filter, unsigned argument, unsigned highest)
{
	const struct scmp_arg_cmp higher = { .arg = argument, .op = SCMP_CMP_GT, .datum_a = highest };

	filter_add(filter, EAFNOSUPPORT, "socket", 1, &higher);
}

/* Sockets of one family, whose other argument has these bits under the mask. */
static void filter_refuse_socket(struct filter *filter, int family, unsigned argument, scmp_datum_t mask, scmp_datum_t bits)
{
	const struct scmp_arg_cmp both[] = {
		{ .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = LOW_WORD, .datum_b = (scmp_datum_t)family },
		{ .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = bits }
	};

	filter_add(filter, EAFNOSUPPORT, "socket", 2, both);
}

/* TCP and UDP, and what tells the C library which addresses this machine has. Not AF_UNIX: at such a socket somebody may listen who
 * starts programs, as systemd or a container's engine does, and names are resolved without. Nor other protocols, whose ports
 * Landlock does not see. */
static void filter_sockets(struct filter *filter)
{
	static const unsigned families[] = { AF_INET, AF_INET6, AF_NETLINK };
	static const unsigned protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };
	static const unsigned types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW };
	static const char *const sending[] = { "sendto", "sendmsg", "sendmmsg" };
	static const unsigned flags[] = {
		3, 2, 3
	}; /* which argument they are; MSG_FASTOPEN connects, and Landlock does not see it */

	filter_refuse_others(filter, 0, LOW_WORD, AF_NETLINK, families, 3);
	filter_refuse_higher(filter, 0, AF_NETLINK);
	filter_refuse_others(filter, 2, LOW_WORD, IPPROTO_UDP, protocols, 3);
	filter_refuse_higher(filter, 2, IPPROTO_UDP);
	/* The bits above the type's are SOCK_CLOEXEC and SOCK_NONBLOCK. */
	filter_refuse_others(filter, 1, TYPE_BITS, TYPE_BITS + 1, types, 3);
	filter_refuse_socket(filter, AF_INET, 1, TYPE_BITS, SOCK_RAW);
	filter_refuse_socket(filter, AF_INET6, 1, TYPE_BITS, SOCK_RAW);
	filter_refuse_socket(filter, AF_NETLINK, 2, LOW_WORD, IPPROTO_TCP);
	filter_refuse_socket(filter, AF_NETLINK, 2, LOW_WORD, IPPROTO_UDP);
	for (size_t i = 0; i < 3; i++)
		filter_refuse(filter, EPERM, sending[i], flags[i], MSG_FASTOPEN, MSG_FASTOPEN);
}

/* ---- All of it ---- */

/* Calls that are newer than Linux 6.1 do not exist, as there, and libraries know how to do without: nobody has to list them here. It
 * is a filter by itself, since libseccomp knows calls by their names. */
static int filter_load_age(void)
{
	const int first = seccomp_syscall_resolve_name("pidfd_send_signal") + 27; /* 424 + 27 where no architecture differs */
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)first + 1000, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(steps) / sizeof(*steps), .filter = steps };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static void filter_fill(struct filter *filter, bool has_network)
{
	static const char *const network[] = { "socket", "socketpair", "socketcall" };

	filter_refuse_any(filter, EPERM, refused, sizeof(refused) / sizeof(*refused));
	filter_refuse_any(filter, ENOSYS, outdated, sizeof(outdated) / sizeof(*outdated));
	filter_files(filter, has_network);
	filter_processes(filter);
	if (has_network)
		filter_sockets(filter);
	else
		filter_refuse_any(filter, EAFNOSUPPORT, network, sizeof(network) / sizeof(*network));
}

static void filter_release(struct filter *filter)
{
	seccomp_release(filter->context);
}

int filter_load(bool has_network, int *why, struct atomicdir_error *error)
{
	cleanup(filter_release) struct filter filter = { .context = seccomp_init(SCMP_ACT_ALLOW) };

	if (!filter.context)
		return error_set(error, ATOMICDIR_FAILED, NULL, "memory is out");
	/* The calls of another architecture, and of x32, do not exist. */
	seccomp_attr_set(filter.context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	filter_fill(&filter, has_network);
	/* What the kernel says is in errno; the library's result is that of few kernels. */
	if (filter.result == 0 && (seccomp_load(filter.context) < 0 || filter_load_age() < 0))
		filter.result = -errno;
	if (filter.result == -ENOMEM)
		return error_set(error, ATOMICDIR_FAILED, NULL, "memory is out");
	*why = -filter.result;
	return filter.result < 0;
}
