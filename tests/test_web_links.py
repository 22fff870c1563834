"""The static page's modules in a real browser mean what their Python originals mean: links, points, words, latents."""

import hashlib
import json
import random

import numpy as np
import pytest
from conftest import ROOT

from gan import link, link_text
from gan.link import decode, encode
from gan.model import latents, point
from gan.model.directions import Directions, LocalDirections
from gan.model.look import ATTRIBUTES, Look
from gan.words import typed_points, word_seed

VECTORS = json.loads((ROOT / "tests" / "link_vectors.json").read_text(encoding="utf-8"))
WORDS = json.loads((ROOT / "tests" / "word_vectors.json").read_text(encoding="utf-8"))
DECODE = """async (queries) => {
  const [{ decode, encode }, { text }] = [await import("/static/link.js"), await import("/static/point.js")];
  return queries.map((query) => {
    const { view, notes } = decode(query);
    return { view: { ...view, seeds: view.seeds.map(text) }, link: encode(view), notes };
  });
}"""
TYPED = """async (texts) => {
  const [{ typedPoints, wordSeed }, { text }] = [await import("/static/words.js"), await import("/static/point.js")];
  return texts.map((typed) => {
    const { points, words, notes } = typedPoints(typed);
    return { seeds: points.map(text), words, notes, word: wordSeed(typed) };
  });
}"""


def in_python(query: str) -> dict:
    view, notes = decode(query)
    fields = {name: getattr(view, name) for name in ("tab", "weights", "frames", "loop")}
    look = {name: getattr(view.look, name) for name in ("variation", *ATTRIBUTES, "directions")}
    shown = {**fields, "seeds": list(map(str, view.seeds)), "look": look}
    return {"view": shown, "link": encode(view), "notes": notes}


def test_every_link_of_the_vectors_means_the_same(modules):
    found = modules.evaluate(DECODE, [vector["query"] for vector in VECTORS])
    assert len(found) == len(VECTORS) > 100
    for each, vector in zip(found, VECTORS):
        assert each == in_python(vector["query"]), vector["query"]
        assert (each["link"], each["notes"]) == (vector["link"], vector["notes"])
    again = modules.evaluate(DECODE, [each["link"] for each in found])
    assert [each["view"] for each in again] == [each["view"] for each in found]
    assert all(each["notes"] == [] for each in again)


PIECES = [
    *"v= tab= seeds= seed= variation= age= frames= loop= d= w= & &amp; = % + ? # ~ @ ( ) , ; . - – — … * ” 1 0".split(),
    *"12 4-9 7~8@0.5 4294967295 4294967296 0.0625 2.5 0.125 -0.005 1e5 @0,4 ~(1~2@.3)@0.7 99999999999".split(),
    *"gallery morph verdict about Morph 0b1c2d3e4f50 e933c29c64d6 false %3D %26 %C3%A9 %C3 %F0%9F%90%B1 3D =3D".split(),
    *"٣ ۴ 𝟘 ％ ～ ＠ ， 、 − é 🐱 ﬁ Ⅷ ² ½".split(),
    *["\u200b", "\u00ad", "\t", "\n", " ", "\x1f", "\x85", "\u00a0", "\u2028"],
]


def mutated(chance: random.Random) -> str:
    query = chance.choice(VECTORS)["query"] if chance.random() < 0.7 else ""
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(query))
        query = query[:at] + chance.choice(PIECES) + query[at + chance.randint(0, 2) :]
    return query


def test_changed_links_mean_the_same(modules):
    chance = random.Random(34)
    queries = [mutated(chance) for _ in range(1200)]
    found = modules.evaluate(DECODE, queries)
    for each, query in zip(found, queries):
        assert each == in_python(query), query
    assert sum(bool(each["notes"]) for each in found) > 240 and len({each["link"] for each in found}) > 60


def test_every_word_of_the_vectors_is_the_same_seed(modules):
    found = modules.evaluate(TYPED, [vector["word"].replace("\ud800", "") for vector in WORDS["words"]])
    assert [each["word"] for each in found] == [vector["seed"] for vector in WORDS["words"]]
    half = modules.evaluate("async () => (await import('/static/words.js')).wordSeed('ab\\ud800c')")
    assert half == word_seed("ab\ud800c")
    for each, vector in zip(modules.evaluate(TYPED, [vector["text"] for vector in WORDS["typed"]]), WORDS["typed"]):
        assert each["seeds"] == list(map(str, vector["seeds"])), vector
        assert (each["words"], each["notes"]) == (vector["words"], vector["notes"])


def test_what_people_type_means_the_same(modules):
    chance = random.Random(35)
    pieces = [
        *PIECES,
        "Ada",
        "Seed ",
        "seeds: #",
        "ſeed ",
        "ß",
        "ŉ",
        "Σ",
        "ς",
        "İ",
        "ı",
        "’",
        "花",
        "://",
        "/face/12.png?v=1",
    ]
    texts = ["".join(chance.choices(pieces, k=chance.randint(1, 7))) for _ in range(1000)]
    for each, text in zip(modules.evaluate(TYPED, texts), texts):
        seeds, words, notes = typed_points(text)
        expected = {"seeds": list(map(str, seeds)), "words": words, "notes": notes, "word": word_seed(text)}
        assert each == expected, text


