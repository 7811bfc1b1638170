// Measures how much later a packet arrives than the stream at its best: the delay in the network or the sender.
//
// It uses RTP timestamps, not the times of the jitter buffer, which restarts its clock after a stall of a second, so
// that the frames after it would seem late. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "clocks.h"

namespace framegate {

class LagMeter {
 public:
  explicit LagMeter(uint32_t clock_rate_hz) : clock_rate_hz_(clock_rate_hz) {}

  // The lag of a packet with this timestamp that arrives now, relative to the best so far; ns, at least 0. The best is
  // forgotten at 50 ms per second, so a camera's clock may be 5 % slow, yet frames delayed by a congested network stay
  // late.
  int64_t Lag(uint32_t timestamp, int64_t now_ns) {
    if (!started_) return Restart(timestamp, now_ns);
    const int64_t step_ns = static_cast<int32_t>(timestamp - last_timestamp_) * MsToNs(1000) / clock_rate_hz_;
    const int64_t passed_ns = now_ns - last_ns_;
    // The timestamp jumped ahead or far back: the camera set its clock, or it is another stream.
    if (step_ns > passed_ns + kJumpNs || step_ns < -kJumpNs) return Restart(timestamp, now_ns);
    // B-pictures are sent after pictures that are shown later: that is the encoder's delay, not the network's.
    if (step_ns < 0) return lag_ns_;
    media_ns_ += step_ns;
    last_timestamp_ = timestamp;
    last_ns_ = now_ns;
    const int64_t behind = now_ns - media_ns_;
    // Streams start with bursts, or with one picture long before the others. Nothing is late yet.
    if (step_ns != 0) ++pictures_;
    if (now_ns - started_ns_ < kWarmUpNs || pictures_ < kWarmUpPictures) best_ns_ = behind;
    best_ns_ = std::min(best_ns_ + passed_ns / kForgetDivisor, behind);
    return lag_ns_ = behind - best_ns_;
  }

 private:
  static constexpr int64_t kForgetDivisor = 20;
  static constexpr int64_t kWarmUpNs = MsToNs(1000);
  static constexpr int kWarmUpPictures = 10;
  // B-pictures step back by a few frames only.
  static constexpr int64_t kJumpNs = MsToNs(2000);

  int64_t Restart(uint32_t timestamp, int64_t now_ns) {
    started_ = true;
    last_timestamp_ = timestamp;
    started_ns_ = last_ns_ = media_ns_ = now_ns;
    best_ns_ = lag_ns_ = 0;
    pictures_ = 0;
    return 0;
  }

  const uint32_t clock_rate_hz_;
  bool started_ = false;
  uint32_t last_timestamp_ = 0;
  int64_t last_ns_ = 0;
  int64_t started_ns_ = 0;
  int pictures_ = 0;      // Since the start.
  int64_t media_ns_ = 0;  // The time by the timestamps.
  int64_t lag_ns_ = 0;
  int64_t best_ns_ = 0;  // How far media_ns_ was behind the clock, at best.
};

}  // namespace framegate
