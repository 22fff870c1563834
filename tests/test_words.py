"""Words where people type seeds."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan.link import FIRST_SEEDS, SEED_LIMIT, decode, parse_points
from gan.model.point import Place
from gan.words import typed_points, word_seed

WORDS = json.loads((Path(__file__).parent / "word_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", WORDS["words"], ids=lambda vector: ascii(vector["word"]))
def test_a_word_keeps_its_seed(vector):
    assert word_seed(vector["word"]) == vector["seed"]


def test_the_seed_of_a_word_is_the_start_of_a_sha256():
    """`printf "ADA LOVELACE" | sha256sum` begins with bbdd1f85."""
    assert word_seed("Ada Lovelace") == 0xBBDD1F85
    seeds = [word_seed(f"name {number}") for number in range(2000)]
    assert len(set(seeds)) == 2000 and 0.45 < np.mean(seeds) / SEED_LIMIT < 0.55


@settings(max_examples=400)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="ı\u0345"), min_size=1),
    st.sampled_from([str.upper, str.lower, str.casefold]),
)
def test_case_space_and_encoding_of_a_word_do_not_matter(word, change):
    assert 0 <= word_seed(word) < SEED_LIMIT
    for form in ("NFC", "NFD"):
        assert word_seed(unicodedata.normalize(form, word)) == word_seed(word)
    # but for the Turkish ı, which casefold keeps, and the Greek iota below, which becomes a letter above other marks
    assert word_seed(f"\t {change(word)}\u00a0 ") == word_seed(word)


@pytest.mark.parametrize("vector", WORDS["typed"], ids=lambda vector: ascii(vector["text"]))
def test_what_people_type(vector):
    seeds, words, notes = typed_points(vector["text"])
    assert (list(seeds), words, notes) == (vector["seeds"], vector["words"], vector["notes"])


@given(st.text(alphabet="0123456789,;- –.\t"))
def test_typed_numbers_mean_what_they_mean_in_a_link(text):
    seeds, notes = parse_points(text)
    assert typed_points(text) == (seeds, [], [note.replace("4294967295.", "4294967295, or words.") for note in notes])


def test_a_link_holds_no_words():
    assert decode("seeds=Ada")[0].seeds == FIRST_SEEDS["gallery"] and "“Ada” is not a seed" in decode("seeds=Ada")[1][0]


def test_words_that_do_not_fit_are_left_out():
    seeds, words, notes = typed_points("a, b, c", 2)
    assert seeds == (word_seed("a"), word_seed("b")) and notes == ["Only 2 faces fit. These are the first 2."]
    assert words == [f"“a” is seed {word_seed('a')}. “b” is seed {word_seed('b')}."]


def test_places_are_typed_as_in_a_link():
    """`seed` before it is how the page's headings say it; a part with a letter elsewhere is a word, as ever."""
    place = Place(4, 13, 0.4)
    assert typed_points("4~13@0.4, Ada, Seed 4 ~ 13 @ 0.4")[0] == (place, word_seed("Ada"), place)
    assert typed_points("Ada~13@0.4")[0] == (word_seed("Ada~13@0.4"),)
    assert typed_points("4~13")[2] == ["“4~13” is not a place between two faces. Write, for example, 4~13@0.4."]
    assert typed_points("4~13@0,4") == ((4, 4), [], [COMMA]) == (*typed_points("4~13@0, 4")[:2], [COMMA])
    assert typed_points("4~13@0, 9~7@0.5")[2] == []


COMMA = "A comma separates faces. Write a place between two with a point, as 4~13@0.4."
