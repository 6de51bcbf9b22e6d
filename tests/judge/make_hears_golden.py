#!/usr/bin/env python3
"""Writes hears_golden.json: how far answers follow their seeds, by numpy.

The sounds are computed here and, from the same formulas, in tests/judge/hears.rs:
four seeds of 4 s, melodies of plucked notes, and an answer of 8 s to each. The
measures below are the definitions; antiphon's own must agree with them.

Made with numpy 2.4: make_hears_golden.py > hears_golden.json
"""

import json

import numpy as np

from make_golden import lehmer, plucks

RATE = 11025


# The sounds.


MELODIES = [[0, 4, 7, 12, 9, 5], [2, 5, 9, 14, 11, 7], [4, 7, 11, 16, 12, 9], [12, 11, 7, 5, 4, 0]]


def seeds():
    return [
        plucks(4, RATE, melody, 0.25 + 0.1 * n) + 0.001 * lehmer(4 * RATE)
        for n, melody in enumerate(MELODIES)
    ]


def answers():
    """The first seed twice, an octave higher; the second early, with noise; the
    third's melody in another rhythm; another melody in the fourth's rhythm."""
    noise = lehmer(8 * RATE)
    early = np.roll(np.tile(seeds()[1], 2), -500)
    return [
        np.tile(plucks(4, RATE, [n + 12 for n in MELODIES[0]], 0.25), 2) + 0.002 * noise,
        early + 0.02 * noise,
        plucks(8, RATE, MELODIES[2], 0.4) + 0.002 * noise,
        plucks(8, RATE, MELODIES[0], 0.55) + 0.002 * noise,
    ]


# The measures.


def starts(x, n, hop):
    """Where frames begin; one that would end with the last sample is left out."""
    return range(0, len(x) - n, hop)


def looped(seed, samples, late=0):
    """The seed again and again, some samples late."""
    return np.roll(np.tile(seed, 1 + samples // len(seed)), late)[:samples]


def chroma_over_time(x, n=4096, hop=1024):
    """Power in each pitch class between 75 and 1500 Hz, frame by frame."""
    f = np.fft.rfftfreq(n, 1 / RATE)
    ok = (f > 75) & (f < 1500)
    classes = np.round(12 * np.log2(f[ok] / 440) + 69).astype(int) % 12
    chroma = np.zeros((len(starts(x, n, hop)), 12))
    for row, i in zip(chroma, starts(x, n, hop)):
        np.add.at(row, classes, np.abs(np.fft.rfft(x[i : i + n] * np.hanning(n)))[ok] ** 2)
    return chroma


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b) + 1e-20)


def chroma(answer, seed, window=22, hop=11):
    """Mean over windows of 2 s, every second, of the cosine of summed profiles."""
    a, b = chroma_over_time(answer), chroma_over_time(seed)
    windows = (slice(i, i + window) for i in range(0, len(a) - window, hop))
    return np.mean([cosine(a[w].sum(0), b[w].sum(0)) for w in windows])


def onset_curve(x, n=512, hop=128):
    """How much log magnitudes grow from frame to frame, summed and smoothed."""
    frames = np.stack([x[i : i + n] * np.hanning(n) for i in starts(x, n, hop)])
    magnitudes = np.abs(np.fft.rfft(frames))
    magnitudes = np.log1p(100 * magnitudes / magnitudes.max())
    growth = np.maximum(np.diff(magnitudes, axis=0), 0).sum(1)
    return np.convolve(growth, np.hanning(9), "same")


def onsets(answer, seed, most_late=8):
    """The largest correlation with one curve up to 8 frames behind the other."""
    a, b = onset_curve(answer), onset_curve(seed)
    n = len(a)
    r = lambda a, b: np.corrcoef(a, b)[0, 1]
    lates = range(most_late + 1)
    return max(max(r(a[: n - l], b[l:]), r(a[l:], b[: n - l])) for l in lates)


def loudness_contour(x, n=512, hop=128):
    """dB below the loudest frame, no less than -60, smoothed over 0.1 s."""
    frames = np.lib.stride_tricks.sliding_window_view(x, n)[::hop]
    energy = frames.var(1)
    decibels = np.maximum(10 * np.log10(energy / energy.max() + 1e-30), -60)
    return np.convolve(decibels, np.hanning(9), "valid")


def loudness(answer, seed):
    return np.corrcoef(loudness_contour(answer), loudness_contour(seed))[0, 1]


def nearness(answer, seed):
    """Mean cosine of pitch class profiles, up to 0.5 s early or late: the largest."""
    unit = lambda c: c / np.sqrt((c * c).sum(1, keepdims=True) + 1e-12)
    a = unit(chroma_over_time(answer))
    lates = [int(tenths * RATE / 10) for tenths in range(-5, 6)]
    moved = [unit(chroma_over_time(looped(seed, len(answer), late))) for late in lates]
    return max((a * b).sum(1).mean() for b in moved)


def main():
    single = lambda x: x.astype(np.float32).astype(np.float64)
    all_seeds, all_answers = [[single(x) for x in xs] for xs in (seeds(), answers())]
    shortest = min(map(len, all_seeds))
    golden = []
    for answer, seed in zip(all_answers, all_seeds):
        own = looped(seed, len(answer))
        near = [nearness(answer[:shortest], other) for other in all_seeds]
        golden.append(
            {
                "chroma": round(float(chroma(answer, own)), 6),
                "onsets": round(float(onsets(answer, own)), 6),
                "loudness": round(float(loudness(answer, own)), 6),
                "nearness": [round(float(n), 6) for n in near],
                "nearest": int(np.argmax(near)),
            }
        )
    print(json.dumps(golden, indent=1))


if __name__ == "__main__":
    main()
