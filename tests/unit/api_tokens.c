/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tokens file, word for word what it refuses, and which token may do what from where and when.
 */
#include "api/tokens.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

/* sha256sum(1) of "sluice_secret" and of "other" */
#define HASH  "35c8b1cb9b4e2a6af2d3e3f42ee1dc0c9b4a3db5dbf1b57ea2fdd1bd8d53e7a3"
#define OTHER "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"

static struct tokens *read_good(const char *text)
{
	struct sl_errors errors = {0};
	struct tokens *tokens = NULL;
	int err = tokens_read("tokens", text, strlen(text), &tokens, &errors);
	_cleanup_free_ char *said = sl_errors_text(&errors);

	cr_assert(!err, "%s", said);
	return tokens;
}

Test(tokens, what_is_wrong_is_said_with_its_place)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"ci\n", "tokens:1:1: sha256 is missing: NAME sha256=HEX role=ROLE\n"
			 "tokens:1:1: role is missing: NAME sha256=HEX role=ROLE\n"},
		{"\n# a\nci sha256=12 role=admim\n",
		 "tokens:3:4: sha256: not 64 hex digits in lower case\n"
		 "tokens:3:14: role: admim is none of viewer, operator, admin\n"},
		{"c/i sha256=" HASH " role=none\n",
		 "tokens:1:1: \"c/i\" is not a name (1 to 63 letters, digits, _ . : -)\n"
		 "tokens:1:77: role: none is none of viewer, operator, admin\n"},
		{"ci sha256=" OTHER " role=viewer expires=2027-02-30T00:00:00Z from=10.0.0.1/8,x\n",
		 "tokens:1:88: expires: 2027-02-30T00:00:00Z is no time like 2027-01-31T12:00:00Z\n"
		 "tokens:1:117: from: \"10.0.0.1/8\" is no prefix like 10.0.0.0/8 or "
		 "2001:db8::/32\n"},
		{"a sha256=" OTHER " role=viewer rolle=admin role=admin until\n",
		 "tokens:1:87: \"rolle\" is none of sha256, role, expires, from\n"
		 "tokens:1:99: role: twice\n"
		 "tokens:1:110: \"until\" is none of sha256, role, expires, from\n"},
		{"a sha256=" OTHER " role=viewer\na sha256=" HASH " role=viewer\n"
		 "b sha256=" OTHER " role=admin\n",
		 "tokens:2:1: there is a token a already\n"
		 "tokens:3:1: the same hash as that of a\n"},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		struct sl_errors errors = {0};
		struct tokens *tokens = NULL;
		int err = tokens_read("tokens", cases[i].text, strlen(cases[i].text), &tokens,
				      &errors);
		_cleanup_free_ char *said = sl_errors_text(&errors);

		cr_expect(err && !tokens);
		cr_expect_str_eq(said, cases[i].said, "case %zu: %s", i, said);
		sl_errors_deinit(&errors);
	}
}

Test(tokens, a_nul_is_refused)
{
	struct sl_errors errors = {0};
	struct tokens *tokens = NULL;

	cr_expect(tokens_read("tokens", "# \0\n", 4, &tokens, &errors));
	sl_errors_deinit(&errors);
}

Test(tokens, one_that_is_known_may_until_it_expires_and_from_where_it_may)
{
	/* The hash is sha256sum's of "abc", FIPS 180-4's first example. */
	struct tokens *tokens = read_good(
		"# who has what\n"
		"ci\tsha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
		"role=operator expires=2027-01-31T12:00:00Z from=10.0.0.0/8,2001:db8::/33\n"
		"  all sha256=" OTHER " role=admin  \n");
	static const struct {
		const char *bearer, *from;
		uint64_t now_s;
		enum token_state state;
	} cases[] = {
		{"abc", "10.255.0.1", 1801396799, TOKEN_GOOD},
		{"abc", "10.255.0.1", 1801396800, TOKEN_EXPIRED},
		{"abc", "11.0.0.0", 0, TOKEN_ELSEWHERE},
		{"abc", "2001:db8:7fff::1", 0, TOKEN_GOOD},
		{"abc", "2001:db8:8000::1", 0, TOKEN_ELSEWHERE},
		{"abd", "10.0.0.1", 0, TOKEN_UNKNOWN},
		{"", "10.0.0.1", 0, TOKEN_UNKNOWN},
		{"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "10.0.0.1", 0,
		 TOKEN_UNKNOWN},
	};

	cr_assert_eq(tokens->count, 2);
	for (size_t i = 0; i < sl_count(cases); i++) {
		const struct token *token;
		struct address from;

		cr_assert(address_parse(cases[i].from, &from));
		cr_expect_eq(tokens_find(tokens, cases[i].bearer, &from, cases[i].now_s, &token),
			     cases[i].state, "case %zu", i);
		cr_expect_eq(token != NULL, cases[i].state != TOKEN_UNKNOWN);
		if (token)
			cr_expect(!strcmp(token->name, "ci") &&
				  token->role == SLUICE_ROLE_OPERATOR);
	}
	tokens_free(tokens);
}

Test(tokens, a_bearer_is_one_word)
{
	static const char *const bad[] = {"",	     "Bearer",	   "Bearer ",	 "Basic abc",
					  "Bearerx", "Bearer a b", "Bearer a,b", "abc"};

	cr_expect_str_eq(tokens_bearer("Bearer abc"), "abc");
	cr_expect_str_eq(tokens_bearer("bEARER  abc"), "abc");
	cr_expect_null(tokens_bearer(NULL));
	for (size_t i = 0; i < sl_count(bad); i++)
		cr_expect_null(tokens_bearer(bad[i]), "%s", bad[i]);
}
