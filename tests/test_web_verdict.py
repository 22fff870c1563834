"""Real or fake on the page without a server: pixels, squares, verdicts and words as on the server."""

import base64
import io
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import small
import torch
from conftest import EMBEDDED, ROOT
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import expect
from profiles import P3_PROFILE, SRGB, profile_of
from test_web_page import serving_files

from gan import UserError
from gan.model import face_finder, images, tensors
from gan.model.config import load_config, write_config
from gan.model.face_finder import Square
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.page.verdict import as_json
from gan.web import yunet
from gan.web.build import build
from gan.web.photos import verdict_said, write_photos

TAB = "Real or fake"
DETECTOR = ROOT / "weights" / "detector"
# pictures from and to Python
PICTURE = """
const bytes = (text) => Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt());
const sent = ({ width, height, data }) => ({ width, height, data: bytes(data) });
const back = ({ width, height, data }) => {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return { width, height, data: btoa(text) };
};
"""
JUDGE = """async ({ config, ...picture }) => {
  const names = ["judge", "told", "yunet", "face_finder"].map((name) => import(`/static/${name}.js`));
  const [{ Judge }, { toldVerdict }, { YuNet }, { find }] = await Promise.all(names);
  const file = async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer());
  const module = await WebAssembly.compile(await file("/static/filters.wasm"));
  globalThis.yunet ??= new YuNet(module, await file("/yunet.safetensors"));
  globalThis.judges ??= {};
  const judge = (judges[Boolean(config.limits)] ??= new Judge(module, {
    detector: await file("/weights/detector/detector.safetensors"),
    ...(config.limits && { traces: await file("/weights/detector/traces.safetensors") }),
  }, config));
  const pixels = sent(picture);
  const verdict = judge.verdict(pixels, find(pixels, yunet));
  const { middle, opinion, others, ...said } = toldVerdict(verdict, pixels, config.words);
  const words = (one) => one && { headline: one.headline, percent: one.percent, sentences: one.sentences };
  return {
    squares: [verdict, ...verdict.others].map(({ face }) => face).filter(Boolean),
    said: {
      ...said,
      middle: words(middle),
      opinion: words(opinion),
      others: others.map(({ opinion, ...other }) => ({ ...other, opinion: words(opinion) })),
    },
  };
}"""


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    return [Image.fromarray(face) for face in FaceModel(EMBEDDED).faces(range(30), Look(0.8))]


@pytest.fixture(scope="module")
def page_of_modules(modules, static_files):
    """The page of `modules`, with YuNet beside them."""
    found = {name: torch.tensor(value) for name, value in yunet.tensors().items()}
    tensors.write(static_files / "yunet.safetensors", found)
    return modules


def as_sent(picture: Image.Image) -> dict:
    data = base64.b64encode(picture.convert("RGBA").tobytes()).decode()
    return {"width": picture.width, "height": picture.height, "data": data}


def ask(page, function: str, picture: Image.Image, **more):
    """The answer of a function in JavaScript that takes a picture and more."""
    wrapped = f"(given) => {{ {PICTURE} return ({function})(given); }}"
    return page.evaluate(wrapped, {**as_sent(picture), **more})


def pixels(found: dict) -> np.ndarray:
    """A picture from JavaScript → `(H, W, 3)` int."""
    data = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
    return data.reshape(found["height"], found["width"], 4)[..., :3].astype(int)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize(
    "size, side, gap", [((90, 40), 37.3, 0), ((40, 333), 40, 4), ((700, 500), 456.7, 4), ((17, 9), 9, 4)]
)
def test_a_resize_is_pillows_to_the_byte(modules, size, side, gap):
    picture, box = noise(*size), (1.25 if side < min(size) else 0, 0, side + (1.25 if side < min(size) else 0), side)
    expected = picture.resize((64, 64), Image.Resampling.LANCZOS, box=box, reducing_gap=gap or None)
    function = """async ({ box, gap, ...picture }) =>
      back((await import("/static/resize.js")).resize(sent(picture), 64, 64, box, gap))"""
    assert (pixels(ask(modules, function, picture, box=box, gap=gap)) == np.asarray(expected)).all()


