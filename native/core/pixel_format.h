// Raw pixels as local readers get them (docs/lane-format.md). Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "scaled_picture.h"

namespace framegate {

// The values are those of the lane format.
enum class PixelFormat : uint32_t { kBgr = 1, kRgb = 2, kGray = 3, kI420 = 4, kNv12 = 5 };
constexpr uint32_t kPixelFormats = 5;

// Bytes of a row of the first plane. There is no padding.
int PixelStride(PixelFormat format, int width);

// Bytes of a whole picture.
size_t PixelBytes(PixelFormat format, int width, int height);

// Writes PixelBytes() to `out`. BGR, RGB and gray are full range; I420 and NV12 keep the camera's range and matrix.
void WritePixels(const I420View& picture, PixelFormat format, uint8_t* out);

}  // namespace framegate
