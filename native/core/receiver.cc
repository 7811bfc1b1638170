// rtspsrc ! depayloader ! appsink. For the threads, see the header.
#include "receiver.h"

#include <gst/rtsp/rtsp.h>
#include <gst/sdp/sdp.h>

#include <algorithm>
#include <cctype>

#include "clocks.h"
#include "element_chain.h"
#include "error_codes.h"

namespace framegate {
namespace {

// Seconds from 1900 (NTP) to 1970 (Unix).
constexpr uint64_t kNtpToUnixSeconds = 2'208'988'800;

struct CodecChain {
  Codec codec;
  const char* encoding_name;  // In the SDP.
  const char* depayloader;
  const char* caps;  // Its output.
};

// avc and hvc1, because in byte-stream mode the depayloader of 1.22 splits an access unit at parameter sets between
// slices (robustness.md, 2).
constexpr CodecChain kChains[] = {
    {Codec::kH264, "H264", "rtph264depay", "video/x-h264,stream-format=avc,alignment=au"},
    {Codec::kH265, "H265", "rtph265depay", "video/x-h265,stream-format=hvc1,alignment=au"},
    {Codec::kMjpeg, "JPEG", "rtpjpegdepay", "image/jpeg"},
};

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

Receiver::Receiver(const SourceOptions& options, Callbacks callbacks)
    : options_(options), callbacks_(std::move(callbacks)) {}

void Receiver::Start() {
  if (options_.direct) {
    front_ = std::make_unique<RtspFront>(options_, callbacks_.on_error);
    if (!front_->Start()) {
      callbacks_.on_error(MakeError(error_code::kPipelineBuild, "no local port is free"));
      return;
    }
  }
  pipeline_ = gst_pipeline_new(nullptr);
  source_ = MakeElement("rtspsrc");
  if (!source_) {
    callbacks_.on_error(MakeError(error_code::kPipelineBuild, "GStreamer lacks the element rtspsrc"));
    return;
  }
  gst_bin_add(GST_BIN(pipeline_), source_);
  const char* protocols = options_.transport == "udp" ? "udp+udp-mcast" : "tcp";
  gst_util_set_object_arg(G_OBJECT(source_), "protocols", protocols);
  const guint64 timeout_us = static_cast<guint64>(options_.connect_timeout_ms) * 1000;
  // drop-on-latency=false: it has no effect at latency 0 and damages pictures at others (robustness.md, 0.1 and 0.2).
  // The decode stage limits lag.
  const std::string& url = front_ ? front_->client_url() : options_.url;
  const std::string& name = front_ ? front_->client_name() : options_.user_agent;
  g_object_set(source_, "location", url.c_str(), "latency", static_cast<guint>(options_.latency_ms), "drop-on-latency",
               FALSE, "tcp-timeout", timeout_us, "timeout", timeout_us, "do-retransmission", FALSE, "teardown-timeout",
               static_cast<guint64>(MsToNs(100)), "user-agent", name.c_str(), "add-reference-timestamp-meta", TRUE,
               nullptr);
  if (front_) g_object_set(source_, "do-rtsp-keep-alive", FALSE, nullptr);
  g_signal_connect(source_, "on-sdp", G_CALLBACK(&Receiver::OnSdp), this);
  g_signal_connect(source_, "select-stream", G_CALLBACK(&Receiver::OnSelectStream), this);
  g_signal_connect(source_, "new-manager", G_CALLBACK(&Receiver::OnManager), this);
  g_signal_connect(source_, "pad-added", G_CALLBACK(&Receiver::OnPadAdded), this);

  BusPtr bus(gst_element_get_bus(pipeline_));
  gst_bus_set_sync_handler(bus.get(), &Receiver::OnMessage, this, nullptr);
  if (gst_element_set_state(pipeline_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    callbacks_.on_error(MakeError(error_code::kPipelineBuild, "the receiving pipeline cannot start"));
  }
}

void Receiver::Stop() {
  if (!pipeline_) return;
  stopping_ = true;
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  BusPtr bus(gst_element_get_bus(pipeline_));
  gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
  bus.reset();
  gst_object_unref(pipeline_);
  pipeline_ = nullptr;
  source_ = nullptr;
  front_.reset();
}

void Receiver::KeepAlive() {
  if (!source_ || front_) return;
  // rtspsrc 1.22 sends no keep-alive over TCP while data flows (robustness.md, 0.6).
  const gchar* const parameters[] = {nullptr};
  GstPromise* promise = gst_promise_new();
  gboolean sent = FALSE;
  g_signal_emit_by_name(source_, "get-parameters", parameters, nullptr, promise, &sent);
  gst_promise_unref(promise);
}

void Receiver::OnManager(GstElement*, GstElement* manager, gpointer self) {
  g_signal_connect(manager, "on-ssrc-active", G_CALLBACK(&Receiver::OnRtcp), self);
}

void Receiver::OnRtcp(GstElement*, guint, guint, gpointer self) {
  static_cast<Receiver*>(self)->last_rtcp_ns_ = MonotonicNs();
}

void Receiver::OnSdp(GstElement*, void* sdp, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  const auto* message = static_cast<const GstSDPMessage*>(sdp);
  StreamInfo info;
  bool video = false;
  for (guint i = 0; i < gst_sdp_message_medias_len(message); ++i) {
    const GstSDPMedia* media = gst_sdp_message_get_media(message, i);
    const std::string kind = gst_sdp_media_get_media(media) ? gst_sdp_media_get_media(media) : "";
    if (kind == "audio") info.audio = true;
    if (kind != "video" || video) continue;
    video = true;
    const char* rtpmap = gst_sdp_media_get_attribute_val(media, "rtpmap");
    // "96 H264/90000". The static payload types of RFC 3551, such as 26 for JPEG, may omit it.
    std::string encoding = rtpmap ? rtpmap : "";
    const size_t space = encoding.find(' ');
    encoding = space == std::string::npos ? "JPEG" : encoding.substr(space + 1);
    info.codec = LowerCase(encoding.substr(0, encoding.find('/')));
    if (info.codec == "jpeg") info.codec = "mjpeg";
  }
  if (video) {
    receiver->callbacks_.on_stream(info);
  } else {
    receiver->callbacks_.on_error(MakeError(error_code::kSourceNoVideo, info.audio
                                                                            ? "the camera offers audio but no video"
                                                                            : "the camera offers no video"));
  }
}

gboolean Receiver::OnSelectStream(GstElement*, guint, GstCaps* caps, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const char* media = gst_structure_get_string(structure, "media");
  if (!media || g_strcmp0(media, "video") != 0) return FALSE;
  return receiver->video_streams_++ == 0;  // No audio, no metadata, no second video.
}

void Receiver::OnPadAdded(GstElement*, GstPad* pad, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  CapsPtr caps(gst_pad_get_current_caps(pad));
  if (!caps) caps.reset(gst_pad_query_caps(pad, nullptr));
  if (receiver->has_chain_ || gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get())) return;
  receiver->has_chain_ = true;
  if (!receiver->AddChain(pad, gst_caps_get_structure(caps.get(), 0))) {
    receiver->callbacks_.on_error(MakeError(error_code::kPipelineBuild, "the receiving pipeline cannot be built"));
  }
}

bool Receiver::AddChain(GstPad* pad, const GstStructure* rtp_caps) {
  const char* encoding = gst_structure_get_string(rtp_caps, "encoding-name");
  std::vector<GstElement*> elements;
  for (const CodecChain& chain : kChains) {
    if (!encoding || g_ascii_strcasecmp(encoding, chain.encoding_name) != 0) continue;
    codec_ = chain.codec;
    elements.push_back(MakeElement(chain.depayloader));
    elements.push_back(MakeElement("capsfilter"));
    if (!elements[0] || !elements[1]) return false;
    CapsPtr caps(gst_caps_from_string(chain.caps));
    g_object_set(elements[1], "caps", caps.get(), nullptr);
  }
  GstElement* sink =
      MakeElement("appsink", "sync=false async=false enable-last-sample=false qos=false wait-on-eos=false");
  if (!sink) return false;
  elements.push_back(sink);
  GstAppSinkCallbacks callbacks = {};
  callbacks.new_sample = &Receiver::OnNewSample;
  gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, this, nullptr);

