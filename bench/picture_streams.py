"""Streams of a broken or malicious camera, as the payloads of RTP packets. For bench/picture_attacks.py."""

from __future__ import annotations

import itertools
import pathlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

WIDTH, HEIGHT, FPS = 320, 240, 25
_FRAMES = 50
_MOST = 1400


class Packet(NamedTuple):
    payload: bytes
    marker: bool
    time: int  # At 90 kHz.


Packets = Iterator[Packet]


class Stream(NamedTuple):
    media: str  # The lines of the description that say what the video is.
    packets: Callable[[], Packets]
    rate: float = 1  # Of the usual pace; 0: as fast as the network takes it.


class Bits:
    """Writes parameter sets and slices bit by bit."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, count: int, value: int) -> Bits:
        self.bits += [value >> i & 1 for i in range(count - 1, -1, -1)]
        return self

    def ue(self, value: int) -> Bits:
        return self.u(2 * (value + 1).bit_length() - 1, value + 1)

    def nal(self, *header: int) -> bytes:
        bits = [*self.bits, 1]
        bits += [0] * (-len(bits) % 8)
        raw = int("".join(map(str, bits)), 2).to_bytes(len(bits) // 8, "big")
        return bytes(header) + escaped(raw)


def escaped(raw: bytes) -> bytes:
    out, zeros = bytearray(), 0
    for byte in raw:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = 0 if byte else zeros + 1
    return bytes(out)


def sps(
    width_mbs: int,
    height_mbs: int,
    *,
    set_id: int = 0,
    level: int = 40,
    references: int = 1,
    crop: tuple[int, int, int, int] | None = None,
    vui: Callable[[Bits], object] | None = None,
    gaps: int = 0,
) -> bytes:
    """H.264, baseline, frame_num of 4 bits, pictures in decoding order."""
    bits = Bits().u(8, 66).u(8, 0xC0).u(8, level).ue(set_id).ue(0).ue(2).ue(references).u(1, gaps)
    bits.ue(width_mbs - 1).ue(height_mbs - 1).u(1, 1).u(1, 1).u(1, crop is not None)
    for side in crop or ():
        bits.ue(side)
    bits.u(1, vui is not None)
    if vui:
        vui(bits)
    return bits.nal(0x67)


def pps(set_id: int = 0, sps_id: int = 0, more: int = 0) -> bytes:
    bits = Bits().ue(set_id).ue(sps_id).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(2, 0).ue(0).ue(0).ue(0)
    return bits.u(1, 1).u(1, 0).u(1, 0).nal(0x68) + b"\x55" * more


def key(mbs: int, first_mb: int = 0, pps_id: int = 0, idr_id: int = 0) -> bytes:
    """An IDR slice of `mbs` gray blocks of 16x16."""
    bits = Bits().ue(first_mb).ue(7).ue(pps_id).u(4, 0).ue(idr_id).u(1, 0).u(1, 0).ue(0).ue(1)
    bits.bits += [0, 0, 1, 0, 0, 1, 1, 1] * mbs
    return bits.nal(0x65)


def same(mbs: int, number: int, first_mb: int = 0) -> bytes:
    """A slice that repeats the picture before."""
    bits = Bits().ue(first_mb).ue(5).ue(0).u(4, number % 16).u(1, 0).u(1, 0).u(1, 0).ue(0).ue(1).ue(mbs)
    return bits.nal(0x41)


def fragments(nal: bytes, time: int, last: bool, h265: bool = False) -> Packets:
    """The unit in one packet or in fragments."""
    if len(nal) <= _MOST:
        yield Packet(nal, last, time)
        return
    head = 2 if h265 else 1
    kind = nal[0] >> 1 & 63 if h265 else nal[0] & 31
    begin = bytes([nal[0] & 0x81 | 49 << 1, nal[1]]) if h265 else bytes([nal[0] & 0xE0 | 28])
    parts = range(head, len(nal), _MOST)
    for at in parts:
        flags = (0x80 if at == head else 0) | (0x40 if at + _MOST >= len(nal) else 0)
        yield Packet(
            begin + bytes([flags | kind]) + nal[at : at + _MOST],
            last and bool(flags & 0x40),
            time,
        )


def units(pictures: Iterator[list[bytes]], h265: bool = False) -> Packets:
    for number, nals in enumerate(pictures):
        for i, nal in enumerate(nals):
            yield from fragments(nal, number * 90000 // FPS, i == len(nals) - 1, h265)


def h264(pictures: Callable[[], Iterator[list[bytes]]], rate: float = 1) -> Stream:
    return Stream(
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1",
        lambda: units(pictures()),
        rate,
    )


def gray(
    sets: list[bytes],
    width_mbs: int = 20,
    height_mbs: int = 15,
    gop: int = 25,
    before: Callable[[int], list[bytes]] | None = None,
) -> Iterator[list[bytes]]:
    """Pictures of one color, with the parameter sets before each key picture."""
    mbs = width_mbs * height_mbs
    first = key(mbs)
    for number in itertools.count():
        more = before(number) if before else []
        at = number % gop
        yield [*more, *sets, first] if at == 0 else [*more, same(mbs, at)]


def encoded(encoder: str, pattern: str = "smpte75") -> list[bytes]:
    """What a real encoder makes, one file per picture."""
    with tempfile.TemporaryDirectory() as folder:
        words = f"gst-launch-1.0 -q videotestsrc pattern={pattern} num-buffers={_FRAMES} ! video/x-raw,format=I420,"
        words += f"width={WIDTH},height={HEIGHT},framerate={FPS}/1 ! {encoder} ! multifilesink location={folder}/%05d"
        subprocess.run(words.split(), check=True)
        return [path.read_bytes() for path in sorted(pathlib.Path(folder).iterdir())]


def split(unit: bytes) -> list[bytes]:
    """The NAL units of a byte stream."""
    parts = unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def x264() -> list[list[bytes]]:
    encoder = (
        "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=25 bframes=0"
        " ! video/x-h264,stream-format=byte-stream,profile=baseline"
    )
    return [split(unit) for unit in encoded(encoder)]


def x265() -> list[list[bytes]]:
    encoder = (
        "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=25"
        " option-string=min-keyint=25:log-level=0:repeat-headers=1 ! video/x-h265,stream-format=byte-stream"
    )
    return [split(unit) for unit in encoded(encoder)]


def unescaped(nal: bytes) -> bytes:
    return nal.replace(b"\0\0\3", b"\0\0")


def h265(change: Callable[[int, list[bytes]], list[bytes]], rate: float = 1) -> Stream:
    def packets() -> Packets:
        base = x265()
        pictures = (change(i, list(base[i % len(base)])) for i in itertools.count())
        return units(pictures, h265=True)

    return Stream("m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000", packets, rate)


def h265_sps_with(
    nal: bytes,
    width: int,
    height: int,
    references: int | None = None,
    crop: int | None = None,
) -> bytes:
    """An SPS of x265 (one sub-layer) with another size."""
    raw = unescaped(nal[2:])
    bits = [byte >> i & 1 for byte in raw for i in range(7, -1, -1)]
    at = 8 + 96  # One byte of identifiers, profile_tier_level of one sub-layer.

    def take() -> int:
        nonlocal at
        zeros = 0
        while not bits[at + zeros]:
            zeros += 1
        value = int("".join(map(str, bits[at + zeros : at + 2 * zeros + 1])), 2) - 1
        at += 2 * zeros + 1
        return value

    out = Bits()
    out.bits = bits[:at]
    out.ue(take()).ue(take())  # Its number, chroma_format_idc.
    take(), take()
    out.ue(width).ue(height)
    windowed, at = bits[at], at + 1
    window = [take() for _ in range(4)] if windowed else []
    if crop is not None:
        window = [crop, crop, crop, crop]
    out.u(1, bool(window))
    for side in window:
        out.ue(side)
    out.ue(take()).ue(take()).ue(take())  # Depths, log2_max_pic_order_cnt_lsb_minus4.
    out.u(1, bits[at])
    at += 1
    kept = take()
    out.ue(kept if references is None else references)
    out.bits += bits[at:]
    while out.bits and out.bits[-1] == 0:
        out.bits.pop()
    out.bits.pop()  # nal() writes the stop bit.
    return out.nal(*nal[:2])


Change = Callable[[int, bytes], bytes]


def in_packets(frames: list[bytes], change: Change, head: Callable[[int, int, bool], bytes]) -> Packets:
    """The frames again and again, changed, in parts. head: of a part, by frame number, place and whether it is last."""
    for number in itertools.count():
        frame = change(number, frames[number % len(frames)])
        for at in range(0, len(frame), _MOST):
            last = at + _MOST >= len(frame)
            yield Packet(head(number, at, last) + frame[at : at + _MOST], last, number * 3600)


def vp8(change: Change) -> Stream:
    def packets() -> Packets:
        base = encoded("vp8enc deadline=1 keyframe-max-dist=25")
        return in_packets(base, change, lambda _, at, __: bytes([0x10 if at == 0 else 0]))

    return Stream("m=video 0 RTP/AVP 96\na=rtpmap:96 VP8/90000", packets)


def vp9(change: Change) -> Stream:
    def head(number: int, at: int, last: bool) -> bytes:
        return bytes([(0x08 if at == 0 else 0) | (0x04 if last else 0) | (0x40 if number % 25 else 0)])

    def packets() -> Packets:
        base = encoded("vp9enc deadline=1 keyframe-max-dist=25 lag-in-frames=0 auto-alt-ref=false")
        return in_packets(base, change, head)

    return Stream("m=video 0 RTP/AVP 96\na=rtpmap:96 VP9/90000", packets)


def with_bits(data: bytes, at: int, count: int, value: int) -> bytes:
    """The bits replaced."""
    number, total = int.from_bytes(data, "big"), 8 * len(data)
    shift = total - at - count
    number = number & ~(((1 << count) - 1) << shift) | value << shift
    return number.to_bytes(len(data), "big")


def mpeg4(
    change: Change,
    config: Callable[[bytes], bytes] = lambda data: data,
) -> Stream:
    base = encoded("avenc_mpeg4 gop-size=25 bitrate=500000")
    head = base[0][: base[0].index(b"\0\0\1\xb6")]
    media = (
        f"m=video 0 RTP/AVP 96\na=rtpmap:96 MP4V-ES/90000\na=fmtp:96 profile-level-id=1; config={config(head).hex()}"
    )
    return Stream(media, lambda: in_packets(base, change, lambda _, __, ___: b""))


def jpeg(
    *,
    kind: int = 1,
    quality: int = 60,
    width: int = WIDTH // 8,
    height: int = HEIGHT // 8,
    dimensions: str = "",
    restart: bytes = b"",
    tables: bytes = b"",
    change: Change = lambda _, scan: scan,
) -> Stream:
    """RFC 2435: the head and the tables are the receiver's."""

    def head(_: int, at: int, __: bool) -> bytes:
        main = bytes([0]) + at.to_bytes(3, "big") + bytes([kind, quality, width & 255, height & 255])
        return main + restart + (tables if at == 0 else b"")

    def packets() -> Packets:
        base = [frame[frame.index(b"\xff\xda") + 14 :] for frame in encoded("jpegenc quality=60")]
        return in_packets(base, change, head)

    media = "m=video 0 RTP/AVP 26\na=rtpmap:26 JPEG/90000" + (f"\na=x-dimensions:{dimensions}" if dimensions else "")
    return Stream(media, packets)
