/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics/metrics.h"

#include "base/memory.h"
#include "metrics/writer.h"
#include "served.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static char *scrape(const char *config)
{
	struct served served = served_start(config);
	int status;
	char *text = served_ask(&served, "GET", "/metrics", "", "", &status);

	cr_assert_eq(status, 200);
	served_stop(&served);
	return text;
}

/* Two requests that are answered and one that no route takes. */
static char *scrape_after_requests(void)
{
	static const char *const paths[] = {"/v1/version", "/nowhere", "/v1/version", "/metrics"};
	struct served served = served_start(served_config);
	char *text = NULL;
	int status;

	for (size_t i = 0; i < sl_count(paths); i++) {
		free(text);
		text = served_ask(&served, "GET", paths[i], "", "", &status);
	}
	served_stop(&served);
	return text;
}

static bool has_line(const char *text, const char *line)
{
	_cleanup_free_ char *whole = sl_printf("\n%s\n", line);

	return strstr(text, whole);
}

/* promtool: names, types, helps and units as Prometheus wants them. */
static int promtool(const char *text)
{
	char path[] = "/tmp/sluice-metrics-XXXXXX";
	int fd = mkstemp(path), status;
	_cleanup_free_ char *command = sl_printf("promtool check metrics < %s >&2", path);

	cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	status = system(command);
	unlink(path);
	return status;
}

Test(metrics, promtool_has_no_complaint)
{
	_cleanup_free_ char *text = scrape(served_config);

	cr_expect_eq(promtool(text), 0);
	cr_expect_neq(promtool("# TYPE sluice_packets counter\nsluice_packets 1\n"), 0);
}

#define BACKEND(more) "{service=\"www\",pool=\"web\",backend=\"web2\"" more "}"

static const char *const values[] = {
	"sluice_build_info{version=\"" SLUICE_VERSION "\",abi=\"1\"} 1",
	"sluice_config_generation 1",
	"sluice_config_commit_timestamp_seconds 1000000000",
	"sluice_interface_attached{interface=\"eth0\"} 1",
	"sluice_interface_mode{interface=\"eth0\",mode=\"native\"} 1",
	"sluice_interface_mode{interface=\"eth0\",mode=\"generic\"} 0",
	"sluice_packets_total{verdict=\"truncated\",action=\"XDP_PASS\"} 30",
	"sluice_bytes_total{verdict=\"truncated\",action=\"XDP_PASS\"} 3000",
	"sluice_flow_records 77",
	"sluice_flow_records_capacity 1024",
	"sluice_flow_scans_total 2",
	"sluice_flow_events_total{event=\"created\"} 500",
	"sluice_api_streams 0",
	"sluice_api_streams_dropped_total{reason=\"slow\"} 0",
	"sluice_service_packets_total{service=\"dns\"} 10002",
	"sluice_service_bytes_total{service=\"dns\"} 1000200",
	"sluice_service_new_flows_total{service=\"dns\"} 2",
	"sluice_service_slots{service=\"www\",state=\"moving\"} 3",
	"sluice_service_usable_backends{service=\"www\"} 2",
	"sluice_backend_packets_total" BACKEND("") " 2001",
	"sluice_backend_state" BACKEND(",state=\"up\"") " "
							"1",
	"sluice_backend_state{service=\"www\",pool=\"web\",backend=\"web2\",state=\"down\"}"
	" 0",
	"sluice_backend_weight" BACKEND("") " 50",
	"sluice_backend_bytes_total" BACKEND("") " 200100",
	"sluice_backend_new_flows_total" BACKEND("") " 1",
	"sluice_backend_next_hop_resolved" BACKEND("") " 1",
	"sluice_backend_flow_records" BACKEND(",state=\"established\"") " 2",
	"sluice_backend_slots" BACKEND("") " 33",
	"sluice_check_up{pool=\"web\",backend=\"web1\"} 1",
	"sluice_check_successes_total{pool=\"web\",backend=\"web1\"} 40",
	"sluice_check_failures_total{pool=\"web\",backend=\"web1\"} 4",
	"sluice_check_last_duration_seconds{pool=\"web\",backend=\"web1\"} 0.012",
	"sluice_table_entries{table=\"backends\"} 3",
	"sluice_table_capacity_entries{table=\"backends\"} 1000",
	"sluice_table_entries{table=\"services\"} 1",
	"sluice_table_capacity_entries{table=\"services\"} 999",
	"sluice_table_entries{table=\"slots\"} 48",
	"sluice_table_capacity_entries{table=\"slots\"} 64",
	"sluice_table_entries{table=\"egress\"} 1",
	"sluice_table_capacity_entries{table=\"egress\"} 63",
	"sluice_commits_total{result=\"done\"} 1",
	"sluice_commits_total{result=\"failed\"} 0",
	"sluice_commit_duration_seconds_count 1",
	"sluice_events_total{kind=\"commit\"} 1",
	"sluice_events_total{kind=\"backend_down\"} 0",
	"sluice_events_lost_total 0",
	"sluice_store_degraded 0",
	"sluice_store_waiting 0",
	"sluice_loop_lag_seconds_bucket{le=\"0.0001\"} 5",
	"sluice_loop_lag_seconds_bucket{le=\"+Inf\"} 6",
	"sluice_loop_lag_seconds_sum 0.001234",
	"sluice_loop_lag_seconds_count 6",
	"sluice_api_requests_total{method=\"GET\",path=\"/v1/version\",class=\"2xx\"} 2",
	"sluice_api_requests_total{method=\"\",path=\"\",class=\"4xx\"} 1",
	"sluice_api_request_duration_seconds_count{method=\"GET\",path=\"/v1/version\"} 2",
	"sluice_check_duration_seconds_bucket{type=\"tcp\",le=\"0.00025\"} 0",
	"sluice_check_duration_seconds_bucket{type=\"tcp\",le=\"0.0005\"} 1",
	"sluice_check_duration_seconds_bucket{type=\"tcp\",le=\"5\"} 1",
	"sluice_check_duration_seconds_bucket{type=\"tcp\",le=\"10\"} 2",
	"sluice_check_duration_seconds_sum{type=\"tcp\"} 7.000300",
	"sluice_check_duration_seconds_count{type=\"http\"} 0",
	"sluice_scrape_dropped_series 0",
};