  for (GstElement* element : elements) gst_bin_add(GST_BIN(pipeline_), element);
  for (size_t i = 0; i + 1 < elements.size(); ++i) {
    if (!gst_element_link(elements[i], elements[i + 1])) return false;
  }
  for (size_t i = elements.size(); i-- > 0;) gst_element_sync_state_with_parent(elements[i]);
  PadPtr first(gst_element_get_static_pad(elements.front(), "sink"));
  gst_pad_add_probe(first.get(),
                    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
                    &Receiver::OnPacket, this, nullptr);
  return gst_pad_link(pad, first.get()) == GST_PAD_LINK_OK;
}

GstPadProbeReturn Receiver::OnPacket(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  const int64_t now_ns = MonotonicNs();
  if (now_ns - receiver->last_packet_ns_ > MsToNs(1000)) receiver->packets_since_ns_ = now_ns;
  receiver->last_packet_ns_ = now_ns;
  GstBuffer* buffer = nullptr;
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    const guint length = gst_buffer_list_length(list);
    for (guint i = 0; i < length; ++i) receiver->CountPacket(buffer = gst_buffer_list_get(list, i));
  } else {
    receiver->CountPacket(buffer = GST_PAD_PROBE_INFO_BUFFER(info));
  }
  // The depayloader drops this meta. Packets of a frame share one timestamp, so the last packet's is the frame's.
  const GstReferenceTimestampMeta* meta = buffer ? gst_buffer_get_reference_timestamp_meta(buffer, nullptr) : nullptr;
  if (meta) {
    const uint64_t since_1900_us = meta->timestamp / 1000;
    const uint64_t offset_us = kNtpToUnixSeconds * 1'000'000;
    receiver->captured_at_us_ =
        since_1900_us > offset_us ? static_cast<int64_t>(since_1900_us - offset_us) : kUnknownTime;
  } else {
    receiver->captured_at_us_ = kUnknownTime;
  }
  return GST_PAD_PROBE_OK;
}

