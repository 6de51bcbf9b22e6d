"""A Max patch, written as text: boxes with a place, and wires between them.

A line of boxes is `name x row what`. What begins with `(` is a message, with `#` a comment, with the
name of an element of the interface (`toggle`, `inlet`, ...) that element, followed by its
attributes as JSON; all else is an object. A row is 30 pixels high. A line of wires is `from.outlet > to.inlet to.inlet`,
and what is not said is 0.
"""

import json
import math
import re
from pathlib import Path

FACTS = json.loads((Path(__file__).parent.parent / "objects.json").read_text())
OBJECTS, ALIASES = FACTS["objects"], FACTS["aliases"]
ELEMENTS = {
    "inlet": (30, 30), "outlet": (30, 30), "toggle": (24, 24), "button": (24, 24), "number": (50, 22),
    "flonum": (60, 22), "meter~": (100, 14), "ezadc~": (45, 45), "ezdac~": (45, 45), "textbutton": (100, 22),
    "bpatcher": (400, 160), "gain~": (24, 120), "live.gain~": (48, 136),
}
ROW, LINE = 30, 15
PIXELS_PER_CHARACTER = 7


def text_width(text):
    """Pixels that a line needs in Arial 12, rather too many than too few."""
    return PIXELS_PER_CHARACTER * len(text) + 14


def words(text):
    """The arguments of an object, without its name and its attributes."""
    found = []
    for word in text.split()[1:]:
        if word.startswith("@"):
            break
        found.append(word)
    return found


def count(rule, text, patchers):
    """The kinds of inlets or outlets that `rule` gives to an object of this text."""
    if isinstance(rule, list):
        return rule
    arguments, kind = words(text), rule.get("kind", "message")
    if rule["of"] == "arguments":
        number = len(arguments) + rule.get("plus", 0) if arguments else rule["default"]
    elif rule["of"] == "argument":
        place = rule["place"]
        number = int(arguments[place]) + rule.get("plus", 0) if len(arguments) > place else rule["default"]
    elif rule["of"] == "formats":
        number = len(re.findall(r"%[a-z]+", text))
    elif rule["of"] == "variables":
        number = max([int(n) for n in re.findall(r"\$[ifs](\d)", text)], default=1)
    else:
        return patchers[arguments[0]][rule["of"]]
    return [kind] * number


