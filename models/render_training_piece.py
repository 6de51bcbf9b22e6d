#!/usr/bin/env python3
"""Render the piece that the bundled models are trained on.

What: J. S. Bach, Prelude in C major BWV 846 (1722), all 35 bars, played by a
plucked-string (or struck-string) model into a mono 16-bit WAV at 11025 or
44100 Hz, about two minutes long.

Why: the project ships only sound that it made itself. Bach died in 1750, so
the music is in the public domain; the notes below were typed in for this
script, and every sample is computed by it. No recording is used.

The guitar is an extended Karplus-Strong string (Lagrange fractional delay,
frequency-dependent damping, pluck position, two slightly detuned
polarisations) at 44100 Hz, then a resonant body and a low-pass below half the
rate of the file. It plays in A major, a third below the original, with the sixth
string at D; the few basses below that string sound an octave higher. The
piano is a sum of damped, slightly inharmonic partials in the original key.

Usage: render_training_piece.py --output FILE.wav [--instrument guitar|piano]
    [--rate 11025|44100]

Needs Python 3.11 and numpy. The same machine and numpy give the same bytes.
"""

import argparse
import wave
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

RATES = (11025, 44100)  # of the file
STRING_RATE = 44100  # inside the guitar
TEMPO = 72.0  # crotchets per minute
SEED = 1722
PEAK_DB = -3.0
RING_S = 4.5  # how long the last chord sounds
GUITAR_SHIFT, GUITAR_LOWEST = -3, 38  # semitones; D2

# Bars 1 to 32: five notes each, played 1 2 3 4 5 3 4 5 twice.
CHORDS = """
C4 E4 G4 C5 E5 | C4 D4 A4 D5 F5 | B3 D4 G4 D5 F5 | C4 E4 G4 C5 E5
C4 E4 A4 E5 A5 | C4 D4 F#4 A4 D5 | B3 D4 G4 D5 G5 | B3 C4 E4 G4 C5
A3 C4 E4 G4 C5 | D3 A3 D4 F#4 C5 | G3 B3 D4 G4 B4 | G3 Bb3 E4 G4 C#5
F3 A3 D4 A4 D5 | F3 Ab3 D4 F4 B4 | E3 G3 C4 G4 C5 | E3 F3 A3 C4 F4
D3 F3 A3 C4 F4 | G2 D3 G3 B3 F4 | C3 E3 G3 C4 E4 | C3 G3 Bb3 C4 E4
F2 F3 A3 C4 E4 | F#2 C3 A3 C4 Eb4 | Ab2 F3 B3 C4 D4 | G2 F3 G3 B3 D4
G2 E3 G3 C4 E4 | G2 D3 G3 C4 F4 | G2 D3 G3 B3 F4 | G2 Eb3 A3 C4 F#4
G2 E3 G3 C4 G4 | G2 D3 G3 C4 F4 | G2 D3 G3 B3 F4 | C2 C3 G3 Bb3 E4
"""
FIGURE = (0, 1, 2, 3, 4, 2, 3, 4)
# Bars 33 and 34: sixteen notes each, and the string that plays each of them.
RUNS = (
    ("C2 C3 F3 A3 C4 F4 C4 A3 C4 A3 F3 A3 F3 D3 F3 D3", "0123454343232222"),
    ("C2 B2 G4 B4 D5 F5 D5 B4 D5 B4 G4 B4 D4 F4 E4 D4", "0123454343232332"),
)
FINAL = "C2 C3 E4 G4 C5"  # bar 35, spread

# The playing: (bar, dB) between which loudness moves, and the bars whose last
# beat is drawn out.
# fmt: off
DYNAMICS = ((1, -6), (5, -1), (8, -5), (12, -1), (15, -5), (19, -10), (22, -2),
            (24, -5), (28, 0), (29, 0), (31, -4), (33, -6), (34, -3), (35, -6))
