// Module entry: the exports, and a hook that closes open pipelines when the environment ends. JS thread.
#include <napi.h>

#include "addon_data.h"
#include "functions.h"
#include "lane_wrap.h"
#include "pipeline_wrap.h"

namespace framegate {
namespace {

void CloseAll(AddonData* data) {
  for (PipelineWrap* wrap : data->open) wrap->RequestCloseForExit();
  for (PipelineWrap* wrap : data->open) wrap->CloseForExit();
  data->open.clear();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;
  env.SetInstanceData<AddonData>(data);
  env.AddCleanupHook([](AddonData* held) { CloseAll(held); }, data);
  LaneWrap::Define(env, exports, data);
  PipelineWrap::Define(env, exports, data);
  exports.Set("headroom", Napi::Function::New(env, Headroom));
  exports.Set("inspect", Napi::Function::New(env, Inspect));
  exports.Set("limitZmqConnections", Napi::Function::New(env, LimitZmqConnections));
  exports.Set("refusedZmqConnections", Napi::Function::New(env, RefusedZmqConnections));
  exports.Set("notify", Napi::Function::New(env, Notify));
  exports.Set("readLibraryLog", Napi::Function::New(env, ReadLibraryLog));
  exports.Set("takeLibraryLog", Napi::Function::New(env, TakeLibraryLog));
  exports.Set("tcpQueue", Napi::Function::New(env, TcpQueue));
  exports.Set("useOneMallocArena", Napi::Function::New(env, UseOneMallocArena));
  exports.Set("zmqConnections", Napi::Function::New(env, ZmqConnections));
  Napi::Array bounds = Napi::Array::New(env);
  for (const int bound_ms : LatencyHistogram::kBoundsMs) bounds.Set(bounds.Length(), Napi::Number::New(env, bound_ms));
  exports.Set("latencyBoundsMs", bounds);
  return exports;
}

}  // namespace
}  // namespace framegate

static Napi::Object InitModule(Napi::Env env, Napi::Object exports) { return framegate::Init(env, exports); }

NODE_API_MODULE(framegate, InitModule)
