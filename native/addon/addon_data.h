// What one JS environment (the main thread, each worker) has open, so that its end closes it.
#pragma once

#include <napi.h>

#include <set>

namespace framegate {

class PipelineWrap;

struct AddonData {
  Napi::FunctionReference pipeline_constructor;
  std::set<PipelineWrap*> open;
};

}  // namespace framegate
