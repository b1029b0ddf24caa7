#!/usr/bin/env python3
"""Shows that the tests' Google Drive has the shape of the real one.

Google's own client (PyPI google-api-python-client, with the interface's description that it brings along) does the same
steps against our fake and, when told where it is, against npm google-drive-mock, an opinion from outside. Each answer is
checked against the description: no member that it does not name, each of the type that it says. Each step has the outcome that
Google documents; where one of the two differs, that is printed.

    python3 -m venv /tmp/py && /tmp/py/bin/pip install google-api-python-client
    cargo build -p api-server --example fake-drive
    npm install google-drive-mock@1.2.0 cors
    node -e 'require("google-drive-mock").startServer(3000, "127.0.0.1")' &
    /tmp/py/bin/python scripts/drive-shape.py --fake PATH/TO/examples/fake-drive --mock http://127.0.0.1:3000

Ends with 1 when our fake differs from what Google documents or describes.
"""

import argparse
import hashlib
import io
import json
import re
import subprocess
import sys
from textwrap import shorten

import httplib2
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload

FOLDER = "application/vnd.google-apps.folder"
DOCUMENT = "application/vnd.google-apps.document"
SCOPE = "https://www.googleapis.com/auth/drive.readonly"
TEXT = "A mitocôndria produz energia.".encode()


class Shape:
    """The interface's description, and what in answers it does not describe."""

    def __init__(self):
        self.document = json.loads(get_static_doc("drive", "v3"))
        self.faults = []

    def check(self, method, body):
        node = self.document
        *resources, name = method.split(".")[1:]
        for resource in resources:
            node = node["resources"][resource]
        answer = node["methods"][name].get("response")
        if answer and body:
            self.value(json.loads(body), answer, method)

    def value(self, value, schema, at):
        if "$ref" in schema:
            schema = {"type": "object", **self.document["schemas"][schema["$ref"]]}
        kind = schema.get("type")
        types = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict}
        if not isinstance(value, types.get(kind, object)):
            self.faults.append(f"{at} is {json.dumps(value)}, not of type {kind}")
        elif kind == "array":
            for one in value:
                self.value(one, schema["items"], f"{at}[]")
        elif kind == "object":
            for name, one in value.items():
                inside = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
                if inside is None:
                    self.faults.append(f"{at}.{name} is not described")
                else:
                    self.value(one, inside, f"{at}.{name}")
        elif schema.get("format") == "int64" and kind == "string" and not re.fullmatch(r"-?\d+", value):
            self.faults.append(f"{at} is {value}, no number in a text")
        elif schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}(\.\d+)?Z", value):
            self.faults.append(f"{at} is {value}, no time")


class Target:
    """One server, spoken to by Google's client."""

    def __init__(self, base, credentials):
        self.shape = Shape()
        document = dict(self.shape.document, rootUrl=f"{base}/", baseUrl=f"{base}/drive/v3/", mtlsRootUrl=f"{base}/")
        http = AuthorizedHttp(credentials, http=httplib2.Http(timeout=20))
        self.drive = build_from_document(document, http=http)

    def do(self, request):
        """Carries a request out; checks the bare answer."""
        seen = {}
        check = request.postproc

        def noted(response, content):
            seen["body"] = content
            return check(response, content)

        request.postproc = noted
        answer = request.execute()
        if seen.get("body") and "alt=media" not in request.uri and not request.methodId.endswith(".export"):
            self.shape.check(request.methodId, seen["body"])
        return answer

    def make(self, name, mime, parent=None, content=None):
        body = {"name": name, "mimeType": mime}
        if parent:
            body["parents"] = [parent]
        made = self.do(self.drive.files().create(body=body))["id"]
        if content is not None:
            media = MediaIoBaseUpload(io.BytesIO(content), mimetype="text/plain")
            self.do(self.drive.files().update(fileId=made, media_body=media))
        return made

    def names(self, q):
        found = self.do(self.drive.files().list(q=q, orderBy="name", fields="files(name)"))
        return [file["name"] for file in found["files"]]


