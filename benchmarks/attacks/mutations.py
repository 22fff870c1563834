"""Files as somebody with bad intentions, or a failing disk, would change them."""

import copy
import io
import json
import pickle
import zipfile

import numpy as np
import torch

RAN = "SEEDFACES_PICKLE_RAN"  # the variable that a hostile pickle sets when it is run
_NUMBERS = [True, -1, 0, 0.5, 64, 2**31, 2**63, 10**400, 1e308, float("nan"), float("-inf")]
_WORDS = ["", "none", "batch", "../x", "/etc/passwd", "\x00", "\ud800", "{}", "1e9", "F16", "x" * 5000]
JUNK = [None, *_NUMBERS, *_WORDS, [], [None], [[1]], [2**40] * 3, [0, 2**62], {}, {"": None}, {"x": {"y": []}}]
# of safetensors, and how many bytes a number takes; PyTorch lacks some of them
_TYPES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8, "F4": 1, "F6_E2M3": 1, "NO": 1,
}  # fmt: skip


class Evil:
    """A pickle that runs code when it is read."""

    def __reduce__(self):
        return exec, (f"import os; os.environ[{RAN!r}] = '1'",)


def some(random: np.random.RandomState, values):
    """One of some values, in any sequence."""
    return values[random.randint(len(values))]


def damaged(content: bytes, random: np.random.RandomState) -> bytes:
    """A file of any kind, with some bytes changed, missing or added, or something else in its place."""
    kind, size = random.randint(8), len(content)
    if kind < 3:  # mostly where the beginning describes the rest
        changed = bytearray(content)
        for _ in range(random.randint(1, 9)):
            changed[random.randint(some(random, [min(size, 9), min(size, 2000), size]))] = random.randint(256)
        return bytes(changed)
    if kind == 3:
        return content[: random.randint(size)]
    if kind == 4:
        return content + random.bytes(random.randint(1, 5000))
    if kind == 5:
        start, stop = sorted(random.randint(size, size=2))
        return content[:start] + some(random, [b"", content[start:stop] * 2, bytes(stop - start)]) + content[stop:]
    if kind == 6:
        return random.bytes(random.randint(5000))
    evil = io.BytesIO()
    torch.save({"training": Evil(), "identity": {}}, evil)
    others = [b"", b"version https://git-lfs", b"<!doctype html>", b"null", b"[" * 10**5, pickle.dumps(Evil())]
    return some(random, [*others, evil.getvalue(), bytes(size), b"\xff" * size])


def places(value, above: tuple = ()) -> list[tuple]:
    """Where in nested lists and mappings a value can be replaced, as the keys that lead there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in items for place in ((*above, key), *places(child, (*above, key)))]


def with_junk(value, random: np.random.RandomState, junk: list = JUNK):
    """Nested lists and mappings with one to three values replaced, taken out or moved."""
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 4)):
        depth = random.randint(1, 6)  # most places are deep; this makes the upper ones as likely
        found = [place for place in places(value) if len(place) <= depth] or [("new",)]
        *above, key = some(random, found)
        parent = value
        for step in above:
            parent = parent[step]
        kind = random.randint(4)
        if kind < 2 or key not in (parent if isinstance(parent, dict) else range(len(parent))):
            parent[key] = copy.deepcopy(some(random, junk))
        elif kind == 2:
            del parent[key]
        else:
            source = value
            for step in some(random, found):
                source = source[step] if isinstance(source, (dict, list)) and step in _keys(source) else source
            parent[key] = copy.deepcopy(source)
    return value


def _keys(value):
    return value if isinstance(value, dict) else range(len(value))


def config(content: bytes, random: np.random.RandomState) -> bytes:
    """A config.json with anything in it."""
    kind = random.randint(10)
    if kind < 7:
        return json.dumps(with_junk(json.loads(content), random)).encode()
    if kind < 9:
        return damaged(content, random)
    # as large as it may be, and larger in memory
    many = some(random, [b"[],", b"{},", b'{"a":1},', b'"\xc3\xa9",', b"1e9,", b'"\\u0000",']) * random.randint(
        1, 10**6
    )
    return content.rstrip()[:-1] + b', "new": [' + many[:-1] + b"]}"


def tensors(content: bytes, random: np.random.RandomState) -> bytes:
    """A file of safetensors with anything in its header or its data."""
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    kind, name = random.randint(10), some(random, [name for name in header if name != "__metadata__"])
    if kind < 2:
        return damaged(content, random)
    if kind < 5:
        return _joined(with_junk(header, random), data)
    if kind == 5:  # another type for as many bytes
        entry, (start, stop) = header[name], header[name]["data_offsets"]
        entry["dtype"] = some(random, list(_TYPES))
        numbers = (stop - start) // _TYPES[entry["dtype"]]
        entry["shape"] = some(random, [entry["shape"], [numbers], [1, numbers], [numbers, 1, 1]])
        return _joined(header, data)
    if kind == 6:  # numbers that no network has
        start, stop = header[name]["data_offsets"]
        return _joined(header, data[:start] + some(random, [b"\xff", b"\x7c", b"\x7f"]) * (stop - start) + data[stop:])
    if kind == 7:  # tensors that take no space in the file
        shape = some(random, [[0], [0, 2**62], [2**40, 0], [0] * 200])
        empty = {"dtype": "F16", "shape": shape, "data_offsets": [len(data), len(data)]}
        return _joined({**header, **{f"{number}": empty for number in range(random.randint(1, 50_000))}}, data)
    if kind == 8:
        said = some(random, [*JUNK, {"seedfaces": some(random, ["{}", "[" * 5000, "x" * 10**6, '{"variation": {}}'])}])
        return _joined({**header, "__metadata__": said}, data)
    lengths = [0, 1, length - 1, length + 1, len(content), 10**8, 2**31, 2**63 - 1, 2**64 - 1]
    return some(random, lengths).to_bytes(8, "little") + content[8:]


def _joined(header, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def checkpoint(content: bytes, random: np.random.RandomState) -> bytes:
    """A checkpoint with anything in it."""
    kind = random.randint(6)
    if kind < 2:
        return damaged(content, random)
    if kind < 4:
        state = torch.load(io.BytesIO(content), weights_only=True)
        junk = [*JUNK, torch.zeros(3), torch.full((16,), float("nan")), torch.zeros(2, dtype=torch.int64), Evil()]
        changed = io.BytesIO()
        torch.save(with_junk(state, random, junk), changed)
        return changed.getvalue()
    # the zip file's parts, packed again, so that its checksums are right
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = some(random, [name for name in parts if name.endswith("data.pkl")]) if kind == 4 else some(random, [*parts])
    change = random.randint(4)
    if change == 0:
        del parts[name]
    elif change == 1 and name.endswith("data.pkl"):
        parts[name] = pickle.dumps(Evil(), 2)
    elif change == 2:
        parts[name] = bytes(random.randint(1, 3 * 10**8))  # compressed: a bomb
    else:
        parts[name] = damaged(parts[name] or b"x", random)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", some(random, [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()
