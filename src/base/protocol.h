/* SPDX-License-Identifier: ISC
 *
 * The words of the protocols between secretdir and the programs that it starts; field.h has their form. What secretdir asks of
 * a fetcher, on its standard input:
 *
 *	atomicdir-fetch "1"           the protocol
 *	option "NAME=VALUE"           any number, see below
 *	live SECRET, live-path PATH, live-version ID, live-service SERVICE, live-stage STAGE, live-created SECONDS, live-place WHERE
 *	                              each file that is published, where the source may have something older; what is not known is left
 *	                              out, and live begins the next one
 *	secret NAME, path PATH, key KEY, query JMESPATH, service SERVICE, stage STAGE, version ID, decode HOW, format HOW, optional "1",
 *	prefix "1", failover-secret NAME, failover-stage STAGE, entry INDEX
 *	                              each entry; secret begins it, entry ends it, and what is not said is left out; prefix: all whose
 *	                              names begin with NAME, which may be ""
 *	end ""
 *
 * What a fetcher answers, on its standard output:
 *
 *	index I, path PATH, source SECRET, version ID, created SECONDS, place WHERE, value BYTES
 *	                              each file; created (since 1970) where it is known, place where the secret is from another place
 *	                              than should have been asked
 *	index I, absent ""            an optional entry's secret does not exist
 *	index I, known SECRET, name NAME, arn ARN, version ID, versions LINES
 *	                              where the source has versions: each secret, before its files; asked for versions it is all that
 *	                              comes. A line is a version and its stages, each with a tab after it: "ID\tSTAGE\t\n"
 *	index I, known SECRET, unknown WHY
 *	                              asked for versions: one that may not be looked at
 *	index I, arn ARN, kms-key KEY each secret, where it was asked to describe them; KEY may be ""
 *	index I, unknown WHY          the same, for a secret that cannot be described
 *	warning TEXT
 *	unconfined TEXT               what this machine lacks to confine the fetcher (sandbox/sandbox.h): "fetch-aws cannot be confined to
 *	                              its ports here: Linux 6.7 is needed"; any number, at any place before the end
 *	done COUNT, or error "KIND TEXT"
 *	                              the end; COUNT is of files, or of secrets described; throttled "" before an error: the source was
 *	                              asked too often
 *
 * fetch-aws also gets the file of keys, as descriptor PROTOCOL_KEYS_FD, and hears of it on its standard input, after the
 * request:
 *
 *	settings ""                   the file says how AWS is asked; the keys are not there yet, since somebody else is asked for them
 *	keys ""                       the file has both; keys "kept": they are those of an earlier fetcher, and may be refused
 *	error "KIND TEXT"             there are no others than those that have expired
 *
 * Where keys are refused that may be had anew it says so, once, and waits for one of the last two:
 *
 *	expired REGION                REGION is where it asks now, if that is not where it asked at first; or ""
 *
 * identity-aws is asked `atomicdir-identity "1", option "NAME=VALUE" ..., end ""`. It gets the file of keys to write, and as
 * descriptor PROTOCOL_VARIABLES_FD the environment that secretdir was started with: variable "NAME=VALUE" for each, and end
 * "". Into the file of keys it writes the settings and keys (aws/settings.h, aws/credentials.h), up to end "". It answers
 *
 *	settings ""                   as above; left out where nobody else is asked for the keys
 *	from TEXT, region REGION, seconds-left N, fixed "1"
 *	                              where the keys are from, and what is known of the region and of their time; fixed: asking again
 *	                              gives no others
 *	done "", or error "KIND TEXT"
 *
 * listen-aws is asked `atomicdir-listen "1", option "NAME=VALUE" ..., end ""`, the queue being option queue-url, and then hears of the
 * keys as fetch-aws does. Until it is ended it answers
 *
 *	connected ""                  the queue answers, for the first time or again
 *	disconnected "KIND TEXT"      it does not, for the first time since; it is asked again all the while
 *	event "", arn ARN, name NAME, version ID, label LABEL
 *	                              a label moved to another version of a secret; one of ARN and NAME may be "", and ID and LABEL too
 *	ignored COUNT                 so many messages were no such event
 *	warning TEXT                  as above
 *	expired REGION                as above, as often as keys expire; they may be refused for good ("disconnected" follows)
 *	done "", or error "KIND TEXT" the end: its keys will soon expire, and it is to be started with new ones; or it cannot begin
 *
 * A message is deleted from the queue once it was written here.
 *
 * spec-yaml is asked `atomicdir-spec "1", name FILE, content BYTES, end ""` and answers with
 *
 *	option "NAME=VALUE"           region, failover-region: for all entries
 *	warning TEXT, unconfined TEXT
 *	entry PLACE                   begins one; then text, which is an entry as on the command line, or its parts as above, with mode
 *	                              and owner; prefix PREFIX instead of secret; path-key: what the spec calls its path
 *	done COUNT, or error "KIND TEXT"
 *
 * certificate-dates is asked with content PEM for each file, and end "". It answers with
 *
 *	not-after SECONDS             for each, in their order, since 1970; "" where there is no certificate that can be read
 *	end ""
 */
