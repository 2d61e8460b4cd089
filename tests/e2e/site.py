#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""site.py - sluice from end to end in one lab, as TAP. Needs root and a build.

The tests run in the order of this file and each leaves the site whole; the last takes the balancer
off its interface.
"""
import contextlib
import hashlib
import ipaddress
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
from lab import (BACKENDS, BIG_BYTES, DIR, PINS, Load, assert_no_failure, command, ctl, curl, lab,
                 load, output, run, wait_for_status)

WEB = "http://192.0.2.1"
MIXES = {  # VIP's family over the backends'
    "4 in 4": "http://192.0.2.1",
    "6 in 6": "http://[2001:db8::1]",
    "4 in 6": "http://192.0.2.2",
    "6 in 4": "http://[2001:db8::2]",
}
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def edited_config(old, new):
    """A file like the lab's, with a text replaced that must be there."""
    text = (DIR / "sluice.yaml").read_text()
    assert old in text
    path = DIR / "edited.yaml"
    path.write_text(text.replace(old, new))
    yield path
    path.unlink()


# ---- traffic ------------------------------------------------------------------------------------


@test
def new_connections_spread_over_all_backends():
    report = load(f"{WEB}/id", seconds=2, kept=0)
    assert_no_failure(report)
    for backend in BACKENDS:
        share = report["answers"].get(backend, 0) / report["requests"]
        assert 0.2 < share < 0.47, f"{backend} has {share:.3f}: {report}"


@test
def round_robin_spreads_evenly():
    report = load("http://192.0.2.3/id", seconds=2, kept=0)
    assert_no_failure(report)
    for backend in BACKENDS:
        share = report["answers"].get(backend, 0) / report["requests"]
        assert 0.3 < share < 0.37, f"{backend} has {share:.3f}: {report}"


@test
def every_mix_of_families_carries_requests():
    for mix, url in MIXES.items():
        report = load(f"{url}/id")
        assert_no_failure(report)
        assert sorted(report["answers"]) == BACKENDS, f"{mix}: {report}"


@test
def every_mix_of_families_carries_large_bodies():
    body = os.urandom(5_000_000)
    (DIR / "body").write_bytes(body)
    for mix, url in MIXES.items():
        curl("-o", DIR / "download", f"{url}/big")
        assert (DIR / "download").stat().st_size == BIG_BYTES, mix
        name = "upload/" + mix.replace(" ", "-")
        curl("-T", DIR / "body", f"{url}/{name}")
        arrived = list(DIR.glob(f"backend*/files/{name}"))
        assert len(arrived) == 1, f"{mix}: arrived at {arrived}"
        assert sha256(arrived[0].read_bytes()) == sha256(body), mix


UDP_CLIENT = """
import collections, json, socket, sys
answers = collections.Counter()
for _ in range(200):
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((sys.argv[1], 7))
        names = set()
        for i in range(3):
            client.send(b"question %d" % i)
            name, _, rest = client.recv(100).partition(b" ")
            assert rest == b"question %d" % i, rest
            names.add(name.decode())
        assert len(names) == 1, f"one flow, two backends: {names}"
        answers[names.pop()] += 1
print(json.dumps(answers))
"""


@test
def udp_flows_spread_and_stay():
    for vip in "192.0.2.1", "2001:db8::1":
        answers = json.loads(output("client1", "/usr/bin/python3", "-c", UDP_CLIENT, vip))
        assert sorted(answers) == BACKENDS, f"{vip}: {answers}"
        assert min(answers.values()) > 30, f"{vip}: {answers}"


@test
def a_vip_answers_ping():
    for vip in "192.0.2.1", "2001:db8::1":
        output("client1", "ping", "-n", "-c", 3, "-i", 0.05, "-W", 5, vip)


@test
def the_balancers_own_traffic_is_left_alone():
    for address in "10.80.0.2", "fd80::2":
        output("client1", "ping", "-n", "-c", 3, "-i", 0.05, "-W", 5, address)
    refused = run("client1", "curl", "-s", "-m", 5, "http://10.80.0.2/")
    assert refused.returncode == 7, f"curl: {refused.returncode}"  # the host's own reset


# ---- change ------------------------------------------------------------------------------------


