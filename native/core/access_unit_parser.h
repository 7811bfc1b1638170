// Reads what the gate and the camera's description need from a whole access unit, as the depayloader outputs it. Pure:
// bytes in, facts out. The bytes come from the network and may be wrong.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "stream_types.h"

namespace framegate {

struct AccessUnitInfo {
  bool well_formed = false;  // The bytes are a picture, and the lengths in them add up.
  bool key = false;          // H.264: IDR. H.265: IRAP (types 16 to 21). Others: decodes without any other picture.
  int recovery_frames = -1;  // H.264: from a recovery point SEI, the frames until the picture is whole; -1: none.
  bool starts_at_first_block = false;  // The first slice starts at the first block.
  bool reference = false;              // Other pictures may predict from it.
  bool b_slices = false;               // Has a bi-predicted slice.
  bool rasl = false;                   // Leading picture that needs pictures before its key picture.
  bool leading = false;                // Any picture that is shown before the key picture that it follows.
  bool frame_num_known = false;        // H.264 only.
  uint32_t frame_num = 0;
  uint32_t max_frame_num = 0;  // 2^log2_max_frame_num of the active SPS.
  bool frame_num_gaps_allowed = false;
  enum class Field { kNone, kTop, kBottom } field = Field::kNone;  // H.264: not a whole frame but one field of it.
  bool order_known = false;  // The picture order count, which says when the picture is shown.
  uint32_t order_lsb = 0;    // Modulo max_order_lsb.
  uint32_t max_order_lsb = 0;
};

// The picture size in the parameter sets, in pixels; 0 while unknown.
struct ParameterSetInfo {
  int width = 0;
  int height = 0;
};

class AccessUnitParser {
 public:
  virtual ~AccessUnitParser() = default;

  // The codec data of the caps, such as an AVCDecoderConfigurationRecord. False if it is malformed; what was read
  // before the error still counts.
  virtual bool SetCodecData(const uint8_t*, size_t) { return true; }
  virtual AccessUnitInfo Parse(const uint8_t* data, size_t size) = 0;

  ParameterSetInfo parameters() const { return active_; }
  const Announced& announced() const { return announced_; }
  // Why a decoder may refuse the stream, in words about the camera; null: nothing is known.
  const char* flaw() const { return flaw_; }

 protected:
  static constexpr uint32_t kMostReferences = 16;  // Of H.264 and H.265.

  // references: pictures that the decoder keeps for prediction.
  void Announce(uint64_t coded_width, uint64_t coded_height, uint32_t references = 1) {
    constexpr uint64_t kMost = 1u << 20;  // So that no product overflows.
    const uint64_t pixels = std::min(coded_width, kMost) * std::min(coded_height, kMost);
    // Measured with avdec_h264: 10 bytes a pixel with one reference picture, and 3.4 more for each further one.
    const uint64_t thirds = std::clamp(references, 1u, kMostReferences) + 2;
    announced_.largest_picture = std::max(announced_.largest_picture, pixels);
    announced_.decoder_pixels = std::max(announced_.decoder_pixels, pixels * thirds / 3);
  }

  ParameterSetInfo active_;
  const char* flaw_ = nullptr;

 private:
  Announced announced_;
};

// H.264 and H.265 in length-prefixed NAL units.
class NalParser : public AccessUnitParser {
 public:
  AccessUnitInfo Parse(const uint8_t* data, size_t size) override;

 protected:
  // Reads one NAL unit. True if it is a slice of the picture. first_slice: no slice came before it.
  virtual bool ParseNal(const uint8_t* nal, size_t size, bool first_slice, AccessUnitInfo* info) = 0;
  virtual void ParseParameterSet(const uint8_t* nal, size_t size) = 0;

  // Reads `count` parameter sets of a decoder configuration record, each after a 16-bit length, and moves *at past
  // them. False if they exceed the data.
  bool ParseParameterSets(const uint8_t* data, size_t size, int count, size_t* at);

  // What flaw() says of a parameter set that describes the pictures, and of a slice without one.
  void CheckParameterSet(bool valid, uint32_t references) {
    flaw_ =
        references > kMostReferences ? "the camera's parameter sets ask for more than 16 reference pictures" : nullptr;
    if (!valid) flaw_ = "the camera's parameter sets are malformed";
  }
  void LacksParameterSet() {
    if (!flaw_) flaw_ = "the camera does not send the parameter sets that its pictures name";
  }

  int length_size_ = 4;  // Bytes of the length before each NAL unit, 1 to 4.
};

// Fields of an SPS, as bits after the NAL unit's header, without emulation prevention bytes.
struct BitRange {
  size_t begin, end;
};

// The Exp-Golomb codes that say how many pictures a decoder holds back for reordering. Empty if it holds none.
std::vector<BitRange> H264HeldBackFields(const uint8_t* sps, size_t size);
std::vector<BitRange> H265HeldBackFields(const uint8_t* sps, size_t size);

std::unique_ptr<AccessUnitParser> MakeH264Parser();
std::unique_ptr<AccessUnitParser> MakeH265Parser();
std::unique_ptr<AccessUnitParser> MakeMjpegParser();
std::unique_ptr<AccessUnitParser> MakeMpeg4Parser();
std::unique_ptr<AccessUnitParser> MakeVp8Parser();
std::unique_ptr<AccessUnitParser> MakeVp9Parser();
std::unique_ptr<AccessUnitParser> MakeParser(Codec codec);

}  // namespace framegate
