#!/usr/bin/env python3
"""Checks what schemas cannot: that every container of every manifest gets settings its server accepts, is hardened and
probed as decided, and that names, versions and addresses agree between the files.

usage: scripts/tests/manifests.py     (RAG_SERVER_BIN and API_SERVER_BIN: servers that judge the settings)
"""

import base64
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
passed = 0


def ok(what):
    global passed
    passed += 1
    print(f"ok    {what}")


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **more)
    if done.returncode:
        raise SystemExit(f"FAILED {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def known_variables():
    names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / "env.example").read_text(), re.MULTILINE)
    return set(names)


class Containers:
    """What each container of ours gets: its place, its server, its environment."""

    def __init__(self):
        self.found = []
        self.folder = Path(tempfile.mkdtemp(prefix="manifests-"))
        self.secrets = {}

    def secret(self, name):
        return self.secrets.setdefault(name, secrets.token_urlsafe(48))

    def add(self, where, server, environment):
        self.found.append((where, server, {k: str(v) for k, v in environment.items() if v not in (None, "")}))

    def check(self):
        known, programs = known_variables(), {"rag": "RAG_SERVER_BIN", "api": "API_SERVER_BIN"}
        judged = 0
        for where, server, environment in self.found:
            for name in environment:
                plain = name.removesuffix("_FILE")
                is_ours = {name, plain} & known or re.match(r"RAG__|API__|AWS_LWA_", name)
                assert is_ours, f"{where}: {name} is not in env.example"
            program = os.environ.get(programs[server])
            if program:
                # With the settings files that were compiled in, as the image has its own.
                data = {"DATA_DIR": str(self.folder), "PATH": os.environ["PATH"]}
                done = subprocess.run(
                    [program, "check-config"], env=environment | data, cwd=self.folder, capture_output=True, text=True
                )
                assert done.returncode == 0, f"{where}: {done.stdout}{done.stderr}"
                judged += 1
        ok(f"{len(self.found)} containers: every variable is one of ours")
        if judged:
            ok(f"{judged} containers: their servers accept their settings")
        else:
            print("      (set RAG_SERVER_BIN and API_SERVER_BIN to let the servers judge the settings)")
        shutil.rmtree(self.folder)


def server_of(text):
    return "rag" if "rag" in text else "api" if "api" in text else None


def compose(containers):
    config = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    dotenv = {"SERVICE_SECRET": containers.secret("service"), "JWT_SECRET_KEY": containers.secret("jwt")}
    fill = lambda text: re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", str(text))
    for name, service in config["services"].items():
        assert not service.get("privileged") and service["logging"]["options"] == {
            "max-size": "10m",
            "max-file": "3",
            "labels": "service",
        }, name
        if server := server_of(name):
            environment = dotenv | {key: fill(value) for key, value in service["environment"].items()}
            environment.pop("CARGO_TARGET_DIR", None)
            containers.add(f"docker-compose.yml {name}", server, environment)
        if server and "prod" in service["profiles"]:
            assert service["read_only"] and service["cap_drop"] == ["ALL"] and "limits" in service["deploy"]["resources"], name
        for port in service.get("ports", []):
            assert fill(port).startswith("127.0.0.1:"), f"{name} is open to everybody: {port}"
    limits = config["services"]["rag-server"]["deploy"]["resources"]["limits"]
    assert limits == {"memory": "4G", "cpus": "2.00"}, limits
    assert {"rag_data", "api_data", "redis_data"} <= set(config["volumes"])
    ok("docker-compose.yml: limits, rotation, hardening; no port beyond this machine")


def stack(containers):
    config = yaml.safe_load((ROOT / "deploy/docker-stack.yml").read_text())
    fill = lambda text: re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", str(text))
    values = {"acervo_database_url": "postgres://acervo@db/acervo?schema=api"}
    for name in config["secrets"]:
        (containers.folder / name).write_text(values.get(name) or containers.secret(name))
    for name, service in config["services"].items():
        if server := server_of(name):
            environment = {key: fill(value).replace("/run/secrets", str(containers.folder)) for key, value in service["environment"].items()}
            containers.add(f"deploy/docker-stack.yml {name}", server, environment)
            assert service["deploy"]["update_config"]["failure_action"] == "rollback", name
    listening = [name for name, service in config["services"].items() if "METRICS_LISTEN" in service.get("environment", {})]
    assert listening == ["api-worker", "api-scheduler"], listening
    published = [name for name, service in config["services"].items() if "ports" in service]
    assert published == ["api-server"], published
    ok("deploy/docker-stack.yml: updates go back by themselves; the api-server alone is published")


