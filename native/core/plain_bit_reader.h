// Reads the bits of codecs without emulation prevention bytes (MPEG-4, VP9). Reading past the end returns zeros and
// sets overrun().
#pragma once

#include <cstddef>
#include <cstdint>

namespace framegate {

class PlainBitReader {
 public:
  PlainBitReader(const uint8_t* data, size_t size) : data_(data), bits_(size * 8) {}

  // count: 0..32.
  uint32_t Bits(int count) {
    uint32_t value = 0;
    for (; count > 0; --count, ++at_) {
      const uint32_t bit = at_ < bits_ ? data_[at_ / 8] >> (7 - at_ % 8) & 1u : 0u;
      value = (value << 1) | bit;
    }
    return value;
  }

  void Skip(int count) { at_ += static_cast<size_t>(count); }

  bool overrun() const { return at_ > bits_; }

 private:
  const uint8_t* data_;
  size_t bits_;
  size_t at_ = 0;
};

}  // namespace framegate
