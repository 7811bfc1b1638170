// How far apart the key pictures of a stream are. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "clocks.h"

namespace framegate {

class KeyRhythm {
 public:
  // stream_ns: when the key picture was taken, on the monotonic clock.
  void Add(int64_t stream_ns) {
    if (!times_ns_.empty() && stream_ns <= times_ns_.back()) times_ns_.clear();  // The timestamps have jumped.
    times_ns_.push_back(stream_ns);
    if (times_ns_.size() > kDistances + 1) times_ns_.pop_front();
  }

  // Enough key pictures have come to expect the next.
  bool known() const { return times_ns_.size() > 2; }

  // The longest of the last four distances, or the time since the newest key picture if the next is overdue; 0 before
  // the first key picture.
  int64_t longest_ns(int64_t now_ns) const {
    if (times_ns_.empty()) return 0;
    int64_t longest_ns = std::max<int64_t>(1, now_ns - times_ns_.back() - kLateNs);
    for (size_t i = 1; i < times_ns_.size(); ++i) longest_ns = std::max(longest_ns, times_ns_[i] - times_ns_[i - 1]);
    return longest_ns;
  }

  // The mean of the last four distances; 0 before the second key picture.
  int64_t mean_ns() const {
    if (times_ns_.size() < 2) return 0;
    return (times_ns_.back() - times_ns_.front()) / static_cast<int64_t>(times_ns_.size() - 1);
  }

 private:
  static constexpr size_t kDistances = 4;
  // A frame may be as late as this and is still shown.
  static constexpr int64_t kLateNs = MsToNs(250);

  std::deque<int64_t> times_ns_;
};

}  // namespace framegate
