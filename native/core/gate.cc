// The gate's rules. Runs on the receiver's streaming thread.
#include "gate.h"

namespace framegate {

GateVerdict Gate::Close(GateReason reason) {
  if (open_) ++closings_;
  open_ = false;
  last_reason_ = reason;
  return GateVerdict::kDrop;
}

GateVerdict Gate::Check(const AccessUnitInfo& info, bool discontinuity) {
  // A session's very first buffer always carries DISCONT; it tells nothing.
  const bool hole = discontinuity && !first_unit_;
  first_unit_ = false;

  if (rules_ == GateRules::kNone) {
    open_ = true;
    return GateVerdict::kPass;
  }
  if (hole) return Close(GateReason::kDiscontinuity);
  if (!info.well_formed) return Close(GateReason::kMalformed);

  if (rules_ == GateRules::kIntraOnly) {
    const bool was_open = open_;
    open_ = true;
    return was_open ? GateVerdict::kPass : GateVerdict::kPassAndReset;
  }

  // Several slices may be lost from the front without a gap that we are told of.
  if (!info.starts_at_first_block) return Close(GateReason::kMalformed);

  // Without key pictures (intra refresh, open GOP): so many frames on from a recovery point all blocks have been sent.
  const bool recovers = !open_ && rules_ == GateRules::kH264 && info.recovery_frames >= 0 && info.frame_num_known;
  if (info.key || recovers) {
    const bool was_open = open_;
    open_ = true;
    skip_rasl_ = !was_open;
    previous_reference_frame_num_ = info.frame_num_known ? info.frame_num : 0;
    return was_open ? GateVerdict::kPass : GateVerdict::kPassAndReset;
  }
  if (!open_) return Close(last_reason_ == GateReason::kNone ? GateReason::kNotYetKey : last_reason_);

  if (rules_ == GateRules::kH265 && skip_rasl_) {
    if (info.rasl) {
      last_reason_ = GateReason::kSkippedLeading;
      return GateVerdict::kDrop;
    }
    if (!info.leading) skip_rasl_ = false;  // Leading pictures all precede trailing ones.
  }
  if (rules_ == GateRules::kH264 && info.frame_num_known && !info.frame_num_gaps_allowed) {
    const uint32_t next = (previous_reference_frame_num_ + 1) % info.max_frame_num;
    if (info.frame_num != previous_reference_frame_num_ && info.frame_num != next) {
      return Close(GateReason::kFrameNumGap);
    }
    if (info.reference) previous_reference_frame_num_ = info.frame_num;
  }
  return GateVerdict::kPass;
}

}  // namespace framegate
