"""The public API as a program uses it, with gradio_client, and as `curl` does."""

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from conftest import EMBEDDED, WEIGHTS, serving
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gan.link import View, decode
from gan.model.look import ATTRIBUTES, Look
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.page.api import _write


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


@pytest.fixture(scope="module")
def client(address, tmp_path_factory) -> Client:
    return Client(address, download_files=str(tmp_path_factory.mktemp("downloads")), verbose=False)


def test_generate(client, model):
    paths, link = client.predict(seeds="12, 40-42, 12", variation=0.8, api_name="/generate")
    assert [path.rsplit("/", 1)[1] for path in paths] == [
        f"{place:02d}-seed-{seed}-{model.resolution}px-variation-0.8.png"
        for place, seed in enumerate((12, 40, 41, 42, 12))
    ]
    faces = np.stack([np.asarray(Image.open(path)) for path in paths])
    assert [Image.open(path).text["seed"] for path in paths] == ["12", "40", "41", "42", "12"]
    assert {Image.open(path).text["weights"] for path in paths} == {model.id}
    assert np.array_equal(faces, model.faces([12, 40, 41, 42, 12], Look(0.8)))
    assert decode(link) == (View("gallery", (12, 40, 41, 42, 12), Look(0.8), model.id), [])


def test_a_word_is_a_seed(client, model):
    paths, link = client.predict(seeds="Ada, 12", api_name="/generate")
    assert decode(link)[0].seeds == (2316697257, 12)
    assert np.array_equal(np.asarray(Image.open(paths[0])), model.faces([2316697257])[0])


def test_a_place_between_two_faces(client, model):
    paths, link = client.predict(seeds="4~13@0.4, 4~13@0.4~(7~9@0.2)@0.5", api_name="/generate")
    points = decode(link)[0].seeds
    assert [str(point) for point in points] == ["4~13@0.4", "4~13@0.4~(7~9@0.2)@0.5"]
    assert paths[1].endswith(f"/01-seed-4~13@0.4~(7~9@0.2)@0.5-{model.resolution}px.png")
    assert [Image.open(path).text["seed"] for path in paths] == list(map(str, points))
    assert np.array_equal(np.stack([np.asarray(Image.open(path)) for path in paths]), model.faces(points))
    path, link = client.predict(seeds="4~13@0.4, 7", frames=2, api_name="/morph")
    assert path.endswith(f"/morph-4~13@0.4-7-{model.resolution}px.webp") and decode(link)[0].seeds == (points[0], 7)


def test_defaults_are_the_first_gallery(client):
    paths, link = client.predict(api_name="/generate")
    assert len(paths) == 16 and decode(link)[0].seeds == tuple(range(16))


def test_morph(client, model):
    path, link = client.predict(seeds="4, 13", variation=1, frames=6, loop=False, api_name="/morph")
    animation = Image.open(path)
    assert (
        path.endswith(f"/morph-4-13-{model.resolution}px.webp")
        and animation.n_frames == 7
        and animation.info["loop"] == 1
    )
    last = np.asarray(animation.convert("RGB").resize(2 * [model.resolution]))
    assert np.abs(last.astype(int) - model.faces([4], Look(1.0))[0]).mean() < 12  # opened at its first frame
    assert decode(link) == (View("morph", (4, 13), Look(1.0), model.id, 6, False), [])


