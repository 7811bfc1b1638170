#include "lane_wrap.h"

#include <mutex>

#include "arguments.h"

namespace framegate {

// Calls a JS function from the lane's thread, and no more once it has been released.
class LaneWrap::Caller {
 public:
  Caller(Napi::Env env, const Napi::Function& function)
      : tsfn_(Napi::ThreadSafeFunction::New(env, function, "framegate lane", 0, 1)) {
    tsfn_.Unref(env);
  }
  ~Caller() { Release(); }
  void Call() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (alive_ && tsfn_.NonBlockingCall() != napi_ok) alive_ = false;
  }
  void Release() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (alive_) tsfn_.Release();
    alive_ = false;
  }

 private:
  std::mutex mutex_;
  Napi::ThreadSafeFunction tsfn_;
  bool alive_ = true;
};

void LaneWrap::Define(Napi::Env env, Napi::Object exports, AddonData* data) {
  Napi::Function constructor =
      DefineClass(env, "Lane",
                  {InstanceMethod("readers", &LaneWrap::Readers), InstanceMethod("memoryBytes", &LaneWrap::MemoryBytes),
                   InstanceMethod("dropped", &LaneWrap::Dropped), InstanceMethod("forget", &LaneWrap::Forget),
                   InstanceMethod("refuse", &LaneWrap::Refuse), InstanceMethod("close", &LaneWrap::Close)},
                  data);
  data->lane_constructor = Napi::Persistent(constructor);
  exports.Set("Lane", constructor);
}

std::shared_ptr<FrameLane> LaneWrap::From(const Napi::Value& value, AddonData* data) {
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(data->lane_constructor.Value())) return nullptr;
  return Unwrap(value.As<Napi::Object>())->core_;
}

LaneWrap::LaneWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LaneWrap>(info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsObject() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "Lane expects an options object and a function").ThrowAsJavaScriptException();
    return;
  }
  std::string socket;
  double memory_bytes = 0;
  double key = 0;
  int max_readers = 0;
  ObjectReader reader(info[0].As<Napi::Object>());
  reader.String("socket", &socket)
      .Number("memoryBytes", 0, 1e15, &memory_bytes)
      .Integer("maxReaders", 1, 65536, &max_readers)
      .Number("key", 0, UINT32_MAX, &key);
  if (!reader.error().empty()) {
    Napi::TypeError::New(env, reader.error()).ThrowAsJavaScriptException();
    return;
  }
  caller_ = std::make_shared<Caller>(env, info[1].As<Napi::Function>());
  core_ = std::make_shared<FrameLane>(static_cast<uint64_t>(memory_bytes), max_readers, static_cast<uint32_t>(key),
                                      [caller = caller_] { caller->Call(); });
  const std::string failure = core_->Listen(socket);
  if (failure.empty()) return;
  core_->Close();
  Napi::Error::New(env, failure).ThrowAsJavaScriptException();
}

LaneWrap::~LaneWrap() {
  if (core_) core_->Close();
}

Napi::Value LaneWrap::Readers(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Array topics = Napi::Array::New(env);
  uint32_t at = 0;
  for (const auto& [topic, count] : core_->CountReaders()) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("topic", topic);
    object.Set("readers", count);
    topics.Set(at++, object);
  }
  return topics;
}

Napi::Value LaneWrap::MemoryBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(core_->memory_bytes()));
}

Napi::Value LaneWrap::Dropped(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(core_->dropped()));
}

Napi::Value LaneWrap::Forget(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) {
    Napi::TypeError::New(env, "forget expects a topic").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  core_->Forget(info[0].As<Napi::String>().Utf8Value());
  return env.Undefined();
}

Napi::Value LaneWrap::Refuse(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsString() || !info[1].IsString()) {
    Napi::TypeError::New(env, "refuse expects a topic and a text").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  core_->RefuseTopic(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value());
  return env.Undefined();
}

Napi::Value LaneWrap::Close(const Napi::CallbackInfo& info) {
  core_->Close();
  caller_->Release();
  return info.Env().Undefined();
}

}  // namespace framegate
