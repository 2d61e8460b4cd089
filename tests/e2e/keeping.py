# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows that live in the background (keepers.py), and what became of them."""
import json
import os
import subprocess
import time

from lab import command


class Keepers:
    """Flows in the background; `broken` afterwards."""

    def __init__(self, flows):
        self.flows = flows

    def __enter__(self):
        script = os.path.join(os.path.dirname(__file__), "keepers.py")
        self.process = subprocess.Popen(
            command("client1", "/usr/bin/python3", os.path.realpath(script), *self.flows),
            stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        time.sleep(2)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        report = json.loads(self.process.communicate()[0])
        self.broken = report["broken"]
        assert report["questions"] > report["flows"] * 10, report
        print(f"# {report['flows']} flows, {report['questions']} questions, "
              f"{len(self.broken)} broken")


def assert_none_broken(broken, doings, seed):
    if broken:
        events = sorted([[at, "   " + what] for at, what in doings] +
                        [[flow[0], " ".join(map(str, flow[1:]))] for flow in broken])
        raise AssertionError(f"seed {seed}: {len(broken)} broken:\n" +
                             "\n".join(f"{at:.2f} {what}" for at, what in events))
