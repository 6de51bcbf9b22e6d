#!/usr/bin/env python3
"""Writes golden.json: the three criteria's measures, by numpy and scipy.

The sounds are computed here and, from the same formulas, in tests/judge.rs: a
training piece of plucked notes at 8000 Hz, and predictions that each fail in
their own way. The measures below are the definitions; antiphon's own must
agree with them.

Made with numpy 2.4 and scipy 1.17: make_golden.py > golden.json
"""

import json

import numpy as np
from scipy import linalg, signal

RATE = 8000
NOISES = 64  # the distance to one depends by a few percent on its chance level
MELODY = [0, 4, 7, 12, 9, 5, 2, 7, 11, 7, 4, 2]


# The sounds.


def lehmer(count):
    """Noise from -1 to 1 of Lehmer's generator, which any language can repeat."""
    state, values = 20260522, []
    for _ in range(count):
        state = state * 48271 % 2147483647
        values.append(2 * state / 2147483647 - 1)
    return np.array(values)


def plucks(seconds, rate, melody, note_seconds):
    """Notes that decay, one after the other, over A2 (110 Hz)."""
    t = np.arange(int(seconds * rate)) / rate
    note = np.floor(t / note_seconds).astype(int)
    since = t - note * note_seconds
    hz = 110 * 2 ** (np.array(melody)[note % len(melody)] / 12)
    loudness = 0.2 + 0.05 * (note * 7 % 5)
    x = sum(np.sin(2 * np.pi * k * hz * since) * np.exp(-2 * k * since) / k for k in range(1, 9))
    return loudness * x


def sounds():
    """The training audio, and predictions with their rates by name."""
    training = plucks(9, RATE, MELODY, 0.3) + 0.001 * lehmer(9 * RATE)
    variation = plucks(6, RATE, MELODY[5:] + MELODY[:4], 0.4) + 0.001 * lehmer(6 * RATE)
    other_rate = plucks(6, 11025, MELODY[3:], 0.4) + 0.002 * lehmer(6 * 11025)
    t = np.arange(6 * RATE) / RATE
    clicky = variation.copy()
    clicky[1000::1500] += 0.7
    silent = variation.copy()
    silent[int(2.05 * RATE) :] = 0
    return training, {
        "variation": (variation, RATE),
        "drone": (0.2 * np.sin(2 * np.pi * 155 * t) + 0.1 * np.sin(2 * np.pi * 310 * t), RATE),
        "noise": (0.3 * lehmer(6 * RATE), RATE),
        "copy": (-0.5 * training[20000:52000] + 0.002 * lehmer(32000), RATE),
        "clicky": (clicky, RATE),
        "mostly silent": (silent, RATE),
        "loud": (np.clip(4 * variation, -1, 1) + 0.05, RATE),
        "other rate": (other_rate, 11025),
        "short": (variation[:2000], RATE),
    }


# The measures.


def mel_bank(fs, n, bands=40):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    hz = lambda m: 700 * (10 ** (m / 2595) - 1)
    corners = hz(np.linspace(mel(40), mel(fs / 2 * 0.98), bands + 2))
    f = np.fft.rfftfreq(n, 1 / fs)
    triangle = lambda a, b, c: np.clip(np.minimum((f - a) / (b - a), (c - f) / (c - b)), 0, None)
    return np.array([triangle(*abc) for abc in zip(corners, corners[1:], corners[2:])])


def power(x, n=1024, hop=256):
    x = np.pad(x, (0, max(0, n - len(x))))
    frames = np.lib.stride_tricks.sliding_window_view(x, n)[::hop]
    return np.abs(np.fft.rfft(frames * np.hanning(n), axis=1)) ** 2


def log_mel(x, fs):
    return np.log10(power(x) @ mel_bank(fs, 1024).T + 1e-5)


def frechet(a, b):
    cov = lambda v: np.cov(v.T) + 1e-6 * np.eye(v.shape[1])
    ca, cb = cov(a), cov(b)
    between = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return between + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real)


def flatness(x):
    p = power(x)
    return np.mean(np.exp(np.log(p + 1e-12).mean(1)) / (p.mean(1) + 1e-12))


def sharpness(x):
    return np.percentile(np.abs(np.diff(x, 2)), 99.99)


def chroma(x, fs):
    p, f = power(x, 4096, 1024), np.fft.rfftfreq(4096, 1 / fs)
    ok = (f > 70) & (f < min(2000, fs / 2))
    h = np.zeros(12)
    np.add.at(h, np.round(12 * np.log2(f[ok] / 440)).astype(int) % 12, p[:, ok].sum(0))
    return h / np.linalg.norm(h)


def pink(n, rng):
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    x = np.fft.irfft(spectrum, n)
    return x / np.sqrt((x**2).mean())


def literal(x, t, fs):
    n = int(0.5 * fs)
    norms = np.sqrt(np.maximum(signal.fftconvolve(t**2, np.ones(n), "valid"), 1e-9))
    best = []
    for start in range(0, len(x) - n + 1, n):
        piece = x[start : start + n]
        if np.linalg.norm(piece) < 1e-3 * np.sqrt(n):
            continue
        c = np.abs(signal.fftconvolve(t, piece[::-1], "valid"))
        c /= norms * np.linalg.norm(piece)
        c[norms < 1e-2 * np.sqrt(n)] = 0
        best.append(c.max())
    return np.mean(np.array(best) > 0.9) if best else 0.0, max(best, default=0.0)


def measures(x, t, fs):
    rms = lambda v: np.sqrt((v**2).mean())
    rt, rx = rms(t), rms(x)
    unit_t, unit_x = t / rt, x / rx
    mt, mx = log_mel(unit_t, fs), log_mel(unit_x, fs)
    half = len(mt) // 2
    own = frechet(mt[:half], mt[half:])
    noises = (log_mel(pink(len(t), np.random.default_rng(seed)), fs) for seed in range(NOISES))
    to_noise = np.mean([frechet(mt, noise) for noise in noises])
    # A single frame has no covariance to compare.
    resemble = 1 - (frechet(mt, mx) - own) / (to_noise - own) if len(mx) > 1 else None
    block = fs // 10
    blocks = x[: len(x) // block * block].reshape(-1, block)
    share, best = literal(unit_x, unit_t, fs)
    return {
        "seconds": len(x) / fs,
        "click_ratio": sharpness(unit_x) / sharpness(unit_t),
        "flat_ratio": flatness(unit_x) / flatness(unit_t),
        "level_db": 20 * np.log10(x.std() / t.std()),
        "silent": np.mean(blocks.std(1) < 1e-3 * t.std()),
        "clip": np.mean(np.abs(x) >= 0.999),
        "dc": x.mean() / rx,
        "alive": mx.std(0).mean() / mt.std(0).mean(),
        "resemble": resemble,
        "chroma": chroma(x, fs) @ chroma(t, fs),
        "literal": share,
        "max_ncc": best,
    }


def main():
    training, predictions = sounds()
    single = lambda x: x.astype(np.float32).astype(np.float64)
    golden = {}
    for name, (x, rate) in predictions.items():
        x = single(x)
        if rate != RATE:
            g = np.gcd(rate, RATE)
            x = signal.resample_poly(x, RATE // g, rate // g)
        result = measures(x, single(training), RATE)
        golden[name] = {k: v if v is None else round(float(v), 6) for k, v in result.items()}
    print(json.dumps(golden, indent=1))


if __name__ == "__main__":
    main()