#ifndef BASE_PROTOCOL_H
#define BASE_PROTOCOL_H

#include <stddef.h>

#include <atomicdir.h>

#include "base/record.h"

#define PROTOCOL_VERSION "1"
#define WORD_FETCH "atomicdir-fetch"
#define WORD_SPEC "atomicdir-spec"
#define WORD_IDENTITY "atomicdir-identity"
#define WORD_LISTEN "atomicdir-listen"
#define WORD_OPTION "option"
#define WORD_END "end"
#define WORD_DONE "done"
#define WORD_ERROR "error"
#define WORD_THROTTLED "throttled"
#define WORD_WARNING "warning"
#define WORD_UNCONFINED "unconfined"

/* An entry's parts. */
#define WORD_SECRET "secret"
#define WORD_PATH "path"
#define WORD_KEY "key"
#define WORD_QUERY "query"
#define WORD_SERVICE "service"
#define WORD_STAGE "stage"
#define WORD_VERSION "version"
#define WORD_DECODE "decode"
#define WORD_FORMAT "format"
#define WORD_PREFIX "prefix"
#define WORD_OPTIONAL "optional"
#define WORD_FAILOVER_SECRET "failover-secret"
#define WORD_FAILOVER_STAGE "failover-stage"
#define WORD_ENTRY "entry"
#define WORD_TEXT "text"
#define WORD_PATH_KEY "path-key"
#define WORD_MODE "mode"
#define WORD_OWNER "owner"

/* An answer's parts. */
#define WORD_INDEX "index"
#define WORD_SOURCE "source"
#define WORD_CREATED "created"
#define WORD_PLACE "place"
#define WORD_VALUE "value"
#define WORD_ABSENT "absent"
#define WORD_ARN "arn"
#define WORD_KNOWN "known"
#define WORD_VERSIONS "versions"
#define WORD_KMS_KEY "kms-key"
#define WORD_UNKNOWN "unknown"

/* Of keys: about them, and what is handed over with them. */
#define WORD_VARIABLE "variable"
#define WORD_SETTINGS "settings"
#define WORD_KEYS "keys"
#define WORD_EXPIRED "expired"
#define KEYS_KEPT "kept"
#define WORD_SECONDS_LEFT "seconds-left"
#define WORD_KEY_ID "key-id"
#define WORD_SECRET_KEY "secret-key"
#define WORD_TOKEN "token"
#define WORD_EXPIRES "expires"
#define WORD_FIXED "fixed"
#define WORD_FROM "from"
#define WORD_PROFILE "profile"
#define WORD_REGION "region"
#define WORD_FIRST_REGION "first-region"
#define WORD_WHY "why"
#define WORD_SECRETSMANAGER_URL "secretsmanager-url"
#define WORD_SSM_URL "ssm-url"
#define WORD_SQS_URL "sqs-url"
#define WORD_CA_BUNDLE "ca-bundle"
#define WORD_RETRY_MODE "retry-mode"
#define WORD_MAX_ATTEMPTS "max-attempts"
#define WORD_SKEW_S "skew-s"
#define WORD_FIPS "fips"
#define WORD_DUAL_STACK "dual-stack"

