// Decoder, scaler, JPEG encoder; everything here but Push, SetRenditions and Stop
// runs on the decode thread.
#include "decode_stage.h"

#include <algorithm>

#include "clocks.h"
#include "end_of_sequence.h"
#include "error_codes.h"
#include "frame_age.h"

namespace framegate {
namespace {

// A decoder that fell behind and has come no nearer to the newest frame in so long waits for a key picture.
constexpr int64_t kCatchUpNs = 1000000000;
// Bounds the map of times where a decoder swallows frames; 16 is H.264's largest
// reorder depth.
constexpr size_t kMaxTimes = 64;
// The queue never holds more than this, whatever happens.
constexpr size_t kMaxQueue = 2000;

// max-threads=1: 11 ms to a consumer against 30 ms with frame threads, and no worker
// thread calls get_buffer (deadlocks of 1.22.0, robustness.md 0.8). std-compliance:
// "strict" would hold frames back for reordering that the stream does not use.
constexpr char kAvdecProperties[] =
    "max-threads=1 thread-type=slice output-corrupt=false discard-corrupted-frames=true "
    "max-errors=-1 qos=false std-compliance=normal";

// Late enough that work is saved where it can be.
bool IsBehind(int64_t waited_ns, int64_t frame_interval_ns) {
  return waited_ns > std::max<int64_t>(MsToNs(60), frame_interval_ns * 3 / 2);
}

std::vector<GstElement*> DecoderElements(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return {MakeElement("h264parse"), MakeElement("avdec_h264", kAvdecProperties)};
    case Codec::kH265:
      return {MakeElement("h265parse"), MakeElement("avdec_h265", kAvdecProperties)};
    case Codec::kMjpeg:
      return {MakeElement("jpegdec", "max-errors=-1 qos=false")};
    case Codec::kOther:
      break;
  }
  return {MakeElement("decodebin")};
}

}  // namespace

DecodeStage::DecodeStage(Codec codec, bool stock_elements, Counters* counters, OnFrame on_frame, OnError on_error)
    : codec_(codec),
      stock_elements_(stock_elements),
      counters_(counters),
      on_frame_(std::move(on_frame)),
      on_error_(std::move(on_error)) {}

int64_t DecodeStage::AgeLimitNs(int64_t frame_interval_ns, bool b_frames) {
  return framegate::AgeLimitNs(frame_interval_ns, b_frames);
}

void DecodeStage::Start(const std::vector<AccessUnitPtr>& backlog) {
  queue_.assign(backlog.begin(), backlog.end());
  catching_up_until_ns_ = INT64_MAX;  // Until it has, or a key picture comes.
  catching_up_ = !backlog.empty();
  waiting_for_key_ = backlog.empty() && codec_ != Codec::kOther;
  thread_ = std::thread([this] { Run(); });
}

void DecodeStage::Push(AccessUnitPtr unit) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() >= kMaxQueue) {
      queue_.clear();
      overflowed_ = true;  // The next may build on one of them.
    }
    queue_.push_back(std::move(unit));
  }
  wake_.notify_one();
}

void DecodeStage::SetRenditions(std::vector<Rendition> renditions) {
  std::lock_guard<std::mutex> lock(mutex_);
  renditions_ = std::move(renditions);
  renditions_changed_ = true;
}

void DecodeStage::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DecodeStage::Run() {
  while (true) {
    AccessUnitPtr unit;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) break;
      unit = std::move(queue_.front());
      queue_.pop_front();
      if (overflowed_) {
        overflowed_ = catching_up_ = false;
        waiting_for_key_ = codec_ != Codec::kOther;
      }
    }
    if (DropForLag(*unit)) continue;
    begins_ |= unit->begins;
    // A decoder that was fed before fills frame_num's gap with pictures of its own, and loses this one over it
    // (robustness.md, 2); only an IDR makes it forget.
    if (begins_ && unit->recovery_frames >= 0) chain_.reset();
    if (!chain_ && !OpenChain(*unit)) break;
    Decode(*unit);
  }
  chain_.reset();
}

