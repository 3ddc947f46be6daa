/* SPDX-License-Identifier: ISC
 *
 * The words between the two halves of an identity: identity-aws, which reads what is configured, asks identity-net, which has the
 * network. A question is a record (base/record.h) that begins with WORD_ASK and one of the operations; it has all that is needed
 * to ask, the settings of aws/settings.h included. An answer has the keys (aws/credentials.h), or the word of its operation, or
 * WORD_ERROR.
 */
#ifndef IDENTITY_QUESTION_H
#define IDENTITY_QUESTION_H

#include "aws/settings.h"
#include "base/protocol.h"
#include "base/record.h"

#define WORD_ASK "ask"
#define ASK_ROLE "assume-role"		       /* of STS; as who has the keys in the question */
#define ASK_WEB_IDENTITY "assume-web-identity" /* of STS; as who has the token */
#define ASK_SSO_ROLE "sso-role"
#define ASK_SSO_TOKEN "sso-token" /* a login that is renewed: WORD_TOKEN, WORD_REFRESH_TOKEN, WORD_LIFETIME_S */
#define ASK_CONTAINER "container"
#define ASK_INSTANCE "instance"
#define ASK_INSTANCE_REGION "instance-region" /* WORD_REGION */

/* Of a question. */
#define WORD_URL "url"
#define WORD_SIGNING_REGION "signing-region"
#define WORD_ROLE_ARN "role-arn"
#define WORD_ROLE_SESSION "role-session"
#define WORD_EXTERNAL_ID "external-id"
#define WORD_DURATION "duration"
#define WORD_WEB_TOKEN "web-token"
#define WORD_HEADER "header"
#define WORD_BODY "body"
#define WORD_TIMEOUT_S "timeout-s"
#define WORD_ATTEMPTS "attempts"
#define WORD_NO_V1 "no-v1" /* the instance's metadata are asked with a token only */

/* Of an answer. */
#define WORD_REFRESH_TOKEN "refresh-token"
#define WORD_LIFETIME_S "lifetime-s"
#define WORD_STATUS "status"	       /* of HTTP, beside an error */
#define WORD_REGION_DOWN "region-down" /* beside an error: the service in that region was not reached, or failed itself */
#define WORD_NOTHING "nothing"	       /* beside an error: there is nobody to ask, and the error says why */

/* Of a machine: identity-net connects to its port, to HTTPS's, and to that of the first question's URL. */
#define NET_METADATA "http://169.254.169.254/"

/* A question in the making, with how to ask. What is not whole because memory ran out is not asked: net_ask() says so. */
struct question {
	struct record record;
	bool is_broken;
};
void question_begin(struct question *question, const struct aws_settings *settings, const char *operation);
void question_add(struct question *question, const char *name, const char *text);
void question_clear(struct question *question);

#endif
