"""The attacks of bench/picture_attacks.py with other codecs than H.264."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import picture_streams as ps
from picture_attack_list import attack
from picture_streams import Bits, Packet, Stream

# ---- H.265 ----


def h265_change(change: Callable[[bytes], bytes], kind: int = 33) -> Callable[[], Stream]:
    return lambda: ps.h265(lambda _, nals: [change(nal) if nal[0] >> 1 & 63 == kind else nal for nal in nals])


attack("h265 plain", h265_change(lambda nal: nal), None)
attack(
    "h265 16384x16384",
    h265_change(lambda nal: ps.h265_sps_with(nal, 16384, 16384)),
    None,
)
attack("h265 16384x16", h265_change(lambda nal: ps.h265_sps_with(nal, 16384, 16)), None)
attack("h265 65536x16", h265_change(lambda nal: ps.h265_sps_with(nal, 65536, 16)), None)
attack("h265 8x8", h265_change(lambda nal: ps.h265_sps_with(nal, 8, 8)), None)
attack("h265 8192x4320", h265_change(lambda nal: ps.h265_sps_with(nal, 8192, 4320)), None)
attack(
    "h265 sizes of 4e9",
    h265_change(lambda nal: ps.h265_sps_with(nal, 0xFFFFFFFE, 0xFFFFFFFE)),
    None,
)
attack(
    "h265 crop larger than the picture",
    h265_change(lambda nal: ps.h265_sps_with(nal, 320, 240, crop=200)),
    None,
)
attack(
    "h265 references 255",
    h265_change(lambda nal: ps.h265_sps_with(nal, 320, 240, references=255)),
    None,
)
attack("h265 VPS of noise", h265_change(lambda nal: nal[:2] + b"\xff" * 60000, 32), None)
attack("h265 PPS of noise", h265_change(lambda nal: nal[:2] + b"\xa5" * 60000, 34), None)
attack(
    "h265 SEI of 1 MB",
    lambda: ps.h265(
        lambda _, nals: [
            b"\x4e\x01\x05" + b"\xff" * 4000 + b"\x10" + b"\x55" * 1_000_000,
            *nals,
        ]
    ),
    None,
)
attack(
    "h265 another size at each key picture",
    lambda: ps.h265(
        lambda i, nals: [
            ps.h265_sps_with(nal, 320, 240 if i % 50 < 25 else 480) if nal[0] >> 1 & 63 == 33 else nal for nal in nals
        ]
    ),
    None,
)

# ---- Other codecs ----


def vp8_size(width: int, height: int) -> Callable[[int, bytes], bytes]:
    sizes = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return lambda _, frame: frame[:6] + sizes + frame[10:] if frame[0] & 1 == 0 else frame


attack("vp8 plain", lambda: ps.vp8(lambda _, frame: frame), None)
attack("vp8 16383x16383", lambda: ps.vp8(vp8_size(16383, 16383)), None)
attack("vp8 16383x1", lambda: ps.vp8(vp8_size(16383, 1)), None)
attack("vp8 0x0", lambda: ps.vp8(vp8_size(0, 0)), None)
attack("vp8 8000x4000", lambda: ps.vp8(vp8_size(8000, 4000)), None)
attack("vp8 scaled", lambda: ps.vp8(vp8_size(320 | 3 << 14, 240 | 3 << 14)), None)


def vp9_size(width: int, height: int) -> Callable[[int, bytes], bytes]:
    # Marker 2, profile 2, existing 1, kind 1, shown 1, resilient 1, sync 24, color space 3, range 1.
    return lambda i, frame: (
        ps.with_bits(ps.with_bits(frame, 36, 16, width - 1), 52, 16, height - 1) if i % 25 == 0 else frame
    )


attack("vp9 plain", lambda: ps.vp9(lambda _, frame: frame), None)
attack("vp9 65536x65536", lambda: ps.vp9(vp9_size(65536, 65536)), None)
attack("vp9 65536x16", lambda: ps.vp9(vp9_size(65536, 16)), None)
attack("vp9 1x1", lambda: ps.vp9(vp9_size(1, 1)), None)
attack("vp9 8192x4320", lambda: ps.vp9(vp9_size(8192, 4320)), None)
attack(
    "vp9 references of another size",
    lambda: ps.vp9(lambda i, frame: vp9_size(320 if i % 50 < 25 else 3200, 240)(i, frame)),
    None,
)


def layer(width: int, height: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = data.find(b"\0\0\1\x20")
        if at < 0:
            return data
        bits = Bits().u(1, 0).u(8, 1).u(1, 0).u(4, 1).u(1, 0).u(2, 0).u(1, 1).u(16, 25).u(1, 1).u(1, 0)
        bits.u(1, 1).u(13, width).u(1, 1).u(13, height).u(1, 1).u(1, 0).u(1, 1).u(2, 0).u(1, 0).u(1, 0).u(1, 1).u(
            1, 1
        ).u(2, 0)
        end = data.find(b"\0\0\1", at + 4)
        return data[:at] + bits.nal(0, 0, 1, 0x20) + (data[end:] if end > 0 else b"")

    return change


def mpeg4_with(change: Callable[[bytes], bytes]) -> Callable[[], Stream]:
    return lambda: ps.mpeg4(lambda _, frame: change(frame), change)


def studio(data: bytes) -> bytes:
    """Simple studio profile, whose layer has sizes of 14 bits elsewhere."""
    at = data.find(b"\0\0\1\x20")
    if at < 0:
        return data
    head = b"\0\0\1\xb0\xe1\0\0\1\xb5\x14\0\0\1\0\0\0\1\x20"
    bits = Bits().u(1, 0).u(8, 14).u(4, 1).u(2, 0).u(4, 1).u(1, 0).u(4, 0).u(2, 1).u(3, 0)
    bits.u(1, 1).u(14, 16000).u(1, 1).u(14, 16000).u(1, 1).u(32, 0xA5A5A5A5)
    end = data.find(b"\0\0\1", at + 4)
    return head + bits.nal() + (data[end:] if end > 0 else b"")


attack("mpeg4 plain", lambda: ps.mpeg4(lambda _, frame: frame), None)
attack("mpeg4 8191x8191", mpeg4_with(layer(8191, 8191)), None)
attack("mpeg4 8191x1", mpeg4_with(layer(8191, 1)), None)
attack("mpeg4 0x0", mpeg4_with(layer(0, 0)), None)
attack("mpeg4 8000x4000", mpeg4_with(layer(8000, 4000)), None)
attack("mpeg4 studio 16000x16000", mpeg4_with(studio), None)
attack(
    "mpeg4 config of 60 KB",
    lambda: ps.mpeg4(lambda _, frame: frame, lambda data: data + b"\0\0\1\xb2" + b"\x55" * 30000),
    None,
)

attack("jpeg plain", ps.jpeg, None)
attack(
    "jpeg 65535x65535",
    lambda: ps.jpeg(width=0, height=0, dimensions="65535,65535"),
    None,
)
attack("jpeg 8192x4320", lambda: ps.jpeg(width=0, height=0, dimensions="8192,4320"), None)
attack("jpeg 0x0", lambda: ps.jpeg(width=0, height=0), None)
attack("jpeg 2040x2040", lambda: ps.jpeg(width=255, height=255), None)
attack("jpeg 8x8", lambda: ps.jpeg(width=1, height=1), None)
attack(
    "jpeg without its end",
    lambda: ps.jpeg(change=lambda _, scan: scan[: len(scan) // 2]),
    None,
)
attack("jpeg restart interval 0", lambda: ps.jpeg(kind=65, restart=b"\0\0\xff\xff"), None)
attack(
    "jpeg restart interval 1 without marks",
    lambda: ps.jpeg(kind=65, restart=b"\0\1\xff\xff"),
    None,
)
attack("jpeg tables of length 0", lambda: ps.jpeg(quality=255, tables=b"\0\0\0\0"), None)
attack(
    "jpeg tables of 65535 bytes",
    lambda: ps.jpeg(quality=255, tables=b"\0\0\xff\xff"),
    None,
)
attack(
    "jpeg tables of zeros",
    lambda: ps.jpeg(quality=255, tables=b"\0\0\0\x80" + bytes(128)),
    None,
)
attack(
    "jpeg another header in the scan",
    lambda: ps.jpeg(change=lambda _, scan: b"\xff\xc2\0\x11\x08\xff\xff\xff\xff\x03\1\x22\0\2\x11\1\3\x11\1" + scan),
    None,
)
attack(
    "jpeg arithmetic coding in the scan",
    lambda: ps.jpeg(
        change=lambda _, scan: (
            scan[:100] + b"\xff\xc9\0\x11\x08\xff\xff\xff\xff\x03\1\x22\0\2\x11\1\3\x11\1" + scan[100:]
        )
    ),
    None,
)
attack(
    "jpeg of noise",
    lambda: ps.jpeg(change=lambda i, scan: bytes((i * 7 + k * k) & 0x7F for k in range(len(scan)))),
    None,
)


def jpeg_without_end() -> Stream:
    stream = ps.jpeg()

    def packets() -> Iterator[Packet]:
        whole = stream.packets()
        yield from itertools.islice(whole, 60)
        for at in itertools.count(0, 1400):
            yield Packet(
                b"\0" + (at & 0xFFFFFF).to_bytes(3, "big") + b"\1\x3c\x28\x1e" + b"\x55" * 1400,
                False,
                90000,
            )

    return stream._replace(packets=packets, rate=0)


attack("jpeg without a marker", jpeg_without_end, None)


def vp8_without_end() -> Stream:
    stream = ps.vp8(lambda _, frame: frame)

    def packets() -> Iterator[Packet]:
        yield from itertools.islice(stream.packets(), 40)
        yield from itertools.repeat(Packet(b"\0" + b"\x55" * 1400, False, 180000))

    return stream._replace(packets=packets, rate=0)


attack("vp8 without a marker", vp8_without_end, None)
