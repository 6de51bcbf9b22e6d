"""Max patches as Python describes them: boxes, cords, and the JSON that Max reads.

Every box gets the inlets and outlets that Max gives it, a width that its text needs,
and a place; `Patch.json` refuses boxes that overlap and cords that lead nowhere."""

import json
import re
import shlex

# Arial's advance widths in thousandths of an em, for letters that are not 556 wide.
NARROW = {
    "'": 191, "i": 222, "j": 222, "l": 222, "f": 278, "t": 278, " ": 278, ".": 278, ",": 278,
    ":": 278, ";": 278, "/": 278, "!": 278, "I": 278, "|": 260, "r": 333, "-": 333, "(": 333,
    ")": 333, '"': 355, "*": 389, "c": 500, "k": 500, "s": 500, "v": 500, "x": 500, "y": 500,
    "z": 500, "J": 500, "<": 584, ">": 584, "=": 584, "+": 584, "~": 584, "F": 611, "T": 611,
    "Z": 611, "A": 667, "B": 667, "E": 667, "K": 667, "P": 667, "S": 667, "V": 667, "X": 667,
    "Y": 667, "w": 722, "C": 722, "D": 722, "H": 722, "N": 722, "R": 722, "U": 722, "G": 778,
    "O": 778, "Q": 778, "m": 833, "M": 833, "%": 889, "W": 944, "@": 1015,
}  # fmt: skip
LINE = 14.0
BOX = 22.0

SIGNAL = "signal"


def text_width(text, size=12.0):
    """The width of a line of text in pixels."""
    return sum(NARROW.get(letter, 556) for letter in text) * size / 1000.0


def fields(text):
    """An object's name and its arguments, without attributes."""
    words = shlex.split(text.replace("\\", "\\\\"))
    arguments = words[1:]
    for at, word in enumerate(arguments):
        if word.startswith("@"):
            arguments = arguments[:at]
            break
    return words[0], arguments


def type_of(letter):
    """What an outlet of trigger or unpack sends for this argument."""
    if letter in ("b", "bang"):
        return "bang"
    if letter in ("i", "int") or re.fullmatch(r"-?\d+", letter):
        return "int"
    if letter in ("f", "float") or re.fullmatch(r"-?\d*\.\d*", letter):
        return "float"
    return ""


def formats(arguments):
    """How many inlets sprintf and expr have."""
    text = " ".join(arguments)
    numbers = [int(n) for n in re.findall(r"\$[ifs](\d+)", text)]
    return max(numbers) if numbers else len(re.findall(r"%[-0-9.]*l?[a-z]", text))


def routed(arguments):
    return len(arguments) + 1, [""] * (len(arguments) + 1)


def selected(arguments):
    return len(arguments) + 1, ["bang"] * len(arguments) + [""]


def number(arguments, at, default):
    return int(arguments[at]) if len(arguments) > at else default


