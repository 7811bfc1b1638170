// Feeds a chain of elements from a pad of its own. Runs on the owner's thread.
#include "element_chain.h"

#include <sstream>

#include "error_codes.h"
#include "picture_memory.h"

namespace framegate {

GstElement* MakeElement(const char* factory, const char* properties) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  if (!element) return nullptr;
  std::istringstream words(properties);
  std::string word;
  while (words >> word) {
    const size_t equals = word.find('=');
    gst_util_set_object_arg(G_OBJECT(element), word.substr(0, equals).c_str(), word.substr(equals + 1).c_str());
  }
  return element;
}

namespace {

// appsink does not answer.
GstPadProbeReturn OnQuery(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  const bool answered = GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION && OfferPictureMemory(query);
  return answered ? GST_PAD_PROBE_HANDLED : GST_PAD_PROBE_OK;
}

}  // namespace

bool ElementChain::Fail(const char* what) {
  error_ = MakeError(error_code::kPipelineBuild, what);
  Close();
  return false;
}

bool ElementChain::Open(std::vector<GstElement*> elements, OnSample on_sample) {
  on_sample_ = std::move(on_sample);
  pipeline_ = gst_pipeline_new(nullptr);
  bool complete = true;
  for (GstElement* element : elements) {
    if (element) {
      gst_bin_add(GST_BIN(pipeline_), element);
    } else {
      complete = false;
    }
  }
  if (!complete) return Fail("GStreamer lacks a decoding element");
  // sync=false: deliver frames now, not at their presentation time. wait-on-eos would block EOS.
  sink_ = MakeElement("appsink",
                      "sync=false async=false max-buffers=1 drop=true enable-last-sample=false "
                      "qos=false wait-on-eos=false");
  if (!sink_) return Fail("GStreamer lacks the element appsink");
  gst_bin_add(GST_BIN(pipeline_), sink_);
  PadPtr sink_pad(gst_element_get_static_pad(sink_, "sink"));
  gst_pad_add_probe(sink_pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, OnQuery, nullptr, nullptr);
  GstAppSinkCallbacks callbacks = {};
  callbacks.new_sample = &ElementChain::OnNewSample;
  gst_app_sink_set_callbacks(GST_APP_SINK(sink_), &callbacks, this, nullptr);

  for (size_t i = 0; i + 1 < elements.size(); ++i) {
    if (!gst_element_link(elements[i], elements[i + 1])) return Fail("GStreamer cannot link the decoding elements");
  }
  if (!gst_element_link(elements.back(), sink_)) return Fail("GStreamer cannot link the decoding elements");

  source_pad_ = gst_pad_new("source", GST_PAD_SRC);
  gst_object_ref_sink(source_pad_);
  PadPtr first(gst_element_get_static_pad(elements.front(), "sink"));
  if (!first || gst_pad_link(source_pad_, first.get()) != GST_PAD_LINK_OK) {
    return Fail("GStreamer cannot link the first decoding element");
  }
  if (gst_element_set_state(pipeline_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    return Fail("the decoding elements cannot start");
  }
  gst_pad_set_active(source_pad_, TRUE);
  gst_pad_push_event(source_pad_, gst_event_new_stream_start("framegate"));
  return true;
}

GstFlowReturn ElementChain::Push(GstSample* sample) {
  if (!source_pad_) return GST_FLOW_FLUSHING;
  GstCaps* caps = gst_sample_get_caps(sample);
  if (caps && (!caps_ || !gst_caps_is_equal(caps_.get(), caps))) {
    const bool first = !caps_;
    caps_.reset(gst_caps_ref(caps));
    gst_pad_push_event(source_pad_, gst_event_new_caps(caps));
    if (first) {
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      gst_pad_push_event(source_pad_, gst_event_new_segment(&segment));
    }
  }
  return gst_pad_push(source_pad_, gst_buffer_ref(gst_sample_get_buffer(sample)));
}

void ElementChain::Drain() {
  if (source_pad_) gst_pad_push_event(source_pad_, gst_event_new_eos());
}

PipelineError ElementChain::TakeError() {
  PipelineError error;
  std::swap(error, error_);
  if (!pipeline_) return error;
  BusPtr bus(gst_element_get_bus(pipeline_));
  while (GstMessage* message = gst_bus_pop(bus.get())) {
    if (error.empty() && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      error = ErrorFromMessage(message);
    }
    gst_message_unref(message);
  }
  return error;
}

void ElementChain::Close() {
  if (source_pad_) gst_pad_set_active(source_pad_, FALSE);
  if (pipeline_) {
    if (sink_) {
      GstAppSinkCallbacks none = {};
      gst_app_sink_set_callbacks(GST_APP_SINK(sink_), &none, nullptr, nullptr);
    }
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(pipeline_);
  }
  if (source_pad_) gst_object_unref(source_pad_);
  pipeline_ = nullptr;
  sink_ = nullptr;
  source_pad_ = nullptr;
  caps_.reset();
}

GstFlowReturn ElementChain::OnNewSample(GstAppSink* sink, gpointer self) {
  SamplePtr sample(gst_app_sink_pull_sample(sink));
  if (sample) static_cast<ElementChain*>(self)->on_sample_(std::move(sample));
  return GST_FLOW_OK;
}

}  // namespace framegate
