"""Relatives of a face: the same for everybody, for good."""

import pytest

from gan.model.point import Place, seeds_of
from gan.serve.relatives import relatives

CHAIN = Place(Place(4, 13, 0.4), 99, 0.2)


@pytest.mark.parametrize("point", [0, 1003, 2**32 - 1, CHAIN])
def test_a_face_has_eight_different_relatives(point):
    found = relatives(point, 0.25)
    assert [(each.left, each.t) for each in found] == [(point, 0.25)] * 8
    ways = [each.right for each in found]
    assert len(set(ways)) == 8 and all(0 <= seed < 10_000 for seed in ways) and not {*ways} & {*seeds_of(point)}
    assert [each.right for each in relatives(point, 0.45)] == ways  # farther along the same ways


def test_they_are_always_the_same():
    assert [each.right for each in relatives(1003, 0.25)] == [587, 2227, 6944, 5137, 7449, 7619, 4119, 3290]
    # `printf "4~13@0.25 0" | sha256sum` begins with 49a25651, which is 1235375697
    assert relatives(Place(4, 13, 0.25), 0.25)[0].right == 5697


def test_a_seed_of_the_face_is_left_out():
    first = relatives(1003, 0.25)[0].right
    crowded = Place(first, 1003, 0.5)
    assert all(each.right not in (first, 1003) for each in relatives(crowded, 0.25))


def test_eight_seeds_are_the_most():
    point = 1
    for generation in range(7):
        assert len(relatives(point, 0.25)) == 8, generation
        point = relatives(point, 0.25)[0]
    assert len(seeds_of(point)) == 8 and relatives(point, 0.25) == []
