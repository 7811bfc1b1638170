// Runs off the JS thread, because GStreamer takes up to 1.2 s to start if its registry is cold.
#include <string>
#include <vector>

#include "core/gst_init.h"
#include "functions.h"

namespace framegate {
namespace {

class InspectWorker final : public Napi::AsyncWorker {
 public:
  explicit InspectWorker(Napi::Env env) : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}
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

}  // namespace

Napi::Value Inspect(const Napi::CallbackInfo& info) {
  auto* worker = new InspectWorker(info.Env());  // Deletes itself.
  Napi::Promise promise = worker->Promise();
  worker->Queue();
  return promise;
}

}  // namespace framegate
