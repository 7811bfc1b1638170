// One-slot mailbox per rendition: a newer frame replaces one that still waits.
// Written by the decode thread, emptied by the JS thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stream_types.h"

namespace framegate {

class LatestFrames {
 public:
  // True where nothing waited before: the reader has to be woken.
  bool Put(std::unique_ptr<JpegFrame> frame) {
    std::lock_guard<std::mutex> lock(mutex_);
    const bool was_empty = waiting_.empty();
    std::unique_ptr<JpegFrame>& slot = waiting_[frame->rendition];
    if (slot) ++overwritten_;
    slot = std::move(frame);
    return was_empty;
  }

  std::vector<std::unique_ptr<JpegFrame>> TakeAll() {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::unique_ptr<JpegFrame>> taken;
    for (auto& slot : waiting_) taken.push_back(std::move(slot.second));
    waiting_.clear();
    return taken;
  }

  uint64_t overwritten() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return overwritten_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<JpegFrame>> waiting_;
  uint64_t overwritten_ = 0;
};

}  // namespace framegate
