#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keepers.py TCP|UDP,ADDRESS,COUNT ... - flows that live long and notice whatever is done to them.

Each of COUNT flows speaks ten times a second, over TCP (an HTTP request on a kept connection) or
UDP, and remembers which backend answered first. A flow is broken when its connection ends, when
nothing comes for 3 s, or when another backend answers; then it is begun anew. On SIGTERM one JSON
object: flows, questions, and broken: [seconds since the epoch, flow, backend, why].
"""
import asyncio
import json
import os
import random
import signal
import socket
import sys
import time

PAUSE_S = 0.1
TIMEOUT_S = 3
questions, broken = 0, []


class Broken(Exception):
    pass


class Tcp:
    async def begin(self, address):
        self.reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection(address, 80), TIMEOUT_S)

    async def ask(self):
        self.writer.write(b"GET /id HTTP/1.1\r\nHost: vip\r\n\r\n")
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return (await asyncio.wait_for(self.reader.readexactly(length), TIMEOUT_S)).decode().strip()

    def end(self):
        if hasattr(self, "writer"):
            self.writer.transport.abort()


class Udp:
    """One lost datagram is UDP's own; a flow is asked until TIMEOUT_S."""

    async def begin(self, address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect((address, 7))

    async def ask(self):
        loop = asyncio.get_running_loop()
        for _ in range(TIMEOUT_S):
            self.socket.send(b"who")
            try:
                answer = await asyncio.wait_for(loop.sock_recv(self.socket, 100), 1)
                return answer.partition(b" ")[0].decode()
            except asyncio.TimeoutError:
                pass
        raise asyncio.TimeoutError

    def end(self):
        self.socket.close()


async def live(flow, name, address, state):
    global questions
    await flow.begin(address)
    while True:
        answer = await flow.ask()
        questions += 1
        state["backend"] = state["backend"] or answer
        if answer != state["backend"]:
            raise Broken(f"{answer} answered")
        await asyncio.sleep(PAUSE_S * random.uniform(0.7, 1.3))


async def keep(kind, name, address):
    await asyncio.sleep(random.random())
    while True:
        flow, state = kind(), {"backend": None}
        try:
            await live(flow, name, address, state)
        except (OSError, EOFError, asyncio.TimeoutError, Broken) as error:
            broken.append([round(time.time(), 3), name, state["backend"], repr(error)])
        finally:
            flow.end()
        await asyncio.sleep(PAUSE_S)


async def main():
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    kinds = {"TCP": Tcp, "UDP": Udp}
    flows = []
    for argument in sys.argv[1:]:
        kind, address, count = argument.split(",")
        flows += [asyncio.create_task(keep(kinds[kind], f"{kind} {address} {i}", address))
                  for i in range(int(count))]
    print("ready", flush=True)
    await ended.wait()
    print(json.dumps({"flows": len(flows), "questions": questions, "broken": broken}), flush=True)
    os._exit(0)  # at once: what ends now isn't broken


asyncio.run(main())