// When decoding is late: nothing is shown until it has caught up, or a key picture waits to go on from; where it
// cannot, everything up to the next key picture is let go.
bool DecodeStage::DropForLag(const AccessUnit& unit) {
  if (codec_ == Codec::kOther) return false;
  const int64_t now = MonotonicNs();
  const int64_t waited = now - unit.received_mono_ns;
  const bool late = waited > AgeLimitNs(frame_interval_ns_, b_frames_);
  if (catching_up_ && KeyWaits()) {
    waiting_for_key_ = true;
    return true;
  }
  if (waiting_for_key_) {
    if (!unit.key || (late && !catching_up_)) return true;
    waiting_for_key_ = false;
    begins_ = true;
    if (!late) catching_up_ = false;
    return false;
  }
  // Let go first is what nothing builds on: often that is enough to keep up.
  if (!unit.reference && !unit.begins && (catching_up_ || IsBehind(waited, frame_interval_ns_)) && AnyWaits()) {
    ++counters_->late;
    return true;
  }
  if (!late) return false;
  if (!catching_up_) {
    ++counters_->lag_closings;
    catching_up_ = true;
  } else if (now <= catching_up_until_ns_) {
    return false;
  } else if (waited >= behind_ns_) {
    catching_up_ = false;
    waiting_for_key_ = true;
    return true;
  }
  catching_up_until_ns_ = now + kCatchUpNs;
  behind_ns_ = waited;
  return false;
}

bool DecodeStage::AnyWaits() {
  std::lock_guard<std::mutex> lock(mutex_);
  return !queue_.empty();
}

// A picture that decoding can go on from at once, behind the one that is its turn.
bool DecodeStage::KeyWaits() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(queue_.begin(), queue_.end(),
                     [](const AccessUnitPtr& unit) { return unit->key && unit->recovery_frames <= 0; });
}

bool DecodeStage::OpenChain(const AccessUnit&) {
  chain_ = std::make_unique<ElementChain>();
  if (chain_->Open(DecoderElements(codec_), [this](SamplePtr raw) { OnRaw(std::move(raw)); })) {
    return true;
  }
  on_error_(chain_->TakeError());
  return false;
}

void DecodeStage::Decode(const AccessUnit& unit) {
  {
    std::lock_guard<std::mutex> lock(raw_mutex_);
    times_[unit.pts_ns] = {unit.received_at_us, unit.received_mono_ns, unit.captured_at_us, unit.transport_lag_ns};
    if (times_.size() > kMaxTimes) times_.erase(times_.begin());
  }
  if (stuck_since_ns_ == 0) stuck_since_ns_ = MonotonicNs();
  if (begins_) {
    not_before_ns_ = unit.pts_ns;
    hidden_left_ = std::max(0, unit.recovery_frames);
  }
  const bool anew = begins_ && codec_ == Codec::kH265;
  begins_ = false;
  const bool hidden = hidden_left_ > 0;
  if (hidden) {
    --hidden_left_;
    not_before_ns_ = unit.pts_ns + 1;
  }
  GstFlowReturn flow;
  unit_damage_ = Damage::kNone;
  {
    DamageScope scope(&unit_damage_);
    flow = anew ? chain_->Push(PrependEndOfSequence(unit.sample.get()).get()) : chain_->Push(unit.sample.get());
  }
  if (hidden) stuck_since_ns_ = 0;
  // While hidden, pictures build on what was never sent.
  if (unit_damage_ > (hidden ? Damage::kReference : Damage::kNone)) {
    waiting_for_key_ = true;
    ++counters_->damage_closings;
    if (damaged_since_ns_ == 0) damaged_since_ns_ = MonotonicNs();
  }
  unit_damage_ = Damage::kNone;
  PipelineError error = chain_->TakeError();
  if (error.empty() && flow != GST_FLOW_OK && flow != GST_FLOW_FLUSHING && !stopping_) {
    error = MakeError(error_code::kDecode, std::string("the decoder stopped: ") + gst_flow_get_name(flow));
  }
  if (!error.empty()) on_error_(std::move(error));
}

