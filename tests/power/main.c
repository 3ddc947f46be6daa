/* SPDX-License-Identifier: ISC
 *
 * power [OPTIONS] PROGRAM: cuts the power at every moment of what PROGRAM, an atomicdir, does. tests/power/README.md explains
 * it.
 *
 * For each scenario: make a file system, do what comes before, and settle. Then record what the scenario does, once as it is
 * and once for each of its system calls with a sync of the whole file system just before that call: with nothing pending few
 * of the states that matter would reach the disk. From each record build the states, mount them, and judge.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content.h"
#include "disk.h"
#include "judge.h"
#include "publisher.h"
#include "scenario.h"
#include "states.h"

#define ROOM "/run" /* a tmpfs of our own covers it, in our own mount namespace */
#define SERVER ROOM "/disk"
#define MOUNT ROOM "/mount"
#define SOURCES ROOM "/sources"
#define VERSIONS 3
#define SHOWN_VIOLATIONS 5
#define FEWEST_FOR_POINT 16 /* states; with fewer, rather fewer points */

struct run {
	const struct scenario *scenario;
	const struct layout *layout;
	const struct filesystem *filesystem;
	const char *way, *program;
	int files;
	size_t most; /* states; 0: all */
	uint64_t seed;
	bool is_first_enough; /* one violation ends it */
	struct disk disk;
	struct states states;
	struct judge judge;
	struct interference point;
	size_t points, visited, unmountable, violations;
};

static void complain(struct run *run, const struct state *state, const char *why)
{
	if (run->violations++ < SHOWN_VIOLATIONS)
		printf("# %s, %s, --sync %s: call %d%s%s; %s; %d reported: %s\n", run->filesystem->name, run->scenario->name,
		       run->way, run->point.at, run->point.sync_fd >= 0 ? " synced before" : "",
		       run->point.is_killed ? " killed" : "", state->text, state->reported, why);
}

static int mount_disk(const struct run *run)
{
	return mount(run->disk.loop, MOUNT, run->filesystem->name, 0, NULL);
}

static void visit(void *arg, const struct state *state)
{
	struct run *run = arg;

	if (run->is_first_enough && run->violations)
		return;
	run->visited++;
	if (mount_disk(run) < 0) {
		/* A file system trusts its disk to write a page whole; where it was told a lie its own refusal is not ours. */
		run->unmountable++;
		if (!state->is_torn)
			complain(run, state, "the kernel cannot mount it");
		return;
	}
	if (!judge_holds(&run->judge, state->reported))
		complain(run, state, run->judge.why);
	if (umount(MOUNT) < 0)
		perror("power: umount");
}

/* ---- Recording ---- */

