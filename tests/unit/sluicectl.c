/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client as an operator sees it: what it prints and how it exits, over the real API.
 *
 * Each case runs build/san/sluicectl (or $SLUICECTL) and compares output, messages and exit status with
 * tests/ctl/NAME.golden. UPDATE_GOLDENS=1 writes the files anew.
 */
#include "base/memory.h"
#include "served.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct served served;
static char *program; /* a copy, beside which a sluiced of the test's stands */

static void write_file(const char *name, mode_t mode, const void *bytes, size_t size)
{
	_cleanup_free_ char *path = sl_printf("%s/%s", served.directory, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);

	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

static void copy_program(void)
{
	const char *from = getenv("SLUICECTL") ? getenv("SLUICECTL") : "build/san/sluicectl";
	FILE *in = fopen(from, "r");
	char *bytes = sl_calloc(1, 64 << 20);
	size_t size;

	cr_assert(in, "%s: build it first", from);
	size = fread(bytes, 1, 64 << 20, in);
	fclose(in);
	write_file("sluicectl", 0755, bytes, size);
	free(bytes);
	program = sl_printf("%s/sluicectl", served.directory);
}

/* As a daemon that was killed leaves it. */
static void leave_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", served.directory, name);
	cr_assert(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

static void start_with(const char *config)
{
	static const char sluiced[] = "#!/bin/sh\necho \"sluiced $*\"\nexit 3\n";
	static const char same[] =
		"interfaces: {eth0: }\n"
		"pools: {web: {check: {type: none}, backends: [{name: web1, address: "
		"10.0.0.11}]}}\n"
		"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
	static const char own[] =
		"interfaces: {eth0: }\n"
		"pools: {web: {backends: [{name: web1, address: 10.0.0.11}]}}\n"
		"services:\n"
		"  ssh: {vip: " FAKE_OWN ", protocol: tcp, port: 22, pool: web}\n"
		"  all: {vip: " FAKE_OWN ", protocol: tcp, port: any, pool: web}\n"
		"  one: {vip: " FAKE_OWN ", protocol: udp, port: 53, pool: web}\n";
	static const char restart[] =
		"interfaces: {eth1: }\n"
		"capacity: {flows: 2048}\n"
		"pools: {web: {backends: [{name: web1, address: 10.0.0.11}]}}\n"
		"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
	static const char bad[] =
		"interfaces: {eth0: }\nserfices: {}\npools: {a: {check: {type: tpc}}}\n";

	served = served_start(config);
	copy_program();
	leave_socket("stale.sock");
	write_file("sluiced", 0755, sluiced, sizeof(sluiced) - 1);
	write_file("same.yaml", 0644, served_config, strlen(served_config));
	write_file("other.yaml", 0644, same, sizeof(same) - 1);
	write_file("bad.yaml", 0644, bad, sizeof(bad) - 1);
	write_file("own.yaml", 0644, own, sizeof(own) - 1);
	write_file("restart.yaml", 0644, restart, sizeof(restart) - 1);
}

static void start(void)
{
	start_with(served_config);
}

static void stop(void)
{
	static const char *const names[] = {"sluicectl", "sluiced",    "same.yaml", "other.yaml",
					    "bad.yaml",	 "stale.sock", "own.yaml",  "restart.yaml"};

	for (size_t i = 0; i < sl_count(names); i++) {
		_cleanup_free_ char *path = sl_printf("%s/%s", served.directory, names[i]);

		unlink(path);
	}
	free(program);
	served_stop(&served);
}

TestSuite(sluicectl, .init = start, .fini = stop, .timeout = 60);

/* ---- running it ------------------------------------------------------------------------------------------ */

static pid_t spawn(const char *line, int out)
{
	_cleanup_free_ char *command = sl_printf("cd %s; %s", served.directory, line);
	pid_t child = fork();

	if (child)
		return child;
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("LC_ALL", "C", 1);
	setenv("SLUICE_SOCKET", served.socket, 1);
	unsetenv("NO_COLOR");
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* Serves until the child is done. */
static char *finish(pid_t child, int in)
{
	char *text = sl_calloc(1, 1);
	size_t size = 0;
	int status;

	for (;;) {
		char part[4096];
		ssize_t more;

		event_base_loop(served.base, EVLOOP_NONBLOCK);
		more = read(in, part, sizeof(part));
		if (more < 0 && errno == EAGAIN) {
			usleep(1000);
			continue;
		}
		if (more <= 0)
			break;
		text = sl_realloc_array(text, size + more + 32, 1);
		memcpy(text + size, part, more);
		size += more;
	}
	text = sl_realloc_array(text, size + 32, 1);
	waitpid(child, &status, 0);
	sprintf(text + size, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return text;
}

/* The test's directory has another name each time. */
static void hide_directory(char *text)
{
	size_t size = strlen(served.directory);

	for (char *at = text; (at = strstr(at, served.directory));) {
		memcpy(at, "DIR", 3);
		memmove(at + 3, at + size, strlen(at + size) + 1);
	}
}

/* Times of this century's third decade on: the fake's own are older. */
static void hide_times(char *text)
{
	unsigned any;
	int size;

	for (char *at = text; (at = strchr(at, '2')); at++) {
		size = 0;
		if (sscanf(at, "20%2u-%2u-%2uT%2u:%2u:%2uZ%n", &any, &any, &any, &any, &any, &any,
			   &size) == 6 &&
		    size == 20 && at[2] >= '2')
			memcpy(at, "YYYY-MM-DDThh:mm:ssZ", 20);
	}
	for (char *at = text; (at = strchr(at, '2')); at++) {
		size = 0;
		if (sscanf(at, "20%2u-%2u-%2uT%2u:%2u:%2u.%3uZ%n", &any, &any, &any, &any, &any,
			   &any, &any, &size) == 7 &&
		    size == 24)
			memcpy(at, "YYYY-MM-DDThh:mm:ss.mmmZ", 24);
	}
	for (char *at = text; (at = strstr(at, " UTC:")); at++)
		memcpy(at - 8, "hh:mm:ss", 8);
}

/* Each request has a trace of its own. */
static void hide_traces(char *text)
{
	for (char *at = text; (at = strstr(at, "trace_id")); at++) {
		char *id = at + strcspn(at, "=:") + 1;

		id += *id == '"';
		memset(id, 'N', strspn(id, "0123456789abcdef"));
	}
}

static char *run(const char *line)
{
	_cleanup_free_ char *echo = sl_printf("$ %s\n", line);
	_cleanup_free_ char *whole = sl_printf("PATH=%s:$PATH; %s", served.directory, line);
	_cleanup_free_ char *text = NULL;
	int ends[2];

	cr_assert(!pipe2(ends, O_CLOEXEC));
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	pid_t child = spawn(whole, ends[1]);

	close(ends[1]);
	text = finish(child, ends[0]);
	close(ends[0]);
	hide_directory(text);
	hide_times(text);
	hide_traces(text);
	return sl_printf("%s%s", echo, text);
}

static void compare(const char *name, const char *text)
{
	_cleanup_free_ char *path = sl_printf("tests/ctl/%s.golden", name);
	static char golden[65536];
	FILE *file;

	if (getenv("UPDATE_GOLDENS")) {
		file = fopen(path, "w");
		cr_assert(file && fputs(text, file) >= 0);
		fclose(file);
	}
	file = fopen(path, "r");
	cr_assert(file, "%s", path);
	golden[fread(golden, 1, sizeof(golden) - 1, file)] = '\0';
	fclose(file);
	cr_expect_str_eq(text, golden, "%s\n--- is:\n%s\n--- should be:\n%s", path, text, golden);
}

#define GOLDEN(name, ...)                                                                          \
	Test(sluicectl, name)                                                                      \
	{                                                                                          \
		run_all(#name, (const char *const[]){__VA_ARGS__, NULL});                          \
	}

static void run_all(const char *name, const char *const *lines)
{
	_cleanup_free_ char *all = sl_strdup("");

	for (; *lines; lines++) {
		_cleanup_free_ char *text = run(*lines);
		char *more = sl_printf("%s%s%s", all, all[0] ? "\n" : "", text);

		free(all);
		all = more;
	}
	compare(name, all);
}

/* ---- what it says ---------------------------------------------------------------------------------------- */

GOLDEN(help, "sluicectl help", "sluicectl", "sluicectl --help", "sluicectl help drain",
       "sluicectl explain --help", "sluicectl help show", "sluicectl help show backends",
       "sluicectl help show services", "sluicectl help apply", "sluicectl help import",
       "sluicectl help import ipvsadm", "sluicectl import haproxy --help")
GOLDEN(completion, "sluicectl completion bash", "sluicectl completion fish",
       "sluicectl completion bash | bash -n")
GOLDEN(usage, "sluicectl stats", "sluicectl show bakends", "sluicectl frobnicate", "sluicectl show",
       "sluicectl status now", "sluicectl status --frob", "sluicectl --frob", "sluicectl -o",
       "sluicectl -o xml status", "sluicectl --timeout 5 status", "sluicectl drain web",
       "sluicectl weight web/web1 1001", "sluicectl weight web/web1 -1",
       "sluicectl explain tcp 192.0.2.1 192.0.2.2:80", "sluicectl explain tcp",
       "sluicectl explain --hex 00 tcp 192.0.2.1:1 192.0.2.2:80",
       "sluicectl explain --hex 0200000000010200g0", "sluicectl explain --hex '02 00'",
       "sluicectl explain --hex 02000", "sluicectl explain --hex 0200",
       "sluicectl apply --if-generation last other.yaml",
       "sluicectl apply --confirm soon other.yaml", "sluicectl apply --max-move most other.yaml",
       "sluicectl apply --max-move 101% other.yaml", "sluicectl confirm now",
       "sluicectl rollback -1", "sluicectl rollback one", "sluicectl history -n many",
       "sluicectl show config --at last")
GOLDEN(no_daemon, "sluicectl -s /nonexistent/api.sock status",
       "sluicectl -s same.yaml show services", "sluicectl -s /nonexistent/api.sock version",
       "sluicectl -s /nonexistent/api.sock diff same.yaml",
       "sluicectl -s /nonexistent/api.sock apply same.yaml", "sluicectl -s . status",
       "sluicectl -s stale.sock status",
       "sluicectl -s /$(printf '%0107d' 0) status; echo status exits $?")
GOLDEN(version, "sluicectl version", "sluicectl version -o json", "sluicectl --output json version",
       "sluicectl --socket /nonexistent/api.sock version")
GOLDEN(status, "sluicectl status", "sluicectl status -o json")
GOLDEN(show, "sluicectl show services", "sluicectl show backends", "sluicectl show flows",
       "sluicectl show verdicts", "sluicectl show interfaces",
       "sluicectl --no-headers show backends")
GOLDEN(show_json, "sluicectl -o json show services", "sluicectl -o json show backends",
       "sluicectl -o json show flows", "sluicectl -o json show interfaces")
GOLDEN(show_config, "sluicectl show config", "sluicectl show config | sluicectl diff -",
       "sluicectl show config -o json", "sluicectl show config -o json | sluicectl diff -",
       "sluicectl show config -o json | sluicectl apply -")
GOLDEN(import, "echo '-A -t 192.0.2.1:80' | sluicectl import ipvsadm -i eth1",
       "echo '-A -t 192.0.2.1:80' | sluicectl import ipvsadm | sluicectl diff -",
       "echo 'listen a' | sluicectl import haproxy - -o json",
       "echo '}' | sluicectl import keepalived -",
       "echo 'virtual_server 192.0.2.1 80 { }' | sluicectl import keepalived - --interface eth9",
       "sluicectl import keepalived missing.conf", "sluicectl import haproxy",
       "sluicectl import nginx same.yaml",
       "sluicectl import haproxy same.yaml --vip www.example.org",
       "sluicectl import haproxy same.yaml --vip 127.0.0.1",
       "sluicectl import haproxy same.yaml -i a/b",
       "sluicectl import keepalived same.yaml --vip 192.0.2.1")
GOLDEN(check, "sluicectl check same.yaml", "sluicectl check same.yaml -o json", "sluicectl check")
GOLDEN(diff, "sluicectl diff same.yaml", "sluicectl diff other.yaml", "sluicectl diff bad.yaml",
       "sluicectl diff missing.yaml", "sluicectl diff other.yaml -o json")
GOLDEN(apply, "sluicectl apply --dry-run other.yaml",
       "sluicectl apply --if-generation 7 other.yaml",
       "sluicectl apply --if-generation 1 other.yaml", "sluicectl apply other.yaml",
       "sluicectl apply bad.yaml", "sluicectl apply missing.yaml",
       "sluicectl apply bad.yaml -o json 2>/dev/null")
GOLDEN(apply_refused, "sluicectl apply --confirm 100ms other.yaml",
       "sluicectl apply --max-move 5% other.yaml",
       "sluicectl apply --max-move 5% --dry-run other.yaml", "sluicectl apply restart.yaml",
       "sluicectl apply --dry-run restart.yaml", "sluicectl diff restart.yaml", "sluicectl history")
GOLDEN(confirm, "sluicectl confirm", "sluicectl apply --confirm 60s -m 'one less' other.yaml",
       "sluicectl apply same.yaml", "sluicectl rollback 7", "sluicectl confirm 7",
       "sluicectl status", "sluicectl history", "sluicectl confirm 2", "sluicectl confirm",
       "sluicectl history")
GOLDEN(undo, "sluicectl apply --confirm 60s other.yaml", "sluicectl rollback --dry-run",
       "sluicectl rollback", "sluicectl rollback", "sluicectl history",
       "sluicectl -o json apply --confirm 1h --dry-run other.yaml | grep -v '^  *\"before'")
GOLDEN(rollback, "sluicectl rollback", "sluicectl rollback 9",
       "sluicectl apply -m 'first' other.yaml", "sluicectl rollback --if-generation 1",
       "sluicectl rollback --max-move 1%", "sluicectl rollback -m 'was better'",
       "sluicectl rollback 2", "sluicectl rollback 2", "sluicectl history",
       "sluicectl rollback --confirm 60s 1", "sluicectl rollback",
       "sluicectl history -n 1 -o json | grep -v hash")
GOLDEN(show_config_at, "sluicectl show config --at 9", "sluicectl apply other.yaml >/dev/null",
       "sluicectl show config --at 1 | sluicectl diff -",
       "sluicectl show config --at 2 | sluicectl diff -",
       "sluicectl show config --at 1 -o json | head -n 3")
GOLDEN(lockout, "sluicectl diff own.yaml", "sluicectl apply own.yaml")
GOLDEN(override, "sluicectl drain web/web1", "sluicectl show backends", "sluicectl enable web/web1",
       "sluicectl disable web/web2", "sluicectl enable web/web2", "sluicectl weight web/web2 7",
       "sluicectl weight web/web2 default", "sluicectl weight web/web2 7",
       "sluicectl show backends", "sluicectl drain web/web9",
       "sluicectl drain 'web/../../v1/detach'")
GOLDEN(override_for, "sluicectl drain web/web1 --for soon", "sluicectl drain web/web1 --for 10ms",
       "sluicectl drain web/web1 --for 1h -m 'new disk'",
       "sluicectl weight web/web1 7 --for 24h --message slow",
       "sluicectl --no-headers show backends | grep web1",
       "sluicectl show backends -o json | grep -A 16 '\"overrides\": {$'",
       "sluicectl disable web/web1 --for 30m -m smoke", "sluicectl enable web/web1 --for 1h",
       "sluicectl enable web/web1 -m 'works again'", "sluicectl weight web/web1 default",
       "sluicectl --no-headers show backends | grep web1", "sluicectl help disable",
       "sluicectl help weight", "sluicectl help enable")
GOLDEN(events, "sluicectl events --since soon", "sluicectl events -n many", "sluicectl events -n 0",
       "sluicectl events --kind sunrise", "sluicectl events now",
       "sluicectl drain web/web1 --for 1h -m 'new disk' >/dev/null",
       "sluicectl weight web/web2 7 >/dev/null", "sluicectl apply other.yaml >/dev/null",
       "sluicectl log api warning >/dev/null", "sluicectl detach >/dev/null", "sluicectl events",
       "sluicectl events -n 1 --kind override", "sluicectl events --limit 1 --kind override,commit",
       "sluicectl events --since 1h --kind commit -o json | sed 's/\"id\":[0-9]*/\"id\":N/'",
       "timeout 1 sluicectl events -f -n 1",
       "timeout 1 sluicectl events --follow --since 1h -o json"
       " --kind detach | sed 's/\"id\":[0-9]*/\"id\":N/'",
       "sluicectl help events")
GOLDEN(explain, "sluicectl explain tcp 198.51.100.1:1234 192.0.2.1:80 --flags ack",
       "sluicectl explain udp '[2001:db8::7]:53' '[2001:db8::1]:53' -i eth0",
       "sluicectl explain --hex ffffffffffff0200000000010806 -o json",
       "sluicectl explain icmp 192.0.2.1:1 192.0.2.2:2",
       "sluicectl explain tcp 192.0.2.1:1 192.0.2.2:2 -i eth7",
       "sluicectl explain tcp 192.0.2.1:1 192.0.2.2:2 --interface eth7")
GOLDEN(terminal, "script -qec 'stty cols 60; sluicectl show flows' /dev/null | cat -v",
       "NO_COLOR=1 script -qec 'stty cols 300; sluicectl show backends' /dev/null | cat -v",
       "script -qec 'sluicectl status' /dev/null | cat -v | head -1")
GOLDEN(log, "sluicectl log", "sluicectl log engine debug", "sluicectl log engine",
       "sluicectl log warning", "sluicectl log", "sluicectl log api loud", "sluicectl log enigne",
       "sluicectl log enigne debug", "sluicectl log a b c", "sluicectl log loader info -o json",
       "sluicectl help log")
GOLDEN(attach, "sluicectl attach --for 60s", "sluicectl detach", "sluicectl attach eth0 --for 60s",
       "sluicectl show interfaces", "sluicectl attach", "sluicectl show interfaces",
       "sluicectl attach -o json", "sluicectl attach --if-generation 7", "sluicectl attach eth7",
       "sluicectl attach --for 1ms", "sluicectl attach --for 2d", "sluicectl help attach")
GOLDEN(if_generation, "sluicectl drain --if-generation 7 web/web1",
       "sluicectl enable --if-generation 7 web/web1",
       "sluicectl disable --if-generation 7 web/web1",
       "sluicectl weight --if-generation 7 web/web1 5", "sluicectl log --if-generation 7 debug",
       "sluicectl detach --if-generation 7", "sluicectl detach --if-generation seven",
       "sluicectl show interfaces", "sluicectl drain --if-generation 1 web/web1")
GOLDEN(watch, "sluicectl status --watch -t 1500ms",
       "sluicectl show backends -w -o json -t 2500ms | cut -c-60 & sleep 1.2; sluicectl disable "
       "web/web1 >&2; wait",
       "sluicectl show services -w -t 700ms --no-headers",
       "sluicectl -s /nonexistent/api.sock status -w", "sluicectl show flows --watch")
GOLDEN(token, "sluicectl token new ci", "sluicectl token new ci --role root",
       "sluicectl token new c/i --role viewer",
       "sluicectl token new ci --role admin --expires soon",
       "sluicectl token new ci --role admin --from 10.0.0.1/8",
       "sluicectl token new ci --role admin --from 10.0.0.0/8,2001:db8::/32,",
       "sluicectl token new ci --role operator --from 10.0.0.0/8,2001:db8::/32 --expires 90d | "
       "sed -E 's/[0-9a-f]{64}/HEX/; s/expires=[0-9T:-]+Z/expires=THEN/'",
       "sluicectl token new ci --role viewer -o json | sed -E 's/[0-9a-f]{64}/HEX/'",
       "sluicectl token new ci --role viewer 2>&- | { read token; read name hash role; "
       "printf sha256=%s $token | sha256sum | wc -c; "
       "test $hash = sha256=$(printf %s $token | sha256sum | cut -c1-64) && echo same; }",
       "sluicectl help token new")
GOLDEN(server, "sluicectl --server edge:9443 status",
       "sluicectl --server http://192.0.2.1:80 status",
       "sluicectl --server https://127.0.0.1:1 status",
       "sluicectl --server https://127.0.0.1:1 --token-file missing status",
       "echo word >open; sluicectl --server https://127.0.0.1:1 --token-file open status; rm open",
       "umask 77; echo 'two words' >token; sluicectl --server https://127.0.0.1:1 --token-file "
       "token status; rm token",
       "umask 77; echo word >token; sluicectl --server https://127.0.0.1:1 --token-file token "
       "status; rm token",
       "umask 77; echo word >token; SLUICE_SERVER=http://127.0.0.1:1 SLUICE_TOKEN_FILE=token "
       "sluicectl status; rm token",
       "SLUICE_SERVER=https://127.0.0.1:1 sluicectl -s $SLUICE_SOCKET --no-headers show interfaces",
       "sluicectl -s a --server https://b:1 status")
GOLDEN(detach, "sluicectl detach", "sluicectl detach", "sluicectl status",
       "sluicectl -s /nonexistent/api.sock detach", "sluicectl detach -p /sys/fs/bpf/x -o json",
       "sluicectl -s /nonexistent/api.sock detach --pin-dir /sys/fs/bpf/x")

GOLDEN(doctor_help, "sluicectl help doctor", "sluicectl doctor now", "sluicectl doctor -o xml")

Test(sluicectl, degraded)
{
	served.fake->health_down = true;
	run_all("degraded",
		(const char *const[]){"sluicectl status", "sluicectl show backends", NULL});
}

Test(sluicectl, refused)
{
	served.fake->fail_commit = true;
	served.fake->fail_counters = true;
	run_all("refused", (const char *const[]){"sluicectl apply other.yaml",
						 "sluicectl show verdicts", NULL});
}

/* Waits while there are records, then until the scans are new enough; and gives up in time. */
Test(sluicectl, drain_wait)
{
	served.fake->draining_flows = 4;
	run_all("drain_wait", (const char *const[]){"sluicectl drain web/web1 --wait", NULL});
	cr_expect_eq(served.fake->draining_flows, 0);
	served.fake->draining_flows = 4;
	run_all("disable_wait", (const char *const[]){"sluicectl disable web/web1 --wait", NULL});
	cr_expect_eq(served.fake->draining_flows, 0);
	served.fake->draining_flows = 1u << 30;
	_cleanup_free_ char *text = run("sluicectl drain web/web1 --wait --timeout 1s");
	cr_expect(strstr(text, "it goes on draining\nexit 7\n"), "%s", text);
}

Test(sluicectl, no_permission)
{
	_cleanup_free_ char *text = NULL;

	if (getuid())
		cr_skip_test("needs root, to become nobody");
	chmod(served.directory, 0755);
	chmod(served.socket, 0600);
	text = run("setpriv --reuid=65534 --regid=65534 --clear-groups sluicectl status");
	cr_expect(strstr(text, "no permission for "), "%s", text);
	cr_expect(strstr(text, "exit 5\n"), "%s", text);
}

Test(sluicectl, silent_daemon)
{
	/* The socket listens, nobody accepts: the loop does not run while the shell waits. */
	_cleanup_free_ char *line =
		sl_printf("cd %s; SLUICE_SOCKET=%s ./sluicectl -t 200ms status 2>/dev/null",
			  served.directory, served.socket);
	int status = system(line);

	cr_expect_eq(WEXITSTATUS(status), 7);
}