# Inlets and what each outlet sends, by name; a function where arguments decide.
PORTS = {
    "route": routed,
    "sel": selected,
    "t": lambda a: (1, [type_of(x) for x in a]),
    "gate": lambda a: (2, [""] * number(a, 0, 1)),
    "unpack": lambda a: (1, [type_of(x) for x in a]),
    "pack": lambda a: (len(a), [""]),
    "sprintf": lambda a: (formats(a), [""]),
    "expr": lambda a: (formats(a), [""]),
    "sfrecord~": lambda a: (number(a, 0, 1), [SIGNAL]),
    "groove~": lambda a: (3, [SIGNAL] * (number(a, 1, 1) + 1)),
    "prepend": (1, [""]),
    "zl": (2, ["", ""]),
    "buddy": (2, ["", ""]),
    "int": (2, ["int"]),
    "float": (2, ["float"]),
    "clip": (3, [""]),
    "maximum": (2, ["", ""]),
    "change": (1, ["", "int", "int"]),
    "random": (2, ["int"]),
    "counter": (5, ["int", "", "", "int"]),
    "uzi": (2, ["bang", "bang", "int"]),
    "delay": (2, ["bang"]),
    "metro": (2, ["bang"]),
    "deferlow": (1, [""]),
    "loadbang": (1, ["bang"]),
    "loadmess": (1, [""]),
    "patcherargs": (1, ["", ""]),
    "opendialog": (1, ["", "bang"]),
    "conformpath": (1, ["", "int"]),
    "regexp": (1, [""] * 5),
    "coll": (1, [""] * 4),
    "print": (1, []),
    "dbtoa": (1, [""]),
    "udpreceive": (1, [""]),
    "udpsend": (1, []),
    "*": lambda a: (2, [type_of(a[0])]),
    "+": lambda a: (2, [type_of(a[0])]),
    "-": lambda a: (2, [type_of(a[0])]),
    "==": (2, ["int"]),
    ">": (2, ["int"]),
    "buffer~": (1, ["float", "bang"]),
    "info~": (1, ["float", "list", "float", "float", "float", "float", "float", "", "int"]),
    "sig~": (1, [SIGNAL]),
    "line~": (2, [SIGNAL, "bang"]),
    "*~": (2, [SIGNAL]),
    "+~": (2, [SIGNAL]),
    "abs~": (1, [SIGNAL]),
    "slide~": (3, [SIGNAL]),
    "thresh~": (3, [SIGNAL]),
    "edge~": (1, ["bang", "bang"]),
    "delay~": (2, [SIGNAL]),
    "mstosamps~": (1, [SIGNAL, "float"]),
    "reson~": (4, [SIGNAL]),
    "cycle~": (2, [SIGNAL]),
    "clip~": (3, [SIGNAL]),
    "in": (1, [""]),
    "in~": (1, [SIGNAL]),
    "out": (1, []),
    "out~": (1, []),
    "plugin~": (2, [SIGNAL, SIGNAL]),
    "plugout~": (2, [SIGNAL, SIGNAL]),
}  # fmt: skip

# Objects that are drawn: inlets, outlets, width, height, further attributes.
DRAWN = {
    "toggle": (1, ["int"], 24.0, 24.0, {"parameter_enable": 0}),
    "button": (1, ["bang"], 24.0, 24.0, {"parameter_enable": 0}),
    "number": (1, ["", "bang"], 50.0, 22.0, {"parameter_enable": 0}),
    "flonum": (1, ["", "bang"], 50.0, 22.0, {"format": 6, "parameter_enable": 0}),
    "meter~": (1, ["float"], 80.0, 13.0, {}),
    "ezadc~": (1, [SIGNAL, SIGNAL], 45.0, 45.0, {}),
    "ezdac~": (2, [], 45.0, 45.0, {}),
}  # fmt: skip