@pytest.mark.parametrize("across, down", [(2, 2), (3, 5)])
def test_a_reduction_is_pillows_to_the_byte(modules, across, down):
    picture = noise(101, 74)
    function = """async ({ factors, ...picture }) =>
      back((await import("/static/resize.js")).reduce(sent(picture), ...factors))"""
    found = pixels(ask(modules, function, picture, factors=[across, down]))
    assert (found == np.asarray(picture.reduce((across, down)))).all()


@pytest.mark.parametrize("size, scale", [((640, 480), 0.375), ((480, 300), 0.5), ((64, 64), 3.75), ((90, 70), 8 / 3)])
def test_the_copies_that_are_searched_are_opencvs(modules, size, scale):
    picture = noise(*size)
    expected = face_finder._resized(np.asarray(picture), scale).pixels.astype(int)
    function = (
        """async ({ name, to, ...picture }) => back((await import("/static/warp.js"))[name](sent(picture), ...to))"""
    )
    name = "shrunk" if scale < 1 else "enlarged"
    found = pixels(ask(modules, function, picture, name=name, to=expected.shape[1::-1]))
    assert np.abs(found - expected).max() <= 1 and (found != expected).mean() < 0.005


@pytest.mark.parametrize("smooth", [False, True])
def test_a_turned_square_is_opencvs(modules, smooth):
    picture, square = noise(200, 150), Square(30.3, -10.2, 120.7, 33)
    kind = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    expected = face_finder._upright(np.asarray(picture), square, 96, kind).astype(int)
    function = """async ({ square, smooth, ...picture }) =>
      back((await import("/static/warp.js")).upright(sent(picture), square, 96, { smooth }))"""
    found = pixels(ask(modules, function, picture, square=square._asdict(), smooth=smooth))
    assert np.abs(found - expected).max() <= 1 and (found != expected).mean() < 0.01


# --- verdicts -----------------------------------------------------------------------------------------------------


