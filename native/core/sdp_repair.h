// Changes a camera's description where rtspsrc 1.22 or MediaMTX would refuse what other players accept, and removes
// tracks that are switched off. Pure.
#pragma once

#include <string>
#include <string_view>

#include "rtp_repair.h"

namespace framegate {

// url: of the whole presentation; tracks without an address of their own get it. over_tcp: packets come over the RTSP
// connection, so multicast addresses mean nothing.
std::string RepairSdp(std::string_view sdp, const std::string& url, bool over_tcp);

// The payload types of a camera's description, which need not be repaired. If it names none, all are known.
RtpFormats FormatsOf(std::string_view sdp);

}  // namespace framegate
