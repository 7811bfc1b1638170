// One coded picture as it goes from the receiver to the cache and the decoder.
#pragma once

#include <cstdint>
#include <memory>

#include "gst_ptr.h"

namespace framegate {

constexpr int64_t kUnknownTime = -1;

struct AccessUnit {
  SamplePtr sample;                       // Buffer with its caps; never written to.
  uint64_t pts_ns = 0;                    // Running time of the receiver's pipeline.
  int64_t received_at_us = 0;             // Wall clock when its last packet had arrived.
  int64_t received_mono_ns = 0;           // The same on the monotonic clock.
  int64_t captured_at_us = kUnknownTime;  // The camera's clock, from RTCP sender reports.
  int64_t transport_lag_ns = 0;           // How much later than the stream's best it arrived.
  bool key = false;                       // Decoding can begin here.
  bool starts_sequence = false;           // It does: what came before is not what this builds on.
  bool reference = true;                  // Others build on it.
  int recovery_frames = -1;  // No key picture, but begun here so many pictures are not whole yet and then all are.
  size_t size_bytes = 0;
};

using AccessUnitPtr = std::shared_ptr<const AccessUnit>;

}  // namespace framegate
