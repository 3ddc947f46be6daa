/* SPDX-License-Identifier: ISC */
#include "sandbox/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/harden.h"

/* ---- The kernel's interface ---- */

/* As landlock(7) and linux/landlock.h have it, in words of our own: the header of an older kernel lacks what a newer one takes. */
enum {
	ASK_VERSION = 1 << 0,
	RULE_PATH = 1,
	RULE_PORT = 2,
};

#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIRECTORY (UINT64_C(1) << 3)
#define CONNECT_TCP (UINT64_C(1) << 1)

struct ruleset {
	uint64_t files, ports, scopes; /* what is refused, unless a rule allows it */
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed, port;
};

/* All that this version can refuse. Of files: 13 rights at first, then linking elsewhere, truncating, and ioctls of devices. */
static struct ruleset ruleset_of(int abi)
{
	struct ruleset all = { .files = (UINT64_C(1) << 13) - 1 };

	if (abi >= 2)
		all.files |= UINT64_C(1) << 13;
	if (abi >= 3)
		all.files |= UINT64_C(1) << 14;
	if (abi >= 5)
		all.files |= UINT64_C(1) << 15;
	if (abi >= LANDLOCK_ABI_PORTS)
		all.ports = 3; /* to bind and to connect */
	if (abi >= 6)
		all.scopes = 3; /* abstract sockets and signals of others */
	return all;
}

/* The part of it that this version knows. */
static size_t ruleset_size(int abi)
{
	if (abi < LANDLOCK_ABI_PORTS)
		return offsetof(struct ruleset, ports);
	return abi < 6 ? offsetof(struct ruleset, scopes) : sizeof(struct ruleset);
}

/* ---- Rules ---- */

/* What cannot be allowed stays refused. */
static void allow_fd(int ruleset_fd, int fd)
{
	struct path_rule rule = { .allowed = READ_FILE, .fd = fd };
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	if (S_ISDIR(status.st_mode))
		rule.allowed |= READ_DIRECTORY;
	syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH, &rule, 0);
}

static void allow_path(int ruleset_fd, const char *path)
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);

	allow_fd(ruleset_fd, fd);
}

static void allow_port(int ruleset_fd, int port)
{
	struct port_rule rule = { .allowed = CONNECT_TCP, .port = (uint64_t)port };

	syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PORT, &rule, 0);
}

/* Does the link lead out of its directory, to where nothing is allowed yet? */
static bool is_outward(int directory_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(directory_fd, name, target, sizeof(target) - 1);

	target[size > 0 ? size : 0] = '\0';
	return size > 0 && strchr(target, '/') && strncmp(target, "/usr/", 5) != 0;
}

/* A hashed directory of certificates is one of links, which may lead anywhere. */
static void allow_links(int ruleset_fd, const char *path)
{
	DIR *directory = opendir(path);

	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		cleanup_fd int fd = -1;

		if ((entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) || !is_outward(dirfd(directory), entry->d_name))
			continue;
		fd = openat(dirfd(directory), entry->d_name, O_PATH | O_CLOEXEC);
		allow_fd(ruleset_fd, fd);
	}
	if (directory)
		closedir(directory);
}

/* Where the path is a link to a file that its owner replaces meanwhile, by a rename, it is the directory that counts. */
static void allow_home(int ruleset_fd, const char *path)
{
	struct stat status;
	cleanup_free char *target = lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? realpath(path, NULL) : NULL;
	char *slash = target ? strrchr(target, '/') : NULL;

	if (!slash || slash == target)
		return;
	*slash = '\0';
	if (strcmp(target, "/etc") != 0 && strcmp(target, "/run") != 0)
		allow_path(ruleset_fd, target);
}

/* What names, times and TLS need, in whichever distribution: code and data that everybody may read, and single files of /etc, which
 * has keys too. */
static const char *const system_paths[] = {
	"/usr",
	"/lib",
	"/lib32",
	"/lib64",
	"/nix/store",
	"/gnu/store",
	"/dev/null",
	"/dev/random",
	"/dev/urandom",
	"/proc/sys",
	"/sys/devices/system/cpu",
	"/etc/ca-certificates",
	"/etc/crypto-policies",
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/etc/nsswitch.conf",
	"/etc/pki/ca-trust",
	"/etc/pki/tls/cert.pem",
	"/etc/pki/tls/certs",
	"/etc/pki/tls/ct_log_list.cnf",
	"/etc/pki/tls/fips_local.cnf",
	"/etc/pki/tls/openssl.cnf",
	"/etc/pki/tls/openssl.d",
	"/etc/protocols",
	"/etc/resolv.conf",
	"/etc/services",
	"/etc/ssl/cert.pem",
	"/etc/ssl/certs",
	"/etc/ssl/fipsmodule.cnf",
	"/etc/ssl/openssl.cnf",
	"/etc/ssl/openssl.cnf.d",
	"/var/lib/ca-certificates",
};

static void allow_named(int ruleset_fd, const struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->path_count; i++) {
		const char *path = sandbox->paths[i];
		bool is_done = !path;

		/* The system's directory of certificates has hundreds of links, and may be named more than once. */
		for (size_t k = 0; k < i && !is_done; k++)
			is_done = sandbox->paths[k] && strcmp(sandbox->paths[k], path) == 0;
		if (is_done)
			continue;
		allow_path(ruleset_fd, path);
		allow_links(ruleset_fd, path);
	}
}

static void allow_network(int ruleset_fd, const struct sandbox *sandbox, int abi)
{
	for (size_t i = 0; i < sizeof(system_paths) / sizeof(*system_paths); i++)
		allow_path(ruleset_fd, system_paths[i]);
	allow_home(ruleset_fd, "/etc/resolv.conf");
	allow_named(ruleset_fd, sandbox);
	for (size_t i = 0; abi >= LANDLOCK_ABI_PORTS && i < sandbox->port_count; i++)
		allow_port(ruleset_fd, sandbox->ports[i]);
}

int landlock_restrict(const struct sandbox *sandbox)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	struct ruleset all = ruleset_of(abi);
	cleanup_fd int ruleset_fd = abi < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);

	if (ruleset_fd < 0)
		return -1;
	if (sandbox->has_network)
		allow_network(ruleset_fd, sandbox, abi);
#ifdef IS_SANITIZED /* sanitizers look at their own process */
	allow_path(ruleset_fd, "/proc/self");
#endif
	return syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0 ? -1 : abi;
}
