/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The API's pure parts: bodies and frames; and the listening sockets.
 */
#include "api/api.h"
#include "api/body.h"
#include "api/frame.h"
#include "api/head.h"
#include "base/memory.h"
#include "engine/engine.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- bodies -------------------------------------------------------------------------------------------- */

static void expect_error(const char *body, bool explain, const char *where, const char *what)
{
	struct sl_errors errors = {0};
	struct body_explain parsed;
	struct body_backend backend;
	int result = explain ? body_parse_explain(body, strlen(body), &parsed, &errors)
			     : body_parse_backend(body, strlen(body), &backend, &errors);

	cr_assert_eq(result, -EINVAL, "%s", body);
	cr_assert_geq(errors.count, 1);
	cr_expect_str_eq(errors.list[0].where, where);
	cr_expect(strstr(errors.list[0].what, what), "%s: %s", body, errors.list[0].what);
	sl_errors_deinit(&errors);
}

Test(api_parts, backend_bodies)
{
	struct body_backend body;

	cr_assert_eq(body_parse_backend("{\"weight\":1000}", 15, &body, NULL), 0);
	cr_expect(body.has_weight && !body.has_admin && body.weight == 1000);
	cr_assert_eq(body_parse_backend("{\"weight\":null,\"admin\":\"drain\"}", 31, &body, NULL),
		     0);
	cr_expect(body.weight == -1 && body.admin == ADMIN_DRAIN);
	expect_error("", false, "body", "line 1");
	expect_error("[]", false, "body", "not an object");
	expect_error("{}", false, "body", "neither");
	expect_error("{\"weight\":1001}", false, "body.weight", "0 to 1000");
	expect_error("{\"weight\":-1}", false, "body.weight", "0 to 1000");
	expect_error("{\"weight\":1.5}", false, "body.weight", "0 to 1000");
	expect_error("{\"weight\":1,\"weight\":2}", false, "body", "duplicate");
	expect_error("{\"wait\":1}", false, "body", "unknown member \"wait\"");
	expect_error("{\"admin\":[[[[[[[[[]]]]]]]]]}", false, "body", "nested deeper than 8");
	expect_error("{\"admin\":\"[[[[[[[[[[[\"}", false, "body.admin", "ready");
	expect_error("{\"admin\":null}", false, "body.admin", "ready");
}

#define FLOW                                                                                       \
	"\"protocol\":\"tcp\",\"source\":\"192.0.2.1\",\"source-port\":1,"                         \
	"\"destination\":\"192.0.2.2\",\"destination-port\":65535"

Test(api_parts, explain_bodies)
{
	static const char flags[] = "{" FLOW ",\"tcp-flags\":\"syn,ack\"}", plain[] = "{" FLOW "}";
	struct body_explain body;

	cr_assert_eq(body_parse_explain(flags, strlen(flags), &body, NULL), 0);
	cr_expect_eq(body.tcp_flags, 0x12);
	cr_assert_eq(body_parse_explain(plain, strlen(plain), &body, NULL), 0);
	cr_expect(body.tcp_flags == 2 && body.source_port == 1 && body.destination_port == 65535);
	expect_error("{}", true, "body", "needs \"frame_hex\"");
	expect_error("{" FLOW ",\"tcp-flags\":\"sin\"}", true, "body.tcp-flags", "\"sin\" is none");
	expect_error("{" FLOW ",\"frame_hex\":\"0000000000000000000000000800\"}", true, "body",
		     "both");
	expect_error("{\"frame_hex\":\"00\"}", true, "body.frame_hex", "14 to 2048");
	expect_error("{\"frame_hex\":\"00000000000000000000000008zz\"}", true, "body.frame_hex",
		     "byte 13");
	expect_error("{\"protocol\":\"icmp\"}", true, "body.protocol", "tcp");
	expect_error("{\"source\":\"1.2.3\"}", true, "body.source", "address");
	expect_error("{\"source-port\":65536}", true, "body.source-port", "65535");
	expect_error("{\"interface\":\"0123456789012345\"}", true, "body.interface", "name");
	expect_error("{\"protocol\":\"udp\",\"source\":\"192.0.2.1\",\"source-port\":1,"
		     "\"destination\":\"2001:db8::1\",\"destination-port\":2}",
		     true, "body", "an IPv4 and an IPv6 address");
	expect_error("{\"protocol\":\"udp\",\"source\":\"192.0.2.1\",\"source-port\":1,"
		     "\"destination\":\"192.0.2.1\",\"destination-port\":2,\"tcp-flags\":\"\"}",
		     true, "body.tcp-flags", "UDP");
}

/* ---- frames -------------------------------------------------------------------------------------------- */

