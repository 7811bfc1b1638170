// H.264 (ITU-T H.264, clauses 7.3.2.1, 7.3.2.2, 7.3.3): parameter sets and slice headers.
// Runs on the receiver's streaming thread.
#include <map>

#include "access_unit_parser.h"
#include "bit_reader.h"

namespace framegate {
namespace {

// NAL unit types of table 7-1.
constexpr int kSlice = 1, kSlicePartitionA = 2, kIdrSlice = 5, kSei = 6, kSps = 7, kPps = 8;
constexpr uint32_t kRecoveryPoint = 6;          // SEI payload type.
constexpr uint32_t kMaxRecoveryFrames = 65536;  // The largest MaxFrameNum.
constexpr int64_t kMostPixels = 16384;          // Of a side. Level 6.2 allows 16880.

struct Sps {
  int log2_max_frame_num = 4;
  bool separate_color_planes = false;
  bool gaps_allowed = false;
  bool frames_only = true;
  int log2_max_order_lsb = 0;  // 0: the order is not in the slice headers as such (pic_order_cnt_type 1 and 2).
  int64_t coded_width = 0, coded_height = 0;
  uint32_t references = 0;
  ParameterSetInfo info;
  std::vector<BitRange> held_back;
};

bool HasChromaFormat(uint32_t profile_idc) {
  switch (profile_idc) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128:
    case 138:
    case 139:
    case 134:
    case 135:
      return true;
    default:
      return false;
  }
}

bool SkipScalingList(BitReader& bits, int size) {
  int last = 8, next = 8;
  for (int i = 0; i < size && !bits.overrun(); ++i) {
    if (next != 0) {
      const int32_t delta = bits.Se();
      if (delta < -128 || delta > 127) return false;  // delta_scale, clause 7.4.2.1.1.1.
      next = (last + delta + 256) % 256;
    }
    last = next == 0 ? last : next;
  }
  return true;
}

void SkipHrd(BitReader& bits) {
  const uint32_t count = bits.Ue() + 1;
  bits.Skip(4 + 4);  // bit_rate_scale, cpb_size_scale
  for (uint32_t i = 0; i < count && !bits.overrun(); ++i) {
    bits.Ue();
    bits.Ue();
    bits.Skip(1);
  }
  bits.Skip(5 + 5 + 5 + 5);  // Lengths of delays and time offset.
}

// Clause E.1.1, from vui_parameters_present_flag on.
void ParseVui(BitReader& bits, Sps* sps) {
  if (!bits.Bit()) return;
  if (bits.Bit() && bits.Bits(8) == 255) bits.Skip(32);  // aspect_ratio_idc, sar
  if (bits.Bit()) bits.Skip(1);                          // overscan
  if (bits.Bit()) {                                      // video_signal_type
    bits.Skip(3 + 1);
    if (bits.Bit()) bits.Skip(24);
  }
  if (bits.Bit()) {  // chroma_loc_info
    bits.Ue();
    bits.Ue();
  }
  if (bits.Bit()) bits.Skip(32 + 32 + 1);  // timing_info
  const bool nal_hrd = bits.Bit();
  if (nal_hrd) SkipHrd(bits);
  const bool vcl_hrd = bits.Bit();
  if (vcl_hrd) SkipHrd(bits);
  if (nal_hrd || vcl_hrd) bits.Skip(1);  // low_delay_hrd_flag
  bits.Skip(1);                          // pic_struct_present_flag
  if (!bits.Bit()) return;               // bitstream_restriction_flag
  bits.Skip(1);                          // motion_vectors_over_pic_boundaries_flag
  for (int i = 0; i < 4; ++i) bits.Ue();
  const size_t begin = bits.position_bits();
  if (bits.Ue() > 0 && !bits.overrun()) sps->held_back.push_back({begin, bits.position_bits()});
}

bool ParseSps(const uint8_t* nal, size_t size, uint32_t* id, Sps* sps) {
  if (size < 4) return false;
  BitReader bits(nal + 1, size - 1);
  const uint32_t profile_idc = bits.Bits(8);
  bits.Skip(8 + 8);  // constraint flags, reserved bits; level_idc
  *id = bits.Ue();
  uint32_t chroma_format_idc = 1;
  if (HasChromaFormat(profile_idc)) {
    chroma_format_idc = bits.Ue();
    if (chroma_format_idc == 3) sps->separate_color_planes = bits.Bit();
    bits.Ue();     // bit_depth_luma_minus8
    bits.Ue();     // bit_depth_chroma_minus8
    bits.Skip(1);  // qpprime_y_zero_transform_bypass_flag
    if (bits.Bit()) {
      const int lists = chroma_format_idc != 3 ? 8 : 12;
      for (int i = 0; i < lists; ++i) {
        if (bits.Bit() && !SkipScalingList(bits, i < 6 ? 16 : 64)) return false;
      }
    }
  }
  const uint32_t log2_max_frame_num_minus4 = bits.Ue();
  if (*id > 31 || log2_max_frame_num_minus4 > 12 || chroma_format_idc > 3) return false;
  sps->log2_max_frame_num = static_cast<int>(log2_max_frame_num_minus4) + 4;
  const uint32_t poc_type = bits.Ue();
  if (poc_type == 0) {
    sps->log2_max_order_lsb = static_cast<int>(bits.Ue()) + 4;
    if (sps->log2_max_order_lsb > 16 || sps->log2_max_order_lsb < 4) return false;
  } else if (poc_type == 1) {
    bits.Skip(1);
    bits.Se();
    bits.Se();
    const uint32_t cycle = bits.Ue();
    if (cycle > 255) return false;
    for (uint32_t i = 0; i < cycle; ++i) bits.Se();
  }
  sps->references = bits.Ue();
  sps->gaps_allowed = bits.Bit();
  const int64_t width_in_mbs = int64_t{bits.Ue()} + 1;
  const int64_t height_in_map_units = int64_t{bits.Ue()} + 1;
  const int frame_mbs_only = static_cast<int>(bits.Bit());
  sps->frames_only = frame_mbs_only != 0;
  if (!frame_mbs_only) bits.Skip(1);
  bits.Skip(1);  // direct_8x8_inference_flag
  uint32_t left = 0, right = 0, top = 0, bottom = 0;
  if (bits.Bit()) {
    left = bits.Ue();
    right = bits.Ue();
    top = bits.Ue();
    bottom = bits.Ue();
  }
  if (bits.overrun()) return false;
  sps->coded_width = width_in_mbs * 16;
  sps->coded_height = height_in_map_units * 16 * (2 - frame_mbs_only);
  const int64_t unit_x = chroma_format_idc == 1 || chroma_format_idc == 2 ? 2 : 1;
  const int64_t unit_y = (chroma_format_idc == 1 ? 2 : 1) * (2 - frame_mbs_only);
  const int64_t width = sps->coded_width - unit_x * (int64_t{left} + right);
  const int64_t height = sps->coded_height - unit_y * (int64_t{top} + bottom);
  if (width <= 0 || height <= 0 || width > kMostPixels || height > 2 * kMostPixels) return false;
  sps->info.width = static_cast<int>(width);
  sps->info.height = static_cast<int>(height);
  ParseVui(bits, sps);
  return true;
}

class H264Parser final : public NalParser {
 public:
  bool SetCodecData(const uint8_t* data, size_t size) override {
    if (size < 7 || data[0] != 1) return false;
    length_size_ = (data[4] & 3) + 1;
    size_t at = 5;
    for (const int count_mask : {31, 255}) {  // Sequence parameter sets, then picture parameter sets.
      if (at >= size) return false;
      const int count = data[at++] & count_mask;
      if (!ParseParameterSets(data, size, count, &at)) return false;
    }
    return true;
  }

