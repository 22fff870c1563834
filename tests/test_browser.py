"""The page as a visitor sees it: a real server process, a real browser."""

import base64
import io
import re
import zipfile
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from browsing import CONTRAST, face, framed, in_address, link_of, open_face, pixels, settled, shown
from conftest import DESKTOP, EMBEDDED, PHONE, WEIGHTS, serving
from PIL import Image
from playwright.sync_api import expect

from gan.cards import detector
from gan.link import View, decode, encode
from gan.model.look import Look
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.page.verdict import as_json, as_opinion


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge(WEIGHTS / "detector")


# --- gallery ------------------------------------------------------------------------------------------------------


def test_the_first_gallery_is_there_without_a_click(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    expect(page.get_by_role("heading", name="Seeds 0–15 of 4,294,967,296")).to_be_visible()
    in_address(page, seeds="0-15", w=model.id)


def test_controls_change_the_gallery_and_back_restores_the_one_before(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(16, 32))
    in_address(page, seeds="16-31")
    page.get_by_label("Seeds").first.fill("12, 40-42, 1003")
    page.get_by_role("button", name="Show", exact=True).click()
    shown(page, model, [12, 40, 41, 42, 1003])
    in_address(page, seeds="12,40-42,1003")
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(1004, 1009))
    page.get_by_role("button", name="← Previous").click()
    shown(page, model, range(999, 1004))
    for seeds in (range(1004, 1009), [12, 40, 41, 42, 1003], range(16, 32), range(16)):
        page.go_back()
        shown(page, model, seeds)
    in_address(page, seeds="0-15")
    expect(page.get_by_label("Seeds").first).to_have_value("0-15")
    page.go_forward()
    shown(page, model, range(16, 32))


