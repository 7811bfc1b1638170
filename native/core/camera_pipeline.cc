// The control thread waits for wishes, errors and timers; OnSample and what it calls
// run on the receiver's streaming thread.
#include "camera_pipeline.h"

#include <algorithm>

#include "clocks.h"
#include "gst_init.h"

namespace framegate {
namespace {

constexpr int64_t kTickNs = 100000000;
// Servers commonly end a session after 60 s without a request; 20 s leaves two tries.
constexpr int64_t kKeepAliveNs = 20000000000;
constexpr int64_t kArrivalWindowNs = 3000000000;
constexpr int64_t kDecoderStuckNs = 3000000000;
// Where key pictures are farther apart than this, one is fetched by a new session once none has come for so long:
// frames are back within 5 s of a loss, whatever the GOP.
constexpr int64_t kFarKeyNs = 4500000000;
constexpr int64_t kFetchKeyNs = 3000000000;
// What comes late for so long waits in a network that does not empty by itself: a new session begins with what is new.
constexpr int64_t kLateNs = 4000000000;

GateRules RulesFor(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return GateRules::kH264;
    case Codec::kH265:
      return GateRules::kH265;
    case Codec::kMjpeg:
      return GateRules::kIntraOnly;
    case Codec::kOther:
      break;
  }
  return GateRules::kNone;
}

}  // namespace

CameraPipeline::CameraPipeline(SourceOptions options, std::function<void()> wake)
    : options_(std::move(options)), wake_(std::move(wake)) {
  receiver_ = std::make_unique<Receiver>(options_, ReceiverCallbacks());
  thread_ = std::thread([this] { Run(); });
}

CameraPipeline::~CameraPipeline() { Close(); }

void CameraPipeline::SetRenditions(std::vector<Rendition> renditions) {
  {
    std::lock_guard<std::mutex> lock(control_mutex_);
    renditions_ = std::move(renditions);
    renditions_changed_ = true;
  }
  control_wake_.notify_one();
}

void CameraPipeline::RequestClose() {
  {
    std::lock_guard<std::mutex> lock(control_mutex_);
    close_requested_ = true;
  }
  control_wake_.notify_one();
}

