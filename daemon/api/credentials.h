/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credentials.h - a certificate and its key as GnuTLS wants them, shared by the connections that began
 * with them.
 */
#ifndef SLUICE_API_CREDENTIALS_H
#define SLUICE_API_CREDENTIALS_H

#include "base/error.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct credentials {
	gnutls_certificate_credentials_t pair; /* owned */
	gnutls_x509_crt_t own;		       /* owned: the first of the chain */
	unsigned users;
};

/* Both in PEM form; the names stand for the files in errors. -EINVAL with errors. */
int credentials_new(const char *chain_name, const gnutls_datum_t *chain, const char *key_name,
		    const gnutls_datum_t *key, struct credentials **ret, struct sl_errors *errors);
struct credentials *credentials_ref(struct credentials *credentials);
void credentials_unref(struct credentials *credentials); /* may be NULL */

#endif