def test_long_links_take_little_time(modules):
    """A view of 64 places is the longest; text that would take quadratic time takes none."""
    place = "~".join(["4294967295", *["4294967294@0.123"] * 7])
    longest = "seeds=" + ",".join([place] * 64)
    hostile = [
        "seeds=" + " " * 200_000 + "x",
        "seeds=" + "~" * 200_000,
        "seeds=" + "0-4294967295," * 2000,
        "&" * 200_000,
    ]
    for each, query in zip(modules.evaluate(DECODE, [longest, *hostile]), [longest, *hostile]):
        assert each == in_python(query), query[:30]


def test_sha256(modules):
    texts = ["x" * length for length in (0, 1, 55, 56, 63, 64, 65, 1000)]
    hex_digits = """async (texts) => {
      const { sha256 } = await import("/static/sha256.js");
      const digest = (text) => [...sha256(new TextEncoder().encode(text))];
      return texts.map((text) => digest(text).map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    }"""
    assert modules.evaluate(hex_digits, texts) == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


@pytest.mark.parametrize("dim", [100, 7])
def test_the_latent_of_a_seed_is_numpys(modules, dim):
    seeds = [*range(40), 123_456, 2**31 - 1, 2**31, 2**32 - 1]
    code = """async ([seeds, dim]) => {
      const { fromSeed } = await import("/static/latents.js");
      return seeds.map((seed) => [...fromSeed(seed, dim)]);
    }"""
    assert np.array_equal(np.float32(modules.evaluate(code, [seeds, dim])), latents.from_seeds(seeds, dim))


def local(size: int, units: int) -> LocalDirections:
    """Local directions of no meaning, strongly curved."""
    random = np.random.RandomState(1)
    of = {name: 0.1 * random.standard_normal(size + units).astype(np.float32) for name in ("age", "smile")}
    held = {name: 0.1 * random.standard_normal(size + units).astype(np.float32) for name in ("light", "skin")}
    hidden = 0.3 * random.standard_normal((units, size + 1)).astype(np.float32)
    return LocalDirections("", of, held, hidden, np.float32([1.5, 2]))


def test_places_and_moves_are_pythons(modules):
    texts = ["4~13@0.4", "4~13@0.4~(7~9@0.2)@0.5", "5~5@0.5", "1~2@0.5~3@0.5~4@0.5~5@0.5~6@0.5~7@0.5~8@0.999"]
    moves = np.random.RandomState(0).standard_normal((2, 100)).astype(np.float32)
    look = {"age": 1.5, "smile": -2, "hair": 1}  # there is no direction for hair
    both = Directions("", dict(zip(("age", "smile"), moves))), local(100, 20)
    code = """async ([texts, look, both]) => {
      const [{ ofPoint }, { moved }] = [await import("/static/latents.js"), await import("/static/directions.js")];
      const [{ parse }, { lookOf }] = [await import("/static/point.js"), await import("/static/look.js")];
      const places = texts.map((text) => ofPoint(parse(text).point, 100));
      const float32 = (part) => Object.fromEntries(Object.entries(part).map(([k, v]) => [k, Float32Array.from(v)]));
      const there = both.map(({ of, held, hidden, lengths }) => {
        const directions = { of: float32(of), held: float32(held), lengths };
        if (hidden) directions.hidden = Float32Array.from(hidden);
        return places.map((latent) => moved(latent, lookOf(look), directions));
      });
      return [places, ...there].map((all) => all.map((each) => [...each]));
    }"""
    sent = [
        {
            "of": {name: vector.tolist() for name, vector in each.of.items()},
            "held": {name: vector.tolist() for name, vector in getattr(each, "held", {}).items()},
            "hidden": each.hidden.ravel().tolist() if isinstance(each, LocalDirections) else None,
            "lengths": each.lengths.tolist() if isinstance(each, LocalDirections) else None,
        }
        for each in both
    ]
    places, *moved = np.array(modules.evaluate(code, [texts, look, sent]))
    expected = latents.from_points([point.parse(text)[0] for text in texts], 100)
    assert np.abs(places - expected).max() < 1e-5
    for along, there in zip(both, moved):
        assert np.abs(there - along.moved(expected, Look(**look))).max() < 1e-5 < 0.1 < np.abs(there - places).max()


def test_constants_are_pythons(modules):
    """What is written down twice is the same."""
    code = """async () => {
      const names = ["link", "link_text", "look", "point"];
      const all = Object.assign({}, ...(await Promise.all(names.map((name) => import(`/static/${name}.js`)))));
      return Object.fromEntries(Object.entries(all).filter(([, value]) => typeof value !== "function"));
    }"""
    found = modules.evaluate(code)
    limits = {name: range_._asdict() for name, range_ in link.LOOK.items()}
    assert found["ATTRIBUTES"] == list(ATTRIBUTES) and found["LOOK"] == limits
    assert found["FRAMES"] == {"least": link.FRAMES[0], "most": link.FRAMES[1], "decimals": 0}
    assert found["SEEDS"] == {tab: list(most) for tab, most in link.SEEDS.items()}
    assert found["FIRST_SEEDS"] == {tab: list(seeds) for tab, seeds in link.FIRST_SEEDS.items()}
    assert (found["SEED_LIMIT"], found["MOST_SEEDS"]) == (point.SEED_LIMIT, point.MOST_SEEDS)
    assert (found["AROUND"], found["LONGEST"]) == (link_text.AROUND, link_text.LONGEST)
