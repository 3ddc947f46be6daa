/* SPDX-License-Identifier: ISC
 *
 * identity-aws: finds the keys that AWS is asked with, and where, as the AWS CLI does. It reads variables and ~/.aws, and runs a
 * credential_process; for what the network knows it asks identity-net, its other half.
 */
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/protocol.h"
#include "identity/handover.h"
#include "identity/variables.h"
#include "process/process.h"

static int refuse(const struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };

	if (protocol_add_error(&output, error) == 0)
		write_all(STDOUT_FILENO, output.bytes, output.size);
	return ATOMICDIR_FAILED;
}

int main(void)
{
	struct atomicdir_error error;
	int status;

	harden();
	process_begin();
	if (variables_read(PROTOCOL_VARIABLES_FD, &error) < 0)
		return refuse(&error);
	status = handover_run(STDIN_FILENO, STDOUT_FILENO, PROTOCOL_KEYS_FD);
	variables_clear();
	return status;
}
