// Measures a stream from the arrival of its whole frames: rate, interval, GOP length, B-frames. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "clocks.h"

namespace framegate {

class StreamMeter {
 public:
  // now_ns: arrival time, monotonic. pts_ns: presentation time, on the stream's clock. b_slices: the frame may be shown
  // before one that arrived earlier. punctual: it was not delayed on the way.
  void Count(int64_t now_ns, uint64_t pts_ns, bool key, bool b_slices, bool punctual = true) {
    if (punctual && !arrivals_ns_.empty()) {
      longest_pause_ns_ = std::max(longest_pause_ns_, std::min(now_ns - arrivals_ns_.back(), kLongestNs));
    }
    if (b_slices && pts_ns < last_pts_ns_) b_frames_ = true;
    last_pts_ns_ = pts_ns;
    arrivals_ns_.push_back(now_ns);
    while (arrivals_ns_.size() > 2 && now_ns - arrivals_ns_.front() > kWindowNs) arrivals_ns_.pop_front();
    if (key) {
      if (have_key_) gop_length_ = frames_since_key_;
      have_key_ = true;
      frames_since_key_ = 0;
    }
    ++frames_since_key_;
  }

  // When the newest frame arrived; 0 before the first.
  int64_t last_frame_ns() const { return arrivals_ns_.empty() ? 0 : arrivals_ns_.back(); }
  uint64_t last_pts_ns() const { return last_pts_ns_; }

  // The mean of the last 3 s, limited to 4 ms to 60 s; 0 until two frames have arrived.
  int64_t frame_interval_ns() const {
    if (arrivals_ns_.size() < 2) return 0;
    const int64_t span_ns = arrivals_ns_.back() - arrivals_ns_.front();
    return std::clamp(span_ns / static_cast<int64_t>(arrivals_ns_.size() - 1), MsToNs(4), kLongestNs);
  }

  // The longest between two frames of which the second was punctual, at most 60 s; 0 until two frames have arrived.
  int64_t longest_pause_ns() const { return longest_pause_ns_; }

  // Frames per second over the last 3 s; 0 while unknown, or if none arrived for 3 s or two intervals.
  double Fps(int64_t now_ns) const {
    if (arrivals_ns_.size() < 2) return 0;
    if (now_ns - arrivals_ns_.back() >= std::max(kWindowNs, 2 * frame_interval_ns())) return 0;
    // Includes the time since the last arrival, so that the rate of a stalled camera drops.
    const int64_t span_ns = std::max(arrivals_ns_.back(), now_ns - frame_interval_ns()) - arrivals_ns_.front();
    // Streams often start with a burst: less than a second is too short to tell the rate.
    if (span_ns < MsToNs(1000)) return 0;
    return 1e9 * static_cast<double>(arrivals_ns_.size() - 1) / static_cast<double>(span_ns);
  }

  int gop_length() const { return gop_length_; }  // Frames from one key picture to the next; 0 while unknown.
  bool b_frames() const { return b_frames_; }     // Pictures arrive in another order than they are shown.

 private:
  static constexpr int64_t kWindowNs = MsToNs(3000);
  static constexpr int64_t kLongestNs = MsToNs(60'000);

  std::deque<int64_t> arrivals_ns_;  // The last 3 s, but at least two.
  uint64_t last_pts_ns_ = 0;
  int64_t longest_pause_ns_ = 0;
  int frames_since_key_ = 0, gop_length_ = 0;
  bool have_key_ = false, b_frames_ = false;
};

}  // namespace framegate
