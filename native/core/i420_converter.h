// Converts pictures of any other raw format to I420, with videoconvert.
#pragma once

#include <gst/video/video.h>

#include <memory>

#include "element_chain.h"
#include "gst_ptr.h"

namespace framegate {

inline bool IsI420(const GstVideoInfo& info) { return GST_VIDEO_INFO_FORMAT(&info) == GST_VIDEO_FORMAT_I420; }

// Not thread-safe.
class I420Converter {
 public:
  // Null if it fails. Keeps the color range: videoconvert 1.22 does not convert it between equal formats, so
  // JpegEncoder does.
  SamplePtr Convert(GstSample* raw);

 private:
  bool Open();

  std::unique_ptr<ElementChain> chain_;
  SamplePtr converted_;
};

}  // namespace framegate