def test_the_sliders_redraw_the_view_without_filling_the_history(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    page.locator("#gallery-variation input[type=number]").fill("0.7")
    page.locator("#gallery-variation input[type=number]").press("Tab")
    in_address(page, variation="0.7", seeds="0-15")
    shown(page, model, range(16), 0.7)
    slider = page.locator("#gallery-count input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    in_address(page, seeds="0-14", variation="0.7")
    shown(page, model, range(15), 0.7)
    page.go_back()
    shown(page, model, range(16), 0.7)
    page.locator("#gallery-variation").get_by_label("Reset to default value").click()
    in_address(page, variation="1", seeds="0-15")
    shown(page, model, range(16))


def test_a_number_box_that_is_left_asks_nothing(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    box = page.locator("#gallery-variation input[type=number]")
    box.fill("0.7")
    in_address(page, variation="0.7")
    sent = []
    page.on("request", lambda request: sent.append(request) if "queue/join" in request.url else None)
    box.blur()
    page.wait_for_timeout(500)
    assert sent == []
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(16, 32), 0.7)
    in_address(page, seeds="16-31", variation="0.7")


def test_a_late_answer_does_not_switch_back_to_the_tab_that_was_left(address, page, model):
    page.goto(f"{address}/?tab=morph&seeds=1,2")
    in_address(page, tab="morph", seeds="1,2", w=model.id)
    page.get_by_role("tab", name="Gallery").click()
    shown(page, model, range(16))
    held = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/queue/join*"):
        page.get_by_label("Seeds").first.fill("16-31, 1.5")
        page.get_by_label("Seeds").first.press("Enter")
    page.get_by_role("tab", name="Morph").click()
    held[0].continue_()
    expect(page.locator("#gallery-faces img[alt='Face of seed 16']")).to_have_count(1)  # on the hidden tab
    page.wait_for_timeout(500)
    expect(page.get_by_role("tab", name="Morph")).to_have_attribute("aria-selected", "true")
    in_address(page, tab="morph")
    said = page.get_by_role("status").filter(has_text="is not a seed")
    expect(said).not_to_be_visible()
    page.get_by_role("tab", name="Gallery").click()
    shown(page, model, range(16, 32))
    in_address(page, seeds="16-31")
    expect(said).to_be_visible()


def test_a_number_box_may_be_empty_for_a_moment(address, page, model):
    page.goto(f"{address}/?seeds=12,40-42")
    shown(page, model, [12, 40, 41, 42])
    box = page.locator("#gallery-count input[type=number]")
    box.fill("")
    page.wait_for_timeout(500)
    box.fill("6")
    shown(page, model, [12, 40, 41, 42, 43, 44])  # a list continues after its last seed
    box.fill("100")
    in_address(page, seeds="12,40-102")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_a_slider_that_is_dragged_is_one_step_of_the_history(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    slider = page.locator("#gallery-count input[type=range]")
    slider.focus()
    for count in (15, 14, 13):
        slider.press("ArrowLeft")
        in_address(page, seeds=f"0-{count - 1}")
    page.go_back()
    shown(page, model, range(16))


def test_back_closes_the_face_that_is_shown_large(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_role("tab", name="About").click()
    in_address(page, tab="about")
    page.get_by_role("tab", name="Gallery").click()
    in_address(page, seeds="0-15")
    dialog = open_face(page, 3)
    page.go_back()
    expect(dialog).not_to_be_visible()
    in_address(page, seeds="0-15")
    page.go_back()
    expect(page.get_by_role("tab", name="About")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Morph").click()  # an open dialog would block this click
    in_address(page, tab="morph")


def test_a_late_answer_to_back_does_not_replace_that_of_the_next_press(address, page, model):
    page.goto(f"{address}/?tab=morph&seeds=1,2")
    in_address(page, tab="morph", seeds="1,2", w=model.id)
    page.get_by_role("tab", name="Gallery").click()
    shown(page, model, range(16))
    page.get_by_role("tab", name="Real or fake").click()
    in_address(page, tab="verdict")
    held = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/queue/join*"):
        page.evaluate("history.back()")
    page.evaluate("history.back()")
    page.wait_for_timeout(1500)  # long enough for the second to be answered
    held[0].continue_()
    page.wait_for_timeout(1500)
    expect(page.get_by_role("tab", name="Morph")).to_have_attribute("aria-selected", "true")
    in_address(page, tab="morph", seeds="1,2")


def test_surprise_me_shows_other_faces_each_time(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    seen = {page.url}
    for _ in range(2):
        before = page.url
        page.get_by_role("button", name="Surprise me").click()
        expect(page).not_to_have_url(before)
        seeds = decode(page.url.split("?")[1])[0].seeds
        shown(page, model, seeds)
        seen.add(page.url)
    assert len(seen) == 3


def test_mistakes_in_the_seeds_box_are_named(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_label("Seeds").first.fill("5, <1.5>")
    page.get_by_label("Seeds").first.press("Enter")
    expect(page.get_by_role("status").filter(has_text="is not a seed")).to_contain_text("“<1.5>” is not a seed")
    shown(page, model, [5])
    page.get_by_role("button", name="Next →").click()
    shown(page, model, [6])
    expect(page.locator("#gallery-said")).not_to_be_visible()


def test_one_face_large_with_its_link_and_its_png(address, page, model):
    page.goto(address)
    dialog = open_face(page, 9)
    settled(lambda: page.wait_for_timeout(100) or pixels(dialog.get_by_role("img")).shape[0] >= 384)
    large = pixels(dialog.get_by_role("img"))
    small = np.asarray(Image.fromarray(large).resize(2 * [model.resolution], Image.Resampling.BOX)).astype(int)
    assert np.abs(small - model.faces([9])[0]).mean() < 6
    box = dialog.get_by_label("Its link")
    assert box.input_value() == f"{address}/?{encode(View(seeds=(9,), weights=model.id))}"
    with page.expect_download() as download:
        dialog.get_by_role("link", name="PNG").click()
    assert download.value.suggested_filename == f"seed-9-{model.resolution}px.png"
    assert np.array_equal(np.asarray(Image.open(download.value.path())), model.faces([9])[0])
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(open_face(page, 9)).to_be_visible()  # the same face again


def test_links_are_copied(address, page, model):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address)
    shown(page, model, range(16))
    page.locator("#link").get_by_role("button", name="Copy link").click()
    expect(page.locator("#link").get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link_of(page) == page.url
    dialog = open_face(page, 9)
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == dialog.get_by_label("Its link").input_value()


SHARING = """navigator.canShare = ({ url }) => url.startsWith("http");
navigator.share = async (data) => {
  window.handedOn = data;
  if (window.refusal) throw new DOMException("", window.refusal);
};"""


@pytest.mark.parametrize("page", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True)
def test_a_phone_hands_links_to_its_own_sheet(address, page, model):
    """Chromium on Linux has no share sheet: this tests the page's side of the Web Share API."""
    page.add_init_script(SHARING)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address)
    shown(page, model, range(16))
    button = page.locator("#link").get_by_role("button", name="Share link")
    button.click()
    assert page.evaluate("window.handedOn") == {"title": "SeedFaces", "url": link_of(page)}
    for refusal, copied in (("AbortError", 0), ("NotAllowedError", 1)):
        page.evaluate("refusal => window.refusal = refusal", refusal)
        button.click()
        expect(page.locator("#link").get_by_role("button", name="Copied")).to_have_count(copied)
    assert page.evaluate("navigator.clipboard.readText()") == link_of(page)
    dialog = open_face(page, 9)
    page.evaluate("window.refusal = null")
    dialog.get_by_role("button", name="Share link").click()
    assert page.evaluate("window.handedOn.url") == dialog.get_by_label("Its link").input_value()


def test_downloads(address, page, model):
    page.goto(f"{address}/?v=1&seeds=3,1,2&variation=0.9")
    shown(page, model, [3, 1, 2], 0.9)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as ZIP").click()
    archive = zipfile.ZipFile(download.value.path())
    assert download.value.suggested_filename == f"seeds-3_1_2-{model.resolution}px-variation-0.9.zip"
    assert archive.namelist() == [f"seed-{seed}-{model.resolution}px-variation-0.9.png" for seed in (3, 1, 2)]
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(archive.read(archive.namelist()[1])))), model.faces([1], Look(0.9))[0]
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as one PNG").click()
    sheet = Image.open(download.value.path())
    size = model.resolution
    assert sheet.size == (2 * size, 2 * size)
    assert np.array_equal(np.asarray(sheet)[:size, size:], model.faces([1], Look(0.9))[0])


def test_kept_faces_become_a_gallery_in_their_own_order(address, page, model):
    page.goto(address)
    for seed in (2, 9, 6):
        dialog = open_face(page, seed)
        dialog.get_by_role("button", name="Keep").click()
        dialog.get_by_role("button", name="Close").click()
        expect(page.locator("#kept-faces").get_by_alt_text(f"Face of seed {seed}", exact=True)).to_be_visible()
    page.get_by_role("button", name="Move seed 6 earlier").click()
    expect(page.locator("#kept-faces img").nth(1)).to_have_attribute("alt", "Face of seed 6")
    page.get_by_role("button", name="Remove seed 9").click()
    expect(page.locator("#kept-faces img")).to_have_count(2)
    page.reload()  # the browser remembers them
    expect(page.locator("#kept-faces img")).to_have_count(2)
    page.get_by_role("button", name="Show them").click()
    shown(page, model, [2, 6])
    in_address(page, seeds="2,6")
    page.get_by_role("button", name="Morph them").click()
    expect(page.get_by_alt_text("Morph through the faces of seeds 2, 6 and back")).to_be_visible()
    page.get_by_role("tab", name="Gallery").click()
    page.get_by_role("button", name="Clear", exact=True).last.click()
    expect(page.locator("#kept-faces img")).to_have_count(0)


def test_kept_faces_are_the_same_in_all_tabs_of_a_browser(address, page, model):
    def keep(tab, seed: int) -> None:
        dialog = open_face(tab, seed)
        dialog.get_by_role("button", name="Keep").click()
        expect(dialog.get_by_role("button", name="Kept ✓")).to_be_visible()
        tab.keyboard.press("Escape")

    def kept(tab, *seeds) -> None:
        expect(tab.locator("#kept-faces img")).to_have_count(len(seeds))
        for place, seed in enumerate(seeds):
            expect(tab.locator("#kept-faces img").nth(place)).to_have_attribute("alt", f"Face of seed {seed}")

    page.goto(address)
    shown(page, model, range(16))
    other = page.context.new_page()
    other.goto(f"{address}/?seeds=20-23")
    shown(other, model, range(20, 24))
    keep(page, 1)
    kept(other, 1)
    keep(other, 22)
    keep(page, 3)
    for tab in (page, other):
        kept(tab, 1, 22, 3)
    move = page.get_by_role("button", name="Move seed 3 earlier")
    move.focus()
    for order in ((1, 3, 22), (3, 1, 22)):  # the keyboard focus follows its face
        page.keyboard.press("Enter")
        kept(page, *order)
        expect(move).to_be_focused()
    page.get_by_role("button", name="Remove seed 3").click()
    kept(other, 1, 22)
    expect(open_face(page, 3).get_by_role("button", name="Keep", exact=True)).to_be_visible()
    page.keyboard.press("Escape")


# --- links --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["seeds=${document.title=1}", "tab=${document.title=1}", "variation=${document.title=1}", "seeds=5\\u"]
)
def test_code_in_a_link_is_quoted_and_never_run(address, page, query):
    page.goto(f"{address}/?{quote(query, safe='=')}")
    expect(page.locator("#gallery-notes")).to_contain_text(f"“{query.split('=', 1)[1]}”")
    expect(page).to_have_title("SeedFaces")


@pytest.mark.parametrize(
    "query, seeds, variation, words",
    [
        ("w=WEIGHTS&variation=0.8&seeds=12,40-42&v=1", (12, 40, 41, 42), 0.8, ""),
        ("seeds=1&seeds=7&logs=container&__theme=light&utm=x", (7,), 1.0, ""),
        ("v=1&seeds=5&variation=99", (5,), 1.5, "Variation “99” is not possible. 1.5 is used instead."),
        ("v=1&seeds=%3Cscript%3E", tuple(range(16)), 1.0, "The link names no face"),
        ("v=1&seeds=5&w=0123456789ab", (5,), 1.0, "made with other weights"),
        ("tab=%00%F0%9F&seeds=0-99999999", tuple(range(64)), 1.0, "Here is the gallery"),
    ],
)
def test_a_link_shows_its_faces_or_says_what_it_could_not_honour(address, page, model, query, seeds, variation, words):
    page.goto(f"{address}/?{query.replace('WEIGHTS', model.id)}")
    shown(page, model, seeds, variation)
    if words:
        expect(page.locator("#gallery-notes")).to_contain_text(words)
        sentences = page.locator("#gallery-notes p").all_inner_texts()
        assert len(set(sentences)) == len(sentences)  # no sentence twice
    else:
        expect(page.locator("#gallery-said")).not_to_be_visible()
    assert decode(link_of(page).split("?")[1]) == (View("gallery", seeds, Look(variation), model.id), [])


def test_a_link_survives_server_home_and_browser(chromium, address, tmp_path, model):
    """Made on one server, opened on another, with another home, by another visitor: the same faces, pixel by pixel."""

    def visit(url: str) -> tuple[str, np.ndarray]:
        context = chromium.new_context()
        visitor = context.new_page()
        visitor.goto(url)
        expect(visitor.locator("#gallery-faces .face")).to_have_count(5)
        found = np.stack([pixels(image) for image in visitor.locator("#gallery-faces img").all()])
        link = link_of(visitor)
        context.close()
        return link, found

    link, before = visit(f"{address}/?seeds=1003,40-42,7&variation=0.85")
    with serving(tmp_path / "home") as url:
        _, after = visit(f"{url}/?{link.split('?')[1]}")
    assert np.array_equal(before, after) and np.array_equal(after, model.faces([1003, 40, 41, 42, 7], Look(0.85)))


def test_inside_an_iframe_of_another_origin(chromium, page, tmp_path, model):
    """As on huggingface.co: parameters are read, links use the outer address, the page around is told of changes."""
    with serving(tmp_path / "home", SPACE_ID="somebody/seedfaces") as url:
        around = (
            "<script>heard = [];"
            "addEventListener('message', (e) => e.data.queryString && heard.push(e.data.queryString))"
            f"</script><iframe src='{url}/?seeds=7,8&__theme=light' width=1200 height=1500></iframe>"
        )
        framed(page, around)
        inner = page.frame_locator("iframe")
        shown(inner, model, [7, 8])
        box = inner.get_by_label("Link to what you see")
        query = encode(View(seeds=(7, 8), weights=model.id))
        expect(box).to_have_value(f"https://huggingface.co/spaces/somebody/seedfaces?{query}")
        inner.get_by_role("button", name="Next →").click()
        shown(inner, model, [9, 10])
        query = encode(View(seeds=(9, 10), weights=model.id))
        expect(box).to_have_value(f"https://huggingface.co/spaces/somebody/seedfaces?{query}")
        settled(lambda: page.evaluate("heard")[-1] == query)
        assert "__theme=light" in page.frames[1].url  # the Hub's own parameter stays
        page.evaluate("history.back()")
        shown(inner, model, [7, 8])
        # this browser forbids storage in iframes of other sites: faces are kept all the same
        inner.get_by_role("button", name="Face of seed 8", exact=True).click()
        inner.get_by_role("dialog").get_by_role("button", name="Keep").click()
        expect(inner.locator("#kept-faces").get_by_alt_text("Face of seed 8")).to_be_attached()


# --- morph, verdict, about ----------------------------------------------------------------------------------------


def test_a_morph_plays_loops_and_has_its_link(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_role("tab", name="Morph").click()
    player = page.locator("#player img")
    expect(player).to_be_visible()
    in_address(page, tab="morph", seeds="4,13,17")
    page.get_by_label("Seeds").last.fill("9, 14")
    page.locator("#morph-frames input[type=number]").fill("8")
    page.get_by_role("button", name="Morph", exact=True).click()
    expect(page.get_by_alt_text("Morph through the faces of seeds 9, 14 and back")).to_be_visible()
    in_address(page, seeds="9,14", frames="8", loop="1")
    with page.expect_download() as download:
        page.locator("#player").get_by_role("link", name="Download").click()
    animation = Image.open(download.value.path())
    assert download.value.suggested_filename == f"morph-9-14-{model.resolution}px.webp"
    assert (animation.n_frames, animation.info["loop"]) == (16, 0)
    seen = set()  # it plays: the picture on the screen changes without input
    for _ in range(30):
        seen.add(player.screenshot())
        if len(seen) >= 3:
            break
        page.wait_for_timeout(50)
    assert len(seen) >= 3
    page.get_by_role("tab", name="Gallery").click()
    in_address(page, seeds="0-15")
    page.go_back()
    expect(page.get_by_role("tab", name="Morph")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_alt_text("Morph through the faces of seeds 9, 14 and back")).to_be_visible()


def test_a_morphs_link_brings_its_settings(address, page):
    page.goto(f"{address}/?loop=0&frames=5&seeds=3,1,3&tab=morph&v=1&variation=0.9")
    expect(page.get_by_alt_text("Morph through the faces of seeds 3, 1, 3", exact=True)).to_be_visible()
    expect(page.get_by_label("Seeds").last).to_have_value("3, 1, 3")
    expect(page.locator("#morph-frames input[type=number]")).to_have_value("5")
    expect(page.get_by_label("Return to the first face and repeat")).not_to_be_checked()
    source = page.locator("#player").get_by_role("link", name="Download").get_attribute("href")
    animation = Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))
    assert (animation.n_frames, animation.info["loop"]) == (11, 1)


def test_from_a_face_to_its_morph_and_its_verdict(address, page, model, judge):
    page.goto(f"{address}/?seeds=5-8")
    open_face(page, 7).get_by_role("button", name="Morph from here").click()
    expect(page.get_by_alt_text("Morph through the faces of seeds 7, 8, 5 and back")).to_be_visible()
    in_address(page, tab="morph", seeds="7,8,5")
    page.get_by_role("tab", name="Gallery").click()
    open_face(page, 7).get_by_role("button", name="Real or fake?").click()
    expect(page.locator("#verdict")).to_contain_text("In fact it is generated: the face of seed 7.")
    in_address(page, tab="verdict", seeds="7")
    said = judge.verdict(Image.fromarray(model.faces([7])[0]))
    expect(page.get_by_alt_text("The square that was judged")).to_have_attribute(
        "src", as_opinion(said.opinion)["crop"]
    )
    page.go_back()
    page.go_back()
    expect(page.get_by_alt_text("Morph through the faces of seeds 7, 8, 5 and back")).to_be_visible()


def test_the_largest_face_of_a_photo_is_judged_and_shown(address, page, model, judge, tmp_path):
    photo = Image.new("RGB", (900, 700), (96, 128, 80))
    for seed, left, top, side in ((9, 500, 200, 300), (4, 60, 90, 180)):
        # mirrored, or the page would name the seed instead of judging
        face = Image.fromarray(model.faces([seed])[0]).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        photo.paste(face.resize((side, side)), (left, top))
    photo.save(tmp_path / "photo.png")
    expected = judge.verdict(photo)
    assert expected.faces == 2
    page.goto(f"{address}/?tab=verdict&seeds=7")
    expect(page.locator("#verdict")).to_contain_text("In fact it is generated: the face of seed 7.")
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "photo.png")
    verdict = page.locator("#verdict")
    expect(verdict.get_by_role("heading")).to_have_text(as_json(expected, photo)["headline"])
    expect(verdict).to_contain_text("2 faces were found; this is the verdict on the largest.")
    expect(page.get_by_alt_text("The square that was judged")).to_have_attribute(
        "src", as_opinion(expected.opinion)["crop"]
    )
    expect(page.get_by_alt_text("Your picture, with the faces marked")).to_be_visible()
    expect(page.get_by_alt_text("The same square in grey")).to_be_visible()
    expect(page.locator("#trust")).to_contain_text("It recognises faces of its own generators.")
    expect(page.locator("#upload")).to_contain_text("Drop")  # ready for the next picture
    # no link brings an upload back, so no link to another face may stay below it
    expect(page.get_by_label("Link to what you see")).to_have_value(f"{address}/?v=1&tab=verdict")
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#about")).to_contain_text("None of these people exist")
    page.get_by_role("tab", name="Real or fake").click()
    expect(verdict).to_contain_text("2 faces were found; this is the verdict on the largest.")
    Image.new("RGB", (90, 60), "navy").save(tmp_path / "blue.jpg")
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "blue.jpg")
    expect(verdict.get_by_role("heading", name="No face found")).to_be_visible()
    square = page.get_by_alt_text("The square that was judged")
    expect(square).not_to_be_visible()
    verdict.get_by_text("Judge the middle square anyway").click()
    expect(square).to_be_visible()


