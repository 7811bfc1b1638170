// The two clocks: monotonic for waits and ages, wall clock for times that leave the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace framegate {

inline int64_t MonotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline int64_t WallClockUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// CPU time by the clock of a thread; -1 if the thread has ended.
inline int64_t CpuClockNs(clockid_t clock) {
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) return -1;
  return time.tv_sec * int64_t{1000000000} + time.tv_nsec;
}

// CPU time of the calling thread.
inline int64_t ThreadCpuNs() { return CpuClockNs(CLOCK_THREAD_CPUTIME_ID); }

constexpr int64_t MsToNs(int64_t ms) { return ms * 1000000; }

}  // namespace framegate
