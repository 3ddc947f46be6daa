/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "secretdir/memo.h"
#include "tap.h"

static void test_round_trip(void)
{
	cleanup(memo_clear) struct memo memo = { .live = 42, .keys_asked = UINT64_MAX }, again = { 0 };
	cleanup_fd int fd = memfd_create("memo", MFD_CLOEXEC);

	texts_add(&memo.hidden, "prod/db");
	texts_add(&memo.stale, "arn:x\nv1\nAWSCURRENT");
	texts_add(&memo.told, "it cannot be confined");
	ok(memo_save(&memo, fd) == 0 && memo_save(&memo, fd) == 0 && memo_load(&again, fd) == 0, "a memo is saved and loaded");
	is_int(again.live, 42, "with the generation that was live");
	ok(again.keys_asked == UINT64_MAX, "with what the keys were asked for with");
	ok(again.hidden.count == 1 && again.stale.count == 1 && again.told.count == 1, "with each text once");
	is_text(again.stale.items[0], "arn:x\nv1\nAWSCURRENT", "byte for byte");
}

static void test_nonsense(void)
{
	static const char *const texts[] = { "", "x", "secretdir-memo 1\n2\nend 0\n\n", "secretdir-memo 1\n1\nlive 1\n7\n" };
	cleanup(memo_clear) struct memo memo = { 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memo.live = 7;
		ok(memo_read(&memo, texts[i], strlen(texts[i])) == 0 && !memo.live && !memo.hidden.count,
		   "what is no whole memo is an empty one");
	}
}

static void test_limit(void)
{
	cleanup(memo_clear) struct memo memo = { .live = 1 }, again = { 0 };
	cleanup_buffer struct buffer bytes = { 0 };
	char text[1000];

	for (int i = 0; i < 100; i++) {
		memset(text, 'x', sizeof(text) - 1);
		snprintf(text, sizeof(text), "%0*d", 990, i);
		texts_add(&memo.hidden, text);
	}
	ok(memo_write(&memo, &bytes) == 0 && bytes.size <= MEMO_MAX, "a memo is never longer than 64 KiB");
	ok(memo_read(&again, bytes.bytes, bytes.size) == 0 && again.live == 1 && again.hidden.count > 60,
	   "one that would be leaves the rest out, and can be read");
}

int main(void)
{
	test_round_trip();
	test_nonsense();
	test_limit();
	return done();
}
