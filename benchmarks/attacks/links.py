"""Made-up links and raw requests: no crash, no file of the server, nothing fetched, no view dearer than the dearest."""

import asyncio
import json
import time
from random import Random
from urllib.parse import quote, unquote

import httpx

from benchmarks.attacks.outcome import Outcome, times
from benchmarks.attacks.page import API, ROOT, TRACE, Page, canary, running
from gan.link import LOOK, SEEDS, View, decode, encode

QUERIES, OVER_HTTP, REQUESTS = 10_000, 300, 2_000
SLOWEST = 10  # seconds of processor time for a link, and on the clock for an answer that is no stream
# the dearest view that the controls allow: the frames of a morph through eight faces
FACES, FRAMES = 64, 8 * 32
WORDS = [
    *(
        "1",
        "2",
        "-1",
        "1e9",
        "0x10",
        "nan",
        "inf",
        "4294967295",
        "4294967296",
        "9" * 400,
        "0-63",
        "0-99999999999",
        "9-0",
    ),
    *("4~13@0.4", "4~13@", "~", "~" * 500, "4~13@0.4~(7~9@0.2)@0.5", "(" * 2000, "(1~" * 9 + "2@0.5)" * 9, "1~1@1~1@0"),
    *("../../etc/passwd", "file:///etc/passwd", "${process.exit()}", "<script>alert(1)</script>", "{{7*7}}", "%s%n"),
    *("%00", "%", "%zz", "%25252525", "\x00", "\ud800", "é", "１２", "‮", "🌱" * 99, "", " ", ",", ",,,,", ";", "&amp;"),
    *("gallery", "morph", "find", "verdict", "about", "e933c29c64d6", "2dea14c9b10a", "null", "[]", "true", "A" * 9999),
]
NAMES = [
    "v",
    "tab",
    "seeds",
    "seed",
    "w",
    "d",
    "frames",
    "loop",
    "size",
    "__theme",
    "logs",
    "amp;seeds",
    "SEEDS",
    *LOOK,
    "x",
]
PAYLOADS = [
    None,
    True,
    -1,
    1e308,
    "",
    "x",
    [],
    {},
    [[]],
    {"path": "/etc/passwd"},
    {"url": "CANARY"},
    {"path": "CANARY"},
]
PAYLOADS += [
    {"path": "CANARY", "meta": {"_type": "gradio.FileData"}},
    {"path": f"{ROOT}/app.py", "url": None},
    "9" * 5000,
]
PAYLOADS += [
    {"path": "data:text/plain;base64,eA==", "url": "data:,x"},
    {"query": "v=1&seeds=0-63"},
    {"a": {"b": {"c": []}}},
]
HOSTILE = ["https://evil.example", "null", "http://localhost:1", "", "file://", "http://127.0.0.1.evil.example"]
SECRETS = ("root:x:", "def launch", '"widths"', "SEEDFACES_MODEL names", "MIT License")


def attack(share: float, seed: int) -> list[Outcome]:
    decoded = _decoded(times(QUERIES, share), Random(f"{seed} queries"))
    asked: list[str] = []
    with canary(asked) as server, running() as page:
        opened = _opened(page, times(OVER_HTTP, share), Random(f"{seed} opened"))
        raw = _raw(page, times(REQUESTS, share), Random(f"{seed} raw"), f"http://127.0.0.1:{server.server_port}/canary")
        raw.note = f"{len(asked)} fetches by the server"
        raw.broken += [f"the server fetched {path}" for path in asked]
        time.sleep(5)
        if not page.alive():
            raw.broken.append("the page makes no faces any more")
        raw.broken += page.traces()
        server.shutdown()
    return [decoded, opened, raw]


def query(random: Random) -> str:
    """A query string of names that links have, and of others, with values that no link has, or a link with faults."""
    if random.random() < 0.3:
        text = list(encode(View(seeds=tuple(random.getrandbits(32) for _ in range(random.randint(1, 64))))))
        for _ in range(random.randint(1, 8)):
            text[random.randrange(len(text))] = chr(
                random.choice([random.randrange(32, 127), random.randrange(0x2FFF)])
            )
        return "".join(text)
    pairs = []
    for _ in range(random.randint(0, 12)):
        value = random.choice([",", "", "-", "~", " "]).join(random.choices(WORDS, k=random.randint(1, 4)))
        pairs.append(random.choice(NAMES) + random.choice(["=", "=", "=", "", "==", "%3D"]) + value)
    return random.choice(["&", "&amp;", "&&", ";"]).join(pairs)


def dear(view: View) -> bool:
    """Whether a view takes more work than the controls of its tab allow."""
    fewest, most = SEEDS[view.tab]
    faces = len(view.seeds)
    return not fewest <= faces <= most or faces > FACES or view.frames * (faces if view.tab == "morph" else 1) > FRAMES


