// RTSP messages as text (RFC 2326): start line, headers, and where a message ends. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace framegate {

// The first lines of a request or a response, up to the empty one.
class RtspHead {
 public:
  RtspHead() = default;
  explicit RtspHead(std::string first) : first_(std::move(first)) {}
  // Lines may end with CR LF, CR or LF, and headers may be folded.
  static RtspHead Parse(std::string_view text);

  const std::string& first() const { return first_; }
  // Of a response; 0 for a request.
  int Status() const;
  // Of a request.
  std::string Method() const { return first_.substr(0, first_.find(' ')); }
  std::string Uri() const;
  void SetUri(const std::string& uri);

  // The names of headers have no case. Value: of the first such header, "" without one. Set: replaces it or adds one.
  std::string Value(std::string_view name) const;
  std::vector<std::string> Values(std::string_view name) const;
  void Set(std::string_view name, std::string value);
  void Remove(std::string_view name);

  // With the empty line.
  std::string Text() const;

 private:
  std::string first_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

// The length of the head that `text` begins with, with its empty line; 0 if the end is not there yet.
size_t RtspHeadLength(std::string_view text);

// Whether `text` begins as a message does: a method and a space, or RTSP and a slash. kPartial: more text must decide.
enum class RtspStart { kMessage, kPartial, kNeither };
RtspStart StartOfRtsp(std::string_view text);

// The decimal number that `text` begins with; `otherwise` without one, or if it exceeds `most`.
int DecimalOr(std::string_view text, int most, int otherwise);

}  // namespace framegate
