"""Reference pages (`*.maxref.xml`), one for each abstraction that is used by its name."""

from xml.sax.saxutils import escape, quoteattr

RECORDS = [
    ("root", [("path", "symbol")], "Says where antiphon's folder is; seeds go into PATH/seeds."),
    ("seeds", [("path", "symbol")], "Says where seeds go: a voice's folder, PATH/seeds/bells, say."),
    ("dialog", [], "Asks for antiphon's folder."),
    ("record", [("on", "int")], "1 begins a recording by hand, 0 ends it."),
    ("level", [("on", "int")], "1: whatever is louder than the threshold is recorded, with what was"
     " before its onset, until it has been quiet for the time of hold. 0: no longer."),
    ("every", [("seconds", "float")], "A recording ends after so many seconds and another begins, as"
     " long as it is loud; silence is skipped. 0: recordings are as long as what is heard."),
    ("threshold", [("decibels", "float")], "The level that counts as loud, -40 if not said. It is"
     " quiet again 6 dB below it."),
    ("hold", [("milliseconds", "float")], "How long it must be quiet before a recording ends, 800 if"
     " not said."),
    ("preroll", [("milliseconds", "float")], "How much from before the onset is recorded, 100 if not"
     " said, at most 2000."),
    ("name", [("name", "symbol")], "What seeds are called: NAME-1.wav and so on; seed if not said."),
]  # fmt: skip
PLAYS = [
    ("play", [("path", "symbol")], "Plays a sound file as an answer: in as many voices as are set."),
    ("one", [("path", "symbol"), ("n", "int")], "Plays one of a set, in one voice, N - 1 staggers"
     " from now."),
    ("voices", [("number", "int")], "How many voices play an answer, 1 to 12; 3 if not said."),
    ("stagger", [("seconds", "float")], "How long each voice begins after the one before it, 2 if"
     " not said."),
    ("fade", [("milliseconds", "float")], "How long a voice fades in and out, 50 if not said."),
    ("loop", [("on", "int")], "1: voices that begin from now on play over and over, 0: once."),
    ("speed", [("factor", "float")], "The speed of playing, 1 as recorded, whatever the rates of the"
     " file and of Max are."),
    ("gain", [("decibels", "float")], "How loud answers are, 0 if not said."),
    ("stop", [], "All voices fade away."),
]  # fmt: skip
TALKS = [
    ("generate", [("path", "symbol"), ("key", "symbol"), ("value", "any")], "Has a file answered that"
     " lies in antiphon's folder, or anywhere: it is copied in. Keys and values may follow."),
    ("cancel", [("id", "any")], "Cancels a job, or all."),
    ("model", [("name", "symbol")], "Chooses the model."),
    ("voice", [("name", "symbol")], "Chooses the voice; default is the one of antiphon's options."),
    ("set", [("key", "symbol"), ("value", "any")], "Sets follow, seconds, variations, temperature,"
     " loudness and others from the next seed on."),
    ("get", [("key", "symbol")], "Asks for a value."),
    ("follow", [("closeness", "float")], "How closely answers go with their seeds, 0 to 1."),
    ("replay", [("id", "int")], "Says again what came of all jobs after this one."),
    ("log", [("level", "symbol")], "Says the log: off, error, warn, info or debug."),
    ("ping", [], "Is anybody there?"),
    ("status", [], "How many seeds wait, are worked on, are done, have failed."),
    ("reset", [], "Everything as the options say."),
    ("help", [], "Says all commands."),
    ("listen", [("port", "int")], "The port on which antiphon is heard."),
    ("port", [("port", "int")], "The port to which messages go."),
    ("host", [("address", "symbol")], "The machine to which messages go."),
]  # fmt: skip
SYMPATHIZES = [
    ("folder", [("path", "symbol")], "Loads the slices that antiphon slice wrote into this folder,"
     " by its bands.txt; at most 24."),
    ("example", [], "Loads the slices that came with the package."),
    ("sense", [("decibels", "float")], "How much louder it hears, 22 if not said."),
    ("rate", [("hertz", "float")], "How much faster than 1 Hz the tremolo is at full level, 9 if not"
     " said."),
    ("swell", [("decibels", "float")], "How loud the second layer is, 0 if not said."),
    ("tremolo", [("decibels", "float")], "How loud the third layer is, 0 if not said."),
]  # fmt: skip

