/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/credentials.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

struct credentials *credentials_ref(struct credentials *credentials)
{
	credentials->users++;
	return credentials;
}

void credentials_unref(struct credentials *credentials)
{
	if (!credentials || --credentials->users)
		return;
	if (credentials->pair)
		gnutls_certificate_free_credentials(credentials->pair);
	if (credentials->own)
		gnutls_x509_crt_deinit(credentials->own);
	free(credentials);
}

static int read_own(const char *name, const gnutls_datum_t *chain, gnutls_x509_crt_t *ret,
		    struct sl_errors *errors)
{
	int code = gnutls_x509_crt_init(ret);

	if (!code)
		code = gnutls_x509_crt_import(*ret, chain, GNUTLS_X509_FMT_PEM);
	return code ? sl_fail(errors, EINVAL, name, "no certificate in PEM form: %s",
			      gnutls_strerror(code))
		    : 0;
}

/* The library says one thing of both files: so the certificate is read alone before. */
static int read_pair(const char *chain_name, const gnutls_datum_t *chain, const char *key_name,
		     const gnutls_datum_t *key, struct credentials *credentials,
		     struct sl_errors *errors)
{
	int err = read_own(chain_name, chain, &credentials->own, errors);
	int code;

	if (err)
		return err;
	if (gnutls_certificate_allocate_credentials(&credentials->pair))
		sl_out_of_memory();
	code = gnutls_certificate_set_x509_key_mem(credentials->pair, chain, key,
						   GNUTLS_X509_FMT_PEM);
	if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return sl_fail(errors, EINVAL, key_name, "is not the key of %s", chain_name);
	return code < 0 ? sl_fail(errors, EINVAL, key_name, "no private key in PEM form: %s",
				  gnutls_strerror(code))
			: 0;
}

int credentials_new(const char *chain_name, const gnutls_datum_t *chain, const char *key_name,
		    const gnutls_datum_t *key, struct credentials **ret, struct sl_errors *errors)
{
	struct credentials *credentials = sl_calloc(1, sizeof(*credentials));
	int err;

	credentials->users = 1;
	err = read_pair(chain_name, chain, key_name, key, credentials, errors);
	if (err) {
		credentials_unref(credentials);
		return err;
	}
	*ret = credentials;
	return 0;
}
