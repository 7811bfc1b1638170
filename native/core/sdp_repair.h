// Changes a camera's description where rtspsrc 1.22 would refuse what other players accept. Pure.
#pragma once

#include <string>
#include <string_view>

namespace framegate {

// url: of the whole presentation; tracks without an address of their own get it. over_tcp: packets come over the RTSP
// connection, so multicast addresses mean nothing.
std::string RepairSdp(std::string_view sdp, const std::string& url, bool over_tcp);

}  // namespace framegate
