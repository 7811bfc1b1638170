// One coded picture on its way from the receiver to the GOP cache and the decoder.
#pragma once

#include <cstdint>
#include <memory>

#include "gst_ptr.h"

namespace framegate {

constexpr int64_t kUnknownTime = -1;

struct AccessUnit {
  SamplePtr sample;                       // Buffer with its caps; read-only.
  uint64_t pts_ns = 0;                    // Presentation time, of PictureClock.
  int64_t received_at_us = 0;             // Wall clock when its last packet arrived.
  int64_t received_mono_ns = 0;           // The same on the monotonic clock.
  int64_t captured_at_us = kUnknownTime;  // Camera clock, from RTCP sender reports.
  int64_t transport_lag_ns = 0;           // How long it was delayed in the network.
  int64_t stream_ns = 0;                  // Its timestamp on the monotonic clock; see LagMeter.
  bool key = false;                       // Decoding can start here.
  bool starts_sequence = false;           // Decoding does start here: it uses nothing that came before.
  bool reference = true;                  // Other pictures predict from it.
  bool field = false;                     // Only one field of a picture; the other comes in a unit of its own.
  // If decoding starts here without a key picture: the pictures until all are whole. -1: it does not.
  int recovery_frames = -1;
  size_t size_bytes = 0;

  // It is whole without any other picture.
  bool stands_alone() const { return key && recovery_frames <= 0; }
};

using AccessUnitPtr = std::shared_ptr<const AccessUnit>;

}  // namespace framegate
