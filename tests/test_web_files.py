"""Files that the static page cannot use, in a real browser: one sentence for each, and neither a wait nor gigabytes."""

import hashlib
import json
import re
import struct

import numpy as np

FAULT = """async (options) => {
  const { Faces } = await import("/static/faces.js");
  const { lookOf } = await import("/static/look.js");
  const moved = async (faces) => void (await faces.draw([4], lookOf({ age: 1 }))); // directions are read when needed
  return Faces.open(options).then((faces) => moved(faces).finally(() => faces.close())).catch((error) => error.message);
}"""

TINY = {"latent_dim": 8, "resolution": 16, "skips": False, "widths": [16, 8]}
BYTES = {"F16": 2, "F32": 4, "I64": 8}


def file_of(model: dict | None = None, tensors: dict | None = None, variation: str = "scale_latent") -> bytes:
    """A safetensors file of a tiny generator, all zeros, with changes; a tensor that is None is left out."""
    model = {**TINY, **(model or {})}
    shapes = {"project.weight": [256, 8], "steps.0.0.weight": [16, 8, 4, 4], "to_rgb.weight": [8, 3, 4, 4]}
    for name, width in (("project_norm", 16), ("steps.0.1", 8)):
        shapes |= {f"{name}.{part}": [width] for part in ("weight", "bias", "running_mean", "running_var")}
        shapes[f"{name}.num_batches_tracked"] = []
    shapes |= tensors or {}
    header = {"__metadata__": {"seedfaces": json.dumps({"model": model, "variation": variation})}}
    at = 0
    for name, shape in shapes.items():
        if shape is not None:
            dtype = "I64" if name.endswith("tracked") else "F16" if len(shape) > 1 else "F32"
            start, at = at, at + BYTES[dtype] * int(np.prod(shape))
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, at]}
    return beside(json.dumps(header).encode()) + bytes(at)


