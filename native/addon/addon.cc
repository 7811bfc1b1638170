// Module entry: exports, and the hook that closes what is open when the environment
// ends. JS thread.
#include <napi.h>
#include <sys/socket.h>

#include "core/gst_init.h"
#include "pipeline_wrap.h"

namespace framegate {
namespace {

// inspect(): GStreamer's version and what is missing. Starting GStreamer takes up to
// 1.2 s where its registry is cold, hence not on the JS thread.
class InspectWorker final : public Napi::AsyncWorker {
 public:
  explicit InspectWorker(Napi::Env env)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise Promise() const { return deferred_.Promise(); }

  void Execute() override {
    const std::string failure = EnsureGstInit();
    if (!failure.empty()) return SetError(failure);
    missing_ = MissingElements();
  }
  void OnOK() override {
    Napi::Object object = Napi::Object::New(Env());
    object.Set("gstreamer", GstVersion());
    Napi::Array missing = Napi::Array::New(Env(), missing_.size());
    for (size_t i = 0; i < missing_.size(); ++i) missing.Set(static_cast<uint32_t>(i), missing_[i]);
    object.Set("missing", missing);
    deferred_.Resolve(object);
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  std::vector<std::string> missing_;
};

Napi::Value Inspect(const Napi::CallbackInfo& info) {
  auto* worker = new InspectWorker(info.Env());  // Deletes itself.
  Napi::Promise promise = worker->Promise();
  worker->Queue();
  return promise;
}

// limitSendBuffer(fd, sizeBytes): SO_SNDBUF, which Node has no call for.
Napi::Value LimitSendBuffer(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsNumber() || !info[1].IsNumber()) {
    Napi::TypeError::New(env, "limitSendBuffer takes a descriptor and a size in bytes")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int size = info[1].As<Napi::Number>().Int32Value();
  const int done = setsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_SNDBUF, &size,
                              sizeof size);
  return Napi::Boolean::New(env, done == 0);
}

void CloseAll(AddonData* data) {
  for (PipelineWrap* wrap : data->open) wrap->RequestCloseForExit();
  for (PipelineWrap* wrap : data->open) wrap->CloseForExit();
  data->open.clear();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;
  env.SetInstanceData<AddonData>(data);
  env.AddCleanupHook([](AddonData* held) { CloseAll(held); }, data);
  PipelineWrap::Define(env, exports, data);
  exports.Set("inspect", Napi::Function::New(env, Inspect));
  exports.Set("limitSendBuffer", Napi::Function::New(env, LimitSendBuffer));
  return exports;
}

}  // namespace
}  // namespace framegate

static Napi::Object InitModule(Napi::Env env, Napi::Object exports) {
  return framegate::Init(env, exports);
}

NODE_API_MODULE(framegate, InitModule)