void CameraPipeline::Close() {
  RequestClose();
  std::lock_guard<std::mutex> lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

PipelineNews CameraPipeline::TakeNews() {
  PipelineNews news;
  {
    std::lock_guard<std::mutex> lock(news_mutex_);
    std::swap(news.stream, stream_);
    std::swap(news.live, live_news_);
    std::swap(news.ended, ended_);
    woken_ = false;
  }
  news.frames = latest_.TakeAll();
  return news;
}

void CameraPipeline::Wake() {
  {
    std::lock_guard<std::mutex> lock(news_mutex_);
    if (woken_) return;
    woken_ = true;
  }
  wake_();
}

void CameraPipeline::End(PipelineError reason) {
  {
    std::lock_guard<std::mutex> lock(news_mutex_);
    if (ended_told_) return;
    ended_told_ = true;
    ended_ = std::move(reason);
  }
  Wake();
}

void CameraPipeline::SetLive(bool live) {
  if (live == live_) return;
  live_ = live;
  {
    std::lock_guard<std::mutex> lock(news_mutex_);
    live_news_ = live;
  }
  Wake();
}

void CameraPipeline::Run() {
  const std::string unusable = EnsureGstInit();
  if (!unusable.empty()) {
    End(MakeError("ERR_PIPELINE_BUILD", "GStreamer does not start: " + unusable));
    return;
  }
  started_ns_ = MonotonicNs();
  next_keep_alive_ns_ = started_ns_ + kKeepAliveNs;
  receiver_->Start();
  Loop();

  receiver_->Stop();  // First: after it nothing is pushed any more.
  std::unique_ptr<DecodeStage> stage;
  {
    std::lock_guard<std::mutex> lock(stream_mutex_);
    stage = std::move(decode_stage_);
    cache_.Clear();
  }
  stage.reset();
  PipelineError reason;
  {
    std::lock_guard<std::mutex> lock(control_mutex_);
    reason = failure_;
  }
  if (reason.empty()) reason = MakeError("ERR_CLOSED", "closed");
  End(std::move(reason));
}

void CameraPipeline::Fail(PipelineError error) {
  {
    std::lock_guard<std::mutex> lock(control_mutex_);
    if (failure_.empty()) failure_ = std::move(error);  // What follows is its echo.
  }
  control_wake_.notify_one();
}

Receiver::Callbacks CameraPipeline::ReceiverCallbacks() {
  Receiver::Callbacks callbacks;
  callbacks.on_sample = [this](Codec codec, SamplePtr sample, int64_t captured_at_us) {
    OnSample(codec, std::move(sample), captured_at_us);
  };
  callbacks.on_stream = [this](StreamInfo info) {
    {
      std::lock_guard<std::mutex> lock(news_mutex_);
      stream_ = std::move(info);
    }
    Wake();
  };
  callbacks.on_error = [this](PipelineError error) { Fail(std::move(error)); };
  return callbacks;
}

void CameraPipeline::Loop() {
  while (true) {
    {
      std::unique_lock<std::mutex> lock(control_mutex_);
      control_wake_.wait_for(lock, std::chrono::nanoseconds(kTickNs), [this] {
        return close_requested_ || renditions_changed_ || nudged_ || !failure_.empty();
      });
      nudged_ = false;
      if (close_requested_ || !failure_.empty()) return;
      if (renditions_changed_) {
        renditions_changed_ = false;
        active_renditions_ = renditions_;
      }
    }
    UpdateDecodeStage();
    CheckTimers(MonotonicNs());
  }
}

// Starts the decode stage when somebody wants frames and the codec is known, ends it
// when nobody does. One runs along, without giving frames, where the GOP is too long to
// begin from later.
void CameraPipeline::UpdateDecodeStage() {
  std::unique_ptr<DecodeStage> ended;
  {
    std::lock_guard<std::mutex> lock(stream_mutex_);
    if (active_renditions_.empty() && !cache_.outgrown()) {
      ended = std::move(decode_stage_);
    } else if (decode_stage_) {
      decode_stage_->SetRenditions(active_renditions_);
    } else if (have_codec_) {
      decode_stage_ = std::make_unique<DecodeStage>(
          codec_, options_.stock_elements, &counters_,
          [this](std::unique_ptr<JpegFrame> frame) {
            latest_.Put(std::move(frame));
            Wake();
          },
          [this](PipelineError error) { Fail(std::move(error)); });
      decode_stage_->SetFrameInterval(FrameIntervalNs(), b_frames_);
      decode_stage_->SetRenditions(active_renditions_);
      decode_stage_->Start(cache_.units());
    }
  }
  // Joined without the lock: the receiver goes on meanwhile.
}

void CameraPipeline::CheckTimers(int64_t now_ns) {
  const int64_t last_packet = receiver_->last_packet_ns();
  int64_t last_frame, interval;
  int gop;
  int64_t stuck_since = 0, damaged_since = 0, closed_since, last_key;
  bool key_by_new_session;
  {
    std::lock_guard<std::mutex> lock(stream_mutex_);
    last_frame = last_frame_ns_;
    interval = FrameIntervalNs();
    gop = gop_length_;
    closed_since = closed_since_ns_;
    last_key = last_key_ns_;
    key_by_new_session = began_with_key_ || options_.begins_with_key;
    if (decode_stage_) {
      decode_stage_->SetFrameInterval(interval, b_frames_);
      stuck_since = decode_stage_->stuck_since_ns();
      damaged_since = decode_stage_->damaged_since_ns();
    }
  }
  const int64_t whole = damaged_since != 0 ? std::min(last_frame, damaged_since) : last_frame;
  if (whole == 0 || now_ns - whole > std::max<int64_t>(MsToNs(1000), 5 * interval)) {
    SetLive(false);
  } else {
    SetLive(true);
  }

  auto fail = [this](const char* code, const char* message) { Fail(MakeError(code, message)); };
  const int64_t silence = std::max<int64_t>(MsToNs(options_.silence_timeout_ms), 10 * interval);
  const int64_t gate_limit = std::max<int64_t>(MsToNs(options_.gate_timeout_ms), 3 * gop * interval);
  if (receiver_->transport_lag_ns() <= DecodeStage::AgeLimitNs(interval, false)) {
    late_since_ns_ = 0;
  } else if (late_since_ns_ == 0) {
    late_since_ns_ = now_ns;
  }
  // Since when the gate or the decoder waits for a key picture.
  const int64_t waits_since = closed_since != 0 ? closed_since : damaged_since;
  const bool key_is_far = gop == 0 || gop * interval > kFarKeyNs;
  if (last_packet == 0) {
    if (now_ns - started_ns_ > MsToNs(options_.first_frame_timeout_ms)) {
      fail("ERR_SOURCE_TIMEOUT", "it does not answer, or sends nothing");
    }
  } else if (now_ns - last_packet > silence) {
    fail("ERR_SOURCE_SILENT", "it stopped sending");
  } else if (now_ns - std::max(last_frame, started_ns_) > gate_limit) {
    fail("ERR_NO_KEY_FRAME", "it sends, but no whole key frame to begin with");
  } else if (key_by_new_session && key_is_far && waits_since != 0 &&
             now_ns - std::max(waits_since, last_key) > kFetchKeyNs) {
    fail("ERR_NO_KEY_FRAME", "pictures were lost and its next key frame is far: a new session begins with one");
  } else if (late_since_ns_ != 0 && now_ns - late_since_ns_ > kLateNs) {
    fail("ERR_SOURCE_LATE", "what it sends comes too late: the way from it is too slow for its pictures");
  } else if (stuck_since != 0 && now_ns - stuck_since > std::max(kDecoderStuckNs, 10 * interval)) {
    fail("ERR_DECODE", "the decoder takes its stream but gives no frame");
  } else if (damaged_since != 0 && now_ns - damaged_since > gate_limit) {
    fail("ERR_DECODE", "its pictures arrive damaged inside, says the decoder");
  }
  if (now_ns >= next_keep_alive_ns_) {
    next_keep_alive_ns_ = now_ns + kKeepAliveNs;
    if (last_packet != 0) receiver_->KeepAlive();
  }
}

void CameraPipeline::OnSample(Codec codec, SamplePtr sample, int64_t captured_at_us) {
  const int64_t now_ns = MonotonicNs();
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  const uint64_t pts = GST_BUFFER_PTS(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(pts)) return;
  const bool hole = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);

  std::lock_guard<std::mutex> lock(stream_mutex_);
  bool first = false;
  if (!have_codec_) {
    first = true;
    have_codec_ = true;
    codec_ = codec;
    gate_ = std::make_unique<Gate>(RulesFor(codec));
    if (codec == Codec::kH264) parser_ = MakeH264Parser();
    if (codec == Codec::kH265) parser_ = MakeH265Parser();
  }
  AccessUnitInfo info;
  info.well_formed = true;
  if (parser_) {
    GstCaps* caps = gst_sample_get_caps(sample.get());
    if (caps && caps != caps_.get()) {
      caps_.reset(gst_caps_ref(caps));
      const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
      if (value) {
        ReadMap codec_data(gst_value_get_buffer(value));
        parser_->SetCodecData(codec_data.data(), codec_data.size());
      }
    }
    ReadMap bytes(buffer);
    info = parser_->Parse(bytes.data(), bytes.size());
  }
  const GateVerdict verdict = gate_->Check(info, hole);
  if (info.key || info.recovery_frames >= 0) last_key_ns_ = now_ns;
  if (first) began_with_key_ = info.key && gate_->open();
  closed_since_ns_ = gate_->open() ? 0 : closed_since_ns_ != 0 ? closed_since_ns_ : now_ns;
  if (verdict == GateVerdict::kDrop) {
    ++gate_dropped_;
    if (!gate_->open()) cache_.Clear();  // What it holds is whole, but will be old.
    return;
  }
  ++passed_;
  if (info.b_slices && pts < last_pts_ns_) b_frames_ = true;
  // For RTP packets that decodebin takes, a frame ends with its marker: timestamps differ.
  if (codec != Codec::kOther || pts != last_pts_ns_) CountArrival(now_ns, pts, info.key);

  auto unit = std::make_shared<AccessUnit>();
  unit->pts_ns = pts;
  unit->received_at_us = WallClockUs();
  unit->received_mono_ns = now_ns;
  unit->captured_at_us = captured_at_us;
  unit->transport_lag_ns = receiver_->transport_lag_ns();
  unit->key = info.key || codec == Codec::kMjpeg || info.recovery_frames >= 0;
  unit->reference = info.reference;
  unit->begins = verdict == GateVerdict::kPassAndReset;
  unit->recovery_frames = info.key ? -1 : info.recovery_frames;
  unit->size_bytes = gst_buffer_get_size(buffer);
  unit->sample = std::move(sample);
  if (codec != Codec::kOther) cache_.Add(unit);
  if (decode_stage_) decode_stage_->Push(std::move(unit));
  if (first || !live_) {
    {
      std::lock_guard<std::mutex> control_lock(control_mutex_);
      nudged_ = true;
    }
    control_wake_.notify_one();
  }
}

