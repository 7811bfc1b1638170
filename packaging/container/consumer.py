"""Prints what it reads from all cameras of the gateway: consumer.py [FRAMES]"""

import sys

from framegate import FrameSubscriber, Gateway

limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
cameras = [camera["name"] for camera in Gateway().cameras()]
if not cameras:
    sys.exit("The gateway has no camera.")
count = 0
with FrameSubscriber(cameras) as frames:
    while limit is None or count < limit:
        frame = frames.read()
        if frame is None:
            print(f"no frame: {frames.last_error}")
            continue
        if count % 25 == 0:
            print(f"{frame.topic}: {frame.image.shape} over {frames.transport}")
        count += 1
