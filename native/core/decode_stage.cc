// Push, SetRenditions and Stop run on their callers' threads, everything else on the decode thread. A decoder has
// threads of its own only while it catches up, and they call nothing here.
#include "decode_stage.h"

#include <algorithm>
#include <utility>

#include "clocks.h"
#include "decoder_damage.h"
#include "end_of_sequence.h"
#include "error_codes.h"
#include "gop_cache.h"
#include "reorder_limit.h"
#include "video_info.h"

namespace framegate {
namespace {

// About 80 s at 25 fps: an upper bound for the worst case.
constexpr size_t kMaxQueue = 2000;
constexpr size_t kMaxQueueBytes = GopCache::kMaxBytes;

// No reordering reaches farther; after a larger step back, the timestamps have jumped.
constexpr uint64_t kMaxReorderNs = MsToNs(2000);

// A shorter backlog is decoded before the threads of a decoder would help.
constexpr size_t kLongBacklog = 8;

// max-threads=1: once the stage has caught up, threads make no picture earlier, and cost more.
// std-compliance: "strict" would hold frames back for reordering that the stream does not use.
constexpr char kAvdecProperties[] =
    "max-threads=1 thread-type=slice output-corrupt=false discard-corrupted-frames=true "
    "max-errors=-1 qos=false std-compliance=normal";

std::vector<GstElement*> DecoderElements(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return {MakeElement("h264parse"), MakeElement("avdec_h264", kAvdecProperties)};
    case Codec::kH265:
      return {MakeElement("h265parse"), MakeElement("avdec_h265", kAvdecProperties)};
    case Codec::kMjpeg:
      return {MakeElement("jpegdec", "max-errors=-1 qos=false")};
    case Codec::kMpeg4:
      return {MakeElement("avdec_mpeg4", kAvdecProperties)};
    case Codec::kVp8:
      return {MakeElement("avdec_vp8", kAvdecProperties)};
    case Codec::kVp9:
      break;
  }
  return {MakeElement("avdec_vp9", kAvdecProperties)};
}

// Null if the caps need no change.
CapsPtr WithoutReordering(Codec codec, GstCaps* caps) {
  const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
  if (!value) return nullptr;
  const ReadMap codec_data(gst_value_get_buffer(value));
  const std::vector<uint8_t> changed = WithoutReordering(codec, codec_data.data(), codec_data.size());
  if (changed.empty()) return nullptr;
  GstBuffer* buffer = gst_buffer_new_memdup(changed.data(), changed.size());
  CapsPtr decoder_caps(gst_caps_copy(caps));
  gst_caps_set_simple(decoder_caps.get(), "codec_data", GST_TYPE_BUFFER, buffer, nullptr);
  gst_buffer_unref(buffer);
  return decoder_caps;
}

// It is a whole frame, and so is each one after it.
bool StartsWhole(const AccessUnit& unit) { return unit.key && unit.recovery_frames < 0 && !unit.field; }

}  // namespace

DecodeStage::DecodeStage(Codec codec, bool reorders, Counters* counters, std::shared_ptr<FrameLane> lane,
                         OnFrame on_frame, OnError on_error)
    : codec_(codec),
      reorders_(reorders),
      counters_(counters),
      on_frame_(std::move(on_frame)),
      on_error_(std::move(on_error)),
      shown_before_pts_ns_(reorders ? counters->last_shown_pts_ns.load() : 0),
      encoder_(std::move(lane)) {}

void DecodeStage::SetQueue(const std::vector<AccessUnitPtr>& backlog) {
  queue_.assign(backlog.begin(), backlog.end());
  queued_bytes_ = 0;
  for (const AccessUnitPtr& unit : backlog) queued_bytes_ += unit->size_bytes;
  in_backlog_ = !backlog.empty();
}

void DecodeStage::Start(const std::vector<AccessUnitPtr>& backlog) {
  SetQueue(backlog);
  catch_up_.Start(!backlog.empty());
  // From now on: a session must not seem to show frames before the thread has looked at one.
  if (!backlog.empty()) unshown_since_ns_ = MonotonicNs();
  if (!thread_.Start([this] { Run(); })) on_error_(MakeError(error_code::kPipelineBuild, kNoThread));
}

void DecodeStage::StartOver(const std::vector<AccessUnitPtr>& backlog) {
  {
    std::lock_guard<std::mutex> lock(queue_mutex_);
    SetQueue(backlog);
    starts_over_ = true;
    if (all_from_next_key_) keys_alone_ = all_from_next_key_ = false;  // The backlog begins with a key picture.
  }
  wake_.notify_one();
}

