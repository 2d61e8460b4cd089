#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets made and read by scapy, sent through the program in the kernel: an opinion that shares no code
with ours about headers, lengths and checksums. Also CPython's own SipHash-1-3 against the program's.

Needs root (the runner loads the program) and the runner, which `make tests` builds. Prints TAP.
"""
import logging
import os
import subprocess
import sys
from pathlib import Path

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import (ICMP, IP, TCP, UDP, ICMPerror, IPerror, IPOption_NOP,  # noqa: E402
                               TCPerror, UDPerror)
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,  # noqa: E402
                                IPerror6, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, PadN)
from scapy.layers.l2 import Dot1Q, Ether  # noqa: E402
from scapy.packet import Padding, Raw  # noqa: E402

RUNNER = Path(__file__).resolve().parents[2] / "build" / "tests" / "oracle_runner"
CLIENT4, VIP4, CLIENT6, VIP6 = "192.0.2.10", "198.51.100.1", "2001:db8:c::10", "2001:db8::1"
CLIENT_MAC, OWN_MAC, HOP_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01", "02:00:00:00:01:%02x"
TX, OPTIONS6 = 3, IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])


class Wrong(Exception):
    """What a packet should have been and wasn't."""


def same(what, is_, should):
    if is_ != should:
        raise Wrong(f"{what}: {is_!r}, not {should!r}")


