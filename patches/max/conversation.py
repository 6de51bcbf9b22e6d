"""The OSC conversation: `antiphon.osc`."""

from patching import Patch

# What antiphon hears, in rows of a route each; those that take nothing are messages.
VERBS = [
    ["ping", "status", "reset", "help", "generate", "cancel", "model"],
    ["voice", "set", "get", "follow", "replay", "log"],
]
ASKED_BARE = {"ping", "status", "reset", "help"}
# What antiphon says; those that say nothing more are messages too.
SAID_BARE = {"ready", "reset", "pong"}
SAID = [
    ["ready", "seen", "heard", "progress", "variation", "done"],
    ["set", "cancelled", "error", "status", "value", "model"],
    ["skipped", "voice", "replayed", "reset", "log", "help", "pong"],
]


def osc():
    p = Patch("antiphon.osc", (1300, 760), "The OSC conversation with antiphon")
    p.comment("antiphon.osc: the conversation with antiphon alone", 20, 12, size=16.0, face=1)
    p.comment("to antiphon", 20, 45, face=1)
    p.inlet("messages", 20, 70, "ping, status, generate PATH key value..., cancel ID, set KEY VALUE")
    for at, verbs in enumerate(VERBS):
        y = 115 + 75 * at
        p.obj(f"verbs{at}", "route " + " ".join(verbs + (["listen"] if at else [])), 20, y)
        row = [
            (f"to-{v}", f"/antiphon/{v}", "m") if v in ASKED_BARE
            else (f"to-{v}", f"prepend /antiphon/{v}")
            for v in verbs
        ]  # fmt: skip
        p.row(20, y + 34, row)
        for outlet, verb in enumerate(verbs):
            p.wire(f"verbs{at}:{outlet}", f"to-{verb}")
    p.wire("messages", "verbs0")
    p.wire(f"verbs0:{len(VERBS[0])}", "verbs1")
    p.obj("send", "udpsend 127.0.0.1 7401", 20, 275)
    p.comment("What is none of these goes through as it is: host ADDRESS, port NUMBER, /antiphon/...",
              200, 276)  # fmt: skip
    for verb in (verb for verbs in VERBS for verb in verbs):
        p.wire(f"to-{verb}", "send")
    p.wire(f"verbs1:{len(VERBS[1]) + 1}", "send")
    ports_and_pings(p)
    said(p)
    return p


def ports_and_pings(p):
    p.obj("arguments", "patcherargs 7400 7401", 860, 70)
    p.comment("arguments: the port heard, the port sent to", 1005, 71)
    p.obj("numbers", "unpack 0 0", 960, 225)
    p.obj("other-heard", "change 7400", 860, 257)
    p.obj("other-sent", "change 7401", 955, 257)
    p.obj("port-heard", "prepend port", 860, 289)
    p.obj("port-sent", "prepend port", 955, 289)
    p.wire("arguments", "numbers")
    p.wire("numbers", "other-heard")
    p.wire("numbers:1", "other-sent")
    p.wire("other-heard", "port-heard")
    p.wire("other-sent", "port-sent")
    p.wire("port-sent", "send")
    p.wire(f"verbs1:{len(VERBS[1])}", "port-heard")
    p.obj("load", "loadmess 1", 1080, 190)
    p.obj("clock", "metro 5000", 1080, 225)
    p.msg("ping", "/antiphon/ping", 1100, 262)
    p.comment("are you there?", 1210, 263)
    p.wire("load", "clock")
    p.wire("clock", "ping")
    p.wire("ping", "send")


def said(p):
    p.comment("from antiphon", 20, 310, face=1)
    p.obj("receive", "udpreceive 7400", 20, 335)
    p.wire("port-heard", "receive")
    p.obj("each", "t b l", 20, 367)
    p.wire("receive", "each")
    for at, verbs in enumerate(SAID):
        y = 405 + 70 * at
        p.obj(f"said{at}", "route " + " ".join(f"/antiphon/{v}" for v in verbs), 120, y)
        row = [(f"is-{v}", v, "m") if v in SAID_BARE else (f"is-{v}", f"prepend {v}")
               for v in verbs]
        p.row(120, y + 32, row)
        for outlet, verb in enumerate(verbs):
            p.wire(f"said{at}:{outlet}", f"is-{verb}")
    p.wire("each:1", "said0")
    p.wire("said0:6", "said1")
    p.wire("said1:6", "said2")
    p.msg("play", "play $2", 860, 437)
    p.msg("one", "one $3 $2", 780, 437)
    p.wire("said0:5", "play")
    p.wire("said0:4", "one")
    p.comment("path of an answer, or of one of a set and its number", 940, 432, 190)
    p.outlet("answers", 780, 690, "play PATH; one PATH N for each of a set: to antiphon.play~")
    p.wire("play", "answers")
    p.wire("one", "answers")
    p.outlet("all", 830, 690, "everything antiphon says, without /antiphon/")
    for verb in (verb for verbs in SAID for verb in verbs):
        p.wire(f"is-{verb}", "all")
    p.obj("heard-now", "t 1 b", 20, 600)
    p.obj("silence", "delay 12000", 60, 635)
    p.msg("nobody", "0", 60, 667)
    p.obj("alive", "change", 20, 700)
    p.comment("1 while antiphon answers, 0 after 12 s without a word", 110, 690)
    p.outlet("there", 880, 690, "1 while antiphon answers, 0 when it has been silent for 12 s")
    p.wire("each", "heard-now")
    p.wire("heard-now:1", "silence")
    p.wire("silence", "nobody")
    p.wire("heard-now", "alive")
    p.wire("nobody", "alive")
    p.wire("alive", "there")
