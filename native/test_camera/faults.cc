// Probes at the payloader change packets; the server's pre-request signals change responses.
#include "faults.h"

#include <gst/rtp/gstrtpbuffer.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace {

constexpr const char* kMethods[] = {"options", "describe", "setup", "play", "get-parameter", "set-parameter"};
constexpr guint kTickMs = 250;
constexpr uint32_t kClockRateHz = 90000;  // H.264, H.265 and MJPEG.

bool Number(const std::string& text, double least, double most, double* out) {
  char* end = nullptr;
  *out = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && *out >= least && *out <= most;
}

bool IsMethod(const std::string& name) {
  return std::any_of(std::begin(kMethods), std::end(kMethods), [&](const char* m) { return name == m; });
}

}  // namespace

Faults::Faults() = default;

Faults::~Faults() {
  if (tick_ != 0) g_source_remove(tick_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  Clear();
}

void Faults::Watch(GstRTSPServer* server) {
  server_ = server;
  g_signal_connect(server, "client-connected", G_CALLBACK(OnConnected), this);
  tick_ = g_timeout_add(kTickMs, OnTick, this);
}

template <int kMethod>
GstRTSPStatusCode Faults::OnMethod(GstRTSPClient* client, GstRTSPContext*, gpointer self) {
  return static_cast<Faults*>(self)->OnRequest(client, kMethods[kMethod]);
}

void Faults::OnConnected(GstRTSPServer*, GstRTSPClient* client, gpointer self) {
  g_signal_connect(client, "pre-options-request", G_CALLBACK(OnMethod<0>), self);
  g_signal_connect(client, "pre-describe-request", G_CALLBACK(OnMethod<1>), self);
  g_signal_connect(client, "pre-setup-request", G_CALLBACK(OnMethod<2>), self);
  g_signal_connect(client, "pre-play-request", G_CALLBACK(OnMethod<3>), self);
  g_signal_connect(client, "pre-get-parameter-request", G_CALLBACK(OnMethod<4>), self);
  g_signal_connect(client, "pre-set-parameter-request", G_CALLBACK(OnMethod<5>), self);
  g_signal_connect(client, "send-message", G_CALLBACK(OnSend), self);
  g_signal_connect(client, "closed", G_CALLBACK(OnClosed), self);
  auto* faults = static_cast<Faults*>(self);
  std::lock_guard<std::mutex> lock(faults->mutex_);
  faults->last_request_us_[client] = g_get_monotonic_time();
}

void Faults::OnClosed(GstRTSPClient* client, gpointer self) {
  auto* faults = static_cast<Faults*>(self);
  std::lock_guard<std::mutex> lock(faults->mutex_);
  faults->last_request_us_.erase(client);
  faults->changed_.notify_all();
}

GstRTSPStatusCode Faults::OnRequest(GstRTSPClient* client, const std::string& method) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto last_request = last_request_us_.find(client);
  if (last_request != last_request_us_.end()) last_request->second = g_get_monotonic_time();
  // Limited, because this thread hangs here and cannot notice that its client is gone.
  changed_.wait_for(lock, std::chrono::seconds(120), [&] { return ending_ || !requests_.hang[method]; });
  const auto status = requests_.status.find(method);
  return status == requests_.status.end() ? GST_RTSP_STS_OK : static_cast<GstRTSPStatusCode>(status->second);
}

void Faults::OnSend(GstRTSPClient*, GstRTSPContext*, GstRTSPMessage* message, gpointer self) {
  auto* faults = static_cast<Faults*>(self);
  GstRTSPStatusCode code;
  if (message == nullptr || gst_rtsp_message_get_type(message) != GST_RTSP_MESSAGE_RESPONSE) return;
  if (gst_rtsp_message_parse_response(message, &code, nullptr, nullptr) != GST_RTSP_OK) return;
  std::lock_guard<std::mutex> lock(faults->mutex_);
  if (code != GST_RTSP_STS_MOVE_TEMPORARILY || faults->requests_.location.empty()) return;
  gst_rtsp_message_add_header(message, GST_RTSP_HDR_LOCATION, faults->requests_.location.c_str());
}

