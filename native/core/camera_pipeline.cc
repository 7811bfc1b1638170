// The control thread waits for requests, errors and timers. Samples arrive on the receiver's streaming thread.
#include "camera_pipeline.h"

#include <utility>

#include "clocks.h"
#include "error_codes.h"
#include "gst_init.h"

namespace framegate {
namespace {

constexpr std::chrono::milliseconds kTick(100);

}  // namespace

CameraPipeline::CameraPipeline(SourceOptions options, std::shared_ptr<FrameLane> lane, std::function<void()> wake)
    : options_(std::move(options)),
      lane_(std::move(lane)),
      news_(std::move(wake)),
      receiver_(options_, ReceiverCallbacks()) {
  receiver_.Open();
  if (!thread_.Start([this] { Run(); })) news_.PutEnd(MakeError(error_code::kPipelineBuild, kNoThread));
}

CameraPipeline::~CameraPipeline() { Close(); }

template <typename Change>
void CameraPipeline::UpdateRequests(Change change) {
  change(*requests_.Lock());
  requests_changed_.notify_one();
}

void CameraPipeline::SetRenditions(std::vector<Rendition> renditions, uint64_t most_pixels) {
  UpdateRequests([&](Requests& requests) {
    requests.renditions = std::move(renditions);
    requests.most_pixels = most_pixels;
  });
}

void CameraPipeline::Read() {
  UpdateRequests([](Requests& requests) { requests.read = true; });
}

void CameraPipeline::RequestClose() {
  UpdateRequests([](Requests& requests) { requests.close = true; });
}

void CameraPipeline::Fail(PipelineError error) {
  UpdateRequests([&](Requests& requests) {
    if (!requests.failure) requests.failure = std::move(error);
  });
}

void CameraPipeline::Close() {
  RequestClose();
  std::lock_guard<std::mutex> lock(join_mutex_);
  thread_.Join();
}

void CameraPipeline::Run() {
  const std::string failure = EnsureGstInit();
  if (!failure.empty()) {
    news_.PutEnd(MakeError(error_code::kPipelineBuild, "GStreamer cannot start: " + failure));
    return;
  }
  PipelineError reason = Watch();
  receiver_.Stop();  // First, so that no more samples arrive.
  std::unique_ptr<DecodeStage> stage;
  {
    auto stream = stream_.Lock();
    stage = std::move(stream->decode_stage);
    if (stream->input) stream->input->intake.ClearCache();
  }
  stage.reset();
  news_.PutEnd(std::move(reason));
}

// Runs the session. Returns why it ended.
PipelineError CameraPipeline::Watch() {
  for (bool waits = options_.tap || !options_.relay_url.empty(); waits;) {
    auto requests = requests_.Lock();
    const auto over = [&] { return requests->close || requests->read || requests->failure; };
    requests.WaitFor(requests_changed_, kTick, over);
    waits = !over();
  }
  Watchdog watchdog(MonotonicNs(), MsToNs(options_.first_frame_timeout_ms));
  std::vector<Rendition> renditions;
  uint64_t most_pixels = kAnyPixels;
  receiver_.Start();
  while (true) {
    {
      auto requests = requests_.Lock();
      requests.WaitFor(requests_changed_, kTick, [&] {
        return requests->close || requests->check_now || requests->renditions || requests->failure;
      });
      requests->check_now = false;
      if (requests->failure) return *requests->failure;
      if (requests->close) return MakeError(error_code::kClosed, "closed");
      if (requests->renditions) renditions = std::move(*requests->renditions);
      requests->renditions.reset();
      most_pixels = requests->most_pixels;
    }
    MeasureCpu();
    stream_.Lock()->most_pixels = most_pixels;
    UpdateDecodeStage(renditions);
    const StreamFacts facts = Facts();
    Watchdog::Verdict verdict = watchdog.Check(MonotonicNs(), facts);
    pauses_ = verdict.pauses;
    for (const Rendition& rendition : renditions) {
      if (lane_) lane_->SetPauses(rendition.id, pauses_);
    }
    SetLive(verdict.live, verdict.quiet);
    SetFault(std::move(verdict.fault));
    if (verdict.end) Fail(WithFlaw(std::move(*verdict.end)));
    if (verdict.keep_alive) receiver_.KeepAlive();
    if (verdict.asks) receiver_.AskForLife();
  }
}

// The decode stage runs while frames are wanted. If the GOP is too long for the cache, it runs even if none are, so
// that it can show the newest frame as soon as one is.
void CameraPipeline::UpdateDecodeStage(const std::vector<Rendition>& renditions) {
  std::unique_ptr<DecodeStage> retired;  // Joined after the lock is released, so that the receiver is not blocked.
  auto stream = stream_.Lock();
  if (!stream->input) return;
  StreamIntake& intake = stream->input->intake;
  if (auto picture = stream->input->assembler.TakeSettled(MonotonicNs())) {
    Take(*stream, intake, std::move(*picture));
  }
  // Decoding starts over from the cache once pictures turn out to be reordered, or too large for what was granted.
  const bool outdated = std::exchange(stream->stage_outdated, false);
  if (stream->decode_stage && (outdated || stream->decode_stage->reorders() != intake.reorders())) {
    retired = std::move(stream->decode_stage);
    UpdateRequests([](Requests& requests) { requests.check_now = true; });  // The next one starts when this one ended.
    return;
  }
  if (!(std::exchange(stream->announced, intake.announced()) == intake.announced())) {
    news_.PutAnnounced(intake.announced());
  }
  if ((renditions.empty() && !intake.cache().outgrown()) || intake.announced().decoder_pixels > stream->most_pixels) {
    retired = std::move(stream->decode_stage);
    return;
  }
  const bool starts = !stream->decode_stage;
  if (starts) {
    stream->decode_stage = std::make_unique<DecodeStage>(
        intake.codec(), intake.reorders(), &counters_, lane_,
        [this](std::unique_ptr<JpegFrame> frame) { news_.PutFrame(std::move(frame)); },
        [this](PipelineError error) { Fail(std::move(error)); });
  }
  stream->decode_stage->SetPace({intake.meter().frame_interval_ns(), intake.meter().b_frames(), pauses_});
  stream->decode_stage->SetRenditions(renditions);
  FollowPlan(intake, *stream->decode_stage, renditions);
  if (starts) stream->decode_stage->Start(intake.cache().units());
}

void CameraPipeline::FollowPlan(const StreamIntake& intake, DecodeStage& stage,
                                const std::vector<Rendition>& renditions) {
  DecodePlan::Facts facts;
  facts.now_ns = MonotonicNs();
  facts.renditions = renditions;
  facts.keys = intake.keys();
  facts.frame_interval_ns = intake.meter().frame_interval_ns();
  facts.keys_stand_alone = intake.keys_stand_alone();
  facts.cache_fits = intake.cache().fits();
  facts.behind_since_ns = intake.gate_closed_since_ns() == 0 ? stage.behind_since_ns() : 0;
  facts.last_shown_ns = stage.last_shown_ns();
  const bool was_alone = stage.keys_alone();
  const DecodePlan::Verdict plan = plan_.Check(facts);
  stage.SetKeysAlone(plan.keys_alone, plan_.overloaded());
  if (was_alone && plan.shows_newest && !intake.cache().units().empty()) stage.StartOver(intake.cache().units());
}

StreamFacts CameraPipeline::Facts() const {
  StreamFacts facts;
  facts.last_packet_ns = receiver_.last_packet_ns();
  facts.packets_since_ns = receiver_.packets_since_ns();
  facts.left_ns = receiver_.left_ns();
  facts.last_response_ns = receiver_.last_sign_of_life_ns();
  facts.transport_lag_ns = receiver_.transport_lag_ns();
  facts.begins_with_key = options_.begins_with_key;
  facts.can_ask = receiver_.can_ask();
  facts.relayed = !options_.relay_url.empty();
  facts.described_ns = described_ns_;
  facts.may_lack_key = may_lack_key_;
  const auto stream = stream_.Lock();
  if (stream->input) {
    const StreamIntake& intake = stream->input->intake;
    facts.last_frame_ns = intake.meter().last_frame_ns();
    facts.frame_interval_ns = intake.meter().frame_interval_ns();
    facts.longest_pause_ns = intake.meter().longest_pause_ns();
    facts.gop_length = intake.meter().gop_length();
    facts.last_key_ns = intake.last_key_ns();
    facts.gate_closed_since_ns = intake.gate_closed_since_ns();
    facts.begins_with_key |= intake.began_with_key();
  }
  if (stream->decode_stage) {
    facts.decoder_stuck_since_ns = stream->decode_stage->stuck_since_ns();
    facts.unshown_since_ns = stream->decode_stage->unshown_since_ns();
    facts.last_shown_ns = stream->decode_stage->last_shown_ns();
    facts.decoder_damaged_since_ns = stream->decode_stage->damaged_since_ns();
    if (stream->input && stream->decode_stage->keys_alone()) {
      facts.key_interval_ns = stream->input->intake.keys().mean_ns();
    }
  }
  return facts;
}

// Names what is known to be wrong with a stream that does not decode.
PipelineError CameraPipeline::WithFlaw(PipelineError error) const {
  const auto stream = stream_.Lock();
  const char* flaw = stream->input ? stream->input->intake.flaw() : nullptr;
  if (error.code == error_code::kDecode && flaw) error.message += std::string(": ") + flaw;
  return error;
}

void CameraPipeline::SetLive(bool live, bool quiet) {
  if (live_.exchange(live) != live) news_.PutLive(live, quiet);
}

void CameraPipeline::SetFault(std::optional<PipelineError> fault) {
  const std::string message = fault ? fault->message : "";
  if (message == fault_) return;
  fault_ = message;
  if (fault) news_.PutFault(std::move(*fault));
}

void CameraPipeline::MeasureCpu() {
  control_cpu_ns_ = ThreadCpuNs();
  const int64_t now_ns = MonotonicNs();
  if (!cpu_share_.due(now_ns)) return;
  cpu_share_.Add(now_ns, CpuNs());
  cpu_percent_ = cpu_share_.Percent();
}

Receiver::Callbacks CameraPipeline::ReceiverCallbacks() {
  Receiver::Callbacks callbacks;
  callbacks.on_sample = [this](Codec codec, SamplePtr sample, int64_t captured_at_us) {
    OnSample(codec, std::move(sample), captured_at_us);
  };
  callbacks.on_stream = [this](StreamInfo info) {
    may_lack_key_ = info.codec != "mjpeg";
    described_ns_ = MonotonicNs();
    news_.PutStream(std::move(info));
  };
  callbacks.on_error = [this](PipelineError error) { Fail(std::move(error)); };
  return callbacks;
}

// True if the control thread should look at once.
bool CameraPipeline::Take(Stream& stream, StreamIntake& intake, PictureAssembler::Picture picture) {
  DecodeStage* decode_stage = stream.decode_stage.get();
  AccessUnitPtr unit = intake.Take(std::move(picture.sample), picture.arrival);
  receiver_.PictureEnded();
  if (const char* refusal = intake.refusal()) Fail(MakeError(error_code::kCodecUnsupported, refusal));
  if (!unit) return false;
  if (intake.announced().decoder_pixels > stream.most_pixels) stream.stage_outdated = true;
  const bool stage_fits = decode_stage && decode_stage->reorders() == intake.reorders() && !stream.stage_outdated;
  if (stage_fits) decode_stage->Push(std::move(unit));
  return !live_ || (decode_stage && !stage_fits);
}

void CameraPipeline::OnSample(Codec codec, SamplePtr sample, int64_t captured_at_us) {
  StreamIntake::Arrival arrival;
  arrival.mono_ns = MonotonicNs();
  arrival.wall_us = WallClockUs();
  if (options_.camera_time) arrival.captured_at_us = captured_at_us;
  arrival.transport_lag_ns = receiver_.transport_lag_ns();
  arrival.stream_ns = receiver_.stream_ns();
  arrival.rtp_timestamp = receiver_.rtp_timestamp();
  bool check_now = false;
  {
    auto stream = stream_.Lock();
    if (!stream->input) stream->input.emplace(codec, described_ns_);
    Input& input = *stream->input;
    for (PictureAssembler::Picture& picture : input.assembler.Add(std::move(sample), arrival)) {
      check_now |= Take(*stream, input.intake, std::move(picture));
    }
  }
  if (check_now) UpdateRequests([](Requests& requests) { requests.check_now = true; });
}

PipelineStats CameraPipeline::Stats() const {
  PipelineStats stats;
  const int64_t now_ns = MonotonicNs();
  const int64_t waits_since_ns = Watchdog::WaitsForKeySinceNs(Facts());
  if (waits_since_ns != 0) stats.waiting_for_key_ns = now_ns - waits_since_ns;
  {
    const auto stream = stream_.Lock();
    if (stream->decode_stage) {
      stats.decoding = stream->decode_stage->keys_alone() ? Decoding::kKeyFrames : Decoding::kAll;
    }
    if (stream->input) {
      const StreamIntake& intake = stream->input->intake;
      const StreamMeter& meter = intake.meter();
      if (meter.last_frame_ns() != 0) stats.age_ns = now_ns - meter.last_frame_ns();
      stats.fps = meter.Fps(now_ns);
      stats.gop_length = meter.gop_length();
      stats.b_frames = meter.b_frames();
      stats.access_units = intake.passed();
      stats.gate_dropped = intake.dropped();
      stats.began_with_key = intake.began_with_key();
      stats.width = intake.parameters().width;
      stats.height = intake.parameters().height;
    }
  }
  stats.cpu_percent = cpu_percent_;
  stats.pauses = pauses_;
  stats.encoded = counters_.encoded;
  stats.lent = counters_.lent;
  stats.late = counters_.late;
  stats.overwritten = news_.overwritten();
  if (stats.width == 0) {
    stats.width = counters_.width;
    stats.height = counters_.height;
  }
  return stats;
}

PipelineCounters CameraPipeline::Counters() const {
  PipelineCounters counters;
  {
    const auto stream = stream_.Lock();
    if (stream->input) {
      const StreamIntake& intake = stream->input->intake;
      counters.bytes = intake.received_bytes();
      counters.received = intake.passed() + intake.dropped();
      counters.gated = intake.dropped();
    }
  }
  counters.skipped = counters_.skipped;
  counters.damaged = counters_.damaged_units;
  counters.decoded = counters_.decoded;
  counters.late = counters_.late;
  counters.shown = counters_.shown;
  counters.encoded = counters_.encoded;
  counters.overwritten = news_.overwritten();
  counters.lent = counters_.lent;
  counters.decode_cpu_ns = counters_.cpu_ns;
  counters.cpu_ns = CpuNs();
  counters.network = counters_.network.Read();
  counters.decode = counters_.decode.Read();
  counters.encode = counters_.encode.Read();
  counters.age = counters_.age.Read();
  return counters;
}

}  // namespace framegate
