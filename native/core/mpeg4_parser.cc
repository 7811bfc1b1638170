// MPEG-4 part 2 (ISO/IEC 14496-2, clause 6.2): object layer and object plane headers, found by their start codes.
// Runs on the receiver's streaming thread.
#include "access_unit_parser.h"
#include "plain_bit_reader.h"

namespace framegate {
namespace {

// Start code values of table 6-3.
constexpr int kFirstLayer = 0x20, kLastLayer = 0x2f, kPlane = 0xb6;
constexpr uint32_t kIntra = 0, kBidirectional = 2;  // The types of a plane; 1 is predicted.

// The bits of a number below `limit`, at least one.
int BitsBelow(uint32_t limit) {
  int bits = 1;
  while (bits < 32 && limit > 1u << bits) ++bits;
  return bits;
}

class Mpeg4Parser final : public AccessUnitParser {
 public:
  bool SetCodecData(const uint8_t* data, size_t size) override {
    Parse(data, size);
    return has_layer_;
  }

  AccessUnitInfo Parse(const uint8_t* data, size_t size) override {
    AccessUnitInfo info;
    // A unit begins with a start code, unless its first packets are missing.
    if (size < 4 || data[0] != 0 || data[1] != 0 || data[2] != 1) return info;
    for (size_t at = 0; at + 4 <= size; ++at) {
      if (data[at] != 0 || data[at + 1] != 0 || data[at + 2] != 1) continue;
      const int code = data[at + 3];
      PlainBitReader bits(data + at + 4, size - at - 4);
      if (code >= kFirstLayer && code <= kLastLayer) ParseLayer(bits);
      if (code != kPlane) continue;
      // The rest is the picture: its resynchronization markers are no start codes.
      const uint32_t type = bits.Bits(2);
      info.key = type == kIntra;
      info.reference = type != kBidirectional;
      // In decoding order, B-pictures follow the picture that is shown after them.
      info.b_slices = info.leading = info.rasl = type == kBidirectional;
      info.starts_at_first_block = true;
      info.well_formed = has_layer_ && !bits.overrun();
      break;
    }
    return info;
  }

 private:
  // VideoObjectLayer(), clause 6.2.3. Only rectangular layers have a size.
  void ParseLayer(PlainBitReader bits) {
    bits.Skip(1 + 8);  // random_accessible_vol, video_object_type_indication
    uint32_t version = 1;
    if (bits.Bits(1)) {
      version = bits.Bits(4);
      bits.Skip(3);  // Priority.
    }
    if (bits.Bits(4) == 15) bits.Skip(8 + 8);  // aspect_ratio_info: extended_PAR
    if (bits.Bits(1)) {                        // vol_control_parameters
      bits.Skip(2 + 1);                        // chroma_format, low_delay
      if (bits.Bits(1)) bits.Skip(79);         // vbv_parameters
    }
    const uint32_t shape = bits.Bits(2);
    if (shape == 3 && version != 1) bits.Skip(4);
    bits.Skip(1);  // A marker, as are the others of one bit below.
    const uint32_t ticks = bits.Bits(16);
    bits.Skip(1);
    if (bits.Bits(1)) bits.Skip(BitsBelow(ticks));  // fixed_vop_time_increment
    if (shape != 0) return;
    bits.Skip(1);
    const int width = static_cast<int>(bits.Bits(13));
    bits.Skip(1);
    const int height = static_cast<int>(bits.Bits(13));
    if (bits.overrun() || width == 0 || height == 0) return;
    has_layer_ = true;
    active_.width = width;
    active_.height = height;
    Announce(static_cast<uint64_t>(width), static_cast<uint64_t>(height));
  }

  bool has_layer_ = false;  // Nothing decodes without one.
};

}  // namespace

std::unique_ptr<AccessUnitParser> MakeMpeg4Parser() { return std::make_unique<Mpeg4Parser>(); }

}  // namespace framegate
