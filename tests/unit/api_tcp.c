/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP listener as clients of others' making see it: curl and openssl, with TLS and without, with
 * tokens good and bad.
 */
#include "api/tls.h"
#include "base/memory.h"
#include "served.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct served served;

/* The hashes are of "look", "work", "rule", "old" and "far", by sha256sum. */
static const char prepare[] =
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x "
	"-addext subjectAltName=DNS:edge.example,IP:127.0.0.1 -keyout api.key -out api.crt "
	"2>/dev/null && "
	"{ while read name role more; do "
	"echo $name sha256=$(printf %s $name | sha256sum | cut -d' ' -f1) role=$role $more; done "
	">tokens <<EOF\n"
	"look viewer from=127.0.0.0/8\nwork operator\nrule admin expires=2100-01-01T00:00:00Z\n"
	"old admin expires=2001-01-01T00:00:00Z\nfar admin from=192.0.2.0/24\nEOF\n}";

#define REST                                                                                       \
	"interfaces: {eth0: }\n"                                                                   \
	"pools: {web: {check: {type: none}, backends: [{name: web1, address: 10.0.0.11}]}}\n"      \
	"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n"
#define SECRET "api: {listen: 127.0.0.1:1, certificate: /x, key: /x, rate: 1000, burst: 1000}\n"
static const char secret[] = SECRET REST;
static const char plain[] = "api: {listen: 127.0.0.1:1, rate: 1, burst: 12}\n" REST;

static int in_directory(const char *line)
{
	_cleanup_free_ char *command = sl_printf("cd %s; %s", served.directory, line);

	return system(command);
}

static void start_with(const char *config)
{
	served = (struct served){.directory = "/tmp/sluice-api-XXXXXX"};
	cr_assert(mkdtemp(served.directory));
	cr_assert(!in_directory(prepare));
	served_begin(&served, config);
}

static void start(void)
{
	start_with(secret);
}

static void stop(void)
{
	in_directory("rm -f api.crt api.key tokens new.* small");
	served_stop(&served);
}

TestSuite(api_tls, .init = start, .fini = stop, .timeout = 60);
TestSuite(api_plain, .fini = stop, .timeout = 60);

/* What the command prints while the loop serves; $PORT is the listener's. Caller frees. */
static char *run(const char *line)
{
	_cleanup_free_ char *command =
		sl_printf("cd %s; PORT=%u; (%s) 2>&1 & wait", served.directory, served.port, line);
	FILE *in = popen(command, "r");
	char *text = sl_calloc(1, 1), part[4096];
	size_t size = 0;

	fcntl(fileno(in), F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t more = read(fileno(in), part, sizeof(part));

		event_base_loop(served.base, EVLOOP_NONBLOCK);
		if (more < 0 && errno == EAGAIN)
			usleep(500);
		if (!more)
			break;
		if (more < 0)
			continue;
		text = sl_realloc_array(text, size + more + 1, 1);
		memcpy(text + size, part, more);
		text[size += more] = '\0';
	}
	pclose(in);
	return text;
}

static void expect(const char *line, const char *part)
{
	_cleanup_free_ char *text = run(line);

	cr_expect(strstr(text, part), "%s\n--- no \"%s\" in:\n%s", line, part, text);
}

#define CURL                                                                                       \
	"curl -sS -m 10 -w '\\n%{http_code}\\n' --cacert api.crt --resolve "                       \
	"edge.example:$PORT:127.0.0.1 "
#define URL   " https://edge.example:$PORT"
#define TOKEN " -H 'Authorization: Bearer "

Test(api_tls, a_token_opens_what_its_role_may)
{
	expect(CURL TOKEN "look'" URL "/v1/status", "\n200");
	expect(CURL TOKEN "look' -X POST" URL "/v1/detach",
	       "\"where\":\"token:look\",\"what\":\"has the role viewer; this needs admin\"");
	expect(CURL TOKEN "work' -d '{\"weight\":3}'" URL "/v1/backends/web/web1", "\n200");
	expect(CURL TOKEN "work' -T tokens" URL "/v1/config", "\n403");
	expect(CURL TOKEN "rule' -X POST" URL "/v1/detach", "\n200");
	expect(CURL TOKEN "look' https://127.0.0.1:$PORT/healthz", "ok\n\n200");
	cr_expect(served.fake->detached);
}

Test(api_tls, a_bad_token_opens_nothing_and_says_why)
{
	expect(CURL URL "/v1/status", "needs \\\"Bearer\\\" and a token");
	expect(CURL "-i" URL "/v1/status", "WWW-Authenticate: Bearer\r\n");
	expect(CURL TOKEN "lookk'" URL "/v1/status", "no such token is known here");
	expect(CURL TOKEN "old'" URL "/v1/status",
	       "\"where\":\"token:old\",\"what\":\"has expired\"");
	expect(CURL TOKEN "old'" URL "/v1/status", "\n401");
	expect(CURL TOKEN "far'" URL "/v1/status", "may not be used from this address");
	expect(CURL TOKEN "far'" URL "/v1/status", "\n403");
	expect(CURL URL "/v1/nothing", "\n401");
	cr_expect(!served.fake->detached);
}

