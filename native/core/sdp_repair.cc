// See the header.
#include "sdp_repair.h"

#include <glib.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "rtsp_message.h"

namespace framegate {
namespace {

using Lines = std::vector<std::string>;

constexpr char kSpaces[] = " \t";
constexpr int kMostHz = 1'000'000'000;
constexpr int kFirstDynamicType = 96;  // RFC 3551, 3.

bool BeginsWith(std::string_view text, std::string_view part) { return text.substr(0, part.size()) == part; }

// Word number `index` of a line.
std::string_view Word(std::string_view line, int index) {
  size_t begin = 0;
  for (int i = 0; i < index && begin != std::string_view::npos; ++i) {
    begin = line.find_first_not_of(' ', line.find(' ', begin));
  }
  if (begin >= line.size()) return {};
  return line.substr(begin, line.find(' ', begin) - begin);
}

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
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

// An attribute of a payload type, as in "a=rtpmap:96 H264/90000"; type is -1 if the line is no such attribute.
struct TypeAttribute {
  int type = -1;
  std::string_view value;
};

TypeAttribute AttributeOf(std::string_view line, std::string_view name) {
  if (!BeginsWith(line, name)) return {};
  const std::string_view text = Trimmed(line.substr(name.size()));
  const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  return {DecimalOr(text.substr(0, end), 127, -1), Trimmed(text.substr(end))};
}

TypeAttribute RtpmapOf(std::string_view line) { return AttributeOf(line, "a=rtpmap:"); }
TypeAttribute FmtpOf(std::string_view line) { return AttributeOf(line, "a=fmtp:"); }

std::string Rtpmap(int type, const std::string& value) { return "a=rtpmap:" + std::to_string(type) + " " + value; }

std::string CodecName(std::string_view name) {
  constexpr std::pair<const char*, const char*> kNames[] = {
      {"H264", "H264"},  {"AVC", "H264"},  {"H.264", "H264"}, {"H265", "H265"}, {"HEVC", "H265"},
      {"H.265", "H265"}, {"JPEG", "JPEG"}, {"VP8", "VP8"},    {"VP9", "VP9"},   {"MP4V-ES", "MP4V-ES"},
  };
  for (const auto& [spelling, known] : kNames) {
    if (g_ascii_strcasecmp(std::string(name).c_str(), spelling) == 0) return known;
  }
  return "";
}

// "96 H264", "96 h264/0/1": the clock of all known codecs except MPEG-4 counts 90,000 times a second.
std::string WithClockRate(const std::string& line) {
  const TypeAttribute rtpmap = RtpmapOf(line);
  const size_t slash = std::min(rtpmap.value.find('/'), rtpmap.value.size());
  const std::string name = CodecName(Trimmed(rtpmap.value.substr(0, slash)));
  if (rtpmap.type < 0 || name.empty()) return line;
  const std::string_view rate = rtpmap.value.substr(std::min(slash + 1, rtpmap.value.size()));
  const bool own_rate = name == "MP4V-ES" && DecimalOr(rate, kMostHz, 0) > 0;
  const std::string good = Rtpmap(rtpmap.type, name + "/" + (own_rate ? std::string(rate) : "90000"));
  return g_ascii_strcasecmp(line.c_str(), good.c_str()) == 0 ? line : good;
}

std::vector<int> TypesOf(std::string_view media_line) {
  std::vector<int> types;
  for (int i = 3; !Word(media_line, i).empty(); ++i) {
    const int type = DecimalOr(Word(media_line, i), 127, -1);
    if (type >= 0) types.push_back(type);
  }
  return types;
}

// The codec that format parameters belong to.
std::string CodecOfParameters(std::string_view fmtp) {
  const auto has = [fmtp](const char* name) { return fmtp.find(name) != std::string_view::npos; };
  if (has("sprop-sps") || has("sprop-vps")) return "H265";
  return has("sprop-parameter-sets") || has("packetization-mode") ? "H264" : "";
}

// The only payload type of the media line, if no rtpmap names it; -1: none.
int UnnamedType(const Lines& medium) {
  const std::vector<int> types = TypesOf(medium[0]);
  if (types.size() != 1 || types[0] < kFirstDynamicType) return -1;
  const auto names_it = [&](const std::string& line) { return RtpmapOf(line).type == types[0]; };
  return std::any_of(medium.begin(), medium.end(), names_it) ? -1 : types[0];
}

// The payload type of the only rtpmap; -1: there is another number of them.
int OnlyMappedType(const Lines& medium) {
  int found = -1, count = 0;
  for (const std::string& line : medium) {
    if (!BeginsWith(line, "a=rtpmap:")) continue;
    found = RtpmapOf(line).type;
    ++count;
  }
  return count == 1 ? found : -1;
}

// Gives the only payload type of a video its codec if the description names another type, or none.
void NameType(Lines* medium) {
  const int type = UnnamedType(*medium);
  if (type < 0) return;
  const int other = OnlyMappedType(*medium);
  for (std::string& line : *medium) {
    const TypeAttribute fmtp = FmtpOf(line);
    if (other >= 0 && fmtp.type == other) line = "a=fmtp:" + std::to_string(type) + " " + std::string(fmtp.value);
    const TypeAttribute rtpmap = RtpmapOf(line);
    if (other >= 0 && rtpmap.type == other) line = Rtpmap(type, std::string(rtpmap.value));
  }
  const auto is_map = [](const std::string& line) { return BeginsWith(line, "a=rtpmap:"); };
  if (std::any_of(medium->begin(), medium->end(), is_map)) return;
  std::string codec;
  for (const std::string& line : *medium) {
    if (codec.empty() && BeginsWith(line, "a=fmtp:")) codec = CodecOfParameters(line);
  }
  if (!codec.empty()) medium->insert(medium->begin() + 1, Rtpmap(type, codec + "/90000"));
}

void RepairFormats(Lines* medium) {
  if (!BeginsWith((*medium)[0], "m=video")) return;
  for (std::string& line : *medium) line = WithClockRate(line);
  NameType(medium);
}

// The lines before the first medium, and those of each medium.
std::vector<Lines> PartsOf(std::string_view sdp) {
  std::vector<Lines> parts(1);
  for (std::string_view rest = sdp; !rest.empty();) {
    const size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    if (BeginsWith(line, "m=")) parts.emplace_back();
    parts.back().emplace_back(line);
  }
  return parts;
}

// Whether the track gets the address of the presentation.
bool LacksControl(Lines* medium) {
  const auto is_control = [](const std::string& line) { return BeginsWith(line, "a=control:"); };
  const auto is_whole = [&](const std::string& line) {
    return is_control(line) && Word(std::string_view(line).substr(line.find(':') + 1), 0) == "*";
  };
  medium->erase(std::remove_if(medium->begin(), medium->end(), is_whole), medium->end());
  return std::none_of(medium->begin(), medium->end(), is_control);
}

bool IsInactive(const Lines& medium) { return std::count(medium.begin(), medium.end(), "a=inactive") > 0; }

// Some cameras refuse SETUP of a track that is switched off, or send nothing for it. Nothing is removed if no other
// video is left. True: the parts have changed.
bool RemoveInactive(std::vector<Lines>* parts) {
  const auto first = parts->begin() + 1;
  const auto is_active_video = [](const Lines& part) { return BeginsWith(part[0], "m=video") && !IsInactive(part); };
  if (std::none_of(first, parts->end(), is_active_video)) return false;
  const auto end = std::remove_if(first, parts->end(), IsInactive);
  const bool changed = end != parts->end();
  parts->erase(end, parts->end());
  return changed;
}

}  // namespace

std::string RepairSdp(std::string_view sdp, const std::string& url, bool over_tcp) {
  std::vector<Lines> parts = PartsOf(sdp);
  std::string repaired;
  bool changed = RemoveInactive(&parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    Lines lines = parts[i];
    for (std::string& line : lines) {
      if (over_tcp && BeginsWith(line, "c=") && IsMulticast(line)) line = "c=IN IP4 0.0.0.0";
    }
    if (i > 0) {
      lines[0] = WithKnownProfile(lines[0]);
      if (LacksControl(&lines)) lines.push_back("a=control:" + url);
      RepairFormats(&lines);
    }
    changed = changed || lines != parts[i];
    for (const std::string& line : lines) repaired.append(line).append("\r\n");
  }
  return changed ? repaired : std::string(sdp);
}

RtpFormats FormatsOf(std::string_view sdp) {
  RtpFormats formats;
  bool known = false;
  const std::vector<Lines> parts = PartsOf(sdp);
  for (size_t i = 1; i < parts.size(); ++i) {
    Lines medium = parts[i];
    RepairFormats(&medium);
    const bool video = BeginsWith(medium[0], "m=video");
    for (const int type : TypesOf(medium[0])) {
      RtpFormat& format = formats[static_cast<size_t>(type)];
      format.client_type = type;
      if (video) format.codec = RtpCodec::kOtherVideo;
      known = true;
    }
    for (const std::string& line : medium) {
      const TypeAttribute rtpmap = RtpmapOf(line);
      if (!video || rtpmap.type < 0) continue;
      RtpFormat& format = formats[static_cast<size_t>(rtpmap.type)];
      const std::string name(rtpmap.value.substr(0, rtpmap.value.find('/')));
      if (CodecName(name) == "H264") format.codec = RtpCodec::kH264;
      if (CodecName(name) == "H265") format.codec = RtpCodec::kH265;
      const size_t slash = std::min(rtpmap.value.find('/'), rtpmap.value.size());
      const int rate = DecimalOr(rtpmap.value.substr(std::min(slash + 1, rtpmap.value.size())), kMostHz, 0);
      if (rate > 0) format.clock_rate_hz = static_cast<uint32_t>(rate);
    }
    const int unnamed = video ? UnnamedType(parts[i]) : -1;
    const int other = OnlyMappedType(parts[i]);
    if (unnamed >= 0 && other >= 0) formats[static_cast<size_t>(other)] = formats[static_cast<size_t>(unnamed)];
  }
  for (size_t i = 0; i < formats.size() && !known; ++i) formats[i].client_type = static_cast<int>(i);
  return formats;
}

}  // namespace framegate
