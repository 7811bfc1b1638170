// Gives each packet the presentation time of its picture, from its RTP timestamp: later pictures get later times, in
// the order in which they are shown. The jitter buffer cannot: it restarts its clock at each packet that is late, and
// pictures on both sides of a restart change places. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "clocks.h"

namespace framegate {

class PictureClock {
 public:
  explicit PictureClock(uint32_t clock_rate_hz) : clock_rate_hz_(clock_rate_hz) {}

  // A packet that arrives at now_ns, monotonic. Returns the presentation time in ns; that of the first packet is
  // now_ns.
  int64_t Count(uint32_t timestamp, int64_t now_ns) {
    if (!started_) {
      started_ = true;
      latest_ns_ = now_ns;
      Advance(timestamp, now_ns, 0);
      return latest_ns_;
    }
    const int64_t step_ns = static_cast<int32_t>(timestamp - latest_) * MsToNs(1000) / clock_rate_hz_;
    const int64_t passed_ns = now_ns - arrived_ns_;
    if (step_ns == 0 && passed_ns <= kJumpNs) return latest_ns_;
    if (step_ns > 0 && step_ns <= passed_ns + kJumpNs) {
      Advance(timestamp, now_ns, step_ns);
      return latest_ns_;
    }
    if (step_ns < 0 && step_ns >= -kJumpNs) {
      if (timestamp != earlier_) ++earlier_pictures_;
      earlier_ = timestamp;
      if (earlier_pictures_ <= kMostEarlier) return latest_ns_ + step_ns;
    }
    // The camera set its clock, or the clock stands still. Pictures on their way stay before this one.
    Advance(timestamp, now_ns, std::max<int64_t>(passed_ns, 1));
    return latest_ns_;
  }

 private:
  // B-pictures step back by a few frames only, and at most 16 of them follow one another.
  static constexpr int64_t kJumpNs = MsToNs(2000);
  static constexpr int kMostEarlier = 16;

  void Advance(uint32_t timestamp, int64_t now_ns, int64_t step_ns) {
    latest_ = earlier_ = timestamp;
    latest_ns_ += step_ns;
    arrived_ns_ = now_ns;
    earlier_pictures_ = 0;
  }

  uint32_t clock_rate_hz_;
  bool started_ = false;
  uint32_t latest_ = 0;  // Of the picture that is shown last.
  int64_t latest_ns_ = 0;
  int64_t arrived_ns_ = 0;
  uint32_t earlier_ = 0;
  int earlier_pictures_ = 0;  // Since the latest.
};

}  // namespace framegate
