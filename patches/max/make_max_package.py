#!/usr/bin/env python3
"""Writes the Max package: `make_max_package.py [FOLDER]`, the folder `antiphon` beside this file if none is named.

Everything in it is written here but README.md, package-info.json, the licences and the sound media/antiphon.answer.wav, which
antiphon made."""

import json
import struct
import sys
from pathlib import Path

import assembling
import conversation
import helping
import playing
import recording
import reference
import sounding
import sympathizing
from patching import Patch

HERE = Path(__file__).resolve().parent
# What another one uses comes before it.
PATCHERS = [conversation.osc, recording.record, playing.voice, playing.play, assembling.whole,
            sympathizing.band, sympathizing.sympathy]  # fmt: skip
HELP = [helping.antiphon_help, helping.osc_help, helping.sympathy_help]
EXAMPLES = [helping.call_and_response, helping.sympathetic_guitar]


def package():
    """Every file that is written, by its path in the package."""
    files = {}
    for make in PATCHERS:
        patch = make()
        Patch.abstractions[patch.name] = patch
        files[f"patchers/{patch.name}.maxpat"] = patch.file().encode()
    for make in HELP:
        patch = make()
        files[f"help/{patch.name}.maxhelp"] = patch.file().encode()
    for make in EXAMPLES:
        patch = make()
        files[f"examples/{patch.name}.maxpat"] = patch.file().encode()
    files["examples/antiphon.amxd"] = container(helping.device().file())
    for name in reference.PAGES:
        files[f"docs/{name}.maxref.xml"] = reference.page(Patch.abstractions[name]).encode()
    files.update({f"media/{name}": data for name, data in sounding.media().items()})
    files["icon.png"] = sounding.icon()
    return files


def container(text):
    """An audio effect of Live: a header, and the patch."""
    body = text.encode() + b"\0"
    head = b"ampf" + struct.pack("<I", 4) + b"aaaa" + b"meta" + struct.pack("<II", 4, 0)
    return head + b"ptch" + struct.pack("<I", len(body)) + body


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "antiphon"
    for name, data in package().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
