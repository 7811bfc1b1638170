"""Prints what it reads from all cameras of the gateway: consumer.py [FRAMES]"""

import signal
import sys
import time

from framegate import FrameSubscriber, Gateway

# The kernel gives the first process of a container no default action, so without this, stopping it takes 10 s.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
cameras = [camera["name"] for camera in Gateway().cameras()]
if not cameras:
    sys.exit("The gateway has no camera.")
count = 0
problem = None
with FrameSubscriber(cameras) as frames:
    while limit is None or count < limit:
        frame = frames.read()
        if frame is None:
            if frames.last_error != problem:
                print(f"no frame: {frames.last_error}")
            problem = frames.last_error
            time.sleep(0.5)
            continue
        problem = None
        if count % 25 == 0:
            print(f"{frame.topic}: {frame.image.shape} over {frames.transport}")
        count += 1
