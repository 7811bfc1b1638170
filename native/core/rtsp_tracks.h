// Which channels of an RTSP connection carry which medium of its description. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace framegate {

// A track that was set up.
struct RtspTrack {
  std::string uri;   // Of SETUP.
  int channel = -1;  // Of RTP; RTCP has the next one.
};

// What a session that plays was set up with.
struct RtspTracks {
  std::string description;
  std::vector<RtspTrack> set_up;
};

// The path of an address, without its leading slashes.
inline std::string_view PathOf(std::string_view address) {
  const size_t scheme = address.find("://");
  if (scheme != std::string_view::npos) {
    const size_t path = address.find_first_of("/?", scheme + 3);
    address.remove_prefix(path == std::string_view::npos ? address.size() : path);
  }
  const size_t begin = address.find_first_not_of('/');
  return begin == std::string_view::npos ? std::string_view() : address.substr(begin);
}

// For each medium of the description its channel; -1: it was not set up. controls: the a=control of each medium.
// Clients set tracks up under addresses that end with the control. Tracks whose address fits no medium count in order.
inline std::vector<int> ChannelsOf(const std::vector<std::string>& controls, const std::vector<RtspTrack>& set_up) {
  std::vector<int> channels(controls.size(), -1);
  for (const RtspTrack& track : set_up) {
    const std::string_view address = PathOf(track.uri);
    size_t found = controls.size();
    size_t longest = 0;
    for (size_t i = 0; i < controls.size(); ++i) {
      const std::string_view control = PathOf(controls[i]);
      const bool fits = control.size() <= address.size() && address.substr(address.size() - control.size()) == control;
      if (channels[i] >= 0 || (found < controls.size() && (!fits || control.size() <= longest))) continue;
      found = i;
      longest = fits ? control.size() : 0;
    }
    if (found < controls.size()) channels[found] = track.channel;
  }
  return channels;
}

}  // namespace framegate
