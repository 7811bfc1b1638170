// The one limit on how old a frame may be.
#pragma once

#include <algorithm>
#include <cstdint>

#include "clocks.h"

namespace framegate {

// A frame older than this is never published: 250 ms, or 3 frame intervals if that is longer. With B-frames 5: a
// frame then waits 3 intervals for frames that are shown before it, and nothing newer can be shown.
inline int64_t AgeLimitNs(int64_t frame_interval_ns, bool b_frames) {
  return std::max(MsToNs(250), (b_frames ? 5 : 3) * frame_interval_ns);
}

}  // namespace framegate