@test
def a_dead_backend_is_left():
    with Load(f"{WEB}/id") as during:
        lab("stop", "backend2", "nginx")
        wait_for_status(1)
        time.sleep(0.5)
    after = load(f"{WEB}/id")
    lab("start", "backend2", "nginx")
    wait_for_status(0)
    report = during.report
    print(f"# {report['failed']} of {report['requests']} requests failed in "
          f"{report['failing_s']} s until health had seen it")
    assert_no_failure(after)
    assert "backend2" not in after["answers"], after
    back = load(f"{WEB}/id")
    assert_no_failure(back)
    assert sorted(back["answers"]) == BACKENDS, back


@test
def a_drained_backend_ends_its_download():
    headers, path = DIR / "headers", DIR / "download"
    headers.unlink(missing_ok=True)
    download = subprocess.Popen(
        command("client1", "curl", "-sf", "-m", 30, "-D", headers, "-o", path, f"{WEB}/slow"))
    while not (headers.exists() and "X-Backend" in headers.read_text()):
        assert download.poll() is None, "the download ended before it was drained"
        time.sleep(0.02)
    backend = re.search(r"X-Backend: (\S+)", headers.read_text())[1]
    ctl("drain", f"web/{backend}")
    time.sleep(0.5)
    meanwhile = load(f"{WEB}/id")
    still_on = download.poll() is None
    status = download.wait()
    ctl("enable", f"web/{backend}")
    assert_no_failure(meanwhile)
    assert backend not in meanwhile["answers"], f"{backend} was drained: {meanwhile}"
    assert still_on, "the download was too short to show anything"
    assert status == 0, f"curl: {status}"
    assert sha256(path.read_bytes()) == sha256((DIR / backend / "files/big").read_bytes())


@test
def a_drain_breaks_no_kept_connection():
    with Load(f"{WEB}/id", "--fresh", 2, "--kept", 9) as during:
        for backend in BACKENDS:
            ctl("drain", f"web/{backend}")
            time.sleep(0.5)
            ctl("enable", f"web/{backend}")
            time.sleep(0.5)
    assert_no_failure(during.report)


@test
def a_disabled_backend_is_left_at_once():
    ctl("disable", "web/backend1")
    time.sleep(0.5)
    without = load(f"{WEB}/id")
    ctl("enable", "web/backend1")
    assert_no_failure(without)
    assert "backend1" not in without["answers"], without


@test
def weights_are_shares():
    ctl("weight", "web/backend3", 800)
    time.sleep(0.5)
    report = load(f"{WEB}/id", seconds=2, kept=0)
    ctl("weight", "web/backend3", 100)
    assert_no_failure(report)
    share = report["answers"].get("backend3", 0) / report["requests"]
    assert 0.7 < share < 0.9, f"8 of 10 expected: {share}: {report}"


@test
def a_backend_removed_and_added_breaks_no_connection():
    line = re.search(r"\n.*address: 10\.80\.0\.13\}", (DIR / "sluice.yaml").read_text())[0]
    with Load(f"{WEB}/id", "--fresh", 4, "--kept", 9) as during:
        with edited_config(line, "") as path:
            assert run("lb", "sluicectl", "diff", path).returncode == 1
            ctl("apply", path)
            assert run("lb", "sluicectl", "diff", path).returncode == 0
        time.sleep(0.5)
        without = load(f"{WEB}/id", kept=0)
        ctl("apply", DIR / "sluice.yaml")
        time.sleep(1)
    assert_no_failure(during.report)
    assert_no_failure(without)
    assert "backend3" not in without["answers"], without
    wait_for_status(0)


@test
def a_bad_file_changes_nothing_and_says_where():
    with edited_config("algorithm: round-robin", "algorithm: round-robbin") as path:
        refused = run("lb", "sluicectl", "apply", path)
        line = 1 + path.read_text().split("round-robbin")[0].count("\n")
    assert refused.returncode not in (0, 127), refused
    place = re.search(r"(\S+):(\d+):(\d+): ", refused.stderr + refused.stdout)
    assert place, refused
    assert (place[1], int(place[2])) == (str(path), line), refused
    assert int(place[3]) > 1, refused
    assert run("lb", "sluicectl", "diff", DIR / "sluice.yaml").returncode == 0
    assert_no_failure(load("http://192.0.2.3/id"))