/* Frames as scapy 2.5 builds them from the same fields. */
Test(api_parts, frames)
{
	static const struct {
		const char *source, *destination;
		uint8_t protocol;
		const char *hex;
	} cases[] = {
		{"198.51.100.7", "192.0.2.1", IPPROTO_TCP,
		 "0200000000010200000000020800450000280000400040064e94c6336407c000"
		 "0201123401bb00000000000000005012ffffafa70000"},
		{"198.51.100.7", "192.0.2.1", IPPROTO_UDP,
		 "02000000000102000000000208004500001c0000400040114e95c6336407c000"
		 "0201123401bb0008ffb2"},
		{"2001:db8::7", "2001:db8:1::1", IPPROTO_TCP,
		 "02000000000102000000000286dd600000000014064020010db8000000000000"
		 "00000000000720010db8000100000000000000000001123401bb000000000000"
		 "00005012ffff40690000"},
		{"2001:db8::7", "2001:db8:1::1", IPPROTO_UDP,
		 "02000000000102000000000286dd600000000008114020010db8000000000000"
		 "00000000000720010db8000100000000000000000001123401bb00089074"},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		struct body_explain flow = {
			.protocol = cases[i].protocol,
			.source_port = 4660,
			.destination_port = 443,
			.tcp_flags = 0x12,
		};
		uint8_t frame[FRAME_FLOW_MAX];
		_cleanup_free_ char *hex = NULL;

		address_parse(cases[i].source, &flow.source);
		address_parse(cases[i].destination, &flow.destination);
		hex = frame_hex(frame, frame_of_flow(&flow, frame));
		cr_expect_str_eq(hex, cases[i].hex);
	}
}

/* ---- heads --------------------------------------------------------------------------------------------- */

/* However a head comes in pieces, it is refused or accepted as in one. */
Test(api_parts, heads_in_pieces)
{
	static const char head[] = "GET /v1/status HTTP/1.1\r\nHost: a\r\nX-B: c d\r\n\r\n";
	struct head_refusal refusal;

	for (size_t size = 0; size < sizeof(head) - 1; size++)
		cr_expect_eq(head_check(head, size, &refusal), HEAD_INCOMPLETE, "%zu", size);
	cr_expect_eq(head_check(head, sizeof(head) - 1, &refusal), HEAD_GOOD);
	cr_expect_eq(head_check(head, sizeof(head), &refusal), HEAD_GOOD);
}

/* ---- sockets ------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/sluice-listen-XXXXXX";
static char path[128];

static void make_directory(void)
{
	cr_assert(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/run/api.sock", directory);
}

static void remove_directory(void)
{
	char parent[100];

	snprintf(parent, sizeof(parent), "%s/run", directory);
	unlink(path);
	rmdir(parent);
	rmdir(directory);
}

TestSuite(api_listen, .init = make_directory, .fini = remove_directory, .timeout = 30);

static int listen_here(struct sl_errors *errors)
{
	return api_listen_unix(path, 0660, getuid(), getgid(), errors);
}

Test(api_listen, modes)
{
	int fd = listen_here(NULL);
	struct stat socket_stat, directory_stat;
	char parent[100];

	snprintf(parent, sizeof(parent), "%s/run", directory);
	cr_assert_geq(fd, 0);
	cr_assert(!stat(path, &socket_stat) && !stat(parent, &directory_stat));
	cr_expect_eq(socket_stat.st_mode, S_IFSOCK | 0660);
	cr_expect_eq(directory_stat.st_mode, S_IFDIR | 0755);
	close(fd);
}

Test(api_listen, stale_is_replaced_and_live_is_not)
{
	struct sl_errors errors = {0};
	int first = listen_here(NULL), second;

	close(first);
	second = listen_here(NULL);
	cr_assert_geq(second, 0);
	cr_expect_eq(listen_here(&errors), -EADDRINUSE);
	cr_expect_str_eq(errors.list[0].what, "another daemon answers here");
	close(second);
	sl_errors_deinit(&errors);
}

Test(api_listen, a_file_is_left_alone)
{
	struct sl_errors errors = {0};
	int fd;

	close(listen_here(NULL));
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	cr_expect_eq(listen_here(&errors), -EEXIST);
	cr_expect(!access(path, F_OK));
	close(fd);
	sl_errors_deinit(&errors);
}

Test(api_listen, bad_paths)
{
	struct sl_errors errors = {0};
	char longer[200];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	cr_expect_eq(api_listen_unix("relative", 0660, 0, 0, &errors), -EINVAL);
	cr_expect_eq(api_listen_unix(longer, 0660, 0, 0, &errors), -ENAMETOOLONG);
	sl_errors_deinit(&errors);
}

Test(api_listen, tcp_is_of_the_hosts_addresses)
{
	static const struct {
		const char *address;
		bool good;
	} cases[] = {{"127.0.0.1", true}, {"127.1.2.3", true}, {"::1", true},
		     {"0.0.0.0", true},	  {"::", true},	       {"192.0.2.1", false}};

	for (size_t i = 0; i < sl_count(cases); i++) {
		struct address address;
		int fd;

		address_parse(cases[i].address, &address);
		fd = api_listen_tcp("api.listen", &address, 0, NULL);
		cr_expect_eq(fd >= 0, cases[i].good, "%s", cases[i].address);
		if (fd >= 0)
			close(fd);
	}
}
