#!/usr/bin/env python3
"""Makes theme.wav, a single line in E minor, and chords.wav, dissonant chords: in small what the
dissertation's section 6.2.4 was made of, played on a computed string.

Usage: make_theme_and_chords.py FOLDER   (needs numpy and scipy)
"""

import pathlib
import sys

import numpy as np
from scipy.io import wavfile
from scipy.signal import lfilter

RATE = 44100
random = np.random.default_rng(7)

# MIDI pitch and length in seconds.
THEME = [
    (64, 1), (67, 0.5), (71, 0.5), (69, 1), (67, 0.5), (66, 0.5), (64, 1.5), (62, 0.5), (64, 2),
    (71, 1), (74, 0.5), (73, 0.5), (71, 1), (69, 0.5), (67, 0.5), (66, 1.5), (64, 0.5), (62, 2),
    (64, 0.5), (66, 0.5), (67, 1), (71, 1), (69, 1), (64, 3),
]
# Minor seconds, major sevenths, tritones; few of the theme's pitch classes.
CHORDS = [
    [46, 53, 59, 60, 65], [44, 51, 56, 61, 63], [49, 58, 59, 65, 68], [48, 53, 56, 61, 70],
    [46, 51, 60, 61, 65], [44, 56, 59, 60, 65], [49, 53, 60, 63, 68], [46, 58, 61, 63, 65],
]


def pluck(pitch, seconds, bright=0.5):
    """A string of Karplus and Strong."""
    period = int(round(RATE / (440 * 2 ** ((pitch - 69) / 12)) - 0.5))
    samples = np.zeros(int(seconds * RATE))
    samples[:period] = random.uniform(-1, 1, period)
    samples = lfilter([1, bright], [1 + bright], samples)
    loop = np.zeros(period + 2)
    loop[0], loop[period:] = 1, -0.997 / 2
    return lfilter([1], loop, samples)


def write(path, samples):
    samples = samples / abs(samples).max() / 1.25
    wavfile.write(path, RATE, np.round(samples * 32767).astype(np.int16))


def add(sound, samples, seconds):
    start = int(seconds * RATE)
    end = min(start + len(samples), len(sound))
    sound[start:end] += samples[: end - start]


folder = pathlib.Path(sys.argv[1])
length = sum(seconds for _, seconds in THEME) + 0.3
theme, now = np.zeros(int(length * RATE)), 0.0
for pitch, seconds in THEME:
    add(theme, pluck(pitch, min(1.3 * seconds, 3)), now)
    now += seconds
write(folder / "theme.wav", theme)

chords, now = np.zeros(80 * RATE), 0.0
while now < 78:
    seconds = random.choice([1.5, 2, 2.5, 3])
    for number, pitch in enumerate(CHORDS[random.integers(len(CHORDS))]):
        tone = pluck(pitch, 1.4 * seconds, 0.3) * random.uniform(0.5, 1)
        add(chords, tone, now + 0.02 * number)
    now += seconds
write(folder / "chords.wav", chords)
