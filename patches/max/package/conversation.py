"""antiphon.osc: what is said and what is heard, one box for each message."""

from .patch import Patch

JOBS = ["done", "variation", "set", "progress", "seen", "heard", "cancelled", "error"]
ANSWERS = ["ready", "pong", "reset", "status", "value", "model", "voice", "replayed", "log", "help"]
COMMANDS = ["ping", "status", "reset", "help", "generate", "cancel", "model", "voice", "set", "get", "follow",
            "replay", "log"]
WITHOUT_ARGUMENTS = {"ready", "pong", "reset"}
ASKED_WITHOUT = {"ping", "status", "reset", "help"}


def heard_from_antiphon(patch, verbs, first_row, route, outlet):
    """A box for each verb, in three rows, that puts it before its arguments."""
    for place, verb in enumerate(verbs):
        text = f"({verb})" if verb in WITHOUT_ARGUMENTS else f"prepend {verb}"
        x, row = 30 + 150 * (place % 4), first_row + place // 4
        patch.boxes(f"{route}-{verb} {x} {row} {text}")
        patch.wires(f"{route}:{place} > {route}-{verb}\n{route}-{verb} > {outlet}")


def osc(patchers):
    patch = Patch(patchers, "The conversation with antiphon, without a sound.", (1340, 560))
    patch.boxes(f"""
        title      30 0.5 # What antiphon says
        listen     30 2   udpreceive 7400
        jobs       30 3   route {" ".join("/antiphon/" + verb for verb in JOBS)}
        answers    30 7   route {" ".join("/antiphon/" + verb for verb in ANSWERS)}
        to-jobs    30 13  outlet {{"comment": "of seeds: done id path seconds, and so on"}}
        to-answers 300 13 outlet {{"comment": "answers: value key value, and so on"}}
        note-1     70 13.1 # about seeds
        note-2     340 13.1 # answers and all else
        """)
    heard_from_antiphon(patch, JOBS, 4.2, "jobs", "to-jobs")
    heard_from_antiphon(patch, ANSWERS, 8.2, "answers", "to-answers")
    patch.wires("listen > jobs\njobs:8 > answers")
    commands(patch)
    return patch


def commands(patch):
    """What is asked, from the right half of the patch, and the ports."""
    patch.boxes(f"""
        asked     30 15 # What antiphon is asked
        from      30 16 inlet {{"comment": "ping, generate PATH, set KEY VALUE, ..."}}
        commands  30 17.5 route {" ".join(COMMANDS)}
        send      30 24 udpsend 127.0.0.1 7401
        ports     950 15 # Arguments: the port to hear on, the port and the host to ask
        begin     950 16 loadbang
        arguments 950 17 patcherargs 7400 7401 127.0.0.1
        apart     950 18 unpack i i s
        other-1   950 19 change 7400
        port-1    950 20 (port $1)
        other-2   1080 19 change 7401
        port-2    1080 20 (port $1)
        host      1210 19 (host $1)
        """)
    for place, verb in enumerate(COMMANDS):
        address = f"/antiphon/{verb}"
        text = f"({address})" if verb in ASKED_WITHOUT else f"prepend {address}"
        x, row = 30 + 220 * (place % 4), 18.8 + place // 4
        patch.boxes(f"ask-{verb} {x} {row} {text}")
        patch.wires(f"commands:{place} > ask-{verb}\nask-{verb} > send")
    patch.wires("""
        from > commands
        begin > arguments
        arguments > apart
        apart:0 > other-1
        apart:1 > other-2
        apart:2 > host
        other-1 > port-1
        other-2 > port-2
        port-1 > listen
        port-2 > send
        host > send
        """)
