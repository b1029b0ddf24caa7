#!/usr/bin/env python3
"""An object storage for tests, in memory: moto's (`pip install 'moto[server]'`), with the bucket `backups`.

Prints its address in one line and ends when its input does, so that it never outlives whoever started it.
"""
import os
import sys
import urllib.request

# Nothing of this machine's own account is read.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "tests")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "tests")

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
urllib.request.urlopen(urllib.request.Request(f"{address}/backups", method="PUT"))
print(address, flush=True)
sys.stdin.read()
server.stop()
