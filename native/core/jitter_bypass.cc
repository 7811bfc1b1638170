// rtpbin sets `latency` and connects to `handle-sync` without asking whether they exist, and links RTCP to `sink_rtcp`.
#include "jitter_bypass.h"

#include <initializer_list>

namespace framegate {
namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-rtp"));
GstStaticPadTemplate source_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-rtp"));
GstStaticPadTemplate rtcp_template =
    GST_STATIC_PAD_TEMPLATE("sink_rtcp", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("application/x-rtcp"));

GstFlowReturn OnPacket(GstPad*, GstObject* element, GstBuffer* packet) {
  return gst_pad_push(GST_PAD(GST_ELEMENT(element)->srcpads->data), packet);
}

GstFlowReturn OnPackets(GstPad*, GstObject* element, GstBufferList* packets) {
  return gst_pad_push_list(GST_PAD(GST_ELEMENT(element)->srcpads->data), packets);
}

GstFlowReturn OnRtcp(GstPad*, GstObject*, GstBuffer* packet) {
  gst_buffer_unref(packet);
  return GST_FLOW_OK;
}

// They are about RTCP, so they do not belong in the stream.
gboolean OnRtcpEvent(GstPad*, GstObject*, GstEvent* event) {
  gst_event_unref(event);
  return TRUE;
}

GstPad* RequestRtcpPad(GstElement* element, GstPadTemplate*, const gchar*, const GstCaps*) {
  GstPad* pad = gst_pad_new_from_static_template(&rtcp_template, "sink_rtcp");
  gst_pad_set_chain_function(pad, OnRtcp);
  gst_pad_set_event_function(pad, OnRtcpEvent);
  gst_pad_set_active(pad, TRUE);
  return gst_element_add_pad(element, pad) ? pad : nullptr;
}

void ReleaseRtcpPad(GstElement* element, GstPad* pad) {
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(element, pad);
}

constexpr guint kLatency = 1;

void SetProperty(GObject*, guint, const GValue*, GParamSpec*) {}

void GetProperty(GObject*, guint, GValue* value, GParamSpec*) { g_value_set_uint(value, 0); }

void InitClass(gpointer type, gpointer) {
  auto* object = static_cast<GObjectClass*>(type);
  object->set_property = SetProperty;
  object->get_property = GetProperty;
  g_object_class_install_property(
      object, kLatency,
      g_param_spec_uint("latency", nullptr, "Always 0", 0, G_MAXUINT, 0,
                        static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)));
  for (const char* name : {"handle-sync", "clear-pt-map"}) {
    g_signal_new(name, G_TYPE_FROM_CLASS(type), G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
  }
  auto* element = static_cast<GstElementClass*>(type);
  element->request_new_pad = RequestRtcpPad;
  element->release_pad = ReleaseRtcpPad;
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &source_template);
  gst_element_class_add_static_pad_template(element, &rtcp_template);
  gst_element_class_set_static_metadata(element, "Jitter bypass", "Filter/Network/RTP", "Passes packets on at once",
                                        "Framegate");
}

void Init(GTypeInstance* instance, gpointer) {
  GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(sink, OnPacket);
  gst_pad_set_chain_list_function(sink, OnPackets);
  GST_PAD_SET_PROXY_CAPS(sink);
  gst_element_add_pad(GST_ELEMENT(instance), sink);
  gst_element_add_pad(GST_ELEMENT(instance), gst_pad_new_from_static_template(&source_template, "src"));
}

}  // namespace

GstElement* MakeJitterBypass() {
  static const GType type =
      g_type_register_static_simple(GST_TYPE_ELEMENT, "FramegateJitterBypass", sizeof(GstElementClass), InitClass,
                                    sizeof(GstElement), Init, static_cast<GTypeFlags>(0));
  return GST_ELEMENT(g_object_new(type, nullptr));
}

}  // namespace framegate
