// The CPU time of threads that work for one session. Each thread enters itself, and its clock is read from outside, so
// that counting costs the threads nothing.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "clocks.h"

namespace framegate {

class CpuAccount {
 public:
  // The calling thread works for this session from now on. Does nothing if it has entered before.
  void Enter() {
    const std::lock_guard<std::mutex> lock(mutex_);
    clockid_t clock = {};
    if (closed_ || pthread_getcpuclockid(pthread_self(), &clock) != 0) return;
    const int64_t now_ns = CpuClockNs(clock);
    threads_.insert({clock, {now_ns, now_ns}});
  }

  // The calling thread ends, or will work for others.
  void Leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    clockid_t clock = {};
    if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return;
    const auto entry = threads_.find(clock);
    if (entry == threads_.end()) return;
    ended_ns_ += entry->second.SpentNs(clock);
    threads_.erase(entry);
  }

  int64_t TotalNs() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return LockedTotalNs();
  }

  // Counts no longer. Call it before threads end that do not leave.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (std::exchange(closed_, true)) return;
    ended_ns_ = LockedTotalNs();
    threads_.clear();
  }

 private:
  int64_t LockedTotalNs() const {
    int64_t total_ns = ended_ns_;
    for (auto& [clock, times] : threads_) total_ns += times.SpentNs(clock);
    return total_ns;
  }

  struct Times {
    int64_t began_ns, last_ns;

    // A thread that ended without Leave() keeps what it had.
    int64_t SpentNs(clockid_t clock) {
      last_ns = std::max(last_ns, CpuClockNs(clock));
      return last_ns - began_ns;
    }
  };

  mutable std::mutex mutex_;
  mutable std::map<clockid_t, Times> threads_;
  int64_t ended_ns_ = 0;
  bool closed_ = false;
};

// The share of one core over the last seconds.
class CpuShare {
 public:
  // When due().
  void Add(int64_t now_ns, int64_t cpu_ns) {
    samples_.emplace_back(now_ns, cpu_ns);
    if (samples_.size() > kSamples) samples_.pop_front();
  }

  bool due(int64_t now_ns) const { return samples_.empty() || now_ns - samples_.back().first >= kEveryNs; }

  // More than 100 if several cores work; -1 before the second sample.
  double Percent() const {
    if (samples_.size() < 2) return -1;
    const auto& [first_ns, first_cpu_ns] = samples_.front();
    const auto& [last_ns, last_cpu_ns] = samples_.back();
    return 100.0 * static_cast<double>(last_cpu_ns - first_cpu_ns) / static_cast<double>(last_ns - first_ns);
  }

 private:
  static constexpr int64_t kEveryNs = 1000000000;
  static constexpr size_t kSamples = 6;  // 5 s.
  std::deque<std::pair<int64_t, int64_t>> samples_;
};

}  // namespace framegate
