// JS class Pipeline. JS thread, except JsWaker::Wake and the body of closer_.
#include "pipeline_wrap.h"

#include <algorithm>
#include <cmath>

#include "arguments.h"
#include "core/clocks.h"
#include "lane_wrap.h"

namespace framegate {
namespace {

Napi::Value OrNull(Napi::Env env, int64_t us) {
  if (us < 0) return env.Null();
  return Napi::Number::New(env, static_cast<double>(us));
}

const char* NameOf(Decoding decoding) {
  switch (decoding) {
    case Decoding::kAll:
      return "all";
    case Decoding::kKeyFrames:
      return "key_frames";
    case Decoding::kNo:
      break;
  }
  return "no";
}

Napi::Object ToObject(Napi::Env env, const PipelineError& error) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", error.code);
  object.Set("message", error.message);
  object.Set("domain", error.domain);
  object.Set("gstCode", error.nick);
  object.Set("element", error.element);
  object.Set("debug", error.debug);
  object.Set("rtspStatus", error.rtsp_status);
  return object;
}

Napi::Object ToObject(Napi::Env env, const JpegFrame& frame) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("rendition", frame.rendition);
  // A copy takes 30 us. Without it, hundreds of buffers wait for the garbage collector (robustness.md, 6).
  object.Set("jpegBytes", Napi::Buffer<uint8_t>::Copy(env, frame.jpeg.data(), frame.jpeg.size()));
  object.Set("width", frame.width);
  object.Set("height", frame.height);
  object.Set("sourceWidth", frame.source_width);
  object.Set("sourceHeight", frame.source_height);
  object.Set("receivedAtUs", static_cast<double>(frame.received_at_us));
  object.Set("handedOverAtUs", static_cast<double>(WallClockUs()));
  object.Set("capturedAtUs", OrNull(env, frame.captured_at_us));
  return object;
}

Napi::Object ToObject(Napi::Env env, const LatencyHistogram::Counts& latency) {
  Napi::Array counts = Napi::Array::New(env, latency.counts.size());
  for (size_t i = 0; i < latency.counts.size(); ++i) {
    counts.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(latency.counts[i])));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("counts", counts);
  object.Set("sumMs", latency.sum_ns / 1e6);
  return object;
}

}  // namespace

void JsWaker::Open(Napi::Env env, PipelineWrap* wrap) {
  std::lock_guard<std::mutex> lock(mutex_);
  tsfn_ = Tsfn::New(env, "framegate", 0, 1, wrap);
  tsfn_.Unref(env);  // A running camera does not keep the process alive.
  alive_ = true;
}

void JsWaker::Wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  // Anything but napi_ok means that the environment is shutting down; do not use it again.
  if (alive_ && tsfn_.NonBlockingCall() != napi_ok) alive_ = false;
}

void JsWaker::Release() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (alive_) tsfn_.Release();
  alive_ = false;
}

void JsWaker::SetRef(Napi::Env env, bool referenced) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!alive_) return;
  if (referenced) {
    tsfn_.Ref(env);
  } else {
    tsfn_.Unref(env);
  }
}

void JsWaker::OnWake(Napi::Env env, Napi::Function, PipelineWrap* wrap, void*) {
  if (static_cast<napi_env>(env) != nullptr) wrap->OnNews(env);
}

void PipelineWrap::Define(Napi::Env env, Napi::Object exports, AddonData* data) {
  Napi::Function constructor = DefineClass(
      env, "Pipeline",
      {InstanceMethod("frontUrl", &PipelineWrap::FrontUrl), InstanceMethod("read", &PipelineWrap::Read),
       InstanceMethod("setRenditions", &PipelineWrap::SetRenditions), InstanceMethod("stats", &PipelineWrap::Stats),
       InstanceMethod("counters", &PipelineWrap::Counters), InstanceMethod("close", &PipelineWrap::Close)},
      data);
  data->pipeline_constructor = Napi::Persistent(constructor);
  exports.Set("Pipeline", constructor);
}

