// JPEG (ITU-T T.81, B.2.2): the size in the frame header. Runs on the receiver's streaming thread.
#include "access_unit_parser.h"

namespace framegate {
namespace {

constexpr uint8_t kStartOfImage = 0xd8, kStartOfScan = 0xda;

// SOF0 to SOF15, without the tables DHT, JPG and DAC.
bool IsFrameHeader(uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

class MjpegParser final : public AccessUnitParser {
 public:
  AccessUnitInfo Parse(const uint8_t* data, size_t size) override {
    AccessUnitInfo info;
    info.key = info.starts_at_first_block = true;
    if (size < 4 || data[0] != 0xff || data[1] != kStartOfImage) return info;
    size_t at = 2;
    while (size - at >= 4 && data[at] == 0xff && data[at + 1] != kStartOfScan) {
      const uint8_t marker = data[at + 1];
      const size_t length = static_cast<size_t>(data[at + 2]) << 8 | data[at + 3];
      if (length < 2 || length > size - at - 2) return info;
      if (IsFrameHeader(marker) && length >= 8) {
        active_.height = data[at + 5] << 8 | data[at + 6];
        active_.width = data[at + 7] << 8 | data[at + 8];
        Announce(static_cast<uint64_t>(active_.width), static_cast<uint64_t>(active_.height));
        info.well_formed = true;
      }
      at += 2 + length;
    }
    return info;
  }
};

}  // namespace

std::unique_ptr<AccessUnitParser> MakeMjpegParser() { return std::make_unique<MjpegParser>(); }

}  // namespace framegate
