"""The sympathetic patch of the dissertation's 6.2.2: `sympathy~` and its band."""

from patching import Patch

BANDS = 24
MEDIA = "antiphon.bands.txt"


def band():
    p = Patch("sympathy.band~", (900, 720), "One band of sympathy~, for poly~")
    p.comment("sympathy.band~: hears one band, and raises the slice that loops in it", 20, 12,
              size=16.0, face=1)  # fmt: skip
    p.obj("messages", "in 1", 420, 50)
    p.obj("words", "route band sense rate clear", 420, 82)
    p.wire("messages", "words")
    p.comment("its centre in Hz, file, seconds, level in dB, own pitch in Hz", 420, 112)
    p.obj("band", "unpack 0. s 0. 0. 0.", 420, 140)
    p.wire("words", "band")
    hears(p)
    loops(p)
    rises(p)
    return p


def hears(p):
    p.obj("sound", "in~ 1", 20, 50)
    p.column(20, 172, [("once", "reson~ 1. 220. 30."), ("twice", "reson~ 1. 220. 30."),
                       ("size", "abs~"), ("level", "slide~ 441 6615"), ("sense", "*~ 12."),
                       ("raised", "clip~ 0. 1.")], 36)  # fmt: skip
    p.wire("sound", "once")
    p.wire("band", "once:2", "twice:2")
    p.wire("words:1", "sense:1")
    p.comment("heard in a hundredth of a second, forgotten within one", 170, 280, 200)


def loops(p):
    p.obj("replace", "prepend replace", 480, 204)
    p.obj("buffer", "buffer~ #0-slice", 480, 236)
    p.wire("band:1", "replace")
    p.wire("replace", "buffer")
    p.msg("clear", "clear", 600, 204)
    p.wire("words:3", "clear")
    p.wire("clear", "buffer")
    p.obj("loaded", "t b b", 550, 268)
    p.wire("buffer:1", "loaded")
    p.msg("loop", "loop 1", 600, 300)
    p.msg("beginning", "0", 550, 300)
    p.wire("loaded:1", "loop")
    p.wire("loaded", "beginning")
    p.obj("rate", "sig~ 1.", 420, 300)
    p.obj("groove", "groove~ #0-slice 1", 420, 336)
    p.wire("rate", "groove")
    p.wire("loop", "groove")
    p.wire("beginning", "groove")
    p.comment("all slices as loud as one of -20 dB", 690, 236)
    p.column(690, 268, [("evened", "expr -20. - $f1"), ("factor", "dbtoa")])
    p.wire("band:3", "evened")
    p.obj("even", "*~ 1.", 420, 372)
    p.wire("groove", "even")
    p.wire("factor", "even:1")


def rises(p):
    p.comment("second layer: it swells with what is heard", 20, 420, face=1)
    p.obj("swell", "*~", 420, 445)
    p.wire("even", "swell")
    p.wire("raised", "swell:1")
    p.comment("third layer: a tremolo, faster the louder it is", 20, 480, face=1)
    p.column(20, 505, [("slower", "slide~ 4410 8820"), ("faster", "*~ 9."), ("slowest", "+~ 1."),
                       ("tremolo", "cycle~"), ("half", "*~ 0.5"), ("up", "+~ 0.5")], 30)  # fmt: skip
    p.wire("raised", "slower")
    p.wire("words:2", "faster:1")
    p.obj("envelope", "*~", 250, 655)
    p.wire("up", "envelope")
    p.wire("slower", "envelope:1")
    p.obj("trembling", "*~", 520, 655)
    p.wire("even", "trembling")
    p.wire("envelope", "trembling:1")
    p.obj("out-swell", "out~ 1", 420, 690)
    p.obj("out-tremolo", "out~ 2", 520, 690)
    p.wire("swell", "out-swell")
    p.wire("trembling", "out-tremolo")


