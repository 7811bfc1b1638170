// Walks the length-prefixed NAL units of an access unit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace framegate {

// Calls visit(nal, size) for each NAL unit; false where the lengths do not add up.
// length_size: bytes of the length prefix, 1 to 4.
template <typename Visit>
bool ForEachNal(const uint8_t* data, size_t size, int length_size, Visit visit) {
  size_t at = 0;
  while (at < size) {
    if (size - at < static_cast<size_t>(length_size)) return false;
    size_t length = 0;
    for (int i = 0; i < length_size; ++i) length = (length << 8) | data[at + i];
    at += length_size;
    if (length > size - at) return false;
    if (length > 0) visit(data + at, length);
    at += length;
  }
  return true;
}

}  // namespace framegate
