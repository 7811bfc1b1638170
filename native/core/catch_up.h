// What the decode stage does when it is late: which access units it decodes, and which pictures it shows. Pure.
//
// A late decoder first drops pictures that nothing builds on. If that is not enough, it decodes on and shows nothing
// until its newest picture is done; it skips ahead as soon as a key picture waits, and if it comes no nearer in a
// second it drops everything up to the next key picture.
#pragma once

#include <cstdint>

namespace framegate {

// The stream's pace, from which the limits follow.
struct Pace {
  int64_t frame_interval_ns = 0;
  bool b_frames = false;
};

class CatchUp {
 public:
  // An access unit whose turn it is, and what waits behind it.
  struct Unit {
    int64_t now_ns = 0;     // Monotonic clock.
    int64_t waited_ns = 0;  // Since it was received.
    bool key = false;
    bool reference = true;         // Others build on it.
    bool starts_sequence = false;  // Decoding begins with it: it builds on nothing before it.
    bool key_queued = false;
    bool more_queued = false;
    bool follows_loss = false;  // Units before it were dropped on the way: it may build on one of them.
  };
  enum class UnitVerdict {
    kDecode,
    kRestart,       // Decode it; what the decoder has had before is void.
    kDropUnneeded,  // Nothing builds on it.
    kDropUntilKey,
  };

  // A picture that was decoded.
  struct Picture {
    int64_t age_ns = 0;  // Since its access unit was received.
    int64_t transport_lag_ns = 0;
    bool more_queued = false;  // Newer access units.
  };
  enum class PictureVerdict {
    kShow,
    kHide,  // A newer one comes at once.
    kDropLate,
  };

  // keys_known: units say truly whether they are key pictures; if not, every unit is decoded.
  explicit CatchUp(bool keys_known) : keys_known_(keys_known) {}

  // backlog: units of the past come first, from a key picture on; otherwise decoding waits for a key picture.
  void Start(bool backlog);

  UnitVerdict CheckUnit(const Unit& unit, const Pace& pace);
  PictureVerdict CheckPicture(const Picture& picture, const Pace& pace);

  // What was decoded last is damaged: nothing is decoded before the next key picture.
  void WaitForKey() { waiting_for_key_ = keys_known_; }

  bool waiting_for_key() const { return waiting_for_key_; }
  bool catching_up() const { return catching_up_; }

 private:
  void DropBacklog();

  const bool keys_known_;
  bool waiting_for_key_ = false;
  bool catching_up_ = false;        // Nothing is shown before the newest picture.
  int64_t progress_due_ns_ = 0;     // By then it must have come nearer than
  int64_t progress_from_ns_ = 0;    // this far behind.
  bool dropped_last_late_ = false;  // The picture before was not shown since a newer unit waited.
};

}  // namespace framegate