void CameraPipeline::CountArrival(int64_t now_ns, uint64_t pts_ns, bool key) {
  last_frame_ns_ = now_ns;
  last_pts_ns_ = pts_ns;
  arrivals_ns_.push_back(now_ns);
  while (arrivals_ns_.size() > 2 && now_ns - arrivals_ns_.front() > kArrivalWindowNs) {
    arrivals_ns_.pop_front();
  }
  if (key) {
    if (have_key_) gop_length_ = frames_since_key_;
    have_key_ = true;
    frames_since_key_ = 0;
  }
  ++frames_since_key_;
}

int64_t CameraPipeline::FrameIntervalNs() const {
  if (arrivals_ns_.size() < 2) return 40000000;
  const int64_t span = arrivals_ns_.back() - arrivals_ns_.front();
  return std::clamp<int64_t>(span / static_cast<int64_t>(arrivals_ns_.size() - 1), 4000000, 10000000000);
}

PipelineStats CameraPipeline::Stats() const {
  PipelineStats stats;
  const int64_t now_ns = MonotonicNs();
  {
    std::lock_guard<std::mutex> lock(stream_mutex_);
    if (last_frame_ns_ != 0) stats.age_ns = now_ns - last_frame_ns_;
    if (arrivals_ns_.size() >= 2 && stats.age_ns < kArrivalWindowNs) {
      // The time since the last arrival counts too, so that a stalled camera's rate falls.
      const int64_t span =
          std::max(arrivals_ns_.back() - arrivals_ns_.front(), now_ns - arrivals_ns_.front() - FrameIntervalNs());
      // A stream often begins with a burst: over less than a second it says nothing of the rate.
      if (span >= 1000000000) stats.fps = 1e9 * static_cast<double>(arrivals_ns_.size() - 1) / span;
    }
    stats.access_units = passed_;
    stats.gate_dropped = gate_dropped_;
    stats.gate_closings = gate_ ? gate_->closings() : 0;
    stats.cache_bytes = cache_.bytes();
    stats.gop_length = gop_length_;
    stats.b_frames = b_frames_;
    stats.began_with_key = began_with_key_;
    stats.decoding = decode_stage_ != nullptr;
    if (parser_) {
      stats.width = parser_->parameters().width;
      stats.height = parser_->parameters().height;
    }
    if (receiver_) stats.received_bytes = receiver_->received_bytes();
  }
  stats.decoded = counters_.decoded;
  stats.encoded = counters_.encoded;
  stats.late = counters_.late;
  stats.overwritten = latest_.overwritten();
  stats.gate_closings += counters_.lag_closings + counters_.damage_closings;
  if (stats.width == 0) {
    stats.width = counters_.width;
    stats.height = counters_.height;
  }
  return stats;
}

}  // namespace framegate
