#include "catch_up.h"

#include <algorithm>

#include "clocks.h"
#include "frame_age.h"

namespace framegate {
namespace {

constexpr int64_t kProgressWithinNs = MsToNs(1000);
// A machine may be busy for a moment when a decoder starts.
constexpr int64_t kBacklogProgressWithinNs = MsToNs(3000);

int64_t LimitNs(const Pace& pace) { return AgeLimitNs(pace.frame_interval_ns, pace.b_frames); }

// A lag that is worth saving work for, before anything is too late to show.
bool IsBehind(int64_t waited_ns, const Pace& pace) {
  return waited_ns > std::max<int64_t>(MsToNs(60), pace.frame_interval_ns * 3 / 2);
}

}  // namespace

void CatchUp::Start(bool backlog) {
  in_backlog_ = catching_up_ = backlog;
  waiting_for_key_ = !backlog;
  progress_due_ns_ = 0;
  progress_from_ns_ = INT64_MAX;
}

// Continues only with a key picture that is not late.
void CatchUp::DropBacklog() {
  in_backlog_ = catching_up_ = false;
  WaitForKey();
}

CatchUp::UnitVerdict CatchUp::CheckUnit(const Unit& unit, const Pace& pace) {
  const UnitVerdict decode = unit.starts_sequence ? UnitVerdict::kRestart : UnitVerdict::kDecode;
  if (unit.follows_loss) DropBacklog();
  const bool late = unit.waited_ns > LimitNs(pace);
  if (catching_up_ && unit.key_queued) {
    waiting_for_key_ = true;
    in_backlog_ = false;
    return UnitVerdict::kDropUntilKey;
  }
  if (waiting_for_key_) {
    if (!unit.key || (late && !catching_up_)) return UnitVerdict::kDropUntilKey;
    waiting_for_key_ = false;
    if (!late) catching_up_ = false;
    return UnitVerdict::kRestart;
  }
  if (!unit.reference && !unit.starts_sequence && unit.more_queued &&
      (catching_up_ || IsBehind(unit.waited_ns, pace))) {
    return UnitVerdict::kDropUnneeded;
  }
  if (!late || (catching_up_ && unit.now_ns <= progress_due_ns_)) return decode;
  if (catching_up_ && unit.waited_ns >= progress_from_ns_) {
    DropBacklog();
    return UnitVerdict::kDropUntilKey;
  }
  catching_up_ = true;
  progress_due_ns_ = unit.now_ns + (in_backlog_ ? kBacklogProgressWithinNs : kProgressWithinNs);
  progress_from_ns_ = unit.waited_ns;
  return decode;
}

CatchUp::PictureVerdict CatchUp::CheckPicture(const Picture& picture, const Pace& pace) {
  if (catching_up_ && picture.more_queued) return PictureVerdict::kHide;
  in_backlog_ = catching_up_ = false;
  const int64_t age_ns = pace.pauses && !picture.more_queued ? 0 : picture.age_ns;
  if (age_ns + picture.transport_lag_ns > LimitNs(pace)) return PictureVerdict::kDropLate;
  // If a newer unit is queued, skip encoding this one, but never twice in a row: a decoder at its limit must still
  // show something.
  dropped_last_late_ = picture.more_queued && IsBehind(picture.decoder_late_ns, pace) && !dropped_last_late_;
  return dropped_last_late_ ? PictureVerdict::kDropLate : PictureVerdict::kShow;
}

}  // namespace framegate
