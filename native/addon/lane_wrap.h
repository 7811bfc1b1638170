// JS class Lane, a thin wrapper of core's FrameLane. JS thread.
#pragma once

#include <napi.h>

#include <memory>

#include "addon_data.h"
#include "core/frame_lane.h"

namespace framegate {

class LaneWrap : public Napi::ObjectWrap<LaneWrap> {
 public:
  static void Define(Napi::Env env, Napi::Object exports, AddonData* data);
  // Null if the value is no Lane.
  static std::shared_ptr<FrameLane> From(const Napi::Value& value, AddonData* data);

  explicit LaneWrap(const Napi::CallbackInfo& info);
  ~LaneWrap() override;

 private:
  class Caller;

  Napi::Value Readers(const Napi::CallbackInfo& info);
  Napi::Value MemoryBytes(const Napi::CallbackInfo& info);
  Napi::Value Dropped(const Napi::CallbackInfo& info);
  Napi::Value Forget(const Napi::CallbackInfo& info);
  Napi::Value Refuse(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  std::shared_ptr<FrameLane> core_;
  std::shared_ptr<Caller> caller_;
};

}  // namespace framegate
