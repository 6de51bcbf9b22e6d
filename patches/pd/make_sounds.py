#!/usr/bin/env python3
"""Makes the sounds that the Pd package ships: sounds/answer.wav and sounds/slices/.

Usage: make_sounds.py ANTIPHON FOLDER   (needs numpy; FOLDER is the package's sounds/)

All of it is antiphon's answers to computed strings. The slices are what `antiphon slice` makes of
predictions: a loop for each band, and the table bands.txt.
"""

import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy as np

RATE = 11025  # of the bundled models
PHRASE = [(220, 0.0), (330, 0.5), (440, 1.0), (392, 1.5), (330, 2.0), (293.7, 2.5), (220, 3.0)]
BANDS = [110.0, 164.81, 220.0, 329.63, 440.0, 659.26, 880.0]
LOOP = 1.2  # seconds, at most
FADE = 0.15


def string(frequency, seconds, decay):
    t = np.arange(int(seconds * RATE)) / RATE
    partials = (np.sin(2 * np.pi * k * frequency * t) * np.exp(-decay * k * t) / k for k in range(1, 6))
    return 0.35 * sum(partials) * np.minimum(1, t / 0.002)


def phrase():
    sound = np.zeros(int(4.0 * RATE))
    for frequency, start in PHRASE:
        note = string(frequency, 4.0 - start, 1.2)
        sound[-len(note) :] += 0.6 * note
    return sound


def read(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def write(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())


def answer(antiphon, seed, output, *options):
    command = [antiphon, "generate", "--model", "magnitude-spectrum", "--seed", seed, "--output", output, "--rate", "model", "--format", "int16"]
    subprocess.run([*command, *options], check=True, capture_output=True)


def strongest(sound):
    """The loudest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 17))
    return np.argmax(spectrum) * RATE / (1 << 17)


def level(sound):
    return 20 * np.log10(np.sqrt(np.mean(sound**2)) + 1e-9)


def loop(sound):
    """The stretch whose two ends are most alike, cross-faded at the same phase."""
    fade = int(FADE * RATE)
    best = (-1.0, 0, 0)
    for start in range(0, len(sound) - int((LOOP + FADE) * RATE), RATE // 10):
        head = sound[start : start + fade]
        for length in range(int(0.7 * LOOP * RATE), int(LOOP * RATE), 3):
            tail = sound[start + length : start + length + fade]
            likeness = head @ tail / (np.linalg.norm(head) * np.linalg.norm(tail) + 1e-9)
            best = max(best, (likeness, start, length))
    _, start, length = best
    looped = sound[start : start + length].copy()
    rise = np.linspace(0, 1, fade, endpoint=False)
    looped[:fade] = rise * looped[:fade] + (1 - rise) * sound[start + length : start + length + fade]
    return looped


def main(antiphon, folder):
    folder = pathlib.Path(folder)
    (folder / "slices").mkdir(parents=True, exist_ok=True)
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        seed, output = (pathlib.Path(temporary, name) for name in ("seed.wav", "answer.wav"))
        write(seed, phrase())
        answer(antiphon, seed, output, "--seconds", "6")
        write(folder / "answer.wav", read(output))
        for index, centre in enumerate(BANDS, 1):
            write(seed, string(centre, 4.0, 0.15))
            answer(antiphon, seed, output, "--force", "--seconds", "6", "--follow", "1", "--ending", "exact")
            slice_ = loop(read(output)[RATE : -RATE // 2])
            slice_ *= 0.2 / np.sqrt(np.mean(slice_**2)) if np.max(np.abs(slice_)) > 0 else 1
            slice_ *= min(1, 0.95 / np.max(np.abs(slice_)))
            name = f"band-{index:02}.wav"
            write(folder / "slices" / name, slice_)
            seconds, pitch = len(slice_) / RATE, strongest(slice_)
            lines.append(f"{index}, {centre:.2f} {name} {seconds:.4f} {level(slice_):.1f} {pitch:.2f};")
    (folder / "slices" / "bands.txt").write_text("\n".join(lines) + "\n")


main(*sys.argv[1:])
