// Reads bits and Exp-Golomb codes of an H.264 or H.265 NAL unit and skips its emulation prevention bytes. Reading past
// the end returns zeros and sets overrun().
#pragma once

#include <cstddef>
#include <cstdint>

namespace framegate {

class BitReader {
 public:
  BitReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint32_t Bit() {
    if (bits_left_ == 0 && !NextByte()) {
      overrun_ = true;
      return 0;
    }
    --bits_left_;
    ++position_bits_;
    return (current_ >> bits_left_) & 1u;
  }

  // count: 0..32.
  uint32_t Bits(int count) {
    uint32_t value = 0;
    while (count-- > 0) value = (value << 1) | Bit();
    return value;
  }

  void Skip(int count) {
    while (count-- > 0) Bit();
  }

  // ue(v), clause 9.1 of H.264. More than 31 leading zeros mean damage.
  uint32_t Ue() {
    int zeros = 0;
    while (Bit() == 0) {
      if (overrun_ || ++zeros > 31) {
        overrun_ = true;
        return 0;
      }
    }
    return (1u << zeros) - 1u + Bits(zeros);
  }

  // se(v), clause 9.1.1 of H.264.
  int32_t Se() {
    const uint32_t code = Ue();
    const int32_t magnitude = static_cast<int32_t>((code >> 1) + (code & 1u));
    return (code & 1u) ? magnitude : -magnitude;
  }

  bool overrun() const { return overrun_; }
  // Bits read so far, without emulation prevention bytes.
  size_t position_bits() const { return position_bits_; }

 private:
  bool NextByte() {
    if (position_ >= size_) return false;
    if (zeros_ >= 2 && data_[position_] == 3) {  // emulation_prevention_three_byte
      zeros_ = 0;
      if (++position_ >= size_) return false;
    }
    current_ = data_[position_++];
    zeros_ = current_ == 0 ? zeros_ + 1 : 0;
    bits_left_ = 8;
    return true;
  }

  const uint8_t* data_;
  size_t size_;
  size_t position_ = 0;
  int zeros_ = 0;
  uint32_t current_ = 0;
  int bits_left_ = 0;
  size_t position_bits_ = 0;
  bool overrun_ = false;
};

}  // namespace framegate
