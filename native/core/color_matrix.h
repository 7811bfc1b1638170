// libyuv's constants for a video's colors.
#pragma once

#include <gst/video/video.h>
#include <libyuv.h>

namespace framegate {

struct ColorMatrix {
  const libyuv::YuvConstants* yuv;
  const libyuv::YuvConstants* yvu;  // For exchanged chroma planes.
};

inline ColorMatrix MatrixOf(const GstVideoColorimetry& color) {
  const bool full = color.range == GST_VIDEO_COLOR_RANGE_0_255;
  switch (color.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
      return full ? ColorMatrix{&libyuv::kYuvF709Constants, &libyuv::kYvuF709Constants}
                  : ColorMatrix{&libyuv::kYuvH709Constants, &libyuv::kYvuH709Constants};
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return full ? ColorMatrix{&libyuv::kYuvV2020Constants, &libyuv::kYvuV2020Constants}
                  : ColorMatrix{&libyuv::kYuv2020Constants, &libyuv::kYvu2020Constants};
    default:
      return full ? ColorMatrix{&libyuv::kYuvJPEGConstants, &libyuv::kYvuJPEGConstants}
                  : ColorMatrix{&libyuv::kYuvI601Constants, &libyuv::kYvuI601Constants};
  }
}

}  // namespace framegate