class Patch:
    """Boxes and wires, to be written as the JSON of a `.maxpat`."""

    def __init__(self, patchers, description, size=(700, 500), presentation=False):
        self.patchers, self.description, self.size, self.presentation = patchers, description, size, presentation
        self.by_name, self.lines, self.uses = {}, [], set()

    def boxes(self, text):
        for line in filter(None, (line.strip() for line in text.splitlines())):
            name, x, row, what = line.split(None, 3)
            assert name not in self.by_name, f"two boxes are called {name}"
            box = self.box(what)
            width, height = box.pop("size")
            box["patching_rect"] = [float(x), ROW * float(row), float(width), float(height)]
            box["id"] = f"obj-{len(self.by_name) + 1}"
            self.by_name[name] = box
        return self

    def box(self, what):
        first, _, rest = what.partition(" ")
        if what.startswith("#"):
            return self.comment(what[1:].strip())
        if what.startswith("("):
            text = what[1:].rstrip(")") if what.endswith(")") else what[1:]
            return {"maxclass": "message", "text": text, "numinlets": 2, "numoutlets": 1,
                    "outlettype": [""], "size": (max(text_width(text), 40), 22)}
        if first in ELEMENTS:
            return self.element(first, json.loads(rest) if rest else {})
        return self.object(what)

    def comment(self, text):
        wrapped, width = re.fullmatch(r"(.*?)(?:\s*\|(\d+))?", text).groups()
        width = int(width) if width else text_width(wrapped)
        lines = math.ceil(text_width(wrapped) * 1.05 / width) if width < text_width(wrapped) else 1
        box = {"maxclass": "comment", "text": wrapped, "numinlets": 1, "numoutlets": 0,
               "size": (width, 5 + LINE * lines)}
        if lines > 1:
            box["linecount"] = lines
        return box

    def element(self, name, attributes):
        size = attributes.pop("size", ELEMENTS[name])
        if name == "bpatcher":
            patcher = attributes["name"].removesuffix(".maxpat")
            self.uses.add(attributes["name"])
            inlets, outlets = self.patchers[patcher]["inlets"], self.patchers[patcher]["outlets"]
        else:
            inlets, outlets = OBJECTS[name]["inlets"], OBJECTS[name]["outlets"]
        return {"maxclass": name, **self.ports(inlets, outlets), **attributes, "size": size}

    def object(self, text):
        name = text.split()[0]
        if name in self.patchers:
            self.uses.add(name + ".maxpat")
            facts = self.patchers[name]
        else:
            facts = OBJECTS[ALIASES.get(name, name)]
            if name == "poly~":
                self.uses.add(text.split()[1] + ".maxpat")
        inlets = count(facts["inlets"], text, self.patchers)
        outlets = count(facts["outlets"], text, self.patchers)
        width = max(text_width(text), 14 * max(len(inlets), len(outlets)), 32)
        return {"maxclass": "newobj", "text": text, **self.ports(inlets, outlets), "size": (width, 22)}

    @staticmethod
    def ports(inlets, outlets):
        ports = {"numinlets": len(inlets), "numoutlets": len(outlets)}
        if outlets:
            ports["outlettype"] = ["" if kind == "message" else kind for kind in outlets]
        return ports

    def wires(self, text):
        for line in filter(None, (line.strip() for line in text.splitlines())):
            source, _, destinations = line.partition(">")
            for destination in destinations.split():
                wire = {"source": self.end(source.strip()), "destination": self.end(destination)}
                self.lines.append({"patchline": wire})
        return self

    def end(self, text):
        name, _, number = text.rpartition(":")
        if not name:
            name, number = text, "0"
        return [self.by_name[name]["id"], int(number)]

    def present(self, text):
        """Where boxes stand in the presentation: lines of `name x y width height`."""
        for line in filter(None, (line.strip() for line in text.splitlines())):
            name, *rect = line.split()
            self.by_name[name].update(presentation=1, presentation_rect=[float(n) for n in rect])
        return self

    def facts(self):
        """Its inlets and outlets, for patches that use it."""
        ports = {"inlets": [], "outlets": []}
        signals = {line["patchline"]["destination"][0] for line in self.lines if self.is_signal(line)}
        hearing = {line["patchline"]["source"][0] for line in self.lines if self.feeds_sound(line)}
        for box in sorted(self.by_name.values(), key=lambda box: box["patching_rect"][0]):
            if box["maxclass"] == "inlet":
                ports["inlets"].append("signal" if box["id"] in hearing else "message")
            if box["maxclass"] == "outlet":
                ports["outlets"].append("signal" if box["id"] in signals else "message")
            word, *number = box.get("text", "").split()[:2] or [""]
            if word in ("in", "in~", "out", "out~"):
                group = ports["inlets" if word.startswith("in") else "outlets"]
                group.extend(["message"] * (int(number[0]) - len(group)))
                if word.endswith("~"):
                    group[int(number[0]) - 1] = "both" if word == "in~" else "signal"
        return ports

    def is_signal(self, line):
        identity, outlet = line["patchline"]["source"]
        return self.by_id(identity).get("outlettype", [])[outlet] == "signal"

    def feeds_sound(self, line):
        text = self.by_id(line["patchline"]["destination"][0]).get("text", "")
        return text.split(" ")[0].endswith("~") and not text.startswith("buffer~")

    def by_id(self, identity):
        return next(box for box in self.by_name.values() if box["id"] == identity)

    def json(self):
        width, height = self.size
        patcher = {
            "fileversion": 1,
            "appversion": {"major": 8, "minor": 1, "revision": 11, "architecture": "x64", "modernui": 1},
            "classnamespace": "box",
            "rect": [80.0, 100.0, float(width), float(height)],
            "bglocked": 0,
            "openinpresentation": int(self.presentation),
            "default_fontsize": 12.0, "default_fontface": 0, "default_fontname": "Arial",
            "gridonopen": 1, "gridsize": [15.0, 15.0], "gridsnaponopen": 1, "objectsnaponopen": 1,
            "statusbarvisible": 2, "toolbarvisible": 1, "lefttoolbarpinned": 0, "toptoolbarpinned": 0,
            "righttoolbarpinned": 0, "bottomtoolbarpinned": 0, "toolbars_unpinned_last_save": 0, "tallnewobj": 0,
            "boxanimatetime": 200, "enablehscroll": 1, "enablevscroll": 1, "devicewidth": 0.0,
            "description": self.description, "digest": self.description, "tags": "antiphon", "style": "",
            "subpatcher_template": "", "assistshowspatchername": 0,
            "boxes": [{"box": box} for box in self.by_name.values()],
            "lines": self.lines,
            "dependency_cache": [{"name": name, "patcherrelativepath": "../patchers", "type": "JSON", "implicit": 1}
                                 for name in sorted(self.uses)],
            "autosave": 0,
        }
        return {"patcher": patcher}

    def text(self):
        return json.dumps(self.json(), indent=1) + "\n"