void DecodeStage::OnRaw(SamplePtr raw) {
  std::lock_guard<std::mutex> lock(raw_mutex_);
  stuck_since_ns_ = 0;
  ++counters_->decoded;
  GstVideoInfo info;
  if (!gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get()))) return;
  counters_->width = GST_VIDEO_INFO_WIDTH(&info);
  counters_->height = GST_VIDEO_INFO_HEIGHT(&info);

  GstBuffer* buffer = gst_sample_get_buffer(raw.get());
  const uint64_t pts = GST_BUFFER_PTS(buffer);
  auto found = times_.find(pts);
  if (found == times_.end()) found = times_.upper_bound(pts);
  if (found == times_.end()) {
    if (times_.empty()) return;
    found = std::prev(times_.end());
  }
  const Times times = found->second;
  times_.erase(times_.begin(), std::next(found));
  if (unit_damage_ != Damage::kNone || waiting_for_key_ || pts < not_before_ns_) return;
  damaged_since_ns_ = 0;

  const int64_t age = MonotonicNs() - times.received_mono_ns;
  const int64_t interval = frame_interval_ns_;
  const int64_t limit = AgeLimitNs(interval, b_frames_);
  bool more_waiting;
  {
    std::lock_guard<std::mutex> queue_lock(mutex_);
    more_waiting = !queue_.empty();
    if (renditions_changed_) {
      std::vector<Output> kept;
      for (const Rendition& rendition : renditions_) {
        auto same = std::find_if(outputs_.begin(), outputs_.end(), [&](const Output& output) {
          return output.rendition.id == rendition.id && output.rendition.fps == rendition.fps;
        });
        kept.push_back({rendition, same == outputs_.end() ? RateLimiter(rendition.fps) : same->limiter});
      }
      outputs_ = std::move(kept);
      renditions_changed_ = false;
    }
  }
  if (catching_up_) {
    if (more_waiting) return;
    catching_up_ = false;
  }
  if (age + times.transport_lag_ns > limit) {
    ++counters_->late;
    return;
  }
  // Encoding is what can be saved when a newer frame waits already, but never twice
  // in a row: a decoder at its limit must still publish something.
  if (more_waiting && IsBehind(age, interval) && !skipped_last_) {
    skipped_last_ = true;
    ++counters_->late;
    return;
  }
  skipped_last_ = false;
  Encode(std::move(raw), info, times);
}

void DecodeStage::Encode(SamplePtr raw, const GstVideoInfo& info, const Times& times) {
  const int64_t pts = static_cast<int64_t>(GST_BUFFER_PTS(gst_sample_get_buffer(raw.get())));
  struct Made {
    int width, quality;
    JpegPicture picture;
  };
  std::vector<Made> made;  // Equal renditions are encoded once.
  for (Output& output : outputs_) {
    if (!output.limiter.Take(pts)) continue;
    const Rendition& rendition = output.rendition;
    int width = 0, height = 0;
    ScaledSize(GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info), rendition.width, &width, &height);
    auto same = std::find_if(made.begin(), made.end(), [&](const Made& other) {
      return other.width == width && other.quality == rendition.jpeg_quality;
    });
    if (same == made.end()) {
      const bool fast = !stock_elements_ && FastJpegEncoderTakes(info);
      if (!encoder_ || fast != encoder_is_fast_) {
        encoder_ = fast              ? MakeFastJpegEncoder()
                   : stock_elements_ ? MakeStockJpegEncoder()
                                     : MakeConvertingJpegEncoder();
        encoder_is_fast_ = fast;
      }
      made.push_back({width, rendition.jpeg_quality, {}});
      same = std::prev(made.end());
      if (!encoder_->Encode(raw.get(), info, width, rendition.jpeg_quality, &same->picture)) {
        made.pop_back();
        on_error_(MakeError(error_code::kEncode, "a frame could not be made into a JPEG"));
        return;
      }
    }
    auto frame = std::make_unique<JpegFrame>();
    frame->rendition = rendition.id;
    frame->jpeg = same->picture.jpeg;
    frame->width = same->picture.width;
    frame->height = same->picture.height;
    frame->source_width = GST_VIDEO_INFO_WIDTH(&info);
    frame->source_height = GST_VIDEO_INFO_HEIGHT(&info);
    frame->received_at_us = times.received_at_us;
    frame->captured_at_us = times.captured_at_us;
    ++counters_->encoded;
    on_frame_(std::move(frame));
  }
}

}  // namespace framegate