class Patch:
    """One patcher. Boxes are known by a name of their own, cords by `name:outlet`."""

    abstractions = {}

    def __init__(self, name, size=(1000, 700), digest="", presentation=False, device=0.0):
        self.name, self.size, self.digest = name, size, digest
        self.presentation, self.device = presentation, device
        self.boxes, self.lines, self.used = {}, [], []

    def box(self, key, maxclass, rect, ports, **attributes):
        """Any box; key, or a number where it needs no name."""
        key = key or f"-{len(self.boxes)}"
        assert key not in self.boxes, f"{self.name}: {key} twice"
        inlets, outlets = ports
        box = {"id": f"obj-{len(self.boxes) + 1}", "maxclass": maxclass, "numinlets": inlets}
        box["numoutlets"] = len(outlets)
        if outlets:
            box["outlettype"] = outlets
        box["patching_rect"] = [float(value) for value in rect]
        box.update(attributes)
        self.boxes[key] = box
        return key

    def obj(self, key, text, x, y):
        """An object box as wide as its text and its outlets need."""
        ports = self.ports(text)
        most = max(ports[0], len(ports[1]))
        width = max(text_width(text) + 14, 14.0 * most, 30.0)
        saved = {}
        name, _ = fields(text)
        if name == "coll":
            saved = {"saved_object_attributes": {"embed": 0, "precision": 6}}
        elif name in ("in", "in~", "out", "out~"):
            saved = {"saved_object_attributes": {"attr_comment": ""}}
        return self.box(key, "newobj", (x, y, round(width), BOX), ports, text=text, **saved)

    def ports(self, text):
        """The inlets and outlets of an object, an abstraction or a poly~."""
        name, arguments = fields(text)
        if name == "poly~":
            self.used.append(arguments[0])
            return Patch.abstractions[arguments[0]].poly_ports()
        if name in Patch.abstractions:
            self.used.append(name)
            return Patch.abstractions[name].own_ports()
        ports = PORTS[name]
        return ports(arguments) if callable(ports) else ports

    def own_ports(self):
        """As an abstraction."""
        inlets = [b for b in self.boxes.values() if b["maxclass"] == "inlet"]
        outlets = [b for b in self.boxes.values() if b["maxclass"] == "outlet"]
        return len(inlets), [b["type"] for b in sorted(outlets, key=lambda b: b["index"])]

    def poly_ports(self):
        """As poly~ has it."""
        found = {"in": {}, "out": {}}
        for box in self.boxes.values():
            name, arguments = fields(box.get("text", "comment") or "comment")
            if box["maxclass"] == "newobj" and name.rstrip("~") in found:
                kind = SIGNAL if name.endswith("~") else ""
                found[name.rstrip("~")].setdefault(int(arguments[0]), kind)
        return len(found["in"]), [found["out"][at] for at in sorted(found["out"])]

    def msg(self, key, text, x, y):
        """A message box."""
        width = max(text_width(text) + 16, 30.0)
        return self.box(key, "message", (x, y, round(width), BOX), (2, [""]), text=text)

    def comment(self, text, x, y, width=None, size=12.0, face=0):
        """A comment, wrapped to width."""
        one = text_width(text, size) * (1.08 if face else 1.0) + 12
        lines = wrapped(text, width - 12, size) if width else 1
        width = width or round(one)
        height = 6 + round(LINE * size / 12.0) * lines
        more = {"linecount": lines} if lines > 1 else {}
        if size != 12.0:
            more["fontsize"] = size
        if face:
            more["fontface"] = face
        return self.box(None, "comment", (x, y, width, height), (1, []), text=text, **more)

    def inlet(self, key, x, y, comment, signal=False):
        at = 1 + sum(b["maxclass"] == "inlet" for b in self.boxes.values())
        kind = [SIGNAL] if signal else [""]
        return self.box(key, "inlet", (x, y, 30, 30), (0, kind), comment=comment, index=at)

    def outlet(self, key, x, y, comment, signal=False):
        at = 1 + sum(b["maxclass"] == "outlet" for b in self.boxes.values())
        kind = SIGNAL if signal else ""
        return self.box(
            key, "outlet", (x, y, 30, 30), (1, []), comment=comment, index=at, type=kind
        )

    def ui(self, key, maxclass, x, y, width=None, height=None, **attributes):
        inlets, outlets, w, h, more = DRAWN[maxclass]
        rect = (x, y, width or w, height or h)
        return self.box(key, maxclass, rect, (inlets, outlets), **more, **attributes)

    def shown(self, key, file, x, y, width, height, **attributes):
        """A bpatcher that shows an abstraction's presentation."""
        self.used.append(file)
        return self.box(
            key, "bpatcher", (x, y, width, height), Patch.abstractions[file].own_ports(),
            args=[], bgmode=0, border=0, clickthrough=0, enablehscroll=0, enablevscroll=0,
            lockeddragscroll=0, lockedsize=0, name=f"{file}.maxpat", offset=[0.0, 0.0],
            viewvisibility=1, **attributes,
        )  # fmt: skip

    def present(self, key, x, y, width=None, height=None):
        """Shows a box in the presentation too."""
        box = self.boxes[key]
        _, _, w, h = box["patching_rect"]
        box["presentation"] = 1
        box["presentation_rect"] = [float(x), float(y), float(width or w), float(height or h)]

    def row(self, x, y, boxes, gap=10):
        """Objects or messages (text in a tuple with `m`) beside each other."""
        for key, text, *kind in boxes:
            (self.msg if kind else self.obj)(key, text, x, y)
            x += self.boxes[key]["patching_rect"][2] + gap

    def column(self, x, y, boxes, step=32):
        """Boxes under each other, each wired to the next."""
        above = None
        for key, text, *kind in boxes:
            (self.msg if kind else self.obj)(key, text, x, y)
            if above:
                self.wire(above, key)
            above, y = key, y + step

    def wire(self, source, *destinations):
        """Cords from `name:outlet` to each `name:inlet`; 0 where no number is said."""
        a, outlet = split(source)
        for destination in destinations:
            b, inlet = split(destination)
            assert outlet < self.boxes[a]["numoutlets"], f"{self.name}: no outlet {source}"
            assert inlet < self.boxes[b]["numinlets"], f"{self.name}: no inlet {destination}"
            ends = (self.boxes[a]["id"], outlet), (self.boxes[b]["id"], inlet)
            line = {"source": list(ends[0]), "destination": list(ends[1])}
            self.lines.append({"patchline": line})

    def file(self):
        """The patcher as Max's JSON has it."""
        self.refuse_overlaps()
        patcher = skeleton(self.size, self.digest, self.presentation, self.device)
        hidden = ("type",)
        patcher["boxes"] = [
            {"box": {k: v for k, v in sorted(box.items()) if k not in hidden}}
            for box in self.boxes.values()
        ]
        patcher["lines"] = self.lines
        patcher["dependency_cache"] = [
            {"name": f"{name}.maxpat", "bootpath": ".", "type": "JSON", "implicit": 1}
            for name in sorted(set(self.used))
        ]
        patcher["autosave"] = 0
        return json.dumps({"patcher": patcher}, indent="\t", ensure_ascii=False) + "\n"

    def refuse_overlaps(self):
        rects = [(key, box["patching_rect"]) for key, box in self.boxes.items()]
        found = []
        for at, (a, (ax, ay, aw, ah)) in enumerate(rects):
            for b, (bx, by, bw, bh) in rects[at + 1 :]:
                apart = ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
                if not apart:
                    found.append([self.boxes[key].get("text", key) for key in (a, b)])
        assert not found, f"{self.name}: these overlap: {found}"


