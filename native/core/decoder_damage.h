// What FFmpeg's decoders say of damaged pictures, which no flag or error of GStreamer tells
// (robustness.md, 2): bits lost inside an access unit, references that were never received.
#pragma once

namespace framegate {

// Listens to FFmpeg's log; once per process, after gst_init. With GST_DEBUG set, its lines are printed too.
void ListenToDecoders();

enum class Damage {
  kNone,
  kReference,  // It builds on pictures that the decoder never had.
  kBits,       // Its own bits are not what was encoded.
};

// While it lives, it notes the worst damage that a decoder on this thread finds. Decoders with max-threads=1 work on
// the thread that feeds them; those inside decodebin have threads of their own, where nothing is noted.
class DamageScope {
 public:
  DamageScope();
  ~DamageScope();
  DamageScope(const DamageScope&) = delete;
  DamageScope& operator=(const DamageScope&) = delete;

  Damage found() const { return found_; }

  // What the scope of this thread has found so far; kNone if there is no scope.
  static Damage FoundOnThisThread();

 private:
  Damage found_ = Damage::kNone;
};

}  // namespace framegate
