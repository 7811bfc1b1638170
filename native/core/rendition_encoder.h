// Scales decoded pictures for each rendition, at its own rate: as JPEGs, and as raw frames for local readers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "frame_lane.h"
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

  // lane: null: there are no local readers.
  explicit RenditionEncoder(std::shared_ptr<FrameLane> lane) : lane_(std::move(lane)) {}

  // A rendition whose id and fps stay the same keeps its timing.
  void SetRenditions(const std::vector<Rendition>& renditions);

  // Some rendition is due at stream_ns. If none is, the picture need not be decoded.
  bool Wants(int64_t stream_ns);

  // Calls on_frame, before it returns, for each rendition that is due at times.stream_ns. Renditions of
  // equal size and quality are encoded once. False if encoding fails.
  bool Encode(SamplePtr raw, const GstVideoInfo& info, const UnitTimes::Times& times, const OnFrame& on_frame);

  // Frames put into the lane by the last Encode().
  int lent() const { return lent_; }

 private:
  struct Output {
    Rendition rendition;
    RateLimiter limiter;
  };

  // A JPEG of the picture that is being encoded.
  struct Made {
    int width, quality;
    std::vector<uint8_t> jpeg;
  };

  const std::vector<uint8_t>* Jpeg(const I420View& picture, int quality);

  const std::shared_ptr<FrameLane> lane_;
  int lent_ = 0;
  std::vector<Output> outputs_;
  std::vector<Made> made_;
  I420Converter converter_;
  PictureScaler scaler_;
  JpegEncoder encoder_;
};

}  // namespace framegate
