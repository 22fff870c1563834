"""Files that the page offers, as a browser saves them: faces, morphs and their names; and words as seeds."""

import io
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import av
import numpy as np
import pytest
from browsing import in_address, open_face, shown
from conftest import DESKTOP, EMBEDDED, PHONE
from PIL import Image
from playwright.sync_api import expect

from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.files import resized
from gan.words import word_seed

SIZES = pytest.mark.parametrize("page", [{"viewport": DESKTOP}, {"viewport": PHONE, "has_touch": True}], indirect=True)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


def saved(page, button) -> tuple[str, bytes]:
    """Name and content of the file that a click saves."""
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


@SIZES
def test_one_face_at_512_px(address, page, model):
    page.goto(f"{address}/?seeds=7&variation=0.8")
    shown(page, model, [7], 0.8)
    name, data = saved(page, open_face(page, 7).get_by_role("link", name="512 px"))
    picture = Image.open(io.BytesIO(data))
    assert name == "seed-7-512px-variation-0.8.png" and picture.format == "PNG"
    assert np.array_equal(np.asarray(picture), resized(model.faces([7], Look(0.8))[0], 512))
    assert picture.text["size"] == f"enlarged from {model.resolution} px" and picture.text["seed"] == "7"


@SIZES
def test_a_morph_in_three_formats(address, page, model):
    page.goto(f"{address}/?tab=morph&seeds=4,13&frames=3&variation=0.9")
    player = page.locator("#player")
    expect(player.locator("img")).to_be_visible()
    frames = model.morph([4, 13], Look(0.9), 3)
    for button, extension, size in (
        (player.get_by_role("link", name="Download WebP"), "webp", 128),
        (player.get_by_role("button", name="Download GIF"), "gif", 128),
        (player.get_by_role("button", name="Download MP4"), "mp4", 256),
    ):
        name, data = saved(page, button)
        assert name == f"morph-4-13-{size}px-variation-0.9.{extension}"
        if extension == "mp4":
            with av.open(io.BytesIO(data)) as container:
                found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            assert len(found) == 6 * 9  # three seconds
        else:
            animation = Image.open(io.BytesIO(data))
            assert animation.format == extension.upper() and animation.n_frames == 6
            animation.seek(3)
            found = [None] * 3 + [np.asarray(animation.convert("RGB"))]
        error = [np.abs(found[3].astype(int) - resized(frame, size)).mean() for frame in frames]
        assert error[3] == min(error) < 6, (extension, error)


def test_a_browser_plays_the_mp4_in_the_right_colours(address, page, model):
    """A video whose colours are not labelled plays with a tint, which no decoder in Python shows."""
    page.goto(f"{address}/?tab=morph&seeds=4,13&frames=3")
    _, data = saved(page, page.locator("#player").get_by_role("button", name="Download MP4"))
    means = page.evaluate(
        """async (bytes) => {
            const video = document.createElement("video");
            video.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: "video/mp4" }));
            await new Promise((resolve, reject) => { video.onseeked = resolve; video.onerror = reject;
                video.onloadeddata = () => (video.currentTime = 0.01); });
            const canvas = Object.assign(document.createElement("canvas"), { width: 256, height: 256 });
            const context = canvas.getContext("2d");
            let pixels; // under load the picture comes some time after the event
            for (let tries = 0; tries < 100 && !pixels?.some((value, place) => place % 4 < 3 && value); tries++) {
                await new Promise((done) => setTimeout(done, 50));
                context.drawImage(video, 0, 0);
                pixels = context.getImageData(0, 0, 256, 256).data;
            }
            const sums = [0, 0, 0];
            pixels.forEach((value, place) => { if (place % 4 < 3) sums[place % 4] += value; });
            return sums.map((sum) => sum / 256 / 256);
        }""",
        list(data),
    )
    assert np.abs(np.array(means) - model.faces([4])[0].mean((0, 1))).max() < 4


@SIZES
def test_a_word_is_a_seed_and_the_page_says_which(address, page, model):
    seed = word_seed("Ada Lovelace")
    page.goto(address)
    shown(page, model, range(16))
    box = page.locator("#gallery-seeds").get_by_role("textbox")
    box.fill(" ada  LOVELACE ")
    box.press("Enter")
    shown(page, model, [seed])
    expect(page.get_by_text(f"“ada LOVELACE” is seed {seed}.")).to_be_in_viewport()
    in_address(page, seeds=seed)
    box.fill("Ada Lovelace, 12, 40-41")
    box.press("Enter")
    shown(page, model, [seed, 12, 40, 41])
    in_address(page, seeds=f"{seed},12,40,41")
    box.fill("1.5")
    box.press("Enter")
    expect(page.get_by_text("“1.5” is not a seed.")).to_be_visible()


def test_other_pages_show_faces_by_their_address(address, page):
    """From another site, in an <img> and in a script that reads its pixels."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("cross-origin-embedder-policy", "require-corp")
            self.end_headers()
            self.wfile.write(f'<img src="{address}/random.png?size=64" alt="a face">'.encode())

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Site) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        expect(page.get_by_alt_text("a face")).to_have_js_property("naturalWidth", 64)
        read = page.evaluate(
            """async (source) => {
                const answer = await fetch(source);
                const image = await createImageBitmap(await answer.blob());
                return [answer.status, answer.headers.get("content-type"), image.width];
            }""",
            f"{address}/face/7.webp?size=96",
        )
        server.shutdown()
    assert read == [200, "image/webp", 96]
