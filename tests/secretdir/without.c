/* SPDX-License-Identifier: ISC
 *
 * without ERRNO CALL[:ARGUMENT]... -- COMMAND...: runs COMMAND where these system calls, or those with this first argument, fail with
 * this errno, as in a container whose filter does not know them.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(scmp_filter_ctx context, int errnum, char *word)
{
	char *colon = strchr(word, ':');
	const struct scmp_arg_cmp where = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = colon ? strtoul(colon + 1, NULL, 10) : 0 };

	if (colon)
		*colon = '\0';
	return seccomp_rule_add_array(context, SCMP_ACT_ERRNO((uint32_t)errnum), seccomp_syscall_resolve_name(word),
				      colon ? 1 : 0, &where);
}

int main(int argc, char **argv)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int errnum = argc > 1 ? atoi(argv[1]) : 0, i = 2;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!context || refuse(context, errnum, argv[i]) < 0) {
			fprintf(stderr, "without: no call %s\n", argv[i]);
			return 125;
		}
	if (i + 1 >= argc || seccomp_load(context) < 0) {
		fprintf(stderr, "without: %s\n", i + 1 >= argc ? "no COMMAND" : "a filter is refused here");
		return 125;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