gboolean Faults::OnTick(gpointer self) {
  auto* faults = static_cast<Faults*>(self);
  std::vector<GstRTSPClient*> idle;
  {
    std::lock_guard<std::mutex> lock(faults->mutex_);
    const int64_t limit_us = faults->requests_.keep_alive_s * int64_t{1000000};
    if (limit_us == 0) return G_SOURCE_CONTINUE;
    const int64_t now = g_get_monotonic_time();
    for (const auto& [client, last_request] : faults->last_request_us_) {
      if (now - last_request > limit_us) idle.push_back(GST_RTSP_CLIENT(g_object_ref(client)));
    }
  }
  for (GstRTSPClient* client : idle) {
    gst_rtsp_client_close(client);
    g_object_unref(client);
  }
  return G_SOURCE_CONTINUE;
}

void Faults::Watch(GstElement* payloader) {
  GstPad* sink = gst_element_get_static_pad(payloader, "sink");
  GstPad* src = gst_element_get_static_pad(payloader, "src");
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, OnAccessUnit, this, nullptr);
  const int mask = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST;
  gst_pad_add_probe(src, static_cast<GstPadProbeType>(mask), OnPackets, this, nullptr);
  gst_object_unref(sink);
  gst_object_unref(src);
}

bool Faults::Happens(double share) {
  return share > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < share;
}

GstPadProbeReturn Faults::OnAccessUnit(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* faults = static_cast<Faults*>(self);
  std::lock_guard<std::mutex> lock(faults->mutex_);
  if (faults->Happens(faults->stream_.drop_frames)) return GST_PAD_PROBE_DROP;
  if (faults->Happens(faults->stream_.truncate)) {
    GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    gst_buffer_set_size(buffer, static_cast<gssize>(gst_buffer_get_size(buffer) / 2));
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Faults::OnPackets(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto* faults = static_cast<Faults*>(self);
  bool bye;
  {
    std::lock_guard<std::mutex> lock(faults->mutex_);
    bye = faults->bye_;
    faults->bye_ = false;
  }
  if (bye) {  // The server's RTP session sends BYE at the end of its stream.
    gst_pad_push_event(pad, gst_event_new_eos());
    return GST_PAD_PROBE_DROP;
  }
  std::lock_guard<std::mutex> lock(faults->mutex_);
  if (faults->stream_.silence) return GST_PAD_PROBE_DROP;
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    GstBufferList* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    gst_buffer_list_foreach(list, OnPacket, self);
    GST_PAD_PROBE_INFO_DATA(info) = list;
    return gst_buffer_list_length(list) > 0 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }
  if (faults->Lost()) return GST_PAD_PROBE_DROP;
  GstBuffer* packet = GST_PAD_PROBE_INFO_BUFFER(info);
  faults->Rewrite(&packet);
  GST_PAD_PROBE_INFO_DATA(info) = packet;
  return GST_PAD_PROBE_OK;
}

gboolean Faults::OnPacket(GstBuffer** packet, guint, gpointer self) {
  auto* faults = static_cast<Faults*>(self);
  if (faults->Lost()) {
    gst_buffer_unref(*packet);
    *packet = nullptr;
  } else {
    faults->Rewrite(packet);
  }
  return TRUE;
}

bool Faults::Lost() {
  if (burst_left_ > 0) {
    --burst_left_;
    return true;
  }
  if (!Happens(stream_.loss / stream_.burst)) return false;
  burst_left_ = stream_.burst - 1;
  return true;
}

void Faults::Rewrite(GstBuffer** packet) {
  if (ssrc_change_ == 0 && seq_change_ == 0 && timestamp_change_ == 0 && !drifts_) return;
  *packet = gst_buffer_make_writable(*packet);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(*packet, GST_MAP_READWRITE, &rtp)) return;
  uint32_t timestamp = gst_rtp_buffer_get_timestamp(&rtp);
  if (drifts_) {
    if (drift_from_ == 0) drift_from_ = timestamp;
    timestamp += static_cast<uint32_t>(static_cast<int64_t>((timestamp - drift_from_) * drift_));
  }
  gst_rtp_buffer_set_timestamp(&rtp, timestamp + timestamp_change_);
  gst_rtp_buffer_set_ssrc(&rtp, gst_rtp_buffer_get_ssrc(&rtp) ^ ssrc_change_);
  gst_rtp_buffer_set_seq(&rtp, static_cast<guint16>(gst_rtp_buffer_get_seq(&rtp) + seq_change_));
  gst_rtp_buffer_unmap(&rtp);
}

