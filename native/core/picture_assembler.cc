// Runs on the receiver's streaming thread; TakeSettled on the control thread.
#include "picture_assembler.h"

namespace framegate {
namespace {

constexpr size_t kLengthSize = 4;  // Of the depayloaders' output.
// Delimiters and SEI before the first slice.
constexpr size_t kMaxNoSliceBytes = 64 << 10;

// For a slice, whether it starts at the first block; otherwise empty.
std::optional<bool> SliceStart(Codec codec, const uint8_t* nal, size_t size) {
  if (codec == Codec::kH264) {
    const int type = size > 0 ? nal[0] & 31 : 0;
    if (type < 1 || type > 5) return std::nullopt;
    return size > 1 && type != 3 && type != 4 && (nal[1] & 0x80) != 0;  // first_mb_in_slice is 0.
  }
  if (size < 3 || (nal[0] >> 1 & 63) > 31 || (nal[0] & 1) != 0 || nal[1] >> 3 != 0) return std::nullopt;
  return (nal[2] & 0x80) != 0;  // first_slice_segment_in_pic_flag
}

bool HasGap(GstSample* sample) {
  return GST_BUFFER_FLAG_IS_SET(gst_sample_get_buffer(sample), GST_BUFFER_FLAG_DISCONT);
}

}  // namespace

PictureAssembler::Kind PictureAssembler::KindOf(GstSample* sample) const {
  const ReadMap bytes(gst_sample_get_buffer(sample));
  size_t at = 0;
  while (bytes.size() - at > kLengthSize) {
    size_t length = 0;
    for (size_t i = 0; i < kLengthSize; ++i) length = length << 8 | bytes.data()[at + i];
    at += kLengthSize;
    if (length > bytes.size() - at) return Kind::kBegins;  // Malformed: the gate rejects it.
    if (const auto starts = SliceStart(codec_, bytes.data() + at, length)) {
      return *starts ? Kind::kBegins : Kind::kContinues;
    }
    at += length;
  }
  return Kind::kNoSlice;
}

PictureAssembler::Picture PictureAssembler::Join() {
  Picture picture;
  picture.arrival = arrival_;
  if (parts_.size() == 1) {
    picture.sample = std::move(parts_[0]);
  } else {
    GstSample* last = parts_.back().get();
    size_t size = 0;
    bool gap = false;
    for (const SamplePtr& part : parts_) {
      size += gst_buffer_get_size(gst_sample_get_buffer(part.get()));
      gap |= HasGap(part.get());
    }
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
    gst_buffer_copy_into(buffer, gst_sample_get_buffer(last), GST_BUFFER_COPY_METADATA, 0, -1);
    size_t at = 0;
    for (const SamplePtr& part : parts_) {
      const ReadMap bytes(gst_sample_get_buffer(part.get()));
      at += gst_buffer_fill(buffer, at, bytes.data(), bytes.size());
    }
    if (gap) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    picture.sample.reset(gst_sample_new(buffer, gst_sample_get_caps(last), gst_sample_get_segment(last), nullptr));
    gst_buffer_unref(buffer);
  }
  parts_.clear();
  has_slice_ = false;
  no_slice_bytes_ = 0;
  return picture;
}

std::vector<PictureAssembler::Picture> PictureAssembler::Add(SamplePtr sample, const StreamIntake::Arrival& arrival) {
  std::vector<Picture> pictures;
  if (codec_ != Codec::kH264 && codec_ != Codec::kH265) {
    pictures.push_back({std::move(sample), arrival});
    return pictures;
  }
  const Kind kind = KindOf(sample.get());
  if (kind == Kind::kContinues && timestamp_ == arrival.rtp_timestamp) {
    if (!HasGap(sample.get())) markers_wrong_ = true;
  } else if (has_slice_) {
    pictures.push_back(Join());
    first_picture_ = false;
  }
  arrival_ = arrival;
  if (kind == Kind::kNoSlice) {
    no_slice_bytes_ += gst_buffer_get_size(gst_sample_get_buffer(sample.get()));
    if (no_slice_bytes_ > kMaxNoSliceBytes) {
      parts_.clear();
      no_slice_bytes_ = 0;
    }
    parts_.push_back(std::move(sample));
    return pictures;
  }
  timestamp_ = arrival.rtp_timestamp;
  has_slice_ = true;
  parts_.push_back(std::move(sample));
  if (!markers_wrong_ && !first_picture_) pictures.push_back(Join());
  return pictures;
}

std::optional<PictureAssembler::Picture> PictureAssembler::TakeSettled(int64_t now_ns) {
  if (!first_picture_ || !has_slice_ || markers_wrong_ || now_ns - arrival_.mono_ns < kSettleNs) return std::nullopt;
  first_picture_ = false;
  return Join();
}

}  // namespace framegate
