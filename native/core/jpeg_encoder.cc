#include "jpeg_encoder.h"

#include <libyuv.h>
#include <turbojpeg.h>

#include "color_matrix.h"

namespace framegate {
namespace {

bool IsJpegColor(const GstVideoColorimetry& color) {
  return color.range == GST_VIDEO_COLOR_RANGE_0_255 &&
         (color.matrix == GST_VIDEO_COLOR_MATRIX_BT601 || color.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN);
}

}  // namespace

JpegEncoder::JpegEncoder() : turbo_(tjInitCompress()) {}

JpegEncoder::~JpegEncoder() {
  if (turbo_) tjDestroy(turbo_);
}

bool JpegEncoder::Encode(const I420View& picture, int quality, std::vector<uint8_t>* jpeg) {
  if (!turbo_) return false;
  I420View view = picture;
  const int width = view.width, height = view.height;
  // JPEG is full range BT.601 (JFIF 1.02); video usually is not. Without this step, black is gray 16 and the colors of
  // HD cameras are wrong.
  if (!IsJpegColor(view.color)) {
    argb_.resize(static_cast<size_t>(width) * height * 4);
    converted_.Resize(width, height);
    if (libyuv::I420ToARGBMatrix(view.planes[0], view.strides[0], view.planes[1], view.strides[1], view.planes[2],
                                 view.strides[2], argb_.data(), width * 4, MatrixOf(view.color).yuv, width,
                                 height) != 0 ||
        libyuv::ARGBToJ420(argb_.data(), width * 4, converted_.y, converted_.LumaStride(), converted_.u,
                           converted_.ChromaStride(), converted_.v, converted_.ChromaStride(), width, height) != 0) {
      return false;
    }
    view = converted_.View(view.color);
  }
  buffer_.resize(tjBufSize(width, height, TJSAMP_420));
  unsigned char* bytes = buffer_.data();
  unsigned long size = buffer_.size();
  const uint8_t* planes[] = {view.planes[0], view.planes[1], view.planes[2]};
  if (tjCompressFromYUVPlanes(turbo_, planes, width, view.strides, height, TJSAMP_420, &bytes, &size, quality,
                              TJFLAG_NOREALLOC) != 0) {
    return false;
  }
  jpeg->assign(bytes, bytes + size);
  return true;
}

}  // namespace framegate
