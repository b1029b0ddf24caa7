#!/usr/bin/env python3
"""Replaces running servers under load, behind the real proxies on deploy/nginx.conf and deploy/Caddyfile, and counts what
fails: two api-servers one after the other, forth and back; two rag-servers over the same data likewise, one of which writes.

usage: API_SERVER_BIN=… RAG_SERVER_BIN=… scripts/tests/rolling.py [nginx] [caddy]
"""

import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from proxies import Caddy, Nginx, free_port

CLIENTS = 8
PASSWORD = secrets.token_urlsafe(18)
DEADLINE = 60
# How long a replica that was taken out of the balancer goes on (`preStop`); orchestrators give it more.
LEAVES = 1


class Server:
    """A server's process on a port of its own, that can be replaced."""

    def __init__(self, program, environment, port=None):
        self.program, self.port = program, port or free_port()
        self.environment = environment | {"HOST": "127.0.0.1", "PORT": str(self.port), "PATH": os.environ["PATH"]}
        self.start()

    def start(self):
        log = open(Path(self.environment["DATA_DIR"]).parent / f"{self.port}.log", "ab")
        self.process = subprocess.Popen([self.program, "serve"], env=self.environment, cwd=os.environ["ACERVO_ROOT"], stdout=log, stderr=log)
        until = time.monotonic() + DEADLINE
        while subprocess.run([self.program, "healthcheck"], env=self.environment, cwd=os.environ["ACERVO_ROOT"], capture_output=True).returncode:
            assert self.process.poll() is None and time.monotonic() < until, "it does not become healthy"
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def replace(self):
        code = self.stop()
        assert code == 0, f"on SIGTERM it ended with {code}"
        self.start()


class Load:
    """Clients that ask without a pause, and remember what was no success."""

    def __init__(self, proxy, requests):
        self.proxy, self.requests = proxy, requests
        self.sent, self.again, self.failed, self.slowest = 0, 0, [], 0.0
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        connection = self.proxy.connect()
        while not self.stopping.is_set():
            method, path, body, headers = self.requests[number % len(self.requests)]
            number += 1
            begun = time.monotonic()
            # The proxy closes kept connections when it is told of a change: as browsers do, such a request is sent once more.
            for is_last in [connection.sock is None, True]:
                again = False
                try:
                    connection.request(method, path, body, headers)
                    answer = connection.getresponse()
                    text = answer.read()
                    outcome = None if answer.status < 400 else (method, path, answer.status, text[:200])
                except (OSError, http.client.HTTPException) as error:
                    outcome, again = (method, path, repr(error)), not is_last
                    connection = self.proxy.connect()
                if not again:
                    break
                with self.lock:
                    self.again += 1
            with self.lock:
                self.sent += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if outcome:
                    self.failed.append(outcome)

    def wait_for(self, number):
        target, until = self.sent + number, time.monotonic() + DEADLINE
        while self.sent < target:
            assert time.monotonic() < until, "the load stands still"
            time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(DEADLINE)

    def judge(self):
        """Nothing may fail, but what a proxy that is told nothing had sent to a server in the moment it ended: no `POST` is sent
        twice, so that it is answered with 503 and `Retry-After`."""
        told = [] if self.proxy.is_told else [one for one in self.failed if one[0] == "POST" and one[2] == 503]
        lost = [one for one in self.failed if one not in told]
        name = type(self.proxy).__name__
        print(
            f"      {name}: {self.sent} requests, {self.again} on a new connection, {len(told)} told to come again,"
            f" {len(lost)} failed, the slowest took {self.slowest:.2f} s"
        )
        assert not lost, lost[:5]


def in_flight(server):
    """A request that is half sent when SIGTERM comes is answered all the same."""
    body = urllib.parse.urlencode({"username": "admin", "password": PASSWORD}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    connection.putrequest("POST", "/api/auth/token")
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:10])
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    connection.send(body[10:])
    status = connection.getresponse().status
    code = server.process.wait(DEADLINE)
    server.start()
    assert (status, code) == (200, 0), (status, code)


