# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests as functions, told as TAP, over a site of their own (daemon.py)."""
import os
import signal
import sys
import traceback

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
        print(f"# line {line}: {error!r}".replace("\\n", "\n# "), flush=True)
        return False


def run_tests(make, before_each, take_away):
    """Returns the exit status."""
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"1..{len(TESTS)}", flush=True)
    try:
        make()
        good = []
        for number, function in enumerate(TESTS, 1):
            before_each()
            good.append(run_one(number, function))
        return 0 if all(good) else 1
    finally:
        take_away()
