# SPDX-License-Identifier: GPL-2.0-or-later
"""tree - what the checks share: which files there are, and how a complaint is made."""

import subprocess
import sys
from pathlib import Path

_complaints = 0


def files(*patterns):
    """The files of the tree that match one of git's patterns, or all; as they are on disk."""
    listing = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard", "--", *patterns],
                             check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(set(listing.split("\0")))
            if name and Path(name).is_file()]


def lines(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def is_script(path, interpreter):
    with open(path, "rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and interpreter.encode() in first


def is_data(path):
    """What tests read: goldens and corpora, good and bad on purpose."""
    return path.parts[0] == "tests" and path.suffix not in {".c", ".h", ".mk", ".py", ".sh"} \
        and not is_script(path, "")


def complain(path, line, message):
    global _complaints
    _complaints += 1
    print(f"{path}:{line}: {message}")


def finish():
    sys.exit(1 if _complaints else 0)