def answer_late(page) -> None:
    """Delay the next request by a second, as a busy server does."""

    def late(route):
        page.wait_for_timeout(1000)
        route.continue_()

    page.route("**/queue/join?*", late, times=1)


def test_a_picture_can_be_pasted(address, page, model):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/?tab=verdict")
    in_address(page, v=1, tab="verdict")  # earlier, a page that the server rendered may not react to clicks yet
    data = base64.b64encode(files.png(model.faces([9])[0])).decode()
    page.evaluate(
        """async (data) => {
        const blob = await (await fetch('data:image/png;base64,' + data)).blob();
        await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
    }""",
        data,
    )
    answer_late(page)
    page.locator("#upload").get_by_label("Paste from clipboard").click()
    expect(page.get_by_alt_text("The square that was judged")).to_be_visible()
    expect(page.locator("#upload").get_by_text("Paste from Clipboard")).to_be_visible()  # ready for the next picture


def test_of_two_pictures_in_a_row_the_verdict_on_the_second_stays(address, page, tmp_path):
    for size in (3, 4):
        Image.new("RGB", (size, size)).save(tmp_path / f"{size}.png")
    page.goto(f"{address}/?tab=verdict")
    in_address(page, v=1, tab="verdict")
    answer_late(page)
    with page.expect_request("**/queue/join?*"):
        page.locator("#upload input[type=file]").set_input_files(tmp_path / "3.png")
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "4.png")
    expect(page.locator("#verdict")).to_contain_text("only 4 × 4 pixels")
    page.wait_for_timeout(1500)  # the answer to the first has come
    expect(page.locator("#verdict")).to_contain_text("only 4 × 4 pixels")