/* Every metric has a line here, or the test fails. */
Test(metrics, values)
{
	_cleanup_free_ char *text = scrape_after_requests();

	for (size_t i = 0; i < sl_count(values); i++)
		cr_expect(has_line(text, values[i]), "%s is not in:\n%s", values[i], text);
	cr_expect_null(strstr(text, "sluice_check_up{pool=\"dns\""));
	for (const struct metric *metric = metrics_table; metric->name; metric++) {
		const char *suffix = strcmp(metric->type, "histogram") ? "" : "_count";
		_cleanup_free_ char *name = sl_printf("%s%s", metric->name, suffix);
		size_t size = strlen(name), i = 0;

		while (i < sl_count(values) &&
		       (strncmp(values[i], name, size) || !strchr("{ ", values[i][size])))
			i++;
		cr_expect(i < sl_count(values) || !strncmp(name, "process_", 8), "%s is not tested",
			  name);
	}
}

static double value_of(const char *text, const char *name)
{
	_cleanup_free_ char *begin = sl_printf("\n%s ", name);
	const char *at = strstr(text, begin);

	cr_assert(at, "%s is not in:\n%s", name, text);
	return atof(at + strlen(begin));
}

/* Against what the kernel says by other means. */
Test(metrics, the_process)
{
	_cleanup_free_ char *text = scrape(served_config);
	struct rusage usage;
	int fd = dup(0), next = dup(0);

	getrusage(RUSAGE_SELF, &usage);
	cr_expect_leq(value_of(text, "process_cpu_seconds_total"),
		      usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 2);
	cr_expect_leq(value_of(text, "process_resident_memory_bytes"), usage.ru_maxrss * 1024.0);
	cr_expect_gt(value_of(text, "process_resident_memory_bytes"), 1e6);
	cr_expect_geq(value_of(text, "process_open_fds"), fd);
	cr_expect_lt(value_of(text, "process_open_fds"), next + 50);
	cr_expect_gt(value_of(text, "process_max_fds"), value_of(text, "process_open_fds"));
	cr_expect_float_eq(value_of(text, "process_start_time_seconds"), time(NULL), 600);
	close(fd);
	close(next);
}

Test(metrics, nothing_is_committed)
{
	_cleanup_free_ char *text = scrape(NULL);

	cr_expect_eq(promtool(text), 0);
	cr_expect(has_line(text, "sluice_config_generation 0"));
}

/* The cost of a scrape is bounded, and what it left out is said. */
Test(metrics, too_many_series)
{
	char *config = NULL, *text;
	size_t size, lines = 0;
	FILE *out = open_memstream(&config, &size);

	fputs("interfaces: {eth0: }\npools:\n  web:\n    check: {type: none}\n    backends:\n",
	      out);
	for (int i = 0; i < 90; i++)
		fprintf(out, "      - {address: 10.0.0.%d}\n", i + 1);
	fputs("services:\n", out);
	for (int i = 0; i < 10; i++)
		fprintf(out, "  s%d: {vip: 192.0.2.1, protocol: tcp, port: %d, pool: web}\n", i,
			i + 1);
	fclose(out);
	text = scrape(config);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines += at[1] && at[1] != '#';
	/* The first line is a comment, so each series follows a line feed; one tells of the dropped. */
	cr_expect_eq(lines, METRICS_SERIES_MAX + 1, "%zu", lines);
	cr_expect_null(strstr(text, "sluice_scrape_dropped_series 0\n"));
	cr_expect_eq(promtool(text), 0);
	free(config);
	free(text);
}

Test(metrics, escaped)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct metrics_writer writer = {.out = out, .left = 1};

	writer_begin(&writer, "a_total", "counter", "a\\b\nc\"d");
	writer_count(&writer, LABELS({"l", "a\\b\nc\"d"}, {"m", ""}), UINT64_MAX);
	writer_count(&writer, NULL, 1);
	fclose(out);
	cr_expect_str_eq(text, "# HELP a_total a\\\\b\\nc\"d\n# TYPE a_total counter\n"
			       "a_total{l=\"a\\\\b\\nc\\\"d\",m=\"\"} 18446744073709551615\n");
	cr_expect_eq(writer.dropped, 1);
	free(text);
}

Test(metrics, documented)
{
	FILE *in = fopen("docs/metrics.md", "r");
	static char text[65536];

	cr_assert(in, "docs/metrics.md (tests run in the top directory)");
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	for (const struct metric *metric = metrics_table; metric->name; metric++) {
		_cleanup_free_ char *row =
			sl_printf("\n| `%s` | %s | %s | %s |", metric->name, metric->type,
				  metric->labels[0] ? metric->labels : "-", metric->help);

		cr_expect(strstr(text, row), "docs/metrics.md has no row%s", row);
	}
	cr_expect(strstr(text, "\n| `sluice_scrape_dropped_series` |"));
}