# ---- the daemon --------------------------------------------------------------------------------


@test
def a_killed_daemon_costs_no_request():
    with Load(f"{WEB}/id") as without:
        lab("stop", "lb", "sluiced", "KILL")
        time.sleep(1.5)
    try:
        with Load(f"{WEB}/id") as across:
            lab("start", "lb", "sluiced")
            time.sleep(1)
    finally:
        wait_for_status(0)
    assert_no_failure(without.report)
    assert_no_failure(across.report)
    assert sorted(across.report["answers"]) == BACKENDS, across.report


def outer_destination(frame):
    """Of an Ethernet frame without a tag."""
    if frame[12:14] == b"\x08\x00":
        return str(ipaddress.ip_address(frame[30:34]))
    assert frame[12:14] == b"\x86\xdd", frame.hex()
    return str(ipaddress.ip_address(frame[38:54]))


@test
def explain_agrees_with_where_a_request_goes():
    address_of = {name: f"10.80.0.1{name[-1]}" for name in BACKENDS}
    seen = set()
    for port in range(20001, 20017):
        said = json.loads(
            ctl("explain", "-o", "json", "tcp", f"10.80.1.2:{port}", "192.0.2.1:80"))
        went = curl("--local-port", port, f"{WEB}/id")
        seen.add(went)
        assert said["backend"].split("/")[-1] == went, f"port {port} went to {went}: {said}"
        assert said["service"] == "web", said
        assert said["verdict"] == "forwarded" and said["action"] == "XDP_TX", said
        assert outer_destination(bytes.fromhex(said["output_hex"])) == address_of[went], said
    assert len(seen) > 1, "all ports went one way: this shows nothing"


def forwarded():
    metrics = output("lb", "curl", "-s", "-m", 5, "http://127.0.0.1:9440/metrics")
    return re.findall(r".*packets.*forwarded.*", metrics)


@test
def explain_counts_nothing():
    before = forwarded()
    assert before
    for port in range(21001, 21011):
        ctl("explain", "tcp", f"10.80.1.2:{port}", "192.0.2.1:80")
    assert forwarded() == before
    curl(f"{WEB}/id")
    assert forwarded() != before


@test
def backends_drop_nothing():
    for node in BACKENDS:
        status = json.loads(output(node, "sluice-agent", "status", "-o", "json", "--pin-dir",
                                   f"{PINS}-agents/{node}"))[0]
        assert status["state"] == "attached", status
        assert status["verdicts"]["decapsulated"]["packets"] > 0, status
        assert status["verdicts"]["malformed"]["packets"] == 0, status


@test
def detach_needs_no_daemon():
    lab("stop", "lb", "sluiced", "KILL")
    assert "xdp" in output("lb", "ip", "-d", "link", "show", "eth0")
    output("lb", "sluicectl", "detach", "-p", PINS)
    assert "xdp" not in output("lb", "ip", "-d", "link", "show", "eth0")
    output("client1", "ping", "-n", "-c", 3, "-i", 0.05, "-W", 5, "10.80.0.2")
    assert run("client1", "curl", "-s", "-m", 1, WEB).returncode != 0, "who answers?"


# ---- TAP ---------------------------------------------------------------------------------------


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the lab goes down
    print(f"1..{len(TESTS)}", flush=True)
    failed = 0
    try:
        lab("up")
        for number, function in enumerate(TESTS, 1):
            name = function.__name__.replace("_", " ")
            try:
                function()
                print(f"ok {number} - {name}", flush=True)
            except Exception as error:
                failed += 1
                line = traceback.extract_tb(error.__traceback__)[1].lineno
                print(f"not ok {number} - {name}")
                print(f"# line {line}: {error!r}".replace("\n", "\n# "), flush=True)
        if failed and (DIR / "lb.sluiced.log").exists():
            log = (DIR / "lb.sluiced.log").read_text()
            print("# sluiced's log:\n# " + "\n# ".join(log.splitlines()[-30:]))
    except AssertionError as error:
        print(f"Bail out! {str(error).strip()}".replace("\n", "; "))
        failed += 1
    finally:
        subprocess.run(["scripts/lab", "down"], stdout=subprocess.DEVNULL)
    return 1 if failed else 0


sys.exit(main())
