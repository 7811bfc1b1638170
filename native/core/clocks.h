// The two clocks: monotonic for waits and ages, wall clock for times that leave the process.
#pragma once

#include <chrono>
#include <cstdint>

namespace framegate {

inline int64_t MonotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline int64_t WallClockUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

constexpr int64_t MsToNs(int64_t ms) { return ms * 1000000; }

}  // namespace framegate
