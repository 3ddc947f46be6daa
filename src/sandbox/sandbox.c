/* SPDX-License-Identifier: ISC */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"

/* Root's program may be given a CA bundle that belongs to somebody else. Nobody may be refused fewer capabilities. */
static void capabilities_drop(bool has_network)
{
	uint32_t kept = has_network ? 1U << CAP_DAC_READ_SEARCH : 0;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, all) < 0)
		return;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		all[i].permitted &= kept;
		all[i].effective &= kept;
		all[i].inheritable = 0;
		kept = 0; /* those of the second word all go */
	}
	syscall(SYS_capset, &header, all);
}

/* ---- What cannot be had ---- */

static int tell(struct buffer *told, const char *what, const char *why)
{
	cleanup_buffer struct buffer text = { 0 };

	if (buffer_printf(&text, "%s cannot be confined to its %s here: %s", program_invocation_short_name, what, why) < 0)
		return -1;
	return field_add_text(told, WORD_UNCONFINED, text.bytes);
}

static int tell_of_filter(struct buffer *told, int why)
{
	cleanup_buffer struct buffer text = { 0 };

	if (buffer_printf(&text, "a seccomp filter is refused (%s)", strerror(why)) < 0)
		return -1;
	return tell(told, "system calls", text.bytes);
}

static const char *landlock_explain(int why)
{
	switch (why) {
	case ENOSYS:
		return "Linux 5.13 with Landlock is needed";
	case EOPNOTSUPP:
		return "Landlock is not among the security modules that the kernel was started with (lsm=)";
	case EPERM:
		return "Landlock is refused, perhaps by the filter of a container";
	default:
		return strerror(why);
	}
}

/* What the filter refuses by itself does not need Landlock, and without the network that is everything. */
static int tell_of_landlock(struct buffer *told, const struct sandbox *sandbox, bool is_filtered, int abi, int why)
{
	bool needs_it = sandbox->has_network || !is_filtered;

	if (needs_it && abi < 1 && tell(told, "files", landlock_explain(why)) < 0)
		return -1;
	if (!needs_it || abi >= LANDLOCK_ABI_PORTS)
		return 0;
	return tell(told, "ports", abi < 1 ? landlock_explain(why) : "Linux 6.7 is needed");
}

/* ---- All of it ---- */

/* Landlock first: the filter may let no file be opened any more. */
static int sandbox_restrict(const struct sandbox *sandbox, struct buffer *told, struct atomicdir_error *error)
{
	int filter_why = 0, landlock_why, abi, refused;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	capabilities_drop(sandbox->has_network);
	abi = landlock_restrict(sandbox);
	landlock_why = errno;
	refused = filter_load(sandbox->has_network, &filter_why, error);
	if (refused < 0)
		return -1;
	if ((refused && tell_of_filter(told, filter_why) < 0) ||
	    tell_of_landlock(told, sandbox, !refused, abi, landlock_why) < 0)
		return error_errno(error, NULL, "cannot confine this program");
	return 0;
}

int sandbox_enter(const struct sandbox *sandbox, int answer_fd, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer told = { 0 };

	if (sandbox_restrict(sandbox, &told, error) < 0)
		return -1;
	if (answer_fd < 0 || write_all(answer_fd, told.bytes, told.size) == 0)
		return 0;
	return error_errno(error, NULL, "cannot answer");
}
