# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab as the tests see it: scripts/lab, sluicectl and scripts/lab-load, and nothing besides.

Each test program of each checkout has a lab of its own; LAB=name gives another.
"""
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def own_name():
    words = [ROOT / "scripts/lab", "name", "e2e-" + pathlib.Path(sys.argv[0]).name]
    return subprocess.check_output(words, text=True).strip()


NAME = os.environ.get("LAB") or own_name()
os.environ["LAB"] = NAME
DIR = ROOT / "build/lab" / NAME
PINS = f"/sys/fs/bpf/sluice-{NAME}"
BACKENDS = ["backend1", "backend2", "backend3"]
BIG_BYTES = 50_000_000
PATIENCE_S = 20

os.chdir(ROOT)


def lab(*arguments):
    done = subprocess.run(["scripts/lab", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"lab {' '.join(arguments)}: {done.stdout}{done.stderr}"


def command(node, *arguments):
    return ["scripts/lab", "exec", node, "--", *map(str, arguments)]


def run(node, *arguments):
    """Returns the finished process, whatever its exit status."""
    return subprocess.run(command(node, *arguments), capture_output=True, text=True)


def output(node, *arguments):
    done = run(node, *arguments)
    assert done.returncode == 0, f"{' '.join(map(str, arguments))}: {done.stderr}"
    return done.stdout.strip()


def ctl(*arguments):
    return output("lb", "sluicectl", *arguments)


def wait_for_status(exit_status):
    """0: all is healthy, 1: something is not."""
    deadline = time.monotonic() + PATIENCE_S
    while (done := run("lb", "sluicectl", "status")).returncode != exit_status:
        assert time.monotonic() < deadline, f"no status {exit_status}: {done.stdout}{done.stderr}"
        time.sleep(0.05)


def curl(*arguments):
    return output("client1", "curl", "-sfg", "-m", 30, *arguments)


class Load:
    """Requests in the background: `with Load(url) as load: ...`, then load.report."""

    def __init__(self, url, *options):
        self.arguments = command("client1", ROOT / "scripts/lab-load", *options, url)
        self.report = None

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.report = json.loads(self.process.communicate()[0])


def load(url, seconds=1.5, fresh=4, kept=4, client="client1"):
    options = "--for", seconds, "--fresh", fresh, "--kept", kept
    return json.loads(output(client, ROOT / "scripts/lab-load", *options, url))


def assert_no_failure(report):
    assert report["requests"] > 50, f"too few requests to tell: {report}"
    assert report["failed"] == 0, f"failed requests: {report}"
