#include "lane_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace framegate {
namespace {

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
// Readers can neither write, nor change the size, nor take the seals away.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
constexpr size_t kPage = 4096;

}  // namespace

std::shared_ptr<LaneMemory> LaneMemory::Make(const LaneShape& shape, int slots, std::shared_ptr<LaneBudget> budget) {
  std::shared_ptr<LaneMemory> memory(new LaneMemory(shape, slots, std::move(budget)));
  return memory->Allocate() ? memory : nullptr;
}

bool LaneMemory::Available() {
  LaneShape shape;
  shape.width = shape.height = 1;
  return Make(shape, 1, std::make_shared<LaneBudget>(kPage)) != nullptr;
}

LaneMemory::LaneMemory(const LaneShape& shape, int slots, std::shared_ptr<LaneBudget> budget)
    : shape_(shape), budget_(std::move(budget)), holders_(slots) {
  slot_bytes_ = (PixelBytes(shape.format, shape.width, shape.height) + kPage - 1) & ~(kPage - 1);
}

LaneMemory::~LaneMemory() {
  if (base_) munmap(base_, TotalBytes());
  if (fd_ >= 0) close(fd_);
  if (counted_) budget_->used_bytes -= TotalBytes();
}

bool LaneMemory::Allocate() {
  const uint64_t used_bytes = budget_->used_bytes += TotalBytes();
  counted_ = true;
  if (used_bytes > budget_->maximum_bytes) return false;
  fd_ = memfd_create("framegate-lane", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd_ < 0 || posix_fallocate(fd_, 0, static_cast<off_t>(TotalBytes())) != 0) return false;
  void* base = mmap(nullptr, TotalBytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (base == MAP_FAILED) return false;
  base_ = static_cast<uint8_t*>(base);
  return fcntl(fd_, F_ADD_SEALS, kSeals) == 0;
}

int LaneMemory::TakeFree() {
  for (int slot = 0; slot < slots(); ++slot) {
    if (holders_[slot] > 0) continue;
    Hold(slot);
    return slot;
  }
  return -1;
}

}  // namespace framegate
