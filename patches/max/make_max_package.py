#!/usr/bin/env python3
"""Writes the Max package `antiphon`: patches, help, reference pages, all but its sounds.

    make_max_package.py [FOLDER]     writes it, into the folder beside this file if none is named

The sounds and the icon are written by `make_media.py`.
"""

import sys
from pathlib import Path

from package import conversation, device, documents, examples, help_patches, main_patch, player, recorder, sympathetic

PATCHES = [  # what uses another comes after it
    ("antiphon.osc", conversation.osc),
    ("antiphon.record~", recorder.record),
    ("antiphon.voice~", player.voice),
    ("antiphon.play~", player.play),
    ("antiphon~", main_patch.antiphon),
    ("sympathy.band~", sympathetic.band),
    ("sympathy~", sympathetic.sympathy),
]


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "antiphon"
    patchers = {}
    for name, make in PATCHES:
        patch = make(patchers)
        patchers[name] = patch.facts()
        write(root / "patchers" / f"{name}.maxpat", patch.text())
    for name, make in help_patches.ALL:
        write(root / "help" / f"{name}.maxhelp", make(patchers).text())
    for name, make in examples.ALL:
        write(root / "examples" / f"{name}.maxpat", make(patchers).text())
    write(root / "examples" / "antiphon.amxd", device.amxd(device.antiphon(patchers)))
    for name, text in documents.pages():
        write(root / name, text)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


if __name__ == "__main__":
    main()
