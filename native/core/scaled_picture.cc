#include "scaled_picture.h"

#include <libyuv.h>

namespace framegate {
namespace {

// The mean of three rows; out may be a.
void AverageOfThree(const uint8_t* a, const uint8_t* b, const uint8_t* c, uint8_t* out, int width) {
  constexpr int kHalf = 128, kThird = 85;  // Of 256: what the second row gets.
  libyuv::InterpolatePlane(a, 0, b, 0, out, 0, width, 1, kHalf);
  libyuv::InterpolatePlane(out, 0, c, 0, out, 0, width, 1, kThird);
}

// Scales a plane to a third of its width and height. libyuv's box filter is vectorized for halves and quarters only,
// and takes three times as long for thirds as its functions below. The result differs by at most 2.
void ScaleToThird(const uint8_t* source, int stride, uint8_t* out, int width, int height, std::vector<uint8_t>* rows) {
  // libyuv 1904 writes beyond its own buffer if it splits a number of pixels that is no multiple of 32.
  const int split = (width + 63) & ~63;
  rows->resize(static_cast<size_t>(split) * 6);
  uint8_t* const mean = rows->data();  // Of three rows: pixels of three bytes, which split like RGB.
  uint8_t *const left = mean + 3 * split, *const middle = left + split, *const right = middle + split;
  for (int y = 0; y < height; ++y) {
    const uint8_t* const top = source + size_t{3} * y * stride;
    AverageOfThree(top, top + stride, top + size_t{2} * stride, mean, 3 * width);
    libyuv::SplitRGBPlane(mean, 0, left, 0, middle, 0, right, 0, split, 1);
    AverageOfThree(left, middle, right, out + size_t(y) * width, width);
  }
}

}  // namespace

void ScaledSize(int source_width, int source_height, int width, int* out_width, int* out_height) {
  if (width <= 0 || width >= source_width) {
    *out_width = source_width;
    *out_height = source_height;
    return;
  }
  // Even, because 4:2:0 has one chroma sample per two rows and columns.
  *out_width = width >= 2 ? width & ~1 : 2;
  const int64_t height = (int64_t{source_height} * *out_width + source_width / 2) / source_width;
  *out_height = height >= 2 ? static_cast<int>(height & ~int64_t{1}) : 2;
}

void I420Planes::Resize(int width, int height) {
  if (width == width_ && height == height_) return;
  width_ = width;
  height_ = height;
  const size_t luma = static_cast<size_t>(width) * height;
  const size_t chroma = static_cast<size_t>(ChromaStride()) * ((height + 1) / 2);
  bytes_.resize(luma + 2 * chroma);
  y = bytes_.data();
  u = y + luma;
  v = u + chroma;
}

MappedPicture::MappedPicture(GstSample* raw, const GstVideoInfo& info)
    : mapped_(gst_video_frame_map(&frame_, &info, gst_sample_get_buffer(raw), GST_MAP_READ)) {
  if (!mapped_) return;
  for (int i = 0; i < 3; ++i) {
    view_.planes[i] = static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame_, i));
    view_.strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame_, i);
  }
  view_.width = GST_VIDEO_FRAME_WIDTH(&frame_);
  view_.height = GST_VIDEO_FRAME_HEIGHT(&frame_);
  view_.color = frame_.info.colorimetry;
}

MappedPicture::~MappedPicture() {
  if (mapped_) gst_video_frame_unmap(&frame_);
}

bool PictureScaler::Scale(const I420View& source, int wanted_width, I420View* out) {
  int width = 0, height = 0;
  ScaledSize(source.width, source.height, wanted_width, &width, &height);
  if (width == source.width && height == source.height) {
    *out = source;
    return true;
  }
  scaled_.Resize(width, height);
  *out = scaled_.View(source.color);
  if (source.width == 3 * width && source.height == 3 * height) {
    ScaleToThird(source.planes[0], source.strides[0], scaled_.y, width, height, &rows_);
    ScaleToThird(source.planes[1], source.strides[1], scaled_.u, width / 2, height / 2, &rows_);
    ScaleToThird(source.planes[2], source.strides[2], scaled_.v, width / 2, height / 2, &rows_);
    return true;
  }
  // The box filter averages all source pixels; bilinear would alias beyond a factor of two.
  return libyuv::I420Scale(source.planes[0], source.strides[0], source.planes[1], source.strides[1], source.planes[2],
                           source.strides[2], source.width, source.height, scaled_.y, scaled_.LumaStride(), scaled_.u,
                           scaled_.ChromaStride(), scaled_.v, scaled_.ChromaStride(), width, height,
                           libyuv::kFilterBox) == 0;
}

}  // namespace framegate
