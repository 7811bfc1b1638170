// A payloader with one packet per document, and a timer that makes documents (threads of GStreamer and the main loop).
#include "metadata_pay.h"

#include <gst/app/gstappsrc.h>
#include <gst/rtp/gstrtpbasepayload.h>
#include <gst/rtp/gstrtpbuffer.h>

namespace {

constexpr guint kClockHz = 90000;
constexpr guint kPeriodMs = 1000;
constexpr char kCaps[] = "application/x-onvif-metadata,parsed=true";
constexpr char kDocument[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    "<tt:MetadataStream xmlns:tt=\"http://www.onvif.org/ver10/schema\"/>";

using Pay = GstRTPBasePayload;
using PayClass = GstRTPBasePayloadClass;

gboolean SetCaps(GstRTPBasePayload* pay, GstCaps*) {
  gst_rtp_base_payload_set_options(pay, "application", TRUE, "VND.ONVIF.METADATA", kClockHz);
  return gst_rtp_base_payload_set_outcaps(pay, nullptr);
}

GstFlowReturn HandleBuffer(GstRTPBasePayload* pay, GstBuffer* document) {
  const auto size = static_cast<guint>(gst_buffer_get_size(document));
  GstBuffer* packet = gst_rtp_base_payload_allocate_output_buffer(pay, size, 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(packet, GST_MAP_WRITE, &rtp);
  gst_buffer_extract(document, 0, gst_rtp_buffer_get_payload(&rtp), size);
  gst_rtp_buffer_set_marker(&rtp, TRUE);
  gst_rtp_buffer_unmap(&rtp);
  GST_BUFFER_PTS(packet) = GST_BUFFER_PTS(document);
  gst_buffer_unref(document);
  return gst_rtp_base_payload_push(pay, packet);
}

void ClassInit(gpointer type, gpointer) {
  auto* element = static_cast<GstElementClass*>(type);
  GstCaps* sink = gst_caps_from_string(kCaps);
  GstCaps* source = gst_caps_from_string("application/x-rtp");
  gst_element_class_add_pad_template(element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink));
  gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source));
  gst_caps_unref(sink);
  gst_caps_unref(source);
  gst_element_class_set_static_metadata(element, "ONVIF metadata payloader", "Codec/Payloader/Network/RTP",
                                        "One packet per document", "Framegate");
  auto* pay = static_cast<PayClass*>(type);
  pay->set_caps = SetCaps;
  pay->handle_buffer = HandleBuffer;
}

gboolean Push(gpointer appsrc) {
  GstBuffer* buffer = gst_buffer_new_memdup(kDocument, sizeof kDocument - 1);
  const bool pushed = gst_app_src_push_buffer(GST_APP_SRC(appsrc), buffer) == GST_FLOW_OK;
  return pushed ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

// An appsrc accepts nothing before it runs. Its first need-data means that it does.
void OnNeedData(GstElement* appsrc, guint, gpointer) {
  g_signal_handlers_disconnect_by_func(appsrc, reinterpret_cast<gpointer>(OnNeedData), nullptr);
  Push(appsrc);
  g_timeout_add_full(G_PRIORITY_DEFAULT, kPeriodMs, Push, gst_object_ref(appsrc), gst_object_unref);
}

}  // namespace

bool RegisterMetadataPay() {
  const GType type = g_type_register_static_simple(GST_TYPE_RTP_BASE_PAYLOAD, "FramegateMetadataPay", sizeof(PayClass),
                                                   ClassInit, sizeof(Pay), nullptr, static_cast<GTypeFlags>(0));
  return gst_element_register(nullptr, "framegatemetadatapay", GST_RANK_NONE, type) != FALSE;
}

void FeedMetadata(GstElement* appsrc) {
  GstCaps* caps = gst_caps_from_string(kCaps);
  // Keeps only the newest document from between DESCRIBE and PLAY.
  g_object_set(appsrc, "caps", caps, "is-live", TRUE, "format", GST_FORMAT_TIME, "do-timestamp", TRUE, "max-buffers",
               static_cast<guint64>(1), "leaky-type", GST_APP_LEAKY_TYPE_DOWNSTREAM, nullptr);
  gst_caps_unref(caps);
  g_signal_connect(appsrc, "need-data", G_CALLBACK(OnNeedData), nullptr);
}
