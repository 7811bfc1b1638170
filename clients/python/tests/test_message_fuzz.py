"""Fuzzes decode_message, and everything that a reader gets from a frame except its pixels.

As a test: the corpus in test/corpus/wire, then mutations of it for FUZZ_SECONDS; FUZZ_SEED=N for others.
With libFuzzer (pip install atheris): CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parents[2] / "test/corpus/wire"
SECONDS = float(os.environ.get("FUZZ_SECONDS", "2.5"))
JPEG = b"\xff\xd8\xff\xd9"


def framed(header: bytes) -> bytes:
    return b"a\0" + len(header).to_bytes(4, "little") + header + JPEG


def judged(data: bytes) -> bool:
    """Decodes to a valid frame or a MessageError, and nothing else."""
    from framegate import Frame, MessageError, decode_message
    from framegate._reader import _Topic

    try:
        message = decode_message(data)
    except MessageError as error:
        assert 0 < len(str(error)) < 200
        return False
    topic, header, jpeg = message
    assert topic.isascii() and "\0" not in topic and len(topic) < 256
    length = int.from_bytes(data[len(topic) + 1 :][:4], "little")
    assert data[: len(topic) + 1] == topic.encode() + b"\0" and data[len(topic) + 5 + length :] == jpeg
    assert jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9"
    # Programs print it, and use it in file names.
    assert header.camera.isascii() and header.camera.replace("-", "_").replace("_", "a").isalnum()
    for value, least in [*((v, 1) for v in header[2:6]), *((v, 0) for v in (header.seq, *header[6:8]))]:
        assert type(value) is int and least <= value < 2**63
    assert header.run is None or (header.run.isascii() and 1 <= len(header.run) <= 64)
    assert header.captured_at_us is None or type(header.captured_at_us) is int
    frame = Frame(*message)
    assert isinstance(frame.age_ms, float) and abs(frame.age_ms) < 1e17 and repr(frame)
    state = _Topic(topic, None)
    accepted = state.accept(data, True)
    assert accepted is not None and accepted.header == header and state.accept(data, True) is None and state.missed == 0
    return True


def one_input(data: bytes) -> None:
    judged(data)
    judged(framed(data))


def corpus() -> list[bytes]:
    return [path.read_bytes() for path in sorted(CORPUS.iterdir())]


def mutated(inputs: list[bytes], rng: random.Random) -> bytes:
    data = bytearray(rng.choice(inputs))
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(data))
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at : at + rng.randint(1, 8)]
        elif kind == 4:
            data[at:at] = rng.choice(
                [b"\0", b"\xff", b"0", b"9" * 30, b"-", b'"', b"\\u0000", b"[", b"{", b"null", b"1e9"]
            )
        else:
            other = rng.choice(inputs)
            start = rng.randint(0, len(other))
            data[at:at] = other[start : start + rng.randint(1, 200)]
    data = data[:65536]
    nul = data.find(b"\0")
    end = data.find(b"\xff\xd8")
    # Most changes would fail at the length check, so half of the time correct the length.
    if 0 <= nul < end - 5 and rng.random() < 0.5:
        data[nul + 1 : nul + 5] = (end - nul - 5).to_bytes(4, "little")
    return bytes(data)


def test_the_corpus() -> None:
    names = [path.name for path in sorted(CORPUS.iterdir())]
    read = {name for name in names if judged((CORPUS / name).read_bytes())}
    assert read == {n for n in names if n.startswith("encoded-")} | {
        "header-no-run",
        "header-twice",
        "header-unknown-keys",
    }
    for data in corpus():
        one_input(data)


def test_mutations_of_the_corpus() -> None:
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    rng, inputs = random.Random(seed), corpus()
    end, frames, count = time.monotonic() + SECONDS, 0, 0
    while time.monotonic() < end:
        data = mutated(inputs, rng)
        try:
            frames += judged(data)
            judged(framed(data))
        except Exception as error:
            raise AssertionError(f"FUZZ_SEED={seed}, input {count}: {data!r}") from error
        count += 1
    print(f"{count} inputs, {frames} of them frames")
    # Mutations that never pass would test only the first check.
    assert frames > count // 100


if __name__ == "__main__":
    import atheris

    sys.path.insert(0, str(HERE.parent))
    with atheris.instrument_imports(include=["framegate", "json"]):
        import framegate._reader  # noqa: F401
    atheris.Setup(sys.argv, atheris.instrument_func(one_input))
    atheris.Fuzz()
