// Makes what other players accept of a camera's RTP packets into what rtspsrc 1.22 and MediaMTX expect: one sender,
// numbers and timestamps that go on, units without start codes, no packets that are empty, malformed or foreign. One
// for each channel. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "clocks.h"
#include "rtp_continuity.h"
#include "rtp_payload.h"
#include "rtp_times.h"

namespace framegate {

// Of a payload type.
struct RtpFormat {
  RtpCodec codec = RtpCodec::kOther;
  uint32_t clock_rate_hz = 90000;
  int client_type = -1;  // Under which the client knows it; -1: not at all.
};
using RtpFormats = std::array<RtpFormat, 128>;

class RtpRepair {
 public:
  // Calls emit for each packet that the client gets for one of the camera's. These must be in order.
  void Take(std::string_view packet, const RtpFormats& formats, int64_t now_ns,
            const std::function<void(std::string_view)>& emit);

  // The same for a compound RTCP packet. Goodbyes (BYE) do not pass: some cameras go on, and the client would not.
  // "": nothing is left.
  std::string TakeRtcp(std::string_view packet) const;

 private:
  RtpContinuity continuity_;
  RtpTimes times_;
  UnitSplitter splitter_;
  std::string sent_;
};

// Where the payload of a packet is. size is 0 if there is none; head is 0 if the packet is malformed.
struct RtpPayload {
  size_t head = 0, size = 0;
};
RtpPayload PayloadOf(std::string_view packet);

// If no video comes for so long after a goodbye, it was meant.
constexpr int64_t kGoodbyeNs = MsToNs(1000);
// Whether one of the packets in a compound RTCP packet is a BYE (RFC 3550, 6.6).
bool HasBye(std::string_view packet);
std::string WithoutBye(std::string_view packet);

}  // namespace framegate
