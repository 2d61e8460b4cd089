/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * token new: a secret for a client, and the line by which a daemon knows it (daemon/api/tokens.h).
 */
#include "duration.h"
#include "fail.h"
#include "table.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define BYTES	    32
#define NAME_LENGTH 63
#define NAME_CHARS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-"
#define TOKEN_CHARS (sizeof(SLUICE_TOKEN_PREFIX) - 1 + 2 * BYTES)

static void print_hex(const unsigned char bytes[BYTES], char text[2 * BYTES + 1])
{
	for (size_t i = 0; i < BYTES; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/* ---- what was asked for -------------------------------------------------------------------------------- */

static int check_name(const char *name)
{
	if (name[0] && strlen(name) <= NAME_LENGTH && !name[strspn(name, NAME_CHARS)])
		return SLUICE_EXIT_OK;
	return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a name (1 to %d letters, digits, _ . : -)",
		    name, NAME_LENGTH);
}

static int check_role(const char *role)
{
	static const char *const words[] = {
#define X(name, word, help) word,
		SLUICE_ROLES(X)
#undef X
	};

	if (!role)
		return fail(SLUICE_EXIT_USAGE, "token new needs --role viewer, operator or admin");
	for (int i = SLUICE_ROLE_VIEWER; i < SLUICE_ROLE_COUNT; i++)
		if (!strcmp(words[i], role))
			return SLUICE_EXIT_OK;
	return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a role (viewer, operator, admin)", role);
}

/* No bit behind the prefix is set, as the daemon wants it. */
static bool is_prefix(const char *text, size_t size)
{
	unsigned char bytes[16] = {0};
	char address[64], *slash, *end;
	unsigned long bits, most;

	snprintf(address, sizeof(address), "%.*s", (int)size, text);
	slash = strchr(address, '/');
	if (size >= sizeof(address) || !slash || slash[1] < '0' || slash[1] > '9')
		return false;
	*slash = '\0';
	bits = strtoul(slash + 1, &end, 10);
	most = strchr(address, ':') ? 128 : 32;
	if (*end || bits > most || inet_pton(most == 128 ? AF_INET6 : AF_INET, address, bytes) != 1)
		return false;
	for (; bits < most; bits++)
		if (bytes[bits / 8] & 0x80 >> bits % 8)
			return false;
	return true;
}

static int check_from(const char *from)
{
	for (size_t size; from; from = from[size] ? from + size + 1 : NULL) {
		size = strcspn(from, ",");
		if (!is_prefix(from, size))
			return fail(
				SLUICE_EXIT_USAGE,
				"\"%.*s\" is not a prefix like 10.0.0.0/8 or 2001:db8::/32 with no "
				"bit set behind it",
				(int)size, from);
	}
	return SLUICE_EXIT_OK;
}

/* " expires=..." or "". */
static int expiry(const char *expires, char ret_text[40])
{
	uint64_t ms;
	struct tm utc;
	time_t end;

	ret_text[0] = '\0';
	if (!expires)
		return SLUICE_EXIT_OK;
	if (!duration_parse(expires, &ms) || ms < 1000)
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a time like 12h or 90d", expires);
	end = time(NULL) + ms / 1000;
	gmtime_r(&end, &utc);
	strftime(ret_text, 40, " expires=%Y-%m-%dT%H:%M:%SZ", &utc);
	return SLUICE_EXIT_OK;
}

/* ---- making it ----------------------------------------------------------------------------------------- */

static void print(const struct invocation *invocation, const char *token, const char *line)
{
	json_t *object;

	if (!invocation->json) {
		fprintf(stderr, "The token, shown this once; for a file of mode 0600 and "
				"--token-file:\n");
		printf("%s\n", token);
		fflush(stdout);
		fprintf(stderr, "The line for the daemon's file " SLUICE_TOKENS
				" (mode 0600), then SIGHUP:\n");
		printf("%s\n", line);
		return;
	}
	object = json_pack("{s:s, s:s, s:s}", "kind", "Token", "token", token, "line", line);
	table_print_json(object);
	json_decref(object);
}

int run_token_new(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0];
	const char *role = invocation->values[OPTION_NUMBER_ROLE];
	const char *from = invocation->values[OPTION_NUMBER_FROM];
	char token[TOKEN_CHARS + 1] = SLUICE_TOKEN_PREFIX, hash_text[2 * BYTES + 1], until[40];
	unsigned char secret[BYTES], hash[BYTES];
	_free_ char *line = NULL;
	int status = check_name(name);

	if (!status)
		status = check_role(role);
	if (!status)
		status = check_from(from);
	if (!status)
		status = expiry(invocation->values[OPTION_NUMBER_EXPIRES], until);
	if (status)
		return status;
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return fail(SLUICE_EXIT_FAILURE, "the kernel gives no random bits");
	print_hex(secret, token + strlen(SLUICE_TOKEN_PREFIX));
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), hash))
		return fail(SLUICE_EXIT_FAILURE, "GnuTLS has no SHA-256");
	print_hex(hash, hash_text);
	line = text_printf("%s sha256=%s role=%s%s%s%s", name, hash_text, role, until,
			   from ? " from=" : "", from ? from : "");
	print(invocation, token, line);
	return SLUICE_EXIT_OK;
}
