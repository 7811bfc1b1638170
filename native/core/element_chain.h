// A linear chain of elements in its own bin, driven from one thread: Push() runs every element, and the sink callback,
// before it returns. Elements with queues inside, such as decodebin, call back later, on their own threads.
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
  using OnSample = std::function<void(SamplePtr)>;

  ElementChain() = default;
  ~ElementChain() { Close(); }
  ElementChain(const ElementChain&) = delete;
  ElementChain& operator=(const ElementChain&) = delete;

  // Links `elements` (transfer full) in this order, with an appsink behind them. The last may have sometimes-pads
  // (decodebin). False: TakeError() says why.
  bool Open(std::vector<GstElement*> elements, OnSample on_sample);

  // Sends caps when they changed, then the buffer. pts of the buffer is kept.
  GstFlowReturn Push(GstSample* sample);

  // The first error that an element posted since the last call; empty if none.
  PipelineError TakeError();

  // Idempotent; when it returns no thread of the chain runs.
  void Close();

 private:
  static GstFlowReturn OnNewSample(GstAppSink* sink, gpointer self);
  static void OnPadAdded(GstElement* element, GstPad* pad, gpointer self);
  bool Fail(const char* what);

  GstElement* pipeline_ = nullptr;  // (transfer full)
  GstElement* sink_ = nullptr;      // Owned by pipeline_.
  GstPad* source_pad_ = nullptr;    // (transfer full)
  CapsPtr caps_;
  OnSample on_sample_;
  PipelineError error_;
};

// Makes an element or returns null; properties as "name=value", space separated.
GstElement* MakeElement(const char* factory, const char* properties = "");

}  // namespace framegate
