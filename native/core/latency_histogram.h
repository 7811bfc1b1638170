// Counts how long something took. One thread adds; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace framegate {

class LatencyHistogram {
 public:
  // The longest time of each count, in ms. Longer ones have a count of their own.
  static constexpr std::array<int, 12> kBoundsMs = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};

  struct Counts {
    std::array<uint64_t, kBoundsMs.size() + 1> counts = {};
    int64_t sum_ns = 0;
  };

  void Add(int64_t ns) {
    size_t at = 0;
    while (at < kBoundsMs.size() && ns > kBoundsMs[at] * int64_t{1000000}) ++at;
    ++counts_[at];
    sum_ns_ += ns;
  }

  Counts Read() const {
    Counts counts;
    for (size_t i = 0; i < counts_.size(); ++i) counts.counts[i] = counts_[i];
    counts.sum_ns = sum_ns_;
    return counts;
  }

 private:
  std::array<std::atomic<uint64_t>, kBoundsMs.size() + 1> counts_ = {};
  std::atomic<int64_t> sum_ns_{0};
};

}  // namespace framegate
