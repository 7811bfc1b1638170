// H.265 (ITU-T H.265, clauses 7.3.1.2, 7.3.2.2, 7.3.6.1): parameter sets and slice segment headers.
// Runs on the receiver's streaming thread.
#include <algorithm>
#include <map>

#include "access_unit_parser.h"
#include "bit_reader.h"

namespace framegate {
namespace {

// NAL unit types of table 7-1.
constexpr int kRadlN = 6, kRaslN = 8, kRaslR = 9, kFirstIrap = 16, kIdrWithLeading = 19, kIdrAlone = 20, kLastIrap = 21,
              kLastVcl = 31;
constexpr int kSps = 33, kPps = 34;

int TypeOf(const uint8_t* nal) { return nal[0] >> 1 & 63; }

struct Pps {
  int extra_slice_header_bits = 0;
  uint32_t sps_id = 0;
  bool output_flag_present = false;
};

struct Sps {
  ParameterSetInfo info;
  uint32_t coded_width = 0, coded_height = 0;
  uint32_t references = 0;
  bool separate_color_planes = false;
  int log2_max_order_lsb = 4;
  std::vector<BitRange> held_back;
};

void SkipProfileTierLevel(BitReader& bits, int max_sub_layers_minus1) {
  bits.Skip(8 + 32 + 48 + 8);  // profile space, tier, profile; compatibility and constraint flags; level
  bool profile_present[8] = {}, level_present[8] = {};
  for (int i = 0; i < max_sub_layers_minus1; ++i) {
    profile_present[i] = bits.Bit();
    level_present[i] = bits.Bit();
  }
  if (max_sub_layers_minus1 > 0) bits.Skip(2 * (8 - max_sub_layers_minus1));
  for (int i = 0; i < max_sub_layers_minus1; ++i) {
    if (profile_present[i]) bits.Skip(88);
    if (level_present[i]) bits.Skip(8);
  }
}

// The coded size is also set if it is not accepted.
bool ParseSps(const uint8_t* nal, size_t size, uint32_t* id, Sps* sps) {
  if (size < 4) return false;
  BitReader bits(nal + 2, size - 2);
  bits.Skip(4);
  const int max_sub_layers_minus1 = static_cast<int>(bits.Bits(3));
  bits.Skip(1);
  SkipProfileTierLevel(bits, max_sub_layers_minus1);
  *id = bits.Ue();
  const uint32_t chroma_format_idc = bits.Ue();
  if (chroma_format_idc == 3) sps->separate_color_planes = bits.Bit();
  const uint32_t width = sps->coded_width = bits.Ue();
  const uint32_t height = sps->coded_height = bits.Ue();
  uint32_t left = 0, right = 0, top = 0, bottom = 0;
  if (bits.Bit()) {
    left = bits.Ue();
    right = bits.Ue();
    top = bits.Ue();
    bottom = bits.Ue();
  }
  if (bits.overrun() || width > 16384 || height > 16384) return false;
  const uint32_t unit_x = chroma_format_idc == 1 || chroma_format_idc == 2 ? 2 : 1;
  const uint32_t unit_y = chroma_format_idc == 1 ? 2 : 1;
  const int64_t shown_width = int64_t{width} - int64_t{unit_x} * (int64_t{left} + right);
  const int64_t shown_height = int64_t{height} - int64_t{unit_y} * (int64_t{top} + bottom);
  if (shown_width <= 0 || shown_height <= 0) return false;
  sps->info.width = static_cast<int>(shown_width);
  sps->info.height = static_cast<int>(shown_height);
  bits.Ue();  // bit_depth_luma_minus8
  bits.Ue();  // bit_depth_chroma_minus8
  const uint32_t log2_max_order_lsb_minus4 = bits.Ue();
  if (log2_max_order_lsb_minus4 > 12 || *id > 15) return false;
  sps->log2_max_order_lsb = static_cast<int>(log2_max_order_lsb_minus4) + 4;
  if (bits.overrun()) return false;
  const bool each_sub_layer = bits.Bit();  // sps_sub_layer_ordering_info_present_flag
  for (int i = each_sub_layer ? 0 : max_sub_layers_minus1; i <= max_sub_layers_minus1; ++i) {
    sps->references = std::max(sps->references, bits.Ue());  // sps_max_dec_pic_buffering_minus1
    const size_t begin = bits.position_bits();
    if (bits.Ue() > 0 && !bits.overrun()) sps->held_back.push_back({begin, bits.position_bits()});
    bits.Ue();  // sps_max_latency_increase_plus1
  }
  return true;
}

class H265Parser final : public NalParser {
 public:
  bool SetCodecData(const uint8_t* data, size_t size) override {
    if (size < 23) return false;
    length_size_ = (data[21] & 3) + 1;
    size_t at = 23;
    for (int arrays = data[22]; arrays > 0; --arrays) {
      if (size - at < 3) return false;
      const int count = data[at + 1] << 8 | data[at + 2];
      at += 3;
      if (!ParseParameterSets(data, size, count, &at)) return false;
    }
    return true;
  }

