// The promised rates, with and without jitter of the timestamps.
#include "core/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>

#include "check.h"

using framegate::RateLimiter;

namespace {

struct Outcome {
  double fps;
  double longest_gap_frames;  // In frames of the source.
};

Outcome Run(double source_fps, double wanted_fps, double jitter_ms = 0, double seconds = 60) {
  RateLimiter limiter(wanted_fps);
  const double interval_ns = 1e9 / source_fps;
  const int frames = static_cast<int>(seconds * source_fps);
  int taken = 0, last = 0, longest = 0;
  unsigned seed = 1;
  for (int i = 0; i < frames; ++i) {
    seed = seed * 1103515245u + 12345u;
    const double jitter = ((seed >> 16 & 0x7fff) / 16383.5 - 1) * jitter_ms * 1e6;
    if (!limiter.Take(static_cast<int64_t>(i * interval_ns + jitter + 1e9))) continue;
    if (taken > 0) longest = std::max(longest, i - last);
    last = i;
    ++taken;
  }
  return {taken / seconds, static_cast<double>(longest)};
}

void CheckRate(double source, double wanted, double expected, double jitter_ms) {
  const Outcome outcome = Run(source, wanted, jitter_ms);
  if (std::abs(outcome.fps - expected) > 0.1) {
    std::fprintf(stderr, "%g from %g (jitter %g ms): %g\n", wanted, source, jitter_ms, outcome.fps);
  }
  CHECK(std::abs(outcome.fps - expected) <= 0.1);
  if (jitter_ms == 0) CHECK(outcome.longest_gap_frames <= std::max(2.0, std::ceil(source / wanted)));
  CHECK(outcome.longest_gap_frames <= std::max(2.0, std::ceil(source / wanted) + 1));
}

// A slow source builds up a credit of at most one frame. Any second, both ends included, then has at most 20 + 1 + 1.
TEST(ASourceThatSpeedsUpDoesNotExceedTheRate) {
  RateLimiter limiter(20);
  constexpr int64_t kSecondNs = 1'000'000'000;
  int64_t pts_ns = kSecondNs;
  for (int i = 0; i < 100; ++i, pts_ns += kSecondNs / 10) CHECK(limiter.Take(pts_ns));
  std::deque<int64_t> within_a_second;
  size_t most = 0;
  for (int i = 0; i < 250; ++i, pts_ns += kSecondNs / 25) {
    if (!limiter.Take(pts_ns)) continue;
    within_a_second.push_back(pts_ns);
    while (pts_ns - within_a_second.front() >= kSecondNs) within_a_second.pop_front();
    most = std::max(most, within_a_second.size());
  }
  CHECK(most <= 22);
}

TEST(TimestampJumpsDoNotStall) {
  RateLimiter limiter(10);
  CHECK(limiter.Take(5'000'000'000));
  CHECK(!limiter.Take(5'040'000'000));
  CHECK(limiter.Take(1'000'000'000));  // back
  CHECK(!limiter.Take(1'040'000'000));
  CHECK(limiter.Take(90'000'000'000));  // far ahead
  CHECK(!limiter.Take(90'040'000'000));
}

TEST(ASourceThatIsSlightlyTooFastPassesWithoutAGap) {
  CHECK_EQ(Run(25.3, 25).longest_gap_frames, 1);
  CHECK_EQ(Run(1.01, 1).longest_gap_frames, 1);
  CHECK_EQ(Run(26, 25).longest_gap_frames, 2);
  CheckRate(26, 25, 25, 0);
}

TEST(RatesAreMetWithAndWithoutJitter) {
  for (double jitter_ms : {0.0, 1.0, 4.0}) {
    CheckRate(25, 20, 20, jitter_ms);
    CheckRate(12.5, 7, 7, jitter_ms);
    CheckRate(25, 30, 25, jitter_ms);
    CheckRate(25, 25, 25, jitter_ms);
    CheckRate(29.97, 15, 15, jitter_ms);
    CheckRate(25, 5, 5, jitter_ms);
    CheckRate(30, 1, 1, jitter_ms);
  }
}

}  // namespace

int main() { return check::RunTests(); }
