"""What the benches share: servers as processes of their own, what they take of the machine, and numbers of many runs."""

import atexit
import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import time
import urllib.parse
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).absolute().parents[1]
DEADLINE = 120
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call(port, method, path, body=None, headers=None, timeout=DEADLINE):
    """Status, headers and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def call_json(port, method, path, value=None, headers=None):
    headers = dict(headers or {})
    body = None
    if value is not None:
        body = json.dumps(value)
        headers["Content-Type"] = "application/json"
    status, _, text = call(port, method, path, body, headers)
    assert status < 300, (method, path, status, text[:300])
    return json.loads(text) if text else None


def children(pid):
    """A process and all that descend from it."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += children(int(child))
    except OSError:
        pass  # it has ended
    return found


def status_mb(pid, key):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def disk_mb(folder):
    return sum(file.stat().st_blocks * 512 for file in Path(folder).rglob("*") if file.is_file()) / 2**20


class Server:
    """A server's process on a port of its own; `cold_start` is the time from its start to its first healthy answer."""

    def __init__(self, argv, environment, health, folder, port=None):
        self.port = port or free_port()
        self.argv = [str(part).replace("{port}", str(self.port)) for part in argv]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PORT": str(self.port), "HOST": "127.0.0.1"} | environment
        self.health, self.folder = health, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        atexit.register(self.stop)
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(self.argv, env=self.environment, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        while True:
            try:
                if call(self.port, "GET", self.health, timeout=5)[0] == 200:
                    break
            except OSError:
                pass
            assert self.process.poll() is None, f"{self.argv[0]} ended; see {self.folder}/log"
            assert time.monotonic() - begun < DEADLINE, f"{self.argv[0]} does not become healthy"
            time.sleep(0.005)
        self.cold_start = time.monotonic() - begun

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def resident_mb(self):
        """Of the process and its children."""
        return sum(status_mb(pid, "VmRSS") for pid in children(self.process.pid))

    def peak_mb(self):
        """Most that the process and each of its living children held, added up."""
        return sum(status_mb(pid, "VmHWM") for pid in children(self.process.pid))

    def own_peak_mb(self):
        """Most that the process alone held."""
        return status_mb(self.process.pid, "VmHWM")

    def cpu_seconds(self):
        """Of the process, its living children, and its children that have ended."""
        total = 0
        for pid in children(self.process.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(int(field) for field in fields[11:15])
        return total / TICKS


def rag_server(program, folder, more=None, port=None):
    """A rag-server alone, on this machine; nothing of the operator's settings, and no answer kept: each is made."""
    environment = {"DATA_DIR": str(folder), "ENV_FILE": "/dev/null", "LOG_LEVEL": "error", "CACHE_TTL": "0"}
    return Server([program, "serve"], environment | (more or {}), "/health", folder, port)


def evaluation_texts():
    """Paragraphs and questions of the development set."""
    data = json.loads((ROOT / "rag-server/evals/faquad-dev.json").read_text())["data"]
    paragraphs = [paragraph for document in data for paragraph in document["paragraphs"]]
    return [one["context"] for one in paragraphs], [qa["question"] for one in paragraphs for qa in one["qas"]]


def question_file(folder):
    """A question a line, as wrk's scripts read them."""
    path = Path(folder) / "questions"
    path.write_text("".join(json.dumps({"question": question}) + "\n" for question in evaluation_texts()[1]))
    return path


def wrk(port, script, seconds, connections, environment=None, path="/", headers=()):
    """What a wrk script of this folder counted: milliseconds at the median and the 99th percentile, and per second the
    answers that were well (2xx), that asked to come again (503), and that were anything else or none."""
    argv = ["wrk", "-t1" if connections == 1 else "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(ROOT / "benches" / script)]
    for header in headers:
        argv += ["-H", header]
    done = subprocess.run([*argv, f"http://127.0.0.1:{port}{path}"], env=os.environ | (environment or {}), cwd=ROOT, capture_output=True, text=True, check=True)
    p50, p99, micros, well, busy, other = (int(part) for part in done.stdout.split("FIGURES ")[1].split())
    return Load(p50 / 1000, p99 / 1000, *(count / (micros / 1e6) for count in (well, busy, other)))


class Load(NamedTuple):
    """How a load was answered."""

    p50: float
    p99: float
    well: float
    busy: float
    other: float


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def spread(values, digits=1):
    """The median, and between brackets the least and the most."""
    if not values:
        return "–"
    middle = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def service_bearer(secret):
    """What the api-server shows the rag-server: a token of a minute (HS256, RFC 7519)."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    claims = {"iss": "acervo-api-server", "aud": "acervo-rag-server", "iat": now, "exp": now + 60, "jti": secrets.token_hex(16)}
    signed = part(b'{"typ":"JWT","alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
    proof = part(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
    return {"Authorization": f"Bearer {(signed + b'.' + proof).decode()}"}


def school(rag_program, api_program, folder):
    """Both servers as a school runs them, and an administrator's token."""
    shared = {"SERVICE_SECRET": secrets.token_urlsafe(48), "ENV_FILE": "/dev/null", "LOG_LEVEL": "error"}
    rag_port, api_port = free_port(), free_port()
    password = secrets.token_urlsafe(18)
    api_environment = shared | {
        "DATA_DIR": str(folder / "api"),
        "ENVIRONMENT": "production",
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "ADMIN_USERNAME": "admin",
        "ADMIN_PASSWORD": password,
        "API__LIMITS__PER_USER": "0",
        "API__LIMITS__PER_ADDRESS": "0",
        "API_HOST": "127.0.0.1",
        "API_PORT": str(api_port),
        "RAG_SERVER_URL": f"http://127.0.0.1:{rag_port}",
    }
    rag = rag_server(rag_program, folder / "rag", shared, rag_port)
    rag.secret = shared["SERVICE_SECRET"]
    api = Server([api_program, "serve"], api_environment, "/health", folder / "api", api_port)
    form = urllib.parse.urlencode({"username": "admin", "password": password})
    _, _, text = call(api.port, "POST", "/auth/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
    return rag, api, json.loads(text)["access_token"]