def beside(header: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header


def wide() -> bytes:
    """4.3 GB of features by a file of half a megabyte."""
    widths = [1, 1, 1, 1, 1, 1, 1, 4096]
    tensors = {"project.weight": [16, 8], "to_rgb.weight": [4096, 3, 4, 4]}
    for name, width in (("project_norm", 1), *((f"steps.{k}.1", width) for k, width in enumerate(widths[1:]))):
        tensors |= {f"{name}.{part}": [width] for part in ("weight", "bias", "running_mean", "running_var")}
        tensors[f"{name}.num_batches_tracked"] = []
    tensors |= {f"steps.{k}.0.weight": [1, width, 4, 4] for k, width in enumerate(widths[1:])}
    return file_of({"resolution": 1024, "widths": widths}, tensors)


DAMAGED, UNKNOWN = "is damaged or cut short: copy it again", "does not say in its header how it is built"
DIFFERS, FINITE = "does not fit its own header: .+ differs in name, shape or type", "holds numbers that are not finite"
GOOD = file_of()
FIRST = 8 + int.from_bytes(GOOD[:8], "little")  # where the first tensor begins
FAULTY = {
    "empty": (b"", DAMAGED),
    "cut": (GOOD[:-1], DAMAGED),
    "longer": (GOOD + b"0", DAMAGED),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n", "is a Git LFS pointer"),
    "page": (b"<!doctype html><title>Not found</title>", DAMAGED),
    "no header": (beside(b"{}"), UNKNOWN),
    "huge header": (beside(b"{}", 2**63), DAMAGED),
    "no json": (beside(b"{"), DAMAGED),
    "deep json": (beside(b"[" * 900_000), DAMAGED),
    "a list": (beside(b"[]"), UNKNOWN),
    "null": (beside(b"null"), DAMAGED),
    "no shape": (beside(b'{"a": {"dtype": "F16", "data_offsets": [0, 0]}}'), DAMAGED),
    "negative": (beside(b'{"a": {"dtype": "F16", "shape": [-1, -1], "data_offsets": [0, 2]}}') + b"00", DAMAGED),
    "bf16": (beside(b'{"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}') + b"00", DAMAGED),
    "overlap": (re.sub(rb'"data_offsets": \[0, 4096\]', b'"data_offsets": [4, 4100]', GOOD), DAMAGED),
    "newer": (file_of(variation="of another kind"), UNKNOWN),
    "a billion pixels": (file_of({"resolution": 10**9}), UNKNOWN),
    "no pixels": (file_of({"resolution": 0}), UNKNOWN),
    "half a pixel": (file_of({"resolution": 16.5}), UNKNOWN),
    "a word": (file_of({"resolution": "16"}), UNKNOWN),
    "few widths": (file_of({"widths": [16]}), UNKNOWN),
    "no widths": (file_of({"widths": None}), UNKNOWN),
    "wide": (file_of({"widths": [16, 8000]}), UNKNOWN),
    "slow": (file_of({"resolution": 1024, "widths": [4096] * 8}), "is too large for this page"),
    "memory": (wide(), "These weights need more memory than this page may use"),
    "other shape": (file_of(tensors={"to_rgb.weight": [3, 8, 4, 4]}), DIFFERS),
    "missing": (file_of(tensors={"to_rgb.weight": None}), DIFFERS),
    "more": (file_of(tensors={"constructor": [1]}), DIFFERS),
    "proto": (file_of(tensors={"__proto__": [1]}), DIFFERS),
    "skips": (file_of({"skips": True}), DIFFERS),
    "not a number": (GOOD[:FIRST] + b"\x00\x7e" + GOOD[FIRST + 2 :], FINITE),
    "infinite": (GOOD[: FIRST + 8960] + b"\x00\x00\x80\x7f" + GOOD[FIRST + 8964 :], FINITE),  # project_norm.weight
    "too large": (bytes(65 * 10**6), "is larger than 64 MB"),
}


def test_a_faulty_file_gets_one_sentence(modules, static_files):
    def fault(name: str, content: bytes, **options) -> str | None:
        (static_files / name).write_bytes(content)
        return modules.evaluate(FAULT, {"generator": f"/{name}", "workers": 1, **options})

    assert fault("good", GOOD) is None and fault("good", GOOD, id=hashlib.sha256(GOOD).hexdigest()[:12]) is None
    other = fault("good", GOOD, id="0" * 12)
    assert re.fullmatch(r"/good has changed: it is [0-9a-f]{12}, not 0{12}\. Its faces would be others\.", other)
    found = {name: fault(name, content) for name, (content, _) in FAULTY.items()}
    for name, (_, sentence) in FAULTY.items():
        expected = rf"/{name} {sentence}[^\n]*\." if name != "memory" else rf"{sentence}[^\n]*\."
        assert re.fullmatch(expected, found[name] or ""), (name, found[name])


def test_faulty_directions_get_one_sentence(modules, static_files):
    """Those of a newer version are left out."""
    vector = {"dtype": "F32", "shape": [100], "data_offsets": [0, 400]}
    files = {"newer": {"freckles": vector}, "other": {"age": {**vector, "shape": [10, 10]}}, "cut": {"age": vector}}
    found = {}
    for name, header in files.items():
        (static_files / f"{name}.safetensors").write_bytes(
            beside(json.dumps(header).encode()) + bytes(400 - (name == "cut"))
        )
        options = {"generator": "/weights/faces-64/generator.safetensors", "workers": 1}
        found[name] = modules.evaluate(FAULT, {**options, "directions": f"/{name}.safetensors"})
    assert found == {
        "newer": None,
        "other": "/other.safetensors does not fit the generator beside it: age differs in shape or type.",
        "cut": "/cut.safetensors is damaged or cut short: copy it again.",
    }


def test_what_cannot_be_fetched_gets_one_sentence(modules):
    def fault(generator: str) -> str:
        return modules.evaluate(FAULT, {"generator": generator, "workers": 1})

    assert fault("/nowhere") == "/nowhere cannot be had: the server answers 404."
    assert "cannot be reached: look at the address" in fault("http://127.0.0.1:9/x") and "cannot be reached" in fault(
        "http://["
    )