def kubernetes(containers):
    kustomize = ["kubectl", "kustomize"] if shutil.which("kubectl") else ["kustomize", "build"]
    if not shutil.which(kustomize[0]):
        print("      (neither kubectl nor kustomize is here: the overlays are not put together)")
        return
    work = containers.folder / "k8s"
    shutil.copytree(ROOT / "deploy/k8s", work)
    # As DEPLOY.md says how to have several rag-servers.
    shutil.copytree(work / "overlays/prod", work / "overlays/replicas")
    replicas = work / "overlays/replicas/kustomization.yaml"
    replicas.write_text(replicas.read_text().replace("components:\n", "components:\n  - ../../components/rag-replicas\n"))
    for overlay in ["dev", "prod", "replicas"]:
        run(work / "make-secrets.sh", overlay)
        written = work / "overlays" / overlay / "secrets.env"
        assert written.stat().st_mode & 0o77 == 0, "others may read the secrets"
        if overlay != "dev":
            with written.open("a") as file:
                file.write("DATABASE_URL=postgres://acervo@db/acervo?schema=api\n")
                file.write("RAG_DATABASE_URL=postgres://acervo@db/acervo?schema=rag\nRAG_QUEUE_URL=postgres://acervo@db/acervo\n")
        rendered = run(*kustomize, work / "overlays" / overlay)
        (containers.folder / f"{overlay}.yaml").write_text(rendered)
        print(run(sys.executable, "-m", "kubernetes_validate", "--strict", "--quiet", containers.folder / f"{overlay}.yaml"), end="")
        objects = [one for one in yaml.safe_load_all(rendered) if one]
        check_objects(overlay, objects, containers)
    ok("deploy/k8s: both overlays are valid, with several rag-servers too; probes, limits, updates, budgets and policies are as decided")


