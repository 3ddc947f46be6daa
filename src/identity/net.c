/* SPDX-License-Identifier: ISC */
#include "identity/net.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/url.h"

/* ---- The program ---- */

void net_clear(struct net *net)
{
	if (!net->is_started)
		return;
	close_fd(&net->question_fd);
	close_fd(&net->answers.fd);
	field_reader_clear(&net->answers);
	child_clear(&net->child);
	net->is_started = false;
}

/* Beside this program, wherever it was started from. */
static int net_find(char path[static PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - sizeof("/identity-net"));
	char *slash;

	if (size < 0)
		return -1;
	path[size] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash : path, "/identity-net");
	return 0;
}

static int net_start(struct net *net, struct atomicdir_error *error)
{
	int question[2] = { -1, -1 }, answer[2] = { -1, -1 };
	char path[PATH_MAX];
	char *const argv[] = { path, NULL };
	struct launch launch = { .argv = argv, .death_signal = SIGKILL, .timeout_ms = -1 };
	int result;

	if (net_find(path) < 0 || pipe2(question, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0) {
		close_fd(&question[0]);
		close_fd(&question[1]);
		return error_errno(error, NULL, "cannot start identity-net");
	}
	launch.input_fd = question[0];
	launch.output_fd = answer[1];
	result = child_start(&net->child, &launch, error);
	close_fd(&question[0]);
	close_fd(&answer[1]);
	net->question_fd = question[1];
	net->answers = (struct field_reader){ .fd = answer[0] };
	net->is_started = true;
	return result;
}

/* ---- Asking ---- */

/* What runs may not be able to connect to the port: then another one is started, for that. */
static int net_prepare(struct net *net, const struct record *record, struct atomicdir_error *error)
{
	const char *url = record_text(record, WORD_URL);
	int port = url_port(url ? url : "");

	if (net->is_started && port != net->port && port != url_port("https://") && port != url_port(NET_METADATA))
		net_clear(net);
	if (net->is_started)
		return 0;
	net->port = port;
	return net_start(net, error);
}

static int net_exchange(struct net *net, const struct record *record, struct record *answer, struct atomicdir_error *error)
{
	if (net_prepare(net, record, error) < 0)
		return -1;
	if (record_write(record, net->question_fd) < 0 || record_read(&net->answers, answer) <= 0)
		return error_set(error, ATOMICDIR_FAILED, NULL,
				 "identity-net ended without an answer; the kernel's log (dmesg) may say why");
	return 0;
}

int net_ask(struct net *net, const struct question *question, struct record *answer, struct atomicdir_error *error)
{
	const char *refused, *skew_s;

	if (question->is_broken)
		return error_errno(error, NULL, "cannot ask");
	if (net_exchange(net, &question->record, answer, error) < 0)
		return -1;
	skew_s = record_text(answer, WORD_SKEW_S);
	snprintf(net->skew_s, sizeof(net->skew_s), "%s", skew_s ? skew_s : "");
	refused = record_text(answer, WORD_ERROR);
	if (!refused)
		return 0;
	if (protocol_take_error(refused, error) < 0)
		error_set(error, ATOMICDIR_FAILED, NULL, "identity-net does not keep to the protocol");
	return -1;
}