# fmt: on
PHRASE_ENDS = (4, 7, 11, 15, 19, 23, 31)

# The body of the guitar: resonances as (Hz, Q, gain).
BODY = ((104.0, 9.0, 0.9), (208.0, 12.0, 1.1), (275.0, 14.0, 0.5), (410.0, 16.0, 0.5))
BODY_PHASE = (180.0, 420.0, 900.0, 1700.0)  # all-pass, Hz: spreads each pulse out a little


class Pluck(NamedTuple):
    """One note: when (in sixteenths), on which string, MIDI pitch, bar from 1."""

    step: int
    string: int
    pitch: int
    bar: int


class Note(NamedTuple):
    """One played note: seconds, Hz and a level in dB (0 is the loudest written)."""

    start: float
    end: float
    hz: float
    level: float


def midi(name: str) -> int:
    """MIDI number of a note name such as F#4."""
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
    return 12 * (int(name[-1]) + 1) + step + name.count("#") - name.count("b")


def score() -> list[Pluck]:
    """The whole prelude at its written pitch, in order of time."""
    plucks: list[Pluck] = []
    chords = [c.split() for line in CHORDS.strip().splitlines() for c in line.split("|")]
    for bar, chord in enumerate(chords, 1):
        for i, string in enumerate(FIGURE * 2):
            plucks.append(Pluck(16 * (bar - 1) + i, string, midi(chord[string]), bar))
    for bar, (names, strings) in enumerate(RUNS, len(chords) + 1):
        for i, (name, digit) in enumerate(zip(names.split(), strings, strict=True)):
            plucks.append(Pluck(16 * (bar - 1) + i, int(digit), midi(name), bar))
    last = len(chords) + len(RUNS)
    return plucks + [Pluck(16 * last, i, midi(n), last + 1) for i, n in enumerate(FINAL.split())]


def for_guitar(plucks: list[Pluck]) -> list[Pluck]:
    """Transpose; raise basses below the lowest string, and what they would cross."""
    low = {p.bar for p in plucks if p.string == 0 and p.pitch + GUITAR_SHIFT < GUITAR_LOWEST}
    return [
        p._replace(pitch=p.pitch + GUITAR_SHIFT + 12 * (p.bar in low and p.string < 2))
        for p in plucks
    ]


def perform(plucks: list[Pluck], rng: np.random.RandomState) -> list[Note]:
    """Give every note its time, length and loudness, a little uneven as played.

    A note rings until its string is plucked again, or until the bar line
    where the hand leaves it for another pitch.
    """
    bars = plucks[-1].bar
    step = np.full(16 * bars, 15.0 / TEMPO)
    step *= 1.0 + 0.012 * np.convolve(rng.randn(len(step) + 31), np.hanning(32) / 4.0, "valid")
    for bar in PHRASE_ENDS:
        step[16 * bar - 4 : 16 * bar] *= np.linspace(1.02, 1.10, 4)
    step[16 * (bars - 2) : 16 * (bars - 1)] *= 1.0 + 0.6 * np.linspace(0.0, 1.0, 16) ** 2
    times = 0.05 + np.concatenate(([0.0], np.cumsum(step)))

    starts, notes = [], []
    for p in plucks:
        spread = 0.045 * p.string if p.bar == bars else 0.0
        starts.append(times[p.step] + spread + 0.004 * np.clip(rng.randn(), -2, 2))
    starts[0] = times[0]
    for i, p in enumerate(plucks):
        again = next((j for j in range(i + 1, len(plucks)) if plucks[j].string == p.string), None)
        if p.bar == bars:
            end = times[p.step] + RING_S
        elif again is not None and plucks[again].pitch == p.pitch:
            end = starts[again]
        else:
            end = min(times[16 * p.bar] + 0.02, starts[again] if again is not None else np.inf)
        accent = 3.0 * (p.step % 16 == 0) + 1.5 * (p.step % 16 == 8) + 1.0 * (p.string == 4)
        swell = np.interp(1 + p.step / 16, *np.transpose(DYNAMICS))
        level = float(swell + accent - 4.0 + rng.uniform(-1.2, 1.2))
        notes.append(Note(starts[i], end, 440.0 * 2.0 ** ((p.pitch - 69) / 12.0), level))
    return notes