def _decoded(count: int, random: Random) -> Outcome:
    outcome, longest = Outcome("made-up query strings, read"), 0.0
    for _ in range(count):
        text = query(random)
        began = time.process_time()
        try:
            view, notes = decode(text)
            fine = not dear(view) and decode(encode(view)) == (view, []) and all(len(note) < 400 for note in notes)
            end = ("a view with notes" if notes else "a view") if fine else "a view that breaks its own rules"
        except Exception as error:
            fine, end = False, f"raised {type(error).__name__}"
        seconds = time.process_time() - began
        longest = max(longest, seconds)
        outcome.ends[end] += 1
        if not fine or seconds > 1:
            outcome.broken.append(f"{end}, {seconds:.1f} s: {text[:200]!r}")
    outcome.note = f"Longest {1000 * longest:.0f} ms of processor time"
    return outcome


def _opened(page: Page, count: int, random: Random) -> Outcome:
    """As a browser opens a link: the page, its load event, and the picture for chats."""
    outcome = Outcome("some of them over HTTP: the page, its first view, its picture, its preview")
    longest = 0.0
    dependencies = page.client.get("/config").json()["dependencies"]
    load = next(each for each in dependencies if each["targets"][0][1] == "load" and each["backend_fn"])
    for number in range(count):
        text = quote(query(random), safe="=&;%+,~@()!*'-._", errors="replace")
        session = f"link{number}"
        body = {"data": [], "fn_index": load["id"], "session_hash": session}
        began = page.seconds()
        answers = []
        for path in ("/", "/preview.jpg"):
            answers.append(page.client.get(f"{path}?{text}"))
        answers.append(page.client.post(f"{API}/queue/join?{text}", json=body))
        answers.append(page.client.get(f"{API}/queue/data", params={"session_hash": session}))
        statuses = [answer.status_code for answer in answers]
        missing = statuses[1] == 404 and "does not have the weights" in answers[1].text
        fine = max(statuses) < 500 and '"success":true' in answers[-1].text and not _leaks(page, answers)
        end = "shown" if fine and not missing else "shown, without a picture of weights that are not here"
        end = end if fine else f"statuses {statuses}"
        seconds = page.seconds() - began
        longest = max(longest, seconds)
        outcome.ends[end] += 1
        if not fine or seconds > SLOWEST:
            outcome.broken.append(f"{end}, {seconds:.1f} s: {text[:200]!r} {answers[-1].text[-200:]}")
    outcome.note = f"Longest {longest:.1f} s of processor time"
    return outcome


def _leaks(page: Page, answers: list[httpx.Response]) -> bool:
    texts = [answer.text for answer in answers if "text" in answer.headers.get("content-type", "")]
    return any(TRACE.search(text) or any(secret in text for secret in SECRETS) for text in texts)


def _raw(page: Page, count: int, random: Random, canary: str) -> Outcome:
    outcome = Outcome("raw requests to every address of the running page")
    asyncio.run(_send_all(page, count, random, canary, outcome))
    return outcome


async def _send_all(page: Page, count: int, random: Random, canary: str, outcome: Outcome) -> None:
    config = page.client.get("/config").json()
    routes = [*page.client.get(f"{API}/openapi.json").json().get("paths", {}), *PATHS]
    async with httpx.AsyncClient(base_url=page.address, timeout=SLOWEST, trust_env=False) as client:
        for number in range(count):
            method, path, options = request(random, config, routes, canary, number)
            try:
                # a stream is read for a moment and then left, as a visitor leaves
                async with client.stream(method, path, **options) as answer:
                    text = ""
                    if "event-stream" not in answer.headers.get("content-type", ""):
                        text = (await answer.aread()).decode("utf-8", "replace")
                    status = answer.status_code
            except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError):
                outcome.ends["not sendable"] += 1
                continue
            except httpx.TransportError as error:
                # the server may close while a body is sent that it refuses
                status, text = type(error).__name__, ""
            outcome.ends[str(status)] += 1
            full = status == 503 and "full" in text.lower()
            given = text if "config" not in path and path != "/" else ""
            said = text.replace(unquote(path.partition("=")[2]), "")  # a refusal may repeat what was asked for
            leak = TRACE.search(said) or any(secret in given for secret in SECRETS)
            allowed = answer.headers.get("access-control-allow-origin")
            foreign = allowed in HOSTILE[:2] or allowed == "*" and not path.startswith(("/face", "/random", "/preview"))
            if status == "ReadTimeout" or isinstance(status, int) and status >= 500 and not full or leak or foreign:
                outcome.broken.append(
                    f"request {number}: {method} {path[:100]!r} → {status} {text[:100]!r} {allowed or ''}"
                )


