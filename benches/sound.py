#!/usr/bin/env python3
"""The figures of docs/sound.md: what answers sound like, by approach, recording and rate.

    python3 benches/sound.py recordings FOLDER
    python3 benches/sound.py row ANTIPHON --preset magnitude-spectrum-hifi --audio FOLDER/piano.wav
    python3 benches/sound.py row ANTIPHON --model bells --audio bells.wav
    python3 benches/sound.py seeds ANTIPHON --audio FOLDER/piano.wav
    python3 benches/sound.py table ANTIPHON

`recordings` makes recordings of a minute, 44100 Hz, for which no model of the project's was
tuned: a piano, strings and a guitar by a General MIDI sound font, tabla and glass by Sonic Pi's
samples, and a voice (Debian: fluidsynth fluid-soundfont-gm sonic-pi-samples espeak-ng sox). Of
these two are in stereo: the piano as the sound font spreads it, and a duo, a guitar on the left
and glass on the right.

`row` trains a preset on a recording, ten minutes where the preset says so, or takes a model that there is, and answers
ten seeds of 4 s with 20 s each: stretches of the recording itself, once free and once as answers
are where nothing is said. The medians, the least and the most go into docs/sound/figures.json.

Of a recording in stereo its seeds are too, and it is measured for each octave how much the channels
have in common, beside the recording, and how much softer their mean is than they are. `--apart` has
the model answer each channel by itself, as rows that share weights would, to compare.

`seeds` measures what there is without a model: those ten seeds, each repeated for 20 s, which no answer that
follows its seed comes nearer to the recording than, and the 20 s of the recording that go on from each.

`table` writes the tables of all of them into docs/sound.md, those of recordings called NAME-11025
in a table of their own, with the scores that the limits of
`antiphon judge` give the medians.

Needs Python 3.11 and numpy.
"""

import argparse
import json
import pathlib
import random
import statistics
import struct
import subprocess
import tempfile
import time
import wave

import numpy as np

RATE = 44100
SECONDS = 60
ANSWERS, ANSWER_SECONDS, SEED_SECONDS = 10, 20, 4
MEASURES = {"alive": "alive", "resemble": "resemble", "chroma": "chroma", "flat": "flat_ratio"}
FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
SAMPLES = pathlib.Path("/usr/share/sonic-pi/samples")
WORDS = (
    "the river carries stones and songs beneath a slow bright moon while we go on listening to "
    "what the walls remember of our evening hours again and again over water under open sky"
).split()
DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
FIGURES = DOCS / "sound" / "figures.json"
BEGIN_STEREO = "<!-- figures of stereo: benches/sound.py table -->"
BEGIN_11025 = "<!-- figures at 11025 Hz: benches/sound.py table -->"
BEGIN, END = "<!-- figures: benches/sound.py table -->", "<!-- end of the figures -->"


