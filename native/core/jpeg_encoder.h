// Encodes pictures as JPEG, with libyuv and libjpeg-turbo.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "scaled_picture.h"

namespace framegate {

// Not thread-safe.
class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  // quality: 1 to 100. jpeg: FF D8 ... FF D9. False if it fails.
  bool Encode(const I420View& picture, int quality, std::vector<uint8_t>* jpeg);

 private:
  // Into converted_, as JPEG's colors.
  bool Convert(const I420View& view);

  void* const turbo_;  // tjhandle; null if libjpeg-turbo failed to start.
  I420Planes converted_;
  std::vector<uint8_t> argb_;  // Of some rows.
  std::unique_ptr<unsigned char[]> buffer_;
  unsigned long buffer_bytes_ = 0;
};

}  // namespace framegate
