// What the payloads of RTP packets hold: units of H.264 (RFC 6184) and H.265 (RFC 7798). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace framegate {

enum class RtpCodec : uint8_t { kOther, kH264, kH265, kOtherVideo };

// What a packet holds of its picture. The first slice begins at the picture's first block.
enum class PicturePart : uint8_t { kBeforeSlice, kFirstSlice, kSlice, kFragment, kUnknown };

PicturePart PartOf(RtpCodec codec, std::string_view payload);

// Removes start codes. Some cameras send several units with start codes between them as one; RTP has no start codes,
// and none can occur within a unit.
class UnitSplitter {
 public:
  // The payloads to send for one payload: itself, or others, possibly none. They are valid until the next call. gap:
  // packets before it are missing.
  const std::vector<std::string_view>& Take(RtpCodec codec, std::string_view payload, bool gap);

 private:
  // Of a unit that comes in fragments.
  struct Fragmented {
    bool begun = false;  // A fragment of it has been sent.
    bool split = false;  // Its packets name another unit.
    std::string head;    // Its header.
    std::string kept;    // What may belong to a start code or to the header of the next unit.
  };

  bool TakeFragment(RtpCodec codec, std::string_view payload, bool gap);
  void SendFragment(RtpCodec codec, std::string_view data, bool ends);

  std::vector<std::string_view> payloads_;
  std::vector<std::string> made_;
  bool in_unit_ = false;
  Fragmented unit_;
};

}  // namespace framegate
