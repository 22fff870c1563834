"""Points: one spelling for each, and a text is a point or refused."""

import pytest

from gan.model.point import MOST_SEEDS, SEED_LIMIT, Place, between, parse, seeds_of

CHAIN = Place(Place(4, 13, 0.4), 99, 0.2)


@pytest.mark.parametrize(
    "text, point",
    [
        ("4", 4),
        ("4~13@0.4", Place(4, 13, 0.4)),
        ("4~13@0.4~99@0.2", CHAIN),
        ("4~(13~99@0.2)@0.4", Place(4, Place(13, 99, 0.2), 0.4)),
        ("4~13@0.4~(7~9@0.2)@0.5", Place(Place(4, 13, 0.4), Place(7, 9, 0.2), 0.5)),
        ("5~5@0.001", Place(5, 5, 0.001)),
        (f"0~{SEED_LIMIT - 1}@0.999", Place(0, SEED_LIMIT - 1, 0.999)),
    ],
)
def test_a_point_has_one_spelling(text, point):
    assert parse(text) == (point, True) and str(point) == text


@pytest.mark.parametrize(
    "text, point, exact",
    [
        ("(4~13@0.4)~99@0.2", CHAIN, True),
        ("((4))~(13)@.4~(99)@0.200", CHAIN, True),
        ("4~13@0.30000000000000004", Place(4, 13, 0.3), True),  # as programs add 0.1 and 0.2
        ("4~13@0", 4, True),
        ("4~13@1.0", 13, True),
        ("4~13@0~99@0.2", Place(4, 99, 0.2), True),
        ("4~13@0.1234", Place(4, 13, 0.123), False),
        ("4~13@0.0001", 4, False),
        ("4~13@1.5", 13, False),
        ("4~13@40", 13, False),
        ("4~13@-0.1~99@0.2", Place(4, 99, 0.2), False),
    ],
)
def test_other_spellings_are_understood(text, point, exact):
    assert parse(text) == (point, exact)


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "4~", "~4", "4~13", "4~13@", "4@0.5", "4~13@0.4~", "(4~13@0.4", "4~13@0.4)", "()", "4~()@0.5"]
    + ["4 ~13@0.4", "4~13@0.4.5", "4~13@nan", "4~13@1e-1", "4~13@0,4", "4~٣@0.4", f"4~{SEED_LIMIT}@0.5", "4" * 5000]
    + ["(" * 5000, "1" + "".join(f"~{seed}@0.5" for seed in range(MOST_SEEDS))],
)
def test_everything_else_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


def test_a_place_has_at_most_eight_seeds():
    point = 1
    for seed in range(2, MOST_SEEDS + 1):
        point = Place(seed, point, 0.5)
    assert seeds_of(point) == (8, 7, 6, 5, 4, 3, 2, 1) and parse(str(point)) == (point, True)
    with pytest.raises(ValueError):
        Place(point, 9, 0.5)


@pytest.mark.parametrize(
    "wrong", [(1, 2, 0.0), (1, 2, 1.0), (1, 2, 0.1234), (1, 2, 1.5), (-1, 2, 0.5), (1, 2**32, 0.5)]
)
def test_places_without_a_spelling_cannot_be_made(wrong):
    with pytest.raises(ValueError):
        Place(*wrong)


def test_between_ends_at_the_ends():
    assert between(4, CHAIN, 0) == between(4, CHAIN, 0.0004) == 4 and between(4, CHAIN, 1) == CHAIN
    assert between(4, 13, 1 / 16) == Place(4, 13, 0.062) and between(4, 13, 11 / 32) == Place(4, 13, 0.344)
