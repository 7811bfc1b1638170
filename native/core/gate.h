// The gate passes only access units that decode into undamaged pictures. It starts closed, opens on a complete key
// picture, and closes on a gap in the stream. Pure. For the reasons, see "The gate" in ../../docs/architecture.md.
#pragma once

#include <cstdint>

#include "access_unit_parser.h"

namespace framegate {

enum class GateRules {
  kH264,       // Key = IDR; frame_num must not jump.
  kH265,       // Key = IRAP; leading pictures that need older ones are dropped.
  kKeyFirst,   // MPEG-4, VP8, VP9: begins with a key picture; leading pictures that need older ones are dropped.
  kIntraOnly,  // Every access unit is independent (MJPEG).
};

enum class GateVerdict {
  kPass,
  kPassAndReset,  // First after the gate opened: the decoder must discard what it holds.
  kDrop,
};

class Gate {
 public:
  explicit Gate(GateRules rules) : rules_(rules) {}

  // discontinuity: packets are missing between the previous unit and the end of this one. This one may be incomplete,
  // so it never opens the gate.
  GateVerdict Check(const AccessUnitInfo& info, bool discontinuity);

  bool open() const { return open_; }

 private:
  GateVerdict Close();
  GateVerdict Open();

  const GateRules rules_;
  bool open_ = false;
  bool first_unit_ = true;
  bool skip_rasl_ = false;
  uint32_t previous_reference_frame_num_ = 0;
};

}  // namespace framegate