Test(api_tls, the_host_is_one_of_the_certificate)
{
	expect(CURL TOKEN "look' -H 'Host: evil.example'" URL "/v1/status", "\n421");
	expect(CURL TOKEN "look' -H 'Host: EDGE.example:1'" URL "/v1/status", "\n200");
}

Test(api_tls, no_page_of_another_origin_may_read)
{
	_cleanup_free_ char *text =
		run(CURL "-i" TOKEN "look' -H 'Origin: https://evil.example'" URL "/v1/status");

	cr_expect(strstr(text, "\n200"), "%s", text);
	cr_expect(!strcasestr(text, "access-control"), "%s", text);
	expect(CURL "-X OPTIONS" TOKEN "look'" URL "/v1/status", "\n405");
}

Test(api_tls, large_bodies_both_ways)
{
	expect("{ echo '# ' $(head -c 3000000 /dev/zero | tr '\\0' x); cat; } >new.yaml "
	       "<<EOF\n" REST "EOF\n" CURL TOKEN "rule' --data-binary @new.yaml" URL "/v1/diff",
	       "\"kind\":\"Diff\"");
	expect("{ cat <<EOF\n" SECRET
	       "EOF\necho 'interfaces: {eth0: }'; echo 'pools: {web: {backends: ['; "
	       "for i in $(seq 200); do for j in 1 2 3 4 5; do "
	       "echo \"  {name: backend-$i-$j, address: 10.0.$i.$j},\"; done; done; "
	       "echo ']}}'; } >new.yaml; " CURL TOKEN "rule' -T new.yaml" URL "/v1/config",
	       "\n200");
	expect(CURL TOKEN "look'" URL "/v1/config >new.out; test $(wc -c <new.out) -gt 50000 && "
			  "grep backend-200-5 new.out && tail -1 new.out",
	       "\n200");
}

Test(api_tls, heads_are_looked_at_behind_it_too)
{
#define SEND(head)                                                                                 \
	"printf '" head "' | openssl s_client -quiet -connect 127.0.0.1:$PORT 2>/dev/null"
	expect(SEND("GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nAuthorization: Bearer "
		    "look\\r\\n"
		    "\\r\\n"),
	       "HTTP/1.1 200 OK");
	expect(SEND("GET /healthz HTTP/1.1\\nHost: 127.0.0.1\\n\\n"),
	       "a line feed without a carriage return");
	expect(SEND("GET /healthz\\0 HTTP/1.1\\r\\n\\r\\n"), "a NUL in the head");
	expect(SEND("PUT /v1/config HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 1\\r\\n"
		    "Content-Length: 1\\r\\n\\r\\nx"),
	       "more than one Content-Length");
	expect(SEND("PUT /v1/config HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 1\\r\\n"
		    "Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n"),
	       "both Content-Length and Transfer-Encoding");
}

Test(api_tls, not_below_1_2)
{
	expect("openssl s_client -tls1_1 -cipher ALL:@SECLEVEL=0 -connect 127.0.0.1:$PORT "
	       "</dev/null",
	       "alert protocol version");
	expect("openssl s_client -tls1_2 -connect 127.0.0.1:$PORT </dev/null", "TLSv1.2");
	expect("openssl s_client -tls1_3 -connect 127.0.0.1:$PORT </dev/null", "TLSv1.3");
}

Test(api_tls, without_tls_nothing_is_said)
{
	expect("curl -sS -m 10 http://127.0.0.1:$PORT/healthz", "curl: (");
}

#define CTL                                                                                        \
	"umask 77; echo %s >new.token; SLUICE_SERVER=https://127.0.0.1:$PORT "                     \
	"SLUICE_TOKEN_FILE=new.token $OLDPWD/build/san/sluicectl --ca api.crt "

/* By sluicectl, with that token. */
static void ctl_says(const char *token, const char *words, const char *part)
{
	_cleanup_free_ char *begin = sl_printf(CTL, token);
	_cleanup_free_ char *line = sl_printf("%s%s; echo exit $?", begin, words);

	expect(line, part);
}

Test(api_tls, sluicectl_goes_by_it)
{
	ctl_says("look", "status", "healthy\n");
	ctl_says("look", "status", "exit 0");
	ctl_says("work", "weight web/web1 7", "web/web1: weight 7\nexit 0");
	ctl_says("look", "weight web/web1 7",
		 "token:look: has the role viewer; this needs operator\n"
		 "sluicectl: not with this role\nexit 5");
	ctl_says("lost", "status",
		 "Authorization: no such token is known here\nsluicectl: a wrong token\nexit 5");
	ctl_says("old", "status", "token:old: has expired\nsluicectl: an expired token\nexit 5");
	ctl_says("look", "status --ca tokens", "tokens: no certificates can be read\nexit 2");
	ctl_says("look", "status --ca /etc/ssl/certs/ca-certificates.crt",
		 "its certificate is not to be trusted: it is for another host, has expired, or "
		 "needs --ca FILE\nexit 5");
}