 private:
  bool ParseNal(const uint8_t* nal, size_t size, bool first_slice, AccessUnitInfo* info) override {
    if (size < 3) return false;
    const int type = TypeOf(nal);
    if (type == kSps || type == kPps) {
      ParseParameterSet(nal, size);
      return false;
    }
    // Only the base layer: nuh_layer_id is 0.
    if (type > kLastVcl || (nal[0] & 1) != 0 || nal[1] >> 3 != 0) return false;
    ParseSlice(nal, size, first_slice, info);
    return true;
  }

  void ParseParameterSet(const uint8_t* nal, size_t size) override {
    if (size < 2) return;
    if (TypeOf(nal) == kSps) {
      uint32_t id = 0;
      Sps sps;
      const bool valid = ParseSps(nal, size, &id, &sps);
      Announce(sps.coded_width, sps.coded_height, valid ? sps.references : kMostReferences);
      CheckParameterSet(valid, sps.references);
      if (valid) {
        sps_[id] = sps;
        active_ = sps.info;
      }
    } else if (TypeOf(nal) == kPps) {
      BitReader bits(nal + 2, size - 2);
      const uint32_t id = bits.Ue();
      Pps pps;
      pps.sps_id = bits.Ue();
      bits.Skip(1);  // dependent_slice_segments_enabled_flag
      pps.output_flag_present = bits.Bit();
      pps.extra_slice_header_bits = static_cast<int>(bits.Bits(3));
      if (!bits.overrun() && id < 64) pps_[id] = pps;
    }
  }

  void ParseSlice(const uint8_t* nal, size_t size, bool first, AccessUnitInfo* info) {
    const int type = TypeOf(nal);
    BitReader bits(nal + 2, size - 2);
    const bool first_segment = bits.Bit();
    const bool irap = type >= kFirstIrap && type <= kLastIrap;
    if (first) {
      info->key = irap;
      info->starts_at_first_block = first_segment;
      info->rasl = type == kRaslN || type == kRaslR;
      info->leading = type >= kRadlN && type <= kRaslR;
      // Types 0, 2, 4, ..., 14 are sub-layer non-reference pictures; pictures of higher sub-layers may predict from
      // them.
      const int temporal_id = (nal[1] & 7) - 1;
      highest_temporal_id_ = std::max(highest_temporal_id_, temporal_id);
      info->reference = irap || (type & 1) != 0 || temporal_id < highest_temporal_id_;
    }
    if (!first_segment || type >= 24) return;
    if (type >= kFirstIrap) bits.Skip(1);  // no_output_of_prior_pics_flag
    const uint32_t pps_id = bits.Ue();
    const auto pps = pps_.find(pps_id);
    if (pps == pps_.end()) return LacksParameterSet();
    if (bits.overrun()) return;
    bits.Skip(pps->second.extra_slice_header_bits);
    // slice_type 0 is B. Low-delay encoders use B slices without reordering; StreamMeter detects reordering from the
    // timestamps.
    if (bits.Ue() == 0 && !bits.overrun()) info->b_slices = true;
    const auto sps = sps_.find(pps->second.sps_id);
    if (sps == sps_.end()) return LacksParameterSet();
    if (!first) return;
    if (pps->second.output_flag_present) bits.Skip(1);
    if (sps->second.separate_color_planes) bits.Skip(2);
    const bool idr = type == kIdrWithLeading || type == kIdrAlone;
    info->order_lsb = idr ? 0 : bits.Bits(sps->second.log2_max_order_lsb);
    info->max_order_lsb = 1u << sps->second.log2_max_order_lsb;
    info->order_known = !bits.overrun();
  }

  int highest_temporal_id_ = 0;
  std::map<uint32_t, Sps> sps_;
  std::map<uint32_t, Pps> pps_;
};

}  // namespace

std::vector<BitRange> H265HeldBackFields(const uint8_t* sps, size_t size) {
  uint32_t id = 0;
  Sps parsed;
  ParseSps(sps, size, &id, &parsed);
  return parsed.held_back;
}

std::unique_ptr<AccessUnitParser> MakeH265Parser() { return std::make_unique<H265Parser>(); }

}  // namespace framegate
