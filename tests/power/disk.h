/* SPDX-License-Identifier: ISC
 *
 * A disk in memory that remembers, in their order, every block that was written to it and every flush.
 *
 * A process of its own serves one file, the image, through FUSE; a loop device stands on that file and a file system on the
 * loop device. The loop driver turns a flush into an fsync, a discard into a hole, and all else into writes, so that what the
 * FUSE side sees is what a real disk would. Beside the image stand marks, the files "0" to "9": what is written to one goes into
 * the same log. A program whose standard output is a mark thereby says *when*, among the blocks, it reported success.
 *
 * The image may be changed from here while nothing is mounted.
 */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind { RECORD_WRITE = 1, RECORD_ZERO, RECORD_FLUSH, RECORD_MARK };

/* Follows its predecessor in memory, 8-byte aligned; a write's bytes follow it. */
struct record {
	uint32_t kind;
	uint32_t mark;	       /* RECORD_MARK: which */
	uint64_t offset, size; /* in bytes */
};

struct log {
	uint8_t *bytes;
	size_t used, room;
};

struct disk {
	uint8_t *image;
	size_t size;
	struct log *log;    /* shared with the server */
	char directory[64]; /* where the server's files are: image, 0 to 9 */
	int loop_fd;
	char loop[32]; /* the loop device's path */
	int server;
};

/* 0; -1: this machine cannot, and the reason is printed. Call after unshare(CLONE_NEWNS): the mounts end with the process. */
int disk_start(struct disk *disk, size_t size, const char *directory);
void disk_stop(struct disk *disk);

/* Whoever changed the image must call this before the next mount: the kernel may know blocks that are no more. */
void disk_forget_cache(struct disk *disk);

/* The one after `record`, or after NULL the first; NULL: there are no more. */
const struct record *log_next(const struct log *log, const struct record *record);
/* Likewise, of those that change the image. */
const struct record *log_next_change(const struct log *log, const struct record *record);
const uint8_t *record_bytes(const struct record *record);

#endif
