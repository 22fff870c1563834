"""Attacks on a Gradio page: each test fails if its hole is open."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import httpx
import pytest
from conftest import EMBEDDED, ROOT, picture
from PIL import Image

from gan.serve.faces import FaceModel
from gan.serve.files import MOST_BYTES
from gan.serve.page import safety

API = "/gradio_api"
MODEL = FaceModel(EMBEDDED).id


def png(size: int = 64) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(1, size, size)).save(file, "PNG")
    return file.getvalue()


def upload(address: str, data: bytes, name: str = "face.png") -> httpx.Response:
    return httpx.post(f"{address}{API}/upload", files={"files": (name, data, "image/png")}, timeout=60)


def call(address: str, endpoint: str, *data) -> str:
    """What an endpoint streams back, or the error of the first request."""
    first = httpx.post(f"{address}{API}/call/{endpoint}", json={"data": data}, timeout=60)
    if first.status_code != 200:
        return f"{first.status_code} {first.text}"
    with httpx.stream("GET", f"{address}{API}/call/{endpoint}/{first.json()['event_id']}", timeout=60) as answer:
        return answer.read().decode()


@pytest.fixture
def secret(tmp_path) -> Path:
    """A picture on the server that nobody uploaded."""
    path = tmp_path / "secret.png"
    path.write_bytes(png())
    return path


@pytest.fixture(params=["classify", "find"])
def endpoint(request) -> str:
    """Each of those that take a picture."""
    return request.param


def test_an_upload_is_judged(address):
    """A regular upload, to compare the others with."""
    path = upload(address, png()).json()[0]
    answer = call(address, "classify", {"path": path, "meta": {"_type": "gradio.FileData"}})
    assert "event: complete" in answer and "probability_generated" in answer


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}, {"meta": None}])
def test_files_of_the_server_cannot_be_named(address, endpoint, secret, meta):
    answer = call(address, endpoint, {"path": str(secret), "orig_name": "face.png", **meta})
    assert "event: error" in answer and "data:image" not in answer and str(secret.parent) not in answer
    assert secret.exists()


def test_paths_cannot_leave_the_upload_folder(address, endpoint, secret):
    inside = Path(upload(address, png()).json()[0]).parent
    answer = call(address, endpoint, {"path": f"{inside}/{'../' * 20}{str(secret).lstrip('/')}"})
    assert safety.ONLY_UPLOADS in answer and "square" not in answer


def test_data_urls_do_not_pass_the_size_limit(address, endpoint):
    """A data: URL in the payload would be decoded whatever its size."""
    import base64

    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    path = upload(address, png()).json()[0]
    for payload in ({"url": url, "path": path}, {"url": url, "path": None}, {"path": url}, {"url": url}):
        answer = call(address, endpoint, payload)
        assert "event: error" in answer and "square" not in answer, payload
    assert safety.ONLY_UPLOADS in call(address, endpoint, {"url": url, "path": path})


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_the_server_fetches_nothing(address, endpoint, meta):
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png())

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/face.png"
        for payload in ({"path": url, **meta}, {"path": url, "url": url, **meta}):
            answer = call(address, endpoint, payload)
            assert safety.ONLY_UPLOADS in answer, answer
        server.shutdown()
    assert asked == []


def test_an_upload_that_is_too_large_is_refused(address):
    assert upload(address, b"\xff" * (MOST_BYTES + 10)).status_code == 413
    assert upload(address, b"\xff" * 1000).status_code == 200


@pytest.mark.parametrize("route", ["/call/generate", "/queue/join", "/run/generate", "/cancel"])
def test_bodies_that_are_too_large_are_refused_before_they_are_read(address, route):
    body = json.dumps({"data": ["1" * (2 * safety.MOST_BODY_BYTES)], "session_hash": "x", "fn_index": 0})
    answer = httpx.post(
        f"{address}{API}{route}", content=body, headers={"content-type": "application/json"}, timeout=60
    )
    assert answer.status_code == 413


def test_the_queue_cannot_be_bypassed(address):
    for route in ("/run/generate", "/api/generate"):
        answer = httpx.post(f"{address}{API}{route}", json={"data": ["0", 1.0, ""]}, timeout=60)
        assert answer.status_code == 404 and "join the queue" in answer.text, answer.text[:200]


def test_the_browser_stores_no_inputs_and_outputs(address):
    assert httpx.get(f"{address}/config").json()["run_history"] is False


@pytest.mark.parametrize("data", [b"no picture", png()[:-30], b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 100])
def test_errors_name_no_path_of_the_server(address, data):
    path = upload(address, data).json()[0]
    answer = call(address, "classify", {"path": path, "orig_name": "face.svg", "meta": {"_type": "gradio.FileData"}})
    assert "event: error" in answer and "picture" in answer
    assert str(Path(path).parent) not in answer and "Traceback" not in answer and str(ROOT) not in answer


@pytest.mark.parametrize(
    "route",
    [
        "/file=/etc/passwd",
        f"/file={ROOT}/app.py",
        f"/file={ROOT}/weights/faces-64/config.json",
        "/file=../../../etc/passwd",
        "/file=%2Fetc%2Fpasswd",
        "/proxy=http://127.0.0.1:1/",
        "/proxy=https://huggingface.co/",
        "/file=http://127.0.0.1:1/",
        "/static/../../app.py",
        "/component_server",
        "/stream/x/1/1/playlist.m3u8",
    ],
)
def test_other_routes_give_no_files_and_fetch_nothing(address, route):
    answer = httpx.get(f"{address}{API}{route}", timeout=30)
    assert answer.status_code >= 400 or "location" in answer.headers, answer.text[:200]
    assert "root:" not in answer.text and "SeedFaces" not in answer.text


def test_other_origins_are_refused(address):
    answer = httpx.post(
        f"{address}{API}/call/generate", json={"data": ["0", 1.0, ""]}, headers={"origin": "https://evil.example"}
    )
    assert answer.headers.get("access-control-allow-origin") not in ("*", "https://evil.example")


def test_nothing_else_is_public(address):
    info = httpx.get(f"{address}{API}/info").json()
    assert (
        set(info["named_endpoints"]) == {"/generate", "/morph", "/classify", "/find"} and not info["unnamed_endpoints"]
    )


def test_nonsense_in_any_endpoint_harms_nothing(address):
    """Private endpoints answer raw HTTP too; test_page.py tests each handler on nonsense."""
    dependencies = httpx.get(f"{address}/config").json()["dependencies"]
    assert len(dependencies) > 20
    for dependency in dependencies:
        body = {
            "data": [{"path": "/etc/passwd"}] * len(dependency["inputs"]),
            "fn_index": dependency["id"],
            "session_hash": "nonsense",
            "event_data": {"seed": "x", "query": "x"},
        }
        assert httpx.post(f"{address}{API}/queue/join", json=body, timeout=60).status_code in {200, 503, 400, 422}
    deadline = time.monotonic() + 60  # the queue must become empty again, and the next visitor be served
    while (answer := call(address, "generate", "0", 1.0, "")).startswith("503"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert "event: complete" in answer


def test_an_upload_is_deleted_soon_after_it_was_read(tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "KEPT_SECONDS", 0.2)
    monkeypatch.setattr(safety, "get_upload_folder", lambda: str(tmp_path))
    path = tmp_path / "face.png"
    path.write_bytes(png())
    upload = safety.UploadedPicture().preprocess(SimpleNamespace(path=str(path), url=None))
    assert safety.read_upload(upload) == png() and path.exists()  # the browser may still be loading its preview
    deadline = time.monotonic() + 10
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_same_picture_uploaded_again_is_not_deleted_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "KEPT_SECONDS", 0.2)
    monkeypatch.setattr(safety, "get_upload_folder", lambda: str(tmp_path))
    path, again = tmp_path / "face.png", tmp_path / "again.png"
    payload = SimpleNamespace(path=str(path), url=None)
    path.write_bytes(png())
    safety.read_upload(safety.UploadedPicture().preprocess(payload))
    again.write_bytes(png())
    again.rename(path)  # what Gradio does with an upload of the same bytes and name
    time.sleep(0.6)
    assert safety.read_upload(safety.UploadedPicture().preprocess(payload)) == png()


def test_an_upload_that_is_gone_is_one_sentence(address):
    folder = Path(upload(address, png()).json()[0]).parent
    answer = call(address, "classify", {"path": f"{folder}/gone.png", "meta": {"_type": "gradio.FileData"}})
    assert "The upload did not arrive. Choose the picture again." in answer and str(folder) not in answer


def test_many_visitors_at_once_get_their_faces_or_a_sentence(address):
    """More than one address may take of the queue, and than can be answered soon: some are told so at once, the others
    are served, and the page keeps working."""

    def ask(number):
        if number == 0:  # the queue fills while it is made
            return call(address, "morph", "1,2,3,4,5,6,7,8", 0.5, 32, True, "")
        time.sleep(0.3)
        return call(address, "morph", "1,2", 0.5 + number / 1000, 2, True, "")

    with ThreadPoolExecutor(70) as pool:
        answers = list(pool.map(ask, range(70)))
    refused = [answer for answer in answers if answer.startswith("503")]
    assert refused and all("This page is busy. Try again in some seconds." in answer for answer in refused)
    served = [answer for answer in answers if "event: complete" in answer]
    assert len(served) + len(refused) == 70 and len(served) >= 5
    assert "event: complete" in call(address, "generate", "0", 1.0, "")


def test_heavy_work_does_not_hold_up_the_others(address):
    """While a long morph is made, everything that needs no model answers."""
    finished = []

    def heavy():
        assert "event: complete" in call(address, "morph", "9,8,7,6,5,4,3,2", 0.71, 32, True, "")
        finished.append(time.monotonic())

    worker = Thread(target=heavy)
    worker.start()
    time.sleep(0.1)
    for _ in range(3):
        assert httpx.get(f"{address}{API}/info").status_code == 200
    answered = time.monotonic()
    worker.join()
    assert answered < finished[0]


@pytest.mark.parametrize(
    "query", ["w=000000000000", "w=", "", "w=%40e03cc15f05", f"w={MODEL}&size=9", f"w={MODEL}&variation=x"]
)
def test_of_all_urls_only_the_address_of_a_known_face_is_judged(address, query):
    payload = {"path": f"https://example.org/face/1003.png?{query}", "meta": {"_type": "gradio.FileData"}}
    assert safety.ONLY_UPLOADS in call(address, "classify", payload)


def test_the_address_of_a_face_is_judged_without_fetching_it(address):
    for path in ("/face/1003.png", "/behind/a/path/face/1003.webp"):
        url = f"http://127.0.0.1:9{path}?w={MODEL}"
        answer = call(address, "classify", {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}})
        assert "event: complete" in answer and '"faces": 1' in answer
    url = f"http://127.0.0.1:9/1003.png?w={MODEL}"
    assert safety.ONLY_UPLOADS in call(address, "classify", {"path": url, "meta": {"_type": "gradio.FileData"}})
