// VP8 (RFC 6386, clause 9.1): the frame tag, and the size in a key frame. Runs on the receiver's streaming thread.
#include "access_unit_parser.h"

namespace framegate {
namespace {

constexpr size_t kTagBytes = 3, kKeyHeaderBytes = 10;

class Vp8Parser final : public AccessUnitParser {
 public:
  AccessUnitInfo Parse(const uint8_t* data, size_t size) override {
    AccessUnitInfo info;
    if (size < kTagBytes) return info;
    info.key = (data[0] & 1) == 0;
    info.reference = true;
    info.starts_at_first_block = true;
    const size_t header_bytes = info.key ? kKeyHeaderBytes : kTagBytes;
    const size_t first_partition_bytes = (data[0] | data[1] << 8 | data[2] << 16) >> 5;
    if (size < header_bytes || first_partition_bytes > size - header_bytes) return info;
    if (info.key) {
      if (data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a) return info;
      // The upper two bits say how to scale it.
      active_.width = (data[6] | data[7] << 8) & 0x3fff;
      active_.height = (data[8] | data[9] << 8) & 0x3fff;
      Announce(static_cast<uint64_t>(active_.width), static_cast<uint64_t>(active_.height));
    }
    info.well_formed = true;
    return info;
  }
};

}  // namespace

std::unique_ptr<AccessUnitParser> MakeVp8Parser() { return std::make_unique<Vp8Parser>(); }

}  // namespace framegate
