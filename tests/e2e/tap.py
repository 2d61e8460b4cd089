# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a list of functions as tests in a site, and says how they went, as TAP."""
import os
import signal
import sys
import traceback


def run_tests(tests, before_each):
    failed = 0
    for number, function in enumerate(tests, 1):
        name = function.__name__.replace("_", " ")
        try:
            before_each()
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:
            failed += 1
            line = traceback.extract_tb(error.__traceback__)[1].lineno
            print(f"not ok {number} - {name}")
            print(f"# line {line}: {error!r}".replace("\n", "\n# "), flush=True)
    return failed


def main(tests, make_site, take_site_away, before_each=lambda: None, on_failure=lambda: None):
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"1..{len(tests)}", flush=True)
    try:
        make_site()
        if not run_tests(tests, before_each):
            return 0
        on_failure()
        return 1
    finally:
        take_site_away()
