// Decoder, scaler and JPEG encoder on one thread. Runs only while frames are wanted. It never blocks the receiver: it
// has its own queue, and when it falls behind it shows nothing until it has caught up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "access_unit.h"
#include "decoder_damage.h"
#include "element_chain.h"
#include "jpeg_encoder.h"
#include "pipeline_error.h"
#include "rate_limiter.h"
#include "stream_types.h"

namespace framegate {

class DecodeStage {
 public:
  struct Counters {
    std::atomic<uint64_t> decoded{0}, encoded{0}, late{0}, lag_closings{0}, damage_closings{0};
    std::atomic<int> width{0}, height{0};
  };
  using OnFrame = std::function<void(std::unique_ptr<JpegFrame>)>;
  using OnError = std::function<void(PipelineError)>;

  // on_frame and on_error are called on the decode thread. counters outlive this.
  DecodeStage(Codec codec, bool stock_elements, Counters* counters, OnFrame on_frame, OnError on_error);
  ~DecodeStage() { Stop(); }
  DecodeStage(const DecodeStage&) = delete;
  DecodeStage& operator=(const DecodeStage&) = delete;

  // backlog: the cache's units; decoded at once, only the newest frame is published.
  void Start(const std::vector<AccessUnitPtr>& backlog);

  // Never blocks. reset: the unit starts anew, what the decoder holds is void.
  void Push(AccessUnitPtr unit);
  void SetRenditions(std::vector<Rendition> renditions);

  // The stream's frame interval and whether its pictures are reordered, for the age limit.
  void SetFrameInterval(int64_t interval_ns, bool b_frames) {
    frame_interval_ns_ = interval_ns;
    b_frames_ = b_frames;
  }

  // Idempotent. Takes at most the time of the frame in work.
  void Stop();

  // Since when the decoder has been fed without giving a frame; 0: all is well.
  int64_t stuck_since_ns() const { return stuck_since_ns_; }

  // Since when the decoder finds its pictures damaged; 0: all is well.
  int64_t damaged_since_ns() const { return damaged_since_ns_; }

  // A frame older than this is never published: max(250 ms, 3 frame intervals). With B-frames 5: a picture that others
  // are shown before has waited three for them, however fast all is, and nothing newer can be shown.
  static int64_t AgeLimitNs(int64_t frame_interval_ns, bool b_frames);

 private:
  struct Output {
    Rendition rendition;
    RateLimiter limiter;
  };
  struct Times {
    int64_t received_at_us, received_mono_ns, captured_at_us, transport_lag_ns;
  };

  void Run();
  bool OpenChain(const AccessUnit& first);
  void Decode(const AccessUnit& unit);
  void OnRaw(SamplePtr raw);
  void Encode(SamplePtr raw, const GstVideoInfo& info, const Times& times);
  bool DropForLag(const AccessUnit& unit);
  bool KeyWaits();
  bool AnyWaits();

  const Codec codec_;
  const bool stock_elements_;
  Counters* const counters_;
  const OnFrame on_frame_;
  const OnError on_error_;

  std::thread thread_;
  std::mutex mutex_;  // Guards queue_, overflowed_, renditions_.
  std::condition_variable wake_;
  std::deque<AccessUnitPtr> queue_;
  bool overflowed_ = false;  // Units were let go from the queue.
  std::vector<Rendition> renditions_;
  bool renditions_changed_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> frame_interval_ns_{40000000};
  std::atomic<bool> b_frames_{false};
  std::atomic<int64_t> stuck_since_ns_{0};
  std::atomic<int64_t> damaged_since_ns_{0};

  // The decode thread's own.
  std::unique_ptr<ElementChain> chain_;
  std::unique_ptr<JpegEncoder> encoder_;
  bool encoder_is_fast_ = false;
  std::mutex raw_mutex_;  // decodebin delivers on threads of its own.
  std::vector<Output> outputs_;
  std::map<uint64_t, Times> times_;  // By PTS: which unit a decoded frame came from.
  int64_t catching_up_until_ns_ = 0;
  int64_t behind_ns_ = 0;                 // How far, when that was set.
  std::atomic<bool> catching_up_{false};  // Nothing is shown before the newest frame.
  bool waiting_for_key_ = false;
  bool begins_ = true;                  // The next unit is the first, or comes after others were let go.
  int hidden_left_ = 0;                 // So many units more until pictures are whole (intra refresh).
  Damage unit_damage_ = Damage::kNone;  // What the decoder found in the unit in work.
  uint64_t not_before_ns_ = 0;          // What the decoder still holds from before a resumption is void.
  bool skipped_last_ = false;
};

}  // namespace framegate
