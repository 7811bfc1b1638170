// The two clocks: monotonic for waits and ages, wall clock for times that leave the process.
#pragma once

#include <sys/types.h>

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

// CPU time of the calling thread.
inline int64_t ThreadCpuNs() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * int64_t{1000000000} + time.tv_nsec;
}

// CPU time of another thread of this process; 0 if it has ended.
inline int64_t ThreadCpuNs(pid_t id) {
  const auto clock = static_cast<clockid_t>(~static_cast<unsigned>(id) << 3 | 6);  // As pthread_getcpuclockid does.
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * int64_t{1000000000} + time.tv_nsec;
}

constexpr int64_t MsToNs(int64_t ms) { return ms * 1000000; }

}  // namespace framegate