PATHS = ["/", "/config", "/face/1.png", "/face/9~9.webp", "/random.png", "/preview.jpg", "/assets/x", "/static/x", "/x"]
PATHS += [
    f"{API}/{name}" for name in ("queue/join", "queue/data", "queue/status", "upload", "upload_progress", "cancel")
]
PATHS += [
    f"{API}/{name}" for name in ("reset", "heartbeat/x", "file=x", "file=/x", "proxy=x", "component_server", "info")
]
PATHS += [
    f"{API}/{name}" for name in ("call/classify", "call/find", "call/generate", "call/v2/morph", "call/x", "run/find")
]
PATHS += [
    f"{API}/{name}" for name in ("stream/x", "monitoring", "deep_link", "process_recording", "startup-events", "x")
]
FILES = [
    "/etc/passwd",
    f"{ROOT}/app.py",
    f"{ROOT}/weights/faces-64/config.json",
    "../../../../etc/passwd",
    "/proc/self/environ",
]
FILES += [
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5capp.py",
    "/",
    ".",
    "CANARY",
    "http://169.254.169.254/",
    "file:///etc/passwd",
]
FILES += [
    "\\\\host\\share",
    "%00",
    "/etc/passwd%00.png",
    "http:/127.0.0.1/",
    "//127.0.0.1/x",
    f"{ROOT}/LICENSE",
    "~/.ssh/id",
]


def request(random: Random, config: dict, routes: list[str], canary: str, number: int) -> tuple[str, str, dict]:
    """A request: its method, its path, and the options of httpx."""
    options: dict = {"headers": {}}
    if random.random() < 0.3:
        options["headers"]["origin"] = random.choice(HOSTILE)
    if random.random() < 0.1:
        options["headers"]["x-forwarded-host"] = "evil.example"
    if random.random() < 0.1:
        options["headers"]["range"] = random.choice(["bytes=0-10", "bytes=9-1", "bytes=-", "bytes=1-99999999999", "x"])
    session = random.choice([f"s{number}", "x", "", "../x", "\n" * 3 + "x", "null"])
    kind = random.randrange(6)
    if kind == 0:  # files and other addresses
        where = random.choice(FILES).replace("CANARY", canary)
        prefix = random.choice(
            [f"{API}/file=", f"{API}/file/", f"{API}/proxy=", "/static/", "/assets/", "/", "/svelte/"]
        )
        return random.choice(["GET", "GET", "HEAD", "POST"]), prefix + where, options
    if kind == 1:  # any event of the page, with anything, and in any order
        event = random.choice(config["dependencies"])
        count = random.choice([len(event["inputs"]), 0, 1, 50])
        body = {"data": _data(random, canary, count), "fn_index": random.choice([event["id"], -1, 10**9, "x", None])}
        body |= {
            "session_hash": session,
            "event_data": random.choice(PAYLOADS),
            "trigger_id": random.choice([None, 1, "x"]),
        }
        body |= random.choice(
            [{}, {"batched": True}, {"event_id": "x"}, {"simple_format": True}, {"request": {"a": 1}}]
        )
        return "POST", f"{API}/queue/join", options | {"json": body}
    if kind == 2:  # the endpoints of programs
        name = random.choice(["generate", "morph", "classify", "find", "_lambda_", "load", "../x", ""])
        route = random.choice(["call", "call/v2", "run", "api"])
        count = random.choice([0, 1, 3, 20])
        body = random.choice(
            [{"data": _data(random, canary, count)}, [], {"seeds": "0-64"}, {"picture": {"path": canary}}]
        )
        return "POST", f"{API}/{route}/{name}", options | {"json": body}
    if kind == 3:  # bodies that are too large, broken, or of another type
        body = random.choice(
            [b"{", b"x" * random.choice([10, 3 * 2**20]), b'{"data":' + b"[" * 50_000, b"", b"\xff\xfe", b"null"]
        )
        options["headers"]["content-type"] = random.choice(
            ["application/json", "text/plain", "multipart/form-data", "x/y"]
        )
        options["headers"]["content-type"] += random.choice(["", "; boundary=x", "; charset=utf-7"])
        path = random.choice(["queue/join", "call/find", "upload", "cancel", "reset", "component_server", "run/find"])
        return random.choice(["POST", "PUT", "PATCH"]), f"{API}/{path}", options | {"content": body}
    if kind == 4:  # uploads
        name = random.choice(["a.png", "../../a", "", "x" * 300, "a\0.png", "é.svg", "a.html"])
        field = random.choice(["files", "files", "x", ""])
        files = [(field, (name, random.randbytes(random.choice([0, 10, 10_000])), "image/png"))] * random.choice([1, 5])
        params = random.choice([{}, {"upload_id": "x"}, {"upload_id": session}])
        return "POST", f"{API}/upload", options | {"files": files, "params": params}
    path = random.choice(routes).replace("{", "").replace("}", "")
    params = {"session_hash": session, "upload_id": "none"} if random.random() < 0.5 else {}
    body = {"session_hash": session, "fn_index": random.choice([0, 10**9]), "event_id": "x"}
    method = random.choice(["GET", "GET", "HEAD", "OPTIONS", "DELETE", "POST", "TRACE"])
    return method, path, options | {"params": params} | ({"json": body} if method == "POST" else {})


def _data(random: Random, canary: str, count: int) -> list:
    return json.loads(json.dumps([random.choice(PAYLOADS) for _ in range(count)]).replace("CANARY", canary))
