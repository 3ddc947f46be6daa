/* SPDX-License-Identifier: ISC */
#define FUSE_USE_VERSION 35
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_ROOM ((size_t)1 << 32) /* of address space; only what is used takes memory */
#define IMAGE_INODE 2
#define MARK_INODE 10

/* ---- The log ---- */

static size_t padded(uint64_t size)
{
	return (size_t)((size + 7) & ~(uint64_t)7);
}

static size_t bytes_of(const struct record *record)
{
	return record->kind == RECORD_WRITE ? padded(record->size) : 0;
}

const uint8_t *record_bytes(const struct record *record)
{
	return (const uint8_t *)(record + 1);
}

const struct record *log_next(const struct log *log, const struct record *record)
{
	const uint8_t *next = record ? record_bytes(record) + bytes_of(record) : log->bytes;

	return next < log->bytes + log->used ? (const struct record *)(const void *)next : NULL;
}

const struct record *log_next_change(const struct log *log, const struct record *record)
{
	do
		record = log_next(log, record);
	while (record && record->kind != RECORD_WRITE && record->kind != RECORD_ZERO);
	return record;
}

static void log_add(struct log *log, struct record record, const void *bytes)
{
	size_t size = sizeof(record) + bytes_of(&record);

	if (log->used + size > log->room)
		_exit(1);
	memcpy(log->bytes + log->used, &record, sizeof(record));
	if (record.kind == RECORD_WRITE)
		memcpy(log->bytes + log->used + sizeof(record), bytes, record.size);
	log->used += size;
}

/* ---- The server ---- */

static struct disk *served;

static bool is_mark(fuse_ino_t inode)
{
	return inode >= MARK_INODE && inode < MARK_INODE + 10;
}

static bool describe(fuse_ino_t inode, struct stat *status)
{
	memset(status, 0, sizeof(*status));
	status->st_ino = inode;
	status->st_nlink = 1;
	if (inode == FUSE_ROOT_ID)
		status->st_mode = S_IFDIR | 0755;
	else if (inode == IMAGE_INODE || is_mark(inode))
		status->st_mode = S_IFREG | 0600;
	else
		return false;
	status->st_size = inode == IMAGE_INODE ? (off_t)served->size : 0;
	return true;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .attr_timeout = 3600, .entry_timeout = 3600 };

	if (parent == FUSE_ROOT_ID && strcmp(name, "image") == 0)
		entry.ino = IMAGE_INODE;
	else if (parent == FUSE_ROOT_ID && name[0] >= '0' && name[0] <= '9' && !name[1])
		entry.ino = MARK_INODE + (fuse_ino_t)(name[0] - '0');
	if (entry.ino && describe(entry.ino, &entry.attr))
		fuse_reply_entry(request, &entry);
	else
		fuse_reply_err(request, ENOENT);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	struct stat status;

	(void)file;
	if (describe(inode, &status))
		fuse_reply_attr(request, &status, 3600);
	else
		fuse_reply_err(request, ENOENT);
}

/* Past the page cache, or the order of the writes would be the cache's. */
static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	(void)inode;
	file->direct_io = 1;
	fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *file)
{
	size_t at = (size_t)offset;

	(void)file;
	if (inode != IMAGE_INODE || at >= served->size)
		fuse_reply_buf(request, NULL, 0);
	else
		fuse_reply_buf(request, (const char *)served->image + at, size < served->size - at ? size : served->size - at);
}

static void on_write(fuse_req_t request, fuse_ino_t inode, const char *bytes, size_t size, off_t offset,
		     struct fuse_file_info *file)
{
	size_t at = (size_t)offset;

	(void)file;
	if (is_mark(inode)) {
		log_add(served->log, (struct record){ .kind = RECORD_MARK, .mark = (uint32_t)(inode - MARK_INODE) }, NULL);
	} else if (at > served->size || size > served->size - at) {
		fuse_reply_err(request, ENOSPC);
		return;
	} else {
		log_add(served->log, (struct record){ .kind = RECORD_WRITE, .offset = at, .size = size }, bytes);
		memcpy(served->image + at, bytes, size);
	}
	fuse_reply_write(request, size);
}

static void on_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t size, struct fuse_file_info *file)
{
	size_t at = (size_t)offset, many = (size_t)size;

	(void)file;
	if (inode != IMAGE_INODE || !(mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) || at > served->size ||
	    many > served->size - at) {
		fuse_reply_err(request, EOPNOTSUPP);
		return;
	}
	log_add(served->log, (struct record){ .kind = RECORD_ZERO, .offset = at, .size = many }, NULL);
	memset(served->image + at, 0, many);
	fuse_reply_err(request, 0);
}

