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


def sounds():
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


def write(folder, files):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        (CORPUS / folder / name).write_bytes(contents)


write("sound", sounds())
write("osc_packet", packets())
write("hyperparameters", {f"{n}.json": t.encode() for n, t in HYPERPARAMETERS.items()})