def check_objects(overlay, objects, containers):
    def named(kind, name):
        return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"].startswith(name))

    config_map = named("ConfigMap", "acervo")["data"]
    secret = {key: base64.b64decode(value).decode() for key, value in named("Secret", "acervo-secrets")["data"].items()}
    for one in objects:
        if one["kind"] not in ("Deployment", "StatefulSet"):
            continue
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"] and rights["capabilities"] == {"drop": ["ALL"]}, container["name"]
            assert not rights["allowPrivilegeEscalation"] and {"requests", "limits"} <= set(container["resources"])
            if server := server_of(container["name"]):
                environment, own = dict(config_map), {}
                for source in container.get("envFrom", []):
                    environment |= secret if "secretRef" in source else {}
                for variable in container.get("env", []):
                    source = variable.get("valueFrom", {})
                    if "fieldRef" in source:
                        assert source["fieldRef"] == {"fieldPath": "status.podIP"}, variable
                        own[variable["name"]] = "10.0.0.5"
                        continue
                    reference = source.get("secretKeyRef")
                    value = variable.get("value") if reference is None else secret.get(reference["key"])
                    assert value is not None or reference["optional"], variable
                    for name, instead in own.items():
                        value = value and value.replace(f"$({name})", instead)
                    environment[variable["name"]] = value
                containers.add(f"deploy/k8s {overlay} {container['name']}", server, environment)
    api = named("Deployment", "api-server")["spec"]
    container = api["template"]["spec"]["containers"][0]
    assert container["resources"] == {
        "requests": {"memory": "512Mi", "cpu": "250m"},
        "limits": {"memory": "1Gi", "cpu": "500m"},
    }
    for name in [("Deployment", "api-server"), ("StatefulSet", "rag-server")]:
        probed = named(*name)["spec"]["template"]["spec"]["containers"][0]
        live, ready = probed["livenessProbe"], probed["readinessProbe"]
        assert (live["initialDelaySeconds"], live["periodSeconds"]) == (30, 10), live
        assert (ready["initialDelaySeconds"], ready["periodSeconds"]) == (5, 5), ready
    callers = [
        rule["from"]
        for one in objects
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == "rag-server"
        for rule in one["spec"]["ingress"]
    ]
    assert callers == [[{"podSelector": {"matchLabels": {"acervo.role": "api"}}}]], callers
    if overlay == "replicas":
        rag = named("StatefulSet", "rag-server")["spec"]
        assert rag["replicas"] == 2 and "volumeClaimTemplates" not in rag
        assert named("PersistentVolumeClaim", "rag-shared")["spec"]["accessModes"] == ["ReadWriteMany"]
    if overlay != "dev":
        assert api["replicas"] == 2 and api["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}
        kinds = {one["kind"] for one in objects}
        assert {"PodDisruptionBudget", "HorizontalPodAutoscaler", "ServiceMonitor", "Ingress"} <= kinds, kinds
        for name in ["api-worker", "api-scheduler"]:
            alone = named("Deployment", name)["spec"]["template"]["spec"]["containers"][0]
            port = {"name": "metrics", "containerPort": 9100}
            assert port in alone["ports"] and {"name": "METRICS_LISTEN", "value": "0.0.0.0:9100"} in alone["env"], name
            assert alone["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "metrics"}, name
        # What Prometheus may reach it also reads, worker and scheduler too.
        processes = {"key": "app.kubernetes.io/name", "operator": "In", "values": ["api-worker", "api-scheduler"]}
        monitor, policy = named("PodMonitor", "api-processes")["spec"], named("NetworkPolicy", "monitoring-processes")["spec"]
        for selector in [monitor["selector"], policy["podSelector"]]:
            assert selector == {"matchExpressions": [processes]}, selector
        assert [end["port"] for end in monitor["podMetricsEndpoints"]] == ["metrics"], monitor
        assert policy["ingress"][0]["ports"] == [{"port": "metrics"}], policy


def render(containers):
    config = yaml.safe_load((ROOT / "render.yaml").read_text())
    # The fields of Render's blueprint specification that are used here.
    fields = {
        "web": {"type", "name", "runtime", "dockerfilePath", "dockerContext", "region", "plan", "healthCheckPath"}
        | {"maxShutdownDelaySeconds", "autoDeployTrigger", "disk", "envVars"},
        "keyvalue": {"type", "name", "region", "plan", "maxmemoryPolicy", "ipAllowList"},
    }
    groups = {group["name"]: group["envVars"] for group in config["envVarGroups"]}
    services = {service["name"]: service for service in config["services"]}
    databases = {database["name"] for database in config["databases"]}
    outside = {"RENDER_EXTERNAL_URL": "https://acervo.example.org"}
    for name, service in services.items():
        assert set(service) <= fields[service["type"]], f"{name}: {set(service) - fields[service['type']]}"
        if service["type"] != "web":
            continue
        assert (ROOT / service["dockerfilePath"]).exists()
        environment = {"PORT": "10000"}
        for variable in service["envVars"]:
            for one in groups[variable["fromGroup"]] if "fromGroup" in variable else [variable]:
                value = one.get("value")
                if one.get("generateValue"):
                    value = containers.secret(one["key"])
                elif "fromDatabase" in one:
                    assert one["fromDatabase"]["name"] in databases
                    value = "postgresql://acervo@db/acervo"
                elif "fromService" in one:
                    source = one["fromService"]
                    assert services[source["name"]]["type"] == source["type"]
                    value = outside.get(source.get("envVarKey"), "redis://redis:6379")
                environment[one["key"]] = value
        containers.add(f"render.yaml {name}", server_of(name), environment)
    ok("render.yaml: known fields, every reference leads somewhere")


def versions():
    toolchain = re.search(r'channel = "(.+)"', (ROOT / "rust-toolchain.toml").read_text())[1]
    for name in ["Dockerfile.rag", "Dockerfile.api"]:
        text = (ROOT / name).read_text()
        assert f"rust:{toolchain}-slim-bookworm" in text and f"RUSTUP_TOOLCHAIN={toolchain}" in text, f"{name}: not Rust {toolchain}"
        assert "HEALTHCHECK" in text and "USER 10001\n" in text
    package = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert f"newTag: {package}" in (ROOT / "deploy/k8s/overlays/prod/kustomization.yaml").read_text()
    redis = {re.search(r"image: (redis:\S+)", (ROOT / path).read_text())[1] for path in ["docker-compose.yml", "deploy/docker-stack.yml", "deploy/k8s/base/redis.yaml"]}
    assert len(redis) == 1, redis
    ok("toolchain, version and Redis are the same everywhere")


def coverage():
    text = (ROOT / "docs/coverage.md").read_text()
    named = 0
    for match in re.finditer(r"`([\w.-]*[\w/.-]+\.(?:rs|sh|py|bat|yml|yaml|toml|md|conf|json|lock|rag|api))`((?:,? `[a-z_]+`)*)", text):
        path, functions = match[1], re.findall(r"`([a-z_]+)`", match[2])
        assert (ROOT / path).exists(), f"docs/coverage.md: there is no {path}"
        source = (ROOT / path).read_text()
        for function in functions:
            assert re.search(rf"(fn|def) {function}\b|^{function}\(\)", source, re.MULTILINE), f"docs/coverage.md: {path} has no {function}"
        named += 1 + len(functions)
    assert named > 100, named
    ok(f"docs/coverage.md: {named} files and tests, all there")


def no_secrets():
    suspicious = re.compile(r"(?i)(secret|password|token|key)[A-Z_]*\s*[:=]\s*[\"']?[A-Za-z0-9+][A-Za-z0-9+/_-]{23,}")
    files = run("git", "ls-files", "docker-compose.yml", "render.yaml", "deploy", ".github", "Dockerfile.*").split()
    for name in files:
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            assert not suspicious.search(line) or "secrets." in line, f"{name}:{number} looks like a secret"
    ok(f"{len(files)} files: nothing that looks like a secret")


if __name__ == "__main__":
    everything = Containers()
    compose(everything)
    stack(everything)
    kubernetes(everything)
    render(everything)
    versions()
    coverage()
    no_secrets()
    everything.check()
    print(f"{passed} passed, 0 failed")
