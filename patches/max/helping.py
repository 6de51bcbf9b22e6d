"""Help patches, examples and the device for Live."""

import assembling
from patching import Patch

ANSWER = "antiphon.answer.wav"


def title(p, name, line):
    p.comment(name, 20, 14, size=24.0, face=1)
    p.comment(line, 20, 48)


def antiphon_help():
    p = Patch("antiphon~", (860, 640))
    title(p, "antiphon~", "records what you play for antiphon, and plays its answers in staggered voices")
    p.comment("1  turn the sound on", 20, 84, face=1)
    p.ui("in", "ezadc~", 20, 110)
    p.comment("2  a sound within a minute: an answer that came with the package, three times",
              200, 84, face=1)  # fmt: skip
    p.row(200, 110, [("answer", f"play {ANSWER}", "m"), ("stop", "stop", "m")])
    p.comment("3  with antiphon watch running: say where its folder is, then record", 200, 146, face=1)
    p.row(200, 172, [("ask", "dialog", "m"), ("root", 'root "/Users/me/antiphon/watch"', "m")])
    p.ui("hand", "toggle", 200, 206)
    p.row(234, 207, [("record", "record $1", "m")])
    p.comment("by hand", 310, 208)
    p.ui("gate", "toggle", 400, 206)
    p.row(434, 207, [("level", "level $1", "m")])
    p.comment("whatever is louder than the threshold", 505, 208)
    p.row(200, 240, [("threshold", "threshold -40", "m"), ("hold", "hold 800", "m"),
                     ("preroll", "preroll 100", "m"), ("pieces", "every 10", "m"),
                     ("whole", "every 0", "m")])  # fmt: skip
    p.comment("dB; ms of quiet that end it; ms before the onset; in pieces of 10 s, or whole",
              200, 264)  # fmt: skip
    p.comment("4  how it is played", 200, 296, face=1)
    p.row(200, 322, [("voices", "voices 5", "m"), ("stagger", "stagger 0.5", "m"),
                     ("fade", "fade 200", "m"), ("loop", "loop 1", "m"),
                     ("speed", "speed 0.5", "m"), ("gain", "gain -6", "m")])  # fmt: skip
    p.comment("voices for each answer, s between them, fades in ms, loop, speed, dB", 200, 346)
    p.comment("5  to antiphon itself", 200, 378, face=1)
    p.row(200, 404, [("follow", "follow 0.8", "m"), ("seconds", "set seconds 20", "m"),
                     ("cancel", "cancel all", "m"), ("status", "status", "m")])  # fmt: skip
    p.obj("antiphon", "antiphon~", 20, 460)
    p.comment("or as attributes: antiphon~ @root /Users/me/watch @voices 5", 200, 461)
    p.wire("in", "antiphon")
    p.wire("hand", "record")
    p.wire("gate", "level")
    for key, box in list(p.boxes.items()):
        if box["maxclass"] == "message":
            p.wire(key, "antiphon:1")
    p.ui("out", "ezdac~", 20, 510)
    p.wire("antiphon", "out")
    p.wire("antiphon:1", "out:1")
    p.obj("tell", "print antiphon", 200, 510)
    p.wire("antiphon:2", "tell")
    p.comment("what antiphon says, in the Max console", 310, 511)
    p.comment("see also: antiphon.osc (the conversation alone), sympathy~, antiphon.record~, antiphon.play~",
              20, 575)  # fmt: skip
    return p


def osc_help():
    p = Patch("antiphon.osc", (760, 500))
    title(p, "antiphon.osc", "the OSC conversation with antiphon watch, alone")
    p.comment("ask", 20, 84, face=1)
    p.row(20, 110, [("ping", "ping", "m"), ("status", "status", "m"), ("help", "help", "m"),
                    ("reset", "reset", "m"), ("cancel", "cancel all", "m"),
                    ("replay", "replay 0", "m"), ("log", "log info", "m")])  # fmt: skip
    p.comment("choose", 20, 146, face=1)
    p.row(20, 172, [("follow", "follow 0.8", "m"), ("set", "set seconds 20", "m"),
                    ("get", "get follow", "m"), ("model", "model vector", "m"),
                    ("voice", "voice default", "m")])  # fmt: skip
    p.comment("have a file answered: in antiphon's folder, or anywhere", 20, 208, face=1)
    p.row(20, 234, [("generate", 'generate "/Users/me/my melody.wav" seconds 5', "m")])
    p.comment("elsewhere: on another machine, on other ports", 20, 270, face=1)
    p.row(20, 296, [("host", "host 192.168.1.20", "m"), ("port", "port 7401", "m"),
                    ("listen", "listen 7400", "m")])  # fmt: skip
    p.obj("osc", "antiphon.osc 7400 7401", 20, 350)
    for key, box in list(p.boxes.items()):
        if box["maxclass"] == "message":
            p.wire(key, "osc")
    p.comment("the port heard, the port sent to: for a second antiphon watch on this machine",
              190, 351)  # fmt: skip
    p.obj("answers", "print answers", 20, 400)
    p.obj("said", "print said", 140, 420)
    p.ui("alive", "toggle", 240, 400)
    p.wire("osc", "answers")
    p.wire("osc:1", "said")
    p.wire("osc:2", "alive")
    p.comment("on while antiphon answers", 270, 402)
    return p