def main(kinds):
    os.environ["ACERVO_ROOT"] = str(Path(__file__).resolve().parents[2])
    folder = Path(tempfile.mkdtemp(prefix="rolling-"))
    shared = {"SERVICE_SECRET": secrets.token_urlsafe(48), "ENVIRONMENT": "production", "ENV_FILE": "/dev/null"}
    (folder / "api").mkdir()
    (folder / "rag").mkdir()
    api_environment = shared | {
        "DATA_DIR": str(folder / "api"),
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "ADMIN_PASSWORD": PASSWORD,
        "TRUSTED_PROXIES": "127.0.0.0/8",
    }
    # All clients are one person at one address here.
    api_environment["API__LOGIN__ATTEMPTS"] = "1000000"
    for limit in ["PER_ADDRESS", "PER_USER", "SENSITIVE"]:
        api_environment[f"API__LIMITS__{limit}"] = "0"
    rag_environment = shared | {"DATA_DIR": str(folder / "rag"), "REPLICA": "true"}
    servers = []
    passed = 0
    try:
        api = [Server(os.environ["API_SERVER_BIN"], api_environment)]
        servers += api
        api.append(Server(os.environ["API_SERVER_BIN"], api_environment))
        servers.append(api[1])
        rag = []
        for _ in range(2):
            rag.append(Server(os.environ["RAG_SERVER_BIN"], rag_environment))
            servers.append(rag[-1])
        in_flight(api[0])
        passed += 1
        print("ok    a request that was half sent at SIGTERM is answered")

        for kind in kinds:
            place = folder / kind.__name__
            place.mkdir()
            folder.chmod(0o755)
            place.chmod(0o755)
            proxy = kind(place, [server.port for server in api], [server.port for server in rag])
            servers.append(proxy)
            form = urllib.parse.urlencode({"username": "admin", "password": PASSWORD})
            as_form = {"Content-Type": "application/x-www-form-urlencoded"}
            connection = proxy.connect()
            connection.request("POST", "/api/auth/token", form, as_form)
            token = json.loads(connection.getresponse().read())["access_token"]
            bearer = {"Authorization": f"Bearer {token}"}
            load = Load(proxy, [("GET", "/api/auth/me", None, bearer)] * 6 + [("POST", "/api/auth/token", form, as_form)] + [("GET", "/api/readyz", None, {})])
            load.wait_for(200)
            # Forth, and back: taken out of the balancer first, as orchestrators do.
            for server in api + api:
                proxy.send_to([one.port for one in api if one is not server], [one.port for one in rag])
                time.sleep(LEAVES)
                server.replace()
                proxy.send_to([one.port for one in api], [one.port for one in rag])
                load.wait_for(200)
            load.stop()
            load.judge()
            passed += 1
            print(f"ok    {kind.__name__}: two api-servers are replaced, forth and back, and no request fails")

            token = subprocess.run(
                [rag[0].program, "token"], env=rag[0].environment, cwd=os.environ["ACERVO_ROOT"], capture_output=True, text=True, check=True
            ).stdout.strip()
            bearer = {"Authorization": f"Bearer {token}"}
            as_json = bearer | {"Content-Type": "application/json"}
            question = json.dumps({"question": "O que é tensão mecânica?"})
            text = "# Aula\n\nA tensão mecânica é o principal estímulo da hipertrofia."
            load = Load(proxy, [("POST", "/rag/query", question, as_json)] * 6 + [("PUT", "/rag/materials/aula.md", text.encode(), bearer)])
            load.wait_for(200)
            for server in rag + rag:
                proxy.send_to([one.port for one in api], [one.port for one in rag if one is not server])
                time.sleep(LEAVES)
                server.replace()
                proxy.send_to([one.port for one in api], [one.port for one in rag])
                load.wait_for(200)
            load.stop()
            load.judge()
            passed += 1
            print(f"ok    {kind.__name__}: two rag-servers are replaced, forth and back, while they are asked and sent to, and no request fails")
            proxy.stop()
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.process.terminate()
                try:
                    server.process.wait(DEADLINE)
                except subprocess.TimeoutExpired:
                    server.process.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["nginx", "caddy"]
    main([{"nginx": Nginx, "caddy": Caddy}[name] for name in chosen])
