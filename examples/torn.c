/* SPDX-License-Identifier: ISC
 *
 * A certificate and its key, replaced 2 seconds long as fast as it goes while a reader reads one and then the other: each file
 * renamed by itself, and both at once with libatomicdir. Counts what a reader sees.
 */
#include <atomicdir.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile bool is_over;
struct reads {
	bool pins;
	long all, torn, missing;
};

static int read_one(int directory_fd, const char *name, char text[32])
{
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, 31);

	if (fd >= 0)
		close(fd);
	text[size < 0 ? 0 : size] = '\0';
	return size < 0 ? -1 : 0;
}

static void *read_pairs(void *argument)
{
	struct reads *reads = argument;

	while (!is_over) {
		int fd = reads->pins ? atomicdir_pin("tls", NULL, NULL) : open("plain", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char cert[32], key[32];

		reads->all++;
		if (fd < 0 || read_one(fd, "cert", cert) < 0 || read_one(fd, "key", key) < 0)
			reads->missing++;
		else if (strcmp(cert, key) != 0)
			reads->torn++;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static int rename_one(const char *name, const char *text)
{
	int fd = open("plain/.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char path[64];

	snprintf(path, sizeof(path), "plain/%s", name);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0)
		return -1;
	return rename("plain/.new", path);
}

static int populate(struct atomicdir_stage *stage, void *text, struct atomicdir_error *error)
{
	return atomicdir_write(stage, "cert", text, strlen(text), 0644, error) ||
	       atomicdir_write(stage, "key", text, strlen(text), 0600, error);
}

static int write_pair(bool is_whole, long number)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	char text[32];

	options.sync = ATOMICDIR_SYNC_NONE;
	snprintf(text, sizeof(text), "%ld", number);
	if (is_whole)
		return atomicdir_fill("tls", populate, text, &options, NULL) < 0 ? -1 : 0;
	return rename_one("cert", text) || rename_one("key", text) ? -1 : 0;
}

static int run(bool is_whole, const char *name)
{
	struct reads reads = { .pins = is_whole };
	time_t end = time(NULL) + 2;
	pthread_t reader;
	long writes = 0;

	is_over = false;
	if (write_pair(is_whole, 0) < 0 || pthread_create(&reader, NULL, read_pairs, &reads) != 0)
		return -1;
	while (time(NULL) < end && write_pair(is_whole, ++writes) == 0)
		;
	is_over = true;
	pthread_join(reader, NULL);
	printf("%-28s %10ld %10ld %10ld %10ld\n", name, writes, reads.all, reads.torn, reads.missing);
	return 0;
}

int main(void)
{
	char directory[] = "/tmp/atomicdir-demo-XXXXXX", command[64];

	if (!mkdtemp(directory) || chdir(directory) < 0 || system("mkdir plain") != 0)
		return 1;
	puts("A certificate and its key, replaced as fast as it goes under a reader, two seconds each:\n");
	printf("%-28s %10s %10s %10s %10s\n", "", "replaced", "read", "torn", "missing");
	if (run(false, "each file by itself") < 0 || run(true, "whole, with atomicdir") < 0)
		return 1;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) != 0;
}
