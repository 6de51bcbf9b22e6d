#!/usr/bin/env python3
"""Render the pieces that the bundled models of bells and of bowed strings are trained on.

What: two pieces of two minutes, mono, 16 bit, 44100 Hz.

- bells: Plain Bob Minor, a method of English change ringing (17th century, public
  domain), rung on six struck bars whose scale moves on with each course.
- bows: a chorale of three voices for bowed strings, in a Dorian mode that moves on,
  whose chords this script strings together by rules of voice leading.

Why: the project ships only sound that it made itself. Every sample is computed by
this script. No recording is used.

A bar is a sum of damped modes (those of a tuned marimba bar, with a bell's tierce
beside them) and the knock of the mallet. A bowed string is a sum of partials of a
sawtooth with vibrato, through the resonances of a body, with the noise of the bow.

Usage: render_bells_and_bows.py --output FILE.wav --piece bells|bows

Needs Python 3.11 and numpy. The same machine and numpy give the same bytes.
"""

import argparse
import wave

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

RATE = 44100
SECONDS = 120.0
SEED = 1677  # Stedman's Campanalogia
PEAK_DB = -3.0

# A bar's modes: frequency as a multiple of the lowest, loudness, seconds to -60 dB.
MODES = (
    (1.0, 1.0, 1.0),
    (1.004, 0.35, 1.4),
    (2.4, 0.05, 0.6),
    (4.0, 0.42, 0.6),
    (9.9, 0.16, 0.4),
    (16.2, 0.07, 0.3),
    (24.7, 0.03, 0.18),
)
# Scales of six bars, in semitones above the lowest, and the lowest one's MIDI number.
SCALES = (
    (60, (0, 2, 4, 7, 9, 12)),
    (66, (0, 2, 3, 7, 9, 12)),
    (53, (0, 2, 5, 7, 9, 12)),
    (63, (0, 2, 4, 5, 9, 12)),
    (57, (0, 3, 5, 7, 10, 12)),
    (68, (0, 2, 4, 7, 9, 12)),
    (50, (0, 4, 7, 9, 11, 14)),
    (59, (0, 2, 3, 7, 8, 12)),
)
# Slow enough for a bar to be heard alone before the next one is struck.
BLOWS_PER_SECOND = 3.3

DORIAN = (0, 2, 3, 5, 7, 9, 10)
# The mode's first note, as a MIDI number, and chords until it moves on.
KEYS = (50, 55, 52, 47, 54, 49)
CHORDS_OF_A_KEY = 8
# Roots of the chorale's chords, as degrees of the scale.
ROOTS = (0, 3, 4, 0, 6, 2, 3, 0, 5, 3, 6, 4, 0, 2, 6, 0)
# The body's resonances: Hz, width in Hz, gain.
BODY = (
    (280.0, 60.0, 1.2),
    (460.0, 70.0, 1.0),
    (550.0, 90.0, 0.8),
    (1000.0, 250.0, 0.5),
    (2600.0, 900.0, 0.7),
    (4800.0, 2000.0, 0.25),
)


def hertz(midi: float) -> float:
    """Frequency of a MIDI number."""
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0)


def plain_bob_minor() -> list[tuple[int, ...]]:
    """The rows of a plain course, from rounds to the row before rounds."""
    row = list(range(6))
    rows = []
    for lead in range(5):
        for change in range(12):
            rows.append(tuple(row))
            if change == 11:
                pairs = ((2, 3), (4, 5))  # 12: the lead end
            elif change % 2 == 0:
                pairs = ((0, 1), (2, 3), (4, 5))  # cross
            else:
                pairs = ((1, 2), (3, 4))  # 16
            for a, b in pairs:
                row[a], row[b] = row[b], row[a]
    assert tuple(row) == tuple(range(6)), "a plain course comes round"
    return rows


def bar(hz: float, level: float, rng: np.random.RandomState) -> Signal:
    """One struck bar: the louder, the brighter."""
    t = np.arange(int(2.0 * RATE)) / RATE
    out = np.zeros(len(t))
    hardness = 3000.0 * 10.0 ** (level / 30.0)
    for ratio, size, t60 in MODES:
        f = hz * ratio
        if f > 0.45 * RATE:
            break
        decay = t60 * (262.0 / hz) ** 0.4
        strike = size * np.exp(-f / hardness / 6.0) * rng.uniform(0.85, 1.15)
        out += strike * 1e-3 ** (t / decay) * np.sin(2.0 * np.pi * f * t + rng.uniform(0.0, 0.3))
    knock = rng.randn(len(t)) * np.exp(-t * 700.0)
    out += 0.12 * np.convolve(knock, np.hanning(9) / 4.0, "same")
    out *= np.minimum(1.0, t / 0.0008) * np.clip((t[-1] - t) / 0.2, 0.0, 1.0)
    return 10.0 ** (level / 20.0) * out


def bells(rng: np.random.RandomState) -> Signal:
    """Courses of Plain Bob Minor, a scale each, as long as the piece."""
    out = np.zeros(int((SECONDS + 4.0) * RATE))
    at, course = 0.1, 0
    while at < SECONDS:
        lowest, scale = SCALES[course % len(SCALES)]
        for number, row in enumerate(plain_bob_minor()[:: 2 if course % 2 else 1]):
            swell = 5.0 * np.sin(2.0 * np.pi * number / 30.0)
            for place, bell in enumerate(row):
                if at >= SECONDS:
                    break
                level = -8.0 + swell + 2.5 * (place == 0) + rng.uniform(-2.0, 2.0)
                # The highest bell is the lightest, and rings first in rounds.
                sound = bar(hertz(lowest + scale[5 - bell]), level, rng)
                start = int((at + 0.006 * np.clip(rng.randn(), -2.0, 2.0)) * RATE)
                out[start : start + len(sound)] += sound[: len(out) - start]
                at += 1.0 / BLOWS_PER_SECOND
            at += 0.5 / BLOWS_PER_SECOND * (number % 2)  # the handstroke gap
        course += 1
    return out[: int(SECONDS * RATE)]