def test_one_view_asked_for_by_many_at_once(tmp_path):
    """Their requests write the same file."""
    path, contents = tmp_path / "morph.webp", [bytes([number]) * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            list(pool.map(_write, [path] * 8, contents))
            assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_faces_of_the_weights_that_a_link_names(client):
    other = FaceModel(WEIGHTS / "faces-64")
    paths, link = client.predict(seeds="12", variation=1, weights=other.id, api_name="/generate")
    assert np.array_equal(np.asarray(Image.open(paths[0])), other.faces([12])[0])
    assert decode(link)[0].weights == other.id
    older = FaceModel(next((WEIGHTS / "older").iterdir()))
    path, link = client.predict(
        seeds="4, 13", variation=1, frames=2, loop=True, weights=older.id.upper(), api_name="/morph"
    )
    assert decode(link)[0].weights == older.id and Image.open(path).n_frames == 4


def mirrored(model, seed: int) -> Image.Image:
    """A face that no seed makes, so that it is judged."""
    return Image.fromarray(model.faces([seed])[0]).transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def test_classify_and_find_name_the_seed_of_a_picture(client, model, tmp_path):
    Image.fromarray(model.faces([1003])[0]).resize((256, 256)).save(tmp_path / "own.jpg", quality=80)
    made = {"seed": 1003, "weights": model.id}
    answer = client.predict(picture=handle_file(tmp_path / "own.jpg"), api_name="/classify")
    assert answer["made_by"] == made and answer["verdict"] == "likely generated"
    assert answer["headline"] == "Generated: the face of seed 1003" and answer["probability_generated"] == 1
    (face,) = client.predict(picture=handle_file(tmp_path / "own.jpg"), api_name="/find")["faces"]
    assert face["made_by"] == made and len(face["seeds"]) == len(face["alike"]) == 12
    view, notes = decode(face["link"])
    assert view == View("find", tuple(map(int, face["seeds"])), Look(), model.id) and notes == []


def test_classify(client, model, tmp_path):
    photo = Image.new("RGB", (900, 700), (96, 128, 80))
    photo.paste(mirrored(model, 9).resize((300, 300)), (500, 200))
    photo.save(tmp_path / "photo.png")
    answer = client.predict(picture=handle_file(tmp_path / "photo.png"), api_name="/classify")
    expected = Judge(WEIGHTS / "detector").verdict(photo)
    assert answer["probability_generated"] == pytest.approx(expected.opinion.probability_generated, abs=1e-3)
    assert answer["verdict"] == expected.verdict and answer["faces"] == 1 and answer["middle"] is None
    assert answer["box"] == [round(value) for value in expected.face[:3]]
    crop = np.asarray(
        Image.open(io.BytesIO(base64.b64decode(answer["opinion"]["crop"].removeprefix("data:image/png;base64,"))))
    )
    assert np.array_equal(crop, expected.opinion.crop) and answer["others"] == []


def test_classify_judges_every_face(client, model, tmp_path):
    photo = Image.new("RGB", (900, 700), (96, 128, 80))
    for seed, left, top, side in ((9, 500, 200, 300), (4, 60, 90, 180)):
        photo.paste(mirrored(model, seed).resize((side, side)), (left, top))
    photo.save(tmp_path / "photo.png")
    answer = client.predict(picture=handle_file(tmp_path / "photo.png"), api_name="/classify")
    expected = Judge(WEIGHTS / "detector").verdict(photo)
    [other], [judged] = answer["others"], expected.others
    assert answer["faces"] == 2 and answer["verdict"] == expected.verdict
    assert other["verdict"] == judged.verdict and other["box"] == [round(value) for value in judged.face[:3]]
    assert other["probability_generated"] == pytest.approx(judged.opinion.probability_generated, abs=1e-3)


@pytest.mark.parametrize(
    "endpoint, arguments, words",
    [
        ("/generate", {"seeds": "1.5"}, "“1.5” is not a seed"),
        ("/generate", {"seeds": "4~13@2"}, "is not possible"),
        ("/generate", {"seeds": ""}, "Name at least one seed"),
        ("/generate", {"seeds": "0-64"}, "the first 64"),
        ("/generate", {"weights": "0" * 12}, "does not have the weights 0000"),
        ("/morph", {"weights": "faces-64"}, "12 hexadecimal digits"),
        ("/morph", {"seeds": "5"}, "two to eight seeds"),
        ("/morph", {"seeds": "1-9"}, "the first 8"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(client, endpoint, arguments, words):
    with pytest.raises(AppError) as caught:
        client.predict(**arguments, api_name=endpoint)
    assert words in str(caught.value) and "/" not in str(caught.value)


def test_numbers_out_of_range_are_clamped(client):
    _, link = client.predict(seeds="1", variation=99, api_name="/generate")
    assert decode(link)[0].look == Look(1.5)


def test_a_broken_picture_is_one_sentence(client, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(AppError, match="not a picture that can be read here"):
        client.predict(picture=handle_file(tmp_path / "broken.png"), api_name="/classify")


def send_what_gradio_cannot_parse(api: str) -> None:
    for path, body in (
        ("queue/join", {"data": [], "fn_index": 10**9, "session_hash": "x"}),
        ("queue/join", {"data": [], "fn_index": None, "session_hash": "x"}),
        ("run/none", {"data": []}),
        ("call/v2/none", {"seeds": "1"}),
        ("call/v2/generate", {"other": "1"}),
    ):
        answer = httpx.post(f"{api}/{path}", json=body)
        assert answer.status_code in (400, 404, 422), (path, body, answer.text)
    answer = httpx.post(f"{api}/upload", files={"files": b"x"}, data={"files": "no file"})
    assert answer.status_code == 400 and answer.headers["x-content-type-options"] == "nosniff"
    for data in ([[], 1.0, ""], [{"path": 1}, {}, []], [None] * 50):
        event = httpx.post(f"{api}/call/morph", json={"data": data}).json()["event_id"]
        assert "event: error" in httpx.get(f"{api}/call/morph/{event}", timeout=30).text
    assert httpx.head(f"{api}/info").status_code == 405
    httpx.get(f"{api}/queue/data?session_hash=unknown")
    events = httpx.get(f"{api.removesuffix('/gradio_api')}/config").json()["dependencies"]
    mute = next(event["id"] for event in events if not event["backend_fn"])
    listens = next(event["id"] for event in events if event["targets"][0][1] == "draw")
    for event in (mute, listens):
        body = {"data": [], "fn_index": event, "session_hash": f"s{event}", "event_data": {"path": "/etc/passwd"}}
        assert httpx.post(f"{api}/queue/join", json=body).status_code == 200
        assert '"success":false' in httpx.get(f"{api}/queue/data?session_hash=s{event}", timeout=30).text


def test_refused_requests_leave_nothing_in_the_log(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"broken")
    with serving(tmp_path / "page") as address:
        client = Client(address, verbose=False)
        for endpoint, arguments in (
            ("/generate", {"seeds": "1.5"}),
            ("/generate", {"seeds": ""}),
            ("/morph", {"weights": "1"}),
            ("/classify", {"picture": handle_file(tmp_path / "broken.png")}),
            ("/classify", {"picture": {"path": "/etc/hostname"}}),
        ):
            with pytest.raises(AppError):
                client.predict(**arguments, api_name=endpoint)
        send_what_gradio_cannot_parse(f"{address}/gradio_api")
    log = (tmp_path / "page" / "app.log").read_text()
    assert "Running on local URL" in log and "Traceback" not in log and "no seed" not in log


def test_arguments_are_documented(address):
    endpoints = httpx.get(f"{address}/gradio_api/info").json()["named_endpoints"]
    names = {
        name: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
        for name, endpoint in endpoints.items()
    }
    assert names == {
        # programs name arguments by place, too: new ones come last
        "/generate": ["seeds", "variation", "weights", *ATTRIBUTES, "directions"],
        "/morph": ["seeds", "variation", "frames", "loop", "weights", *ATTRIBUTES, "directions"],
        "/classify": ["picture"],
        "/find": ["picture"],
    }
    for endpoint in endpoints.values():
        assert len(endpoint["description"]) > 20
        assert all(parameter["python_type"]["type"] not in ("", "Any") for parameter in endpoint["parameters"])


def test_curl_gets_faces_too(address, model):
    first = httpx.post(f"{address}/gradio_api/call/generate", json={"data": ["7", 1.0, ""]})
    answer = httpx.get(f"{address}/gradio_api/call/generate/{first.json()['event_id']}", timeout=30).text
    assert "event: complete" in answer
    url = answer.split('"url": "')[1].split('"')[0]
    assert Image.open(io.BytesIO(httpx.get(url).content)).size == (model.resolution, model.resolution)
