"""Hears or sends OSC with python-osc.

    osc_tool.py listen PORT                  prints each message, a line each
    osc_tool.py send PORT ADDRESS TYPES ARGUMENT...
"""

import sys

from pythonosc import dispatcher, osc_message_builder, osc_server, udp_client

if sys.argv[1] == "listen":
    told = dispatcher.Dispatcher()
    told.set_default_handler(lambda address, *arguments: print(address, *arguments, flush=True))
    osc_server.BlockingOSCUDPServer(("127.0.0.1", int(sys.argv[2])), told).serve_forever()

port, address, types, *arguments = sys.argv[2:]
message = osc_message_builder.OscMessageBuilder(address)
of_type = {"i": int, "h": int, "f": float, "d": float, "s": str}
for tag, argument in zip(types, arguments):
    message.add_arg(of_type[tag](argument), tag)
udp_client.UDPClient("127.0.0.1", int(port)).send(message.build())
