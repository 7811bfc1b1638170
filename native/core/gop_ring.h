// Keeps the access units since the last key picture, so that a decoder that starts
// late shows the newest frame at once. Guarded by its owner's lock.
#pragma once

#include <cstddef>
#include <vector>

#include "access_unit.h"

namespace framegate {

class GopRing {
 public:
  // Past these a GOP is not kept: who starts late then waits for the next key picture.
  // 64 MiB is 10 s of 50 Mbit/s; decoding 600 units takes seconds (robustness.md, 8).
  static constexpr size_t kMaxBytes = 64u << 20;
  static constexpr size_t kMaxUnits = 600;

  void Add(AccessUnitPtr unit) {
    if (unit->key) Clear();
    if (!unit->key && units_.empty()) return;  // Nothing to build on.
    bytes_ += unit->size_bytes;
    units_.push_back(std::move(unit));
    if (bytes_ > kMaxBytes || units_.size() > kMaxUnits) Clear();
  }

  void Clear() {
    units_.clear();
    bytes_ = 0;
  }

  const std::vector<AccessUnitPtr>& units() const { return units_; }
  size_t bytes() const { return bytes_; }

 private:
  std::vector<AccessUnitPtr> units_;
  size_t bytes_ = 0;
};

}  // namespace framegate
