#!/usr/bin/env python3
"""How far the remaining time that antiphon says at a quarter of an answer is from the truth.

    python3 benches/eta.py target/release/antiphon [--seconds 60] [--only NAME]

For each approach, with a short seed and a long one, a daemon answers, and says how it gets on
(/antiphon/progress id percent eta). The table has what it said when it said 25 % first, the
time that it took from there on, and how far that is off.
"""

import argparse
import json
import math
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import wave

CASES = {
    "magnitude spectrum": ["--model", "magnitude-spectrum"],
    "vector": ["--model", "vector"],
    "column vector": ["--model", "column-vector"],
    "transpose": ["--model", "transpose"],
    "a set of 3 vectors": ["--model", "vector", "--variations", "3"],
    "a set of 2 voices": ["--plan", "plan.json"],
}
PLAN = {"variations": [{"model": "vector"}, {"model": "column-vector", "seconds": 10}]}


def write_seed(path, seconds, rate=44100):
    """Plucked notes."""
    notes = [220, 277, 330, 440, 247, 294]
    samples = []
    for n in range(int(seconds * rate)):
        note, since = int(3 * n / rate), (3 * n / rate) % 1
        phase = 2 * math.pi * notes[note % 6] * n / rate
        samples.append(int(9000 * math.exp(-3 * since) * (math.sin(phase) + 0.5 * math.sin(2 * phase))))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def read(packet):
    """Address and numbers of a message; texts are left out."""
    end = packet.index(b"\0")
    at = (end + 4) & ~3
    types_end = packet.index(b"\0", at)
    types, at, numbers = packet[at + 1 : types_end], (types_end + 4) & ~3, []
    for kind in types.decode():
        if kind == "s":
            at = (packet.index(b"\0", at) + 4) & ~3
        else:
            numbers.append(struct.unpack_from(">i" if kind == "i" else ">f", packet, at)[0])
            at += 4
    return packet[:end].decode(), numbers


def answer(antiphon, options, seed, seconds):
    """What was said at 25 % and what was true, in seconds; and how long all took."""
    patch = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    patch.bind(("127.0.0.1", 0))
    patch.settimeout(900)
    with tempfile.TemporaryDirectory() as root:
        plan = pathlib.Path(root, "plan.json")
        plan.write_text(json.dumps(PLAN))
        options = [str(plan) if option == "plan.json" else option for option in options]
        osc = f"127.0.0.1:{patch.getsockname()[1]}"
        daemon = subprocess.Popen(
            [antiphon, "watch", "--root", root, "--osc", osc, "--osc-listen", "off", "--seconds", str(seconds), "--nice", "0", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        said = []
        try:
            while True:
                verb, numbers = read(patch.recv(65536))
                now = time.monotonic()
                if verb == "/antiphon/ready":
                    part = pathlib.Path(root, "seed.wav")
                    shutil.copy(seed, part)
                    part.rename(pathlib.Path(root, "seeds", "seed.wav"))
                elif verb == "/antiphon/heard":
                    begun = now
                elif verb == "/antiphon/progress":
                    said.append((now, *numbers[1:]))
                elif verb in ("/antiphon/done", "/antiphon/set"):
                    break
                elif verb == "/antiphon/error":
                    sys.exit(f"no answer with {options}")
        finally:
            daemon.terminate()
            daemon.wait()
    quarter = next((word for word in said if word[1] >= 25), None)
    return (quarter[2], now - quarter[0], now - begun) if quarter else (None, None, now - begun)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("antiphon")
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--seeds", type=float, nargs="*", default=[4, 40])
    arguments.add_argument("--only", default="")
    arguments = arguments.parse_args()
    print(f"{'approach':24} {'seed':>5} {'took':>7} {'said':>7} {'truth':>7} {'off':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for seconds in arguments.seeds:
            seed = pathlib.Path(folder, "seed.wav")
            write_seed(seed, seconds)
            for name, options in CASES.items():
                if arguments.only not in name:
                    continue
                said, true, took = answer(arguments.antiphon, options, seed, arguments.seconds)
                row = f"{name:24} {seconds:5.0f} {took:7.2f}"
                row += f" {said:7.2f} {true:7.2f} {100 * (said / true - 1):+5.0f}%" if said else "  too short to say"
                print(row, flush=True)


if __name__ == "__main__":
    main()
