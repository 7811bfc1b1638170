// The threads of a decoder that works on several pictures at once (FFmpeg's frame threads), which catches up sooner.
//
// Such a decoder returns a picture only when it gets as many further units as it has further threads. An access unit
// delimiter is a unit without a picture, so a few of them make it return the newest at once.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <vector>

#include "decoder_damage.h"
#include "gst_ptr.h"
#include "stream_types.h"

namespace framegate {

class FrameThreads {
 public:
  // How many threads decode the codec fastest; 1: it cannot use more, or there is one core. Two cores, 1080p, 126
  // pictures, with 1, 2 and 3 threads: H.264 1.12, 0.80, 0.73 s; H.265 2.11, 1.32, 1.47 s.
  static int Best(Codec codec);

  // The libraries on this system never deadlock with frame threads (robustness.md, 0.8). Call it once a decoder exists.
  static bool AreSafe();

  // Just before the decoder gets its first unit, which starts the threads. Until Adopt(), no other decoder can start
  // such threads.
  FrameThreads(Codec codec, int count);
  ~FrameThreads();
  FrameThreads(const FrameThreads&) = delete;
  FrameThreads& operator=(const FrameThreads&) = delete;

  // Just after it: the threads of this process that have appeared meanwhile are the decoder's. False if there are none,
  // so that nothing would notice damage.
  bool Adopt();

  int count() const { return count_; }
  GstSample* delimiter() const { return delimiter_.get(); }

  // The worst damage that the threads have reported.
  Damage damage() const { return FoundOnThreads(ids_); }

  // CPU time that the threads have used since the last call.
  int64_t TakeCpuNs();

 private:
  const int count_;
  const SamplePtr delimiter_;
  std::unique_lock<std::mutex> starting_;
  const std::vector<pid_t> before_;
  std::vector<pid_t> ids_;
  int64_t taken_cpu_ns_ = 0;
};

}  // namespace framegate
