#!/usr/bin/env python3
"""How long after a file is closed its seed is seen: claim_latency.py ANTIPHON [TIMES]

Starts the daemon on a folder of its own, copies a sound in again and again, and prints
the milliseconds from the end of the copy to /antiphon/seen, by which the seed is claimed.
"""

import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time


def wav(seconds):
    sound = b"".join(struct.pack("<h", (n * 97) % 2000 - 1000) for n in range(int(44100 * seconds)))
    header = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(sound), b"WAVEfmt ", 16, 1, 1,
                         44100, 88200, 2, 16, b"data", len(sound))
    return header + sound


def hear(patch, address):
    while not patch.recv(65536).startswith(address):
        pass
    return time.perf_counter()


program, times = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
patch = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
patch.bind(("127.0.0.1", 0))
patch.settimeout(60)
osc = "127.0.0.1:%d" % patch.getsockname()[1]
with tempfile.TemporaryDirectory() as folder:
    command = [program, "watch", "--root", folder, "--osc", osc, "--osc-listen", "off", "--seconds", "0.1"]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        hear(patch, b"/antiphon/ready")
        sound, latencies = wav(4), []
        for number in range(times):
            time.sleep(0.2)
            with open(pathlib.Path(folder, "seeds", f"{number}.wav"), "wb") as seed:
                seed.write(sound)
            closed = time.perf_counter()
            latencies.append(1000 * (hear(patch, b"/antiphon/seen") - closed))
            hear(patch, b"/antiphon/done")
    finally:
        daemon.kill()
latencies.sort()
median, most = latencies[len(latencies) // 2], latencies[-1]
print(f"{times} seeds: median {median:.1f} ms, most {most:.1f} ms from close to claim")