def sympathy_help():
    p = Patch("sympathy~", (820, 560))
    title(p, "sympathy~", "slices of predictions swell in the bands in which it hears something")
    p.comment("1  turn the sound on", 20, 84, face=1)
    p.ui("in", "ezadc~", 20, 110)
    p.comment("2  slices that came with the package, or yours: antiphon slice ... --output FOLDER",
              240, 84, face=1)  # fmt: skip
    p.row(240, 110, [("example", "example", "m"), ("folder", 'folder "/Users/me/slices"', "m")])
    p.comment("3  play a guitar, or these tones: each raises the slice of its own band",
              240, 146, face=1)  # fmt: skip
    p.row(240, 172, [("110", "110", "m"), ("146", "146", "m"), ("196", "196", "m"),
                     ("246", "246", "m"), ("330", "330", "m")])  # fmt: skip
    p.ui("on", "toggle", 480, 171)
    p.row(510, 172, [("level", "* 0.1"), ("smooth", "$1 50", "m"), ("ramp", "line~ 0.")])
    p.obj("tone", "cycle~ 110", 240, 214)
    p.obj("sound", "*~", 240, 246)
    for key in ("110", "146", "196", "246", "330"):
        p.wire(key, "tone")
    p.wire("on", "level")
    p.wire("level", "smooth")
    p.wire("smooth", "ramp")
    p.wire("tone", "sound")
    p.wire("ramp", "sound:1")
    p.comment("4  how it hears, and how it sounds", 240, 282, face=1)
    p.row(240, 308, [("sense", "sense 22", "m"), ("rate", "rate 9", "m"), ("swell", "swell 0", "m"),
                     ("tremolo", "tremolo -6", "m")])  # fmt: skip
    p.comment("dB before it hears; Hz of the tremolo at full level; the two layers in dB", 240, 332)
    p.obj("sympathy", "sympathy~", 20, 380)
    for key in ("example", "folder", "sense", "rate", "swell", "tremolo"):
        p.wire(key, "sympathy:1")
    p.wire("in", "sympathy")
    p.wire("sound", "sympathy")
    p.ui("out", "ezdac~", 20, 430)
    p.wire("sympathy", "out")
    p.wire("sympathy:1", "out:1")
    p.comment("left: the slices that swell; right: the same with a tremolo that follows the level",
              100, 442)  # fmt: skip
    p.comment("after Like two strings speaking in sympathy, in A. Pfalz's dissertation (2018), 6.2.2",
              20, 505)  # fmt: skip
    return p


def call_and_response():
    p = Patch("call-and-response", (760, 470))
    p.comment("Call and response", 20, 14, size=20.0, face=1)
    p.comment("Start antiphon watch. Choose its folder below, turn the sound on, switch by level on, and play:"
              " each phrase is recorded when it begins and ends, and answered by three voices.",
              20, 46, 700)  # fmt: skip
    p.ui("in", "ezadc~", 20, 100)
    p.shown("antiphon", "antiphon~", 120, 100, *assembling.PICTURE)
    p.obj("begin", "loadbang", 520, 100)
    p.msg("how", "threshold -40, hold 600, voices 3, stagger 1.5", 480, 132)
    p.wire("begin", "how")
    p.wire("how", "antiphon:1")
    p.wire("in", "antiphon")
    p.ui("out", "ezdac~", 120, 290)
    p.wire("antiphon", "out")
    p.wire("antiphon:1", "out:1")
    p.obj("said", "print antiphon", 480, 290)
    p.wire("antiphon:2", "said")
    p.comment("Wear headphones, or the microphone hears the answers and the patch talks to itself.",
              20, 370)  # fmt: skip
    return p


def sympathetic_guitar():
    p = Patch("sympathetic-guitar", (760, 520))
    p.comment("The sympathetic guitar", 20, 14, size=20.0, face=1)
    p.comment("Three layers: the guitar, slices that swell with it, and the same slices with a tremolo."
              " Make slices of your own: antiphon slice PREDICTIONS --bands 12 --output FOLDER.",
              20, 46, 700)  # fmt: skip
    p.ui("in", "ezadc~", 20, 100)
    p.obj("begin", "loadbang", 150, 100)
    p.msg("how", "example, sense 22, swell 0, tremolo -9", 150, 132)
    p.msg("mine", 'folder "/Users/me/slices"', 430, 132)
    p.obj("sympathy", "sympathy~", 90, 190)
    p.wire("begin", "how")
    p.wire("how", "sympathy:1")
    p.wire("mine", "sympathy:1")
    p.wire("in", "sympathy")
    p.obj("guitar", "*~ 0.7", 20, 240)
    p.wire("in", "guitar")
    p.obj("swell-left", "*~ 0.8", 90, 280)
    p.obj("swell-right", "*~ 0.5", 150, 280)
    p.obj("tremolo-left", "*~ 0.5", 220, 280)
    p.obj("tremolo-right", "*~ 0.8", 280, 280)
    p.wire("sympathy", "swell-left", "swell-right")
    p.wire("sympathy:1", "tremolo-left", "tremolo-right")
    p.ui("out", "ezdac~", 20, 350)
    for left in ("guitar", "swell-left", "tremolo-left"):
        p.wire(left, "out")
    for right in ("guitar", "swell-right", "tremolo-right"):
        p.wire(right, "out:1")
    p.comment("the guitar in the middle, the swelling slices left of it, the trembling ones right",
              90, 362)  # fmt: skip
    return p


def device():
    """An audio effect for Live: the sound of the track is recorded, the answers join it."""
    p = Patch("antiphon", (560, 330), presentation=True, device=assembling.PICTURE[0] + 10)
    p.obj("in", "plugin~", 20, 20)
    p.shown("antiphon", "antiphon~", 20, 60, *assembling.PICTURE)
    p.present("antiphon", 4, 8)
    p.obj("out", "plugout~", 20, 250)
    p.wire("in", "antiphon", "out")
    p.wire("in:1", "out:1")
    p.wire("antiphon", "out")
    p.wire("antiphon:1", "out:1")
    return p
