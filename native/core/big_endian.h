// Numbers in network byte order, at any address. GStreamer's macros need aligned ones.
#pragma once

#include <cstdint>

namespace framegate {

inline uint16_t ReadUint16(const void* at) {
  const auto* bytes = static_cast<const uint8_t*>(at);
  return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]);
}

inline uint32_t ReadUint32(const void* at) {
  return uint32_t{ReadUint16(at)} << 16 | ReadUint16(static_cast<const uint8_t*>(at) + 2);
}

inline void WriteUint16(void* at, uint16_t value) {
  auto* bytes = static_cast<uint8_t*>(at);
  bytes[0] = static_cast<uint8_t>(value >> 8);
  bytes[1] = static_cast<uint8_t>(value);
}

inline void WriteUint32(void* at, uint32_t value) {
  WriteUint16(at, static_cast<uint16_t>(value >> 16));
  WriteUint16(static_cast<uint8_t*>(at) + 2, static_cast<uint16_t>(value));
}

}  // namespace framegate