/* What a listener says beside. */
#define WORD_EVENT "event"
#define WORD_LABEL "label"
#define WORD_IGNORED "ignored"
#define WORD_CONNECTED "connected"
#define WORD_DISCONNECTED "disconnected"

/* A spec's parts; an event has a name too. */
#define WORD_NAME "name"
#define WORD_NOT_AFTER "not-after"
#define WORD_CONTENT "content"

/* What is published already. */
#define WORD_LIVE "live"
#define WORD_LIVE_PATH "live-path"
#define WORD_LIVE_VERSION "live-version"
#define WORD_LIVE_SERVICE "live-service"
#define WORD_LIVE_STAGE "live-stage"
#define WORD_LIVE_CREATED "live-created"
#define WORD_LIVE_PLACE "live-place"

/* Names of options. */
#define OPTION_ARGUMENT "argument" /* ARGUMENT of --source NAME:ARGUMENT */
#define OPTION_REGION "region"
#define OPTION_FAILOVER_REGION "failover-region"
#define OPTION_ENDPOINT_URL "endpoint-url"
#define OPTION_CA_BUNDLE "ca-bundle"
#define OPTION_PROFILE "profile"
#define OPTION_ROLE_ARN "role-arn"
#define OPTION_EXTERNAL_ID "external-id"
#define OPTION_ARN_REGION "arn-region"	 /* for identity-aws: the region in the entries' ARNs, if all are ARNs */
#define OPTION_KEYS_REGION "keys-region" /* for identity-aws: where to ask for new keys instead, once those had have expired */
#define OPTION_QUEUE_URL "queue-url"	 /* for listen-aws and identity-aws: the queue that is listened to */
#define OPTION_TAG "tag"		 /* KEY=VALUE; any number */
#define OPTION_LIVE "live"		 /* "unknown": something is published, but not which versions */
#define OPTION_DESCRIBE "describe"	 /* "1": answer with ARNs and KMS keys instead of values */
#define OPTION_VERSIONS "versions"	 /* "1": answer with versions alone */

/* Descriptors beside the standard ones. */
#define PROTOCOL_KEYS_FD 3
#define PROTOCOL_INPUT_FD 3 /* fetch-file's: secretdir's own standard input, where the argument names that */
#define PROTOCOL_VARIABLES_FD 4

/* The options of a request, each "NAME=VALUE". `struct told told = { 0 }` has none. */
struct told {
	char **items;
	size_t count;
};

/* Both -1 with ENOMEM. */
int told_add(struct told *told, const char *option);
/* Adds NAME=VALUE, where the value has `size` bytes; nothing if that is 0. */
int told_add_value(struct told *told, const char *name, const char *value, size_t size);
/* The option's value; NULL if it is missing or empty. */
const char *told_option(const struct told *told, const char *name);
/* The next value of an option that may be repeated, without empty ones; *from begins as 0. NULL: there are no more. */
const char *told_next(const struct told *told, const char *name, size_t *from);
/* A request that is nothing but options, WORD "1", option ..., end. */
int told_read(struct field_reader *reader, const char *word, struct told *told, struct atomicdir_error *error);
void told_clear(struct told *told);

/* Appends the field "error". Users and passwords are taken out of URLs in its text. -1 with ENOMEM. */
int protocol_add_error(struct buffer *output, const struct atomicdir_error *error);
/* The same, as a field of another name. */
int protocol_add_failure(struct buffer *output, const char *word, const struct atomicdir_error *error);
/* As protocol_add_error(), to a record. */
int protocol_put_error(struct record *record, const struct atomicdir_error *error);
/* Parses "KIND TEXT" into the error. -1: the kind is none that a program may report, or there is no text; the error stays as
 * it is. */
int protocol_take_error(const char *text, struct atomicdir_error *error);
/* Sets the error to a program's text, which is a warning or a reason: kind OK, one line, without control codes. */
void protocol_take_text(const char *text, struct atomicdir_error *error);

#endif
