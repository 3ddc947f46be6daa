/* SPDX-License-Identifier: ISC
 *
 * What the environment and the files ~/.aws/config and ~/.aws/credentials say, in the AWS CLI's order. Like the environment it is
 * the process's own: read by aws_config_load(), and read again whenever credentials are looked for, since they may have been renewed
 * there. Texts are good until then.
 */
#ifndef IDENTITY_CONFIG_H
#define IDENTITY_CONFIG_H

#include <stdbool.h>

#include "identity/ini.h"
#include "base/protocol.h"

/* USAGE: a file cannot be read, or the profile that was asked for does not exist. */
int aws_config_load(const struct told *told, struct atomicdir_error *error);
void aws_config_clear(void);
/* USAGE: one of the files is there, and may not be read, so that it is not known what it says. */
int aws_config_check(struct atomicdir_error *error);

/* The profile in effect. */
const char *aws_profile(void);
/* NULL: it has no such key. The credentials file goes first. key "": the profile itself. */
const struct ini_entry *aws_profile_find(const char *profile, const char *key);
const char *aws_profile_text(const char *profile, const char *key);		    /* likewise; NULL where it is empty, too */
const struct ini_entry *aws_credentials_find(const char *profile, const char *key); /* in the credentials file */
/* [KIND NAME] of the config file. */
const struct ini_entry *aws_section_find(const char *kind, const char *name, const char *parent, const char *key);

/* The variable, else the key of the profile in effect. */
const char *aws_setting(const char *variable, const char *key);
bool aws_setting_is_true(const char *variable, const char *key);

/* "~/..." is in the home directory. On the heap; NULL with ENOMEM. */
char *aws_path(const char *path);
/* Where the files are, for errors. */
const char *aws_config_path(void);
const char *aws_credentials_path(void);

#endif
