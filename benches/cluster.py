#!/usr/bin/env python3
"""What it costs to have seeds answered through a NATS server, on this machine alone.

    benches/cluster.py overhead     what a job takes beyond answering, one at a time
    benches/cluster.py workers      four workers against one, by the processor's time
    benches/cluster.py many         10,000 small jobs through one bridge, and its memory

It needs nats-server and a program built with `cargo build --release --features nats`.
"""

import argparse
import atexit
import math
import os
import random
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("ANTIPHON", ROOT / "target/release/antiphon"))
SECOND = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Cluster:
    """A NATS server, a bridge and workers."""

    def __init__(self, folder, model, seconds, jobs, more=()):
        self.folder = Path(folder)
        self.root = self.folder / "root"
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.processes = []
        atexit.register(self.end)
        self.server = self.start(
            "nats", ["nats-server", "--addr", "127.0.0.1", "--port", str(self.port), "--jetstream",
                     "--store_dir", str(self.folder / "store")])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.02)
        (self.root / "seeds").mkdir(parents=True)
        self.bridge = self.start(
            "bridge", [PROGRAM, "bridge", "--root", self.root, "--model", model, "--nats", self.url,
                       "--seconds", str(seconds), "--ending", "exact", "--jobs", str(jobs),
                       "--osc-listen", "off", "--osc", f"127.0.0.1:{free_port()}", *more])

    def start(self, name, words):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen([str(word) for word in words], stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def worker(self, number):
        return self.start(
            f"worker-{number}", [PROGRAM, "worker", "--nats", self.url, "--threads", "1", "--nice",
                                 "0", "--model-cache", self.folder / "cache"])

    def done(self):
        predictions = self.root / "predictions"
        if not predictions.is_dir():
            return 0
        return sum(1 for name in os.scandir(predictions) if name.name.endswith(".wav"))

    def wait_for(self, count, told=None):
        while True:
            done = self.done()
            if told:
                told(done)
            if done >= count:
                return
            if self.bridge.poll() is not None:
                sys.exit((self.folder / "bridge.log").read_text())
            time.sleep(0.02)

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def write_seed(path, number, seconds=0.2, rate=11025):
    noise = random.Random(number)
    pitch = 150 + noise.random() * 500
    samples = [int(9000 * math.sin(math.tau * pitch * n / rate) * math.exp(-3 * n / rate))
               for n in range(int(seconds * rate))]
    part = path.with_name(f".{path.name}.part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    part.rename(path)


def processor_seconds(process):
    """Of the process, which runs."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / SECOND


def memory(process):
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def overhead(options, folder):
    cluster = Cluster(folder, options.model, options.seconds, 8)
    cluster.worker(0)
    count = options.count or 200
    for number in range(count + 5):
        write_seed(cluster.root / "seeds" / f"{number:05}.wav", number)
        cluster.wait_for(number + 1)
    cluster.end()
    log = (cluster.folder / "bridge.log").read_text()
    pattern = r"took ([\d.]+) s for \S+, which was ([\d.-]+) s on the way"
    ways = [(float(took), float(way)) for took, way in re.findall(pattern, log)][5:]
    on_the_way = sorted(way * 1000 for _, way in ways)
    print(f"{len(ways)} seeds, one after the other; answering takes "
          f"{statistics.median(took for took, _ in ways) * 1000:.1f} ms (median)")
    print(f"on the way: median {statistics.median(on_the_way):.1f} ms, 95 % below "
          f"{on_the_way[int(0.95 * len(on_the_way))]:.1f} ms; the bar is 20 ms")


def neighbours(folder, model, seconds, count):
    """So many processes that answer here all the time, by themselves."""
    for number in range(count):
        root = Path(folder) / f"neighbour-{number}"
        (root / "seeds").mkdir(parents=True)
        for seed in range(500):
            write_seed(root / "seeds" / f"{seed:04}.wav", seed)
        words = [PROGRAM, "watch", "--root", root, "--model", model, "--seconds", str(seconds),
                 "--ending", "exact", "--threads", "1", "--nice", "0", "--osc-listen", "off",
                 "--osc", f"127.0.0.1:{free_port()}"]
        yield subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)


def workers(options, folder):
    """Four workers against one, on a machine that may have fewer cores than that.

    What counts is the processor's time that a worker needs for a seed. Four workers are worth
    four times one if that stays what it was. Processes that share a core and its caches are
    slower each, so that one worker is measured beside three that answer by themselves."""
    count = options.count or 200
    rates = {}
    for number_of_workers in (1, 4):
        place = Path(folder) / str(number_of_workers)
        place.mkdir()
        beside = list(neighbours(place, options.model, options.seconds, 4 - number_of_workers))
        cluster = Cluster(place, options.model, options.seconds, 16)
        staff = [cluster.worker(n) for n in range(number_of_workers)]
        warm = number_of_workers * 4
        for number in range(warm):
            write_seed(cluster.root / "seeds" / f"warm{number:05}.wav", 10_000 + number)
        cluster.wait_for(warm)
        everybody = [*staff, cluster.bridge, cluster.server]
        before = [processor_seconds(process) for process in everybody]
        begun = time.monotonic()
        for number in range(count):
            write_seed(cluster.root / "seeds" / f"{number:05}.wav", number)
        while cluster.done() < warm + count:
            time.sleep(0.2)
        wall = time.monotonic() - begun
        spent = [processor_seconds(p) - b for p, b in zip(everybody, before)]
        own = sum(spent[:number_of_workers])
        rates[number_of_workers] = count / own
        print(f"{number_of_workers} of 4 that answer are workers: {count} seeds in {wall:.1f} s; "
              f"processor: workers {own:.2f} s, bridge {spent[-2]:.2f} s, server {spent[-1]:.2f} s; "
              f"{rates[number_of_workers]:.2f} seeds for each second of a worker's processor",
              flush=True)
        cluster.end()
        for process in beside:
            process.kill()
            process.wait()
    share = rates[4] / rates[1]
    print(f"four workers do {share:.3f} of four times what one does, for the same time of a "
          "processor each; the bar is 0.9")


def many(options, folder):
    cluster = Cluster(folder, options.model, options.seconds, 64, ["--keep-done", "100"])
    for number in range(2):
        cluster.worker(number)
    count = options.count or 10_000
    marks, begun = {}, time.monotonic()

    def told(done):
        for mark in (100, 1000, count // 2, count):
            if done >= mark and mark not in marks:
                marks[mark] = memory(cluster.bridge)
                print(f"{mark} done after {time.monotonic() - begun:.0f} s: the bridge has "
                      f"{marks[mark]:.1f} MB", flush=True)

    for number in range(count):
        while number - cluster.done() > 500:
            told(cluster.done())
            time.sleep(0.05)
        write_seed(cluster.root / "seeds" / f"{number:05}.wav", number)
    cluster.wait_for(count, told)
    wall = time.monotonic() - begun
    stored = subprocess.run(["du", "-sm", cluster.folder / "store"], capture_output=True, text=True)
    print(f"{count / wall:.1f} seeds a second; the server's store has "
          f"{stored.stdout.split()[0]} MB at the end")
    cluster.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead", "workers", "many"])
    parser.add_argument("--model", default="vector", help="a bundled model, or a file")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each answer")
    parser.add_argument("--count", type=int, help="seeds")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="antiphon-cluster-")
    try:
        {"overhead": overhead, "workers": workers, "many": many}[options.what](options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