def string_loop(excitation: Signal, hz: float, t60: float, t60_high: float) -> Signal:
    """Karplus-Strong loop at STRING_RATE, run one period at a time.

    t60 is the decay time in s of the lowest partials, t60_high that at 3 kHz.
    """
    period = STRING_RATE / hz
    gain, high = (10.0 ** (-3.0 / (hz * t)) for t in (t60, t60_high))
    # Loss: as many (b, 1 - 2b, b) in a row, of one sample delay each, as keep b below 1/4.
    curve = 2.0 - 2.0 * np.cos(2.0 * np.pi * 3000.0 / STRING_RATE)
    stages = int(np.ceil(np.log(high / gain) / np.log(1.0 - curve / 4.0)))
    b = (1.0 - (high / gain) ** (1.0 / stages)) / curve
    # Tuning: the rest of the period, d between 1 and 2 of it from a Lagrange filter.
    whole = int(period - stages - 1.0)
    d = period - stages - whole
    lagrange = [np.prod([(d - j) / (k - j) for j in range(4) if j != k]) for k in range(4)]
    taps = gain * np.array(lagrange)
    for _ in range(stages):
        taps = np.convolve(taps, [b, 1.0 - 2.0 * b, b])
    pad = whole + len(taps)
    out = np.concatenate((np.zeros(pad), excitation))
    for at in range(pad, len(out), whole):
        stop = min(at + whole, len(out))
        past = out[at - whole - len(taps) + 1 : stop - whole]
        out[at:stop] += np.convolve(past, taps, "valid")
    return out[pad:]


def guitar_note(note: Note, length: int, rng: np.random.RandomState) -> Signal:
    """One plucked note of length samples at STRING_RATE.

    The finger lets go at a fraction of the string: the force on the bridge is
    a pulse as wide as that fraction of the period, with edges the sharper the
    louder the note.
    """
    period = STRING_RATE / note.hz
    place = period * rng.uniform(0.11, 0.17)
    edge = STRING_RATE * 5e-5 * 10.0 ** (-note.level / 40.0) * (220.0 / note.hz) ** 0.25
    t = np.arange(max(round(period), int(place + 8 * edge))) - 4.0 * edge
    pulse = np.tanh(t / edge) - np.tanh((t - place) / edge)
    pulse += 0.10 * rng.randn(len(t)) * np.exp(-np.maximum(t, 0) / 60.0) * (t > -edge)
    pulse -= pulse.mean()
    excitation = np.zeros(length)
    n = min(length, len(pulse))
    excitation[:n] = pulse[:n]
    slow = (220.0 / note.hz) ** 0.3  # low strings ring longer
    sound: Signal = 10.0 ** (note.level / 20.0) * (
        0.65 * string_loop(excitation, note.hz * 2.0 ** (-0.5 / 1200), 1.3 * slow, 0.6)
        + 0.35 * string_loop(excitation, note.hz * 2.0 ** (0.7 / 1200), 3.7 * slow, 1.3)
    )
    return sound


