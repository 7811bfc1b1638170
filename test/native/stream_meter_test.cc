// The meter with made-up streams.
#include "core/stream_meter.h"

#include <cmath>

#include "check.h"

using namespace framegate;

namespace {

constexpr int64_t kBegin = MsToNs(50'000);

// Feeds frames at a steady interval, with a key picture every `gop`. Returns the time of the last.
int64_t Feed(StreamMeter& meter, int64_t from_ns, int frames, int64_t interval_ms, int gop) {
  int64_t now = from_ns;
  for (int i = 0; i < frames; ++i) {
    now = from_ns + MsToNs(i * interval_ms);
    meter.Count(now, static_cast<uint64_t>(now), i % gop == 0, false);
  }
  return now;
}

bool Near(double a, double b) { return std::abs(a - b) < 0.01; }

TEST(NothingIsKnownAtFirst) {
  StreamMeter meter;
  CHECK_EQ(meter.last_frame_ns(), 0);
  CHECK_EQ(meter.frame_interval_ns(), 0);
  CHECK(meter.Fps(kBegin) == 0);
  CHECK_EQ(meter.gop_length(), 0);
  CHECK(!meter.b_frames());
  meter.Count(kBegin, 0, true, false);
  CHECK_EQ(meter.last_frame_ns(), kBegin);
  CHECK_EQ(meter.frame_interval_ns(), 0);  // One frame has no interval.
  CHECK(meter.Fps(kBegin) == 0);
}

TEST(RateAndIntervalCoverTheLast3Seconds) {
  StreamMeter meter;
  int64_t now = Feed(meter, kBegin, 100, 40, 25);
  CHECK(Near(meter.Fps(now), 25));
  CHECK_EQ(meter.frame_interval_ns(), MsToNs(40));
  now = Feed(meter, now + MsToNs(100), 31, 100, 25);  // 3 s of 10 fps; the frames at 25 fps are forgotten.
  CHECK(Near(meter.Fps(now), 10));
  CHECK_EQ(meter.frame_interval_ns(), MsToNs(100));
}

TEST(RatesBelowOneFrameIn3Seconds) {
  StreamMeter meter;
  const int64_t now = Feed(meter, kBegin, 4, 5000, 1);
  CHECK_EQ(meter.frame_interval_ns(), MsToNs(5000));  // Two frames are always kept.
  CHECK(Near(meter.Fps(now), 0.2));
  CHECK(Near(meter.Fps(now + MsToNs(9'999)), 1 / 9.999));
  CHECK(meter.Fps(now + MsToNs(10'000)) == 0);
  CHECK_EQ(meter.longest_pause_ns(), MsToNs(5000));
  Feed(meter, now + MsToNs(90'000), 1, 1, 1);
  CHECK_EQ(meter.frame_interval_ns(), MsToNs(60'000));  // At most.
  CHECK_EQ(meter.longest_pause_ns(), MsToNs(60'000));
}

TEST(ADelayIsNotAPause) {
  StreamMeter meter;
  const int64_t last = Feed(meter, kBegin, 10, 40, 10);
  meter.Count(last + MsToNs(3000), 0, false, false, false);
  CHECK_EQ(meter.longest_pause_ns(), MsToNs(40));
}

TEST(ABurstDoesNotCountAsARate) {
  StreamMeter meter;
  int64_t now = Feed(meter, kBegin, 50, 1, 50);
  CHECK(meter.Fps(now) == 0);
  CHECK_EQ(meter.frame_interval_ns(), MsToNs(4));  // At least.
  now = Feed(meter, now + MsToNs(40), 50, 40, 50);
  CHECK(meter.Fps(now) > 0);
}

TEST(TheRateOfAStalledCameraFalls) {
  StreamMeter meter;
  const int64_t last = Feed(meter, kBegin, 76, 40, 25);
  CHECK(Near(meter.Fps(last), 25));
  CHECK(Near(meter.Fps(last + MsToNs(40)), 25));  // The next frame is not overdue.
  CHECK(Near(meter.Fps(last + MsToNs(1040)), 75 / 4.0));
  CHECK(meter.Fps(last + MsToNs(2999)) > 0);
  CHECK(meter.Fps(last + MsToNs(3000)) == 0);
}

TEST(GopLengthIsKnownFromTheSecondKeyPictureOn) {
  StreamMeter meter;
  meter.Count(kBegin, 0, false, false);  // The rest of a GOP does not count.
  int64_t now = Feed(meter, kBegin + MsToNs(40), 25, 40, 25);
  CHECK_EQ(meter.gop_length(), 0);
  now = Feed(meter, now + MsToNs(40), 10, 40, 25);
  CHECK_EQ(meter.gop_length(), 25);
  Feed(meter, now + MsToNs(40), 1, 40, 25);
  CHECK_EQ(meter.gop_length(), 10);
}

TEST(BFramesAreKnownFromSliceTypeAndOrder) {
  StreamMeter meter;
  meter.Count(kBegin, 100, true, false);
  meter.Count(kBegin + 1, 90, false, false);  // A clock that steps back.
  CHECK(!meter.b_frames());
  meter.Count(kBegin + 2, 120, false, true);  // B slices of a low-delay encoder: in order.
  CHECK(!meter.b_frames());
  meter.Count(kBegin + 3, 110, false, true);
  CHECK(meter.b_frames());
  meter.Count(kBegin + 4, 130, false, false);
  CHECK(meter.b_frames());  // It stays true.
}

}  // namespace

int main() { return check::RunTests(); }
