// The gate: lets only access units through that decode into undamaged pictures.
// Closed at first; opens on a complete key picture; closes on a hole in the stream.
// Pure. Why each rule: ../../docs/architecture.md, "The gate".
#pragma once

#include <cstdint>

#include "access_unit_parser.h"

namespace framegate {

enum class GateRules {
  kH264,       // Key = IDR; frame_num must not jump.
  kH265,       // Key = IRAP; leading pictures that need older ones are dropped.
  kIntraOnly,  // Every access unit is whole by itself (MJPEG).
  kNone,       // Nothing is known of the stream: everything passes.
};

enum class GateVerdict {
  kPass,
  kPassAndReset,  // First after the gate opened: the decoder must forget what it holds.
  kDrop,
};

enum class GateReason { kNone, kNotYetKey, kDiscontinuity, kFrameNumGap, kMalformed, kSkippedLeading };

class Gate {
 public:
  explicit Gate(GateRules rules) : rules_(rules) {}

  // discontinuity: packets are missing somewhere between the unit before and the
  // end of this one, so this one may be incomplete and can never open the gate.
  GateVerdict Check(const AccessUnitInfo& info, bool discontinuity);

  bool open() const { return open_; }
  GateReason last_reason() const { return last_reason_; }
  uint64_t closings() const { return closings_; }

 private:
  GateVerdict Close(GateReason reason);

  const GateRules rules_;
  bool open_ = false;
  bool first_unit_ = true;
  bool skip_rasl_ = false;
  uint32_t previous_reference_frame_num_ = 0;
  GateReason last_reason_ = GateReason::kNone;
  uint64_t closings_ = 0;
};

}  // namespace framegate
