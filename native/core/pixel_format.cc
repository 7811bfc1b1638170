#include "pixel_format.h"

#include <libyuv.h>

#include <algorithm>

#include "color_matrix.h"

namespace framegate {
namespace {

size_t ChromaBytes(int width, int height) { return static_cast<size_t>((width + 1) / 2) * ((height + 1) / 2); }

// Limited range is 16 to 235.
void StretchLuma(const uint8_t* from, int count, uint8_t* to) {
  for (int i = 0; i < count; ++i) {
    const int level = ((from[i] - 16) * 298 + 128) >> 8;
    to[i] = static_cast<uint8_t>(std::min(std::max(level, 0), 255));
  }
}

void WriteGray(const I420View& picture, uint8_t* out) {
  if (picture.color.range == GST_VIDEO_COLOR_RANGE_0_255) {
    libyuv::CopyPlane(picture.planes[0], picture.strides[0], out, picture.width, picture.width, picture.height);
    return;
  }
  for (int row = 0; row < picture.height; ++row) {
    StretchLuma(picture.planes[0] + static_cast<ptrdiff_t>(row) * picture.strides[0], picture.width,
                out + static_cast<ptrdiff_t>(row) * picture.width);
  }
}

}  // namespace

int PixelStride(PixelFormat format, int width) {
  return format == PixelFormat::kBgr || format == PixelFormat::kRgb ? width * 3 : width;
}

size_t PixelBytes(PixelFormat format, int width, int height) {
  const size_t first = static_cast<size_t>(PixelStride(format, width)) * height;
  const bool planes = format == PixelFormat::kI420 || format == PixelFormat::kNv12;
  return planes ? first + 2 * ChromaBytes(width, height) : first;
}

void WritePixels(const I420View& picture, PixelFormat format, uint8_t* out) {
  const uint8_t* const* planes = picture.planes;
  const int* strides = picture.strides;
  const int width = picture.width, height = picture.height, chroma_stride = (width + 1) / 2;
  uint8_t* const chroma = out + static_cast<size_t>(width) * height;
  switch (format) {
    case PixelFormat::kBgr:
      libyuv::I420ToRGB24Matrix(planes[0], strides[0], planes[1], strides[1], planes[2], strides[2], out, width * 3,
                                MatrixOf(picture.color).yuv, width, height);
      break;
    case PixelFormat::kRgb:  // With U and V exchanged, and the matrix for that, red and blue are.
      libyuv::I420ToRGB24Matrix(planes[0], strides[0], planes[2], strides[2], planes[1], strides[1], out, width * 3,
                                MatrixOf(picture.color).yvu, width, height);
      break;
    case PixelFormat::kGray:
      WriteGray(picture, out);
      break;
    case PixelFormat::kI420:
      libyuv::I420Copy(planes[0], strides[0], planes[1], strides[1], planes[2], strides[2], out, width, chroma,
                       chroma_stride, chroma + ChromaBytes(width, height), chroma_stride, width, height);
      break;
    case PixelFormat::kNv12:
      libyuv::I420ToNV12(planes[0], strides[0], planes[1], strides[1], planes[2], strides[2], out, width, chroma,
                         chroma_stride * 2, width, height);
      break;
  }
}

}  // namespace framegate
