// Chooses which frames of a stream to take, so that `fps` per second come out evenly: 20 of 25, 7 of 12.5, 25 of 25 if
// 30 are wanted. Pure. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "clocks.h"

namespace framegate {

class RateLimiter {
 public:
  explicit RateLimiter(double fps) : interval_ns_(static_cast<int64_t>(1e9 / fps)) {}

  // stream_ns: time of a frame, in presentation order; a jump of a second starts over. True: take it.
  bool Take(int64_t stream_ns) {
    const bool jumped =
        !started_ || stream_ns < last_ns_ - MsToNs(1000) || stream_ns > due_ns_ + 10 * interval_ns_ + MsToNs(1000);
    const int64_t step_ns = stream_ns - last_ns_;
    last_ns_ = stream_ns;
    if (jumped) {
      started_ = true;
      due_ns_ = stream_ns + interval_ns_;
      return true;
    }
    // A tolerance of a quarter interval absorbs jitter. The mean stays exact, because due times advance by whole
    // intervals.
    if (stream_ns + interval_ns_ / 4 < due_ns_) return false;
    due_ns_ += interval_ns_;
    // A source slower than fps must not build up credit for a burst.
    if (due_ns_ < stream_ns - interval_ns_) due_ns_ = stream_ns;
    // A source up to 2 % faster than fps passes whole: to leave a frame out now and then would double a gap.
    if (std::abs(step_ns - interval_ns_) <= interval_ns_ / 50) due_ns_ = std::min(due_ns_, stream_ns + interval_ns_);
    return true;
  }

  // Whether Take() would take this frame, or one before it.
  bool Wants(int64_t stream_ns) const { return RateLimiter(*this).Take(stream_ns); }

 private:
  const int64_t interval_ns_;
  bool started_ = false;
  int64_t last_ns_ = 0;
  int64_t due_ns_ = 0;
};

}  // namespace framegate
