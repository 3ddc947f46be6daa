/* SPDX-License-Identifier: ISC */
#include "dir/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/options.h"
#include "dir/recover.h"

int64_t writer_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* proc(5): another boot has another one. Where it cannot be read all ages count from one boot. */
static void read_boot(char *boot, size_t size)
{
	cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read_all(fd, boot, size - 1);

	boot[got > 0 ? got : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

int writer_open_generation(const struct writer *writer, int64_t number)
{
	char name[NAME_NUMBER_SIZE];

	name_number(name, number, "");
	return open_lending_at(writer->store.fd, name, O_RDONLY | O_DIRECTORY);
}

static int look_at_link(struct writer *writer, enum writer_take take, struct atomicdir_error *error)
{
	if (link_read(writer->store.parent_fd, &writer->store.name, &writer->link) < 0)
		return error_errno(error, writer->store.name.base, "cannot look at LINK");
	return take == WRITER_OURS ? link_require_ours(&writer->link, &writer->store.name, error) : 0;
}

/* What LINK names, if it is there. */
static void look_at_live(struct writer *writer)
{
	cleanup_fd int fd = -1;

	writer->live = 0;
	writer->info = INFO_INIT;
	if (writer->link.kind != LINK_OURS)
		return;
	fd = writer_open_generation(writer, writer->link.number);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return;
	writer->live = writer->link.number;
	if (info_read(writer->store.fd, writer->live, true, &writer->info) < 0) {
		writer->info_errnum = errno == ENOENT ? 0 : errno;
		writer->info = INFO_INIT;
	}
}

static int check_generation(const struct writer *writer, struct atomicdir_error *error)
{
	int64_t wanted = writer->options.if_generation;

	if (wanted < 0 || wanted == writer->live)
		return 0;
	if (!writer->live)
		return error_set(error, ATOMICDIR_NO_GENERATION, writer->store.name.base,
				 "generation %" PRId64 " should be live, and none is", wanted);
	return error_set(error, ATOMICDIR_NO_GENERATION, writer->store.name.base,
			 wanted ? "generation %" PRId64 " should be live, and %" PRId64 " is"
				: "no generation (%" PRId64 ") should be live, and %" PRId64 " is",
			 wanted, writer->live);
}

static int64_t retention(int64_t asked, int64_t remembered, int64_t otherwise)
{
	return asked >= 0 ? asked : remembered >= 0 ? remembered : otherwise;
}

static int begin(struct writer *writer, const char *link, enum writer_take take, struct atomicdir_error *error)
{
	cleanup_found struct found_list found = { 0 };

	/* LINK is looked at before anything is made, so that a refusal leaves nothing; and again when it cannot change any more. */
	if (store_open_parent(&writer->store, link, 0, error) < 0 || look_at_link(writer, take, error) < 0 ||
	    store_open_locked(&writer->store, writer->options.wait_ms, error) < 0 || look_at_link(writer, take, error) < 0)
		return -1;
	look_at_live(writer);
	if (check_generation(writer, error) < 0 || store_find(&writer->store, &found, error) < 0)
		return -1;
	writer->highest =
		found.count && found.list[0].number > writer->link.number ? found.list[0].number : writer->link.number;
	writer->way = sync_way(writer->store.fd, writer->options.sync);
	writer->keep = retention(writer->options.keep, writer->info.keep, OPTIONS_KEEP_DEFAULT);
	writer->grace_ms = retention(writer->options.grace_ms, writer->info.grace_ms, OPTIONS_GRACE_MS_DEFAULT);
	read_boot(writer->boot, sizeof(writer->boot));
	if (!writer->options.dry_run)
		recover(writer, &found);
	return 0;
}

int writer_begin(struct writer *writer, const char *link, const struct atomicdir_options *options, enum writer_take take,
		 struct atomicdir_error *error)
{
	*writer = (struct writer){ .store = STORE_INIT, .info = INFO_INIT };
	if (options_read(&writer->options, options, error) == 0 && begin(writer, link, take, error) == 0)
		return 0;
	store_unmake(&writer->store);
	writer_end(writer);
	return -1;
}

void writer_end(struct writer *writer)
{
	info_clear(&writer->info);
	store_close(&writer->store);
}

void writer_report(const struct writer *writer, int result, struct atomicdir_error *error)
{
	if (!error)
		return;
	if (result >= 0) {
		*error = writer->warning;
		return;
	}
	if (error->kind != ATOMICDIR_NOT_DURABLE && error->kind != ATOMICDIR_HOOK)
		error_append(error, "LINK is as it was");
}