void DecodeStage::SetKeysAlone(bool keys_alone, bool overloaded) {
  std::lock_guard<std::mutex> lock(queue_mutex_);
  overloaded_ = overloaded;
  all_from_next_key_ = keys_alone_ && !keys_alone;
  if (keys_alone == keys_alone_ || !keys_alone) return;
  keys_alone_ = true;
  if (!in_backlog_) unshown_since_ns_ = behind_since_ns_ = 0;  // No picture is due before the next key picture.
}

bool DecodeStage::keys_alone() {
  std::lock_guard<std::mutex> lock(queue_mutex_);
  return keys_alone_;
}

void DecodeStage::Push(AccessUnitPtr unit) {
  {
    std::lock_guard<std::mutex> lock(queue_mutex_);
    if (keys_alone_ && !in_backlog_) {
      if (!unit->stands_alone() && !(all_from_next_key_ && unit->key)) {
        if (overloaded_) ++counters_->skipped;
        return;
      }
      if (all_from_next_key_) keys_alone_ = all_from_next_key_ = false;
    }
    // A session must not seem to show frames before its first one.
    if (std::exchange(awaits_first_, false) && unshown_since_ns_ == 0) unshown_since_ns_ = MonotonicNs();
    if (queue_.size() >= kMaxQueue || queued_bytes_ + unit->size_bytes > kMaxQueueBytes) {
      queue_.clear();
      queued_bytes_ = 0;
      overflowed_ = true;  // The next unit may depend on one of them.
    }
    queued_bytes_ += unit->size_bytes;
    queue_.push_back(std::move(unit));
  }
  wake_.notify_one();
}

void DecodeStage::SetRenditions(std::vector<Rendition> renditions) {
  std::lock_guard<std::mutex> lock(queue_mutex_);
  new_renditions_ = std::move(renditions);
}

