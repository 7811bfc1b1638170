// VP9 (bitstream specification 0.6, clauses 6.2 and annex B): uncompressed headers, also of the frames in a superframe.
// Runs on the receiver's streaming thread.
#include "access_unit_parser.h"
#include "plain_bit_reader.h"

namespace framegate {
namespace {

constexpr uint32_t kSyncCode = 0x498342, kSrgb = 7;
constexpr int kMostFrames = 8;

struct Header {
  bool valid = false;
  bool key = false;
  int width = 0, height = 0;  // 0: that of another frame.
};

void SkipColorConfig(PlainBitReader& bits, uint32_t profile) {
  const bool has_subsampling = profile == 1 || profile == 3;
  if (profile >= 2) bits.Skip(1);  // ten_or_twelve_bit
  if (bits.Bits(3) != kSrgb) {
    bits.Skip(1 + (has_subsampling ? 3 : 0));  // color_range; subsampling_x, subsampling_y, reserved_zero
  } else if (has_subsampling) {
    bits.Skip(1);
  }
}

void ReadSize(PlainBitReader& bits, Header* header) {
  header->width = static_cast<int>(bits.Bits(16)) + 1;
  header->height = static_cast<int>(bits.Bits(16)) + 1;
}

Header ParseHeader(const uint8_t* data, size_t size) {
  Header header;
  PlainBitReader bits(data, size);
  if (bits.Bits(2) != 2) return header;  // frame_marker
  uint32_t profile = bits.Bits(1);
  profile |= bits.Bits(1) << 1;
  if (profile == 3) bits.Skip(1);
  if (bits.Bits(1)) {  // show_existing_frame
    header.valid = !bits.overrun();
    return header;
  }
  header.key = bits.Bits(1) == 0;
  const bool shown = bits.Bits(1);
  const bool resilient = bits.Bits(1);
  bool intra_only = false;
  if (header.key) {
    if (bits.Bits(24) != kSyncCode) return header;
    SkipColorConfig(bits, profile);
    ReadSize(bits, &header);
  } else {
    intra_only = !shown && bits.Bits(1);
    if (!resilient) bits.Skip(2);  // reset_frame_context
    if (intra_only) {
      if (bits.Bits(24) != kSyncCode) return header;
      if (profile > 0) SkipColorConfig(bits, profile);
      bits.Skip(8);  // refresh_frame_flags
      ReadSize(bits, &header);
    } else {
      bits.Skip(8 + 3 * 4);  // refresh_frame_flags; an index and a sign for each reference
      bool found = false;
      for (int i = 0; i < 3 && !found; ++i) found = bits.Bits(1);
      if (!found) ReadSize(bits, &header);
    }
  }
  header.valid = !bits.overrun();
  return header;
}

class Vp9Parser final : public AccessUnitParser {
 public:
  AccessUnitInfo Parse(const uint8_t* data, size_t size) override {
    AccessUnitInfo info;
    size_t sizes[kMostFrames] = {size};
    const int frames = size == 0 ? 0 : ReadIndex(data, size, sizes);
    size_t at = 0;
    for (int i = 0; i < frames; ++i) {
      if (sizes[i] > size - at) return info;
      const Header header = ParseHeader(data + at, sizes[i]);
      if (!header.valid) return info;
      if (header.width != 0) {
        active_.width = header.width;
        active_.height = header.height;
        Announce(static_cast<uint64_t>(header.width), static_cast<uint64_t>(header.height));
      }
      if (i == 0) info.key = header.key;
      at += sizes[i];
    }
    info.reference = true;
    info.starts_at_first_block = true;
    info.well_formed = frames > 0;
    return info;
  }

 private:
  // The superframe index at the end. Returns the number of frames; 1 if there is no index.
  static int ReadIndex(const uint8_t* data, size_t size, size_t* sizes) {
    const int marker = data[size - 1];
    if ((marker & 0xe0) != 0xc0) return 1;
    const int frames = (marker & 7) + 1;
    const size_t bytes_per_size = static_cast<size_t>(marker >> 3 & 3) + 1;
    const size_t index_bytes = 2 + bytes_per_size * static_cast<size_t>(frames);
    if (size < index_bytes || data[size - index_bytes] != marker) return 1;
    const uint8_t* entry = data + size - index_bytes + 1;
    for (int i = 0; i < frames; ++i) {
      sizes[i] = 0;
      for (size_t byte = 0; byte < bytes_per_size; ++byte) sizes[i] |= static_cast<size_t>(*entry++) << (8 * byte);
    }
    return frames;
  }
};

}  // namespace

std::unique_ptr<AccessUnitParser> MakeVp9Parser() { return std::make_unique<Vp9Parser>(); }

}  // namespace framegate
