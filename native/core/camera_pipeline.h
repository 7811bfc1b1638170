// One try at one camera, from start to end: receiver > gate > cache > decode stage, and
// the control thread that watches them. It ends once, for a reason, and is then done
// with; whoever wants another try makes another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "access_unit.h"
#include "access_unit_parser.h"
#include "decode_stage.h"
#include "gate.h"
#include "gop_cache.h"
#include "latest_frames.h"
#include "pipeline_error.h"
#include "receiver.h"
#include "stream_types.h"

namespace framegate {

// What happened since the last time somebody asked. Newer news replaces older of its
// kind; the end is told once and never lost.
struct PipelineNews {
  std::optional<StreamInfo> stream;
  std::optional<bool> live;  // Whole frames arrive; false: they stopped arriving.
  std::optional<PipelineError> ended;
  std::vector<std::unique_ptr<JpegFrame>> frames;
};

class CameraPipeline {
 public:
  // wake: called on any thread when there is news after TakeNews() had left none.
  CameraPipeline(SourceOptions options, std::function<void()> wake);
  ~CameraPipeline();
  CameraPipeline(const CameraPipeline&) = delete;
  CameraPipeline& operator=(const CameraPipeline&) = delete;

  // Return at once, any thread.
  void SetRenditions(std::vector<Rendition> renditions);
  PipelineNews TakeNews();
  PipelineStats Stats() const;

  // Asks the control thread to end. Returns at once.
  void RequestClose();

  // Blocks until nothing of the camera is left, some 100 ms. Idempotent; not on the
  // control thread.
  void Close();

 private:
  void Run();
  void Loop();
  Receiver::Callbacks ReceiverCallbacks();
  void Fail(PipelineError error);  // The first one counts.
  void End(PipelineError reason);
  void CheckTimers(int64_t now_ns);
  void UpdateDecodeStage();
  void OnSample(Codec codec, SamplePtr sample, int64_t captured_at_us);
  void SetLive(bool live);
  void Wake();
  int64_t FrameIntervalNs() const;
  void CountArrival(int64_t now_ns, uint64_t pts_ns, bool key);

  const SourceOptions options_;
  const std::function<void()> wake_;

  // News for the reader.
  mutable std::mutex news_mutex_;
  std::optional<StreamInfo> stream_;
  std::optional<bool> live_news_;
  std::optional<PipelineError> ended_;
  bool ended_told_ = false;
  bool woken_ = false;
  LatestFrames latest_;

  // The control thread's in-tray.
  std::mutex control_mutex_;
  std::condition_variable control_wake_;
  bool close_requested_ = false;
  bool renditions_changed_ = false;
  bool nudged_ = false;  // There is something to look at before the next tick.
  std::vector<Rendition> renditions_;
  PipelineError failure_;

  // What the receiver's streaming thread makes and others read.
  mutable std::mutex stream_mutex_;
  std::unique_ptr<AccessUnitParser> parser_;
  std::unique_ptr<Gate> gate_;
  CapsPtr caps_;
  GopCache cache_;
  std::unique_ptr<DecodeStage> decode_stage_;
  Codec codec_ = Codec::kOther;
  bool have_codec_ = false;
  std::deque<int64_t> arrivals_ns_;  // Of whole frames, the last 3 s.
  int64_t last_frame_ns_ = 0;
  int64_t last_key_ns_ = 0;      // A picture to begin with, whole or not.
  int64_t closed_since_ns_ = 0;  // The gate; 0 while it is open.
  bool began_with_key_ = false;
  uint64_t passed_ = 0, gate_dropped_ = 0;
  int frames_since_key_ = 0, gop_length_ = 0;
  bool have_key_ = false, b_frames_ = false;
  uint64_t last_pts_ns_ = 0;

  DecodeStage::Counters counters_;
  std::unique_ptr<Receiver> receiver_;
  int64_t started_ns_ = 0, next_keep_alive_ns_ = 0;
  int64_t late_since_ns_ = 0;  // Older than is shown comes what comes; 0: not so. The control thread's.
  std::atomic<bool> live_{false};
  std::vector<Rendition> active_renditions_;
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace framegate
