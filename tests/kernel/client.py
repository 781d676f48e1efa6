"""client.py HOST PORT COUNT SOURCE [FIRST_PORT]: opens COUNT connections from SOURCE, prints which of them opened, and keeps them."""

import json
import socket
import sys
import time

host, port, count, source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
first = int(sys.argv[5]) if len(sys.argv) > 5 else 0
kept, opened, refused = [], [], []
for i in range(count):
    s = socket.socket()
    s.settimeout(0.6)
    s.bind((source, first + i if first else 0))
    name = f"{source}:{s.getsockname()[1]}"
    try:
        s.connect((host, port))
        opened.append(name)
        kept.append(s)
    except OSError:
        refused.append(name)
        s.close()
print(json.dumps({"opened": opened, "refused": refused}), flush=True)
time.sleep(600)
