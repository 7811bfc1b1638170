// Presentation times by RTP timestamps, and the times of arrival that a decoded picture gets by them.
#include "core/picture_clock.h"

#include <vector>

#include "check.h"
#include "core/unit_times.h"

using namespace framegate;

namespace {

constexpr int64_t kMs = 1000000;
constexpr uint32_t kFrame = 3600;  // 25 fps at 90 kHz.

struct Stream {
  PictureClock clock{90000};
  uint32_t timestamp = 4294960000u;  // Wraps soon.
  int64_t now = 77777 * kMs;

  // Picture `number` in the order of display, which arrives after_ms after the one before. In ms since the first.
  int64_t At(int64_t after_ms, int number) {
    now += after_ms * kMs;
    return clock.Count(timestamp + static_cast<uint32_t>(number) * kFrame, now) / kMs - 77777;
  }
};

TEST(TimesFollowTheTimestampsHoweverLatePacketsAre) {
  Stream stream;
  CHECK_EQ(stream.At(0, 0), 0);
  for (int i = 1; i < 500; ++i) CHECK_EQ(stream.At(i % 7 == 0 ? 130 : i % 7 == 1 ? 0 : 30, i), i * 40);
}

TEST(BPicturesComeBeforeThePictureThatArrivedBeforeThem) {
  Stream stream;
  CHECK_EQ(stream.At(0, 0), 0);
  for (int i = 0; i < 300; i += 3) {
    const int late_ms = i % 2 == 0 ? 90 : 0;
    CHECK_EQ(stream.At(40 - late_ms / 3, i + 3), (i + 3) * 40);
    CHECK_EQ(stream.At(40, i + 1), (i + 1) * 40);
    CHECK_EQ(stream.At(late_ms, i + 2), (i + 2) * 40);  // Late, as often happens on a busy machine.
  }
}

TEST(PacketsOfAPictureShareItsTime) {
  Stream stream;
  CHECK_EQ(stream.At(0, 0), 0);
  for (int i = 0; i < 10; ++i) CHECK_EQ(stream.At(100, 1), 40);
  for (int i = 0; i < 40; ++i) CHECK_EQ(stream.At(1, 0), 0);
}

TEST(AfterAJumpOfTheClockTimesGoOn) {
  for (const int jump : {90000, -90000, 51, -51, -20}) {
    Stream stream;
    for (int i = 0; i < 50; ++i) CHECK_EQ(stream.At(i == 0 ? 0 : 40, i), i * 40);
    int64_t before = 49 * 40;
    int late = 0;
    for (int i = 50; i < 100; ++i) {
      const int64_t at = stream.At(40, i + jump);
      // A small step back may be a B-picture, but not for longer than 16 pictures.
      late += at <= before;
      if (at > before) before = at;
    }
    CHECK(late <= 16);
    CHECK_EQ(stream.At(40, 100 + jump), before + 40);
  }
}

TEST(TimesAdvanceThoughTheClockStandsStill) {
  Stream stream;
  int64_t last = -1;
  for (int i = 0; i < 200; ++i) last = stream.At(40, 0);
  CHECK(last > 5000);
}

TEST(PicturesAreSlow) {
  Stream stream;
  CHECK_EQ(stream.At(0, 0), 0);
  for (int i = 1; i < 5; ++i) CHECK_EQ(stream.At(20'000, i * 500), i * 20'000);
}

AccessUnit Unit(int64_t pts_ms) {
  AccessUnit unit;
  unit.pts_ns = static_cast<uint64_t>(pts_ms * kMs);
  unit.received_mono_ns = pts_ms;
  return unit;
}

TEST(AChangedTimeTakesNoPicturesTimesAway) {
  UnitTimes times;
  times.Add(Unit(120));
  times.Add(Unit(40));
  CHECK_EQ(times.Take(40 * kMs)->received_mono_ns, 40);
  times.Add(Unit(130));  // Later than the picture that the decoder holds, by mistake.
  CHECK_EQ(times.Take(130 * kMs)->received_mono_ns, 130);
  times.Add(Unit(240));
  CHECK_EQ(times.Take(130 * kMs)->received_mono_ns, 240);  // The held one, late: the decoder changed its time.
  times.Add(Unit(360));
  CHECK_EQ(times.Take(240 * kMs)->received_mono_ns, 240);  // The next one gets its own.
  CHECK_EQ(times.Take(360 * kMs)->received_mono_ns, 360);
  CHECK(!times.Take(400 * kMs));
}

}  // namespace

int main() { return check::RunTests(); }