class Program:
    """The program under test, behind the runner."""

    def __init__(self):
        self.process = subprocess.Popen([RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def run(self, scene, frame):
        """Action, verdict, flow's hash and frame that come of a frame."""
        self.process.stdin.write(f"{scene} {bytes(frame).hex()}\n")
        self.process.stdin.flush()
        action, verdict, hash_, out = self.process.stdout.readline().split()
        return int(action), verdict, int(hash_, 16), bytes.fromhex(out)


def link(vlan):
    ether = Ether(src=CLIENT_MAC, dst=OWN_MAC)
    return ether / Dot1Q(vlan=vlan, prio=3) if vlan else ether


def checksums_right(packet):
    """Built anew by scapy, with every length and checksum left out, it must be the same bytes."""
    fresh = packet.copy()
    layer = fresh
    while layer:
        for field in ("len", "plen", "chksum", "cksum", "ihl", "dataofs"):
            if field in layer.fields and not isinstance(layer, (IPerror, TCPerror, UDPerror, IPerror6)):
                del layer.fields[field]
        layer = layer.payload
    same("lengths and checksums", bytes(packet).hex(), bytes(fresh.__class__(bytes(fresh))).hex())


def inner_packets():
    """Name, IP packet; each must be carried byte for byte."""
    payloads = {"syn": TCP(sport=40000, dport=80, flags="S", options=[("MSS", 1460)]),
                "data": TCP(sport=40001, dport=80, flags="PA", seq=7, ack=9) / Raw(b"x" * 333),
                "udp": UDP(sport=5353, dport=53) / Raw(b"query"),
                "empty udp": UDP(sport=5354, dport=53)}
    for name, payload in payloads.items():
        yield f"IPv4 {name}", IP(src=CLIENT4, dst=VIP4, ttl=3, tos=0x68, id=77) / payload
        yield f"IPv4 {name} DF", IP(src=CLIENT4, dst=VIP4, flags="DF") / payload
        yield f"IPv4 {name} options", IP(src=CLIENT4, dst=VIP4,
                                         options=[IPOption_NOP()] * 8) / payload
        yield f"IPv6 {name}", IPv6(src=CLIENT6, dst=VIP6, tc=0xb8, fl=5, hlim=9) / payload
        yield f"IPv6 {name} extensions", (IPv6(src=CLIENT6, dst=VIP6) / IPv6ExtHdrHopByHop() /
                                          OPTIONS6.copy() / payload)


def check_carried(program, scene, inner, vlan, padding):
    frame = bytes(link(vlan) / inner) + b"\xaa" * padding
    action, verdict, _, out = program.run(scene, frame)
    same("verdict", verdict, "forwarded")
    same("action", action, TX)
    packet, backend = Ether(out), int(scene[-1])
    same("destination MAC", packet.dst, HOP_MAC % backend)
    same("source MAC", packet.src, CLIENT_MAC)  # the egress interface's, by setup.h
    if vlan:
        same("tag", (packet[Dot1Q].vlan, packet[Dot1Q].prio), (vlan, 3))
    outer = packet.getlayer(IPv6 if backend == 1 else IP)
    is6 = inner.version == 6
    if backend == 1:
        same("outer", (outer.nh, outer.hlim, outer.tc, outer.plen),
             (41 if is6 else 4, 64, inner.tc if is6 else inner.tos, len(inner)))
        same("outer source", outer.src.startswith("2001:db8:0:fe:"), True)
        same("outer destination", outer.dst, "2001:db8:b::1")
    else:
        same("outer", (outer.ihl, outer.proto, outer.ttl, outer.tos, outer.len, str(outer.flags), outer.id),
             (5, 41 if is6 else 4, 64, inner.tc if is6 else inner.tos, len(inner) + 20, "DF", 0))
        same("outer source", outer.src.startswith("10.254."), True)
        same("outer destination", outer.dst.startswith("10.0."), True)
        header = IP(bytes(outer)[:20])
        del header.chksum
        same("outer checksum", outer.chksum, IP(bytes(header)).chksum)
    same("inner", bytes(outer.payload).hex()[:2 * len(inner)], bytes(inner).hex())
    same("what follows", out.hex(), (out[:len(out) - len(inner) - padding] + bytes(inner) +
                                     b"\xaa" * padding).hex())


def check_l2(program, inner, vlan, padding):
    frame = bytes(link(vlan) / inner) + b"\xaa" * padding
    _, verdict, _, out = program.run("backend2", frame)
    same("verdict", verdict, "forwarded")
    same("destination MAC", Ether(out).dst, HOP_MAC % 2)
    same("all but the MACs", out[12:].hex(), frame[12:].hex())


def check_back(packet, inner):
    """Sent from the VIP to the client, over the link it came by."""
    same("MACs", (packet.src, packet.dst), (OWN_MAC, CLIENT_MAC))
    answer = packet.getlayer(IPv6 if inner.version == 6 else IP)
    same("addresses", (answer.src, answer.dst), (inner.dst, inner.src))
    same("TTL", answer.hlim if inner.version == 6 else answer.ttl, 64)
    same("nothing behind", packet.haslayer(Padding), False)
    checksums_right(answer)
    return answer


def check_echo4(program, vlan, id_, seq, data):
    request = IP(src=CLIENT4, dst=VIP4, ttl=200) / ICMP(type=8, id=id_, seq=seq) / Raw(data)
    _, verdict, _, out = program.run("backend0", link(vlan) / request)
    same("verdict", verdict, "echo_reply")
    answer = check_back(Ether(out), request)
    same("reply", (answer[ICMP].type, answer[ICMP].id, answer[ICMP].seq), (0, id_, seq))
    same("data", bytes(answer[ICMP].payload), data)


def check_echo6(program, vlan, id_, seq, data):
    request = IPv6(src=CLIENT6, dst=VIP6) / ICMPv6EchoRequest(id=id_, seq=seq, data=data)
    _, verdict, _, out = program.run("backend0", link(vlan) / request)
    same("verdict", verdict, "echo_reply")
    answer = check_back(Ether(out), request)[ICMPv6EchoReply]
    same("reply", (answer.id, answer.seq, answer.data), (id_, seq, data))


def check_reset(program, vlan, ip, flags, data):
    request = ip / TCP(sport=40000, dport=80, flags=flags, seq=0xfffffff0, ack=1234,
                       options=[("MSS", 1460), ("SAckOK", b"")]) / Raw(data)
    frame = bytes(link(vlan) / request) + b"\0" * 7
    _, verdict, _, out = program.run("reset", frame)
    same("verdict", verdict, "no_backend_reset")
    reset = check_back(Ether(out), request)[TCP]
    same("ports", (reset.sport, reset.dport), (80, 40000))
    if "A" in flags:
        same("reset", (str(reset.flags), reset.seq, reset.ack), ("R", 1234, 0))
    else:
        length = len(data) + ("S" in flags) + ("F" in flags)
        same("reset", (str(reset.flags), reset.seq, reset.ack),
             ("RA", 0, (0xfffffff0 + length) & 0xffffffff))
    same("no data, no options", (reset.dataofs, len(reset.payload)), (5, 0))


def check_shadow(program, way, inner, vlan, padding):
    frame = bytes(link(vlan) / inner) + b"\0" * padding
    action, verdict, _, out = program.run(f"shadow{way}", frame)
    same("action and verdict", (action, verdict), (2, "shadow_forwarded"))
    same("the frame as it came", out.hex(), frame.hex())


def check_unreachable(program, scene, vlan, ip, code):
    request = ip / UDP(sport=4444, dport=53) / Raw(b"y" * 100)
    _, verdict, _, out = program.run(scene, link(vlan) / request)
    same("verdict", verdict, "no_backend_reset" if scene == "reset" else "no_backend_icmp")
    answer = check_back(Ether(out), request)
    error = answer.getlayer(ICMPv6DestUnreach if request.version == 6 else ICMP)
    same("error", (error.type, error.code), (1 if request.version == 6 else 3, code))
    quoted = bytes(error)[8:]
    same("quoted", quoted.hex(), bytes(request)[:len(quoted)].hex())
    same("ports quoted", bytes(UDP(sport=4444, dport=53))[:4] in quoted, True)


def check_hash(program):
    """The flow's hash under the key 0 is CPython's of the same bytes when its own key is 0."""
    same("this Python's hash", sys.hash_info.algorithm, "siphash13")
    flows, ours = [], []
    for port in range(1000, 1040):
        for ip in (IP(src=f"192.0.2.{port % 250}", dst=VIP4), IPv6(src=f"2001:db8::{port}", dst=VIP6)):
            packet = ip / TCP(sport=port, dport=80)
            addresses = bytes(packet)[12:20] if packet.version == 4 else bytes(packet)[8:40]
            flows.append(addresses + port.to_bytes(2, "big") + b"\0\x50\x06")
            ours.append(program.run("backend0", link(0) / packet)[2])
    script = f"for f in {flows!r}: print(hash(f) & (1 << 64) - 1)"
    theirs = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": "0"},
                            stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    same("hashes", ours, [int(h) for h in theirs])


def cases(program):
    """Name, function, arguments."""
    mixes = [(vlan, padding) for vlan in (0, 100) for padding in (0, 9)]
    for name, inner in inner_packets():
        for vlan, padding in mixes:
            where = f"{name}{', tag' * bool(vlan)}{', padding' * bool(padding)}"
            for backend in (0, 1):
                yield (f"{where} in IPv{6 if backend else 4}", check_carried, f"backend{backend}",
                       inner, vlan, padding)
            yield f"{where} on the segment", check_l2, inner, vlan, padding
            for way in range(4):
                yield f"{where} in shadow {way}", check_shadow, way, inner, vlan, padding
    for id_, seq, data in ((0, 0, b""), (0xf7ff, 0, b""), (0, 0xf7ff, b""), (0xffff, 0xffff, b"abc"),
                           (1, 2, b"\0" * 56), (0xff00, 0xff, b"\xff" * 57)):
        for vlan in (0, 7):
            yield f"echo {id_} {seq}", check_echo4, vlan, id_, seq, data
            yield f"echo {id_} {seq} IPv6", check_echo6, vlan, id_, seq, data
    ips = {"IPv4": IP(src=CLIENT4, dst=VIP4), "IPv6": IPv6(src=CLIENT6, dst=VIP6),
           "IPv4 options": IP(src=CLIENT4, dst=VIP4, options=[IPOption_NOP()] * 4),
           "IPv6 extensions": IPv6(src=CLIENT6, dst=VIP6) / OPTIONS6}
    for name, ip in ips.items():
        for vlan in (0, 7):
            for flags in ("S", "A", "F", "PA", "SA"):
                for data in (b"", b"z" * 50):
                    yield f"reset of {flags} {name}", check_reset, vlan, ip, flags, data
            code = {"reset": 4, "icmp": 3} if ip.version == 6 else {"reset": 3, "icmp": 1}
            for scene in code:
                yield (f"unreachable by {scene} {name}", check_unreachable, scene, vlan, ip,
                       code[scene])
    yield "hash", check_hash


def main():
    if os.geteuid() != 0 or not RUNNER.exists():
        print("1..0 # SKIP needs root and the runner that `make tests` builds")
        return 0
    program, failed = Program(), 0
    todo = list(cases(program))
    print(f"1..{len(todo)}")
    for number, (name, function, *arguments) in enumerate(todo, 1):
        try:
            function(program, *arguments)
            print(f"ok {number} - {name}")
        except (Wrong, AttributeError, IndexError, TypeError, ValueError) as error:
            failed += 1
            print(f"not ok {number} - {name}\n# {error}")
    program.process.stdin.close()
    program.process.wait()
    return failed != 0


sys.exit(main())
