// Any thread.
#include "reorder_limit.h"

#include "access_unit_parser.h"

namespace framegate {
namespace {

std::vector<uint8_t> WithoutEmulationPrevention(const uint8_t* data, size_t size) {
  std::vector<uint8_t> out;
  int zeros = 0;
  for (size_t i = 0; i < size; ++i) {
    if (zeros >= 2 && data[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = data[i] == 0 ? zeros + 1 : 0;
    out.push_back(data[i]);
  }
  return out;
}

void AppendWithEmulationPrevention(const std::vector<uint8_t>& payload, std::vector<uint8_t>* out) {
  int zeros = 0;
  for (const uint8_t byte : payload) {
    if (zeros >= 2 && byte <= 3) {
      out->push_back(3);
      zeros = 0;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out->push_back(byte);
  }
}

// The NAL unit with each of the fields replaced by the Exp-Golomb code of 0.
std::vector<uint8_t> WithZeros(const uint8_t* nal, size_t size, size_t header, const std::vector<BitRange>& fields) {
  const std::vector<uint8_t> payload = WithoutEmulationPrevention(nal + header, size - header);
  auto bit = [&](size_t at) { return payload[at / 8] >> (7 - at % 8) & 1; };
  size_t end = payload.size() * 8;
  while (end > 0 && !bit(end - 1)) --end;  // Up to the stop bit.
  std::vector<uint8_t> changed;
  size_t written = 0;
  auto write = [&](int value) {
    if (written % 8 == 0) changed.push_back(0);
    changed.back() |= static_cast<uint8_t>(value << (7 - written++ % 8));
  };
  auto field = fields.begin();
  for (size_t at = 0; at < end; ++at) {
    if (field == fields.end() || at < field->begin) {
      write(bit(at));
    } else {
      write(1);
      at = field->end - 1;
      ++field;
    }
  }
  std::vector<uint8_t> out(nal, nal + header);
  AppendWithEmulationPrevention(changed, &out);
  return out;
}

// Copies a decoder configuration record and rewrites its SPSs.
class Rewriter {
 public:
  Rewriter(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  std::vector<uint8_t> H264() {
    if (!Copy(6) || data_[0] != 1) return {};
    if (!Nals(data_[5] & 31, 1, H264HeldBackFields)) return {};
    return Finish();
  }

  std::vector<uint8_t> H265() {
    if (!Copy(23)) return {};
    for (int arrays = data_[22]; arrays > 0; --arrays) {
      if (!Copy(3)) return {};
      const bool sps = (data_[at_ - 3] & 63) == 33;
      if (!Nals(data_[at_ - 2] << 8 | data_[at_ - 1], 2, sps ? H265HeldBackFields : nullptr)) return {};
    }
    return Finish();
  }

 private:
  using FieldsOf = std::vector<BitRange> (*)(const uint8_t*, size_t);

  bool Copy(size_t count) {
    if (size_ - at_ < count) return false;
    out_.insert(out_.end(), data_ + at_, data_ + at_ + count);
    at_ += count;
    return true;
  }

  bool Nals(int count, size_t header, FieldsOf fields_of) {
    for (; count > 0; --count) {
      if (size_ - at_ < 2) return false;
      const size_t length = static_cast<size_t>(data_[at_]) << 8 | data_[at_ + 1];
      const uint8_t* nal = data_ + at_ + 2;
      const std::vector<BitRange> fields =
          fields_of && length > header && length <= size_ - at_ - 2 ? fields_of(nal, length) : std::vector<BitRange>();
      if (fields.empty()) {
        if (!Copy(2 + length)) return false;
        continue;
      }
      const std::vector<uint8_t> changed = WithZeros(nal, length, header, fields);
      out_.push_back(static_cast<uint8_t>(changed.size() >> 8));
      out_.push_back(static_cast<uint8_t>(changed.size()));
      out_.insert(out_.end(), changed.begin(), changed.end());
      at_ += 2 + length;
      changed_ = true;
    }
    return true;
  }

  std::vector<uint8_t> Finish() {
    if (!changed_ || !Copy(size_ - at_)) return {};
    return std::move(out_);
  }

  const uint8_t* const data_;
  const size_t size_;
  size_t at_ = 0;
  std::vector<uint8_t> out_;
  bool changed_ = false;
};

}  // namespace

std::vector<uint8_t> WithoutReordering(Codec codec, const uint8_t* codec_data, size_t size) {
  Rewriter rewriter(codec_data, size);
  if (codec == Codec::kH264) return rewriter.H264();
  if (codec == Codec::kH265) return rewriter.H265();
  return {};
}

}  // namespace framegate
