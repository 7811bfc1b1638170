// Keeps the access units since the last key picture, so that a decoder that starts later can show the newest frame at
// once. Not synchronized.
#pragma once

#include <cstddef>
#include <vector>

#include "access_unit.h"

namespace framegate {

class GopCache {
 public:
  // Beyond these limits, a decoder that starts from the cache takes seconds to catch up (50 pictures of 1080p: 0.6 s,
  // robustness.md, 8). It is better to keep one running.
  static constexpr size_t kLongBytes = 32u << 20;
  static constexpr size_t kLongUnits = 300;
  // Beyond these limits, the cache drops the GOP. By then a decoder is running.
  static constexpr size_t kMaxBytes = 2 * kLongBytes;
  static constexpr size_t kMaxUnits = 2 * kLongUnits;

  void Add(AccessUnitPtr unit) {
    if (unit->key) {
      const bool outgrew = outgrown();
      Clear();
      previous_outgrew_ = outgrew;
    }
    if (!unit->key && units_.empty()) return;  // Cannot be decoded on its own.
    bytes_ += unit->size_bytes;
    units_.push_back(std::move(unit));
    if (bytes_ > kMaxBytes || units_.size() > kMaxUnits) {
      Clear();
      outgrown_ = true;
    }
  }

  void Clear() {
    units_.clear();
    bytes_ = 0;
    outgrown_ = previous_outgrew_ = false;
  }

  // The GOP is too long to start a decoder from it, or was dropped.
  bool outgrown() const { return outgrown_ || bytes_ > kLongBytes || units_.size() > kLongUnits; }

  // Neither this GOP nor the one before is too long, so a decoder can start from the cache at any time.
  bool fits() const { return !units_.empty() && !outgrown() && !previous_outgrew_; }

  const std::vector<AccessUnitPtr>& units() const { return units_; }
  size_t bytes() const { return bytes_; }

 private:
  std::vector<AccessUnitPtr> units_;
  size_t bytes_ = 0;
  bool outgrown_ = false;
  bool previous_outgrew_ = false;
};

}  // namespace framegate
