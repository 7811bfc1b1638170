// Builds the media and connects it to the feeder (GStreamer's threads).
#include "media.h"

#include <gst/app/gstappsrc.h>
#include <gst/rtp/gstrtpbuffer.h>

#include <string>

#include "launch.h"
#include "metadata_pay.h"

namespace {

constexpr char kVideoKey[] = "test-camera-video";

// Without this, a sink holds each packet back for the pipeline's latency; a camera sends at once. (The media's
// rate-control would also drop RTCP's NTP time.)
void OnElementAdded(GstBin*, GstBin*, GstElement* element, gpointer) {
  GObjectClass* type = G_OBJECT_GET_CLASS(element);
  if (GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK) && g_object_class_find_property(type, "sync") != nullptr) {
    g_object_set(element, "sync", FALSE, nullptr);
  }
}

bool HasMarker(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return false;
  const bool marker = gst_rtp_buffer_get_marker(&rtp);
  gst_rtp_buffer_unmap(&rtp);
  return marker;
}

// The last packet of a frame has the marker bit (RFC 6184, 7798 and 2435).
GstPadProbeReturn OnPackets(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstBuffer* last = nullptr;
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    GstBufferList* list = gst_pad_probe_info_get_buffer_list(info);
    last = gst_buffer_list_get(list, gst_buffer_list_length(list) - 1);
  } else {
    last = gst_pad_probe_info_get_buffer(info);
  }
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (event == nullptr) return GST_PAD_PROBE_OK;
  if (HasMarker(last)) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    static_cast<Feeder*>(data)->FrameSent(gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(last)));
  }
  gst_event_unref(event);
  return GST_PAD_PROBE_OK;
}

void OnUnprepared(GstRTSPMedia* media, gpointer data) {
  auto* video = static_cast<GstElement*>(g_object_get_data(G_OBJECT(media), kVideoKey));
  static_cast<MediaContext*>(data)->feeder->Detach(video);
}

GstElement* Appsrc(GstElement* bin, const char* name, GstCaps* caps) {
  GstElement* appsrc = gst_bin_get_by_name(GST_BIN(bin), name);
  if (appsrc != nullptr) {
    g_object_set(appsrc, "caps", caps, "is-live", TRUE, "format", GST_FORMAT_TIME, "do-timestamp", FALSE, "max-bytes",
                 static_cast<guint64>(0), nullptr);
  }
  return appsrc;
}

// A camera is not seekable. audiotestsrc claims to be, and the server would then fail a PLAY with a Range, as MediaMTX
// sends, because the video is not.
GstPadProbeReturn OnQuery(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) != GST_QUERY_SEEKING) return GST_PAD_PROBE_OK;
  gst_query_set_seeking(query, GST_FORMAT_TIME, FALSE, 0, -1);
  return GST_PAD_PROBE_HANDLED;
}

void OnConfigure(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer data) {
  auto* context = static_cast<MediaContext*>(data);
  GstElement* bin = gst_rtsp_media_get_element(media);
  GstObject* pipeline = gst_object_get_parent(GST_OBJECT(bin));
  g_signal_connect(pipeline, "deep-element-added", G_CALLBACK(OnElementAdded), nullptr);
  gst_object_unref(pipeline);
  if (context->source != nullptr) {
    GstElement* video = Appsrc(bin, "video", context->source->video_caps());
    GstElement* audio = Appsrc(bin, "audio", context->source->audio_caps());
    g_object_set_data_full(G_OBJECT(media), kVideoKey, gst_object_ref(video), gst_object_unref);
    g_signal_connect(media, "unprepared", G_CALLBACK(OnUnprepared), context);
    if (context->options->report_frames) {
      GstElement* payloader = gst_bin_get_by_name(GST_BIN(bin), "pay0");
      GstPad* pad = gst_element_get_static_pad(payloader, "src");
      const int mask = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST;
      gst_pad_add_probe(pad, static_cast<GstPadProbeType>(mask), OnPackets, context->feeder, nullptr);
      gst_object_unref(pad);
      gst_object_unref(payloader);
    }
    if (GstElement* payloader = gst_bin_get_by_name(GST_BIN(bin), "pay0")) {
      context->faults->Watch(payloader);
      gst_object_unref(payloader);
    }
    context->feeder->Attach(video, audio);
    gst_object_unref(video);
    if (audio != nullptr) gst_object_unref(audio);
  }
  if (GstElement* ticks = gst_bin_get_by_name(GST_BIN(bin), "ticks")) {
    GstPad* pad = gst_element_get_static_pad(ticks, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, OnQuery, nullptr, nullptr);
    gst_object_unref(pad);
    gst_object_unref(ticks);
  }
  if (GstElement* metadata = gst_bin_get_by_name(GST_BIN(bin), "metadata")) {
    FeedMetadata(metadata);
    gst_object_unref(metadata);
  }
  gst_object_unref(bin);
}

// The feeder has one media. Without this, an address with another query would get a media of its own, and the first one
// no more frames.
gchar* OnlyKey(GstRTSPMediaFactory*, const GstRTSPUrl*) { return g_strdup("camera"); }

}  // namespace

void Relaunch(GstRTSPMediaFactory* factory, const MediaContext& context) {
  gst_rtsp_media_factory_set_launch(factory, LaunchLine(*context.options, context.source).c_str());
}

GstRTSPMediaFactory* NewMediaFactory(MediaContext* context) {
  const Options& options = *context->options;
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  GST_RTSP_MEDIA_FACTORY_GET_CLASS(factory)->gen_key = OnlyKey;
  Relaunch(factory, *context);
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  gst_rtsp_media_factory_set_latency(factory, 0);
  int protocols = 0;
  if (options.tcp) protocols |= GST_RTSP_LOWER_TRANS_TCP;
  if (options.udp) protocols |= GST_RTSP_LOWER_TRANS_UDP;
  gst_rtsp_media_factory_set_protocols(factory, static_cast<GstRTSPLowerTrans>(protocols));
  g_signal_connect(factory, "media-configure", G_CALLBACK(OnConfigure), context);
  return factory;
}
