// Lag by RTP timestamps: only packets that arrive late are late.
#include "core/lag_meter.h"

#include "check.h"

using namespace framegate;

namespace {

constexpr int64_t kMs = 1000000;
constexpr uint32_t kFrame = 3600;  // 25 fps at 90 kHz.

struct Stream {
  LagMeter meter{90000};
  uint32_t timestamp = 4294960000u;  // Wraps soon.
  int64_t now = 77777 * kMs;

  int64_t Frame(int64_t after_ms, uint32_t step = kFrame) {
    now += after_ms * kMs;
    timestamp += step;
    return meter.Lag(timestamp, now) / kMs;
  }
  void Run(int frames) {
    for (int i = 0; i < frames; ++i) CHECK_EQ(Frame(40), 0);
  }
};

TEST(ASteadyStreamIsNotLate) { Stream().Run(500); }

TEST(AfterAStallOnlyTheDelayedFramesAreLate) {
  for (const int stall_ms : {320, 1000, 2000, 4000}) {
    Stream stream;
    stream.Run(200);
    const int64_t lag = stream.Frame(stall_ms + 40);
    CHECK(lag <= stall_ms && lag >= stall_ms * 94 / 100 - 2);
    // The network delivers the backlog at once.
    for (int left = stall_ms / 40; left-- > 0;) CHECK(stream.Frame(0) <= left * 40 + 40);
    stream.Run(200);
  }
}

TEST(AJumpOfTheCameraClockIsNotLag) {
  Stream stream;
  stream.Run(100);
  for (const int64_t seconds : {100, -50, 3, -3, 20000}) {
    CHECK_EQ(stream.Frame(40, static_cast<uint32_t>(seconds * 90000)), 0);
    stream.Run(100);
  }
}

TEST(AnEarlyFirstPictureIsNotTheBaseline) {
  Stream stream;
  stream.Frame(0);
  CHECK_EQ(stream.Frame(800), 0);
  stream.Run(200);
  Stream slow_start;
  slow_start.Frame(0);
  CHECK_EQ(slow_start.Frame(3000), 0);
  slow_start.Run(200);
}

// Too slow for ten seconds, then fast enough to drain the backlog in half a minute.
TEST(FramesDelayedByASlowNetworkStayLate) {
  Stream stream;
  stream.Run(200);
  int64_t backlog_ms = 0, lag = 0;
  for (int i = 0; i < 150; ++i) {
    lag = stream.Frame(67);
    backlog_ms += 27;
  }
  CHECK(lag > backlog_ms * 8 / 10);
  while (backlog_ms > 1800) {
    lag = stream.Frame(35);
    backlog_ms -= 5;
    CHECK(lag > 250);
  }
}

TEST(ASlowCameraClockIsNotLag) {
  Stream stream;
  for (int i = 0; i < 5000; ++i) CHECK(stream.Frame(42) <= 2);  // 5 % slow.
}

TEST(ClockDriftIsForgotten) {
  Stream stream;
  int64_t most = 0;
  for (int i = 0; i < 5000; ++i) most = std::max(most, stream.Frame(i % 50 == 0 ? 41 : 40));  // 500 ppm slow.
  CHECK(most <= 4);
}

TEST(ASilentCameraIsNotLateWhenItReturns) {
  Stream stream;
  stream.Run(100);
  CHECK_EQ(stream.Frame(10000, 250 * kFrame), 0);
  stream.Run(100);
}

// Sent every 40 ms as P3 B1 B2, P6 B4 B5: a B-picture's timestamp steps back.
struct BFrames : Stream {
  void Group(int64_t after_ms, int64_t lag_ms) {
    CHECK_EQ(Frame(after_ms, 4 * kFrame), lag_ms);
    CHECK_EQ(Frame(40, -2 * static_cast<int>(kFrame)), lag_ms);
    CHECK_EQ(Frame(40, kFrame), lag_ms);
  }
};

TEST(PunctualBFramesAreNotLate) {
  BFrames stream;
  for (int i = 0; i < 100; ++i) stream.Group(40, 0);
}

TEST(BFramesAreAsLateAsThePictureBeforeThem) {
  BFrames stream;
  for (int i = 0; i < 50; ++i) stream.Group(40, 0);
  // A delay of 500 ms, less 50 ms per second that are forgotten, 620 ms after the last P-picture.
  int64_t lag_ms = 500 - 620 / 20;
  stream.Group(540, lag_ms);
  while ((lag_ms -= 120 / 20) > 100) stream.Group(40, lag_ms);
}

}  // namespace

int main() { return check::RunTests(); }
