# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon of its own for tests: two namespaces and a pair of veths. `lb` has e0 and the daemon,
`client` pings a VIP that only the packet path answers: a lost ping is a moment without it.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICED = ROOT / "build/sluiced"
NAME = f"sluice-daemon-{os.getpid()}"
PINS = pathlib.Path("/sys/fs/bpf") / NAME
NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
PATIENCE_S = 20
TEXT = ["--log-format", "text"]  # the log goes to a file, where it would be JSON
VIP = "192.0.2.1"
DIR = pathlib.Path(tempfile.gettempdir()) / NAME  # of this run

CONFIG = """
capacity: {services: 16, backends: 64, slots: 2048, flows: 1024}
interfaces: {e0: {attach: link, mode: auto}}
api: {socket: DIR/sock}
state: {directory: DIR/state}
hash-key-file: DIR/key
pools:
  web: {backends: [{name: a, address: 10.92.0.11}, {name: b, address: 10.92.0.12}]}
services:
  web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}
"""



def until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)
    return value


def at(node, *words):
    return ["nsenter", f"--net=/run/netns/{NAME}-{node}", "--", *map(str, words)]


def run(*words, status=0):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == status, f"{words}: {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def config(*edits, name="sluice.yaml"):
    """A file like CONFIG, with (old, new) replaced."""
    text = CONFIG.replace("DIR", str(DIR))
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    path = DIR / name
    path.write_text(text)
    return path


def forget():
    """The next daemon begins without a history."""
    shutil.rmtree(DIR / "state", ignore_errors=True)


def history():
    return json.loads(ctl("-o", "json", "history"))["generations"]


def refused(*edits, options=(), status=1):
    """What sluiced says when it doesn't start."""
    words = at("lb", SLUICED, "-c", config(*edits), "-p", PINS, "-u", "nobody", *TEXT, *options)
    return run(*words, status=status)


def ctl(*words, status=0):
    return run(ROOT / "build/sluicectl", "-s", DIR / "sock", *words, status=status)


def shown(what):
    return json.loads(ctl("-o", "json", "show", what))[what]


def backend_ids():
    return [share["id"] for backend in shown("backends") for share in backend["services"]]


def link_id():
    return json.loads(run("bpftool", "-j", "link", "show", "pinned", PINS / "v1/link-e0"))["id"]


def is_attached():
    return "xdp" in run(*at("lb", "ip", "-d", "link", "show", "e0"))


def is_gone(pid):
    """Ended, whether or not somebody has asked how."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Daemon:
    """`with Daemon(path) as daemon`: ready inside, ended by SIGTERM after. It has a history of its
    own, unless it `remembers` that of the one before.
    """

    def __init__(self, path, *options, remembers=False):
        self.remembers = remembers
        self.words = at("lb", SLUICED, "-c", path, "-p", PINS, "-u", "nobody", *TEXT, *options)

    def __enter__(self):
        self.log_path = DIR / "log"
        if not self.remembers:
            shutil.rmtree(DIR / "state", ignore_errors=True)
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log)
        try:
            until(lambda: re.search(r':[ "]ready\b', self.log()) or self.process.poll() is not None, "ready")
            assert self.process.poll() is None, self.log()
            self.worker = int(run("pgrep", "-P", self.process.pid))
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def log(self):
        return self.log_path.read_text()

    def reload(self, says):
        self.process.send_signal(signal.SIGHUP)
        until(lambda: says in self.log(), says)


@contextlib.contextmanager
def pinged():
    """None of the pings meanwhile may be lost."""
    words = at("client", "ping", "-n", "-i", "0.005", "-W", "1", VIP)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as ping:
        try:
            yield
        finally:
            ping.send_signal(signal.SIGINT)
            report = ping.communicate()[0]
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) rec", report).groups())
    assert sent > 20, report
    assert received >= sent - 1, report[-400:]  # the last may be on its way
    assert "Unreachable" not in report, report[-400:]


def make_site():
    DIR.mkdir()
    DIR.chmod(0o755)
    for node in "lb", "client":
        run("ip", "netns", "add", f"{NAME}-{node}")
        run(*at(node, "ip", "link", "set", "lo", "up"))
    run(*at("lb", "ip", "link", "add", "e0", "type", "veth", "peer", "name", "e1", "netns",
            f"{NAME}-client"))
    for node, interface, address in ("lb", "e0", "10.92.0.1"), ("client", "e1", "10.92.0.2"):
        run(*at(node, "ip", "address", "add", f"{address}/24", "dev", interface))
        run(*at(node, "ip", "link", "set", interface, "up"))
    run(*at("client", "ip", "route", "add", "192.0.2.0/24", "via", "10.92.0.1"))
    # What XDP sends out of e0 arrives at a native program only; half-done checksums would stay so.
    run(*at("client", "ethtool", "-K", "e1", "tx", "off"))
    run("bpftool", "prog", "load", ROOT / "build/lab.bpf.o", f"{PINS}-pass")
    run(*at("client", "bpftool", "net", "attach", "xdpdrv", "pinned", f"{PINS}-pass", "dev", "e1"))
    os.unlink(f"{PINS}-pass")


def take_site_away():
    subprocess.run([SLUICED, "-D", "-p", PINS], stdout=subprocess.DEVNULL, check=False)
    for node in "lb", "client":
        subprocess.run(["ip", "netns", "del", f"{NAME}-{node}"], stderr=subprocess.DEVNULL,
                       check=False)
    shutil.rmtree(DIR, ignore_errors=True)
