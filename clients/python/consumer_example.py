"""Only the subscriber: frames of a topic. The camera is already running.

python3 consumer_example.py --name lobby-1
"""

from __future__ import annotations

import argparse
import contextlib
import time

from framegate import FrameSubscriber


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="camera's name, or a topic (name@320w5fps)")
    parser.add_argument(
        "--connect",
        help="the gateway's ZMQ_BIND as seen from here (default: ZMQ_CONNECT, then what the gateway reports)",
    )
    parser.add_argument("--frames", type=int, default=0, help="end after so many (0: never)")
    parser.add_argument("--show", action="store_true", help="show them in a window")
    options = parser.parse_args()

    count, since = 0, time.monotonic()
    with FrameSubscriber(options.name, options.connect) as subscriber:
        while options.frames == 0 or count < options.frames:
            frame = subscriber.read(timeout_ms=2000)
            if frame is None:
                print(subscriber.last_error, flush=True)
                continue
            image = frame.image  # BGR ndarray (height, width, 3); your model goes here.
            count += 1
            if count % 20 == 0:
                fps = 20 / (time.monotonic() - since)
                since = time.monotonic()
                print(
                    f"seq {frame.seq}  {image.shape[1]}x{image.shape[0]}  {fps:.1f} fps  "
                    f"age {frame.age_ms:.0f} ms  missed {subscriber.missed}",
                    flush=True,
                )
            if options.show:
                import cv2

                cv2.imshow(options.name, image)
                if cv2.waitKey(1) == 27:
                    break


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
