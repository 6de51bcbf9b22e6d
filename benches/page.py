"""What an open page costs a daemon, and by how much fifty delay its answers.

    benches/page.py ANTIPHON

The same seed is answered again and again, with nobody listening and with fifty who do, in
turn, so that both have the same machine. Linux only: processor time comes from /proc.
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
SEEDS = 8
IDLE_SECONDS = 30
LISTENERS = 50


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def listen(port):
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return stream


def answer(root, sound, name):
    """Seconds until the prediction is there."""
    part = root / "seeds" / f".{name}.part"
    part.write_bytes(sound)
    begun = time.monotonic()
    part.rename(root / "seeds" / f"{name}.wav")
    prediction = root / "predictions" / f"{name}.0001.wav"
    while not prediction.exists():
        time.sleep(0.001)
    return time.monotonic() - begun


def idle(process):
    before = processor_seconds(process)
    time.sleep(IDLE_SECONDS)
    return 100 * (processor_seconds(process) - before) / IDLE_SECONDS


def main():
    antiphon = sys.argv[1]
    seed = pathlib.Path(__file__).parent.parent / "docs/sound/seed.wav"
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = ["watch", "--osc-listen", "off", "--page", f"127.0.0.1:{port}", "--root", folder]
        daemon = subprocess.Popen([antiphon, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (root / ".antiphon/beat.json").exists():
                time.sleep(0.1)
            sound = seed.read_bytes()
            answer(root, sound, "first")
            print(f"nobody looks: {idle(daemon.pid):.2f} % of a core")
            one = listen(port)
            print(f"one page is open: {idle(daemon.pid):.2f} % of a core")
            one.close()
            times = {0: [], LISTENERS: []}
            for turn in range(ROUNDS):
                for count, taken in times.items():
                    listeners = [listen(port) for _ in range(count)]
                    time.sleep(1)
                    taken += [answer(root, sound, f"s{turn}-{count}-{n}") for n in range(SEEDS)]
                    for listener in listeners:
                        listener.close()
            alone, together = (statistics.median(taken) for taken in times.values())
            print(
                f"{ROUNDS * SEEDS} answers each: {1000 * alone:.0f} ms with nobody, "
                f"{1000 * together:.0f} ms with {LISTENERS} who listen, "
                f"{100 * (together / alone - 1):+.1f} %"
            )
        finally:
            daemon.terminate()
            daemon.wait()


main()
