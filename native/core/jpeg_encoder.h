// Raw picture in, scaled JPEG out. One object serves one thread.
#pragma once

#include <gst/video/video.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "gst_ptr.h"

namespace framegate {

struct JpegPicture {
  std::vector<uint8_t> jpeg;
  int width = 0, height = 0;
};

class JpegEncoder {
 public:
  virtual ~JpegEncoder() = default;
  // width 0, or more than the picture has: the picture's own size. False: failed.
  virtual bool Encode(GstSample* raw, const GstVideoInfo& info, int width, int quality, JpegPicture* out) = 0;
};

// libyuv and libjpeg-turbo on the decoder's own planes; I420 alone.
std::unique_ptr<JpegEncoder> MakeFastJpegEncoder();
bool FastJpegEncoderTakes(const GstVideoInfo& info);

// Every other raw format: videoconvert makes I420 of it, then the same.
std::unique_ptr<JpegEncoder> MakeConvertingJpegEncoder();

// videoconvert ! videoscale ! jpegenc, for the bench alone: it leaves the video's range
// as it is, so black comes out as gray 16.
std::unique_ptr<JpegEncoder> MakeStockJpegEncoder();

// The size that a picture gets when it is scaled to `width`, its shape kept.
void ScaledSize(int source_width, int source_height, int width, int* out_width, int* out_height);

}  // namespace framegate
