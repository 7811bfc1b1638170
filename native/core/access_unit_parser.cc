// The choice of parser, and the part that H.264 and H.265 share: length-prefixed NAL units, and lists of parameter
// sets.
#include "access_unit_parser.h"

namespace framegate {

std::unique_ptr<AccessUnitParser> MakeParser(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return MakeH264Parser();
    case Codec::kH265:
      return MakeH265Parser();
    case Codec::kMjpeg:
      return MakeMjpegParser();
    case Codec::kMpeg4:
      return MakeMpeg4Parser();
    case Codec::kVp8:
      return MakeVp8Parser();
    case Codec::kVp9:
      return MakeVp9Parser();
  }
  return nullptr;
}

AccessUnitInfo NalParser::Parse(const uint8_t* data, size_t size) {
  AccessUnitInfo info;
  bool any_slice = false;
  size_t at = 0;
  while (at < size) {
    if (size - at < static_cast<size_t>(length_size_)) return info;
    size_t length = 0;
    for (int i = 0; i < length_size_; ++i) length = (length << 8) | data[at + i];
    at += length_size_;
    if (length > size - at) return info;
    if (length > 0 && ParseNal(data + at, length, !any_slice, &info)) any_slice = true;
    at += length;
  }
  info.well_formed = any_slice;
  return info;
}

bool NalParser::ParseParameterSets(const uint8_t* data, size_t size, int count, size_t* at) {
  while (count-- > 0) {
    if (size - *at < 2) return false;
    const size_t length = static_cast<size_t>(data[*at]) << 8 | data[*at + 1];
    *at += 2;
    if (length > size - *at) return false;
    ParseParameterSet(data + *at, length);
    *at += length;
  }
  return true;
}

}  // namespace framegate
