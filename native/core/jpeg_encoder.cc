#include "jpeg_encoder.h"

#include <libyuv.h>
#include <turbojpeg.h>

namespace framegate {
namespace {

bool IsJpegColor(const GstVideoColorimetry& color) {
  return color.range == GST_VIDEO_COLOR_RANGE_0_255 &&
         (color.matrix == GST_VIDEO_COLOR_MATRIX_BT601 || color.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN);
}

const libyuv::YuvConstants* MatrixOf(const GstVideoColorimetry& color) {
  const bool full = color.range == GST_VIDEO_COLOR_RANGE_0_255;
  switch (color.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
      return full ? &libyuv::kYuvF709Constants : &libyuv::kYuvH709Constants;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return full ? &libyuv::kYuvV2020Constants : &libyuv::kYuv2020Constants;
    default:
      return full ? &libyuv::kYuvJPEGConstants : &libyuv::kYuvI601Constants;
  }
}

void UsePlanes(const I420Planes& from, const uint8_t** planes, int* strides) {
  planes[0] = from.y;
  planes[1] = from.u;
  planes[2] = from.v;
  strides[0] = from.LumaStride();
  strides[1] = strides[2] = from.ChromaStride();
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

JpegEncoder::JpegEncoder() : turbo_(tjInitCompress()) {}

JpegEncoder::~JpegEncoder() {
  if (turbo_) tjDestroy(turbo_);
}

bool JpegEncoder::Encode(GstSample* raw, const GstVideoInfo& info, int width, int quality, JpegPicture* out) {
  GstVideoFrame frame;
  if (!turbo_ || !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(raw), GST_MAP_READ)) {
    return false;
  }
  const bool done = EncodeMapped(frame, width, quality, out);
  gst_video_frame_unmap(&frame);
  return done;
}

bool JpegEncoder::EncodeMapped(const GstVideoFrame& frame, int wanted_width, int quality, JpegPicture* out) {
  const int source_width = GST_VIDEO_FRAME_WIDTH(&frame);
  const int source_height = GST_VIDEO_FRAME_HEIGHT(&frame);
  int width = 0, height = 0;
  ScaledSize(source_width, source_height, wanted_width, &width, &height);

  const uint8_t* planes[3];
  int strides[3];
  for (int i = 0; i < 3; ++i) {
    planes[i] = static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, i));
    strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
  }
  if (width != source_width || height != source_height) {
    scaled_.Resize(width, height);
    // The box filter averages all source pixels; bilinear would alias beyond a factor of two.
    if (libyuv::I420Scale(planes[0], strides[0], planes[1], strides[1], planes[2], strides[2], source_width,
                          source_height, scaled_.y, scaled_.LumaStride(), scaled_.u, scaled_.ChromaStride(), scaled_.v,
                          scaled_.ChromaStride(), width, height, libyuv::kFilterBox) != 0) {
      return false;
    }
    UsePlanes(scaled_, planes, strides);
  }
  // JPEG is full range BT.601 (JFIF 1.02); video usually is not. Without this step, black is gray 16 and the colors of
  // HD cameras are wrong.
  const GstVideoColorimetry& color = frame.info.colorimetry;
  if (!IsJpegColor(color)) {
    argb_.resize(static_cast<size_t>(width) * height * 4);
    converted_.Resize(width, height);
    if (libyuv::I420ToARGBMatrix(planes[0], strides[0], planes[1], strides[1], planes[2], strides[2], argb_.data(),
                                 width * 4, MatrixOf(color), width, height) != 0 ||
        libyuv::ARGBToJ420(argb_.data(), width * 4, converted_.y, converted_.LumaStride(), converted_.u,
                           converted_.ChromaStride(), converted_.v, converted_.ChromaStride(), width, height) != 0) {
      return false;
    }
    UsePlanes(converted_, planes, strides);
  }

  buffer_.resize(tjBufSize(width, height, TJSAMP_420));
  unsigned char* jpeg = buffer_.data();
  unsigned long size = buffer_.size();
  if (tjCompressFromYUVPlanes(turbo_, planes, width, strides, height, TJSAMP_420, &jpeg, &size, quality,
                              TJFLAG_NOREALLOC) != 0) {
    return false;
  }
  out->jpeg.assign(jpeg, jpeg + size);
  out->width = width;
  out->height = height;
  return true;
}

}  // namespace framegate
