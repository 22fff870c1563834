"""What nobody would do with the page, done by a visitor who is hard on things."""

import pytest
from browsing import in_address, open_face, settled, shown
from conftest import EMBEDDED, PHONE
from playwright.sync_api import expect

from gan.serve.faces import FaceModel
from gan.serve.files import png

TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


@pytest.mark.parametrize("name, value", [("gallery-variation", "0.5"), ("gallery-count", "3")])
def test_a_number_box_that_is_left_empty_shows_the_value_that_holds(address, page, model, name, value):
    page.goto(f"{address}/?seeds=0-2&variation=0.5")
    shown(page, model, range(3), 0.5)
    box = page.locator(f"#{name} input[type=number]")
    box.fill("")
    box.blur()
    expect(box).to_have_value(value)
    expect(page.locator(f"#{name} input[type=range]")).to_have_value(value)
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(3, 6), 0.5)
    expect(box).to_have_value(value)
    in_address(page, seeds="3-5", variation="0.5")


@pytest.mark.parametrize("left", [True, False])
def test_a_number_beyond_its_range_follows_the_view_again_after_back(address, page, model, left):
    page.goto(f"{address}/?seeds=0-2&variation=0.5")
    shown(page, model, range(3), 0.5)
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(3, 6), 0.5)
    for name, typed in (("gallery-variation", "9"), ("gallery-count", "99")):
        page.locator(f"#{name} input[type=number]").fill(typed)
        if left:
            page.locator(f"#{name} input[type=number]").blur()
        in_address(page, variation="1.5")
    in_address(page, seeds="3-66")
    for seeds, variation in ((range(3, 6), 1.5), (range(3), 0.5)):
        page.go_back()
        shown(page, model, seeds, variation)
        expect(page.locator("#gallery-variation input[type=number]")).to_have_value(f"{variation:g}")
        expect(page.locator("#gallery-count input[type=number]")).to_have_value("3")


def test_each_of_several_wrong_files_in_a_row_is_refused(address, page, model, tmp_path):
    """Gradio adds the second error to the first one's toast while that is shown."""
    for name in ("note.txt", "film.mp4"):
        (tmp_path / name).write_bytes(b"not a picture")
    (tmp_path / "face.png").write_bytes(png(model.faces([9])[0]))
    page.goto(f"{address}/?tab=verdict")
    in_address(page, v=1, tab="verdict")
    refused = page.locator("#verdict").get_by_role("alert")
    for name in ("note.txt", "face.png", "film.mp4"):
        page.locator("#upload input[type=file]").set_input_files(tmp_path / name)
        if name == "face.png":
            expect(page.get_by_alt_text("The square that was judged")).to_be_visible()
        else:
            expect(refused).to_contain_text("not a picture that can be read here")
    expect(page.get_by_test_id("toast-body")).to_contain_text("film.mp4")


def test_faces_are_kept_while_the_browsers_storage_is_full(address, page, model):
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };")
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    for seed in (3, 5):
        dialog = open_face(page, seed)
        dialog.get_by_role("button", name="Keep", exact=True).click()
        expect(dialog.get_by_role("button", name="Kept ✓, remove")).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
    expect(page.locator("#kept-faces .face")).to_have_count(2)
    page.get_by_role("button", name="Move seed 5 earlier").click()
    page.get_by_role("button", name="Remove seed 3").click()
    expect(page.locator("#kept-faces img")).to_have_attribute("alt", "Face of seed 5")


def test_a_card_that_a_reload_cannot_open_again_leaves_back_as_it_was(address, page, model):
    """It was opened before an answer that changed all faces."""
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    held = []
    page.route("**/queue/join*", lambda route: held.append(route), times=1)
    page.locator("#gallery-variation input[type=number]").fill("0.7")
    settled(lambda: page.wait_for_timeout(50) or held)
    open_face(page, 4)
    held[0].continue_()
    in_address(page, variation="0.7")
    page.reload()
    shown(page, model, range(3, 7), 0.7)
    expect(page.locator("dialog.card")).not_to_be_visible()
    page.get_by_role("button", name="Next →").click()
    in_address(page, seeds="7-10")
    page.go_back()
    shown(page, model, range(3, 7), 0.7)


@pytest.mark.parametrize("tab", ["gallery", "morph"])
def test_of_two_choices_of_weights_in_a_row_the_last_one_counts(address, page, model, tab):
    page.goto(f"{address}/?tab={tab}&seeds=3-6")
    in_address(page, v=1, w=model.id)
    held = []
    page.route("**/queue/join*", lambda route: held.append(route), times=1)
    page.locator(f"#{tab}-chooser").get_by_role("button", name="64 px").click()
    settled(lambda: page.wait_for_timeout(50) or held)
    same = page.locator(f"#{tab}-chooser").get_by_role("button", name="128 px")
    same.click()  # its faces are still shown
    held[0].continue_()
    page.wait_for_function("() => !seedfacesAsks()")  # both are answered
    expect(same).to_have_attribute("aria-pressed", "true")
    in_address(page, w=model.id)


@pytest.mark.parametrize(
    "pasted",
    ["Look: {address}/?v=1&seeds=7,9&variation=0.5&w={id}", "{address}/face/9.webp?variation=0.5&w={id}&size=512"],
    ids=["link", "face"],
)
def test_a_link_pasted_where_seeds_are_typed_is_opened(address, page, model, pasted):
    page.goto(address)
    shown(page, model, range(16))
    seeds = page.get_by_label("Seeds").first
    seeds.fill(pasted.format(address=address, id=model.id))
    seeds.press("Enter")
    wanted = [9] if "/face/" in pasted else [7, 9]
    shown(page, model, wanted, 0.5)
    expect(seeds).to_have_value(", ".join(map(str, wanted)))
    expect(page.locator("#gallery-variation input[type=number]")).to_have_value("0.5")
    seeds.fill(f"{address}/?tab=morph&seeds=4,13")
    seeds.press("Enter")
    expect(page.get_by_role("tab", name="Morph")).to_have_attribute("aria-selected", "true")
    in_address(page, tab="morph", seeds="4,13")
    seeds = page.get_by_label("Seeds").last
    seeds.fill("https://example.com/nothing")
    seeds.press("Enter")
    expect(page.get_by_text("“https://example.com/nothing” is not a seed.")).to_be_visible()
