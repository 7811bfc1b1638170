// Parts of H.264 streams that no encoder here makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Writes parameter sets and slice headers bit by bit.
class Bits {
 public:
  Bits& U(int count, uint64_t value) {
    while (count-- > 0) bits_.push_back(value >> count & 1);
    return *this;
  }
  Bits& Ue(uint64_t value) {
    int length = 0;
    while ((value + 1) >> (length + 1) != 0) ++length;
    U(length, 0);
    for (int i = length; i >= 0; --i) bits_.push_back((value + 1) >> i & 1);
    return *this;
  }
  // With a stop bit, emulation prevention and, if `prefixed`, the length before it.
  std::vector<uint8_t> Nal(uint8_t header, bool prefixed = true) const {
    std::vector<bool> bits = bits_;
    bits.push_back(true);
    while (bits.size() % 8 != 0) bits.push_back(false);
    std::vector<uint8_t> nal = {header};
    int zeros = 0;
    for (size_t at = 0; at < bits.size(); at += 8) {
      uint8_t byte = 0;
      for (size_t i = 0; i < 8; ++i) byte = static_cast<uint8_t>(byte << 1 | bits[at + i]);
      if (zeros >= 2 && byte <= 3) {
        nal.push_back(3);
        zeros = 0;
      }
      nal.push_back(byte);
      zeros = byte == 0 ? zeros + 1 : 0;
    }
    if (!prefixed) return nal;
    std::vector<uint8_t> unit = {0, 0, static_cast<uint8_t>(nal.size() >> 8), static_cast<uint8_t>(nal.size())};
    unit.insert(unit.end(), nal.begin(), nal.end());
    return unit;
  }

 private:
  std::vector<bool> bits_;
};

// Main profile, frame_num of 4 bits, no cropping unless `shown_mbs` is smaller than the picture's side.
inline std::vector<uint8_t> SpsOf(uint64_t side_mbs, uint64_t shown_mbs, bool fields, uint64_t references = 1) {
  Bits bits;
  bits.U(8, 77).U(8, 0).U(8, 40).Ue(0).Ue(0).Ue(0).Ue(4).Ue(references).U(1, 0);
  bits.Ue(side_mbs - 1).Ue(side_mbs / (fields ? 2 : 1) - 1).U(1, fields ? 0 : 1);
  if (fields) bits.U(1, 0);
  bits.U(1, 0).U(1, 1);
  const uint64_t cropped = (side_mbs - shown_mbs) * 16;
  bits.Ue(0).Ue(cropped / 2).Ue(0).Ue(cropped / (fields ? 4 : 2)).U(1, 0);
  return bits.Nal(0x67);
}