def sympathy():
    digest = "Raises looping slices of predictions in the bands in which it hears something"
    p = Patch("sympathy~", (940, 700), digest)
    p.comment("sympathy~: slices of predictions answer the bands that are heard", 20, 12,
              size=16.0, face=1)  # fmt: skip
    p.inlet("sound", 20, 50, "(signal) what is heard", signal=True)
    p.inlet("messages", 120, 50, "folder PATH, example, sense dB, rate Hz, swell dB, tremolo dB")
    p.obj("words", "route folder example sense rate swell tremolo", 120, 95)
    p.wire("messages", "words")
    table(p)
    slices(p)
    p.obj("poly", f"poly~ sympathy.band~ {BANDS}", 20, 560)
    p.wire("sound", "poly")
    layers(p)
    for name in ("target", "band", "sense", "rate", "silence"):
        p.wire(name, "poly")
    return p


def table(p):
    """bands.txt, read by coll and gone through from its first line to its last."""
    p.comment("the table of slices", 120, 132, face=1)
    p.obj("folder", "t l 1 l", 120, 158)
    p.wire("words", "folder")
    p.obj("file", "sprintf symout %s/bands.txt", 180, 190)
    p.obj("read", "prepend read", 180, 222)
    p.wire("folder", "file")
    p.wire("file", "read")
    p.comment("the shipped slices, which Max finds by name", 430, 132)
    p.obj("example", "t b 2", 430, 158)
    p.msg("read-example", f"read {MEDIA}", 430, 190)
    p.wire("words:1", "example")
    p.wire("example", "read-example")
    p.obj("coll", "coll", 180, 260)
    p.wire("read", "coll")
    p.wire("read-example", "coll")
    p.obj("is-read", "t b b", 250, 292)
    p.msg("dump", "dump", 320, 260)
    p.msg("silence", "target 0, clear", 320, 324)
    p.wire("coll:2", "is-read")
    p.wire("is-read:1", "silence")
    p.wire("is-read", "dump")
    p.wire("dump", "coll")


def slices(p):
    """Each line of it for the band of its number, with the file's whole path."""
    p.obj("target", "prepend target", 200, 356)
    p.wire("coll:1", "target")
    p.obj("line", "unpack 0. s 0. 0. 0.", 20, 330)
    p.wire("coll", "line")
    p.obj("whose", "gate 2 2", 430, 380)
    p.wire("folder:1", "whose")
    p.wire("example:1", "whose")
    p.wire("line:1", "whose:1")
    p.obj("name", "t b l", 430, 412)
    p.wire("whose", "name")
    p.obj("where", "zl reg", 520, 412)
    p.wire("folder:2", "where:1")
    p.wire("name", "where")
    p.obj("path", "sprintf symout %s/%s", 520, 444)
    p.wire("where", "path")
    p.wire("name:1", "path:1")
    p.obj("whole", "pack 0. s 0. 0. 0.", 20, 480)
    p.wire("line", "whole")
    p.wire("path", "whole:1")
    p.wire("whose:1", "whole:1")
    for at in (2, 3, 4):
        p.wire(f"line:{at}", f"whole:{at}")
    p.obj("band", "prepend band", 20, 512)
    p.wire("whole", "band")


def layers(p):
    p.comment("how it hears, and how loud its layers are", 690, 60, face=1)
    p.column(690, 158, [("sense-db", "dbtoa"), ("sense", "target 0, sense $1", "m")])
    p.wire("words:2", "sense-db")
    p.msg("rate", "target 0, rate $1", 690, 230)
    p.wire("words:3", "rate")
    p.column(690, 330, [("swell-db", "dbtoa"), ("swell-to", "$1 50", "m"), ("swell", "line~ 1.")])
    p.column(800, 330, [("tremolo-db", "dbtoa"), ("tremolo-to", "$1 50", "m"),
                        ("tremolo", "line~ 1.")])  # fmt: skip
    p.wire("words:4", "swell-db")
    p.wire("words:5", "tremolo-db")
    p.obj("swelling", "*~", 20, 600)
    p.obj("trembling", "*~", 170, 600)
    p.wire("poly", "swelling")
    p.wire("poly:1", "trembling")
    p.wire("swell", "swelling:1")
    p.wire("tremolo", "trembling:1")
    p.outlet("out-swell", 20, 645, "(signal) second layer: slices that swell", signal=True)
    p.outlet("out-tremolo", 170, 645, "(signal) third layer: the same with a tremolo", signal=True)
    p.wire("swelling", "out-swell")
    p.wire("trembling", "out-tremolo")
