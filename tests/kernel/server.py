"""Accepts every connection on the given ports and keeps it."""

import selectors
import socket
import sys

ready = selectors.DefaultSelector()
kept = []
for port in sys.argv[1:]:
    listener = socket.create_server(("", int(port)), backlog=4096)
    ready.register(listener, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in ready.select():
        kept.append(key.fileobj.accept())