PORTS = [("the port heard", "int", "7400 if not said"), ("the port sent to", "int", "7401 if not said")]
PAGES = {
    "antiphon~": (
        "It records seeds into antiphon's folder, hears by OSC when an answer is there, and plays it in"
        " staggered voices. All words are attributes too: antiphon~ @root PATH @voices 5. In a bpatcher it"
        " shows its controls. Words that neither recording nor playing knows go to antiphon.",
        [], RECORDS + PLAYS + TALKS, ["antiphon.osc", "antiphon.record~", "antiphon.play~", "sympathy~"],
    ),
    "antiphon.osc": (
        "What is sent to it goes to antiphon watch as OSC; what antiphon says comes out. Words that it"
        " does not know go through as they are, so /antiphon/ping may be sent too.",
        PORTS, TALKS, ["antiphon~", "udpsend", "udpreceive"],
    ),
    "antiphon.record~": (
        "It records what it hears into ROOT/seeds: by hand, or by level with a pre-roll and a gate, in"
        " pieces of equal length if asked.",
        [], RECORDS, ["antiphon~", "sfrecord~"],
    ),
    "antiphon.play~": (
        "It plays sound files in staggered voices with fades, once or looped. Twelve voices sound at most;"
        " a thirteenth takes the place of the oldest.",
        [], PLAYS, ["antiphon~", "groove~", "poly~"],
    ),
    "sympathy~": (
        "A bank of band-pass filters hears. Each band raises the looping slice whose own band it is, and"
        " lowers it when it hears it no longer: the second layer. The third is the same with a tremolo"
        " that is faster the louder it is.",
        [], SYMPATHIZES, ["antiphon~", "reson~", "coll"],
    ),
}  # fmt: skip


def page(patch):
    """The reference page of an abstraction."""
    description, arguments, messages, also = PAGES[patch.name]
    out = ['<?xml version="1.0" encoding="utf-8" standalone="yes"?>', "",
           '<?xml-stylesheet href="./_c74_ref.xsl" type="text/xsl"?>', "",
           f'<c74object name={quoteattr(patch.name)} module="antiphon" category="antiphon">',
           f"\t<digest>{escape(patch.digest)}</digest>",
           f"\t<description>{escape(description)}</description>",
           '\t<metadatalist>', '\t\t<metadata name="author">antiphon</metadata>',
           '\t\t<metadata name="tag">antiphon</metadata>', '\t</metadatalist>']  # fmt: skip
    out += ports(patch, "inlet") + ports(patch, "outlet")
    out.append("\t<objarglist>")
    for at, (name, kind, digest) in enumerate(arguments):
        out.append(f'\t\t<objarg id="{at}" name={quoteattr(name)} type="{kind}" optional="1">')
        out += [f"\t\t\t<digest>{escape(digest)}</digest>", "\t\t</objarg>"]
    out += ["\t</objarglist>", "\t<methodlist>"]
    for name, given, digest in messages:
        out += [f'\t\t<method name="{name}">', "\t\t\t<arglist>"]
        out += [f'\t\t\t\t<arg name="{a}" type="{kind}" optional="0" />' for a, kind in given]
        out += ["\t\t\t</arglist>", f"\t\t\t<digest>{escape(digest)}</digest>", "\t\t</method>"]
    out += ["\t</methodlist>", "\t<seealsolist>"]
    out += [f"\t\t<seealso name={quoteattr(name)} />" for name in also]
    return "\n".join([*out, "\t</seealsolist>", "</c74object>", ""])


def ports(patch, kind):
    boxes = [box for box in patch.boxes.values() if box["maxclass"] == kind]
    out = [f"\t<{kind}list>"]
    for at, box in enumerate(sorted(boxes, key=lambda box: box["index"])):
        signal = box.get("type") or box.get("outlettype", [""])[0]
        out.append(f'\t\t<{kind} id="{at}" type="{signal or "message"}">')
        out += [f"\t\t\t<digest>{escape(box['comment'])}</digest>", f"\t\t</{kind}>"]
    return [*out, f"\t</{kind}list>"]