static char *serial(void)
{
	return run("openssl s_client -connect 127.0.0.1:$PORT </dev/null 2>/dev/null | "
		   "openssl x509 -noout -serial");
}

Test(api_tls, files_are_read_anew_or_stay)
{
	struct sl_errors errors = {0};
	_cleanup_free_ char *before = serial(), *after = NULL, *kept = NULL;

	cr_assert(!in_directory(prepare) && !in_directory("sed -i /^look/d tokens"));
	cr_assert(!api_reload(served.api, &errors));
	after = serial();
	cr_expect(strstr(after, "serial=") && strcmp(before, after), "%s", after);
	expect(CURL TOKEN "look'" URL "/v1/status", "\n401");
	expect(CURL TOKEN "work'" URL "/v1/status", "\n200");
	cr_assert(!in_directory("openssl genpkey -algorithm ed25519 -out api.key 2>/dev/null; "
				"sed -i /^work/d tokens"));
	cr_expect(api_reload(served.api, &errors));
	cr_expect_str_eq(errors.list[0].what, "is not the key of /x");
	kept = serial();
	cr_expect_str_eq(kept, after);
	expect(CURL TOKEN "work'" URL "/v1/status", "\n200");
	sl_errors_deinit(&errors);
}

/* Connected, and silent: they give way, and hold up nobody. */
Test(api_tls, those_who_shake_no_hand_hold_up_nobody)
{
	expect("python3 -c 'import socket, sys, time; "
	       "all = [socket.create_connection((\"127.0.0.1\", int(sys.argv[1]))) for i in "
	       "range(70)]; "
	       "time.sleep(4)' $PORT & sleep 1; "
	       "for i in 1 2 3; do " CURL TOKEN "look'" URL "/v1/version; done; kill $!",
	       "\"kind\":\"Version\"");
}

/* Answered, and then silent: they give way, too. */
Test(api_tls, those_who_do_not_close_hold_up_nobody)
{
	expect("python3 -c 'import socket, ssl, sys\n"
	       "context = ssl._create_unverified_context()\n"
	       "all = []\n"
	       "for i in range(150):\n"
	       "  one = socket.create_connection((\"127.0.0.1\", int(sys.argv[1])))\n"
	       "  one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
	       "  one = context.wrap_socket(one)\n"
	       "  one.send(b\"GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n\")\n"
	       "  assert one.recv(8) == b\"HTTP/1.1\", i\n"
	       "  all.append(one)\n"
	       "print(len(all))' $PORT",
	       "150\n");
}

/* More than the sockets hold is asked for, nothing read, and much sent: it ends. */
Test(api_tls, who_sends_and_never_reads_is_closed)
{
	expect("{ cat <<EOF\n" SECRET
	       "EOF\necho 'interfaces: {eth0: }'; echo 'pools: {web: {backends: ['; "
	       "for i in $(seq 200); do for j in $(seq 40); do "
	       "echo \"  {name: backend-$i-$j, address: 10.0.$i.$j},\"; done; done; "
	       "echo ']}}'; } >new.yaml; " CURL TOKEN "rule' -T new.yaml" URL "/v1/config",
	       "\n200");
	expect("python3 -c 'import socket, ssl, sys\n"
	       "one = socket.socket()\n"
	       "one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)\n"
	       "one.connect((\"127.0.0.1\", int(sys.argv[1])))\n"
	       "one = ssl._create_unverified_context().wrap_socket(one)\n"
	       "one.settimeout(40)\n"
	       "one.send(b\"GET /v1/config HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\"\n"
	       "         b\"Authorization: Bearer look\\r\\n\\r\\n\")\n"
	       "try:\n"
	       "  for i in range(3000): one.send(b\"x\" * 16384)\n"
	       "  print(\"took all\")\n"
	       "except (ConnectionError, ssl.SSLError): print(\"closed\")\n"
	       "except TimeoutError: print(\"still there\")' $PORT",
	       "closed");
}

Test(api_plain, on_loopback_tokens_do)
{
	start_with(plain);
#define PLAIN "curl -sS -m 10 -w '\\n%{http_code}\\n' http://127.0.0.1:$PORT"
	expect(PLAIN "/v1/status" TOKEN "look'", "\n200");
	expect(PLAIN "/v1/status", "\n401");
	expect(PLAIN "/v1/status" TOKEN "look' -H 'Host: evil.example'", "\n421");
	expect("for i in $(seq 13); do " PLAIN "/v1/status" TOKEN "look' -i; done",
	       "HTTP/1.1 429 Too Many Requests");
	expect(PLAIN "/v1/status" TOKEN "look' -i", "Retry-After: 1\r\n");
}
