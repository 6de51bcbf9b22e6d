"""`antiphon~`: records seeds, hears the answers and plays them, with a few controls."""

from patching import Patch

PICTURE = (330.0, 150.0)


def whole():
    digest = "Records seeds for antiphon, and plays its answers in staggered voices"
    p = Patch("antiphon~", (900, 620), digest, presentation=True)
    p.comment("antiphon~", 20, 12, size=16.0, face=1)
    title = list(p.boxes)[-1]
    p.present(title, 8, 6)
    p.inlet("sound", 20, 50, "(signal) what is recorded", signal=True)
    p.inlet("messages", 120, 50, "root PATH, record 1/0, level 1/0, voices N, stagger SECONDS ...")
    p.obj("attributes", "patcherargs", 180, 50)
    p.obj("not-done", "route done", 216, 82)
    p.obj("later", "deferlow", 216, 114)
    p.wire("attributes:1", "not-done")
    p.wire("not-done:1", "later")
    p.comment("@root PATH and other words as attributes", 310, 51)
    p.obj("record", "antiphon.record~", 20, 330)
    p.wire("sound", "record")
    p.wire("messages", "record:1")
    p.wire("later", "record:1")
    p.obj("play", "antiphon.play~", 250, 400)
    p.obj("osc", "antiphon.osc", 420, 460)
    p.wire("record:2", "play")
    p.wire("play:2", "osc")
    p.wire("osc", "play")
    p.comment("what one does not know goes on to the next", 380, 400)
    controls(p)
    p.outlet("left", 250, 560, "(signal) the answers, left", signal=True)
    p.outlet("right", 300, 560, "(signal) the answers, right", signal=True)
    p.outlet("said", 560, 560, "what antiphon says, recorded PATH, recording 1/0, alive 1/0")
    p.wire("play", "left")
    p.wire("play:1", "right")
    p.row(20, 510, [("recorded", "prepend recorded"), ("is-recording", "prepend recording")])
    p.obj("is-alive", "prepend alive", 700, 510)
    p.wire("record", "recorded")
    p.wire("record:1", "is-recording")
    p.wire("osc:2", "is-alive")
    for name in ("recorded", "is-recording", "osc:1", "is-alive"):
        p.wire(name, "said")
    return p


def controls(p):
    """What the presentation shows, for a bpatcher."""
    p.ui("dialog", "button", 120, 160)
    p.ui("by-hand", "toggle", 200, 160)
    p.ui("by-level", "toggle", 280, 160)
    p.ui("loops", "toggle", 360, 160)
    p.ui("voices", "number", 440, 160)
    p.ui("stagger", "flonum", 540, 160)
    p.row(120, 200, [("to-dialog", "dialog", "m"), ("to-record", "record $1", "m"),
                     ("to-level", "level $1", "m"), ("to-loop", "loop $1", "m"),
                     ("to-voices", "voices $1", "m"), ("to-stagger", "stagger $1", "m")])  # fmt: skip
    pairs = ("dialog", "to-dialog"), ("by-hand", "to-record"), ("by-level", "to-level")
    for control, message in (*pairs, ("loops", "to-loop"), ("voices", "to-voices"),
                             ("stagger", "to-stagger")):  # fmt: skip
        p.wire(control, message)
        p.wire(message, "record:1")
    p.obj("show-voices", "loadmess set 3", 440, 130)
    p.obj("show-stagger", "loadmess set 2.", 560, 130)
    p.wire("show-voices", "voices")
    p.wire("show-stagger", "stagger")
    p.ui("level", "meter~", 20, 200)
    p.wire("sound", "level")
    p.ui("recording", "toggle", 20, 420, ignoreclick=1)
    p.ui("alive", "toggle", 700, 420, ignoreclick=1)
    p.wire("record:1", "recording")
    p.wire("osc:2", "alive")
    p.obj("show", "prepend set", 560, 420)
    p.msg("last", "nothing said yet", 560, 452)
    p.boxes["last"]["patching_rect"][2] = 130.0
    p.wire("osc:1", "show")
    p.wire("show", "last")
    shown(p)


def shown(p):
    labels = [("folder", 8), ("record", 58), ("by level", 110), ("loop", 168), ("voices", 206),
              ("stagger s", 262)]  # fmt: skip
    for (text, x), key, width in zip(
        labels, ("dialog", "by-hand", "by-level", "loops", "voices", "stagger"), (0, 0, 0, 0, 46, 54)
    ):
        p.comment(text, 700, 20 + 22 * labels.index((text, x)))
        p.present(list(p.boxes)[-1], x, 32)
        p.present(key, x + 4, 54, width or None)
    p.present("level", 110, 12, 120)
    for text, y, key in (("it records", 86, "recording"), ("antiphon is there", 86, "alive")):
        x = 8 if key == "recording" else 110
        p.comment(text, 770, 20 + (22 if key == "alive" else 0))
        p.present(list(p.boxes)[-1], x + 24, y)
        p.present(key, x, y - 2)
    p.present("last", 8, 116, 314)
