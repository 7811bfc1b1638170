// Decoder, scaler and JPEG encoder on one thread. It has its own queue, so that it never blocks the receiver. If it
// falls behind, it shows nothing until it has caught up. A long backlog is decoded on all cores, with threads of the
// decoder that end at the next key picture.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "access_unit.h"
#include "catch_up.h"
#include "clocks.h"
#include "element_chain.h"
#include "frame_age.h"
#include "frame_threads.h"
#include "pipeline_error.h"
#include "rendition_encoder.h"
#include "stream_types.h"
#include "thread.h"
#include "unit_times.h"

namespace framegate {

class DecodeStage {
 public:
  struct Counters {
    std::atomic<uint64_t> decoded{0}, encoded{0}, lent{0}, late{0}, catch_ups{0}, damaged_units{0}, skipped{0},
        shown{0};
    std::atomic<int64_t> cpu_ns{0};
    LatencyHistogram network, decode, encode, age;
    std::atomic<int> width{0}, height{0};
    std::atomic<uint64_t> last_shown_pts_ns{0};
  };
  using OnFrame = RenditionEncoder::OnFrame;
  using OnError = std::function<void(PipelineError)>;

  // reorders: pictures are shown in another order than they are decoded. Otherwise the decoder holds none back,
  // whatever the stream declares. on_frame and on_error are called on the decode thread. counters must outlive this.
  DecodeStage(Codec codec, bool reorders, Counters* counters, std::shared_ptr<FrameLane> lane, OnFrame on_frame,
              OnError on_error);
  ~DecodeStage() { Stop(); }
  DecodeStage(const DecodeStage&) = delete;
  DecodeStage& operator=(const DecodeStage&) = delete;

  // backlog: the units of the GOP cache. They are decoded at once; only the newest picture is shown.
  void Start(const std::vector<AccessUnitPtr>& backlog);

  // Continues from the GOP cache as after Start(), whatever was decoded before. No picture is shown twice.
  void StartOver(const std::vector<AccessUnitPtr>& backlog);

  // true: once the backlog is decoded, decode key pictures alone, each with a decoder of its own that holds none back.
  // false: decode all pictures from the next key picture on.
  // overloaded: readers want the others too; those count as skipped.
  void SetKeysAlone(bool keys_alone, bool overloaded = false);
  bool keys_alone();

  // Never blocks.
  void Push(AccessUnitPtr unit);
  void SetRenditions(std::vector<Rendition> renditions);

  // For the age limit.
  void SetPace(const Pace& pace) {
    frame_interval_ns_ = pace.frame_interval_ns;
    b_frames_ = pace.b_frames;
    pauses_ = pace.pauses;
  }

  bool reorders() const { return reorders_; }

  // Waits for the current frame at most. Idempotent.
  void Stop();

  // Since when the decoder has received units without returning a picture; 0 if it is not stuck.
  int64_t stuck_since_ns() const { return stuck_since_ns_; }

  // Since when units have arrived without a picture being shown; 0 if none is due.
  int64_t unshown_since_ns() const { return unshown_since_ns_; }

  // When the newest picture was shown; 0: none yet.
  int64_t last_shown_ns() const { return last_shown_ns_; }

  // Since when decoding has been too late to show a picture; 0 if it is not, or decodes the backlog.
  int64_t behind_since_ns() const { return behind_since_ns_; }

  // Since when the decoder has reported damaged pictures; 0 if they are whole.
  int64_t damaged_since_ns() const { return damaged_since_ns_; }

 private:
  void Run();
  bool Next(AccessUnitPtr* unit, CatchUp::Unit* facts);
  bool Unneeded(const AccessUnit& unit);
  CatchUp::UnitVerdict Judge(const CatchUp::Unit& facts);
  bool Decode(const AccessUnit& unit, bool restart);
  bool StartsLongBacklog(const AccessUnit& unit) const;
  bool OpenDecoder(int threads);
  void CloseDecoder();
  void Feed(const AccessUnit& unit, bool restart);
  void FeedDelimiters();
  Damage DamageFound() const;
  void CheckDamage(Damage harmless);
  void CountCpu();
  void SetQueue(const std::vector<AccessUnitPtr>& backlog);
  void LeaveBacklog();
  void MarkBehind(int64_t late_ns);
  SamplePtr ForDecoder(const AccessUnit& unit, bool restart);
  void OnPicture(SamplePtr raw);
  void Encode(SamplePtr raw, const GstVideoInfo& info, const UnitTimes::Times& times, int64_t decoded_age_ns);
  bool MoreQueued();
  int64_t LimitNs() const { return AgeLimitNs(frame_interval_ns_, b_frames_); }
  Pace CurrentPace() const { return {frame_interval_ns_, b_frames_, pauses_}; }

  const Codec codec_;
  const bool reorders_;
  Counters* const counters_;
  const OnFrame on_frame_;
  const OnError on_error_;

  Thread thread_;
  std::mutex queue_mutex_;  // Guards queue_ to awaits_first_, and the wait for stopping_.
  std::condition_variable wake_;
  std::deque<AccessUnitPtr> queue_;
  size_t queued_bytes_ = 0;
  bool overflowed_ = false;  // Units were dropped from the full queue.
  std::optional<std::vector<Rendition>> new_renditions_;
  bool keys_alone_ = false, all_from_next_key_ = false, overloaded_ = false;
  bool starts_over_ = false;  // The queue holds a new backlog.
  bool in_backlog_ = false;
  bool awaits_first_ = true;  // No unit was pushed yet.
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> frame_interval_ns_{MsToNs(40)};
  std::atomic<bool> b_frames_{false}, pauses_{false};
  std::atomic<int64_t> stuck_since_ns_{0};
  std::atomic<int64_t> unshown_since_ns_{0};
  std::atomic<int64_t> last_shown_ns_{0};
  std::atomic<int64_t> behind_since_ns_{0};
  std::atomic<int64_t> damaged_since_ns_{0};

  // Decode thread only.
  std::unique_ptr<ElementChain> chain_;
  std::unique_ptr<FrameThreads> frame_threads_;  // Null: the decoder decodes on this thread.
  bool holds_newest_ = false;                    // Its threads have not returned the newest picture yet.
  bool newest_follows_ = false;                  // The picture that they return is not the newest.
  size_t queued_behind_ = 0;                     // Units in the queue behind the current one.
  int64_t counted_cpu_ns_ = 0;
  CapsPtr caps_, decoder_caps_;  // The last caps of a unit, and what the decoder gets for them.
  int units_to_recovery_ = 0;    // Units until pictures are whole after a start with intra refresh.
  bool alone_ = false;           // The unit is decoded without any other.
  CatchUp catch_up_;
  UnitTimes times_;
  int64_t fed_received_ns_ = 0;    // When the newest unit was received that the decoder got.
  uint64_t shown_before_pts_ns_;   // By the stage before this one: go on after it. 0: no matter.
  uint64_t show_from_pts_ns_ = 0;  // After a restart, the decoder still returns older pictures.
  RenditionEncoder encoder_;
};

}  // namespace framegate