@pytest.mark.parametrize(
    "name, data, words",
    [
        ("broken.jpg", b"\xff\xd8\xff\xe0 broken", "not a picture that can be read here"),
        ("note.png", b"just text", "not a picture that can be read here"),
        ("tiny.png", files.png(np.zeros((3, 5, 3), np.uint8)), "only 5 × 3 pixels"),
    ],
)
def test_a_hostile_upload_gets_one_clear_sentence(address, page, tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    page.goto(f"{address}/?tab=verdict")
    page.locator("#upload input[type=file]").set_input_files(tmp_path / name)
    expect(page.locator("#verdict").get_by_role("alert")).to_contain_text(words)
    expect(page.locator("#upload img")).to_have_count(0)  # ready for the next one


def test_about_says_what_was_measured(address, page, model, judge):
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_role("tab", name="About").click()
    about = page.locator("#about")
    expect(about.get_by_role("heading", name="None of these people exist")).to_be_visible()
    expect(about).to_contain_text(f"{model.config['metrics']['frechet_distance']['value']:.2f}")
    expect(about).to_contain_text(f"AUROC {model.config['metrics']['critic']['auroc']:.3f}")
    expect(about.locator("table").last.locator("tbody tr")).to_have_count(len(detector.table(judge.config)) - 1)
    for details in about.locator("summary").all():
        details.click()
    expect(about.get_by_role("img")).to_have_count(4)  # the timeline, curves, quality and the detector's
    for image in about.get_by_role("img").all():
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 100
    in_address(page, tab="about")


# --- looks and access ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True)
def test_nothing_overflows_on_a_phone(address, page, model):
    page.goto(f"{address}/?seeds=273107-273170")
    shown(page, model, range(273107, 273171))
    heading = "document.querySelector('#gallery-heading h2')"
    assert page.evaluate(f"{heading}.scrollHeight <= {heading}.clientHeight"), "a long heading is cut"
    for tab in ("Gallery", "Morph", "Real or fake", "About"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(
            page.locator(
                {"Gallery": "#gallery-faces", "Morph": "#player", "Real or fake": "#upload", "About": "#about h2"}[tab]
            ).first
        ).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], tab
    page.get_by_role("tab", name="Gallery").click()
    dialog = open_face(page, 273110)
    place = dialog.bounding_box()
    assert place["x"] >= 0 and place["x"] + place["width"] <= PHONE["width"]
    for name in ("Keep", "Morph from here", "Real or fake?", "Close"):
        expect(dialog.get_by_role("button", name=name)).to_be_in_viewport()
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#link")).to_be_in_viewport()  # it sticks to the bottom, however long the gallery


@pytest.mark.parametrize(
    "page",
    [{"viewport": DESKTOP, "color_scheme": "dark"}, {"viewport": DESKTOP, "color_scheme": "light"}],
    indirect=True,
    ids=["dark", "light"],
)
def test_text_has_contrast_in_both_modes(address, page, model):
    """WCAG's 4.5 to 1, for our own texts and buttons against their backgrounds."""
    page.goto(address)
    shown(page, model, range(16))
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    ratios = page.evaluate(
        CONTRAST,
        [
            "#title h1",
            "#title p",
            "#tabs button[aria-selected=true]",
            "#gallery-heading h2",
            "#gallery-heading p",
            "#link label",
            "#link input",
            "#link button",
        ],
    )
    assert min(ratios.values()) >= 4.5, ratios
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == dark
    open_face(page, 3)
    ratios = page.evaluate(
        CONTRAST, [".card h2", ".card label", ".card .primary", ".card [name=close]", ".card .button"]
    )
    assert min(ratios.values()) >= 4.5, ratios


def test_the_keyboard_reaches_a_face_and_gets_back(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    first = page.locator("#gallery-faces").get_by_role("button", name="Face of seed 0", exact=True)
    first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Face of seed 1", exact=True)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#gallery-faces").get_by_role("button", name="Face of seed 1", exact=True)).to_be_focused()


def test_a_full_queue_is_reported(chromium, tmp_path):
    """While the queue is full the page shows a sentence; afterwards it works again."""
    with serving(tmp_path / "home") as url:
        visitor = chromium.new_page()
        visitor.goto(url)
        expect(face(visitor, 15)).to_be_visible()
        data = [{"data": ["1,2,3,4,5,6,7,8", 0.5 + number / 1000, 32, True, ""]} for number in range(60)]
        with httpx.Client() as client:
            codes = [client.post(f"{url}/gradio_api/call/morph", json=body).status_code for body in data]
        assert 503 in codes
        visitor.get_by_role("button", name="Next →").click()
        expect(visitor.get_by_test_id("toast-body")).to_contain_text("busy")
        visitor.close()
        late = chromium.new_page()
        refused = []
        late.route(
            "**/queue/join?*",
            lambda route: (refused.append(route), route.fulfill(status=503, json={"detail": "Queue is full"})),
            times=1,
        )
        late.goto(f"{url}/?seeds=7,8")
        expect(face(late, 8)).to_be_visible(timeout=60_000)  # requested again, without a click
        assert refused
        late.close()