def photo(width: int, height: int, *places) -> Image.Image:
    """Faces on a meadow: (face, left, top, side) each."""
    image = Image.new("RGB", (width, height), (96, 128, 80))
    for face, left, top, side in places:
        image.paste(face.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    return image


def saved(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def drawn(shift: int) -> Image.Image:
    """A face as a child draws it."""
    image = Image.new("RGB", (160, 180), (230, 200, 180))
    pen = ImageDraw.Draw(image)
    pen.ellipse((20 + shift, 10, 120 + shift, 160), fill=(240, 190, 160))
    for x in (50, 85):
        pen.ellipse((x + shift, 60, x + 12 + shift, 72), fill=(0, 0, 0))
    pen.arc((50 + shift, 90, 95 + shift, 125), 0, 180, fill=(160, 30, 30), width=5)
    return image


def pictures(faces: list[Image.Image]) -> list[Image.Image]:
    """Made, changed and drawn ones, of one face, several and none."""
    changed = [
        *(face.resize((150, 150), Image.Resampling.BICUBIC) for face in faces[20:22]),
        *(saved(face.resize((120, 120), Image.Resampling.LANCZOS), 50) for face in faces[22:24]),
        *(face.resize((128, 128)).filter(ImageFilter.GaussianBlur(2)) for face in faces[24:26]),
        faces[26].convert("L").convert("RGB"),
        faces[27].crop((8, 8, 56, 56)),
    ]
    alone = photo(240, 200, (faces[1], 60, 40, 110))
    several = photo(420, 240, (faces[1], 20, 60, 100), (faces[4], 160, 40, 160), (faces[5], 350, 20, 34))
    return [
        *faces[:20],
        *changed,
        alone,
        alone.rotate(-35, Image.Resampling.BICUBIC),
        alone.transpose(Image.Transpose.ROTATE_90),
        several,
        *map(drawn, (0, 20, 40)),
        noise(50, 64),
        noise(20, 30),
        Image.new("RGB", (90, 45), (96, 128, 80)),
        Image.new("RGB", (33, 1)),
        photo(60, 60, (faces[6], 10, 10, 36)),
    ]


def words(said: dict) -> dict:
    """The part of an answer of the server that the page without one has."""
    short = {name: said[name] for name in ("headline", "sentences")}
    opinion = said["opinion"] and {name: said["opinion"][name] for name in ("headline", "percent", "sentences")}
    return {**short, "opinion": opinion}


def test_a_detector_without_traces_calls_nothing_real(page_of_modules, faces, tmp_path):
    folder = Path(shutil.copytree(DETECTOR, tmp_path / "detector"))
    write_config(folder, {name: value for name, value in load_config(folder).items() if name != "unseen"})
    (folder / "traces.safetensors").unlink()
    (tmp_path / "page").mkdir()
    assert set(write_photos(tmp_path / "page", folder)) == {"detector", "yunet"}
    judge, config, kinds = Judge(folder), verdict_said(folder), set()
    own = saved(Image.fromarray(FaceModel(EMBEDDED).faces([5000])[0]), 70)  # which the detector does not recognise
    for picture in (faces[0], faces[27].crop((8, 8, 56, 56)), own, drawn(0)):
        expected = judge.verdict(picture)
        found = ask(page_of_modules, JUDGE, picture, config=config)
        assert words(found["said"]) == words(as_json(expected, picture))
        kinds.add(expected.opinion and expected.opinion.decided_by)
    assert kinds == {"ours", "some of ours", "untrained", None}
    write_config(folder, {**load_config(folder), "unseen": {}})
    with pytest.raises(UserError, match="traces.safetensors"):
        write_photos(tmp_path / "page", folder)


def test_verdicts_and_words_are_the_servers(page_of_modules, faces):
    judge, config, kinds = Judge(DETECTOR), verdict_said(DETECTOR), set()
    tried = pictures(faces)
    assert len(tried) == 40
    for number, picture in enumerate(tried):
        verdict = judge.verdict(picture)
        expected = as_json(verdict, picture)
        found = ask(page_of_modules, JUDGE, picture, config=config)
        said = found["said"]
        middle = expected["middle"] and {name: expected["middle"][name] for name in said["middle"]}
        assert said["middle"] == middle, number
        assert [words(each) for each in (said, *said["others"])] == [
            words(each) for each in (expected, *expected["others"])
        ], number
        assert [(mark["face"], mark["name"]) for mark in said["marks"]] == [
            (mark["face"], mark["name"]) for mark in expected["marks"]
        ], number
        squares = [each.face for each in (verdict, *verdict.others) if each.face]
        for square, own in zip(squares, found["squares"], strict=True):
            off = np.abs(np.subtract(square, [own[name] for name in ("left", "top", "side", "roll")]))
            assert off.max() < 1, number
        kinds.add(verdict.verdict)
    assert {"likely generated", "can't tell", "no face found", "too small to tell"} <= kinds


# --- the tab ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> str:
    out = tmp_path_factory.mktemp("site")
    build(out, [str(small.folder_of(tmp_path_factory.mktemp("weights") / "tiny"))])
    with serving_files(out) as address:
        yield address


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def upload(page, picture: Image.Image | bytes, name: str = "photo.png", label: str = "A picture with a face") -> None:
    if isinstance(picture, Image.Image):
        picture = png(picture)
    page.get_by_label(label).set_input_files({"name": name, "mimeType": "image/png", "buffer": picture})


def test_a_photo_is_judged_in_the_browser(page, site, faces):
    asked, said = [], []
    page.on("request", lambda request: asked.append((request.method, request.url)))
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    picture = photo(420, 240, (faces[1], 20, 60, 100), (faces[4], 160, 40, 160))
    # from the beginning: Playwright takes a while until it catches a chooser
    file = {"name": "photo.png", "mimeType": "image/png", "buffer": png(picture)}
    page.on("filechooser", lambda chooser: chooser.set_files(file))
    page.goto(site)
    expect(page.get_by_role("button", name="Face of seed 15")).to_be_visible()
    assert not any("judge" in url for _, url in asked)  # 6.2 MB that most visitors do not need
    page.get_by_role("tab", name=TAB).click()
    expect(page.locator("#trust")).to_contain_text("It recognises faces of its own generators.")

    expected = as_json(Judge(DETECTOR).verdict(picture), picture)
    # by keyboard alone
    page.get_by_role("tab", name=TAB).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("A picture with a face")).to_be_focused()
    page.keyboard.press("Enter")
    answer = page.get_by_role("region", name="Verdict")
    expect(answer.get_by_role("heading", name=expected["headline"])).to_be_visible()
    for sentence in (*expected["sentences"], *expected["opinion"]["sentences"]):
        expect(answer).to_contain_text(sentence)
    smaller = expected["others"][0]
    page.keyboard.press("Tab")
    expect(answer.get_by_role("button", name=expected["marks"][0]["name"])).to_be_focused()
    page.keyboard.press("Enter")
    expect(answer.get_by_role("heading", name=smaller["headline"])).to_be_visible()
    expect(answer.locator("[aria-live]")).to_contain_text(smaller["sentences"][0])
    expect(answer.get_by_role("button", pressed=True)).to_have_accessible_name(expected["marks"][0]["name"])

    upload(page, b"no picture", "photo.tiff")
    expect(answer.get_by_role("alert")).to_contain_text("This browser cannot read this file as a picture")
    upload(page, Image.new("RGB", (90, 90)))
    expect(answer.get_by_role("heading", name="No face found")).to_be_visible()
    assert page.url.split("?")[1] == "v=1&tab=verdict"  # nothing of a photo is in a link
    assert all(method == "GET" and url.startswith((site, "data:", "blob:")) for method, url in asked)
    assert said == []


READ = """async ({ file }) => {
  const { pixelsOf } = await import("/static/photo.js");
  return back(await pixelsOf(new File([bytes(file)], "photo")));
}"""


@pytest.mark.parametrize("format, options", [("PNG", {}), ("JPEG", {"quality": 95}), ("WEBP", {"lossless": True})])
def test_colours_are_converted_as_on_the_server(page_of_modules, faces, format, options):
    picture = photo(90, 80, (faces[0], 8, 8, 64))
    slightly_off = profile_of(SRGB * np.array([1.002, 0.999, 1.001]))  # as profiles of sRGB differ from each other
    for profile, most in ((P3_PROFILE, 2), (slightly_off, 0), (b"nonsense", 0), (None, 0)):
        file = io.BytesIO()
        picture.save(file, format, icc_profile=profile, **options)
        found = pixels(ask(page_of_modules, READ, picture, file=base64.b64encode(file.getvalue()).decode()))
        wanted = np.asarray(images.decode(file.getvalue()))
        assert np.abs(found - wanted).max() <= most, profile
        assert (np.abs(found - np.asarray(picture)).mean() > 3) == (profile == P3_PROFILE)


def test_a_photo_is_read_upright_and_over_white(page_of_modules, faces):
    picture = photo(60, 40, (faces[0], 0, 0, 30))
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    clear = Image.merge(
        "RGBA", (*picture.split(), Image.linear_gradient("L").resize(picture.size).point(lambda v: 255 * (v > 99)))
    )
    clear.save(file, "PNG", exif=exif)
    found = pixels(ask(page_of_modules, READ, picture, file=base64.b64encode(file.getvalue()).decode()))
    white = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    assert (found == np.asarray(white.transpose(Image.Transpose.ROTATE_270).convert("RGB"))).all()


def test_a_link_to_a_verdict_on_a_seed_is_followed(page, site):
    page.goto(f"{site}/?v=1&tab=verdict&seeds=7")
    answer = page.get_by_role("region", name="Verdict")
    expect(answer).to_contain_text("In fact it is generated: the face of seed 7.")
    assert "tab=verdict&seeds=7" in page.url
    page.get_by_role("tab", name="Gallery").click()
    page.get_by_role("tab", name=TAB).click()
    expect(answer).to_contain_text("In fact it is generated: the face of seed 7.")