void Receiver::CountPacket(GstBuffer* packet) {
  uint8_t timestamp[4];  // RFC 3550, 5.1.
  if (gst_buffer_extract(packet, 4, timestamp, 4) != 4) return;
  rtp_timestamp_ = GST_READ_UINT32_BE(timestamp);
  lag_meter_.Count(rtp_timestamp_, gst_buffer_get_size(packet), last_packet_ns_);
  transport_lag_ns_ = lag_meter_.lag_ns();
  stream_ns_ = lag_meter_.stream_ns();
}

GstFlowReturn Receiver::OnNewSample(GstAppSink* sink, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  SamplePtr sample(gst_app_sink_pull_sample(sink));
  if (sample && !receiver->stopping_) {
    receiver->callbacks_.on_sample(receiver->codec_, std::move(sample), receiver->captured_at_us_);
  }
  return GST_FLOW_OK;
}

GstBusSyncReply Receiver::OnMessage(GstBus*, GstMessage* message, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  if (receiver->stopping_) return GST_BUS_PASS;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      receiver->callbacks_.on_error(ErrorFromMessage(message));
      break;
    case GST_MESSAGE_EOS:  // RTCP BYE; a live stream has no regular end.
      receiver->callbacks_.on_error(MakeError(error_code::kSourceClosed, "the camera ended the stream"));
      break;
    case GST_MESSAGE_WARNING: {
      // rtspsrc reports a closed connection only as a warning (robustness.md, 5).
      PipelineError error = ErrorFromMessage(message);
      if (error.domain == "gst-resource-error-quark" && error.nick == "read") {
        error.code = error_code::kSourceClosed;
        error.message = "the camera closed the connection";
        receiver->callbacks_.on_error(std::move(error));
      }
      break;
    }
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name(message, "GstRTSPSrcTimeout") && receiver->options_.transport == "tcp") {
        receiver->callbacks_.on_error(MakeError(error_code::kSourceSilent, "the camera stopped sending"));
      }
      break;
    default:
      break;
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

}  // namespace framegate
