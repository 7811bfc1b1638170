// Memory without a name that readers map: sealed, so that no reader can change it, and allocated in full, so that no
// access fails later.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "pixel_format.h"

namespace framegate {

struct LaneShape {
  PixelFormat format = PixelFormat::kBgr;
  int width = 0, height = 0;
  uint32_t matrix = 0;  // GstVideoColorMatrix.
  bool full_range = false;

  bool operator==(const LaneShape& other) const {
    return format == other.format && width == other.width && height == other.height && matrix == other.matrix &&
           full_range == other.full_range;
  }
  bool operator!=(const LaneShape& other) const { return !(*this == other); }
};

// Bytes that all memories together may take, and take.
struct LaneBudget {
  explicit LaneBudget(uint64_t maximum_bytes) : maximum_bytes(maximum_bytes) {}
  const uint64_t maximum_bytes;
  std::atomic<uint64_t> used_bytes{0};
};

// Slots of one shape. Not thread-safe, except for the pixels of a slot that its user holds.
class LaneMemory {
 public:
  // Null if the budget, the kernel's memory or its seals do not allow it.
  static std::shared_ptr<LaneMemory> Make(const LaneShape& shape, int slots, std::shared_ptr<LaneBudget> budget);
  // Whether this kernel has the seals (Linux 5.1).
  static bool Available();
  ~LaneMemory();
  LaneMemory(const LaneMemory&) = delete;
  LaneMemory& operator=(const LaneMemory&) = delete;

  const LaneShape& shape() const { return shape_; }
  int slots() const { return static_cast<int>(holders_.size()); }
  size_t slot_bytes() const { return slot_bytes_; }
  int fd() const { return fd_; }
  uint8_t* pixels(int slot) const { return base_ + slot_bytes_ * slot; }

  // A slot that nobody holds, held once; -1 if there is none.
  int TakeFree();
  void Hold(int slot) { ++holders_[slot]; }
  void Release(int slot) { --holders_[slot]; }

 private:
  LaneMemory(const LaneShape& shape, int slots, std::shared_ptr<LaneBudget> budget);
  bool Allocate();
  size_t TotalBytes() const { return slot_bytes_ * holders_.size(); }

  const LaneShape shape_;
  const std::shared_ptr<LaneBudget> budget_;
  std::vector<int> holders_;  // Of each slot.
  size_t slot_bytes_ = 0;
  int fd_ = -1;
  uint8_t* base_ = nullptr;
  bool counted_ = false;
};

}  // namespace framegate
