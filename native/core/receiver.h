// One RTSP session that delivers access units: rtspsrc ! depayloader or, if MediaMTX pulls the camera through this
// process, the packets on their way to MediaMTX ! depayloader. It is not reusable: to retry, create another.
#pragma once

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "access_unit.h"
#include "cpu_account.h"
#include "gst_ptr.h"
#include "guarded.h"
#include "lag_meter.h"
#include "packet_repair.h"
#include "picture_clock.h"
#include "pipeline_error.h"
#include "rtsp_front.h"
#include "sender_clock.h"
#include "stream_types.h"
#include "video_track.h"

namespace framegate {

class Receiver {
 public:
  struct Callbacks {
    // Streaming thread. captured_at_us is kUnknownTime if the camera sends no RTCP sender reports.
    std::function<void(Codec, SamplePtr, int64_t captured_at_us)> on_sample;
    std::function<void(StreamInfo)> on_stream;    // The same thread, or rtspsrc's.
    std::function<void(PipelineError)> on_error;  // Any thread, possibly several times.
  };

  Receiver(const SourceOptions& options, Callbacks callbacks);
  ~Receiver() { Stop(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // Returns at once; if it fails, it calls on_error. Call it before Start(). With options.tap, the session begins when
  // MediaMTX pulls.
  void Open();

  // The same. Has nothing to do with options.tap.
  void Start();

  // Blocks for at most teardown-timeout (100 ms). Idempotent. No callback runs after it.
  void Stop();

  // From where MediaMTX is to pull the camera, after Open(); empty if it failed, or without options.tap.
  std::string front_url() const { return front_ && options_.tap ? front_->client_url() : ""; }

  // Sends an empty GET_PARAMETER, so that MediaMTX keeps the session alive.
  void KeepAlive();

  // Of the newest packet, or during on_sample of the sample's picture; see LagMeter.
  int64_t transport_lag_ns() const { return transport_lag_ns_; }
  int64_t stream_ns() const { return stream_ns_; }

  // Asks the camera for a sign of life, if this process has the connection to it.
  bool can_ask() const { return front_ != nullptr; }
  void AskForLife() {
    if (front_) front_->KeepAliveSoon();
  }

  // When the camera last answered a keep-alive or sent RTCP, monotonic; 0: not yet, or MediaMTX has the connection.
  int64_t last_sign_of_life_ns() const {
    if (!front_) return 0;
    return std::max(front_->last_sign_of_life_ns(), last_rtcp_ns_.load());
  }

  // The same.
  uint32_t rtp_timestamp() const { return rtp_timestamp_; }

  // Of the threads that receive, in this session.
  int64_t cpu_ns() const { return cpu_.TotalNs(); }

  // When the last video packet arrived, monotonic; 0 before the first.
  int64_t last_packet_ns() const { return last_packet_ns_; }

  // When the camera said goodbye (RTCP BYE) over UDP, monotonic; 0 if it did not, or if video came after it.
  int64_t left_ns() const {
    const int64_t goodbye_ns = packet_repair_.goodbye_ns();
    return goodbye_ns > last_packet_ns_ ? goodbye_ns : 0;
  }

  // What arrives from now on is of the next picture. A picture of more than 32 MB is an error.
  void PictureEnded() { picture_bytes_ = 0; }

  // Since when packets arrive without a pause of a second; 0 before the first.
  int64_t packets_since_ns() const { return packets_since_ns_; }

 private:
  RtspFront::Callbacks FrontCallbacks();
  void StartPipeline();
  void Describe(const GstSDPMessage* description);
  // The front's thread.
  void OnPlay(const RtspTracks& tracks);
  void OnTapped(int channel, std::string_view packet);
  void OnAnswer(const RtspDialog::Answer& answer);
  void AddTap(GstCaps* caps);
  static void OnSdp(GstElement*, void* sdp, gpointer self);
  static gboolean OnSelectStream(GstElement*, guint number, GstCaps* caps, gpointer self);
  static void OnPadAdded(GstElement*, GstPad* pad, gpointer self);
  static void OnManager(GstElement*, GstElement* manager, gpointer self);
  static GstElement* OnJitterBuffer(GstElement*, guint session, gpointer self);
  static void OnSsrcActive(GstElement*, guint session, guint ssrc, gpointer self);
  static void OnManagerPad(GstElement*, GstPad* pad, gpointer self);
  static GstPadProbeReturn OnRtcp(GstPad*, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn OnReceived(GstPad*, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn OnPacket(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void CountPacket(GstBuffer* packet);
  void TakeAnswer();
  // What is known of the picture that a packet belongs to.
  struct PictureTimes {
    int64_t pts_ns = -1, transport_lag_ns = 0, stream_ns = 0;
    uint32_t rtp_timestamp = 0;
  };
  void Publish(const PictureTimes& times);
  // RtspFront does not see the packets.
  bool repairs_packets() const { return !front_ || options_.transport == "udp"; }
  bool over_udp() const { return front_ && options_.transport == "udp"; }
  static GstFlowReturn OnNewSample(GstAppSink* sink, gpointer self);
  static GstBusSyncReply OnMessage(GstBus*, GstMessage* message, gpointer self);
  void CountThread(GstMessage* message);
  bool AddChain(GstPad* pad, const GstStructure* rtp_caps);
  void StopChain();

  static constexpr uint32_t kVideoClockRateHz = 90000;  // All video except MPEG-4: RFC 6184, 7798, 2435, 7741, 9628.

  const SourceOptions options_;
  const Callbacks callbacks_;
  CpuAccount cpu_;
  const std::unique_ptr<RtspFront>
      front_;                       // To the camera, for rtspsrc or MediaMTX; null: MediaMTX pulls the camera itself.
  GstElement* pipeline_ = nullptr;  // (transfer full)
  GstElement* source_ = nullptr;    // Owned by pipeline_.
  std::mutex chain_mutex_;          // Guards sink_, and the building of the chain against Stop().
  GstElement* sink_ = nullptr;      // Owned by pipeline_.
  Codec codec_ = Codec::kH264;      // Of the chain.
  bool has_chain_ = false;
  bool has_selected_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> last_packet_ns_{0};
  std::atomic<int64_t> packets_since_ns_{0};
  std::atomic<int64_t> last_rtcp_ns_{0};
  std::atomic<int64_t> transport_lag_ns_{0};
  std::atomic<uint32_t> rtp_timestamp_{0}, ssrc_{0};
  std::atomic<int64_t> stream_ns_{0};
  std::atomic<size_t> picture_bytes_{0};  // That have arrived since the last picture, with packet headers.
  Guarded<SenderClock> sender_clock_;
  std::atomic<bool> answered_{false};
  Guarded<RtspDialog::Answer> answer_;  // The last, if answered_.
  PacketRepair packet_repair_;
  // Streaming thread only.
  LagMeter lag_meter_{kVideoClockRateHz};
  int64_t asked_ns_ = 0;  // For the lag meter, last.
  PictureClock picture_clock_{kVideoClockRateHz};
  VideoTrack track_;              // The tapped one.
  PadPtr tap_pad_;                // In front of its chain.
  int payload_type_ = -1;         // Of its chain.
  PictureTimes newest_, before_;  // Without a marker, a picture ends only when the next one begins.
};

}  // namespace framegate
