"""A stand-in for the Hugging Face Hub over HTTP, for tests: the real `huggingface_hub` client talks to it.

`PORT=8799 HUB_STATE=/tmp/hub python tests/hub_server.py` serves what the folder `HUB_STATE` holds and keeps every
change there, so a server that was killed and is started again on the same folder has everything it had. A client's
process needs, before it imports huggingface_hub: `HF_ENDPOINT=http://127.0.0.1:8799`, `HF_TOKEN` (one of `TOKENS`),
`HF_HOME=<an empty folder>` and `HF_HUB_DISABLE_XET=1`.

Tests control it over HTTP; these settings last until the server ends:

- `GET /_stub/log` lists the requests so far, the tests' own left out (`?clear=1` forgets them): `method`, `path`,
  `query`, `authorized`, `content_type`, `download_counter`, `status` (null without an answer) and the `faults` met.
- `POST /_stub/repo` with `{"type": "model", "id": "alice/faces", "set": {"private": true}}` changes a repository;
  one whose `gated` is true gives its files to any token, "denied" to none.
- `POST /_stub/faults` with a list of faults replaces those there were. A fault applies to requests with its `method`
  (any if absent) whose path contains its `path`, `times` times (1 if absent, -1: always), and does one of:
    `{"status": 503, "headers": {...}, "body": ...}`: answer that, and do nothing else
    `{"sleep": 2}`: wait, while others are served, or until other faults are set, and go on; together with another, wait
      before doing that one
    `{"die": true}`: end the process at once
    `{"drop": true}`: close the connection after half of the answer to GET; for any other request, after half of its
      body, so that it is not carried out
    `{"commit_then_drop": true}`: carry the request out but lose the answer: 502, or `status`, or with `drop` nothing
"""

import asyncio
import base64
import hashlib
import json
import os
import time
import uuid
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import parse_qs

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

PORT = int(os.environ["PORT"])
ENDPOINT = f"http://127.0.0.1:{PORT}"
# Large files come from another origin, as the Hub's do: the client must not send its token there.
STORAGE_ENDPOINT = f"http://localhost:{PORT}"
UPLOAD_MODE = os.environ.get("UPLOAD_MODE", "auto")  # "regular" or "lfs": the same for every file
LFS_SUFFIXES = (".safetensors", ".pt", ".parquet")
LFS_SIZE = 10 * 2**20

USER = "alice"
# The free plan has no Gradio Spaces: creating one is answered 402, as on the Hub.
TOKENS = {"hf_write": "write", "hf_free": "write on a free plan", "hf_read": "read"}

BLOBS = Path(os.environ["HUB_STATE"]) / "blobs"
BLOBS.mkdir(parents=True, exist_ok=True)
STATE_FILE = BLOBS.parent / "state.json"
REPOS = json.loads(STATE_FILE.read_text()) if STATE_FILE.exists() else {}  # by kind and id: "models/alice/faces"
REPOS_LOCK = asyncio.Lock()
LOG, FAULTS = [], []
TRANSPORTS = {}  # the open connections, by the client's address

app = FastAPI(openapi_url=None)


# What is kept


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file atomically: a reader finds the old content or the new, even after a kill."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    part.write_bytes(content)
    part.replace(path)


@asynccontextmanager
async def changing_repos():
    """Every change of `REPOS` happens inside: one at a time, and on disk before the client is told of it."""
    async with REPOS_LOCK:
        yield
        await asyncio.to_thread(write_atomically, STATE_FILE, json.dumps(REPOS).encode())


def git_oid(content: bytes) -> str:
    """The name git gives a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def blob_name(entry: dict) -> str:
    """The name of a file's content, in `BLOBS` and for the client: its sha256 in LFS, otherwise its git name."""
    return entry.get("lfs", entry)["oid"]


def store_regular(path: str, content: bytes) -> dict:
    """Keep a small file's content; returns its entry in a tree, as in the Hub's listings."""
    entry = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
    write_atomically(BLOBS / entry["oid"], content)
    return entry


def lfs_entry(path: str, sha256: str) -> dict:
    """The entry in a tree of a file whose content was uploaded before, through LFS."""
    if not (BLOBS / sha256).is_file():
        raise refusal(400, f"LFS object {sha256} does not exist")
    size = (BLOBS / sha256).stat().st_size
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    lfs = {"oid": sha256, "size": size, "pointerSize": len(pointer)}
    return {"type": "file", "path": path, "size": size, "oid": git_oid(pointer), "lfs": lfs}


