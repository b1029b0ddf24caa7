#!/usr/bin/env python3
"""Starts the real nginx and the real Caddy on deploy/nginx.conf and deploy/Caddyfile, with stand-ins behind them, and
checks the map of the page's addresses: what is kept, what is taken off, what is never the page, streams, sizes, outages.

usage: scripts/tests/proxies.py [nginx] [caddy]
"""

import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 30
# Where nginx would write as root.
TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class StandIn(http.server.BaseHTTPRequestHandler):
    """Says who was asked for what. `/…/events` sends an event, and a second one when the test has seen the first."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        if self.path.endswith("/events"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: first\n\n")
            self.wfile.flush()
            self.server.seen.wait(DEADLINE)
            self.wfile.write(b"data: second\n\n")
            self.close_connection = True
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        body = json.dumps({"who": self.server.name, "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


def stand_in(name, port=0):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), StandIn)
    server.daemon_threads = True
    server.name, server.seen = name, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_for(proxy):
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        try:
            proxy.ask("GET", "/")
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the proxy does not answer")


class Proxy:
    """A proxy under test in front of ports of this machine: how to ask it, and the page it serves."""

    def __init__(self, folder, apis, rags):
        self.port = free_port()
        self.folder, self.page = folder, folder / "page"
        self.page.mkdir()
        (self.page / "index.html").write_text("<html>the page</html>")
        self.process = self.start(apis, rags)
        wait_for(self)

    def connect(self):
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection("localhost", self.port, timeout=DEADLINE, context=context)

    def ask(self, method, path, body=(), headers=None):
        connection = self.connect()
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": "localhost", **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        try:
            for part in body:
                connection.send(part)
        except OSError:
            # Refused before all of it was sent: the answer says why.
            pass
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def stop(self):
        # At once: nobody waits for the connections that are still open. (nginx's workers go with SIGTERM alone.)
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Nginx(Proxy):
    waits = False
    is_told = True

    def start(self, apis, rags):
        folder = self.folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
            + ["-subj", "/CN=localhost", "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
            check=True,
            capture_output=True,
        )
        self.plain = free_port()
        self.configure(apis, rags)
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        return subprocess.Popen([*command, "-g", "daemon off;"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def configure(self, apis, rags):
        folder = self.folder
        text = (ROOT / "deploy/nginx.conf").read_text()
        for pattern, instead in [
            (r"\n *listen \[::\].*;", ""),
            (r"listen 443", f"listen 127.0.0.1:{self.port}"),
            (r"listen 80;", f"listen 127.0.0.1:{self.plain};"),
            (r"acervo\.example\.org", "localhost"),
            (r"/etc/ssl/acervo", str(folder)),
            (r"server 127\.0\.0\.1:8000( .*;)", "".join(rf"server 127.0.0.1:{api}\1" for api in apis)),
            (r"server 127\.0\.0\.1:8001( .*;)", "".join(rf"server 127.0.0.1:{rag}\1" for rag in rags)),
            (r"/srv/acervo", str(self.page)),
            (r"/run/nginx\.pid", str(folder / "pid")),
            (r"/var/log/nginx/access\.log", str(folder / "access.log")),
            (r"\nhttp \{", "\nhttp {" + "".join(f"\n    {name}_temp_path {folder}/{name};" for name in TEMPORARY)),
        ]:
            text, count = re.subn(pattern, instead, text)
            assert count, f"deploy/nginx.conf has no {pattern}"
        (folder / "nginx.conf").write_text(text)

    def send_to(self, apis, rags):
        self.configure(apis, rags)
        self.process.send_signal(signal.SIGHUP)


class Caddy(Proxy):
    waits = True
    # `caddy reload` would answer requests that wait with 503.
    is_told = False

    def start(self, apis, rags):
        folder = self.folder
        config = folder / "Caddyfile"
        options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
        config.write_text(options + (ROOT / "deploy/Caddyfile").read_text())
        command = ["caddy", "run", "--config", config, "--adapter", "caddyfile"]
        environment = self.environment(apis, rags)
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=open(folder / "log", "wb"))

    def environment(self, apis, rags):
        home = str(self.folder)
        return {
            **os.environ,
            "HOME": home,
            "XDG_DATA_HOME": home,
            "XDG_CONFIG_HOME": home,
            "ACERVO_HOST": f"localhost:{self.port}",
            "ACERVO_API": " ".join(f"127.0.0.1:{api}" for api in apis),
            "ACERVO_RAG": " ".join(f"127.0.0.1:{rag}" for rag in rags),
            "ACERVO_PAGE": str(self.page),
        }

    def send_to(self, apis, rags):
        """Needs no word: it lets requests wait until some server takes them (`lb_try_duration`)."""


def check(kind):
    passed = 0

    def ok(what):
        nonlocal passed
        passed += 1
        print(f"ok    {kind.__name__}: {what}", flush=True)

    api, rag = stand_in("api"), stand_in("rag")
    folder = Path(tempfile.mkdtemp(prefix="proxies-"))
    # nginx's workers are another user's.
    folder.chmod(0o755)
    proxy = kind(folder, [api.server_port], [rag.server_port])
    try:
        for sent, who, got in [
            ("/api/health", "api", "/api/health"),
            ("/api/materials/mod%201/aula%20%C3%A7%C3%A3o.pdf/metadata?a=%2F", "api", None),
            ("/api/materials/a%2Fb", "api", None),
            ("/api/nowhere", "api", None),
            ("/rag/chromadb/status", "rag", "/chromadb/status"),
            ("/rag-api/query?x=1", "rag", "/query?x=1"),
            ("/rag/materials/a%2Fb%C3%A7", "rag", "/materials/a%2Fb%C3%A7"),
        ]:
            status, _, body = proxy.ask("GET", sent)
            answer = json.loads(body)
            assert (status, answer["who"], answer["path"]) == (200, who, got or sent), (sent, status, answer)
        ok("/api is kept, /rag and /rag-api are taken off, percent signs stay")

        for path in ["/api", "/rag", "/rag-api"]:
            status, headers, body = proxy.ask("GET", path)
            assert status == 404 and isinstance(json.loads(body)["detail"], str), (path, status, body)
        for path in ["/", "/login", "/apix/health", "/ragged"]:
            status, _, body = proxy.ask("GET", path)
            assert (status, body) == (200, b"<html>the page</html>"), (path, status, body)
        ok("the page answers its own paths and no others")

        connection = proxy.connect()
        connection.request("GET", "/api/chat/events")
        stream = connection.getresponse()
        assert stream.readline() == b"data: first\n"
        api.seen.set()
        assert b"data: second" in stream.read()
        ok("the first event arrives before the second is sent")

        _, _, body = proxy.ask("GET", "/api/x", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher"})
        sent = json.loads(body)["headers"]
        assert sent["X-Forwarded-For"] in ("127.0.0.1", "::1") and sent["X-Forwarded-Proto"] == "https", sent
        ok("nobody chooses the address they are counted by")

        big = 50 << 20
        status, _, _ = proxy.ask("POST", "/api/materials/upload", [b"x" * big], {"Content-Length": str(big)})
        assert status == 200, status
        parts, length = (b"x" * (1 << 20) for _ in range(202)), {"Content-Length": str(202 << 20)}
        status, headers, body = proxy.ask("POST", "/api/materials/upload", parts, length)
        assert status == 413 and isinstance(json.loads(body)["detail"], str), (status, body)
        ok("50 MB come in, 202 MB are refused")

        if kind.waits:
            port = api.server_port
            api.shutdown()
            api.server_close()
            threading.Timer(0.5, lambda: stand_in("api again", port)).start()
            status, _, body = proxy.ask("POST", "/api/chat", [b"{}"], {"Content-Length": "2"})
            assert status == 200 and json.loads(body)["who"] == "api again", (status, body)
            ok("a request waits for a server that is being started again")
        else:
            api.shutdown()
            api.server_close()
            status, headers, body = proxy.ask("POST", "/api/chat", [b"{}"], {"Content-Length": "2"})
            assert status == 503 and "Retry-After" in headers and isinstance(json.loads(body)["detail"], str), (status, body)
            ok("a server that is away is a 503 that says when to come again")
    except BaseException:
        for log in ["error.log", "log"]:
            if (folder / log).exists():
                print((folder / log).read_text()[-2000:], file=sys.stderr)
        raise
    finally:
        proxy.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return passed


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["nginx", "caddy"]
    total = sum(check({"nginx": Nginx, "caddy": Caddy}[name]) for name in chosen)
    print(f"{total} passed, 0 failed")