 private:
  bool ParseNal(const uint8_t* nal, size_t size, bool first_slice, AccessUnitInfo* info) override {
    switch (nal[0] & 31) {
      case kSps:
      case kPps:
        ParseParameterSet(nal, size);
        return false;
      case kSei:
        ParseSei(nal, size, info);
        return false;
      case kSlice:
      case kSlicePartitionA:
      case kIdrSlice:
        ParseSlice(nal, size, first_slice, info);
        return true;
      default:
        return false;
    }
  }

  void ParseParameterSet(const uint8_t* nal, size_t size) override {
    if (size < 1) return;
    const int type = nal[0] & 31;
    if (type == kSps) {
      uint32_t id = 0;
      Sps sps;
      const bool valid = ParseSps(nal, size, &id, &sps);
      // A decoder may read a parameter set that this parser does not.
      Announce(static_cast<uint64_t>(sps.coded_width), static_cast<uint64_t>(sps.coded_height),
               valid ? sps.references : kMostReferences);
      CheckParameterSet(valid, sps.references);
      if (valid) {
        sps_[id] = sps;
        active_ = sps.info;
      }
    } else if (type == kPps) {
      BitReader bits(nal + 1, size - 1);
      const uint32_t pps_id = bits.Ue();
      const uint32_t sps_id = bits.Ue();
      if (!bits.overrun() && pps_id < 256 && sps_id < 32) pps_[pps_id] = sps_id;
    }
  }