def read_channels(path):
    """Samples of a WAV of 16 or 24 bits, a column for each channel, and the rate."""
    # Python's own reader knows no extensible format, which 24 bits have, before 3.12.
    file, at, chunks = path.read_bytes(), 12, {}
    while at + 8 <= len(file):
        name, length = struct.unpack_from("<4sI", file, at)
        chunks[name] = file[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    channels, rate, _, frame, bits = struct.unpack_from("<HIIHH", chunks[b"fmt "], 2)
    assert bits in (16, 24), f"{path}: WAV of 16 or 24 bits is read"
    data = chunks[b"data"][: len(chunks[b"data"]) // frame * frame]
    # The highest bytes of 32 bits.
    wide = np.zeros((len(data) * 8 // bits, 4), np.uint8)
    wide[:, 4 - bits // 8 :] = np.frombuffer(data, np.uint8).reshape(-1, bits // 8)
    samples = wide.view("<i4")[:, 0] / 2147483648.0
    return samples.reshape(-1, channels), rate


def read(path):
    """The same, mixed."""
    samples, rate = read_channels(path)
    return samples.mean(axis=1), rate


def write(path, samples, rate):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32767.0).astype("<i2").tobytes())


# Recordings ------------------------------------------------------------------------------


def varying(number):
    """A number as MIDI files write lengths of time."""
    text = [number & 127]
    while number := number >> 7:
        text.append(number & 127 | 128)
    return bytes(reversed(text))


def chords(draw, beats, degree):
    """Four voices, the upper one moving: (beat, pitch, beats, loudness)."""
    for beat in range(0, beats, 4):
        root = draw.choice((0, 3, 4, 5, 1))
        for voice in (root, root + 2, root + 4, root + 7):
            yield beat, degree(voice), 3.8, draw.randint(50, 95)
        upper = root + 7
        for step in range(4):
            upper += draw.choice((-2, -1, 1, 2))
            yield beat + step, degree(upper), 0.95, draw.randint(60, 100)


def arpeggios(draw, beats, degree):
    for beat in range(0, beats, 4):
        root = draw.choice((0, 3, 4, 5, 1))
        notes = [root, root + 4, root + 7, root + 9, root + 11]
        for step, place in enumerate((0, 2, 3, 4, 3, 2, 1, 3)):
            note = notes[place] if draw.random() < 0.8 else draw.choice(notes)
            at = beat + step / 2
            yield at, degree(note), 0.9 + draw.random(), draw.randint(55, 100)
            if step % 4 == 0:
                yield at, degree(root) - 12, 2.0, draw.randint(60, 90)


def play(path, program, key, tempo, music, number, channels=1):
    """A piece of `music` by the sound font."""
    scale = (0, 2, 3, 5, 7, 8, 10) if key % 2 else (0, 2, 4, 5, 7, 9, 11)
    degree = lambda d: key + 12 * (d // 7) + scale[d % 7]
    notes = music(random.Random(number), SECONDS * tempo // 60, degree)
    events = []
    for beat, pitch, beats, loudness in notes:
        pitch = min(max(pitch, 20), 108)
        events.append((beat, 1, bytes((0x90, pitch, loudness))))
        events.append((beat + beats, 0, bytes((0x80, pitch, 0))))
    track = b"\0\xff\x51\3" + (60_000_000 // tempo).to_bytes(3, "big")
    track += bytes((0, 0xC0, program))
    last = 0
    for beat, _, message in sorted(events):
        tick = int(480 * beat)
        track += varying(tick - last) + message
        last = tick
    track += b"\0\xff\x2f\0"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    with tempfile.TemporaryDirectory() as folder:
        song, sound = pathlib.Path(folder, "song.mid"), pathlib.Path(folder, "song.wav")
        song.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + track)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.6", "-r", str(RATE), "-F", sound, FONT, song]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        save(path, read(sound)[0] if channels == 1 else read_channels(sound)[0])


def convert(source):
    """Samples of any file that sox reads, mono at RATE."""
    command = ["sox", source, "-t", "s16", "-r", str(RATE), "-c", "1", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, "<i2") / 32768.0


def struck(path, pattern, apart, number):
    """Samples one after the other."""
    draw = random.Random(number)
    sounds = [convert(file)[: 6 * RATE] for file in sorted(SAMPLES.glob(pattern))]
    assert sounds, f"{SAMPLES / pattern}: install sonic-pi-samples"
    out, at = np.zeros((SECONDS + 7) * RATE), 0.0
    while at < SECONDS:
        sound = draw.choice(sounds)
        start = int(at * RATE)
        out[start : start + len(sound)] += sound * draw.uniform(0.4, 1.0)
        at += draw.choice(apart)
    save(path, out)


def spoken(path, number):
    draw, parts, length = random.Random(number), [], 0
    with tempfile.TemporaryDirectory() as folder:
        said = pathlib.Path(folder, "said.wav")
        while length < SECONDS * RATE:
            words = " ".join(draw.choice(WORDS) for _ in range(draw.randint(5, 9)))
            speed, pitch = str(draw.randint(110, 150)), str(draw.randint(30, 70))
            command = ["espeak-ng", "-v", "en+f3", "-s", speed, "-p", pitch, "-w", said, words]
            subprocess.run(command, check=True)
            pause = np.zeros(int(RATE * draw.uniform(0.1, 0.4)))
            parts += [convert(said), pause]
            length += len(parts[-2]) + len(pause)
    save(path, np.concatenate(parts))


def beside(path, left, right, number):
    """Two recordings, one on each side, in a room that both sides hear differently."""
    draw = np.random.default_rng(number)
    fade = np.exp(-np.arange(RATE // 2) / (0.12 * RATE))
    channels = []
    for gains in ((0.95, 0.3), (0.2, 0.9)):
        dry = gains[0] * read(left)[0] + gains[1] * read(right)[0]
        room = draw.standard_normal(len(fade)) * fade
        room /= np.sqrt((room**2).sum())
        size = len(dry) + len(room)
        wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(room, size), size)
        channels.append(dry + 0.25 * wet[: len(dry)])
    save(path, np.stack(channels, axis=1))


def save(path, samples):
    samples = samples[: SECONDS * RATE]
    write(path, samples / np.abs(samples).max() * 0.7, RATE)
    print(path)


def recordings(arguments):
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    play(folder / "piano.wav", 0, 48, 88, arpeggios, 1)
    play(folder / "strings.wav", 48, 52, 66, chords, 2)
    play(folder / "nylon-guitar.wav", 24, 45, 96, arpeggios, 3)
    struck(folder / "tabla.wav", "tabla_*.flac", (0.125, 0.25, 0.25, 0.375, 0.5), 5)
    struck(folder / "glass.wav", "ambi_glass*.flac", (1, 1.5, 2, 3), 6)
    spoken(folder / "voice.wav", 7)
    play(folder / "piano-stereo.wav", 0, 48, 88, arpeggios, 1, channels=2)
    beside(folder / "duo-stereo.wav", folder / "nylon-guitar.wav", folder / "glass.wav", 8)


# Rows ------------------------------------------------------------------------------------


def octaves(samples, rate):
    """Energy of each octave down from half of 44100 Hz, in decibels."""
    size = 4096
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    power = np.mean([np.abs(np.fft.rfft(f * np.hanning(size))) ** 2 for f in frames], axis=0)
    hz = np.fft.rfftfreq(size, 1.0 / rate)
    highest = [top for top in (690, 1380, 2760, 5512, 11025, 22050) if top <= rate / 2 + 1]
    energy = {top: power[(hz >= top / 2) & (hz < top)].sum() for top in highest}
    return {top: 10.0 * float(np.log10(e + 1e-20)) for top, e in energy.items()}


def between(samples, rate):
    """Of each octave as above: how much two channels have in common, from -1 to 1 (their
    correlation), their coherence over 93 ms, and their mean's power beside theirs, in decibels."""
    size = 4096
    windows = np.lib.stride_tricks.sliding_window_view(samples, size, axis=0)[:: size // 2]
    left, right = np.fft.rfft(windows * np.hanning(size), axis=-1).transpose(1, 0, 2)
    hz = np.fft.rfftfreq(size, 1.0 / rate)
    both, cross = [np.mean(np.abs(c) ** 2, axis=0) for c in (left, right)], np.mean(left * right.conj(), axis=0)
    found = {}
    for top in (690, 1380, 2760, 5512, 11025, 22050):
        band = (hz >= top / 2) & (hz < top)
        powers, shared = [power[band].sum() for power in both], cross[band].sum().real
        weights = both[0][band] + both[1][band]
        coherence = np.abs(cross[band]) ** 2 / (both[0][band] * both[1][band] + 1e-30)
        mean = (sum(powers) + 2 * shared) / (2 * sum(powers) + 1e-30)
        found[top] = (
            shared / np.sqrt(powers[0] * powers[1] + 1e-30),
            float((coherence * weights).sum() / (weights.sum() + 1e-30)),
            10.0 * float(np.log10(mean + 1e-20)),
        )
    return found


def said(values, digits=2):
    """Median, least and most."""
    return [round(f(values), digits) for f in (statistics.median, min, max)]


def generate_apart(command, extra, seed, answer):
    """Answers left and right each by itself, with the same random seed."""
    samples, rate = read_channels(seed)
    place, channels = command.index(seed), []
    for channel in samples.T:
        alone = answer.with_suffix(".channel.wav")
        write(alone, channel, rate)
        command[place] = alone
        whole = ["--channels", "1", "--ending", "exact", "--loudness", "model"]
        subprocess.run(command + extra + whole, check=True, capture_output=True)
        channels.append(read(answer)[0])
    write(answer, np.stack(channels, axis=1), rate)


def figures(antiphon, model, audio, seeds, extra, folder):
    answers, seconds = [], []
    for number, seed in enumerate(seeds):
        answer = folder / f"answer-{number}.wav"
        command = [antiphon, "generate", "--model", model, "--seed", seed, "--output", answer]
        command += ["--force", "--seconds", str(ANSWER_SECONDS), "--random-seed", str(number)]
        begun = time.monotonic()
        if "--apart" in extra:
            generate_apart(command, [word for word in extra if word != "--apart"], seed, answer)
        else:
            subprocess.run(command + extra, check=True, capture_output=True)
        seconds.append(time.monotonic() - begun)
        answers.append(answer)
    row = judge(antiphon, audio, seeds, answers)
    row["seconds"] = round(statistics.median(seconds), 2)
    return row


def judge(antiphon, audio, seeds, answers):
    """The measures of `answers` to `seeds`, beside the recording `audio`."""
    command = [antiphon, "judge", "--training", audio, "--json"]
    command += [word for seed in seeds for word in ("--seed", seed)] + answers
    judged = subprocess.run(command, check=True, capture_output=True)
    judged = json.loads(judged.stdout)
    row = {name: said([one[key] for one in judged]) for name, key in MEASURES.items()}
    row["identified"] = f"{judged[0]['identification']['identified']} of {len(judged)}"
    own = octaves(*read(audio))
    of_answers = [octaves(*read(answer)) for answer in answers]
    shared = [top for top in own if top in of_answers[0]]
    off = {top: statistics.median(o[top] - own[top] for o in of_answers) for top in shared}
    row["octaves"] = [[top, round(db, 1)] for top, db in off.items()]
    if read_channels(audio)[0].shape[1] == 2:
        row["stereo"] = beside_each_other(audio, answers)
    return row


def beside_each_other(audio, answers):
    """Octave by octave: what `between` says of the recording and, in the median, of answers."""
    own = between(*read_channels(audio))
    of_answers = [between(*read_channels(answer)) for answer in answers]
    rows = []
    for top, recorded in own.items():
        answered = [statistics.median(one[top][n] for one in of_answers) for n in range(3)]
        rows.append([top, *(round(float(x), 2) for pair in zip(recorded, answered) for x in pair)])
    return rows


def cut_seeds(audio, folder):
    """Seeds of a recording, from its beginning to its end: files, and samples."""
    samples, rate = read_channels(audio)
    samples = samples[:, 0] if samples.shape[1] == 1 else samples
    files, cut, length = [], [], SEED_SECONDS * rate
    for number in range(ANSWERS):
        begin = number * (len(samples) - length) // (ANSWERS - 1)
        files.append(folder / f"seed-{number}.wav")
        cut.append((begin, samples[begin : begin + length]))
        write(files[-1], cut[-1][1], rate)
    return files, cut


def keep(rows):
    kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for row in rows:
        print(json.dumps(row))
        kept[f"{row['model']}, {row['audio']}, {row['answers']}"] = row
    FIGURES.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def without_a_model(arguments):
    antiphon, audio = arguments.antiphon, arguments.audio
    samples, rate = read(audio)
    fade = rate // 50
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        seeds, cut = cut_seeds(audio, folder)
        repeated, following = [], []
        for number, (begin, seed) in enumerate(cut):
            # No click where it begins again.
            seed = seed if seed.ndim == 1 else seed.mean(axis=1)
            edge = np.minimum(1.0, np.arange(len(seed)) / fade)
            repeated.append(folder / f"repeated-{number}.wav")
            write(repeated[-1], np.tile(seed * edge * edge[::-1], ANSWER_SECONDS // SEED_SECONDS), rate)
            places = (begin + len(seed) + np.arange(ANSWER_SECONDS * rate)) % len(samples)
            following.append(folder / f"following-{number}.wav")
            write(following[-1], samples[places], rate)
        ways = (("repeated", repeated), ("the 20 s after them", following))
        rows = [judge(antiphon, audio, seeds, files) for _, files in ways]
        for row, (way, _) in zip(rows, ways):
            row.pop("stereo", None)
            row |= {"model": "the seeds themselves", "audio": audio.stem, "answers": way, "seconds": None}
        keep(rows)


def row(arguments):
    antiphon, audio = arguments.antiphon, arguments.audio
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model, trained = arguments.model, ""
        if arguments.preset:
            model, settings = folder / "model.onnx", folder / "settings.json"
            asked = {"preset": arguments.preset, "num_dreams": 0}
            if arguments.epochs:
                asked |= {"num_epochs": arguments.epochs, "max_minutes": 0}
            settings.write_text(json.dumps(asked))
            command = [antiphon, "train", settings, "--audio", audio, "--output", model]
            command += ["--runs", folder]
            command += ["--minutes", str(arguments.minutes)] if arguments.minutes else []
            command += ["--threads", str(arguments.threads)] if arguments.threads else []
            told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
            trained = told.strip().splitlines()[-1].split(": ", 1)[1]
            if arguments.keep:
                arguments.keep.write_bytes(model.read_bytes())
        seeds, _ = cut_seeds(audio, folder)
        rows = []
        for way, extra in (("free", ["--follow", "0"]), ("as they are", [])):
            extra = extra + ["--apart"] * arguments.apart
            found = figures(antiphon, model, audio, seeds, arguments.options + extra, folder)
            options = " ".join(arguments.options)
            name = arguments.called or arguments.preset or arguments.model
            name = " ".join(filter(None, (name, options, "apart" * arguments.apart)))
            found |= {"model": name, "audio": audio.stem, "answers": way, "trained": trained}
            rows.append(found)
        keep(rows)


# The table ---------------------------------------------------------------------------------


def score_of(row, limits):
    """The lowest score of the medians, and what has it."""
    scores = {}
    for name, key in MEASURES.items():
        limit, median = limits[key], row[name][0]
        worse = (lambda a, b: a < b) if limit["better"] == "more" else (lambda a, b: a > b)
        scores[name] = worse(median, limit["high"]) + worse(median, limit["medium"])
    lowest = max(scores.values())
    why = [name for name, score in scores.items() if score == lowest and lowest]
    return ("High", "Medium", "Low")[lowest] + (f" ({', '.join(why)})" if why else "")


def table(arguments):
    kept = json.loads(FIGURES.read_text())
    command = [arguments.antiphon, "judge", "--limits", "--json"]
    limits = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    limits = {limit["measure"]: limit for limit in limits}
    at_11025 = {name: row for name, row in kept.items() if row["audio"].endswith("-11025")}
    whole = {name: row for name, row in kept.items() if name not in at_11025}
    page = DOCS / "sound.md"
    text = page.read_text()
    tables = {
        BEGIN: lines_of(whole, limits),
        BEGIN_11025: lines_of(at_11025, limits),
        BEGIN_STEREO: stereo_lines(kept),
    }
    for begin, lines in tables.items():
        before, rest = text.split(begin, 1)
        _, after = rest.split(END, 1)
        text = before + begin + "\n" + "\n".join(lines) + "\n" + END + after
    page.write_text(text)


def lines_of(rows, limits):
    lines = [
        "| model | recording | answers | alive | resemble | chroma | flat | identified | octaves, dB | 20 s take | score |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted(rows):
        r = rows[name]
        cells = [f"{m} ({least} to {most})" for m, least, most in (r[n] for n in MEASURES)]
        decibels = ", ".join(f"{db:+.0f}" for _, db in r["octaves"])
        took = "–" if r["seconds"] is None else f"{r['seconds']} s"
        model = f"`{r['model']}`" if r["seconds"] is not None else r["model"]
        cells = [model, r["audio"], r["answers"], *cells, r["identified"], decibels]
        lines.append(f"| {' | '.join(cells)} | {took} | {score_of(r, limits)} |")
    return lines


def stereo_lines(kept):
    lines = [
        "| model | recording | answers | correlation | off by | coherence | off by | mean beside channels, dB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted(name for name in kept if "stereo" in kept[name]):
        octaves = kept[name]["stereo"]
        column = lambda n: ", ".join(f"{octave[n]:.2f}" for octave in octaves)
        off = lambda n: f"{max(abs(octave[n] - octave[n - 1]) for octave in octaves):.2f}"
        of_both = (kept[name]["model"], kept[name]["audio"], kept[name]["answers"])
        cells = [f"`{of_both[0]}`", *of_both[1:], column(2), off(2), column(4), off(4), column(6)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("recordings")
    command.add_argument("folder", type=pathlib.Path)
    command.set_defaults(run=recordings)
    command = commands.add_parser("row")
    command.add_argument("antiphon")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--preset")
    which.add_argument("--model")
    command.add_argument("--audio", type=pathlib.Path, required=True, help="WAV")
    command.add_argument("--minutes", type=float, help="instead of what the preset says")
    command.add_argument("--epochs", type=int, help="instead of minutes, whatever else the machine does")
    command.add_argument("--threads", type=int)
    command.add_argument("--keep", type=pathlib.Path, help="where the model is kept")
    command.add_argument("--called", help="what the table calls a model that was trained before")
    command.add_argument("--apart", action="store_true", help="each channel by itself")
    command.add_argument("--options", type=str.split, default=[], help="of generate")
    command.set_defaults(run=row)
    command = commands.add_parser("seeds")
    command.add_argument("antiphon")
    command.add_argument("--audio", type=pathlib.Path, required=True, help="WAV")
    command.set_defaults(run=without_a_model)
    command = commands.add_parser("table")
    command.add_argument("antiphon")
    command.set_defaults(run=table)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
