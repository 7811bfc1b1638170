// rtspsrc ! depayloader ! appsink. For the threads, see the header.
#include "receiver.h"

#include <gst/rtsp/rtsp.h>

#include <algorithm>

#include "big_endian.h"
#include "clocks.h"
#include "element_chain.h"
#include "error_codes.h"
#include "gst_init.h"
#include "jitter_bypass.h"
#include "sdp_repair.h"

namespace framegate {
namespace {

// RFC 2435, 3.1: the size of pictures wider than 2040 pixels is in the description only.
bool LacksSize(std::string_view packet) {
  constexpr size_t kWidth = 6, kHeight = 7;
  const RtpPayload payload = PayloadOf(packet);
  if (payload.size <= kHeight) return false;
  return packet[payload.head + kWidth] == 0 || packet[payload.head + kHeight] == 0;
}

// Key pictures of 35 megapixels have some 10 MB.
constexpr size_t kMostPictureBytes = 32u << 20;
// How often the lag meter may ask the camera, and within what time a camera answers whose answers count.
constexpr int64_t kAskEveryNs = MsToNs(250);
constexpr int64_t kPromptNs = MsToNs(150);
constexpr auto kPackets = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

}  // namespace

Receiver::Receiver(const SourceOptions& options, Callbacks callbacks)
    : options_(options),
      callbacks_(std::move(callbacks)),
      front_(options.direct || options.tap ? std::make_unique<RtspFront>(options, FrontCallbacks(), &cpu_) : nullptr) {}

RtspFront::Callbacks Receiver::FrontCallbacks() {
  RtspFront::Callbacks callbacks;
  callbacks.on_error = callbacks_.on_error;
  callbacks.on_answer = [this](const RtspDialog::Answer& answer) { OnAnswer(answer); };
  if (!options_.tap) return callbacks;
  callbacks.on_play = [this](const RtspTracks& tracks) { OnPlay(tracks); };
  callbacks.on_packet = [this](int channel, std::string_view packet) { OnTapped(channel, packet); };
  return callbacks;
}

void Receiver::Open() {
  if (front_ && !front_->Start()) callbacks_.on_error(MakeError(error_code::kPipelineBuild, "no local port is free"));
}

void Receiver::Start() {
  if (options_.tap) return;  // MediaMTX begins the session.
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
  const bool relayed = !options_.relay_url.empty();
  const bool direct = front_ != nullptr;
  const std::string& url = relayed ? options_.relay_url : direct ? front_->client_url() : options_.url;
  const std::string& name = direct ? front_->client_name() : options_.user_agent;
  g_object_set(source_, "location", url.c_str(), "latency", static_cast<guint>(options_.latency_ms), "drop-on-latency",
               FALSE, "tcp-timeout", timeout_us, "timeout", timeout_us, "do-retransmission", FALSE, "teardown-timeout",
               static_cast<guint64>(MsToNs(100)), "user-agent", name.c_str(), nullptr);
  if (direct) g_object_set(source_, "do-rtsp-keep-alive", FALSE, nullptr);
  g_signal_connect(source_, "on-sdp", G_CALLBACK(&Receiver::OnSdp), this);
  g_signal_connect(source_, "select-stream", G_CALLBACK(&Receiver::OnSelectStream), this);
  g_signal_connect(source_, "new-manager", G_CALLBACK(&Receiver::OnManager), this);
  g_signal_connect(source_, "pad-added", G_CALLBACK(&Receiver::OnPadAdded), this);

  StartPipeline();
}

void Receiver::StartPipeline() {
  BusPtr bus(gst_element_get_bus(pipeline_));
  gst_bus_set_sync_handler(bus.get(), &Receiver::OnMessage, this, nullptr);
  if (gst_element_set_state(pipeline_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    callbacks_.on_error(MakeError(error_code::kPipelineBuild, "the receiving pipeline cannot start"));
  }
}

void Receiver::Stop() {
  cpu_.Close();                                // rtspsrc's thread and the front's end without leaving.
  if (front_ && options_.tap) front_->Stop();  // Its thread runs the chain, and is the one that makes it.
  if (!pipeline_) {
    if (front_) front_->Stop();
    return;
  }
  StopChain();
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  BusPtr bus(gst_element_get_bus(pipeline_));
  gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
  bus.reset();
  gst_object_unref(pipeline_);
  pipeline_ = nullptr;
  source_ = nullptr;
  tap_pad_.reset();
  if (front_) front_->Stop();
}

// Before the source: a sink that pauses holds rtspsrc's thread until it ends, and rtspsrc pauses only after its thread.
void Receiver::StopChain() {
  const std::lock_guard<std::mutex> lock(chain_mutex_);
  stopping_ = true;
  if (!sink_) return;
  gst_element_set_locked_state(sink_, TRUE);
  gst_element_set_state(sink_, GST_STATE_NULL);
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
  g_signal_connect(manager, "on-ssrc-active", G_CALLBACK(&Receiver::OnSsrcActive), self);
  g_signal_connect(manager, "pad-added", G_CALLBACK(&Receiver::OnManagerPad), self);
  if (static_cast<Receiver*>(self)->options_.latency_ms > 0) return;
  g_signal_connect(manager, "request-jitterbuffer", G_CALLBACK(&Receiver::OnJitterBuffer), self);
}

GstElement* Receiver::OnJitterBuffer(GstElement*, guint, gpointer) { return MakeJitterBypass(); }

void Receiver::OnSsrcActive(GstElement*, guint, guint, gpointer self) {
  static_cast<Receiver*>(self)->last_rtcp_ns_ = MonotonicNs();
}

void Receiver::OnManagerPad(GstElement*, GstPad* pad, gpointer self) {
  if (static_cast<Receiver*>(self)->over_udp() && g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_sink_")) {
    gst_pad_add_probe(pad, kPackets, &Receiver::OnReceived, self, nullptr);
  }
  if (!g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtcp_sink_")) return;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, &Receiver::OnRtcp, self, nullptr);
}

GstPadProbeReturn Receiver::OnRtcp(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  {
    const ReadMap packet(GST_PAD_PROBE_INFO_BUFFER(info));
    receiver->sender_clock_.Lock()->TakeRtcp(packet.data(), packet.size(), receiver->ssrc_, receiver->rtp_timestamp_);
  }
  return receiver->over_udp() ? receiver->packet_repair_.AdmitRtcp(info) : GST_PAD_PROBE_OK;
}

GstPadProbeReturn Receiver::OnReceived(GstPad*, GstPadProbeInfo* info, gpointer self) {
  return static_cast<Receiver*>(self)->packet_repair_.Admit(info);
}

void Receiver::OnSdp(GstElement*, void* sdp, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  receiver->cpu_.Enter();  // rtspsrc does not announce its thread.
  const auto* message = static_cast<const GstSDPMessage*>(sdp);
  if (const GStringPtr text(gst_sdp_message_as_text(message)); text) {
    receiver->packet_repair_.SetFormats(FormatsOf(text.get()));
  }
  receiver->Describe(message);
}

void Receiver::Describe(const GstSDPMessage* description) {
  Offer offer = OfferOf(description);
  if (!offer.error.empty()) return callbacks_.on_error(std::move(offer.error));
  callbacks_.on_stream(offer.info);
}

void Receiver::OnPlay(const RtspTracks& tracks) {
  if (!EnsureGstInit().empty()) return;  // The control thread reports it.
  GstSDPMessage* description = nullptr;
  gst_sdp_message_new(&description);
  const auto* text = reinterpret_cast<const guint8*>(tracks.description.data());
  gst_sdp_message_parse_buffer(text, static_cast<guint>(tracks.description.size()), description);
  track_ = VideoTrackOf(description, tracks.set_up);
  Describe(description);
  gst_sdp_message_free(description);
}

void Receiver::OnTapped(int channel, std::string_view packet) {
  if (track_.channel < 0 || channel / 2 != track_.channel / 2) return;
  if (channel != track_.channel) {
    const auto* report = reinterpret_cast<const uint8_t*>(packet.data());
    return sender_clock_.Lock()->TakeRtcp(report, packet.size(), ssrc_, rtp_timestamp_);
  }
  const int payload_type = packet[1] & 0x7f;
  if (!has_chain_) {
    const auto caps = track_.caps.find(payload_type);
    if (caps == track_.caps.end()) return;
    has_chain_ = true;
    payload_type_ = payload_type;
    AddTap(caps->second.get());
    if (codec_ == Codec::kMjpeg && LacksSize(packet)) {
      callbacks_.on_error(
          MakeError(error_code::kSourceStream, "MediaMTX cannot relay JPEGs whose packets lack the size"));
    }
  }
  if (payload_type != payload_type_ || !tap_pad_) return;
  const GstFlowReturn flow = gst_pad_push(tap_pad_.get(), gst_buffer_new_memdup(packet.data(), packet.size()));
  if (flow >= GST_FLOW_EOS || flow == GST_FLOW_FLUSHING) return;
  callbacks_.on_error(MakeError(error_code::kSourceStream, "the camera's stream cannot be read"));
}

void Receiver::AddTap(GstCaps* caps) {
  pipeline_ = gst_pipeline_new(nullptr);
  StartPipeline();
  GstPad* pad = gst_pad_new("tap", GST_PAD_SRC);
  gst_object_ref_sink(pad);
  tap_pad_.reset(pad);
  if (!AddChain(pad, gst_caps_get_structure(caps, 0))) {
    return callbacks_.on_error(MakeError(error_code::kPipelineBuild, "the receiving pipeline cannot be built"));
  }
  gst_pad_set_active(pad, TRUE);
  gst_pad_push_event(pad, gst_event_new_stream_start("framegate"));
  gst_pad_push_event(pad, gst_event_new_caps(caps));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(pad, gst_event_new_segment(&segment));
}

gboolean Receiver::OnSelectStream(GstElement*, guint, GstCaps* caps, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const char* media = gst_structure_get_string(structure, "media");
  if (!media || g_strcmp0(media, "video") != 0) return FALSE;
  if (receiver->has_selected_ || !ChainFor(structure)) return FALSE;  // No audio, no metadata, no second video.
  receiver->has_selected_ = true;
  return TRUE;
}

void Receiver::OnPadAdded(GstElement*, GstPad* pad, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  CapsPtr caps(gst_pad_get_current_caps(pad));
  if (!caps) caps.reset(gst_pad_query_caps(pad, nullptr));
  if (receiver->has_chain_ || gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get())) return;
  receiver->has_chain_ = true;
  const std::lock_guard<std::mutex> lock(receiver->chain_mutex_);
  if (receiver->stopping_) return;
  if (!receiver->AddChain(pad, gst_caps_get_structure(caps.get(), 0))) {
    receiver->callbacks_.on_error(MakeError(error_code::kPipelineBuild, "the receiving pipeline cannot be built"));
  }
}

bool Receiver::AddChain(GstPad* pad, const GstStructure* rtp_caps) {
  const CodecChain* chain = ChainFor(rtp_caps);
  if (!chain) return false;
  codec_ = chain->codec;
  int clock_rate_hz = 0;
  if (gst_structure_get_int(rtp_caps, "clock-rate", &clock_rate_hz) && clock_rate_hz > 0) {
    lag_meter_ = LagMeter(static_cast<uint32_t>(clock_rate_hz));
    picture_clock_ = PictureClock(static_cast<uint32_t>(clock_rate_hz));
    sender_clock_.Lock()->SetClockRate(static_cast<uint32_t>(clock_rate_hz));
  }
  std::vector<GstElement*> elements = {MakeElement(chain->depayloader), MakeElement("capsfilter")};
  if (!elements[0] || !elements[1]) return false;
  CapsPtr caps(gst_caps_from_string(chain->caps));
  g_object_set(elements[1], "caps", caps.get(), nullptr);
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
  sink_ = sink;
  PadPtr first(gst_element_get_static_pad(elements.front(), "sink"));
  gst_pad_add_probe(first.get(), kPackets, &Receiver::OnPacket, this, nullptr);
  return gst_pad_link(pad, first.get()) == GST_PAD_LINK_OK;
}

GstPadProbeReturn Receiver::OnPacket(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  if (receiver->repairs_packets() && !receiver->packet_repair_.passing()) {
    return receiver->packet_repair_.Pass(pad, info);
  }
  const int64_t now_ns = MonotonicNs();
  if (now_ns - receiver->last_packet_ns_ > MsToNs(1000)) receiver->packets_since_ns_ = now_ns;
  receiver->last_packet_ns_ = now_ns;
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    info->data = list;
    const guint length = gst_buffer_list_length(list);
    for (guint i = 0; i < length; ++i) receiver->CountPacket(gst_buffer_list_get_writable(list, i));
  } else {
    GstBuffer* packet = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    info->data = packet;
    receiver->CountPacket(packet);
  }
  return GST_PAD_PROBE_OK;
}

void Receiver::CountPacket(GstBuffer* packet) {
  uint8_t header[12];  // RFC 3550, 5.1.
  if (gst_buffer_extract(packet, 0, header, sizeof header) != sizeof header) return;
  rtp_timestamp_ = ReadUint32(header + 4);
  ssrc_ = ReadUint32(header + 8);
  GST_BUFFER_PTS(packet) = static_cast<GstClockTime>(picture_clock_.Count(rtp_timestamp_, last_packet_ns_));
  const size_t size = gst_buffer_get_size(packet);
  if (answered_.exchange(false)) TakeAnswer();
  lag_meter_.Count(rtp_timestamp_, size, last_packet_ns_);
  if (front_ && !over_udp() && last_packet_ns_ - asked_ns_ > kAskEveryNs && lag_meter_.TakeQuestion()) {
    asked_ns_ = last_packet_ns_;
    front_->KeepAliveSoon();
  }
  // The depayloader keeps a picture until its end.
  picture_bytes_ += size;
  if (picture_bytes_ > kMostPictureBytes) {
    picture_bytes_ = 0;
    callbacks_.on_error(MakeError(error_code::kSourceStream, "the camera sent 32 MB without completing a picture"));
  }
  const auto pts_ns = static_cast<int64_t>(GST_BUFFER_PTS(packet));
  if (pts_ns != newest_.pts_ns) before_ = newest_;
  newest_ = {pts_ns, lag_meter_.lag_ns(), lag_meter_.stream_ns(), rtp_timestamp_};
  Publish(newest_);
}

void Receiver::OnAnswer(const RtspDialog::Answer& answer) {
  *answer_.Lock() = answer;
  answered_ = true;
}

void Receiver::TakeAnswer() {
  const RtspDialog::Answer answer = *answer_.Lock();
  // If the camera takes its time to answer, that shows nothing about its packets.
  if (answer.quickest_ns > kPromptNs) return;
  for (const auto& [ssrc, timestamp, arrived_ns] : answer.last) {
    if (ssrc == ssrc_) return lag_meter_.Answered(timestamp, arrived_ns, answer.took_ns);
  }
}

void Receiver::Publish(const PictureTimes& times) {
  transport_lag_ns_ = times.transport_lag_ns;
  stream_ns_ = times.stream_ns;
  rtp_timestamp_ = times.rtp_timestamp;
}

GstFlowReturn Receiver::OnNewSample(GstAppSink* sink, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  SamplePtr sample(gst_app_sink_pull_sample(sink));
  if (sample && !receiver->stopping_) {
    const auto pts_ns = static_cast<int64_t>(GST_BUFFER_PTS(gst_sample_get_buffer(sample.get())));
    receiver->Publish(pts_ns == receiver->before_.pts_ns ? receiver->before_ : receiver->newest_);
    // The packets of a picture share one timestamp.
    const int64_t captured_at_us = receiver->sender_clock_.Lock()->AtUs(receiver->rtp_timestamp_);
    receiver->callbacks_.on_sample(receiver->codec_, std::move(sample), captured_at_us);
    receiver->Publish(receiver->newest_);
  }
  return GST_FLOW_OK;
}

// The thread that begins or ends posts the message itself.
void Receiver::CountThread(GstMessage* message) {
  GstStreamStatusType type = GST_STREAM_STATUS_TYPE_CREATE;
  gst_message_parse_stream_status(message, &type, nullptr);
  if (type == GST_STREAM_STATUS_TYPE_ENTER) cpu_.Enter();
  if (type == GST_STREAM_STATUS_TYPE_LEAVE) cpu_.Leave();
}

GstBusSyncReply Receiver::OnMessage(GstBus*, GstMessage* message, gpointer self) {
  auto* receiver = static_cast<Receiver*>(self);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_STREAM_STATUS) receiver->CountThread(message);
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
