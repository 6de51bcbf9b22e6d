"""Runs TouchDesigner's callbacks with operators that record what is done to them.

    touchdesigner.py CALLBACKS
"""

import pathlib
import sys
from unittest import mock

operators = {name: mock.MagicMock() for name in ("answers", "voice", "antiphon_out")}
script = {"op": operators.__getitem__}
source = pathlib.Path(sys.argv[1])
exec(compile(source.read_text(), source.name, "exec"), script)


def receive(address, *arguments):
    script["onReceiveOSC"](None, 1, "", b"", 0.0, address, list(arguments), None)


receive("/antiphon/ready")
receive("/antiphon/progress", 3, 40, 1.5)
operators["answers"].store.assert_called_once_with("percent", 40)
receive("/antiphon/done", 3, "/folder/predictions/a.0001.wav", 9.5)
operators["answers"].appendRow.assert_called_once_with([3, "/folder/predictions/a.0001.wav", 9.5])
assert operators["voice"].par.file == "/folder/predictions/a.0001.wav"
operators["voice"].par.cuepulse.pulse.assert_called_once_with()
receive("/room2/antiphon/variation", 4, 2, "/folder/predictions/b.0001/02.wav", 8.0)
operators["answers"].appendRow.assert_called_with([4, "/folder/predictions/b.0001/02.wav", 8.0])
receive("/antiphon/error", 5, "this is no sound")
script["ask"]("set", "follow", 0.7)
operators["antiphon_out"].sendOSC.assert_called_once_with("/antiphon/set", ["follow", 0.7])
