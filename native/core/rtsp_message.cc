// See the header.
#include "rtsp_message.h"

#include <glib.h>

#include <algorithm>

namespace framegate {
namespace {

constexpr std::string_view kBlanks = " \t";
// Longer than any method.
constexpr size_t kLongestMethod = 24;

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return g_ascii_tolower(x) == g_ascii_tolower(y); });
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Takes the first line and its end from `text`.
std::string_view TakeLine(std::string_view* text) {
  const size_t end = text->find_first_of("\r\n");
  const std::string_view line = text->substr(0, end);
  if (end == std::string_view::npos) {
    *text = {};
  } else {
    text->remove_prefix(end + (text->substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return line;
}

}  // namespace

RtspHead RtspHead::Parse(std::string_view text) {
  RtspHead head{std::string(TakeLine(&text))};
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (kBlanks.find(line[0]) != std::string_view::npos) {
      if (!head.headers_.empty()) head.headers_.back().second.append(" ").append(Trimmed(line));
    } else if (colon != std::string_view::npos) {
      head.headers_.emplace_back(Trimmed(line.substr(0, colon)), Trimmed(line.substr(colon + 1)));
    }
  }
  return head;
}

int RtspHead::Status() const {
  if (first_.rfind("RTSP/", 0) != 0) return 0;
  const size_t space = first_.find(' ');
  return space == std::string::npos ? 0 : DecimalOr(first_.substr(space + 1), 999, 0);
}

std::string RtspHead::Uri() const {
  const size_t begin = first_.find(' ');
  if (begin == std::string::npos) return "";
  return first_.substr(begin + 1, first_.rfind(' ') - begin - 1);
}

void RtspHead::SetUri(const std::string& uri) { first_ = Method() + " " + uri + " RTSP/1.0"; }

std::string RtspHead::Value(std::string_view name) const {
  for (const auto& [key, value] : headers_) {
    if (SameName(key, name)) return value;
  }
  return "";
}

std::vector<std::string> RtspHead::Values(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : headers_) {
    if (SameName(key, name)) values.push_back(value);
  }
  return values;
}

void RtspHead::Set(std::string_view name, std::string value) {
  for (auto& header : headers_) {
    if (!SameName(header.first, name)) continue;
    header.second = std::move(value);
    return;
  }
  headers_.emplace_back(name, std::move(value));
}

void RtspHead::Remove(std::string_view name) {
  headers_.erase(std::remove_if(headers_.begin(), headers_.end(),
                                [&](const auto& header) { return SameName(header.first, name); }),
                 headers_.end());
}

std::string RtspHead::Text() const {
  std::string text = first_ + "\r\n";
  for (const auto& [key, value] : headers_) text.append(key).append(": ").append(value).append("\r\n");
  return text + "\r\n";
}

size_t RtspHeadLength(std::string_view text) {
  for (size_t at = text.find_first_of("\r\n"); at != std::string_view::npos; at = text.find_first_of("\r\n", at)) {
    std::string_view rest = text.substr(at);
    TakeLine(&rest);
    if (rest.empty()) return 0;
    if (rest[0] == '\r' || rest[0] == '\n') {
      // A CR LF of which only the CR is there yet.
      if (rest == "\r") return 0;
      TakeLine(&rest);
      return text.size() - rest.size();
    }
    at = text.size() - rest.size();
  }
  return 0;
}

RtspStart StartOfRtsp(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto end = std::find_if_not(text.begin(), text.end(), letter);
  const auto length = static_cast<size_t>(end - text.begin());
  if (length > kLongestMethod) return RtspStart::kNeither;
  if (end == text.end()) return RtspStart::kPartial;
  if (text.substr(0, length + 1) == "RTSP/") return RtspStart::kMessage;
  return length > 2 && *end == ' ' ? RtspStart::kMessage : RtspStart::kNeither;
}

int DecimalOr(std::string_view text, int most, int otherwise) {
  int64_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    number = number * 10 + (text[digits] - '0');
    if (number > most) return otherwise;
  }
  return digits == 0 ? otherwise : static_cast<int>(number);
}

}  // namespace framegate