static void on_fsync(fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *file)
{
	(void)data_only;
	(void)file;
	if (inode == IMAGE_INODE)
		log_add(served->log, (struct record){ .kind = RECORD_FLUSH }, NULL);
	fuse_reply_err(request, 0);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = on_lookup,
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.fallocate = on_fallocate,
	.fsync = on_fsync,
};

/* Single-threaded, so that the log's order is the order in which the disk was asked. */
static int serve(struct disk *disk, int ready_fd)
{
	char name[] = "power", option[] = "-o", value[] = "allow_other";
	char *arguments[] = { name, option, value, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
	struct fuse_session *session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
	int result;

	served = disk;
	if (!session || fuse_session_mount(session, disk->directory) < 0)
		return 1;
	if (write(ready_fd, "", 1) != 1)
		return 1;
	close(ready_fd);
	result = fuse_session_loop(session);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	return result ? 1 : 0;
}

/* The server has mounts of its own, of which the caller sees that of the disk alone. Otherwise a server that is killed together with
 * its caller would have to unmount what lies on its disk before the kernel lets go of /dev/fuse, and would wait for itself for ever:
 * that stops each `mount -o loop` of the machine. */
static int share_directory(const char *directory)
{
	return mount(directory, directory, NULL, MS_BIND, NULL) < 0 || mount(NULL, directory, NULL, MS_SHARED, NULL) < 0 ? -1
															 : 0;
}

static int start_server(struct disk *disk)
{
	int ready[2];
	char byte;

	if (share_directory(disk->directory) < 0 || pipe(ready) < 0)
		return -1;
	disk->server = fork();
	if (disk->server == 0) {
		close(ready[0]);
		/* Who kills the caller's group does not meet the server, which the kernel still asks while it unmounts. */
		setsid();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(unshare(CLONE_NEWNS) < 0 ? 1 : serve(disk, ready[1]));
	}
	close(ready[1]);
	if (disk->server > 0 && read(ready[0], &byte, 1) != 1) {
		waitpid(disk->server, NULL, 0);
		disk->server = -1;
		errno = ENODEV;
	}
	close(ready[0]);
	return disk->server > 0 ? 0 : -1;
}

/* ---- The loop device ---- */

static int attach(struct disk *disk)
{
	char image[80];
	int control_fd, image_fd, result = -1;

	snprintf(image, sizeof(image), "%s/image", disk->directory);
	image_fd = open(image, O_RDWR | O_CLOEXEC);
	control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	/* Another process may take the free one first. */
	for (int attempt = 0; image_fd >= 0 && control_fd >= 0 && result < 0 && attempt < 100; attempt++) {
		struct loop_config config = { .fd = (uint32_t)image_fd,
					      .block_size = 512,
					      .info.lo_flags = LO_FLAGS_AUTOCLEAR };

		snprintf(disk->loop, sizeof(disk->loop), "/dev/loop%d", ioctl(control_fd, LOOP_CTL_GET_FREE));
		disk->loop_fd = open(disk->loop, O_RDWR | O_CLOEXEC);
		if (disk->loop_fd < 0)
			break;
		result = ioctl(disk->loop_fd, LOOP_CONFIGURE, &config);
		if (result < 0) {
			close(disk->loop_fd);
			if (errno != EBUSY)
				break;
			usleep(1000);
		}
	}
	if (control_fd >= 0)
		close(control_fd);
	if (image_fd >= 0)
		close(image_fd);
	return result;
}

void disk_forget_cache(struct disk *disk)
{
	if (ioctl(disk->loop_fd, BLKFLSBUF) < 0)
		perror("power: BLKFLSBUF");
}

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int disk_start(struct disk *disk, size_t size, const char *directory)
{
	*disk = (struct disk){ .size = size, .loop_fd = -1, .server = -1 };
	snprintf(disk->directory, sizeof(disk->directory), "%s", directory);
	disk->image = share(size);
	disk->log = share(sizeof(*disk->log));
	if (!disk->image || !disk->log || !(disk->log->bytes = share(LOG_ROOM))) {
		perror("power: no memory for a disk");
		return -1;
	}
	disk->log->room = LOG_ROOM;
	if (start_server(disk) < 0) {
		perror("power: FUSE cannot be had");
		return -1;
	}
	if (attach(disk) < 0) {
		perror("power: no loop device can be had");
		return -1;
	}
	return 0;
}

void disk_stop(struct disk *disk)
{
	if (disk->loop_fd >= 0) {
		ioctl(disk->loop_fd, LOOP_CLR_FD);
		close(disk->loop_fd);
	}
	if (disk->server > 0) {
		kill(disk->server, SIGTERM);
		waitpid(disk->server, NULL, 0);
	}
}