def piano_note(note: Note, length: int, rng: np.random.RandomState, rate: int) -> Signal:
    """One struck note of length samples at rate: damped inharmonic partials."""
    t = np.arange(length) / rate
    out: Signal = np.zeros(length)
    cutoff = 1600.0 * 10.0 ** (note.level / 40.0)
    stiffness = 1e-4 * (note.hz / 130.0) ** 1.5
    for k in range(1, 60):
        hz = k * note.hz * np.sqrt((1.0 + stiffness * k * k) / (1.0 + stiffness))
        if hz > 0.45 * rate:
            break
        size = np.sin(np.pi * k / 8.2) / k**0.5 * np.exp(-hz / cutoff)
        t60 = 7.0 * (130.0 / note.hz) ** 0.4 / (1.0 + (hz / 2000.0) ** 1.3)
        decay = 0.7 * 1e-3 ** (t / (0.35 * t60)) + 0.3 * 1e-3 ** (t / t60)
        out += size * decay * np.sin(2.0 * np.pi * hz * t + rng.uniform(0.0, 6.28))
    out *= 10.0 ** (note.level / 20.0) * np.minimum(1.0, t / 0.003)
    return out


def mix(notes: list[Note], instrument: str, rate: int, rng: np.random.RandomState) -> Signal:
    """Sound all notes, each damped over about 50 ms around its end."""
    piano = instrument == "piano"
    total = int((max(n.end for n in notes) + 0.1) * rate)
    out = np.zeros(total)
    for note in notes:
        damp = 0.05 if note.end < notes[-1].end - 1.0 else 2.0  # the last chord fades
        at, length = round(note.start * rate), round((note.end - note.start + 0.025) * rate)
        ramp = np.clip(np.arange(length)[::-1] / (damp * rate), 0.0, 1.0)
        fade = 0.5 - 0.5 * np.cos(np.pi * ramp)
        sound = piano_note(note, length, rng, rate) if piano else guitar_note(note, length, rng)
        out[at : at + length] += sound * fade
    return out


def body_and_decimate(sound: Signal, rate: int, of_file: int, instrument: str) -> Signal:
    """High-pass, body resonances and a low-pass below half the file's rate."""
    ratio = rate // of_file
    pad = -len(sound) % (2 * ratio)
    spectrum = np.fft.rfft(np.concatenate((sound, np.zeros(pad))))
    count = (len(sound) + pad) // ratio
    hz = np.fft.rfftfreq(count, 1.0 / of_file)
    s = 2j * np.pi * hz
    response = (s / (s + 2.0 * np.pi * 60.0)) ** 2
    if instrument == "guitar":
        body = np.full(len(hz), 0.8 + 0j)
        for f, q, gain in BODY:
            w = 2.0 * np.pi * f
            body += gain * (w / q) * s / (s * s + (w / q) * s + w * w)
        for f in BODY_PHASE:
            w = 2.0 * np.pi * f
            body *= (s * s - w * s + w * w) / (s * s + w * s + w * w)
        response = response * body
    # A smooth edge well short of half the rate, of 11025 Hz from 4.7 to 5.3 kHz.
    edge = of_file / 11025.0
    falls = np.clip((hz - 4700.0 * edge) / (600.0 * edge), 0.0, 1.0)
    response = response * (0.5 + 0.5 * np.cos(np.pi * falls))
    response[0] = 0.0
    return np.fft.irfft(spectrum[: len(hz)] * response, count) / ratio


def write_wav(path: str, sound: Signal, rate: int) -> None:
    """Scale to PEAK_DB and write 16-bit mono."""
    scaled = sound * (10.0 ** (PEAK_DB / 20.0) / np.abs(sound).max())
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(scaled * 32767.0).astype("<i2").tobytes())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Render the training piece.")
    parser.add_argument("--output", required=True, help="WAV file to write")
    parser.add_argument("--instrument", choices=("guitar", "piano"), default="guitar")
    parser.add_argument("--rate", type=int, choices=RATES, default=RATES[0])
    args = parser.parse_args()
    rng = np.random.RandomState(SEED)  # its stream never changes between numpy versions
    piano = args.instrument == "piano"
    notes = perform(score() if piano else for_guitar(score()), rng)
    rate = args.rate if piano else STRING_RATE
    sound = mix(notes, args.instrument, rate, rng)
    write_wav(args.output, body_and_decimate(sound, rate, args.rate, args.instrument), args.rate)


if __name__ == "__main__":
    main()
