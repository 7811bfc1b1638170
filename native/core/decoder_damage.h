// Finds damaged pictures from the log of FFmpeg's decoders: bits lost inside an access unit, and references that were
// never received. GStreamer reports neither as a flag or an error (robustness.md, 2).
#pragma once

#include <sys/types.h>

#include <vector>

namespace framegate {

// Starts reading FFmpeg's log. Call it once per process, after gst_init. If GST_DEBUG is set, GStreamer prints the
// lines.
void ListenToDecoders();

enum class Damage {
  kNone,
  kReference,  // It predicts from pictures that the decoder never received.
  kBits,       // Its own data is damaged.
};

// Records, during its lifetime, the worst damage that a decoder on this thread reports. Decoders with max-threads=1
// run on the thread that feeds them.
class DamageScope {
 public:
  DamageScope();
  ~DamageScope();
  DamageScope(const DamageScope&) = delete;
  DamageScope& operator=(const DamageScope&) = delete;

  // What this thread's scope has found so far; kNone without a scope.
  static Damage FoundOnThisThread();

 private:
  Damage found_ = Damage::kNone;
};

// The worst damage that these threads, which have no scope, have reported.
Damage FoundOnThreads(const std::vector<pid_t>& ids);

// Call it when they have ended: the system gives their numbers to others.
void ForgetThreads(const std::vector<pid_t>& ids);

}  // namespace framegate
