"""Moves a sound into the folder that antiphon watches, and prints the path of its answer.

    answer.py SOUND ROOT [OWN-PORT]
"""

import os
import shutil
import sys

from pythonosc import dispatcher, osc_server

sound, root, port = sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["7400"])[0])
name, seen = os.path.basename(sound), []
said = dispatcher.Dispatcher()
said.map("/antiphon/seen", lambda _, id, seed: seen.append(id) if seed == name else None)
said.map("/antiphon/done", lambda _, id, path, seconds: id in seen and finish(path))
said.map("/antiphon/set", lambda _, id, n, path: id in seen and finish(path))
said.map("/antiphon/error", lambda _, id, text: id in seen and finish(text, 1))


def finish(text, status=0):
    print(text, flush=True)
    os._exit(status)


server = osc_server.BlockingOSCUDPServer(("127.0.0.1", port), said)
hidden = os.path.join(root, "seeds", "." + name)  # antiphon leaves hidden files alone
shutil.copyfile(sound, hidden)
os.rename(hidden, os.path.join(root, "seeds", name))  # whole, in one moment
server.serve_forever()
