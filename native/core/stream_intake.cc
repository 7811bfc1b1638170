// Runs on the receiver's streaming thread.
#include "stream_intake.h"

#include <algorithm>

#include "frame_age.h"

namespace framegate {
namespace {

// Cameras that begin with a key picture send it within a second or so.
constexpr int64_t kSoonNs = MsToNs(2000);

constexpr uint64_t kMostPixels = 8192 * 4320;
// Level 6.2 allows five reference pictures of the largest size: 830 MB.
constexpr uint64_t kMostDecoderPixels = kMostPixels * (5 + 2) / 3;
// Each cached access unit may keep parameter sets of its own.
constexpr size_t kMostCodecData = 64 << 10;

GateRules RulesFor(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return GateRules::kH264;
    case Codec::kH265:
      return GateRules::kH265;
    case Codec::kMjpeg:
      return GateRules::kIntraOnly;
    case Codec::kMpeg4:
    case Codec::kVp8:
    case Codec::kVp9:
      break;
  }
  return GateRules::kKeyFirst;
}

}  // namespace

StreamIntake::StreamIntake(Codec codec, int64_t described_ns)
    : codec_(codec),
      described_ns_(described_ns),
      parser_(MakeParser(codec)),
      gate_(RulesFor(codec)),
      keys_stand_alone_(codec != Codec::kMjpeg) {}

AccessUnitInfo StreamIntake::Parse(GstSample* sample) {
  GstCaps* caps = gst_sample_get_caps(sample);
  if (caps && caps != caps_.get()) {
    caps_.reset(gst_caps_ref(caps));
    const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
    if (value) {
      const ReadMap codec_data(gst_value_get_buffer(value));
      largest_codec_data_ = std::max(largest_codec_data_, codec_data.size());
      parser_->SetCodecData(codec_data.data(), codec_data.size());
    }
  }
  const ReadMap bytes(gst_sample_get_buffer(sample));
  return parser_->Parse(bytes.data(), bytes.size());
}

const char* StreamIntake::refusal() const {
  if (announced().largest_picture > kMostPixels) return "the camera's pictures are larger than 35 megapixels";
  if (announced().decoder_pixels > kMostDecoderPixels) return "the camera's decoder must keep too many large pictures";
  if (largest_codec_data_ > kMostCodecData) return "the camera's parameter sets are larger than 64 KB";
  return nullptr;
}

// Two fields of opposite parity make a frame.
bool StreamIntake::IsSecondField(const AccessUnitInfo& info) {
  using Field = AccessUnitInfo::Field;
  const bool second = open_field_ != Field::kNone && info.field != Field::kNone && info.field != open_field_ &&
                      info.frame_num == open_frame_num_;
  open_field_ = second ? Field::kNone : info.field;
  open_frame_num_ = info.frame_num;
  return second;
}

AccessUnitPtr StreamIntake::Take(SamplePtr sample, const Arrival& arrival) {
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  const uint64_t pts_ns = GST_BUFFER_PTS(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(pts_ns)) return nullptr;

  received_bytes_ += gst_buffer_get_size(buffer);
  const AccessUnitInfo info = Parse(sample.get());
  if (refusal()) return nullptr;
  const GateVerdict verdict = gate_.Check(info, GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT));
  if (info.key || info.recovery_frames >= 0) last_key_ns_ = arrival.mono_ns;
  // Through a relay that holds packets back, the first picture is always a key picture.
  const bool soon = described_ns_ == 0 || arrival.mono_ns - described_ns_ < kSoonNs;
  if (first_) began_with_key_ = info.key && gate_.open() && soon;
  first_ = false;
  if (gate_.open()) {
    gate_closed_since_ns_ = 0;
  } else {
    if (gate_closed_since_ns_ == 0) gate_closed_since_ns_ = arrival.mono_ns;
    cache_.Clear();  // Its frames are whole, but would be too old once decoded.
  }
  if (verdict == GateVerdict::kDrop) {
    ++dropped_;
    return nullptr;
  }
  ++passed_;
  order_.Observe(info);
  if (!IsSecondField(info)) {
    meter_.Count(arrival.mono_ns, pts_ns, info.key, info.b_slices,
                 arrival.transport_lag_ns <= AgeLimitNs(meter_.frame_interval_ns(), false));
  }

  auto unit = std::make_shared<AccessUnit>();
  unit->pts_ns = pts_ns;
  unit->received_at_us = arrival.wall_us;
  unit->received_mono_ns = arrival.mono_ns;
  unit->captured_at_us = arrival.captured_at_us;
  unit->transport_lag_ns = arrival.transport_lag_ns;
  unit->stream_ns = arrival.stream_ns;
  unit->key = info.key || info.recovery_frames >= 0;
  unit->field = info.field != AccessUnitInfo::Field::kNone;
  unit->reference = info.reference || unit->field;  // A picture needs both of its fields.
  unit->starts_sequence = verdict == GateVerdict::kPassAndReset;
  unit->recovery_frames = info.key ? -1 : info.recovery_frames;
  unit->size_bytes = gst_buffer_get_size(buffer);
  unit->sample = std::move(sample);
  keys_stand_alone_ &= !unit->field;
  if (unit->stands_alone()) keys_.Add(unit->stream_ns);
  cache_.Add(unit);
  return unit;
}

}  // namespace framegate
