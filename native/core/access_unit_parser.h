// Reads from a whole access unit (length-prefixed NAL units, as rtph264depay and
// rtph265depay give them) what the gate and the camera's description need.
// Pure: bytes in, facts out; every byte may come from the network and be wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace framegate {

struct AccessUnitInfo {
  bool well_formed = false;            // NAL lengths add up and there is a slice of the picture.
  bool key = false;                    // H.264: IDR. H.265: IRAP (types 16 to 21).
  int recovery_frames = -1;            // H.264: of a recovery point SEI, frames until the picture is whole; -1: none.
  bool starts_at_first_block = false;  // The first slice begins at the first block.
  bool reference = false;              // Others may predict from this picture.
  bool b_slices = false;               // Holds a bi-predicted slice.
  bool rasl = false;                   // H.265: leading picture that needs what lies before its IRAP.
  bool leading = false;                // H.265: any leading picture (RASL, RADL).
  bool frame_num_known = false;        // H.264 alone.
  uint32_t frame_num = 0;
  uint32_t max_frame_num = 0;  // 2^log2_max_frame_num of the active SPS.
  bool frame_num_gaps_allowed = false;
};

// What the parameter sets say of the stream; 0 while unknown.
struct ParameterSetInfo {
  int width = 0;
  int height = 0;
  int profile_idc = 0;
  int level_idc = 0;
};

class AccessUnitParser {
 public:
  virtual ~AccessUnitParser() = default;

  // AVCDecoderConfigurationRecord or HEVCDecoderConfigurationRecord of the caps.
  // False where it is malformed; what was readable counts all the same.
  virtual bool SetCodecData(const uint8_t* data, size_t size) = 0;
  virtual AccessUnitInfo Parse(const uint8_t* data, size_t size) = 0;
  virtual ParameterSetInfo parameters() const = 0;
};

std::unique_ptr<AccessUnitParser> MakeH264Parser();
std::unique_ptr<AccessUnitParser> MakeH265Parser();

}  // namespace framegate
