#include "jpeg_encoder.h"

#include <libyuv.h>
#include <turbojpeg.h>

#include <algorithm>

#include "color_matrix.h"

namespace framegate {
namespace {

// The rows that are converted at once: as a whole, a picture of 4K would take 33 MB more. Even, because two rows share
// their chroma.
constexpr int kBandRows = 16;

bool IsJpegColor(const GstVideoColorimetry& color) {
  return color.range == GST_VIDEO_COLOR_RANGE_0_255 &&
         (color.matrix == GST_VIDEO_COLOR_MATRIX_BT601 || color.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN);
}

}  // namespace

JpegEncoder::JpegEncoder() : turbo_(tjInitCompress()) {}

JpegEncoder::~JpegEncoder() {
  if (turbo_) tjDestroy(turbo_);
}

bool JpegEncoder::Convert(const I420View& view) {
  const uint8_t* const* planes = view.planes;
  argb_.resize(static_cast<size_t>(view.width) * 4 * kBandRows);
  for (int row = 0; row < view.height; row += kBandRows) {
    const int rows = std::min(kBandRows, view.height - row);
    const size_t chroma_row = row / 2;
    if (libyuv::I420ToARGBMatrix(planes[0] + size_t(row) * view.strides[0], view.strides[0],
                                 planes[1] + chroma_row * view.strides[1], view.strides[1],
                                 planes[2] + chroma_row * view.strides[2], view.strides[2], argb_.data(),
                                 view.width * 4, MatrixOf(view.color).yuv, view.width, rows) != 0 ||
        libyuv::ARGBToJ420(argb_.data(), view.width * 4, converted_.y + size_t(row) * converted_.LumaStride(),
                           converted_.LumaStride(), converted_.u + chroma_row * converted_.ChromaStride(),
                           converted_.ChromaStride(), converted_.v + chroma_row * converted_.ChromaStride(),
                           converted_.ChromaStride(), view.width, rows) != 0) {
      return false;
    }
  }
  return true;
}

bool JpegEncoder::Encode(const I420View& picture, int quality, std::vector<uint8_t>* jpeg) {
  if (!turbo_) return false;
  I420View view = picture;
  const int width = view.width, height = view.height;
  // JPEG is full range BT.601 (JFIF 1.02); video usually is not. Without this step, black is gray 16 and the colors of
  // HD cameras are wrong.
  if (!IsJpegColor(view.color)) {
    converted_.Resize(width, height);
    if (!Convert(view)) return false;
    view = converted_.View(view.color);
  }
  unsigned long size = tjBufSize(width, height, TJSAMP_420);
  // Not a vector, which would write on all of it: the most that a JPEG can have is many times what one has.
  if (size != buffer_bytes_) buffer_.reset(new unsigned char[size]);
  buffer_bytes_ = size;
  unsigned char* bytes = buffer_.get();
  const uint8_t* planes[] = {view.planes[0], view.planes[1], view.planes[2]};
  if (tjCompressFromYUVPlanes(turbo_, planes, width, view.strides, height, TJSAMP_420, &bytes, &size, quality,
                              TJFLAG_NOREALLOC) != 0) {
    return false;
  }
  jpeg->assign(bytes, bytes + size);
  return true;
}

}  // namespace framegate
