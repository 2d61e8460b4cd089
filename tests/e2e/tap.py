# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests as functions, told as TAP. A module's tests run in the order they stand in, in one lab."""
import os
import signal
import subprocess
import sys
import traceback

from lab import lab

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run_one(number, function):
    name = function.__name__.replace("_", " ")
    try:
        function()
        print(f"ok {number} - {name}", flush=True)
        return True
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[1].lineno
        print(f"not ok {number} - {name}")
        print(f"# line {line}: {error!r}".replace("\n", "\n# "), flush=True)
        return False


def run_in_lab(failed=lambda: None):
    """Calls `failed` if a test did, while the lab is up. Returns the exit status."""
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the lab goes down
    print(f"1..{len(TESTS)}", flush=True)
    try:
        lab("up")  # which takes away what it made, if it fails
    except AssertionError as error:
        print(f"Bail out! {str(error).strip()}".replace("\n", "; "))
        return 1
    try:
        good = [run_one(number, function) for number, function in enumerate(TESTS, 1)]
        if not all(good):
            failed()
        return 0 if all(good) else 1
    finally:
        subprocess.run(["scripts/lab", "down"], stdout=subprocess.DEVNULL)
