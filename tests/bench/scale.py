# SPDX-License-Identifier: GPL-2.0-or-later
"""scale.py FILE [--quick] - how long a real daemon takes for large configurations: from its start to
`ready`, for a command that changes one backend, for a whole file that changes one. Prints a table and
adds its rows to FILE, the benchmark's. Needs root and a build."""
import json
import pathlib
import re
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import daemon

# Name, services, backends of each, capacity.
SITES = [
    ("1000x10", 1000, 10, "services: 1024, backends: 16384, slots: 1048576, flows: 1024"),
    ("10000x6", 10000, 6, "services: 10001, backends: 65535, slots: 16777216, flows: 1024"),
]
QUICK = [("20x10", 20, 10, "services: 32, backends: 512, slots: 65536, flows: 1024")]
TARGETS_MS = {"start-1000x10": 1000, "change-one-of-1000x10": 50}
TIMES = 7


def site(services, backends, capacity, weight=100):
    """`weight` is that of one backend in the middle."""
    def backend(i, j):
        one = weight if (i, j) == (services // 2, 0) else 100
        return f"{{name: b{j}, address: 10.{i // 250}.{i % 250}.{j + 1}, weight: {one}}}"

    lines = [f"capacity: {{{capacity}}}", "interfaces: {e0: {attach: link, mode: auto}}",
             f"api: {{socket: {daemon.DIR}/sock}}", f"state: {{directory: {daemon.DIR}/state}}",
             f"hash-key-file: {daemon.DIR}/key", "pools:"]
    lines += [f"  p{i}: {{backends: [{', '.join(backend(i, j) for j in range(backends))}]}}"
              for i in range(services)]
    lines.append("services:")
    lines += [f"  s{i}: {{vip: 192.{i // 250}.{i % 250}.1, protocol: tcp, port: 80, pool: p{i}}}"
              for i in range(services)]
    return "\n".join(lines) + "\n"


def timed(action):
    begun = time.monotonic_ns()
    action()
    return time.monotonic_ns() - begun


def memory_mib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def take_off():
    daemon.run(*daemon.at("lb", daemon.SLUICED, "-D", "-p", daemon.PINS))


def cold_start(file):
    """From nothing: no maps, no program."""
    begun = time.monotonic_ns()
    with daemon.Daemon(file):
        took = time.monotonic_ns() - begun
    take_off()
    return took


def measure(name, services, backends, capacity):
    files = [daemon.DIR / f"{name}-{weight}.yaml" for weight in (100, 50)]
    for file, weight in zip(files, (100, 50)):
        file.write_text(site(services, backends, capacity, weight))
    starts = [cold_start(files[0]) for _ in range(3)]
    with daemon.Daemon(files[0]) as running:
        changes = [timed(lambda w=w: daemon.ctl("weight", "p1/b0", w)) for w in range(1, TIMES + 1)]
        daemon.ctl("weight", "p1/b0", "default")
        applies = [timed(lambda w=w: daemon.ctl("apply", files[w % 2])) for w in range(1, TIMES + 1)]
        memory = memory_mib(running.worker)
    take_off()
    return {f"start-{name}": starts, f"change-one-of-{name}": changes,
            f"apply-one-of-{name}": applies}, memory


def row(name, times):
    made = {"name": name, "flows": 0, "net_ns": float(statistics.median(times)),
            "min_ns": float(min(times)), "max_ns": float(max(times)), "packets": 0}
    if name in TARGETS_MS:
        made["target_ns"] = TARGETS_MS[name] * 1000000
    return made


def print_rows(rows, memory):
    print(f"\n{'a daemon of many services':27}{'ms':>8}{'best':>8}  target")
    for each in rows:
        target = each.get("target_ns", 0) / 1e6
        missed = " *" if target and each["net_ns"] > each["target_ns"] else ""
        print(f"{each['name']:27}{each['net_ns'] / 1e6:8.1f}{each['min_ns'] / 1e6:8.1f}"
              f"{f'  {target:6.0f}' if target else ''}{missed}")
    for name, mib in memory.items():
        print(f"{'memory of the worker, ' + name:32}{mib:6.0f} MiB")


def main():
    path, sites = pathlib.Path(sys.argv[1]), QUICK if "--quick" in sys.argv else SITES
    rows, memory = [], {}
    daemon.make_site()
    try:
        for one in sites:
            times, memory[one[0]] = measure(*one)
            rows += [row(name, each) for name, each in times.items()]
    finally:
        daemon.take_site_away()
    print_rows(rows, memory)
    if path.exists():
        rows = json.loads(path.read_text(encoding="utf-8")) + rows
    path.write_text("[\n" + ",\n".join(json.dumps(each) for each in rows) + "\n]\n")


main()
