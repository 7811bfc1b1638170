// Remembers when access units arrived, so that a decoded picture gets the times of its own. Pure.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

#include "access_unit.h"

namespace framegate {

class UnitTimes {
 public:
  struct Times {
    int64_t received_at_us, received_mono_ns, captured_at_us, transport_lag_ns, stream_ns;
  };

  void Add(const AccessUnit& unit) {
    times_[unit.pts_ns] = {unit.received_at_us, unit.received_mono_ns, unit.captured_at_us, unit.transport_lag_ns,
                           unit.stream_ns};
    if (times_.size() > kMaxTimes) times_.erase(times_.begin());
  }

  // The times of the unit with this presentation time, which it removes with all before it. If a decoder changed the
  // time, those of the next later unit, or of the latest, which stays: its own picture is still to come. Empty if no
  // unit is left.
  std::optional<Times> Take(uint64_t pts_ns) {
    if (times_.empty()) return std::nullopt;
    const auto later = times_.lower_bound(pts_ns);
    const auto found = later == times_.end() ? std::prev(later) : later;
    const Times times = found->second;
    times_.erase(times_.begin(), found->first == pts_ns ? std::next(found) : found);
    return times;
  }

 private:
  // A bound, because decoders may drop pictures. H.264 reorders at most 16.
  static constexpr size_t kMaxTimes = 64;

  std::map<uint64_t, Times> times_;  // By presentation time.
};

}  // namespace framegate
