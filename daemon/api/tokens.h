/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tokens.h - bearer tokens: the file that says what each may do, and the look at one that came. Pure.
 *
 * A line a token, words with blanks between, "#" and empty lines passed over:
 *
 *	NAME sha256=HEX role=ROLE [expires=2027-01-31T12:00:00Z] [from=PREFIX,PREFIX]
 *
 * The hash is of the token as it is sent ("sluice_" and 64 hex digits), whose 256 bits are random: it
 * needs no salt, and no slow hash. Names and hashes are unique. `sluicectl token new` makes a line.
 */
#ifndef SLUICE_API_TOKENS_H
#define SLUICE_API_TOKENS_H

#include "base/address.h"
#include "base/error.h"
#include "sluice/api.h"

#include <stdint.h>

#define TOKENS_MAX	 1024
#define TOKEN_NAME_MAX	 64 /* with the NUL */
#define TOKEN_HASH_BYTES 32

struct token {
	char name[TOKEN_NAME_MAX];
	uint8_t hash[TOKEN_HASH_BYTES];
	enum sluice_role role;
	uint64_t expires_s;  /* Unix time; 0: never */
	struct prefix *from; /* owned; none: from anywhere */
	size_t n_from;
};

struct tokens {
	struct token *list; /* owned */
	size_t count;
};

/* -EINVAL with all errors, "NAME:line:column", and *ret_tokens is untouched. */
int tokens_read(const char *name, const char *text, size_t size, struct tokens **ret_tokens,
		struct sl_errors *errors);
void tokens_free(struct tokens *tokens);

/* The token in the value of a header Authorization, or NULL: absent, or not "Bearer" and one word. */
const char *tokens_bearer(const char *authorization);

enum token_state {
	TOKEN_GOOD = 1,
	TOKEN_UNKNOWN,
	TOKEN_EXPIRED,
	TOKEN_ELSEWHERE, /* not from this address */
};

/*
 * Takes the same time whichever is meant. *ret_token is the one whose hash it has, whatever its state;
 * NULL if it is unknown.
 */
enum token_state tokens_find(const struct tokens *tokens, const char *bearer,
			     const struct address *from, uint64_t now_s,
			     const struct token **ret_token);

#endif
