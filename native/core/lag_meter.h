// How much later than the stream's best a packet arrives: what the network, or whoever sends, holds back.
//
// From RTP timestamps, not from the jitter buffer's: that one begins its clock anew after a second's stall, and the
// frames after it would seem late for as long as the floor remembers. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace framegate {

class LagMeter {
 public:
  explicit LagMeter(uint32_t clock_rate_hz) : clock_rate_hz_(clock_rate_hz) {}

  // The lag of a packet with this timestamp that arrives now, in ns, from 0. The least of the last 2.5 to 5 s is 0,
  // whatever offset and drift the camera's clock has.
  int64_t Lag(uint32_t timestamp, int64_t now_ns) {
    if (!begun_) return Begin(timestamp, now_ns);
    const int64_t step_ns = static_cast<int32_t>(timestamp - last_timestamp_) * int64_t{1000000000} / clock_rate_hz_;
    const int64_t passed_ns = now_ns - last_ns_;
    // Ahead of the time that passed, or far back: the clock was set, the stream is another one.
    if (step_ns > passed_ns + kJumpNs || step_ns < -kJumpNs) return Begin(timestamp, now_ns);
    media_ns_ += step_ns;
    last_timestamp_ = timestamp;
    last_ns_ = now_ns;
    const int64_t behind = now_ns - media_ns_;
    if (now_ns - period_start_ns_ > kPeriodNs) {
      period_start_ns_ = now_ns;
      floor_ns_[1] = floor_ns_[0];
      floor_ns_[0] = INT64_MAX;
    }
    floor_ns_[0] = std::min(floor_ns_[0], behind);
    return behind - std::min(floor_ns_[0], floor_ns_[1]);
  }

 private:
  static constexpr int64_t kPeriodNs = 2500000000;
  // B-frames step back by some frames only.
  static constexpr int64_t kJumpNs = 2000000000;

  int64_t Begin(uint32_t timestamp, int64_t now_ns) {
    begun_ = true;
    last_timestamp_ = timestamp;
    last_ns_ = period_start_ns_ = media_ns_ = now_ns;
    floor_ns_[0] = 0;
    floor_ns_[1] = INT64_MAX;
    return 0;
  }

  const uint32_t clock_rate_hz_;
  bool begun_ = false;
  uint32_t last_timestamp_ = 0;
  int64_t last_ns_ = 0;
  int64_t media_ns_ = 0;  // The timestamps' own time.
  int64_t period_start_ns_ = 0;
  int64_t floor_ns_[2] = {INT64_MAX, INT64_MAX};
};

}  // namespace framegate
