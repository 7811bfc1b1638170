// A linear chain of elements in its own bin, run by one thread: Push() returns after every element and the sink
// callback have run. None of the elements may have threads or queues.
#pragma once

#include <gst/app/gstappsink.h>

#include <functional>
#include <string>
#include <vector>

#include "gst_ptr.h"
#include "pipeline_error.h"

namespace framegate {

class ElementChain {
 public:
  // A raw picture must be used before the chain gets its next buffer (picture_memory.h).
  using OnSample = std::function<void(SamplePtr)>;

  ElementChain() = default;
  ~ElementChain() { Close(); }
  ElementChain(const ElementChain&) = delete;
  ElementChain& operator=(const ElementChain&) = delete;

  // Links `elements` (transfer full) in this order, followed by an appsink. If it returns false, TakeError() says why.
  bool Open(std::vector<GstElement*> elements, OnSample on_sample);

  // Sends the caps if they changed, then the buffer with its PTS.
  GstFlowReturn Push(GstSample* sample);

  // The elements output what they hold. After it, the chain takes nothing more.
  void Drain();

  // The first error that an element posted since the last call; empty if none.
  PipelineError TakeError();

  // When it returns, no thread of the chain runs. Idempotent.
  void Close();

 private:
  static GstFlowReturn OnNewSample(GstAppSink* sink, gpointer self);
  bool Fail(const char* what);

  GstElement* pipeline_ = nullptr;  // (transfer full)
  GstElement* sink_ = nullptr;      // Owned by pipeline_.
  GstPad* source_pad_ = nullptr;    // (transfer full)
  CapsPtr caps_;
  OnSample on_sample_;
  PipelineError error_;
};

// Makes an element, or returns null. properties: "name=value", separated by spaces.
GstElement* MakeElement(const char* factory, const char* properties = "");

}  // namespace framegate