def add_commit(repo: dict, branch: str, tree: dict, title: str, description: str = "") -> str:
    """Put a commit on a branch; returns its name."""
    parent = repo["branches"].get(branch)
    oid = hashlib.sha1(f"{parent} {title} {uuid.uuid4()}".encode()).hexdigest()
    date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    repo["commits"][oid] = {
        "oid": oid,
        "parent": parent,
        "title": title,
        "message": description,
        "date": date,
        "tree": tree,
    }
    repo["branches"][branch] = oid
    return oid


# Permissions


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> HTTPException:
    """An error in the Hub's words: the client chooses its exception by the code, then by the status."""
    headers["X-Error-Message"] = message
    if code:
        headers["X-Error-Code"] = code
    return HTTPException(status, message, headers)


@app.exception_handler(HTTPException)
async def answer_refusal(request: Request, error: HTTPException):
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def role(request: Request) -> str | None:
    """What the request's token allows; None for no token or an unknown one."""
    return TOKENS.get(request.headers.get("authorization", "").removeprefix("Bearer "))


async def require_write(request: Request) -> None:
    if role(request) is None:
        raise refusal(401, "Invalid username or password.")
    if role(request) == "read":
        raise refusal(403, "Forbidden: pass a token with write access")


def repo_key(kind: str, repo_id: str) -> str:
    return f"{kind}s/{repo_id}"


def repo_url(kind: str, repo_id: str) -> str:
    return f"{ENDPOINT}/{repo_id if kind == 'model' else repo_key(kind, repo_id)}"


async def find_repo(request: Request, namespace: str, name: str, kind: str = "model") -> dict:
    """The repository that a path names. A stranger is not told whether one is private or not there."""
    repo = REPOS.get(repo_key(kind, f"{namespace}/{name}"))
    if repo is None or (repo["private"] and not role(request)):
        raise refusal(404 if role(request) else 401, "Repository not found", "RepoNotFound")
    return repo


Repo = Annotated[dict, Depends(find_repo)]


async def find_readable_repo(request: Request, repo: Repo) -> dict:
    """The same for requests of its files: a gated repository gives them to known accounts only, or to none."""
    if repo["gated"] and (not role(request) or repo["gated"] == "denied"):
        raise refusal(403 if role(request) else 401, "Access to this repository is restricted.", "GatedRepo")
    return repo


def find_commit(repo: dict, revision: str) -> dict:
    oid = repo["branches"].get(revision) or repo["tags"].get(revision) or revision
    if oid not in repo["commits"]:
        raise refusal(404, "Invalid revision", "RevisionNotFound")
    return repo["commits"][oid]


# Accounts and repositories


@app.get("/api/whoami-v2")
async def whoami(request: Request):
    if not role(request):
        raise refusal(401, "Invalid credentials in Authorization header")
    access_token = {"displayName": "tests", "role": "read" if role(request) == "read" else "write"}
    return {
        "type": "user",
        "id": "0",
        "name": USER,
        "fullname": USER,
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": access_token},
    }


@app.post("/api/validate-yaml")
async def validate_model_card():
    return {"errors": [], "warnings": []}


@app.post("/api/repos/create", dependencies=[Depends(require_write)])
async def create_repo(request: Request):
    body = await request.json()
    kind, repo_id = body.get("type") or "model", f"{body.get('organization') or USER}/{body['name']}"
    key, url = repo_key(kind, repo_id), repo_url(kind, repo_id)
    if role(request) == "write on a free plan" and body.get("sdk") == "gradio":
        raise refusal(402, "Payment required to create a Gradio Space")
    async with changing_repos():
        if key in REPOS:
            return JSONResponse({"error": "You already created this repo", "url": url}, 409)
        repo = {
            "id": repo_id,
            "private": body.get("visibility") == "private",
            "gated": False,
            "sdk": body.get("sdk"),
            "hardware": body.get("hardware", "cpu-basic"),
            "branches": {},
            "tags": {},
            "commits": {},
        }
        for what in ("secrets", "variables"):
            repo[what] = {setting["key"]: setting for setting in body.get(what, [])}
        attributes = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES)
        tree = {".gitattributes": store_regular(".gitattributes", attributes.encode())}
        add_commit(repo, "main", tree, "initial commit")
        REPOS[key] = repo
    return {"url": url, "name": repo_id, "id": repo_id}


@app.delete("/api/repos/delete", dependencies=[Depends(require_write)])
async def delete_repo(request: Request):
    body = await request.json()
    async with changing_repos():
        key = repo_key(body.get("type") or "model", f"{body.get('organization') or USER}/{body['name']}")
        if REPOS.pop(key, None) is None:
            raise refusal(404, "Repository not found", "RepoNotFound")
    return {}