def chorale(rng: np.random.RandomState) -> list[tuple[float, float, list[int]]]:
    """Chords: when, how long, and the MIDI numbers of bass, middle and upper voice."""
    middle, upper = 62, 69
    chords, at, number = [], 0.1, 0
    while at < SECONDS:
        root = ROOTS[number % len(ROOTS)]
        key = KEYS[number // CHORDS_OF_A_KEY % len(KEYS)]
        pitches = [key + 12 * octave + step for octave in range(-1, 4) for step in DORIAN]
        of_chord = {(key + DORIAN[(root + third) % 7]) % 12 for third in (0, 2, 4)}
        near = lambda pitch, low, high: min(
            (p for p in pitches if p % 12 in of_chord and low <= p <= high),
            key=lambda p: abs(p - pitch) + 3.0 * rng.uniform(),
        )
        bass = min(p for p in pitches if p % 12 == (key + DORIAN[root]) % 12 and p >= 43)
        middle = near(middle + rng.choice((-2, 0, 2)), 57, 69)
        upper = near(upper + rng.choice((-4, -2, 2, 4)), max(middle + 3, 64), 81)
        length = float(rng.choice((1.6, 2.0, 2.4, 3.2)))
        chords.append((at, length, [bass, middle, upper]))
        at += length
        number += 1
    return chords


def bow(hz: float, seconds: float, level: float, rng: np.random.RandomState) -> Signal:
    """One bowed note, which swells and dies away."""
    t = np.arange(int((seconds + 0.25) * RATE)) / RATE
    depth = 0.004 * np.clip((t - 0.25) / 0.5, 0.0, 1.0)
    drift = np.interp(t, np.linspace(0.0, t[-1], 8), 0.0012 * rng.randn(8))
    vibrato = depth * np.sin(2.0 * np.pi * rng.uniform(4.9, 5.7) * t + rng.uniform(0.0, 6.28))
    phase = 2.0 * np.pi * np.cumsum(hz * (1.0 + vibrato + drift)) / RATE
    swell = 0.35 + 0.65 * np.sin(np.pi * np.clip(t / seconds, 0.0, 1.0)) ** 0.7
    out = np.zeros(len(t))
    for k in range(1, int(0.42 * RATE / hz) + 1):
        f = k * hz
        body = 0.15 + sum(g / (1.0 + ((f - c) / w) ** 2) for c, w, g in BODY)
        # The louder, the brighter.
        bright = swell ** (k / 9.0 + 0.8) * np.exp(-f / 5200.0)
        out += body / k * bright * np.sin(k * phase + rng.uniform(0.0, 0.4))
    rosin = np.fft.rfft(rng.randn(len(t)))
    at = np.fft.rfftfreq(len(t), 1.0 / RATE)
    rosin *= at / (at + 900.0) * np.exp(-at / 6000.0)
    out += 0.035 * swell * np.fft.irfft(rosin, len(t))
    edge = np.clip(t / 0.12, 0.0, 1.0) * np.clip((t[-1] - t) / 0.3, 0.0, 1.0)
    return 10.0 ** (level / 20.0) * out * np.sin(0.5 * np.pi * edge) ** 2


def bows(rng: np.random.RandomState) -> Signal:
    """The chorale; a voice that keeps its pitch holds it."""
    out = np.zeros(int((SECONDS + 5.0) * RATE))
    held: dict[int, tuple[int, float, float]] = {}

    def play(voice: int) -> None:
        pitch, start, length = held.pop(voice)
        level = (-3.0, -6.0, -2.0)[voice] + rng.uniform(-3.0, 3.0)
        sound = bow(hertz(pitch), length, level, rng)
        first = int((start + rng.uniform(0.0, 0.03)) * RATE)
        out[first : first + len(sound)] += sound[: len(out) - first]

    for at, length, pitches in chorale(rng):
        for voice, pitch in enumerate(pitches):
            if voice in held and held[voice][0] == pitch and held[voice][2] < 5.0:
                held[voice] = (pitch, held[voice][1], held[voice][2] + length)
                continue
            if voice in held:
                play(voice)
            held[voice] = (pitch, at, length)
    for voice in list(held):
        play(voice)
    return out[: int(SECONDS * RATE)]


def write_wav(path: str, sound: Signal) -> None:
    """Scale to PEAK_DB, fade the end, and write 16-bit mono."""
    fade = int(0.5 * RATE)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade)
    scaled = sound * (10.0 ** (PEAK_DB / 20.0) / np.abs(sound).max())
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(scaled * 32767.0).astype("<i2").tobytes())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Render a training piece.")
    parser.add_argument("--output", required=True, help="WAV file to write")
    parser.add_argument("--piece", choices=("bells", "bows"), required=True)
    args = parser.parse_args()
    rng = np.random.RandomState(SEED)  # its stream never changes between numpy versions
    write_wav(args.output, {"bells": bells, "bows": bows}[args.piece](rng))


if __name__ == "__main__":
    main()
