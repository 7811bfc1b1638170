// Decides which pictures of a camera are decoded: all, or key pictures alone. Pure.
//
// Key pictures alone are enough if every reader gets its frames from them at its rate and as evenly. They are also all
// that a machine can decode that is too slow for the stream; from time to time, the plan then tries all pictures again.
#pragma once

#include <cstdint>
#include <vector>

#include "clocks.h"
#include "key_rhythm.h"
#include "stream_types.h"

namespace framegate {

class DecodePlan {
 public:
  // The state of a session at one moment. Times are monotonic, in ns.
  struct Facts {
    int64_t now_ns = 0;
    std::vector<Rendition> renditions;  // That have readers.
    KeyRhythm keys;
    int64_t frame_interval_ns = 0;  // 0: unknown.
    bool keys_stand_alone = false;  // Key pictures come, and each is a whole frame.
    bool cache_fits = false;        // A decoder can start from the GOP cache at any time.
    int64_t behind_since_ns = 0;    // Decoding is too late to show a picture; 0: it is not.
    int64_t last_shown_ns = 0;      // When the newest picture was shown; 0: none yet.
  };
  struct Verdict {
    bool keys_alone = false;
    bool shows_newest = false;  // A reader came, or wants more frames: decode up to the newest picture at once.
  };

  Verdict Check(const Facts& facts);

  // Decoding all pictures was too slow.
  bool overloaded() const { return overloaded_since_ns_ != 0; }

  // As long a decoder may be behind: it may have to wait for a key picture.
  static constexpr int64_t kBehindNs = MsToNs(1500);
  // The first and the longest time after which the plan tries all pictures again.
  static constexpr int64_t kFirstRetryNs = MsToNs(5000);
  static constexpr int64_t kLastRetryNs = MsToNs(80'000);
  // A try that lasts this long has succeeded.
  static constexpr int64_t kProvenNs = MsToNs(30'000);
  // If key pictures are farther apart, they are no substitute for the others.
  static constexpr int64_t kFarKeyNs = MsToNs(12'000);

 private:
  void CheckLoad(const Facts& facts);
  bool Adds(const std::vector<Rendition>& renditions) const;

  bool keys_alone_ = false;
  std::vector<Rendition> renditions_;
  int64_t overloaded_since_ns_ = 0;
  int64_t tries_all_since_ns_ = 0;  // After an overload.
  int64_t retry_ns_ = kFirstRetryNs;
};

// Every rendition gets its frames from key pictures at its rate and as evenly as from all pictures.
bool KeysSuffice(const KeyRhythm& keys, const std::vector<Rendition>& renditions, int64_t now_ns);

}  // namespace framegate
