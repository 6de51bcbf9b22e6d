"""The sounds and the icon that the package ships: computed, but for one answer of antiphon's."""

import io
import math
import random
import struct
import wave
import zlib

RATE = 16000
SECONDS = 0.5
BANDS = [110, 146, 196, 246, 330]


def slice_of(frequency):
    """A loop in which every partial goes round whole times, so that it has no seam."""
    chance = random.Random(frequency)
    step = 1.0 / SECONDS
    partials = []
    for k in range(1, 7):
        for detuned, level in ((-step, 0.3), (0.0, 1.0), (step, 0.3)):
            partials.append((k * frequency + detuned, level / k, chance.random()))
    count = int(RATE * SECONDS)
    raw = [
        sum(a * math.sin(2.0 * math.pi * (f * n / RATE + p)) for f, a, p in partials)
        for n in range(count)
    ]
    size = math.sqrt(sum(x * x for x in raw) / count)
    return [0.1 * x / size for x in raw]


def wav(samples):
    """16-bit mono."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *(round(x * 32767) for x in samples)))
    return out.getvalue()


def media():
    """Slices, and their table in coll's format."""
    files, table = {}, []
    for at, frequency in enumerate(BANDS, 1):
        name = f"antiphon.band-{at:02}.wav"
        files[name] = wav(slice_of(frequency))
        table.append(f"{at}, {frequency:.2f} {name} {SECONDS:.4f} -20.0 {frequency:.2f};\n")
    files["antiphon.bands.txt"] = "".join(table).encode()
    return files


def icon(size=128):
    """Two waves, one the answer to the other, as a PNG."""
    rows = []
    for y in range(size):
        row = bytearray([0])
        for x in range(size):
            row += bytes(colour(x / size, y / size))
        rows.append(bytes(row))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def colour(x, y):
    call = 0.34 + 0.13 * math.sin(2.0 * math.pi * 2.0 * x) * math.sin(math.pi * x)
    answer = 0.68 + 0.13 * math.sin(2.0 * math.pi * 2.0 * (x - 0.12)) * math.sin(math.pi * x)
    if abs(y - call) < 0.035:
        return 240, 200, 90
    if abs(y - answer) < 0.035:
        return 120, 200, 220
    return 38, 42, 52


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