/* As the kubelet makes one. */
static int prepare_volume(const struct run *run, const struct action *action)
{
	char path[160], command[512];

	if (mkdir(run->judge.link, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/..elsewhere", run->judge.link);
	if (content_write(path, action->version, run->files) < 0)
		return -1;
	snprintf(command, sizeof(command),
		 "cd %s && ln -s ..elsewhere ..data && for name in $(ls ..data); do ln -s ..data/$name $name; done",
		 run->judge.link);
	return system(command) == 0 ? 0 : -1;
}

static int prepare_by_hand(const struct run *run, const struct action *action)
{
	char path[128];

	if (run->layout->is_volume && action->verb == MAKE_SYMLINK)
		return prepare_volume(run, action);
	snprintf(path, sizeof(path), MOUNT "/%s", action->verb == MAKE_SYMLINK ? "elsewhere" : run->layout->link);
	if (content_write(path, action->version, run->files) < 0)
		return -1;
	return action->verb == MAKE_SYMLINK ? symlink("elsewhere", run->judge.link) : 0;
}

/* The exit status; -1. *calls: how many of its calls change something. */
static int act(const struct run *run, const struct action *action, int mark, const struct interference *interference,
	       int *calls)
{
	static const struct interference none = { 0, -1, false };
	struct command_line line;
	char output[80];

	if (action->verb == MAKE_DIRECTORY || action->verb == MAKE_SYMLINK)
		return prepare_by_hand(run, action);
	snprintf(output, sizeof(output), SERVER "/%d", mark);
	command_line_of(&line, run->scenario, action, run->layout, run->program, run->way, SOURCES);
	return publisher_run(line.argv, MOUNT, output, interference ? interference : &none, calls);
}

static int begin(struct run *run)
{
	const struct action *before = run->scenario->before;
	char command[256];
	int calls;

	snprintf(command, sizeof(command), "%s %s >" ROOM "/mkfs.log 2>&1", run->filesystem->mkfs, run->disk.loop);
	if (system(command) != 0 || mount_disk(run) < 0) {
		printf("# %s cannot be made or mounted here\n", run->filesystem->name);
		return -1;
	}
	for (size_t i = 0; i < sizeof(run->scenario->before) / sizeof(*run->scenario->before) && before[i].verb != NOTHING; i++)
		if (act(run, &before[i], 9, NULL, &calls) != 0) {
			printf("# %s: what comes before failed\n", run->scenario->name);
			return -1;
		}
	if (umount(MOUNT) < 0)
		return -1;
	states_settle(&run->states);
	return 0;
}

/* Leaves the record in *log, and the image as it was. *calls: of the action that is interfered with. */
static int record(struct run *run, struct log *log, int *calls)
{
	const struct scenario *scenario = run->scenario;
	struct interference point = run->point;
	int root_fd, status = 0, ignored;

	disk_forget_cache(&run->disk);
	if (mount_disk(run) < 0)
		return -1;
	root_fd = open(MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	point.sync_fd = point.sync_fd >= 0 ? root_fd : -1;
	for (int i = 0; i < 2 && scenario->then[i].verb != NOTHING && status != -1; i++) {
		status = act(run, &scenario->then[i], i, i ? NULL : &point, i ? &ignored : calls);
		if (status == success_of(&scenario->then[i]))
			status = 0;
		if (status != 0 && !(i == 0 && point.is_killed)) {
			printf("# %s: action %d ended with status %d\n", scenario->name, i, status);
			status = -1;
		}
	}
	close(root_fd);
	if (umount(MOUNT) < 0 || status < 0)
		return -1;
	*log = (struct log){ malloc(run->disk.log->used + 1), run->disk.log->used, 0 };
	if (log->bytes)
		memcpy(log->bytes, run->disk.log->bytes, log->used);
	states_undo(&run->states);
	return log->bytes ? 0 : -1;
}

static int visit_point(struct run *run)
{
	struct log log;
	int calls;

	if (record(run, &log, &calls) < 0)
		return -1;
	run->points++;
	states_visit(&run->states, &log, visit, run);
	free(log.bytes);
	return 0;
}

/* With a limit, fewer points rather than too few states of each. */
static bool is_drawn(struct run *run, size_t points)
{
	size_t wanted = run->most / FEWEST_FOR_POINT + 1;

	return !run->most || wanted >= points || states_random(&run->states, points) < wanted;
}

/* A killed action is recorded with and without a sync before its death, another one as it is and with a sync before each call:
 * first without, and the last calls first, where most can go wrong. */
static int visit_points(struct run *run)
{
	bool is_killed = run->scenario->is_first_killed;
	struct log log;
	size_t points, wanted;
	int calls = 0;

	run->point = (struct interference){ 0, -1, false };
	if (record(run, &log, &calls) < 0)
		return -1;
	free(log.bytes);
	points = (size_t)calls * (is_killed ? 2 : 1) + 1;
	wanted = run->most / FEWEST_FOR_POINT + 1;
	wanted = wanted < points ? wanted : points;
	run->states.most = run->most ? run->most / wanted + 1 : 0;
	for (int is_synced = 0; is_synced <= 1; is_synced++)
		for (int at = calls; at >= 0; at--) {
			bool is_point = is_killed ? at > 0 : (at > 0) == (is_synced > 0);

			if (!is_point || (at && !is_drawn(run, points)))
				continue;
			run->point = (struct interference){ at, is_synced ? 0 : -1, is_killed };
			if (visit_point(run) < 0)
				return -1;
			if (run->is_first_enough && run->violations)
				return 0;
		}
	return 0;
}

/* ---- One row ---- */

static int make_room(const struct run *run)
{
	char path[128];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("room", ROOM, "tmpfs", 0, NULL) < 0) {
		perror("power: no mounts of our own can be had");
		return -1;
	}
	if (mkdir(SERVER, 0700) < 0 || mkdir(MOUNT, 0755) < 0 || mkdir(SOURCES, 0755) < 0)
		return -1;
	for (int version = 1; version <= VERSIONS; version++) {
		snprintf(path, sizeof(path), SOURCES "/%d", version);
		if (content_write(path, version, run->files) < 0)
			return -1;
	}
	return 0;
}

static int run_row(struct run *run)
{
	char link[128];
	int result;

	snprintf(link, sizeof(link), MOUNT "/%s", run->layout->link);
	run->judge = (struct judge){ run->scenario,
				     run->layout,
				     MOUNT,
				     link,
				     strcmp(run->way, "fs") == 0 ? ATOMICDIR_SYNC_FS : ATOMICDIR_SYNC_FILES,
				     "" };
	if (make_room(run) < 0 || disk_start(&run->disk, run->filesystem->megabytes << 20, SERVER) < 0)
		return 2;
	if (states_start(&run->states, &run->disk, run->seed) < 0)
		return 2;
	result = begin(run) < 0 || visit_points(run) < 0 ? 1 : 0;
	disk_stop(&run->disk);
	states_stop(&run->states);
	printf("%zu states, %zu violations: %s, %s, --sync %s, %d files, layout %s; %zu records, %zu torn ones not mountable\n",
	       run->visited, run->violations, run->filesystem->name, run->scenario->name, run->way, run->files,
	       run->layout->name, run->points, run->unmountable);
	return result || run->violations ? 1 : 0;
}

static const char usage[] =
	"usage: power [--fs NAME] [--scenario NAME] [--layout NAME] [--sync fs|files] [--files N] [--most STATES] [--seed N]\n"
	"             [--first] PROGRAM\n"
	"       power [--layout NAME] --list\n";

/* Where each file is replaced by itself there is no generation to go back to. */
static int list(const struct layout *layout)
{
	for (size_t i = 0; i < scenario_count; i++)
		if (!layout->is_by_file || !scenario_needs_generations(&scenarios[i]))
			puts(scenarios[i].name);
	return 0;
}

#define FIND(table, count, wanted, found)                   \
	for (size_t i = 0; i < (count); i++)                \
		if (strcmp((table)[i].name, (wanted)) == 0) \
	(found) = &(table)[i]

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "fs", 1, NULL, 'f' },	   { "scenario", 1, NULL, 's' }, { "layout", 1, NULL, 'l' }, { "sync", 1, NULL, 'y' },
		{ "files", 1, NULL, 'n' }, { "most", 1, NULL, 'm' },	 { "seed", 1, NULL, 'r' },   { "first", 0, NULL, '1' },
		{ "list", 0, NULL, 'L' },  { NULL, 0, NULL, 0 },
	};
	struct run run = { .scenario = &scenarios[0],
			   .layout = &layouts[0],
			   .filesystem = &filesystems[0],
			   .way = "fs",
			   .files = 3,
			   .seed = 1 };
	int option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0)
		switch (option) {
		case 'f':
			run.filesystem = NULL;
			FIND(filesystems, filesystem_count, optarg, run.filesystem);
			break;
		case 's':
			run.scenario = NULL;
			FIND(scenarios, scenario_count, optarg, run.scenario);
			break;
		case 'l':
			run.layout = NULL;
			FIND(layouts, layout_count, optarg, run.layout);
			break;
		case 'y':
			run.way = optarg;
			break;
		case 'n':
			run.files = atoi(optarg);
			break;
		case 'm':
			run.most = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			run.seed = strtoull(optarg, NULL, 10);
			break;
		case '1':
			run.is_first_enough = true;
			break;
		case 'L':
			return list(run.layout);
		default:
			optind = argc + 1;
		}
	run.program = optind == argc - 1 ? argv[optind] : NULL;
	if (!run.program || !run.filesystem || !run.scenario || !run.layout ||
	    (strcmp(run.way, "fs") != 0 && strcmp(run.way, "files") != 0)) {
		fputs(usage, stderr);
		return 2;
	}
	return run_row(&run);
}
