// Decoded pictures in I420, and their scaling with libyuv.
#pragma once

#include <gst/video/video.h>

#include <cstdint>
#include <vector>

namespace framegate {

// Somebody else's planes: Y, U, V.
struct I420View {
  const uint8_t* planes[3] = {};
  int strides[3] = {};
  int width = 0, height = 0;  // Pixels.
  GstVideoColorimetry color = {};
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
  I420View View(const GstVideoColorimetry& color) const {
    return {{y, u, v}, {LumaStride(), ChromaStride(), ChromaStride()}, width_, height_, color};
  }

  uint8_t* y = nullptr;
  uint8_t* u = nullptr;
  uint8_t* v = nullptr;

 private:
  std::vector<uint8_t> bytes_;
  int width_ = 0, height_ = 0;
};

// A sample's I420 picture, mapped for reading as long as this lives.
class MappedPicture {
 public:
  MappedPicture(GstSample* raw, const GstVideoInfo& info);
  ~MappedPicture();
  MappedPicture(const MappedPicture&) = delete;
  MappedPicture& operator=(const MappedPicture&) = delete;

  bool mapped() const { return mapped_; }
  const I420View& view() const { return view_; }

 private:
  GstVideoFrame frame_ = {};
  I420View view_;
  bool mapped_;
};

// Not thread-safe.
class PictureScaler {
 public:
  // width: as for ScaledSize. The result is valid until the next call, and as long as the source. False if it fails.
  bool Scale(const I420View& source, int width, I420View* out);

 private:
  I420Planes scaled_;
  std::vector<uint8_t> rows_;
};

}  // namespace framegate
