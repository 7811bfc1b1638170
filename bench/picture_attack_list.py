"""The attacks of bench/picture_attacks.py with H.264."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import picture_streams as ps
from picture_streams import Bits, Packet, Stream, gray, h264, key, pps, same, sps

GRAY = 130


class Attack(NamedTuple):
    stream: Callable[[], Stream]
    expected: int | None = GRAY  # The gray of its pictures; None: the pattern of a real encoder.


ATTACKS: dict[str, Attack] = {}


def attack(name: str, stream: Callable[[], Stream], expected: int | None = GRAY) -> None:
    ATTACKS[name] = Attack(stream, expected)


def of_sps(name: str, make: Callable[[], bytes], width_mbs: int = 20, height_mbs: int = 15) -> None:
    attack(name, lambda: h264(lambda: gray([make(), pps()], width_mbs, height_mbs)))


# ---- H.264: parameter sets ----


def timing(ticks: int, scale: int, fixed: int = 1) -> Callable[[Bits], object]:
    return lambda bits: bits.u(4, 0).u(1, 1).u(32, ticks).u(32, scale).u(1, fixed).u(4, 0)


def buffering(reorder: int, pictures: int) -> Callable[[Bits], object]:
    return lambda bits: bits.u(8, 0).u(1, 1).u(1, 1).ue(0).ue(0).ue(10).ue(10).ue(reorder).ue(pictures)


of_sps("h264 plain", lambda: sps(20, 15))
of_sps("h264 num_units_in_tick 0", lambda: sps(20, 15, vui=timing(0, 0)))
of_sps("h264 time_scale huge", lambda: sps(20, 15, vui=timing(1, 0xFFFFFFFF)))
of_sps("h264 num_units_in_tick huge", lambda: sps(20, 15, vui=timing(0xFFFFFFFF, 1)))
of_sps(
    "h264 max_dec_frame_buffering 16",
    lambda: sps(20, 15, references=16, vui=buffering(16, 16)),
)
of_sps("h264 max_dec_frame_buffering 255", lambda: sps(20, 15, vui=buffering(255, 255)))
of_sps("h264 reorder 4e9", lambda: sps(20, 15, vui=buffering(0xFFFFFFFE, 0xFFFFFFFE)))
of_sps(
    "h264 SAR 0:0",
    lambda: sps(20, 15, vui=lambda bits: bits.u(1, 1).u(8, 255).u(32, 0).u(8, 0)),
)
of_sps(
    "h264 SAR 65535:1",
    lambda: sps(20, 15, vui=lambda bits: bits.u(1, 1).u(8, 255).u(16, 65535).u(16, 1).u(8, 0)),
)
of_sps("h264 VUI cut", lambda: sps(20, 15, vui=lambda bits: bits.u(1, 1).u(8, 255)))
of_sps(
    "h264 HRD of 4e9 schedules",
    lambda: sps(20, 15, vui=lambda bits: bits.u(5, 0).u(1, 1).ue(0xFFFFFFFE).u(8, 0)),
)
of_sps(
    "h264 colors of reserved numbers",
    lambda: sps(
        20,
        15,
        vui=lambda bits: bits.u(2, 0).u(1, 1).u(3, 7).u(1, 1).u(1, 1).u(24, 0xFFFFFF).u(5, 0),
    ),
)
of_sps("h264 crop larger than the picture", lambda: sps(20, 15, crop=(0, 400, 0, 400)))
of_sps("h264 crop to 2x2", lambda: sps(20, 15, crop=(0, 159, 0, 119)))
of_sps("h264 crop overflows", lambda: sps(20, 15, crop=(0xFFFFFFFE, 1, 0xFFFFFFFE, 1)))
of_sps("h264 crop to odd", lambda: sps(20, 15, crop=(1, 2, 1, 4)))
of_sps("h264 num_ref_frames 255", lambda: sps(20, 15, references=255))
of_sps("h264 num_ref_frames 4e9", lambda: sps(20, 15, references=0xFFFFFFFE))
of_sps("h264 level 1 of 1280x720", lambda: sps(80, 45, level=10), 80, 45)
of_sps("h264 level 255", lambda: sps(20, 15, level=255))
of_sps("h264 level 0", lambda: sps(20, 15, level=0))

# ---- H.264: sizes ----
of_sps("h264 65536x16", lambda: sps(4096, 1), 4096, 1)
of_sps("h264 16x65536", lambda: sps(1, 4096), 1, 4096)
of_sps("h264 16384x16", lambda: sps(1024, 1), 1024, 1)
of_sps("h264 16x16384", lambda: sps(1, 1024), 1, 1024)
of_sps("h264 65536x65536 with small slices", lambda: sps(4096, 4096))
of_sps("h264 16384x16384 with small slices", lambda: sps(1024, 1024))
of_sps("h264 sizes of 4e9", lambda: sps(0xFFFFFFFF, 0xFFFFFFFF))
of_sps("h264 8192x4320 with small slices", lambda: sps(512, 270))
of_sps("h264 8192x4320, 16 references", lambda: sps(512, 270, references=16))
of_sps("h264 8192x4320 whole", lambda: sps(512, 270), 512, 270)
of_sps("h264 8192x4320, 5 references, whole", lambda: sps(512, 270, references=5), 512, 270)
of_sps("h264 16x16", lambda: sps(1, 1), 1, 1)

# ---- H.264: floods ----


def sps_flood() -> Iterator[list[bytes]]:
    count = itertools.count()
    return gray(
        [sps(20, 15), pps()],
        before=lambda _: [sps(20 + next(count) % 9, 15, set_id=1 + next(count) % 31) for _ in range(40)],
    )


def set_flood(bytes_each: int, sets: int) -> Iterator[list[bytes]]:
    count = itertools.count()

    def before(_: int) -> list[bytes]:
        return [pps(1 + next(count) % 255, 0, bytes_each) + bytes([next(count) & 255 | 1]) for _ in range(sets)]

    return gray([sps(20, 15), pps()], before=before)


attack("h264 1000 SPS a second", lambda: h264(sps_flood))
attack(
    "h264 SPS of 60 KB",
    lambda: h264(lambda: gray([sps(20, 15) + b"\x55" * 60000, pps()])),
)
attack(
    "h264 SPS of 600 KB",
    lambda: h264(lambda: gray([sps(20, 15) + b"\x55" * 600000, pps()])),
)
attack("h264 PPS of 60 KB in all 256 numbers", lambda: h264(lambda: set_flood(60000, 4)))
attack("h264 PPS of 100 B, 200 for each picture", lambda: h264(lambda: set_flood(100, 200)))
attack("h264 PPS without its SPS", lambda: h264(lambda: gray([sps(20, 15), pps(0, 7)])))
attack("h264 SPS after its PPS", lambda: h264(lambda: gray([pps(), sps(20, 15)])))
attack("h264 no parameter sets", lambda: h264(lambda: gray([])))
attack(
    "h264 SEI of 1 MB",
    lambda: h264(
        lambda: gray(
            [sps(20, 15), pps()],
            before=lambda _: [b"\x06\x05" + b"\xff" * 4000 + b"\x10" + b"\x55" * 1_000_000],
        )
    ),
)
attack(
    "h264 SEI of lengths",
    lambda: h264(lambda: gray([sps(20, 15), pps()], before=lambda _: [b"\x06" + b"\xff" * 500_000])),
)
attack(
    "h264 100,000 NAL units before each key picture",
    lambda: h264(lambda: gray([*[b"\x0c\x55"] * 100_000, sps(20, 15), pps()])),
)
attack(
    "h264 8 MB of filler in each key picture",
    lambda: h264(lambda: gray([sps(20, 15), pps(), b"\x0c" + b"\xff" * 8_000_000])),
)


def endless(nal: Callable[[], Iterator[Packet]]) -> Callable[[], Stream]:
    return lambda: Stream(
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1",
        nal,
        0,
    )


def after_a_picture(packets: Iterator[Packet]) -> Iterator[Packet]:
    yield from ps.units(iter([[sps(20, 15), pps(), key(300)], [same(300, 1)]]))
    yield from packets


def fragment_without_end() -> Iterator[Packet]:
    yield Packet(b"\x7c\x85" + b"\x55" * 1400, False, 7200)
    yield from itertools.repeat(Packet(b"\x7c\x05" + b"\x55" * 1400, False, 7200))


attack(
    "h264 a fragment that never ends",
    endless(lambda: after_a_picture(fragment_without_end())),
)
attack(
    "h264 filler without a marker",
    endless(lambda: after_a_picture(itertools.repeat(Packet(b"\x0c" + b"\xff" * 1400, False, 7200)))),
)
attack(
    "h264 slices without a marker",
    endless(lambda: after_a_picture(itertools.repeat(Packet(b"\x41" + b"\x9a" * 1400, False, 7200)))),
)
attack(
    "h264 parts of slices with markers",
    endless(lambda: after_a_picture(itertools.repeat(Packet(b"\x41" + b"\x2a" * 1400, True, 7200)))),
)
attack(
    "h264 SEI with markers",
    endless(lambda: after_a_picture(itertools.repeat(Packet(b"\x06\x05\x01\x55\x80", True, 7200)))),
)

# ---- H.264: slices ----


def sliced(make: Callable[[int], list[bytes]]) -> Callable[[], Stream]:
    def pictures() -> Iterator[list[bytes]]:
        for number in itertools.count():
            yield [
                *([sps(20, 15), pps()] if number % 25 == 0 else []),
                *make(number % 25),
            ]

    return lambda: h264(pictures)


attack(
    "h264 first_mb beyond the picture",
    sliced(lambda n: [key(300), key(10, 5000)] if n == 0 else [same(300, n), same(10, n, 9000)]),
)
attack(
    "h264 first_mb of 4e9",
    sliced(lambda n: [key(300), key(10, 0xFFFFFFFE)] if n == 0 else [same(300, n)]),
)
attack(
    "h264 more blocks than the picture",
    sliced(lambda n: [key(3000)] if n == 0 else [same(3000, n)]),
)
attack(
    "h264 fewer blocks than the picture",
    sliced(lambda n: [key(150)] if n == 0 else [same(300, n)]),
)
attack(
    "h264 slices of a PPS that is missing",
    sliced(lambda n: [key(300, pps_id=200)] if n == 0 else [same(300, n)]),
)
attack("h264 key pictures alone, the same idr_pic_id", sliced(lambda n: [key(300)]))


def flapping(sizes: list[tuple[int, int]], gop: int) -> Callable[[], Stream]:
    def pictures() -> Iterator[list[bytes]]:
        for size in itertools.cycle(sizes):
            mbs = size[0] * size[1]
            yield [sps(*size), pps(), key(mbs)]
            for number in range(1, gop):
                yield [same(mbs, number)]

    return lambda: h264(pictures)


attack(
    "h264 another size at each key picture",
    flapping([(20, 15), (80, 45), (1, 1), (120, 68), (15, 20), (240, 135)], 10),
)
attack(
    "h264 another size at each picture",
    flapping([(20, 15), (80, 45), (40, 30), (120, 68)], 1),
)
attack("h264 sizes around the limit", flapping([(20, 15), (512, 270)], 10))
