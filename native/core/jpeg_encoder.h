// Scales a decoded picture and encodes it as JPEG, with libyuv and libjpeg-turbo.
#pragma once

#include <gst/video/video.h>

#include <cstdint>
#include <vector>

namespace framegate {

struct JpegPicture {
  std::vector<uint8_t> jpeg;  // FF D8 ... FF D9
  int width = 0, height = 0;  // Pixels.
};

// The size of a picture that is scaled to `width` and keeps its aspect ratio. width: pixels; 0, or more than the source
// has, keeps the source's size.
void ScaledSize(int source_width, int source_height, int width, int* out_width, int* out_height);

// The three planes of a 4:2:0 picture in one buffer, which is reused.
class I420Planes {
 public:
  void Resize(int width, int height);
  int LumaStride() const { return width_; }
  int ChromaStride() const { return (width_ + 1) / 2; }

  uint8_t* y = nullptr;
  uint8_t* u = nullptr;
  uint8_t* v = nullptr;

 private:
  std::vector<uint8_t> bytes_;
  int width_ = 0, height_ = 0;
};

// Not thread-safe.
class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  // raw: I420, described by info. width: as for ScaledSize. quality: 1 to 100. False if it fails.
  bool Encode(GstSample* raw, const GstVideoInfo& info, int width, int quality, JpegPicture* out);

 private:
  bool EncodeMapped(const GstVideoFrame& frame, int width, int quality, JpegPicture* out);

  void* const turbo_;  // tjhandle; null if libjpeg-turbo failed to start.
  I420Planes scaled_, converted_;
  std::vector<uint8_t> argb_, buffer_;
};

}  // namespace framegate