PipelineWrap::PipelineWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<PipelineWrap>(info), data_(static_cast<AddonData*>(info.Data())) {
  Napi::Env env = info.Env();
  closed_ = true;  // Until construction succeeds.
  if (info.Length() != 2 || !info[0].IsObject() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "Pipeline expects an options object and a function").ThrowAsJavaScriptException();
    return;
  }
  SourceOptions options;
  ObjectReader reader(info[0].As<Napi::Object>());
  reader.String("url", &options.url)
      .String("user", &options.user)
      .String("password", &options.password)
      .String("userAgent", &options.user_agent)
      .Boolean("direct", &options.direct)
      .Boolean("tap", &options.tap)
      .String("relayUrl", &options.relay_url)
      .String("tlsFingerprint", &options.tls_fingerprint)
      .String("transport", &options.transport)
      .Integer("latencyMs", 0, 60000, &options.latency_ms)
      .Integer("connectTimeoutMs", 100, 60000, &options.connect_timeout_ms)
      .Integer("firstFrameTimeoutMs", 100, 600000, &options.first_frame_timeout_ms)
      .Boolean("cameraTime", &options.camera_time)
      .Boolean("beginsWithKey", &options.begins_with_key);
  if (!reader.error().empty()) {
    Napi::TypeError::New(env, reader.error()).ThrowAsJavaScriptException();
    return;
  }
  if (options.url.rfind("rtsp://", 0) != 0 && options.url.rfind("rtsps://", 0) != 0) {
    Napi::TypeError::New(env, "url must begin with rtsp:// or rtsps://").ThrowAsJavaScriptException();
    return;
  }
  if (options.transport != "tcp" && options.transport != "udp") {
    Napi::TypeError::New(env, "transport must be tcp or udp").ThrowAsJavaScriptException();
    return;
  }
  const Napi::Value lane_value = info[0].As<Napi::Object>().Get("lane");
  std::shared_ptr<FrameLane> lane = LaneWrap::From(lane_value, data_);
  if (!lane && !lane_value.IsUndefined() && !lane_value.IsNull()) {
    Napi::TypeError::New(env, "lane must be a Lane").ThrowAsJavaScriptException();
    return;
  }
  on_news_ = Napi::Persistent(info[1].As<Napi::Function>());
  waker_ = std::make_shared<JsWaker>();
  waker_->Open(env, this);
  std::shared_ptr<JsWaker> waker = waker_;
  core_ = std::make_shared<CameraPipeline>(std::move(options), std::move(lane), [waker] { waker->Wake(); });
  closed_ = false;
  data_->open.insert(this);
  Ref();  // Until closed, so that a running pipeline is never garbage collected.
}

PipelineWrap::~PipelineWrap() { closer_.Join(); }

void PipelineWrap::OnNews(Napi::Env env) {
  if (closed_) return;
  if (core_closed_) return FinishClose(env);
  if (closing_) return;  // After close(), JS gets no more news.
  Napi::HandleScope scope(env);
  PipelineNews news = core_->TakeNews();
  Napi::Object object = Napi::Object::New(env);
  if (news.stream) {
    Napi::Object stream = Napi::Object::New(env);
    stream.Set("codec", news.stream->codec);
    stream.Set("audio", news.stream->audio);
    object.Set("stream", stream);
  }
  if (news.announced) {
    Napi::Object announced = Napi::Object::New(env);
    announced.Set("largestPicture", static_cast<double>(news.announced->largest_picture));
    announced.Set("decoderPixels", static_cast<double>(news.announced->decoder_pixels));
    object.Set("announced", announced);
  }
  if (news.live) object.Set("live", *news.live);
  if (news.live) object.Set("quiet", news.quiet);
  Napi::Array frames = Napi::Array::New(env, news.frames.size());
  for (size_t i = 0; i < news.frames.size(); ++i) {
    frames.Set(static_cast<uint32_t>(i), ToObject(env, *news.frames[i]));
  }
  object.Set("frames", frames);
  if (news.fault) object.Set("fault", ToObject(env, *news.fault));
  if (news.ended) object.Set("ended", ToObject(env, *news.ended));
  on_news_.Call({object});
}

Napi::Value PipelineWrap::FrontUrl(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), core_ && !closed_ ? core_->front_url() : "");
}

Napi::Value PipelineWrap::Read(const Napi::CallbackInfo& info) {
  if (core_ && !closed_) core_->Read();
  return info.Env().Undefined();
}

