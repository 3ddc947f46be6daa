/* SPDX-License-Identifier: ISC */
#include "secretdir/certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "process/run.h"
#include "secretdir/program.h"

#define FILE_MAX (1 << 20)
#define TIME_LIMIT_MS 10000
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

void certificates_clear(struct certificates *certificates)
{
	free(certificates->items);
	*certificates = (struct certificates){ 0 };
}

/* Appends what is a certificate in these bytes, each with its lines. */
static int certificates_cut(const struct buffer *content, struct buffer *pem)
{
	const char *from = content->bytes, *end = from + content->size, *to;

	while (from < end && (from = memmem(from, (size_t)(end - from), BEGIN, strlen(BEGIN)))) {
		to = memmem(from, (size_t)(end - from), END, strlen(END));
		if (!to)
			break;
		to += strlen(END);
		if (buffer_add(pem, from, (size_t)(to - from)) < 0 || buffer_add(pem, "\n", 1) < 0)
			return -1;
		from = to;
	}
	return 0;
}

/* What is no regular file, is too long or cannot be read has no certificate. */
static int certificates_take_file(struct certificates *certificates, int live_fd, const char *path, struct buffer *request)
{
	cleanup_buffer struct buffer content = { 0 }, pem = { 0 };
	struct certificate *one;

	if (read_file_at(live_fd, path, FILE_MAX, &content) < 0)
		return 0;
	if (certificates_cut(&content, &pem) < 0)
		return -1;
	if (!pem.size)
		return 0;
	one = array_add(&certificates->items, &certificates->count, sizeof(*one));
	if (!one)
		return -1;
	*one = (struct certificate){ path, -1 };
	return field_add(request, WORD_CONTENT, pem.bytes, pem.size);
}

static int certificates_ask(const struct buffer *request, int reply_fd, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	cleanup_fd int request_fd = memfd_create("request", MFD_CLOEXEC);
	char path[PATH_MAX];
	char *const argv[] = { path, NULL };
	const struct launch launch = { .argv = argv,
				       .environment = &environment,
				       .input_fd = request_fd,
				       .output_fd = reply_fd,
				       .death_signal = SIGKILL,
				       .timeout_ms = TIME_LIMIT_MS };
	int found = program_find("certificate", "dates", path, error);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(error, ATOMICDIR_FAILED, NULL, "certificate-dates is missing; install it as '%s'", path);
	if (request_fd < 0 || reply_fd < 0 || write_all(request_fd, request->bytes, request->size) < 0 ||
	    lseek(request_fd, 0, SEEK_SET) < 0)
		return error_errno(error, NULL, "cannot ask certificate-dates");
	program_inherit(&environment);
	if (run_to_end(&launch, NULL, RUN_ENDS, error) < 0)
		return -1;
	return lseek(reply_fd, 0, SEEK_SET) < 0 ? error_errno(error, NULL, "cannot read certificate-dates") : 0;
}

static int certificates_take_answer(struct certificates *certificates, int reply_fd, struct atomicdir_error *error)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = reply_fd };
	cleanup(field_clear) struct field field = { 0 };

	for (size_t i = 0; i < certificates->count; i++) {
		const char *text =
			field_read(&reader, &field) > 0 && field_is(&field, WORD_NOT_AFTER) ? field_text(&field) : NULL;

		if (!text)
			return error_set(
				error, ATOMICDIR_FAILED, NULL,
				"certificate-dates does not follow the protocol; is it from the same version as secretdir?");
		if (*text)
			certificates->items[i].not_after = strtoll(text, NULL, 10);
	}
	return 0;
}

/* With the layout files there is nothing to pin: each certificate is in one file, which is read whole. */
static int certificates_open_live(const char *link, struct atomicdir_error *error)
{
	int fd = atomicdir_pin(link, NULL, error);

	return fd < 0 && error->kind == ATOMICDIR_USAGE ? open(link, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : fd;
}

int certificates_find(struct certificates *certificates, const char *link, const struct published *published,
		      struct atomicdir_error *error)
{
	cleanup_fd int live_fd = certificates_open_live(link, error), reply_fd = memfd_create("reply", MFD_CLOEXEC);
	cleanup_buffer struct buffer request = { 0 };

	if (live_fd < 0)
		return error->kind == ATOMICDIR_NO_GENERATION ? 0 : -1;
	for (size_t i = 0; i < published->count; i++)
		if (certificates_take_file(certificates, live_fd, published->files[i].path, &request) < 0)
			return error_errno(error, link, "cannot read the certificates of");
	if (!certificates->count)
		return 0;
	if (field_add_text(&request, WORD_END, "") < 0)
		return error_errno(error, link, "cannot read the certificates of");
	if (certificates_ask(&request, reply_fd, error) < 0)
		return -1;
	return certificates_take_answer(certificates, reply_fd, error);
}
