import threading
import time

import pytest
import zmq
from wire import message

from framegate import FrameSubscriber


@pytest.fixture(params=["tcp", "ipc"])
def publisher(request, tmp_path):
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind("tcp://127.0.0.1:*" if request.param == "tcp" else f"ipc://{tmp_path}/frames")
    yield socket
    socket.close()
    context.term()


def endpoint(publisher):
    return publisher.getsockopt_string(zmq.LAST_ENDPOINT)


def subscribed(publisher, topic="cam1", **options):
    subscriber = FrameSubscriber(topic, endpoint(publisher), **options)
    assert publisher.poll(10000), "the subscription must arrive"
    assert publisher.recv() == b"\1" + topic.encode() + b"\0"
    return subscriber


def test_the_newest_frame_is_read_and_what_was_missed_is_counted(publisher):
    with subscribed(publisher) as subscriber:
        publisher.send(message(seq=4))
        assert subscriber.read(10000).seq == 4
        assert subscriber.missed == 0
        for seq in range(5, 50):
            publisher.send(message(seq=seq))
        time.sleep(0.3)  # As a slow model does.
        frame = subscriber.read(10000)
        last = subscriber.read(300) or frame
        assert last.seq == 49
        assert subscriber.missed >= 40
        assert last.image.shape == (24, 32, 3)
        assert last.age_ms >= 0


def test_a_frame_that_is_sent_again_is_skipped_a_restarted_camera_is_not(publisher):
    with subscribed(publisher) as subscriber:
        again = message(seq=9)
        publisher.send(again)
        assert subscriber.read(10000).seq == 9
        publisher.send(again)
        assert subscriber.read(300) is None
        time.sleep(0.002)
        publisher.send(message(seq=0))
        assert subscriber.read(10000).seq == 0
        assert subscriber.missed == 0


def test_cam1_does_not_bring_cam10(publisher):
    with subscribed(publisher) as subscriber:
        publisher.send(message("cam10", seq=1))
        publisher.send(message("cam1@320w5fps", seq=2))
        assert subscriber.read(300) is None
        publisher.send(message("cam1", seq=3))
        assert subscriber.read(10000).seq == 3


def test_messages_that_are_no_frames_are_counted_and_skipped(publisher):
    with subscribed(publisher) as subscriber:
        publisher.send(b"cam1\0rubbish")
        assert subscriber.read(300) is None
        assert subscriber.invalid == 1
        assert subscriber.last_invalid
        publisher.send(message(v=2))
        assert subscriber.read(300) is None
        publisher.send(message(seq=1))
        assert subscriber.read(10000).seq == 1


def test_nothing_comes_in_time(publisher):
    with FrameSubscriber("cam1", endpoint(publisher), timeout_ms=100) as subscriber:
        before = time.monotonic()
        assert subscriber.read() is None
        assert 0.09 <= time.monotonic() - before < 5
        assert subscriber.read(0) is None


def test_reads_from_several_threads_share_the_frames(publisher):
    with subscribed(publisher) as subscriber:
        seen, lock = [], threading.Lock()

        def reader():
            end = time.monotonic() + 2
            while time.monotonic() < end:
                frame = subscriber.read(100)
                if frame:
                    with lock:
                        seen.append(frame.seq)

        threads = [threading.Thread(target=reader) for _ in range(4)]
        for thread in threads:
            thread.start()
        for seq in range(60):
            publisher.send(message(seq=seq))
            time.sleep(0.02)
        for thread in threads:
            thread.join(20)
        assert len(seen) == len(set(seen)) > 5


def test_close_is_idempotent_and_reading_after_it_gives_nothing(publisher):
    subscriber = subscribed(publisher)
    subscriber.close()
    subscriber.close()
    assert subscriber.read(100) is None
    assert subscriber.closed


@pytest.mark.parametrize(
    "arguments, error, names",
    [
        (dict(topic=5), TypeError, "topic"),
        (dict(topic=""), ValueError, "topic"),
        (dict(topic="a\0b"), ValueError, "topic"),
        (dict(topic="kamera-é"), ValueError, "topic"),
        (dict(topic="a", connect=5), TypeError, "connect"),
        (dict(topic="a", connect="nonsense"), ValueError, "connect"),
        (dict(topic="a", timeout_ms="1"), TypeError, "timeout_ms"),
        (dict(topic="a", timeout_ms=-1), ValueError, "timeout_ms"),
        (dict(topic="a", timeout_ms=float("nan")), ValueError, "timeout_ms"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, names):
    with pytest.raises(error, match=names):
        FrameSubscriber(**arguments)
