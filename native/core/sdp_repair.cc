// See the header.
#include "sdp_repair.h"

#include <glib.h>

#include <algorithm>
#include <cstdlib>

namespace framegate {
namespace {

bool BeginsWith(std::string_view text, std::string_view part) { return text.substr(0, part.size()) == part; }

// Where word number `index` of a line begins and ends.
std::string_view Word(std::string_view line, int index) {
  size_t begin = 0;
  for (int i = 0; i < index && begin != std::string_view::npos; ++i) {
    begin = line.find_first_not_of(' ', line.find(' ', begin));
  }
  if (begin >= line.size()) return {};
  return line.substr(begin, line.find(' ', begin) - begin);
}

// "m=video 0 TCP/RTP/AVP 96": rtspsrc takes the profiles of RFC 3551, 3711 and 4585 only.
std::string WithKnownProfile(std::string_view line) {
  const std::string_view profile = Word(line, 2);
  for (const char* known : {"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"}) {
    if (profile == known) return std::string(line);
  }
  if (profile.find("AVP") == std::string_view::npos) return std::string(line);
  return std::string(line).replace(static_cast<size_t>(profile.data() - line.data()), profile.size(), "RTP/AVP");
}

// "c=IN IP4 239.1.2.3/127": rtspsrc would want UDP.
bool IsMulticast(std::string_view line) {
  const std::string address(Word(line, 2));
  const int first = std::atoi(address.c_str());
  return (first >= 224 && first <= 239) || g_ascii_strncasecmp(address.c_str(), "ff", 2) == 0;
}

}  // namespace

std::string RepairSdp(std::string_view sdp, const std::string& url, bool over_tcp) {
  std::string repaired;
  bool changed = false, in_medium = false, has_control = false;
  const auto add = [&](std::string_view line) { repaired.append(line).append("\r\n"); };
  const auto end_medium = [&] {
    if (!in_medium || has_control) return;
    add("a=control:" + url);
    changed = true;
  };
  for (std::string_view rest = sdp; !rest.empty();) {
    const size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    if (BeginsWith(line, "m=")) {
      end_medium();
      in_medium = true;
      has_control = false;
      const std::string known = WithKnownProfile(line);
      changed = changed || known != line;
      add(known);
    } else if (in_medium && BeginsWith(line, "a=control:")) {
      const bool whole = Word(line.substr(line.find(':') + 1), 0) == "*";
      has_control = has_control || !whole;
      if (!whole) add(line);
    } else if (over_tcp && BeginsWith(line, "c=") && IsMulticast(line)) {
      add("c=IN IP4 0.0.0.0");
      changed = true;
    } else {
      add(line);
    }
  }
  end_medium();
  return changed ? repaired : std::string(sdp);
}

}  // namespace framegate
