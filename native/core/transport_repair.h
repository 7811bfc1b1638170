// What some cameras answer to SETUP. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "rtsp_message.h"

namespace framegate {

// The text in lower case and without spaces.
inline std::string Condensed(std::string_view text) {
  std::string condensed;
  for (const char c : text) {
    if (c != ' ' && c != '\t') condensed += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return condensed;
}

// The channels that a condensed Transport header names, as in "0-1". A single channel is the first of two.
inline std::optional<std::string> InterleavedChannels(const std::string& transport) {
  constexpr std::string_view kName = "interleaved=";
  const size_t at = transport.find(kName);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view value = std::string_view(transport).substr(at + kName.size());
  const int first = DecimalOr(value, 254, -1);
  if (first < 0) return std::nullopt;
  const size_t dash = value.find_first_not_of("0123456789");
  const bool pair = dash != std::string_view::npos && value[dash] == '-';
  const int second = pair ? DecimalOr(value.substr(dash + 1), 255, first + 1) : first + 1;
  return std::to_string(first) + "-" + std::to_string(second);
}

// The Transport header for a client that asked for TCP in SETUP: neither rtspsrc nor MediaMTX reads one with spaces and
// capitals, or without the channels, which are then those asked for. "": the answer is to stay as it is.
inline std::string CleanTransport(const std::string& asked, const std::string& answered) {
  const auto channels = InterleavedChannels(Condensed(asked));
  const std::string answer = Condensed(answered);
  const bool over_tcp = answer.empty() || answer.find("/tcp") != std::string::npos || InterleavedChannels(answer);
  if (!channels || asked.find("client_port") != std::string::npos || !over_tcp) return "";
  return asked.substr(0, asked.find(';')) + ";unicast;interleaved=" + InterleavedChannels(answer).value_or(*channels);
}

}  // namespace framegate
