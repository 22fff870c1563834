"""What a link looks like in a chat: Open Graph tags and a picture of its first faces."""

import io
import re
from html import unescape

import httpx
import numpy as np
import pytest
from conftest import EMBEDDED, WEIGHTS
from PIL import Image

from gan.link import View
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.page.preview import described


def tags(address: str, query: str, **headers) -> dict[str, str]:
    """All Open Graph and Twitter tags of the page; each may occur once only."""
    page = httpx.get(f"{address}/?{query}", headers={"accept-encoding": "identity", **headers}, timeout=60)
    assert len(page.content) == int(page.headers["content-length"])
    found = re.findall(r'<meta\s+(?:property|name)="((?:og|twitter):[^"]*)"\s+content="([^"]*)"', page.text)
    assert len(dict(found)) == len(found) == len(re.findall("og:|twitter:", page.text.split("<script")[0]))
    return {name: unescape(value) for name, value in found}


def test_a_link_is_introduced_by_its_own_faces(address):
    model = FaceModel(EMBEDDED)
    found = tags(address, f"v=1&seeds=12,40-55,1003&variation=0.8&w={model.id}")
    assert found["og:title"] == "SeedFaces" and found["twitter:card"] == "summary_large_image"
    assert found["og:description"] == "Every face is a number. Seeds 12, 40-55, 1003. None of these people exist."
    assert found["og:image"] == f"{address}/preview.jpg?v=1&seeds=12,40-55,1003&variation=0.8&w={model.id}"
    answer = httpx.get(found["og:image"], timeout=60)
    picture = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == "image/jpeg" and picture.format == "JPEG" and picture.size == (1200, 600)
    for place, wanted in enumerate(model.faces([12, 40, 41, 42, 43, 44, 45, 46], Look(0.8))):
        left, top = place % 4 * 300, place // 4 * 300
        shown = np.asarray(picture.crop((left, top, left + 300, top + 300)).resize((model.resolution,) * 2))
        assert np.abs(shown.astype(int) - wanted).mean() < 4
        assert np.abs(shown[:, ::-1].astype(int) - wanted).mean() > 4


@pytest.mark.parametrize(
    "query, size",
    [
        ("seeds=7", (600, 600)),
        ("seeds=7,8,9", (1200, 600)),
        ("seeds=1-5", (1200, 1200)),
        ("seeds=1-7", (1200, 800)),
        ("tab=morph&seeds=4,13", (1200, 600)),
        ("tab=about", (1200, 600)),
        ("", (1200, 600)),
        ("seeds=%00&variation=x", (1200, 600)),
    ],
)
def test_every_view_has_a_picture_without_gaps(address, query, size):
    found = tags(address, query)
    picture = np.asarray(Image.open(io.BytesIO(httpx.get(found["og:image"], timeout=60).content)))
    assert picture.shape[1::-1] == size and (picture.min(2) < 250).mean() > 0.8


def test_without_the_weights_there_is_no_picture_of_others(address):
    found = tags(address, "seeds=1-8&w=000000000000")
    assert "og:image" not in found and found["twitter:card"] == "summary"
    assert httpx.get(f"{address}/preview.jpg?seeds=1-8&w=000000000000").status_code == 404
    older = next((WEIGHTS / "older").iterdir()).name
    assert httpx.get(tags(address, f"seeds=1-8&w={older}")["og:image"], timeout=60).status_code == 200


def test_behind_a_proxy_the_picture_is_where_visitors_are(address):
    found = tags(address, "seeds=7", **{"x-forwarded-host": "faces.example.org", "x-forwarded-proto": "https"})
    assert found["og:image"].startswith("https://faces.example.org/preview.jpg?v=1&seeds=7&")


@pytest.mark.parametrize(
    "query, headers",
    [
        ("seeds=7%22%3E%3Cscript%3Ealert(1)%3C/script%3E&w=%22%3E%3Cscript%3Ealert(1)", {}),
        ("seeds=7", {"x-forwarded-host": 'a"><script>alert(1)</script>'}),
        ("seeds=7", {"host": 'a"><script>alert(1)</script>'}),
    ],
)
def test_nothing_of_a_request_gets_into_the_page_as_it_is(address, query, headers):
    page = httpx.get(f"{address}/?{query}", headers=headers, timeout=60)
    assert page.status_code == 400 or "og:description" in page.text and "<script>alert(1)" not in page.text


def test_a_description_is_one_line_of_a_sane_length():
    assert described(View(seeds=(7,))) == "Every face is a number. Seed 7. None of these people exist."
    assert described(View("morph", (4, 13, 17))) == "A morph. Seeds 4, 13, 17. None of these people exist."
    assert described(View("verdict", ())) == "Real or fake? None of these people exist."
    long = described(View(seeds=tuple(range(1, 4 * 10**9, 10**8))[:40]))
    assert 100 < len(long) < 180 and " … None of" in long