def steps(target):
    """(step, what Google documents, a function that does it). Earlier steps leave what later ones use."""
    drive, do = target.drive, target.do
    kept = {}

    def create():
        kept["folder"] = target.make("Módulo 1", FOLDER)
        kept["other"] = target.make("Módulo 2", FOLDER)
        kept["file"] = target.make("aula d'água.txt", "text/plain", kept["folder"], TEXT)
        kept["document"] = target.make("Notas", DOCUMENT, kept["other"])
        for number in range(5):
            target.make(f"{number}.txt", "text/plain", kept["other"], b"x")
        return sorted(kept)

    def at_once():
        media = MediaIoBaseUpload(io.BytesIO(TEXT), mimetype="text/plain")
        body = {"name": "junto.txt", "parents": [kept["folder"]]}
        made = do(drive.files().create(body=body, media_body=media, fields="id,size,mimeType"))
        do(drive.files().delete(fileId=made.pop("id")))
        return made

    def get():
        fields = "kind,name,mimeType,md5Checksum,size,parents,trashed"
        file = do(drive.files().get(fileId=kept["file"], fields=fields))
        return dict(file, parents=file.get("parents") == [kept["folder"]])

    def pages():
        request, sizes, names = drive.files().list(q=f"'{kept['other']}' in parents", pageSize=2), [], set()
        while request is not None:
            page = do(request)
            sizes.append(len(page["files"]))
            names |= {file["name"] for file in page["files"]}
            request = drive.files().list_next(request, page)
        return sizes, len(names)

    def ranges():
        sink = io.BytesIO()
        loader, done, parts = MediaIoBaseDownload(sink, drive.files().get_media(fileId=kept["file"]), chunksize=8), False, 0
        while not done:
            _, done = loader.next_chunk()
            parts += 1
        return sink.getvalue() == TEXT, parts

    def changes():
        token = do(drive.changes().getStartPageToken())["startPageToken"]
        none = do(drive.changes().list(pageToken=token))
        do(drive.files().update(fileId=kept["file"], body={"name": "aula 1.txt"}))
        do(drive.files().update(fileId=kept["file"], body={"trashed": True}))
        gone = target.make("some.txt", "text/plain", kept["folder"], b"x")
        do(drive.files().delete(fileId=gone))
        told = do(drive.changes().list(pageToken=token, includeRemoved=True, fields="*"))
        last = {change["fileId"]: change for change in told["changes"]}
        file = last[kept["file"]]["file"]
        return (none["changes"], len(told["changes"]), file["name"], file["trashed"], last[gone]["removed"],
                "newStartPageToken" in told, "nextPageToken" in told)

    def trash():
        q = f"'{kept['folder']}' in parents and trashed = false"
        hidden = target.names(q)
        do(drive.files().update(fileId=kept["file"], body={"trashed": False}))
        return hidden, target.names(q)

    def trashed_folder():
        do(drive.files().update(fileId=kept["folder"], body={"trashed": True}))
        file = do(drive.files().get(fileId=kept["file"], fields="trashed,explicitlyTrashed"))
        do(drive.files().update(fileId=kept["folder"], body={"trashed": False}))
        return file

    def move():
        do(drive.files().update(fileId=kept["file"], addParents=kept["other"], removeParents=kept["folder"], body={}))
        return do(drive.files().get(fileId=kept["file"], fields="parents"))["parents"] == [kept["other"]]

    folder = lambda: kept["folder"]
    missing = "1" + "x" * 32
    return [
        ("create folders, files and a document", ["document", "file", "folder", "other"], create),
        ("create with metadata and content in one", {"size": str(len(TEXT)), "mimeType": "text/plain"}, at_once),
        ("get: md5, size, parent", {
            "kind": "drive#file", "name": "aula d'água.txt", "mimeType": "text/plain", "md5Checksum": hashlib.md5(TEXT).hexdigest(),
            "size": str(len(TEXT)), "parents": True, "trashed": False}, get),
        ("list by folder, a quote in the name", ["aula d'água.txt"],
            lambda: target.names(f"'{folder()}' in parents and name = 'aula d\\'água.txt' and trashed = false")),
        ("list: not, or, brackets", 7,
            lambda: len(target.names(f"('{folder()}' in parents or '{kept['other']}' in parents) and not trashed = true"))),
        ("list in pages of two", ([2, 2, 2], 6), pages),
        ("download", True, lambda: do(drive.files().get_media(fileId=kept["file"])) == TEXT),
        ("download in ranges of eight bytes", (True, -(-len(TEXT) // 8)), ranges),
        ("export a document", b"", lambda: do(drive.files().export(fileId=kept["document"], mimeType="text/plain"))),
        ("download a document", (403, "fileNotDownloadable"), lambda: do(drive.files().get_media(fileId=kept["document"]))),
        ("export a plain file", (403, "fileNotExportable"),
            lambda: do(drive.files().export(fileId=kept["file"], mimeType="text/plain"))),
        ("changes: rename, trash, delete; one entry each", ([], 2, "aula 1.txt", True, True, True, False), changes),
        ("trash and untrash", ([], ["aula 1.txt"]), trash),
        ("a file in a trashed folder", {"trashed": True, "explicitlyTrashed": False}, trashed_folder),
        ("move", True, move),
        ("get of what is not there", (404, "notFound"), lambda: do(drive.files().get(fileId=missing))),
        ("list of a folder that is not there", (404, "notFound"), lambda: do(drive.files().list(q=f"'{missing}' in parents"))),
        ("list with a wrong query", (400, "invalid"), lambda: do(drive.files().list(q="tamanho > 3"))),
        ("list with a wrong page", (400, "invalid"), lambda: do(drive.files().list(pageToken="nada"))),
        ("list with a wrong field", (400, "invalidParameter"), lambda: do(drive.files().list(fields="files(nada)"))),
        ("list: 1001 in a page", (400, "invalid"), lambda: do(drive.files().list(pageSize=1001))),
        ("about without fields", (400, "required"), lambda: do(drive.about().get())),
        ("about", {"kind": "drive#user"}, lambda: {"kind": do(drive.about().get(fields="user"))["user"]["kind"]}),
        ("shared drives", "drive#driveList", lambda: do(drive.drives().list())["kind"]),
        ("permissions", "owner", lambda: do(drive.permissions().list(fileId=kept["file"]))["permissions"][0]["role"]),
    ]


def outcome(step):
    try:
        return step()
    except HttpError as error:
        reasons = error.error_details if isinstance(error.error_details, list) else []
        return error.resp.status, reasons[0].get("reason") if reasons else None
    except Exception as error:  # what a client of Google's cannot read is an outcome too
        return type(error).__name__


def run(name, target):
    """The steps whose outcome is another than documented."""
    differences = {}
    for step, documented, function in steps(target):
        found = outcome(function)
        if found != documented:
            differences[step] = (documented, found)
    print(f"{name}: {len(steps(target)) - len(differences)} of {len(steps(target))} steps as Google documents them")
    for step, (documented, found) in differences.items():
        print(f"  {step}: documented {documented!r}, found {shorten(repr(found), 120)}")
    shapes = sorted(set(target.shape.faults))
    print(f"  answers against the description: {len(shapes)} faults")
    for fault in shapes:
        print(f"    {fault}")
    return len(differences) + len(shapes)


def tokens(told):
    """Google's library for credentials gets tokens of ours, and believes its refusals."""
    base, faults = told["base"], 0

    def user(refresh, secret):
        return user_credentials.Credentials(
            token=None, refresh_token=refresh, token_uri=f"{base}/token", client_id=told["client_id"], client_secret=secret)

    def robot(**more):
        return service_account.Credentials.from_service_account_info(told["robot_key"], scopes=[SCOPE], **more)

    cases = [
        ("refresh token", user(told["refresh_token"], told["client_secret"]), None),
        ("a refresh token that was revoked", user("1//0nada", told["client_secret"]), "invalid_grant"),
        ("another client's secret", user(told["refresh_token"], "outro"), "invalid_client"),
        ("service account", robot(), None),
        ("service account for somebody, without delegation", robot(subject="ana@escola.example"), "unauthorized_client"),
    ]
    for name, credentials, refused in cases:
        try:
            credentials.refresh(Request())
            found = None if credentials.valid else "no token"
        except RefreshError as error:
            found = error.args[1].get("error") if len(error.args) > 1 else str(error)
        if found != refused:
            print(f"  {name}: expected {refused}, found {found}")
            faults += 1
    print(f"tokens by google-auth: {len(cases) - faults} of {len(cases)} as they should be")
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--fake", required=True, help="the program built from the example fake-drive")
    arguments.add_argument("--mock", help="where google-drive-mock answers")
    given = arguments.parse_args()
    program = subprocess.Popen([given.fake], stdout=subprocess.PIPE, text=True)
    try:
        told = json.loads(program.stdout.readline())
        faults = run("fake-drive", Target(told["base"], user_credentials.Credentials(told["access_token"])))
        faults += tokens(told)
    finally:
        program.kill()
        program.wait()
    if given.mock:
        run("google-drive-mock", Target(given.mock, user_credentials.Credentials("valid-token")))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
