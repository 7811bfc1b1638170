// See the header.
#include "rtp_payload.h"

#include <algorithm>
#include <cstring>

namespace framegate {
namespace {

constexpr uint8_t kFuStart = 0x80, kFuEnd = 0x40;
constexpr size_t kStartCode = 3;
// Of the zeros before a start code.
constexpr size_t kMostZeros = 3;

uint8_t Byte(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

size_t HeadSize(RtpCodec codec) { return codec == RtpCodec::kH264 ? 1 : 2; }

int TypeOf(RtpCodec codec, std::string_view unit) {
  return codec == RtpCodec::kH264 ? Byte(unit, 0) & 31 : Byte(unit, 0) >> 1 & 63;
}

bool IsFragment(RtpCodec codec, std::string_view payload) {
  return payload.size() > HeadSize(codec) && TypeOf(codec, payload) == (codec == RtpCodec::kH264 ? 28 : 49);
}

bool IsAggregate(RtpCodec codec, std::string_view payload) {
  return TypeOf(codec, payload) == (codec == RtpCodec::kH264 ? 24 : 48);
}

// Where 0, 0, 1 is; npos: nowhere.
size_t FindStartCode(std::string_view data) {
  for (size_t at = data.find('\1', 2); at != std::string_view::npos; at = data.find('\1', at + 1)) {
    if (data[at - 1] == 0 && data[at - 2] == 0) return at - 2;
  }
  return std::string_view::npos;
}

std::string_view WithoutZeros(std::string_view data) {
  const size_t last = data.find_last_not_of('\0');
  return data.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Removes the part before the first start code from `data`, with the start code, and returns it.
bool TakeUnit(std::string_view* data, std::string_view* unit) {
  const size_t at = FindStartCode(*data);
  if (at == std::string_view::npos) return false;
  *unit = WithoutZeros(data->substr(0, at));
  data->remove_prefix(at + kStartCode);
  return true;
}

// Calls on_unit for each unit of an aggregation packet. Sizes beyond its end count up to its end.
template <typename OnUnit>
void ForEachUnit(RtpCodec codec, std::string_view payload, OnUnit on_unit) {
  for (std::string_view rest = payload.substr(HeadSize(codec)); rest.size() > 2;) {
    const size_t size = std::min<size_t>(Byte(rest, 0) * 256U + Byte(rest, 1), rest.size() - 2);
    on_unit(rest.substr(2, size));
    rest.remove_prefix(2 + size);
  }
}

PicturePart PartOfUnit(RtpCodec codec, int type, std::string_view content) {
  const bool first = !content.empty() && (Byte(content, 0) & 0x80) != 0;
  if (codec == RtpCodec::kH265) {
    if (type > 31) return PicturePart::kBeforeSlice;
    return first ? PicturePart::kFirstSlice : PicturePart::kSlice;
  }
  if (type < 1 || type > 5) return PicturePart::kBeforeSlice;
  return first && type != 3 && type != 4 ? PicturePart::kFirstSlice : PicturePart::kSlice;
}

}  // namespace

PicturePart PartOf(RtpCodec codec, std::string_view payload) {
  if ((codec != RtpCodec::kH264 && codec != RtpCodec::kH265) || payload.size() <= HeadSize(codec)) {
    return PicturePart::kUnknown;
  }
  const size_t head = HeadSize(codec);
  if (IsFragment(codec, payload)) {
    const uint8_t fragment = Byte(payload, head);
    if ((fragment & kFuStart) == 0) return PicturePart::kFragment;
    return PartOfUnit(codec, fragment & (codec == RtpCodec::kH264 ? 31 : 63), payload.substr(head + 1));
  }
  if (!IsAggregate(codec, payload)) return PartOfUnit(codec, TypeOf(codec, payload), payload.substr(head));
  PicturePart part = PicturePart::kBeforeSlice;
  ForEachUnit(codec, payload, [&](std::string_view unit) {
    if (part != PicturePart::kBeforeSlice || unit.size() <= head) return;
    part = PartOfUnit(codec, TypeOf(codec, unit), unit.substr(head));
  });
  return part;
}

const std::vector<std::string_view>& UnitSplitter::Take(RtpCodec codec, std::string_view payload, bool gap) {
  payloads_.clear();
  made_.clear();
  const bool known = (codec == RtpCodec::kH264 || codec == RtpCodec::kH265) && payload.size() > HeadSize(codec);
  bool changed = false;
  if (known && IsFragment(codec, payload)) {
    changed = TakeFragment(codec, payload, gap);
  } else if (known) {
    in_unit_ = false;
    const auto split = [&](std::string_view data) {
      for (std::string_view unit; TakeUnit(&data, &unit); changed = true) {
        if (unit.size() > HeadSize(codec)) made_.emplace_back(unit);
      }
      if (data.size() > HeadSize(codec)) made_.emplace_back(data);
    };
    if (!IsAggregate(codec, payload)) {
      if (FindStartCode(payload) != std::string_view::npos) split(payload);
    } else {
      ForEachUnit(codec, payload, split);
    }
  }
  if (changed) {
    payloads_.assign(made_.begin(), made_.end());
  } else {
    payloads_.push_back(payload);
  }
  return payloads_;
}

// False: the fragment stays as it is.
bool UnitSplitter::TakeFragment(RtpCodec codec, std::string_view payload, bool gap) {
  const size_t head = HeadSize(codec);
  const uint8_t flags = Byte(payload, head);
  const bool ends = (flags & kFuEnd) != 0;
  const std::string_view body = payload.substr(head + 1);
  if ((flags & kFuStart) != 0 || gap || !in_unit_) {
    unit_ = {};
    unit_.begun = (flags & kFuStart) == 0;
    unit_.head = codec == RtpCodec::kH264
                     ? std::string(1, static_cast<char>((payload[0] & 0xe0) | (flags & 31)))
                     : std::string({static_cast<char>((payload[0] & 0x81) | (flags & 63) << 1), payload[1]});
    if (!unit_.begun) unit_.kept = unit_.head;
  }
  in_unit_ = !ends;
  const bool may_begin_code = !ends && !body.empty() && body.back() == 0;
  const bool odd_head = !unit_.begun && unit_.head.find('\0') != std::string::npos;
  const bool keeps_more = unit_.begun && !unit_.kept.empty();
  if (!unit_.split && !may_begin_code && !odd_head && !keeps_more && FindStartCode(body) == std::string_view::npos) {
    unit_.begun = true;
    unit_.kept.clear();
    return false;
  }
  const std::string whole = unit_.kept + std::string(body);
  std::string_view data = whole;
  for (std::string_view unit; TakeUnit(&data, &unit);) {
    SendFragment(codec, unit, true);
    unit_.begun = false;
    unit_.split = true;
  }
  const size_t zeros = std::min(data.size() - WithoutZeros(data).size(), kMostZeros);
  const std::string_view sure = ends ? data : data.substr(0, data.size() - zeros);
  if (!ends && sure.size() <= (unit_.begun ? 0 : head)) {
    unit_.kept = data;
    return true;
  }
  unit_.kept = data.substr(sure.size());
  SendFragment(codec, sure, ends);
  unit_.begun = true;
  return true;
}

// data: of unit_; with its header if it is the first that is sent.
void UnitSplitter::SendFragment(RtpCodec codec, std::string_view data, bool ends) {
  const size_t head = HeadSize(codec);
  if (!unit_.begun && ends) {
    if (data.size() > head) made_.emplace_back(data);
    return;
  }
  if (!unit_.begun) {
    unit_.head = data.substr(0, head);
    data.remove_prefix(head);
  }
  const auto type = static_cast<uint8_t>(TypeOf(codec, unit_.head));
  const int flags = (unit_.begun ? 0 : kFuStart) | (ends ? kFuEnd : 0) | type;
  std::string payload = unit_.head;
  payload[0] = static_cast<char>(codec == RtpCodec::kH264 ? (payload[0] & 0xe0) | 28 : (payload[0] & 0x81) | 49 << 1);
  payload += static_cast<char>(flags);
  payload += data;
  if (data.empty()) payload += '\0';  // A unit may end with zeros; a fragment may not be empty.
  made_.push_back(std::move(payload));
}

}  // namespace framegate