void DecodeStage::Stop() {
  {
    std::lock_guard<std::mutex> lock(queue_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.Join();
}

void DecodeStage::Run() {
  AccessUnitPtr unit;
  CatchUp::Unit facts;
  while (Next(&unit, &facts)) {
    if (Unneeded(*unit)) continue;
    if (unshown_since_ns_ == 0) unshown_since_ns_ = facts.now_ns;
    const CatchUp::UnitVerdict verdict = Judge(facts);
    LeaveBacklog();
    if (verdict == CatchUp::UnitVerdict::kDropUnneeded) ++counters_->late;
    if (verdict == CatchUp::UnitVerdict::kDropUntilKey) ++counters_->skipped;
    if (verdict == CatchUp::UnitVerdict::kDropUnneeded || verdict == CatchUp::UnitVerdict::kDropUntilKey) continue;
    if (!Decode(*unit, verdict == CatchUp::UnitVerdict::kRestart)) break;
    CountCpu();
  }
  CloseDecoder();
}

void DecodeStage::CountCpu() {
  const int64_t cpu_ns = ThreadCpuNs();
  counters_->cpu_ns += cpu_ns - counted_cpu_ns_ + (frame_threads_ ? frame_threads_->TakeCpuNs() : 0);
  counted_cpu_ns_ = cpu_ns;
}

// Waits for the next unit. False if the stage stops.
bool DecodeStage::Next(AccessUnitPtr* unit, CatchUp::Unit* facts) {
  if (holds_newest_ && !MoreQueued()) FeedDelimiters();
  std::unique_lock<std::mutex> lock(queue_mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (stopping_) return false;
  *unit = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= (*unit)->size_bytes;
  facts->follows_loss = std::exchange(overflowed_, false);
  facts->now_ns = MonotonicNs();
  facts->waited_ns = facts->now_ns - (*unit)->received_mono_ns;
  facts->key = (*unit)->key;
  facts->reference = (*unit)->reference;
  facts->starts_sequence = (*unit)->starts_sequence;
  facts->more_queued = !queue_.empty();
  queued_behind_ = queue_.size();
  alone_ = keys_alone_ && !in_backlog_;
  if (new_renditions_) {
    encoder_.SetRenditions(*new_renditions_);
    new_renditions_.reset();
  }
  if (std::exchange(starts_over_, false)) {
    CloseDecoder();
    catch_up_.Start(true);
    shown_before_pts_ns_ = counters_->last_shown_pts_ns;
  }
  // With intra refresh, pictures are whole only some pictures after the key, so it does not count.
  facts->key_queued = std::any_of(queue_.begin(), queue_.end(), [](const AccessUnitPtr& waiting) {
    return waiting->key && waiting->recovery_frames <= 0;
  });
  return true;
}

// No frame that was asked for needs this unit.
bool DecodeStage::Unneeded(const AccessUnit& unit) {
  if (alone_ && !unit.stands_alone()) return true;
  const bool others_need_it = unit.starts_sequence || (unit.reference && !alone_);
  return !others_need_it && damaged_since_ns_ == 0 && !encoder_.Wants(unit.stream_ns);
}

// Once the newest picture of the backlog is shown, or cannot be reached.
void DecodeStage::LeaveBacklog() {
  if (catch_up_.in_backlog()) return;
  std::lock_guard<std::mutex> lock(queue_mutex_);
  if (!starts_over_) in_backlog_ = false;
}

void DecodeStage::MarkBehind(int64_t late_ns) {
  if (late_ns > LimitNs() && behind_since_ns_ == 0 && !catch_up_.in_backlog()) behind_since_ns_ = MonotonicNs();
}

CatchUp::UnitVerdict DecodeStage::Judge(const CatchUp::Unit& facts) {
  const bool was_catching_up = catch_up_.catching_up();
  const CatchUp::UnitVerdict verdict = catch_up_.CheckUnit(facts, CurrentPace());
  MarkBehind(facts.waited_ns);
  if (catch_up_.catching_up() && !was_catching_up) ++counters_->catch_ups;
  return verdict;
}

// False if no decoder could be made.
bool DecodeStage::Decode(const AccessUnit& unit, bool restart) {
  // A decoder in use fills a gap in frame_num with pictures of its own and loses this one (robustness.md, 2). Only an
  // IDR resets it, so start with a new decoder.
  if (alone_ || (restart && unit.recovery_frames >= 0)) CloseDecoder();
  if (frame_threads_ && (restart || StartsWhole(unit))) CloseDecoder();
  if (!chain_) {
    restart = true;
    if (!OpenDecoder(StartsLongBacklog(unit) ? FrameThreads::Best(codec_) : 1)) return false;
  }
  Feed(unit, restart);
  if (alone_) CloseDecoder();
  return true;
}

// With B-frames, it is short: it goes without those that nothing builds on.
bool DecodeStage::StartsLongBacklog(const AccessUnit& unit) const {
  return catch_up_.in_backlog() && queued_behind_ >= kLongBacklog && StartsWhole(unit) && !reorders_;
}

bool DecodeStage::OpenDecoder(int threads) {
  CloseDecoder();
  std::vector<GstElement*> elements = DecoderElements(codec_);
  const bool threaded = threads > 1 && elements.back() && FrameThreads::AreSafe();
  if (threaded) {
    g_object_set(elements.back(), "max-threads", threads, nullptr);
    gst_util_set_object_arg(G_OBJECT(elements.back()), "thread-type", "frame");
  }
  chain_ = std::make_unique<ElementChain>();
  if (!chain_->Open(std::move(elements), [this](SamplePtr raw) { OnPicture(std::move(raw)); })) {
    on_error_(chain_->TakeError());
    return false;
  }
  if (threaded) frame_threads_ = std::make_unique<FrameThreads>(codec_, threads);
  return true;
}

void DecodeStage::CloseDecoder() {
  CountCpu();
  chain_.reset();
  frame_threads_.reset();
  holds_newest_ = newest_follows_ = false;
}

void DecodeStage::Feed(const AccessUnit& unit, bool restart) {
  if (restart) units_to_recovery_ = std::max(0, unit.recovery_frames);
  const bool recovering = units_to_recovery_ > 0;
  if (recovering) --units_to_recovery_;
  times_.Add(unit);
  fed_received_ns_ = unit.received_mono_ns;
  if (restart) show_from_pts_ns_ = unit.pts_ns;
  if (recovering) show_from_pts_ns_ = unit.pts_ns + 1;
  if (stuck_since_ns_ == 0) stuck_since_ns_ = MonotonicNs();

  const SamplePtr changed = ForDecoder(unit, restart);
  DamageScope damage;
  GstSample* const sample = changed ? changed.get() : unit.sample.get();
  newest_follows_ = frame_threads_ != nullptr;
  GstFlowReturn flow = chain_->Push(sample);
  if (frame_threads_ && !frame_threads_->Adopt()) {
    if (!OpenDecoder(1)) return;
    flow = chain_->Push(sample);
  }
  // A field is no picture: the delimiters would come between it and the other.
  holds_newest_ = frame_threads_ && !unit.field;
  if (alone_) chain_->Drain();

  if (recovering) stuck_since_ns_ = unshown_since_ns_ = 0;
  CheckDamage(recovering ? Damage::kReference : Damage::kNone);  // During recovery, missing references are expected.
  PipelineError error = chain_->TakeError();
  if (error.empty() && flow != GST_FLOW_OK && flow != GST_FLOW_FLUSHING && !stopping_) {
    error = MakeError(error_code::kDecode, std::string("the decoder stopped: ") + gst_flow_get_name(flow));
  }
  if (!error.empty()) on_error_(std::move(error));
}

// For the newest picture, which otherwise comes only with later units.
void DecodeStage::FeedDelimiters() {
  DamageScope damage;
  for (int left = frame_threads_->count() - 1; left > 0; --left) {
    newest_follows_ = left > 1;
    chain_->Push(frame_threads_->delimiter());
  }
  holds_newest_ = false;
  CheckDamage(Damage::kNone);
}

Damage DecodeStage::DamageFound() const {
  const Damage here = DamageScope::FoundOnThisThread();
  return frame_threads_ ? std::max(here, frame_threads_->damage()) : here;
}

void DecodeStage::CheckDamage(Damage harmless) {
  if (DamageFound() <= harmless) return;
  ++counters_->damaged_units;
  if (damaged_since_ns_ == 0) damaged_since_ns_ = MonotonicNs();
  catch_up_.WaitForKey();
  holds_newest_ = false;
}

// What the decoder gets for the unit; null: its own sample.
SamplePtr DecodeStage::ForDecoder(const AccessUnit& unit, bool restart) {
  GstSample* sample = unit.sample.get();
  GstCaps* caps = gst_sample_get_caps(sample);
  if (!reorders_ && caps && caps != caps_.get()) {
    caps_.reset(gst_caps_ref(caps));
    decoder_caps_ = WithoutReordering(codec_, caps);
  }
  SamplePtr changed;
  if (!reorders_ && decoder_caps_) {
    changed.reset(
        gst_sample_new(gst_sample_get_buffer(sample), decoder_caps_.get(), gst_sample_get_segment(sample), nullptr));
  }
  if (!restart || codec_ != Codec::kH265) return changed;
  return PrependEndOfSequence(changed ? changed.get() : sample);
}

bool DecodeStage::MoreQueued() {
  std::lock_guard<std::mutex> lock(queue_mutex_);
  return !queue_.empty();
}

void DecodeStage::OnPicture(SamplePtr raw) {
  stuck_since_ns_ = 0;
  ++counters_->decoded;
  GstVideoInfo info;
  if (!ReadVideoInfo(gst_sample_get_caps(raw.get()), &info)) return;
  counters_->width = GST_VIDEO_INFO_WIDTH(&info);
  counters_->height = GST_VIDEO_INFO_HEIGHT(&info);

  const uint64_t pts_ns = GST_BUFFER_PTS(gst_sample_get_buffer(raw.get()));
  const std::optional<UnitTimes::Times> times = times_.Take(pts_ns);
  if (!times || pts_ns < show_from_pts_ns_) return;
  const bool shown_before = pts_ns <= shown_before_pts_ns_ && shown_before_pts_ns_ - pts_ns < kMaxReorderNs;
  if (shown_before && shown_before_pts_ns_ != 0) return;
  if (DamageFound() != Damage::kNone || catch_up_.waiting_for_key()) return;
  damaged_since_ns_ = 0;

  const int64_t now_ns = MonotonicNs();
  const int64_t age_ns = now_ns - times->received_mono_ns;
  const CatchUp::PictureVerdict verdict = catch_up_.CheckPicture(
      {age_ns, times->transport_lag_ns, newest_follows_ || MoreQueued(), now_ns - fed_received_ns_}, CurrentPace());
  LeaveBacklog();
  switch (verdict) {
    case CatchUp::PictureVerdict::kHide:
      return;
    case CatchUp::PictureVerdict::kDropLate:
      ++counters_->late;
      MarkBehind(age_ns);
      return;
    case CatchUp::PictureVerdict::kShow:
      break;
  }
  unshown_since_ns_ = behind_since_ns_ = 0;
  last_shown_ns_ = MonotonicNs();
  shown_before_pts_ns_ = 0;
  counters_->last_shown_pts_ns = pts_ns;
  counters_->network.Add(times->transport_lag_ns);
  counters_->decode.Add(age_ns);
  Encode(std::move(raw), info, *times, age_ns);
}

void DecodeStage::Encode(SamplePtr raw, const GstVideoInfo& info, const UnitTimes::Times& times,
                         int64_t decoded_age_ns) {
  const uint64_t given_before = counters_->encoded + counters_->lent;
  const bool made = encoder_.Encode(std::move(raw), info, times, [this](std::unique_ptr<JpegFrame> frame) {
    ++counters_->encoded;
    on_frame_(std::move(frame));
  });
  counters_->lent += encoder_.lent();
  if (counters_->encoded + counters_->lent != given_before) {  // Otherwise no rendition was due.
    const int64_t age_ns = MonotonicNs() - times.received_mono_ns;
    counters_->encode.Add(age_ns - decoded_age_ns);
    counters_->age.Add(age_ns);
    ++counters_->shown;
  }
  if (made) return;
  const std::string size = std::to_string(info.width) + "x" + std::to_string(info.height);
  on_error_(MakeError(error_code::kEncode, "a picture of " + size + " could not be encoded as JPEG"));
}

}  // namespace framegate
