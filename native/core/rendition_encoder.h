// Encodes decoded pictures as JPEGs, for each rendition at its own rate.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gst_ptr.h"
#include "i420_converter.h"
#include "jpeg_encoder.h"
#include "rate_limiter.h"
#include "stream_types.h"
#include "unit_times.h"

namespace framegate {

// Not thread-safe.
class RenditionEncoder {
 public:
  using OnFrame = std::function<void(std::unique_ptr<JpegFrame>)>;

  // A rendition whose id and fps stay the same keeps its timing.
  void SetRenditions(const std::vector<Rendition>& renditions);

  // Calls on_frame, before it returns, for each rendition that is due at times.stream_ns. Renditions of
  // equal size and quality are encoded once. False if encoding fails.
  bool Encode(SamplePtr raw, const GstVideoInfo& info, const UnitTimes::Times& times, const OnFrame& on_frame);

 private:
  struct Output {
    Rendition rendition;
    RateLimiter limiter;
  };

  std::vector<Output> outputs_;
  I420Converter converter_;
  JpegEncoder encoder_;
};

}  // namespace framegate
