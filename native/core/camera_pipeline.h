// One session with one camera: receiver > gate > GOP cache > decode stage, and the control thread that watches them.
// It ends exactly once, with a reason. To retry, create another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cpu_account.h"
#include "decode_plan.h"
#include "decode_stage.h"
#include "guarded.h"
#include "news_mailbox.h"
#include "picture_assembler.h"
#include "pipeline_error.h"
#include "receiver.h"
#include "stream_intake.h"
#include "stream_types.h"
#include "thread.h"
#include "watchdog.h"

namespace framegate {

class CameraPipeline {
 public:
  // lane: for local readers; null: none. wake: called on any thread for the first news after TakeNews().
  CameraPipeline(SourceOptions options, std::shared_ptr<FrameLane> lane, std::function<void()> wake);
  ~CameraPipeline();
  CameraPipeline(const CameraPipeline&) = delete;
  CameraPipeline& operator=(const CameraPipeline&) = delete;

  // From where MediaMTX is to pull the camera, for options.tap. Once it has the path, with options.tap or a relay_url,
  // call Read().
  std::string front_url() const { return receiver_.front_url(); }
  void Read();

  // These return at once. Any thread.
  // most_pixels: a stream that announces more decoder_pixels is not decoded.
  void SetRenditions(std::vector<Rendition> renditions, uint64_t most_pixels = kAnyPixels);
  PipelineNews TakeNews() { return news_.Take(); }
  PipelineStats Stats() const;
  PipelineCounters Counters() const;

  // Asks the control thread to end. Returns at once. Any thread.
  void RequestClose();

  // Blocks until every thread of the session has ended, some 100 ms. Idempotent. Do not call it on the control thread.
  void Close();

  static constexpr uint64_t kAnyPixels = UINT64_MAX;

 private:
  // What other threads want from the control thread.
  struct Requests {
    bool close = false;
    bool read = false;       // MediaMTX has the path.
    bool check_now = false;  // A change that should not wait for the next tick.
    std::optional<std::vector<Rendition>> renditions;
    uint64_t most_pixels = kAnyPixels;
    std::optional<PipelineError> failure;  // The first one; later ones are its consequences.
  };
  // What the receiver's streaming thread feeds.
  struct Input {
    Input(Codec codec, int64_t described_ns) : assembler(codec), intake(codec, described_ns) {}
    PictureAssembler assembler;
    StreamIntake intake;
  };
  struct Stream {
    std::optional<Input> input;                 // Exists from the first sample on.
    uint64_t most_pixels = kAnyPixels;          // A stream that needs more is not decoded.
    Announced announced;                        // As last reported.
    bool stage_outdated = false;                // A larger picture has come, which decode_stage did not get.
    std::unique_ptr<DecodeStage> decode_stage;  // While frames are wanted, or the GOP is too long for the cache.
  };

  // The control thread.
  void Run();
  PipelineError Watch();
  void UpdateDecodeStage(const std::vector<Rendition>& renditions);
  void FollowPlan(const StreamIntake& intake, DecodeStage& stage, const std::vector<Rendition>& renditions);
  StreamFacts Facts() const;
  PipelineError WithFlaw(PipelineError error) const;
  void SetLive(bool live, bool quiet);
  void SetFault(std::optional<PipelineError> fault);
  void MeasureCpu();
  int64_t CpuNs() const { return counters_.cpu_ns + receiver_.cpu_ns() + control_cpu_ns_; }

  // The receiver's threads.
  Receiver::Callbacks ReceiverCallbacks();
  bool Take(Stream& stream, StreamIntake& intake, PictureAssembler::Picture picture);
  void OnSample(Codec codec, SamplePtr sample, int64_t captured_at_us);

  // Changes the requests and wakes the control thread. Any thread.
  template <typename Change>
  void UpdateRequests(Change change);
  void Fail(PipelineError error);

  const SourceOptions options_;
  const std::shared_ptr<FrameLane> lane_;
  NewsMailbox news_;
  Guarded<Requests> requests_;
  std::condition_variable requests_changed_;
  Guarded<Stream> stream_;
  DecodeStage::Counters counters_;
  Receiver receiver_;
  std::atomic<bool> live_{false};
  std::atomic<bool> pauses_{false};
  std::atomic<bool> may_lack_key_{false};  // See StreamFacts.
  std::atomic<int64_t> control_cpu_ns_{0};
  std::atomic<double> cpu_percent_{-1};
  std::atomic<int64_t> described_ns_{0};  // When the source described the stream, monotonic; 0: not yet.
  DecodePlan plan_;                       // Control thread only.
  CpuShare cpu_share_;                    // Control thread only.
  std::string fault_;                     // Control thread only: the message last reported; empty: none.
  std::mutex join_mutex_;                 // Several threads may call Close().
  Thread thread_;
};

}  // namespace framegate
