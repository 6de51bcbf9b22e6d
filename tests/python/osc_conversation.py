"""Asks a daemon in all ways that python-osc knows; the answers come to a server of python-osc.

    osc_conversation.py DAEMON_PORT OWN_PORT
"""

import sys
import threading
import time

from pythonosc import dispatcher, osc_bundle_builder, osc_message_builder, osc_server, udp_client

daemon, own = map(int, sys.argv[1:])
answers = []
told = dispatcher.Dispatcher()
told.set_default_handler(lambda address, *arguments: answers.append((address, arguments)))
server = osc_server.BlockingOSCUDPServer(("127.0.0.1", own), told)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = udp_client.SimpleUDPClient("127.0.0.1", daemon)


def message(address, *arguments):
    builder = osc_message_builder.OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build()


def bundle(time_tag, *contents):
    builder = osc_bundle_builder.OscBundleBuilder(time_tag)
    for content in contents:
        builder.add_content(content)
    return builder.build()


immediately = osc_bundle_builder.IMMEDIATELY
ping = message("/antiphon/ping")
everything = message(
    "/antiphon/ping", 1, 2.5, "text", True, False, None, b"blob", [1, [2.5, "three"]], 2**40
)
packets = [
    ping,
    everything,
    message("/antiphon/p?ng"),
    bundle(immediately, ping),
    bundle(time.time() + 3600, everything),
    bundle(immediately, message("/volume", 0.5), bundle(immediately, ping)),
]
for packet in packets:
    client.send(packet)
client.send_message("/antiphon/status", [1])

until = time.time() + 30
while time.time() < until and "/antiphon/status" not in [address for address, _ in answers]:
    time.sleep(0.01)
address, arguments = answers.pop()
answers.append((address, arguments[:4]))
wanted = [("/antiphon/pong", ())] * len(packets) + [("/antiphon/status", (0, 0, 0, 0))]
sys.exit(None if answers == wanted else f"{answers} instead of {wanted}")
