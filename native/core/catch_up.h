// Decides which access units a late decode stage decodes, and which pictures it shows. Pure.
//
// A late decoder first drops pictures that no other picture needs. If that is not enough, it catches up: it shows
// nothing until it has decoded its newest picture, and skips ahead as soon as a key picture is queued. If it does not
// get closer within a second (3 s for the backlog of a start), it drops everything up to the next key picture.
#pragma once

#include <cstdint>

namespace framegate {

// The stream's pace, which sets the limits.
struct Pace {
  int64_t frame_interval_ns = 0;
  bool b_frames = false;
  bool pauses = false;  // The newest frame stays current, however old, until another arrives.
};

class CatchUp {
 public:
  // The next access unit, and what is queued behind it.
  struct Unit {
    int64_t now_ns = 0;     // Monotonic clock.
    int64_t waited_ns = 0;  // Since it was received.
    bool key = false;
    bool reference = true;         // Other pictures predict from it.
    bool starts_sequence = false;  // It uses nothing that came before it.
    bool key_queued = false;
    bool more_queued = false;
    bool follows_loss = false;  // Units before it were dropped; it may depend on one of them.
  };
  enum class UnitVerdict {
    kDecode,
    kRestart,       // Decode it, and discard what the decoder holds.
    kDropUnneeded,  // No other picture needs it.
    kDropUntilKey,
  };

  // A decoded picture.
  struct Picture {
    int64_t age_ns = 0;  // Since its access unit was received.
    int64_t transport_lag_ns = 0;
    bool more_queued = false;     // Newer access units.
    int64_t decoder_late_ns = 0;  // Since the unit was received that the decoder works on, which may be a later one.
  };
  enum class PictureVerdict {
    kShow,
    kHide,  // A newer one follows at once.
    kDropLate,
  };

  // backlog: old units come first, starting with a key picture. Without one, decoding waits for a key picture.
  void Start(bool backlog);

  // The newest picture of the backlog has not been decoded yet, and there is still hope.
  bool in_backlog() const { return in_backlog_ && catching_up_ && !waiting_for_key_; }

  UnitVerdict CheckUnit(const Unit& unit, const Pace& pace);
  PictureVerdict CheckPicture(const Picture& picture, const Pace& pace);

  // The last picture is damaged: decode nothing until the next key picture.
  void WaitForKey() { waiting_for_key_ = true; }

  bool waiting_for_key() const { return waiting_for_key_; }
  bool catching_up() const { return catching_up_; }

 private:
  void DropBacklog();

  bool waiting_for_key_ = false;
  bool in_backlog_ = false;
  bool catching_up_ = false;        // Show nothing until the newest picture.
  int64_t progress_due_ns_ = 0;     // By this time it must wait less than
  int64_t progress_from_ns_ = 0;    // this long.
  bool dropped_last_late_ = false;  // The previous picture was skipped because a newer unit was queued.
};

}  // namespace framegate
