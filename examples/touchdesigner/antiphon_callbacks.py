"""Callbacks of an OSC In DAT that hears antiphon; antiphon is asked by the OSC Out DAT `antiphon_out`.

Beside it: a Table DAT `answers` (a row for each answer: id, path, seconds) and an Audio File In
CHOP `voice`, which plays the newest.
"""


def onReceiveOSC(dat, rowIndex, message, byteData, timeStamp, address, args, peer):
    verb = address.rpartition("/antiphon/")[2]
    if verb == "done":
        answered(*args[:3])
    elif verb == "variation":
        answered(args[0], *args[2:4])
    elif verb == "progress":
        op("answers").store("percent", args[1])
    elif verb == "error":
        print("antiphon:", args[1])


def answered(id, path, seconds):
    op("answers").appendRow([id, path, seconds])
    op("voice").par.file = path
    op("voice").par.cuepulse.pulse()


def ask(verb, *arguments):
    """From a button, say: mod.antiphon_callbacks.ask("set", "follow", 0.7)"""
    op("antiphon_out").sendOSC("/antiphon/" + verb, list(arguments))
