// The gate's rules. Runs on the receiver's streaming thread.
#include "gate.h"

namespace framegate {

GateVerdict Gate::Close() {
  open_ = false;
  return GateVerdict::kDrop;
}

GateVerdict Gate::Open() {
  const GateVerdict verdict = open_ ? GateVerdict::kPass : GateVerdict::kPassAndReset;
  open_ = true;
  return verdict;
}

GateVerdict Gate::Check(const AccessUnitInfo& info, bool discontinuity) {
  // The first buffer of a session always carries DISCONT; ignore it there.
  const bool gap = discontinuity && !first_unit_;
  first_unit_ = false;

  if (gap || !info.well_formed) return Close();
  if (rules_ == GateRules::kIntraOnly) return Open();
  // The first slices may be missing without a DISCONT.
  if (!info.starts_at_first_block) return Close();

  // Streams without key pictures (intra refresh, open GOP) send every block within recovery_frames.
  const bool recovers = !open_ && rules_ == GateRules::kH264 && info.recovery_frames >= 0 && info.frame_num_known;
  if (info.key || recovers) {
    skip_rasl_ = !open_;
    previous_reference_frame_num_ = info.frame_num_known ? info.frame_num : 0;
    return Open();
  }
  if (!open_) return GateVerdict::kDrop;

  if (skip_rasl_) {
    if (info.rasl) return GateVerdict::kDrop;
    if (!info.leading) skip_rasl_ = false;  // All leading pictures precede the trailing ones.
  }
  if (rules_ == GateRules::kH264 && info.frame_num_known && !info.frame_num_gaps_allowed) {
    const uint32_t next = (previous_reference_frame_num_ + 1) % info.max_frame_num;
    if (info.frame_num != previous_reference_frame_num_ && info.frame_num != next) return Close();
    if (info.reference) previous_reference_frame_num_ = info.frame_num;
  }
  return GateVerdict::kPass;
}

}  // namespace framegate
