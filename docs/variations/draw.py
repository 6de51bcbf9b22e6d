#!/usr/bin/env python3
"""Draws sounds under each other: each one's spectrogram, and its pitch classes over time.

Usage: draw.py PICTURE.png "TITLE=SOUND.wav"…   (needs numpy, scipy and matplotlib)
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy import signal
from scipy.io import wavfile

PITCH_CLASSES = ["C", "", "D", "", "E", "F", "", "G", "", "A", "", "B"]


def read(path):
    rate, samples = wavfile.read(path)
    samples = samples / (1.0 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)
    samples = samples if samples.ndim == 1 else samples.mean(axis=1)
    return signal.resample_poly(samples, 11025, rate) if rate != 11025 else samples


def pitch_classes(samples):
    """The share of each pitch class, 75 to 1800 Hz, about twelve times a second."""
    f, t, z = signal.stft(samples, 11025, nperseg=4096, noverlap=4096 - 920)
    used = (f > 75) & (f < 1800)
    classes = np.round(12 * np.log2(f[used] / 440) + 69).astype(int) % 12
    power = np.abs(z[used]) ** 2
    folded = np.array([power[classes == c].sum(axis=0) for c in range(12)])
    loud = folded.sum(axis=0)
    folded[:, loud < 1e-4 * loud.max()] = 0
    return t, folded / (folded.max(axis=0) + 1e-12)


picture, *sounds = sys.argv[1:]
sounds = [sound.split("=", 1) for sound in sounds]
longest = max(len(read(path)) for _, path in sounds) / 11025
figure, axes = plt.subplots(
    2 * len(sounds), 1, figsize=(9, 2.6 * len(sounds)), sharex=True, layout="constrained",
    gridspec_kw={"height_ratios": [3, 2] * len(sounds)},
)
for number, (title, path) in enumerate(sounds):
    above, below = axes[2 * number : 2 * number + 2]
    samples = read(path)
    f, t, power = signal.spectrogram(samples, 11025, "hann", 1024, 768, mode="psd")
    level = 10 * np.log10(power + 1e-12)
    above.pcolormesh(t, f / 1000, level, vmin=level.max() - 70, vmax=level.max(), cmap="magma")
    above.set(ylabel="kHz", ylim=(0, 3), xlim=(0, longest))
    above.set_title(title, loc="left", fontsize=10)
    t, shares = pitch_classes(samples)
    below.pcolormesh(t, np.arange(12), shares, cmap="Greys", vmin=0, vmax=1)
    below.set_yticks(range(12), PITCH_CLASSES, fontsize=7)
axes[-1].set_xlabel("seconds")
figure.savefig(picture, dpi=80)
