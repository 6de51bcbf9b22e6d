"""Writes the corpora of sounds, OSC packets and hyperparameters into fuzz/corpus/.

The sound in them is a plucked string computed here. Files that fuzzing found
are added by hand and are not written by this script.
"""

import math
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
SAMPLES = 64
TONE = [
    0.4 * math.sin(2 * math.pi * 220 * n / 8000) * math.exp(-n / 40) for n in range(SAMPLES)
]


def packed(format, scale):
    return b"".join(struct.pack(format, int(x * scale) if scale else x) for x in TONE)


INT16 = packed("<h", 32767)
INT16_BIG = packed(">h", 32767)
INT24 = b"".join(struct.pack("<i", int(x * 8388607))[:3] for x in TONE)


def chunk(tag, body, order="<"):
    return tag + struct.pack(order + "I", len(body)) + body + bytes(len(body) % 2)


def format_chunk(tag, channels, rate, bits):
    block = channels * bits // 8 & 0xFFFF
    return struct.pack("<HHIIHH", tag, channels, rate, rate * block & 0xFFFFFFFF, block, bits)


def wav(format, sound, extra=b""):
    inner = b"WAVE" + chunk(b"fmt ", format) + extra + chunk(b"data", sound)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def extended(rate):
    exponent = 16383 + 63
    while not rate >> 63:
        rate <<= 1
        exponent -= 1
    return struct.pack(">HQ", exponent, rate)


