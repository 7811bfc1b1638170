// JS class Pipeline, a thin wrapper of core's CameraPipeline. JS thread, unless a comment says otherwise.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "addon_data.h"
#include "core/camera_pipeline.h"
#include "core/thread.h"

namespace framegate {

class PipelineWrap;

// The only path from core's threads to the JS thread. It only wakes the JS thread; the news stays in core. May outlive
// both the wrap and the environment.
class JsWaker {
 public:
  void Open(Napi::Env env, PipelineWrap* wrap);
  void Wake();     // Any thread; does nothing once the environment is gone.
  void Release();  // JS thread; no wake after this.
  void SetRef(Napi::Env env, bool referenced);

 private:
  static void OnWake(Napi::Env env, Napi::Function, PipelineWrap* wrap, void* data);
  using Tsfn = Napi::TypedThreadSafeFunction<PipelineWrap, void, &JsWaker::OnWake>;

  std::mutex mutex_;
  Tsfn tsfn_;
  bool alive_ = false;
};

class PipelineWrap : public Napi::ObjectWrap<PipelineWrap> {
 public:
  static void Define(Napi::Env env, Napi::Object exports, AddonData* data);

  explicit PipelineWrap(const Napi::CallbackInfo& info);
  ~PipelineWrap() override;

  void OnNews(Napi::Env env);
  // For the end of the environment. CloseForExit() blocks.
  void RequestCloseForExit() { core_->RequestClose(); }
  void CloseForExit();

 private:
  Napi::Value FrontUrl(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value SetRenditions(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Counters(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void FinishClose(Napi::Env env);

  AddonData* data_;
  std::shared_ptr<CameraPipeline> core_;
  std::shared_ptr<JsWaker> waker_;
  Napi::FunctionReference on_news_;
  std::unique_ptr<Napi::Promise::Deferred> closing_;
  Napi::Reference<Napi::Promise> closing_promise_;
  Thread closer_;
  std::atomic<bool> core_closed_{false};
  bool closed_ = false;
};

}  // namespace framegate