@app.get("/api/{kind}s/{namespace}/{name}")
@app.get("/api/{kind}s/{namespace}/{name}/revision/{revision:path}")
async def repo_info(repo: Repo, revision: str = "main", blobs: bool = False):
    head = find_commit(repo, revision)
    files = [
        {"rfilename": path} | ({"size": entry["size"]} if blobs else {}) for path, entry in sorted(head["tree"].items())
    ]
    return {
        "_id": "0",
        "id": repo["id"],
        "modelId": repo["id"],
        "author": repo["id"].split("/")[0],
        "sha": head["oid"],
        "lastModified": head["date"],
        "createdAt": head["date"],
        "private": repo["private"],
        "gated": repo["gated"],
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "sdk": repo["sdk"],
        "siblings": files,
    }


@app.get("/api/{kind}s/{namespace}/{name}/auth-check", dependencies=[Depends(find_readable_repo)])
@app.get("/api/{kind}s/{namespace}/{name}/auth-check/write", dependencies=[Depends(find_repo), Depends(require_write)])
async def check_access():
    return {}


@app.get("/api/{kind}s/{namespace}/{name}/refs")
async def list_refs(repo: Repo):
    def described(kind: str, targets: dict) -> list[dict]:
        return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in targets.items()]

    return {"branches": described("heads", repo["branches"]), "tags": described("tags", repo["tags"]), "converts": []}


@app.get("/api/{kind}s/{namespace}/{name}/commits/{revision}")
async def list_commits(revision: str, repo: Repo):
    commit, listed = find_commit(repo, revision), []
    while commit:
        listed.append(
            {
                "id": commit["oid"],
                "title": commit["title"],
                "message": commit["message"],
                "date": commit["date"],
                "authors": [{"user": USER}],
            }
        )
        commit = repo["commits"].get(commit["parent"])
    return listed


@app.post("/api/{kind}s/{namespace}/{name}/tag/{revision}", dependencies=[Depends(require_write)])
async def create_tag(revision: str, request: Request, repo: Repo):
    tag = (await request.json())["tag"]
    async with changing_repos():
        if tag in repo["tags"]:
            raise refusal(409, "Tag reference exists already")
        repo["tags"][tag] = find_commit(repo, revision)["oid"]
    return {}


# Uploads: the client asks how to send each file, sends the large ones to LFS, then names all of them in one commit


@app.post("/api/{kind}s/{namespace}/{name}/preupload/{revision}", dependencies=[Depends(require_write)])
async def choose_upload_modes(revision: str, request: Request, repo: Repo):
    tree, answers = find_commit(repo, revision)["tree"], []
    for file in (await request.json())["files"]:
        large = file["size"] > LFS_SIZE or file["path"].endswith(LFS_SUFFIXES)
        mode = ("lfs" if large else "regular") if UPLOAD_MODE == "auto" else UPLOAD_MODE
        present = {"oid": blob_name(tree[file["path"]])} if file["path"] in tree else {}
        answers.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, **present})
    return {"files": answers}


@app.post(
    "/{kind}s/{namespace}/{name}.git/info/lfs/objects/batch", dependencies=[Depends(require_write), Depends(find_repo)]
)
@app.post("/{namespace}/{name}.git/info/lfs/objects/batch", dependencies=[Depends(require_write), Depends(find_repo)])
async def plan_lfs_uploads(request: Request):
    """Tell where to upload each large file; one that is here already needs no upload."""
    planned = []
    for wanted in (await request.json())["objects"]:
        href = f"{ENDPOINT}/_lfs/{wanted['oid']}"
        actions = {"actions": {"upload": {"href": href, "header": {}}, "verify": {"href": f"{href}/verify"}}}
        present = (BLOBS / wanted["oid"]).is_file()
        planned.append({"oid": wanted["oid"], "size": wanted["size"], **({} if present else actions)})
    return {"transfer": "basic", "objects": planned}


@app.put("/_lfs/{sha256}")
async def upload_lfs(sha256: str, request: Request):
    content = await request.body()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise refusal(400, "sha256 mismatch")
    write_atomically(BLOBS / sha256, content)
    return {}


@app.post("/_lfs/{sha256}/verify")
async def verify_lfs(sha256: str, request: Request):
    path, size = BLOBS / sha256, (await request.json())["size"]
    if not (path.is_file() and path.stat().st_size == size):
        raise refusal(404, "not uploaded")
    return {}