def split(end):
    name, _, at = end.rpartition(":") if ":" in end else (end, "", "0")
    return name, int(at)


def wrapped(text, width, size):
    """How many lines a text takes."""
    lines, used = 1, 0.0
    for word in text.split(" "):
        wide = text_width(word + " ", size)
        if used and used + wide > width:
            lines, used = lines + 1, 0.0
        used += wide
    return lines


def skeleton(size, digest, presentation, device):
    """What stands around the boxes, as Max 8 writes it."""
    return {
        "fileversion": 1,
        "appversion": {
            "major": 8, "minor": 1, "revision": 11, "architecture": "x64", "modernui": 1,
        },
        "classnamespace": "box",
        "rect": [60.0, 90.0, float(size[0]), float(size[1])],
        "bglocked": 0, "openinpresentation": int(presentation),
        "default_fontsize": 12.0, "default_fontface": 0, "default_fontname": "Arial",
        "gridonopen": 1, "gridsize": [15.0, 15.0], "gridsnaponopen": 1, "objectsnaponopen": 1,
        "statusbarvisible": 2, "toolbarvisible": 1, "lefttoolbarpinned": 0,
        "toptoolbarpinned": 0, "righttoolbarpinned": 0, "bottomtoolbarpinned": 0,
        "toolbars_unpinned_last_save": 0, "tallnewobj": 0, "boxanimatetime": 200,
        "enablehscroll": 1, "enablevscroll": 1, "devicewidth": device,
        "description": "", "digest": digest, "tags": "antiphon", "style": "",
        "subpatcher_template": "", "assistshowspatchername": 0,
    }  # fmt: skip
