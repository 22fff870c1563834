"""Names of repos as people paste them."""

import pytest

from gan.hub_name import hub_name

PAGE = "https://huggingface.co/alice/faces-64"


@pytest.mark.parametrize(
    "pasted, name",
    [
        (PAGE, "alice/faces-64"),
        (f"{PAGE}/", "alice/faces-64"),
        (f"{PAGE}?library=x#how-to-use", "alice/faces-64"),
        (f"{PAGE}/tree/main", "alice/faces-64"),
        (f"{PAGE}/tree/g-e933c29c64d6", "alice/faces-64@g-e933c29c64d6"),
        (f"{PAGE}/blob/v1.0/config.json", "alice/faces-64@v1.0"),
        ("http://www.huggingface.co/alice/faces-64", "alice/faces-64"),
        ("huggingface.co/alice/faces-64", "alice/faces-64"),
        ("https://hf.co/alice/faces-64", "alice/faces-64"),
        ("https://huggingface.co/datasets/alice/faces-64", "alice/faces-64"),
        ("https://huggingface.co/datasets/alice/faces-64/viewer/default/train", "alice/faces-64"),
        ("https://huggingface.co/spaces/alice/faces-64", "alice/faces-64"),
        ("hf://alice/faces-64@v2", "alice/faces-64@v2"),
        (" alice/faces-64\n", "alice/faces-64"),
    ],
)
def test_the_page_of_a_repo_is_its_name(pasted, name):
    assert hub_name(pasted) == name


@pytest.mark.parametrize(
    "other",
    [
        "alice/faces-64@v2",
        "faces",
        "runs/faces",
        "/tmp/faces",
        "https://example.com/alice/faces",
        "a b/c",
        "https://huggingface.co/datasets/faces",
        f"{PAGE}/a/b",
        "",
    ],
)
def test_everything_else_stays(other):
    assert hub_name(other) == other