@app.post("/api/{kind}s/{namespace}/{name}/commit/{branch}", dependencies=[Depends(require_write)])
async def commit(kind: str, branch: str, request: Request, repo: Repo):
    """Apply all changes of one commit or none. The head is read under the lock, so no push at the same time is lost."""
    lines = [json.loads(line) for line in (await request.body()).splitlines()]
    header, changes = lines[0]["value"], lines[1:]
    async with changing_repos():
        if branch not in repo["branches"]:
            raise refusal(404, "Invalid revision", "RevisionNotFound")
        head = find_commit(repo, branch)
        if header.get("parentCommit", head["oid"]) != head["oid"]:
            raise refusal(412, "A commit has happened since. Please refresh and try again.")
        tree = dict(head["tree"])
        for change in changes:
            path = change["value"]["path"]
            if change["key"] == "file":
                tree[path] = store_regular(path, base64.b64decode(change["value"]["content"]))
            elif change["key"] == "lfsFile":
                tree[path] = lfs_entry(path, change["value"]["oid"])
            elif change["key"] == "deletedFile":
                tree.pop(path, None)
            elif change["key"] == "deletedFolder":
                folder = path.rstrip("/") + "/"
                tree = {kept: entry for kept, entry in tree.items() if not kept.startswith(folder)}
        oid = add_commit(repo, branch, tree, header["summary"], header.get("description", ""))
    url = f"{repo_url(kind, repo['id'])}/commit/{oid}"
    return {"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""}


# Listings and downloads


def entries(tree: dict) -> dict:
    """Every file of a tree and every folder above one, by path, as the Hub lists them."""
    folders = {str(folder) for path in tree for folder in PurePosixPath(path).parents} - {"."}
    all_entries = tree | {
        folder: {"type": "directory", "path": folder, "oid": "0" * 40, "size": 0} for folder in folders
    }
    return dict(sorted(all_entries.items()))


@app.get("/api/{kind}s/{namespace}/{name}/tree/{revision}")
@app.get("/api/{kind}s/{namespace}/{name}/tree/{revision}/{path:path}")
async def list_tree(repo: Repo, revision: str, path: str = "", recursive: bool = False):
    """What is in a folder, or with `recursive` anywhere under it."""
    listed, folder = entries(find_commit(repo, revision)["tree"]), PurePosixPath(path)
    if path and listed.get(str(folder), {}).get("type") != "directory":
        raise refusal(404, "Folder not found", "EntryNotFound")
    return [
        entry
        for inner, entry in listed.items()
        if (folder in PurePosixPath(inner).parents if recursive else folder == PurePosixPath(inner).parent)
    ]


@app.post("/api/{kind}s/{namespace}/{name}/paths-info/{revision}")
async def describe_paths(revision: str, request: Request, repo: Repo):
    listed = entries(find_commit(repo, revision)["tree"])
    paths = parse_qs((await request.body()).decode()).get("paths", [])
    return [listed[path] for path in paths if path in listed]


@app.api_route("/{kind}s/{namespace}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
@app.api_route("/{namespace}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
async def download(revision: str, path: str, repo: Annotated[dict, Depends(find_readable_repo)]):
    """A file of a revision: a small one's content, or where a large one's is."""
    found = find_commit(repo, revision)
    if path not in found["tree"]:
        raise refusal(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": found["oid"]})
    entry = found["tree"][path]
    headers = {"X-Repo-Commit": found["oid"], "ETag": f'"{entry["oid"]}"'}
    if "lfs" not in entry:
        return FileResponse(BLOBS / entry["oid"], headers=headers, media_type="application/octet-stream")
    headers |= {"X-Linked-Etag": f'"{blob_name(entry)}"', "X-Linked-Size": str(entry["size"])}
    return RedirectResponse(f"{STORAGE_ENDPOINT}/_lfs/{blob_name(entry)}", 302, headers)


@app.api_route("/_lfs/{sha256}", methods=["GET", "HEAD"])
async def download_lfs(sha256: str):
    if not (BLOBS / sha256).is_file():
        raise refusal(404, "Not Found")
    return FileResponse(BLOBS / sha256, headers={"ETag": f'"{sha256}"'}, media_type="application/octet-stream")


# Spaces


@app.api_route("/api/spaces/{namespace}/{name}/{what}", methods=["GET", "POST", "DELETE"])
async def space_settings(namespace: str, name: str, what: str, request: Request):
    """A Space's secrets, variables and machine, to read and to change; restarting and the like changes nothing."""
    if request.method != "GET":
        await require_write(request)
    space = await find_repo(request, namespace, name, "space")
    body = json.loads(await request.body() or b"{}")
    async with changing_repos():
        if what in ("secrets", "variables"):
            if request.method == "POST":
                space[what][body["key"]] = {"description": None, "updatedAt": "2026-01-01T00:00:00.000Z", **body}
            elif request.method == "DELETE":
                space[what].pop(body["key"], None)
            return space[what]
        if what == "duplicate":
            url, key = repo_url("space", body["repository"]), repo_key("space", body["repository"])
            if key in REPOS:
                return JSONResponse({"error": "You already created this repo", "url": url}, 409)
            changes = {"id": body["repository"], "private": body.get("visibility") == "private"}
            REPOS[key] = json.loads(json.dumps(space)) | changes
            return {"url": url}
        if what == "hardware":
            space["hardware"] = body["flavor"]
        elif what not in ("runtime", "restart", "pause", "sleeptime"):
            raise refusal(404, "Not Found")
    return {
        "stage": "RUNNING",
        "hardware": {"current": space["hardware"], "requested": space["hardware"]},
        "storage": None,
        "gcTimeout": None,
        "replicas": {"requested": 1, "current": 1},
    }


# The tests' own requests, and the faults


@app.get("/_stub/log")
async def read_log(clear: bool = False):
    requests = list(LOG)
    if clear:
        LOG.clear()
    return requests


@app.post("/_stub/repo")
async def set_repo(request: Request):
    body = await request.json()
    async with changing_repos():
        REPOS[repo_key(body["type"], body["id"])].update(body["set"])
    return {}


@app.post("/_stub/faults")
async def set_faults(request: Request):
    FAULTS[:] = [{"path": "", "times": 1, **fault} for fault in await request.json()]
    return {}


class Connection(H11Protocol):
    """uvicorn's connection, registered so that faults can close it: an application has no other way."""

    def connection_made(self, transport):
        super().connection_made(transport)
        TRANSPORTS[self.client] = transport

    def connection_lost(self, error):
        super().connection_lost(error)
        TRANSPORTS.pop(self.client, None)


async def strike(fault: dict, scope, receive, send) -> bool:
    """Apply a fault to a request; returns whether the request ends here."""
    answer = []

    async def withhold(message) -> None:
        answer.append(message)

    until = time.monotonic() + fault.get("sleep", 0)
    while time.monotonic() < until and any(kept is fault for kept in FAULTS):
        await asyncio.sleep(0.05)
    if fault.get("die"):
        os._exit(9)
    dropped, answer_lost, status = fault.get("drop"), fault.get("commit_then_drop"), fault.get("status")
    if not (dropped or answer_lost or status):
        return False
    if answer_lost:
        await app(scope, receive, withhold)
    elif dropped and scope["method"] not in ("GET", "HEAD"):
        half, taken, more = int(Headers(scope=scope).get("content-length", 0)) / 2, 0, True
        while more and taken <= half:
            message = await receive()
            taken, more = taken + len(message.get("body", b"")), message.get("more_body", False)
    elif dropped:
        await app(scope, receive, withhold)
        content = b"".join(message.get("body", b"") for message in answer)
        if content and scope["method"] != "HEAD":  # the start alone would be a whole answer to HEAD
            await send(answer[0])
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    if dropped:
        TRANSPORTS[scope["client"]].close()
        while (await receive())["type"] != "http.disconnect":
            pass
    else:
        body = fault.get("body", {"error": "injected"})
        await JSONResponse(body, status or 502, fault.get("headers"))(scope, receive, send)
    return True


async def hub(scope, receive, send) -> None:
    """The application that uvicorn runs: `app`, behind the log and the faults."""
    method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
    if path.startswith("/_stub/"):
        return await app(scope, receive, send)
    record = {
        "method": method,
        "path": path,
        "query": scope["query_string"].decode(),
        "authorized": "authorization" in headers,
        "content_type": headers.get("content-type"),
        "download_counter": headers.get("x-hf-download-counter"),
        "status": None,
        "faults": [],
    }
    LOG.append(record)

    async def send_logged(message) -> None:
        if message["type"] == "http.response.start":
            record["status"] = message["status"]
        await send(message)

    try:
        for fault in FAULTS.copy():
            if fault["times"] and fault["path"] in path and fault.get("method", method) == method:
                fault["times"] -= 1
                record["faults"].append(fault)
                if await strike(fault, scope, receive, send_logged):
                    return
        await app(scope, receive, send_logged)
    except ClientDisconnect:
        pass  # the client was killed or gave up: not an error of this server


if __name__ == "__main__":
    uvicorn.run(
        hub,
        host="127.0.0.1",
        port=PORT,
        http=Connection,
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_level="error",
    )