def aiff(kind, channels, bits, sound, rate=8000, offset=0):
    common = struct.pack(">hIh", channels, SAMPLES // channels, bits) + extended(rate)
    if kind:
        common += kind + bytes(2)
    inner = (b"AIFC" if kind else b"AIFF") + chunk(b"COMM", common, ">")
    inner += chunk(b"SSND", struct.pack(">II", offset, 0) + sound, ">")
    return b"FORM" + struct.pack(">I", len(inner)) + inner


def ds64(wave, sizes):
    """RF64 of a WAV: its sizes in a chunk of their own."""
    large = chunk(b"ds64", struct.pack("<QQQI", *sizes, 0))
    data = wave.index(b"data")
    return (
        b"RF64\xff\xff\xff\xffWAVE" + large + wave[12:data] + b"data\xff\xff\xff\xff" + wave[data + 8 :]
    )


def w64(format, sound):
    def guid(tag):
        rest = {b"riff": "2e91cf11a5d628db04c10000"}.get(tag, "f3acd3118cd100c04f8edb8a")
        return tag + bytes.fromhex(rest)

    def part(tag, body):
        return guid(tag) + struct.pack("<Q", 24 + len(body)) + body + bytes(-len(body) % 8)

    inner = guid(b"wave") + part(b"fmt ", format) + part(b"data", sound)
    return guid(b"riff") + struct.pack("<Q", 24 + len(inner)) + inner


def rifx(sound):
    format = struct.pack(">HHIIHH", 1, 1, 8000, 16000, 2, 16)
    inner = b"WAVE" + chunk(b"fmt ", format, ">") + chunk(b"data", sound, ">")
    return b"RIFX" + struct.pack(">I", len(inner)) + inner


def au(coding, size, sound):
    return b".snd" + struct.pack(">IIIII", 24, size, coding, 8000, 1) + sound


def caf(kind, flags, packet, size, sound):
    description = struct.pack(">d4sIIIII", 8000, kind, flags, packet, 1, 1, 8 * packet)
    inner = b"desc" + struct.pack(">q", len(description)) + description
    return b"caff\0\1\0\0" + inner + b"data" + struct.pack(">q", size) + bytes(4) + sound


def adpcm(tag, header, frames):
    """Two blocks of 64 bytes, the last one cut."""
    format = format_chunk(tag, 1, 8000, 4)[:12] + struct.pack("<HHHH", 64, 4, 2, frames)
    block = header + bytes(range(0, 64 - len(header)))
    return wav(format, block + block[:40], chunk(b"fact", struct.pack("<I", 100)))


def opus():
    packet = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0"
    return b"OggS\0\x02" + bytes(20) + bytes([1, len(packet)]) + packet


def sounds():
    law = bytes(int(128 + x * 90) & 0xFF for x in TONE)
    plain = wav(format_chunk(1, 1, 8000, 16), INT16)
    extensible = format_chunk(0xFFFE, 1, 8000, 32) + struct.pack("<HHI", 22, 24, 4)
    extensible += struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    not_numbers = struct.pack("<ffff", math.nan, math.inf, -math.inf, 0.5) * 4
    return {
        "int16.wav": plain,
        "stereo-int24.wav": wav(format_chunk(1, 2, 44100, 24), INT24),
        "uint8.wav": wav(format_chunk(1, 1, 11025, 8), bytes(int(128 + x * 127) for x in TONE)),
        "float32.wav": wav(
            format_chunk(3, 1, 8000, 32), packed("<f", None), chunk(b"LIST", b"INFOodd")
        ),
        "float64.wav": wav(format_chunk(3, 1, 8000, 64), packed("<d", None)),
        "extensible.wav": wav(extensible, packed("<i", 2147483647)),
        "int16.aiff": aiff(None, 1, 16, INT16_BIG),
        "sowt.aifc": aiff(b"sowt", 2, 16, INT16, 44100),
        "fl32.aifc": aiff(b"fl32", 1, 32, packed(">f", None)),
        "cut-in-the-header.wav": plain[:30],
        "cut-in-the-sound.wav": plain[:77],
        "data-size-0.wav": plain[:40] + bytes(4) + plain[44:],
        "data-size-most.wav": plain[:40] + b"\xff\xff\xff\xff" + plain[44:],
        "no-channels.wav": wav(format_chunk(1, 0, 8000, 16), INT16),
        "most-channels.wav": wav(format_chunk(1, 65535, 8000, 16), INT16),
        "rate-0.wav": wav(format_chunk(1, 1, 0, 16), INT16),
        "not-numbers.wav": wav(format_chunk(3, 1, 8000, 32), not_numbers),
        "mp3-inside.wav": wav(format_chunk(0x55, 1, 8000, 16), INT16),
        "offset-beyond-the-end.aiff": aiff(None, 1, 16, INT16_BIG, 8000, 0xFFFFFFFF),
        "endless-rate.aiff": aiff(None, 1, 16, INT16_BIG).replace(
            extended(8000), b"\x7f" + b"\xff" * 9
        ),
        "rf64.wav": ds64(plain, (0, len(INT16), SAMPLES)),
        "rf64-most.wav": ds64(plain, (2**64 - 1, 2**64 - 1, 2**64 - 1)),
        "plain.w64": w64(format_chunk(1, 1, 8000, 16), INT16),
        "rifx.wav": rifx(INT16_BIG),
        "tagged.wav": b"ID3\x04\0\0\0\0\0\x10" + bytes(16) + plain,
        "mulaw.wav": wav(format_chunk(7, 1, 8000, 8), law),
        "alaw.aifc": aiff(b"alaw", 1, 16, law),
        "ima4.aifc": aiff(b"ima4", 1, 16, (b"\x01\x20" + law[:32]) * 2),
        "ima.wav": adpcm(0x11, struct.pack("<hBB", 500, 20, 0), 121),
        "ms.wav": adpcm(2, struct.pack("<Bhhh", 1, 200, 30, -30), 116),
        "ms-no-such-predictor.wav": adpcm(2, struct.pack("<Bhhh", 99, 200, 30, -30), 116),
        "int16.au": au(3, len(INT16_BIG), INT16_BIG),
        "pipe.au": au(1, 0xFFFFFFFF, law),
        "int16.caf": caf(b"lpcm", 2, 2, 4 + len(INT16), INT16),
        "pipe.caf": caf(b"ulaw", 0, 1, -1, law),
        "alac-without-packets.caf": caf(b"alac", 0, 0, -1, law),
        "opus.ogg": opus(),
        "letter.wav": b"this is a letter, not a sound",
        "empty.wav": b"",
    }


def string(text):
    encoded = text.encode()
    return encoded + bytes(4 - len(encoded) % 4)


def message(address, tags="", arguments=b""):
    return string(address) + string("," + tags) + arguments


def bundle(*packets, time=1):
    elements = b"".join(struct.pack(">I", len(packet)) + packet for packet in packets)
    return b"#bundle\0" + struct.pack(">Q", time) + elements


def nested(packet, depth):
    return packet if depth == 0 else bundle(nested(packet, depth - 1))


def packets():
    ping = message("/antiphon/ping")
    status = message("/antiphon/status")
    volume = message("/volume", "f", struct.pack(">f", 0.5))
    everything = struct.pack(">if", 1, 2) + string("three") + struct.pack(">qd", 4, 5)
    return {
        "ping": ping,
        "ping-with-a-float": message("/antiphon/ping", "f", struct.pack(">f", 1)),
        "ping-without-tags": string("/antiphon/ping"),
        "ping-without-zeros": b"/antiphon/ping",
        "ping-with-latin-1": message("/antiphon/ping", "s", b"caf\xe9\0\0\0\0"),
        "ping-with-unknown-tags": message("/antiphon/ping", "xQ!", bytes(12)),
        "status": status,
        "status-with-everything": message("/antiphon/status", "ifsTFNIhd", everything),
        "generate": message(
            "/antiphon/generate", "ssfss", string("predictions/a.0001.wav") + string("follow")
            + struct.pack(">f", 0.7) + string("voice") + string("bells")
        ),
        "generate-a-key-twice": message("/antiphon/generate", "ssisi", string("a.wav")
            + 2 * (string("seconds") + struct.pack(">i", 4))),
        "cancel-all": message("/antiphon/cancel", "s", string("all")),
        "cancel-a-float": message("/antiphon/cancel", "f", struct.pack(">f", 12)),
        "set-a-curve": message("/antiphon/set", "ss", string("follow") + string("[[0,1],[3,0]]")),
        "set-a-double": message("/antiphon/set", "Sd", string("seconds") + struct.pack(">d", 4.5)),
        "set-an-array": message("/antiphon/set", "[si]", string("channels") + struct.pack(">i", 2)),
        "set-arrays-in-arrays": string("/antiphon/set") + string("," + "[" * 15000 + "]" * 15000),
        "set-nothing": message("/antiphon/set"),
        "get": message("/antiphon/get", "s", string("temperature")),
        "model": message("/antiphon/model", "s", string("vector")),
        "voice": message("/antiphon/voice", "s", string("default")),
        "replay": message("/antiphon/replay", "h", struct.pack(">q", 1 << 40)),
        "log": message("/antiphon/log", "s", string("warn")),
        "reset": message("/antiphon/reset"),
        "help": message("/antiphon/help"),
        "unknown": message("/antiphon/dance"),
        "bundle": bundle(ping),
        "bundle-of-several": bundle(volume, status, bundle(), b"text", ping, time=1 << 63),
        "bundle-cut-off": bundle(volume, ping)[:-9],
        "bundle-without-time": b"#bundle\0",
        "bundle-with-an-endless-element": bundle() + b"\xff" * 8,
        "bundle-of-empty-bundles": bundle(*[bundle()] * 100),
        "bundle-of-too-many": bundle(*[string("/*/*")] * 1025),
        "bundles-as-deep-as-may-be": nested(ping, 8),
        "bundles-in-bundles": nested(ping, 70),
        "pattern": message("/ant?phon/[!x]{in,on}*"),
        "pattern-of-all": message("//*"),
        "pattern-left-open": message("/antiphon/{ping,[a-"),
        "pattern-of-stars": message("/*/" + "*?" * 1000 + "[a-z-]*{,p,pi}" * 100),
        "arrays-in-arrays": string("/antiphon/ping") + string("," + "[" * 1000 + "]" * 400),
        "blob-longer-than-the-packet": message("/antiphon/ping", "b", b"\xff\xff\xff\xff"),
        "cut": ping[:-3],
        "no-utf-8": b"/\xff\xfe\0,\0\0\0",
        "tags-without-values": message("/antiphon/ping", "iiii"),
        "longer-than-a-frame": message("/antiphon/ping", "s", string("x" * 1600)),
        "text": b"hello antiphon\n",
        "empty": b"",
    }


HYPERPARAMETERS = {
    "vector": '{"preset": "vector"}',
    "magnitude-spectrum-cpu": '{"preset": "magnitude-spectrum-cpu"}',
    "small-transpose": '{"preset": "transpose", "seg_len": 16, "num_unrollings": 5, '
    '"int_cursor_inc": 3, "num_layers": 2, "hidden_size": 12}',
    "levels": '{"preset": "column-vector", "seg_len": 16, "num_unrollings": 4, '
    '"output": "levels", "components": 64, "temperature": 0.7, "top_p": 0.9}',
    "mixture": '{"preset": "vector", "seg_len": 16, "label_offset": 8, "num_unrollings": 4, '
    '"output": "mixture", "components": 3, "feedback_noise": 0.5}',
    "moving": '{"preset": "vector", "answer": "moving", "train_every": 3}',
    "misspelt": '{"preset": "vector", "seg_length": 16}',
    "nothing": "{}",
    "no-preset-of-that-name": '{"preset": "waltz"}',
    "zeros": '{"preset": "magnitude-spectrum", "window_size": 0, "hop_size": 0, '
    '"num_unrollings": 0}',
    "largest": '{"preset": "vector", "seg_len": 18446744073709551615, '
    '"num_unrollings": 18446744073709551615, "hidden_size": 18446744073709551615}',
    "large-spectrum": '{"preset": "magnitude-spectrum", "window_size": 9223372036854775807, '
    '"hop_size": 2, "zero_padding": true}',
    "below-zero": '{"preset": "vector", "seg_len": -1}',
    "not-finite": '{"preset": "vector", "lr": 1e400}',
    "wrong-type": '{"preset": "vector", "label_shape": [1, 2, 3]}',
    "deep": "[" * 200,
    "cut": '{"preset": "vec',
    "empty": "",
}


def uploads():
    """What the address ends in, a line feed, and what is sent there."""
    sound = wav(format_chunk(1, 1, 8000, 16), INT16)
    sent = lambda name, sound=sound: name.encode() + b"\n" + sound
    return {
        "wav": sent("take.wav"),
        "spaces": sent("take%20two.wav"),
        "letters": sent("Gro%C3%9Fe%20Fl%C3%B6te.wav"),
        "aiff": sent("take.aif", aiff(b"", 1, 16, INT16_BIG)),
        "named-otherwise": sent("take.flac"),
        "out": sent("..%2F..%2Ftake.wav"),
        "out-unescaped": sent("../../take.wav"),
        "backslashes": sent("..%5C..%5Ctake.wav"),
        "absolute": sent("%2Fetc%2Ftake.wav"),
        "nul": sent("take%00.wav"),
        "line-feed": sent("take%0A.wav"),
        "no-utf-8": sent("%FF%FE.wav"),
        "hidden": sent(".take.wav"),
        "right-to-left": sent("%E2%80%AEvaw.take.wav"),
        "no-ending": sent("take"),
        "page": sent("take.html", b"<script>alert(1)</script>"),
        "page-in-disguise": sent("take.wav", b"<script>alert(1)</script>"),
        "empty": sent("take.wav", b""),
        "long-name": sent("x" * 300 + ".wav"),
        "cut": sent("take.wav", sound[:30]),
        "query": sent("take.wav?facts"),
        "no-address": b"\xff\xfe {}\n" + sound,
    }


def write(folder, files):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        (CORPUS / folder / name).write_bytes(contents)


write("sound", sounds())
write("osc_packet", packets())
write("hyperparameters", {f"{n}.json": t.encode() for n, t in HYPERPARAMETERS.items()})
write("upload", uploads())
