// The open pipelines of one JS environment (the main thread, or a worker), so that they close when it ends.
#pragma once

#include <napi.h>

#include <set>

namespace framegate {

class PipelineWrap;

struct AddonData {
  Napi::FunctionReference lane_constructor;
  Napi::FunctionReference pipeline_constructor;
  std::set<PipelineWrap*> open;
};

}  // namespace framegate
