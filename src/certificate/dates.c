/* SPDX-License-Identifier: ISC */
#include "certificate/dates.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

static int64_t date_of(const ASN1_TIME *date)
{
	struct tm calendar;

	return ASN1_TIME_to_tm(date, &calendar) == 1 ? (int64_t)timegm(&calendar) : -1;
}

int64_t dates_find_end(const char *bytes, size_t size)
{
	BIO *input = size <= INT_MAX ? BIO_new_mem_buf(bytes, (int)size) : NULL;
	int64_t earliest = -1;
	X509 *certificate;

	if (!input)
		return -1;
	while ((certificate = PEM_read_bio_X509(input, NULL, NULL, NULL))) {
		int64_t end = date_of(X509_get0_notAfter(certificate));

		if (end >= 0 && (earliest < 0 || end < earliest))
			earliest = end;
		X509_free(certificate);
	}
	BIO_free(input);
	return earliest;
}