  // Clause 7.3.2.3. Reads only the recovery point message (D.1.8).
  static void ParseSei(const uint8_t* nal, size_t size, AccessUnitInfo* info) {
    BitReader bits(nal + 1, size - 1);
    while (!bits.overrun()) {
      uint32_t type = 0, length = 0, byte;
      do type += byte = bits.Bits(8);
      while (byte == 255 && !bits.overrun());
      do length += byte = bits.Bits(8);
      while (byte == 255 && !bits.overrun());
      if (bits.overrun()) return;
      if (type == kRecoveryPoint) {
        const uint32_t frames = bits.Ue();
        if (!bits.overrun() && frames < kMaxRecoveryFrames) info->recovery_frames = static_cast<int>(frames);
        return;
      }
      for (; length > 0 && !bits.overrun(); --length) bits.Skip(8);
    }
  }

  void ParseSlice(const uint8_t* nal, size_t size, bool first, AccessUnitInfo* info) {
    BitReader bits(nal + 1, size - 1);
    const uint32_t first_mb = bits.Ue();
    const uint32_t slice_type = bits.Ue() % 5;
    const uint32_t pps_id = bits.Ue();
    if (bits.overrun()) return;
    if (slice_type == 1) info->b_slices = true;
    if ((nal[0] >> 5 & 3) != 0) info->reference = true;
    if (!first && info->field == AccessUnitInfo::Field::kNone) return;
    const bool idr = (nal[0] & 31) == kIdrSlice;
    if (first) info->key = idr;
    if (first) info->starts_at_first_block = first_mb == 0;
    const auto pps = pps_.find(pps_id);
    if (pps == pps_.end()) return LacksParameterSet();
    const auto sps = sps_.find(pps->second);
    if (sps == sps_.end()) return LacksParameterSet();
    if (sps->second.separate_color_planes) bits.Skip(2);
    const uint32_t frame_num = bits.Bits(sps->second.log2_max_frame_num);
    if (first) {
      active_ = sps->second.info;
      info->frame_num = frame_num;
      info->max_frame_num = 1u << sps->second.log2_max_frame_num;
      info->frame_num_gaps_allowed = sps->second.gaps_allowed;
      info->frame_num_known = !bits.overrun();
    }
    auto field = AccessUnitInfo::Field::kNone;
    if (!sps->second.frames_only && bits.Bit()) {
      field = bits.Bit() ? AccessUnitInfo::Field::kBottom : AccessUnitInfo::Field::kTop;
    }
    // Both fields of a frame may come in one unit.
    info->field = first || field == info->field ? field : AccessUnitInfo::Field::kNone;
    if (idr) bits.Ue();  // idr_pic_id
    if (!first || sps->second.log2_max_order_lsb == 0) return;
    info->order_lsb = bits.Bits(sps->second.log2_max_order_lsb);
    info->max_order_lsb = 1u << sps->second.log2_max_order_lsb;
    info->order_known = !bits.overrun();
  }

  std::map<uint32_t, Sps> sps_;
  std::map<uint32_t, uint32_t> pps_;
};

}  // namespace

std::vector<BitRange> H264HeldBackFields(const uint8_t* sps, size_t size) {
  uint32_t id = 0;
  Sps parsed;
  ParseSps(sps, size, &id, &parsed);
  return parsed.held_back;
}

std::unique_ptr<AccessUnitParser> MakeH264Parser() { return std::make_unique<H264Parser>(); }

}  // namespace framegate
