import torch

from gan.train.generator import augment


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_flip_mirrors_about_half():
    pictures = torch.rand(400, 3, 4, 4)
    flipped = augment.flip(pictures, random())
    mirrored = (flipped == pictures.flip(3)).all((1, 2, 3))
    assert ((flipped == pictures).all((1, 2, 3)) | mirrored).all()
    assert 160 < mirrored.sum() < 240


def test_no_probability_no_change():
    pictures = torch.rand(8, 3, 16, 16)
    assert augment.augment(pictures, 0.0, random()) is pictures


def test_probability_is_the_share_that_changes():
    pictures = torch.rand(1000, 3, 8, 8) * 2 - 1
    for change in (augment.colour, augment.shift):
        changed = (change(pictures, 0.3, random()) != pictures).any(3).any(2).any(1).float().mean()
        assert 0.2 < changed < 0.35, change  # a shift by nothing counts as unchanged: 1 in 9
        assert (change(pictures, 1.0, random()) != pictures).any(3).any(2).any(1).float().mean() > 0.8


def test_only_some_pictures_are_touched():
    """Only the chosen pictures are computed; their share is the probability on average, even in a small batch."""
    pictures, looked_at = torch.rand(64, 3, 16, 16) * 2 - 1, []
    augment._to_some(lambda some, *_: looked_at.append(len(some)) or some, pictures, 0.1, random())
    assert looked_at == [7]
    source, changed = random(), 0
    for _ in range(400):
        few = augment._to_some(augment.colour, pictures[:2], 0.2, source)
        changed += (few != pictures[:2]).any(3).any(2).any(1).sum().item()
    assert 120 < changed < 200
    assert augment.augment(pictures, 0.3, random()).is_contiguous(memory_format=torch.channels_last)


def test_the_others_stay_and_gradients_reach_all():
    pictures = (torch.rand(10, 3, 8, 8) * 2 - 1).requires_grad_()
    augmented = augment.augment(pictures, 0.4, random())
    same = (augmented == pictures).all(3).all(2).all(1)
    assert 3 <= same.sum() <= 8
    (gradient,) = torch.autograd.grad(augmented.square().sum(), pictures, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), pictures)
    assert torch.allclose(gradient[same], 2 * pictures[same]) and torch.allclose(second[same], torch.tensor(2.0))
    assert not torch.allclose(gradient[~same], 2 * pictures[~same])


def test_a_shift_moves_whole_pixels_and_fills_with_zeros():
    pictures = torch.rand(200, 3, 24, 24) + 1
    shifted = augment.shift(pictures, 1.0, random())
    seen = set()
    for before, after in zip(pictures, shifted):
        rows, columns = (after[0] != 0).any(1).nonzero().squeeze(1), (after[0] != 0).any(0).nonzero().squeeze(1)
        down = int(rows[0]) if rows[0] else int(rows[-1]) - 23
        right = int(columns[0]) if columns[0] else int(columns[-1]) - 23
        seen.add((down, right))
        source = before[:, max(0, -down) : 24 - max(0, down), max(0, -right) : 24 - max(0, right)]
        target = after[:, max(0, down) : 24 - max(0, -down), max(0, right) : 24 - max(0, -right)]
        assert torch.equal(source, target)
        assert torch.count_nonzero(after) == source.numel()
    assert {down for down, _ in seen} == {right for _, right in seen} == set(range(-3, 4))


def test_shift_has_exact_first_and_second_derivatives():
    pictures = torch.rand(3, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    offsets = torch.tensor([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]], dtype=torch.float64)
    shift = lambda x: augment._Shift.apply(x, offsets)  # noqa: E731
    assert torch.autograd.gradcheck(shift, pictures)
    assert torch.autograd.gradgradcheck(shift, pictures)


def test_colour_stays_within_its_ranges():
    grey = torch.full((500, 3, 4, 4), 0.25)
    brightness = augment.colour(grey, 1.0, random()).mean((1, 2, 3)) - 0.25
    assert -0.5 <= brightness.min() < -0.45 and 0.45 < brightness.max() <= 0.5  # contrast leaves a flat picture alone
    colourful = torch.zeros(500, 3, 4, 4)
    colourful[:, 0], colourful[:, 2] = 0.5, -0.5
    span = augment.colour(colourful, 1.0, random()).amax((1, 2, 3)) - augment.colour(colourful, 1.0, random()).amin(
        (1, 2, 3)
    )
    assert span.min() < 0.1 and 2.0 < span.max() <= 3.0  # saturation up to 2, contrast up to 1.5


def test_the_same_generator_draws_the_same():
    pictures = torch.rand(16, 3, 16, 16)
    assert torch.equal(augment.augment(pictures, 0.5, random(3)), augment.augment(pictures, 0.5, random(3)))
    assert not torch.equal(augment.augment(pictures, 0.5, random(3)), augment.augment(pictures, 0.5, random(4)))
