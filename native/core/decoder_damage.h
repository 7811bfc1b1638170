// What FFmpeg's decoders say of damaged pictures, which no flag or error of GStreamer tells
// (robustness.md, 2): bits lost inside an access unit, references that were never received.
#pragma once

namespace framegate {

// Listens to FFmpeg's log; once per process, after gst_init. With GST_DEBUG set, its lines are printed too.
void ListenToDecoders();

// While it lives, *damaged is set when a decoder on this thread finds damage. Decoders with
// max-threads=1 work on the thread that feeds them.
class DamageScope {
 public:
  explicit DamageScope(bool* damaged);
  ~DamageScope();
  DamageScope(const DamageScope&) = delete;
  DamageScope& operator=(const DamageScope&) = delete;
};

}  // namespace framegate
