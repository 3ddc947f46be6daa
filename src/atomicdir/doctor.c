/* SPDX-License-Identifier: ISC */
#include "atomicdir/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomicdir/command.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/link.h"
#include "command/report.h"

static void patient_clear(struct patient *patient)
{
	findings_clear(&patient->findings);
	free(patient->link);
	free(patient->parent);
	free(patient->store);
	free(patient->live);
	free(patient->list);
}

int64_t doctor_generation_of(const char *text)
{
	char *end;
	long long number;

	if (*text != '/' || text[1] < '0' || text[1] > '9')
		return 0;
	number = strtoll(text + 1, &end, 10);
	return end - text > 6 && (*end == '/' || *end == ' ' || !*end) ? number : 0;
}

bool doctor_is_live(const struct patient *patient, int64_t generation)
{
	return patient->live && patient->live->number == generation;
}

bool doctor_has_secrets(const struct patient *patient)
{
	cleanup_free char *path = NULL;
	struct stat status;

	return asprintf(&path, "%s/status", patient->store) >= 0 && lstat(path, &status) == 0;
}

void doctor_name_user(char text[static 64], uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, 64, "user %.48s", user->pw_name);
	else
		snprintf(text, 64, "user %u", uid);
}

/* Where LINK is a directory that holds the store, it is the symlink in it that readers follow. */
static void patient_find_symlink(struct patient *patient)
{
	cleanup_free char *path = NULL;
	struct stat status;

	if (strcmp(patient->parent, patient->link) != 0 || asprintf(&path, "%s/..data", patient->parent) < 0)
		return;
	if (lstat(path, &status) == 0)
		patient->link_status = status;
}

/* What stands at LINK must be examined before its store can be. NO_GENERATION: there is nothing to examine. */
static int patient_find(struct patient *patient, const char *link, struct atomicdir_error *error)
{
	patient->link = link_absolute(link, error);
	if (!patient->link)
		return -1;
	patient->findings.link = patient->link;
	if (lstat(patient->link, &patient->link_status) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return error_object(error, ATOMICDIR_NO_GENERATION, link, "does not exist: nothing is published there");
		return error_system(error, errno, link, "cannot examine");
	}
	patient->store = atomicdir_store(patient->link, error);
	patient->parent = patient->store ? link_parent(patient->store) : NULL;
	if (!patient->store || !patient->parent)
		return -1;
	patient->store_name = strrchr(patient->store, '/') + 1;
	if (stat(patient->parent, &patient->parent_status) < 0)
		return error_system(error, errno, patient->parent, "cannot examine");
	patient->has_store = lstat(patient->store, &patient->store_status) == 0;
	patient_find_symlink(patient);
	return 0;
}

/* Whether LINK is ours; where it is not, that is the finding. */
static bool patient_look(struct patient *patient)
{
	struct atomicdir_error error;

	if (atomicdir_show(patient->link, &patient->live, &error) == 0)
		return true;
	if (error.errnum == EEXIST)
		finding_add(&patient->findings, FINDING_FOREIGN, FINDING(.detail = error.text));
	else if (error.kind == ATOMICDIR_NO_GENERATION)
		finding_add(&patient->findings, FINDING_DANGLING, FINDING(0));
	else if (error.errnum == EACCES)
		finding_add(&patient->findings, FINDING_UNREADABLE, FINDING(.subject = patient->store, .detail = "the store"));
	else
		finding_add(&patient->findings, FINDING_STORE_BROKEN, FINDING(.subject = patient->store, .detail = error.text));
	return error.kind == ATOMICDIR_NO_GENERATION;
}

static void patient_list(struct patient *patient)
{
	struct atomicdir_error error;

	if (atomicdir_list(patient->link, &patient->list, &error) < 0)
		finding_add(&patient->findings, FINDING_UNREADABLE, FINDING(.subject = patient->store, .detail = "the store"));
}

static void patient_tell_unread(struct patient *patient)
{
	char detail[64];

	if (!patient->unread_processes)
		return;
	snprintf(detail, sizeof(detail), "%d process%s", patient->unread_processes, patient->unread_processes > 1 ? "es" : "");
	finding_add(&patient->findings, FINDING_UNREADABLE, FINDING(.subject = "/proc", .detail = detail));
}

static void (*const examinations[])(struct patient *patient) = { doctor_filesystem, doctor_rights,    doctor_store,
								 doctor_secrets,    doctor_times,     doctor_written,
								 doctor_mounts,	    doctor_processes, patient_tell_unread };

int command_doctor(const struct options *options)
{
	cleanup(patient_clear) struct patient patient = { 0 };
	struct atomicdir_error error;

	if (patient_find(&patient, options->operands[0], &error) < 0)
		return report_error(&error);
	if (patient_look(&patient)) {
		patient_list(&patient);
		for (size_t i = 0; i < sizeof(examinations) / sizeof(*examinations); i++)
			examinations[i](&patient);
	}
	if (patient.findings.is_broken) {
		error_system(&error, ENOMEM, options->operands[0], "cannot examine");
		return report_error(&error);
	}
	findings_print(&patient.findings, options);
	return findings_have_problem(&patient.findings) ? ATOMICDIR_FAILED : ATOMICDIR_OK;
}
