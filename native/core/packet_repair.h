// RtpRepair for packets that GStreamer gets as the camera sent them: over UDP, or from a MediaMTX that connects to the
// camera itself.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <optional>

#include "rtp_repair.h"

namespace framegate {

class PacketRepair {
 public:
  // Of the description that rtspsrc has. Before the first packet.
  void SetFormats(const RtpFormats& formats) { formats_ = formats; }

  // For a probe in front of the jitter buffer, where packets may be out of order. Malformed packets and those of other
  // senders are dropped, because rtspsrc would end the session. Those of other payload types that take the next number
  // become empty packets of the video, which Pass() drops with their numbers. Repeated numbers are dropped, because
  // rtpbin never accepts a sender that begins with them.
  GstPadProbeReturn Admit(GstPadProbeInfo* info);

  // The same for RTCP: goodbyes (BYE) are dropped.
  GstPadProbeReturn AdmitRtcp(GstPadProbeInfo* info);
  // When the last goodbye came, monotonic; 0: none has.
  int64_t goodbye_ns() const { return goodbye_ns_; }

  // For a probe in front of the depayloader: sends the repaired packets to the pad, whose probes see them while
  // passing().
  GstPadProbeReturn Pass(GstPad* pad, GstPadProbeInfo* info);
  bool passing() const { return passing_; }

 private:
  bool AdmitPacket(GstBuffer** packet);
  void PassPacket(GstPad* pad, GstBuffer* packet);

  std::atomic<int64_t> goodbye_ns_{0};
  RtpFormats formats_ = {};
  RtpContinuity sender_;
  std::optional<uint16_t> last_;  // The number of the last packet that was admitted.
  RtpRepair repair_;
  bool passing_ = false;
};

}  // namespace framegate