Napi::Value PipelineWrap::SetRenditions(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const bool limited = info.Length() == 2 && info[1].IsNumber();
  if (info.Length() < 1 || info.Length() > 2 || !info[0].IsArray() || (info.Length() == 2 && !limited)) {
    Napi::TypeError::New(env, "renditions must be an array, followed by a number of pixels")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const double most = limited ? info[1].As<Napi::Number>().DoubleValue() : INFINITY;
  const uint64_t most_pixels = most < 1e15 ? static_cast<uint64_t>(std::max(0.0, most)) : CameraPipeline::kAnyPixels;
  std::vector<Rendition> renditions;
  Napi::Array array = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    Napi::Value item = array[i];
    if (!item.IsObject()) {
      Napi::TypeError::New(env, "each rendition must be an object").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    Rendition rendition;
    ObjectReader reader(item.As<Napi::Object>());
    reader.String("id", &rendition.id)
        .Integer("width", 0, 7680, &rendition.width)
        .Number("fps", 0.1, 120, &rendition.fps)
        .Integer("jpegQuality", 1, 100, &rendition.jpeg_quality)
        .Boolean("jpeg", &rendition.jpeg);
    std::string error = reader.error();
    if (error.empty() && rendition.width > 0 && rendition.width < 16) error = "width must be 0 or at least 16";
    if (!error.empty()) {
      Napi::TypeError::New(env, "rendition." + error).ThrowAsJavaScriptException();
      return env.Undefined();
    }
    renditions.push_back(std::move(rendition));
  }
  if (!closed_ && !closing_) core_->SetRenditions(std::move(renditions), most_pixels);
  return env.Undefined();
}

Napi::Value PipelineWrap::Stats(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const PipelineStats stats = core_ && !closed_ ? core_->Stats() : PipelineStats();
  Napi::Object object = Napi::Object::New(env);
  auto number = [&](const char* key, double value) { object.Set(key, Napi::Number::New(env, value)); };
  number("fps", stats.fps);
  object.Set("ageMs", stats.age_ns < 0 ? env.Null() : Napi::Value(Napi::Number::New(env, stats.age_ns / 1e6)));
  number("accessUnits", static_cast<double>(stats.access_units));
  number("gateDropped", static_cast<double>(stats.gate_dropped));
  number("encoded", static_cast<double>(stats.encoded));
  number("lent", static_cast<double>(stats.lent));
  number("late", static_cast<double>(stats.late));
  number("overwritten", static_cast<double>(stats.overwritten));
  number("width", stats.width);
  number("height", stats.height);
  number("gopLength", stats.gop_length);
  object.Set("bFrames", stats.b_frames);
  object.Set("beganWithKey", stats.began_with_key);
  object.Set("decoding", NameOf(stats.decoding));
  const int64_t waiting_ns = stats.waiting_for_key_ns;
  object.Set("waitingForKeyMs", waiting_ns < 0 ? env.Null() : Napi::Value(Napi::Number::New(env, waiting_ns / 1e6)));
  object.Set("cpuPercent", stats.cpu_percent < 0 ? env.Null() : Napi::Value(Napi::Number::New(env, stats.cpu_percent)));
  object.Set("pauses", stats.pauses);
  return object;
}

Napi::Value PipelineWrap::Counters(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const PipelineCounters counters = core_ && !closed_ ? core_->Counters() : PipelineCounters();
  Napi::Object object = Napi::Object::New(env);
  auto number = [&](const char* key, double value) { object.Set(key, Napi::Number::New(env, value)); };
  number("bytes", static_cast<double>(counters.bytes));
  number("received", static_cast<double>(counters.received));
  number("gated", static_cast<double>(counters.gated));
  number("skipped", static_cast<double>(counters.skipped));
  number("damaged", static_cast<double>(counters.damaged));
  number("decoded", static_cast<double>(counters.decoded));
  number("late", static_cast<double>(counters.late));
  number("shown", static_cast<double>(counters.shown));
  number("encoded", static_cast<double>(counters.encoded));
  number("overwritten", static_cast<double>(counters.overwritten));
  number("lent", static_cast<double>(counters.lent));
  number("decodeCpuMs", counters.decode_cpu_ns / 1e6);
  number("cpuMs", counters.cpu_ns / 1e6);
  object.Set("network", ToObject(env, counters.network));
  object.Set("decode", ToObject(env, counters.decode));
  object.Set("encode", ToObject(env, counters.encode));
  object.Set("age", ToObject(env, counters.age));
  return object;
}

Napi::Value PipelineWrap::Close(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (closing_) return closing_promise_.Value();
  closing_ = std::make_unique<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  closing_promise_ = Napi::Reference<Napi::Promise>::New(closing_->Promise(), 1);
  if (closed_) {
    closing_->Resolve(env.Undefined());
    return closing_->Promise();
  }
  waker_->SetRef(env, true);  // Keep the process alive until the promise is resolved.
  const auto close = [this, core = core_, waker = waker_] {
    core->Close();
    core_closed_ = true;
    waker->Wake();
  };
  if (!closer_.Start(close)) close();  // Blocks JS for a moment, but leaves nothing behind.
  return closing_->Promise();
}

void PipelineWrap::FinishClose(Napi::Env env) {
  Napi::HandleScope scope(env);
  closed_ = true;
  closer_.Join();
  core_.reset();
  waker_->Release();
  on_news_.Reset();
  data_->open.erase(this);
  closing_->Resolve(env.Undefined());
  Unref();
}

void PipelineWrap::CloseForExit() {
  core_->Close();
  closer_.Join();
  closed_ = true;
}

}  // namespace framegate