// So that a hanging client does not block later ones. Not from the start, because libgstrtspserver 1.22 sometimes
// answers 503 if two threads end and start the same media.
void Faults::ThreadForEachClient() {
  GstRTSPThreadPool* pool = gst_rtsp_server_get_thread_pool(server_);
  gst_rtsp_thread_pool_set_max_threads(pool, -1);
  g_object_unref(pool);
}

void Faults::Disconnect(bool reset) {
  const auto end = [](GstRTSPServer*, GstRTSPClient* client, gpointer reset) -> GstRTSPFilterResult {
    GstRTSPConnection* connection = gst_rtsp_client_get_connection(client);
    if (*static_cast<bool*>(reset) && connection != nullptr) {
      const linger at_once = {1, 0};
      const int fd = g_socket_get_fd(gst_rtsp_connection_get_read_socket(connection));
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    return GST_RTSP_FILTER_REMOVE;
  };
  g_list_free_full(gst_rtsp_server_client_filter(server_, end, &reset), g_object_unref);
}

std::string Faults::Set(const std::vector<std::string>& words) {
  const std::string name = words.empty() ? "" : words[0];
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
  double a = 0, b = 1;
  bool disconnect = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (name == "loss" && Number(word(1), 0, 100, &a) && (words.size() < 3 || Number(word(2), 1, 1000, &b))) {
      stream_.loss = a / 100;
      stream_.burst = static_cast<int>(b);
    } else if (name == "drop-frames" && Number(word(1), 0, 100, &a)) {
      stream_.drop_frames = a / 100;
    } else if (name == "truncate" && Number(word(1), 0, 100, &a)) {
      stream_.truncate = a / 100;
    } else if (name == "silence") {
      stream_.silence = true;
    } else if (name == "half-open") {
      stream_.silence = true;
      for (const char* method : kMethods) requests_.hang[method] = true;
      ThreadForEachClient();
    } else if (name == "hang" && IsMethod(word(1))) {
      requests_.hang[word(1)] = true;
      ThreadForEachClient();
    } else if (name == "status" && IsMethod(word(1)) && Number(word(2), 300, 599, &a)) {
      requests_.status[word(1)] = static_cast<int>(a);
    } else if (name == "redirect" && word(1).rfind("rtsp://", 0) == 0) {
      requests_.status["describe"] = GST_RTSP_STS_MOVE_TEMPORARILY;
      requests_.location = word(1);
    } else if (name == "keep-alive" && Number(word(1), 1, 3600, &a)) {
      requests_.keep_alive_s = static_cast<int>(a);
    } else if (name == "bye") {
      bye_ = true;
    } else if (name == "jump" && Number(word(1), -1e9, 1e9, &a)) {
      timestamp_change_ += static_cast<uint32_t>(static_cast<int64_t>(a * kClockRateHz / 1000));
    } else if (name == "drift" && Number(word(1), -100000, 100000, &a)) {
      drifts_ = a != 0;
      drift_from_ = 0;
      drift_ = a / 1e6;
    } else if (name == "ssrc") {
      ssrc_change_ += 0x01234567;
      seq_change_ = static_cast<uint16_t>(seq_change_ + 12345);
    } else if (name == "fin" || name == "rst") {
      disconnect = true;
    } else {
      return "fault: expected loss PERCENT [BURST], drop-frames PERCENT, truncate PERCENT, silence, half-open, "
             "hang METHOD, status METHOD CODE, redirect URL, keep-alive SECONDS, bye, jump MS, drift PPM, ssrc, fin "
             "or rst.";
    }
  }
  if (disconnect) Disconnect(name == "rst");
  return "";
}

void Faults::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  stream_ = Stream();
  requests_ = Requests();
  burst_left_ = 0;
  changed_.notify_all();
}
