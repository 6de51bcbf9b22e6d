#!/usr/bin/env python3
"""Draws answers.png: a seed's spectrogram and those of the bundled models' answers.

Usage: draw_answers.py ANTIPHON SEED.wav answers.png   (needs numpy, scipy and matplotlib)
"""

import pathlib
import subprocess
import sys
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy import signal
from scipy.io import wavfile

MODELS = ("magnitude-spectrum", "bells", "bows", "vector", "column-vector", "transpose")
antiphon, seed, picture = sys.argv[1:]


def read(path):
    rate, samples = wavfile.read(path)
    scale = 1.0 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    return rate, samples / scale


with tempfile.TemporaryDirectory() as folder:
    sounds = [("seed", *read(seed))]
    for model in MODELS:
        output = pathlib.Path(folder, f"{model}.wav")
        command = [antiphon, "generate", "--model", model, "--seed", seed, "--output", output]
        subprocess.run([*command, "--format", "int16", "--ending", "exact"], check=True, capture_output=True)
        sounds.append((model, *read(output)))

figure, axes = plt.subplots(len(sounds), 1, figsize=(9, 12), sharex=True, layout="constrained")
for axis, (name, rate, samples) in zip(axes, sounds):
    f, t, power = signal.spectrogram(samples, rate, "hann", 2048, 1024, mode="psd")
    axis.pcolormesh(t, f / 1000, 10 * np.log10(power + 1e-12), vmin=-110, vmax=-40, cmap="magma")
    level = 20 * np.log10(np.sqrt(np.mean(samples**2)) + 1e-9)
    axis.set_ylabel("kHz")
    axis.set_ylim(0, 10)
    axis.set_title(f"{name}, {level:.0f} dB", loc="left", fontsize=10)
axes[-1].set_xlabel("seconds")
figure.savefig(picture, dpi=90)
