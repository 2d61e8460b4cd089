#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each check of scripts/lint.d finds what it is for, in small trees made for it, and is silent about
a tree without fault. Prints TAP."""

import subprocess
import tempfile
from pathlib import Path

LINT = Path(__file__).resolve().parents[2] / "scripts"
SPDX = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
HASH = "# SPDX-License-Identifier: GPL-2.0-or-later\n"
LONG_FUNCTION = SPDX + "int f(int x)\n{\n" + "\tx++;\n" * 80 + "\treturn x;\n}\n"
INSTALL = "#!/bin/bash\n" + HASH + "BUILD=(\n\tgcc make\n)\nTEST=(curl)\necho \"${BUILD[@]}\" \"${TEST[@]}\"\n"
SCHEMA = SPDX + 'static const struct field pool_fields[] = {\n\t{.key = "check"},\n};\n'
VERDICTS = SPDX + '#define SLUICE_VERDICTS(X) \\\n\tX(NOT_IP, XDP_PASS, "not_ip", "no \\"IP\\"")\n'
UNIT = SPDX + "Test(config, reads_check)\n{\n}\n"
METRICS = SPDX + 'static const char name[] = "sluice_packets_total";\n'
COMMANDS = SPDX + 'static const struct command commands[] = {\n\t{"drain", drain},\n};\n'
FLAGS = SPDX + 'static const struct option o[] = {{"json", no_argument, NULL, 1}};\n'
CLIENT_OPTIONS = SPDX + ("#define OPTIONS(X) \\\n\tX(OUTPUT, 'o', \"output\", \"FORMAT\", \"form\") \\\n"
                         "\tX(WAIT, 0, \"wait\", NULL, \"wait\")\n")
CLIENT_COMMANDS = SPDX + ('const struct command commands[] = {\n\t{"drain", "B", 1, 1, OPTION_WAIT, run_drain,\n'
                          '\t "drain"},\n\t{"show all", "", 0, 0, 0, run_show, "OPTION_WAIT"},\n};\n')
LETTERS = SPDX + ('static const struct option o[] = {{"json", no_argument, NULL, \'j\'}};\n'
                  'int f(void) { return getopt_long(argc, argv, "jq:", o, NULL); }\n')
CHECKS = SPDX + '#define DOCTOR_CHECKS(X) \\\n\tX(jit, "jit", ROOT, \\\n\t  "the compiler", "it is on")\n'
DOCTOR = "## `sluicectl doctor`\n\n| check | looks at | needs |\n| --- | --- | --- |\n"
CHECK_ROW = "| `jit` | the compiler | root |\n"


def rows(*cells):
    return "".join(f"| {kind} | `{name}` | {test} |\n" for kind, name, test in cells)


# What the check is, what the tree holds, and the complaint (None: there is none).
CASES = {
    "clean tree": ("", {"daemon/base/a.h": SPDX + "int a;\n", "README.md": "[here](README.md)\n",
                        "run": "#!/bin/bash\n" + HASH + "echo\n"}, None),
    "format": ("format", {"a.c": SPDX + "int a ;\n"}, "a.c:2: not as"),
    "format in a header": ("format", {"a.h": SPDX + "int  a;\n"}, "a.h:2: not as"),
    "shell": ("shell", {"run": "#!/bin/bash\n" + HASH + "echo $1\n"}, "run:3:6: note"),
    "shell by its first line only": ("shell", {"a.md": "text\n#!/bin/bash\necho $1\n"}, None),
    "python": ("python", {"a.py": HASH + "def f(:\n"}, "a.py:2: invalid syntax"),
    "python without a suffix": ("python", {"run": "#!/usr/bin/python3\nx = (\n"}, "run:2: "),
    "licence absent": ("licence", {"a.c": "int a;\n"}, "a.c:1: no SPDX"),
    "licence absent in a script": ("licence", {"run": "#!/bin/sh\n"}, "run:1: no SPDX"),
    "licence of the packet path": ("licence", {"bpf/a.h": SPDX}, "bpf/a.h:1: licence"),
    "licence of the daemon": (
        "licence", {"daemon/a.c": "// SPDX-License-Identifier: MIT\n"}, "daemon/a.c:1: licence"),
    "licence of what tests read": ("licence", {"tests/config/bad.yaml": "a: b\n"}, None),
    "blanks": ("text", {"a.c": "int a; \n"}, "a.c:1: blanks"),
    "blanks in what tests read": ("text", {"tests/config/bad.yaml": "a: \n"}, None),
    "spaces": ("text", {"a.c": "{\n        a();\n}\n"}, "a.c:2: indented"),
    "unfinished": ("text", {"a.c": "/* TO" "DO: more */\n"}, "a.c:1: unfinished"),
    "unfinished in prose": ("text", {"a.md": "It is not yet impl" "emented.\n"}, "a.md:1: unfin"),
    "path": ("text", {"a.sh": "cd /wo" "rk/here\n"}, "a.sh:1: a path"),
    "path within another": ("text", {"a.sh": "cd /srv/wo" "rk/here\n"}, None),
    "typedef": ("text", {"a.h": "typedef struct a a_t;\n"}, "a.h:1: a struct hidden"),
    "long file": ("text", {"a.c": "int a;\n" * 601}, "a.c:601: 601 lines"),
    "longish file": ("text", {"a.c": "int a;\n" * 401}, None),
    "last newline": ("text", {"a.c": "int a;"}, "a.c:1: no newline"),
    "long function": ("functions", {"a.c": LONG_FUNCTION}, "a.c:2: f() has 84 lines"),
    "include upward": (
        "includes", {"daemon/base/a.c": '#include "config/config.h"\n'}, "daemon/base/a.c:1: base may"),
    "include beside": (
        "includes", {"daemon/net/a.c": '#include "health/health.h"\n'}, "daemon/net/a.c:1: net may"),
    "include downward": ("includes", {"daemon/engine/a.c": '#include "net/net.h"\n'}, None),
    "unknown module": ("includes", {"daemon/utils/a.c": "int a;\n"}, "daemon/utils/a.c:1: module"),
    "client and daemon": (
        "includes", {"ctl/a.c": '#include "base/memory.h"\n'}, "ctl/a.c:1: ctl/ includes"),
    "packet path and daemon": (
        "includes", {"bpf/a.h": '#include "base/memory.h"\n'}, "bpf/a.h:1: bpf/ includes"),
    "agent": (
        "includes", {"daemon/agent/a.c": '#include "config/config.h"\n'}, "daemon/agent/a.c:1: the agent"),
    "library away from home": (
        "includes", {"daemon/config/a.c": "#include <bpf/libbpf.h>\n"}, "daemon/config/a.c:1: bpf/libbpf.h is"),
    "skeleton away from home": (
        "includes", {"daemon/engine/a.c": '#include "sluice.skel.h"\n'}, "daemon/engine/a.c:1: sluice.skel.h"),
    "host in the client": ("includes", {"ctl/a.c": '#include "host/file.h"\n'}, None),
    "host in the agent": ("includes", {"daemon/agent/a.c": '#include "host/file.h"\n'}, None),
    "host includes itself only": (
        "includes", {"host/a.c": '#include "base/memory.h"\n'}, "host/a.c:1: host/ includes"),
    "check of a doctor without a row": (
        "features", {"ctl/doctor/a.h": CHECKS}, "no row for check sluicectl doctor: jit"),
    "doctor's table": (
        "doctor", {"ctl/doctor/checks.h": CHECKS, "docs/doctor.md": DOCTOR + CHECK_ROW}, None),
    "doctor's table lacks a check": (
        "doctor", {"ctl/doctor/checks.h": CHECKS, "docs/doctor.md": DOCTOR}, "the table of sluicectl"),
    "doctor's table says another thing": (
        "doctor", {"ctl/doctor/checks.h": CHECKS,
                   "docs/doctor.md": DOCTOR + CHECK_ROW.replace("root", "")},
        "the table of sluicectl"),
    "library at home": ("includes", {"daemon/config/a.c": "#include <yaml.h>\n"}, None),
    "dead link": ("links", {"a.md": "\n[b](b.md)\n"}, "a.md:2: b.md: no such file"),
    "dead anchor": ("links", {"a.md": "# One two\n[b](#one)\n"}, "a.md:2: #one: no such heading"),
    "live anchor": ("links", {"a.md": "# One two\n[b](#one-two)\n"}, None),
    "function that a document names": (
        "links", {"a.md": "`a.c: f(), g()`\n", "a.c": SPDX + "int f(void);\nint g(void);\n"}, None),
    "function that is gone": (
        "links", {"a.md": "\n`a.c: f(), g()`\n", "a.c": SPDX + "int f(void);\n"},
        "a.md:2: a.c: g() isn't there"),
    "file of a function that is gone": (
        "links", {"a.md": "`a.c: f()`\n"}, "a.md:1: a.c: f() isn't there"),
    "package without a reason": (
        "dependencies",
        {"scripts/install-deps": INSTALL, "docs/dependencies.md":
         "| `gcc` | GPL | compiles |\n| `make` | GPL | |\n| `curl` | MIT | asks |\n"},
        "docs/dependencies.md:2: make has no reason"),
    "package without a row": (
        "dependencies",
        {"scripts/install-deps": INSTALL, "docs/dependencies.md": "| `gcc` | GPL | compiles |\n"},
        "scripts/install-deps:1: curl has no row"),
    "row without a package": (
        "dependencies",
        {"scripts/install-deps": INSTALL, "docs/dependencies.md": "| `perl` | GPL | why |\n"},
        "docs/dependencies.md:1: perl is not installed"),
    "option without a row": (
        "features", {"daemon/config/schema.c": SCHEMA}, "no row for option pool.check"),
    "verdict without a row": (
        "features", {"include/sluice/abi.h": VERDICTS}, "no row for verdict not_ip"),
    "metric without a row": (
        "features", {"daemon/metrics/a.c": METRICS}, "no row for metric sluice_packets_total"),
    "command without a row": (
        "features", {"ctl/commands.c": COMMANDS}, "no row for command sluicectl drain"),
    "flag without a row": ("features", {"daemon/main.c": FLAGS}, "no row for flag sluiced --json"),
    "option of all the client's commands without a row": (
        "features", {"ctl/command.h": CLIENT_OPTIONS}, "no row for flag sluicectl --output"),
    "option of one of the client's commands without a row": (
        "features", {"ctl/command.h": CLIENT_OPTIONS, "ctl/command.c": CLIENT_COMMANDS},
        "no row for flag sluicectl drain --wait"),
    "option of the client with a row": (
        "features", {"ctl/command.h": CLIENT_OPTIONS, "ctl/command.c": CLIENT_COMMANDS,
                     "tests/ctl/a.golden": "$ sluicectl\n", "docs/features.md": rows(
                         *(("flag", f"sluicectl {name}", "tests/ctl/a.golden: sluicectl")
                           for name in ("--output", "drain --wait")),
                         *(("command", f"sluicectl {name}", "tests/ctl/a.golden: sluicectl")
                           for name in ("drain", "show all")))}, None),
    "flag of the agent without a row": (
        "features", {"daemon/agent_main.c": FLAGS}, "no row for flag sluice-agent --json"),
    "letter without a word and without a row": (
        "features", {"daemon/main.c": LETTERS}, "no row for flag sluiced -q"),
    "feature without a test": (
        "features", {"daemon/config/schema.c": SCHEMA,
                     "docs/features.md": rows(("option", "pool.check", ""))},
        "docs/features.md:1: pool.check: no test"),
    "feature that no test reaches, without a reason": (
        "features", {"daemon/config/schema.c": SCHEMA,
                     "docs/features.md": rows(("option", "pool.check", "not reachable:"))},
        "docs/features.md:1: pool.check: no test"),
    "feature that no test reaches": (
        "features", {"daemon/config/schema.c": SCHEMA, "docs/features.md":
                     rows(("option", "pool.check", "not reachable: a guard of guards"))}, None),
    "feature whose test is gone": (
        "features", {"daemon/config/schema.c": SCHEMA, "tests/unit/config.c": UNIT, "docs/features.md":
                     rows(("option", "pool.check", "tests/unit/config.c: reads_pool"))},
        "tests/unit/config.c has no test reads_pool"),
    "feature that is gone": (
        "features", {"docs/features.md": rows(("option", "pool.size", "tests/a.c: b"))},
        "docs/features.md:1: option pool.size is nothing"),
    "feature with its test": (
        "features", {"daemon/config/schema.c": SCHEMA, "tests/unit/config.c": UNIT, "docs/features.md":
                     rows(("option", "pool.check", "tests/unit/config.c: reads_check"))}, None),
}


def check(name, tree):
    """Exit status and output of one check, or of all ("") over a tree."""
    command = [LINT / "lint.d" / name] if name else [LINT / "lint"]
    with tempfile.TemporaryDirectory(prefix="sluice-lint-") as directory:
        root = Path(directory)
        subprocess.run(["git", "init", "-q", root], check=True)
        (root / ".clang-format").write_bytes((LINT.parent / ".clang-format").read_bytes())
        for path, text in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        done = subprocess.run(command + ([] if name else [root]), cwd=root, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def main():
    print(f"1..{len(CASES)}")
    for number, (title, (name, tree, complaint)) in enumerate(CASES.items(), 1):
        status, output = check(name, tree)
        good = status == 0 if complaint is None else status == 1 and complaint in output
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
        if not good:
            print(*(f"# {line}" for line in [f"status {status}", *output.splitlines()]), sep="\n")


main()
