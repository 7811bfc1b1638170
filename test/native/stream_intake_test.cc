// From samples to access units, with the stream of a real encoder.
#include "core/stream_intake.h"

#include "check.h"
#include "core/clocks.h"
#include "encoded_stream.h"
#include "h264_bits.h"

using namespace framegate;

namespace {

constexpr int kGop = 10;

// The samples of a camera, as the receiver delivers them.
class Source {
 public:
  Source()
      : stream_(Encode("x264enc speed-preset=ultrafast tune=zerolatency key-int-max=10",
                       "h264parse ! video/x-h264,stream-format=avc,alignment=au", 3 * kGop)) {
    CHECK_EQ(stream_.units.size(), static_cast<size_t>(3 * kGop));
    GstBuffer* data = Buffer(stream_.codec_data);
    caps_.reset(gst_caps_new_simple("video/x-h264", "codec_data", GST_TYPE_BUFFER, data, nullptr));
    gst_buffer_unref(data);
  }

  SamplePtr Sample(size_t i, bool gap = false) const {
    GstBuffer* buffer = Buffer(stream_.units[i].bytes);
    GST_BUFFER_PTS(buffer) = i * MsToNs(40);
    if (gap) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    SamplePtr sample(gst_sample_new(buffer, caps_.get(), nullptr, nullptr));
    gst_buffer_unref(buffer);
    return sample;
  }

 private:
  static GstBuffer* Buffer(const std::vector<uint8_t>& bytes) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes.size(), nullptr);
    gst_buffer_fill(buffer, 0, bytes.data(), bytes.size());
    return buffer;
  }

  EncodedStream stream_;
  CapsPtr caps_;
};

StreamIntake::Arrival At(size_t i) {
  StreamIntake::Arrival arrival;
  arrival.mono_ns = MsToNs(1000) + static_cast<int64_t>(i) * MsToNs(40);
  arrival.wall_us = 5'000'000 + static_cast<int64_t>(i);
  arrival.captured_at_us = 7'000'000 + static_cast<int64_t>(i);
  arrival.transport_lag_ns = static_cast<int64_t>(i);
  return arrival;
}

TEST(AnUndamagedStreamPasses) {
  const Source source;
  StreamIntake intake(Codec::kH264);
  for (size_t i = 0; i < 3 * kGop; ++i) {
    const AccessUnitPtr unit = intake.Take(source.Sample(i, i == 0), At(i));
    CHECK(unit != nullptr);
    if (!unit) return;
    CHECK_EQ(unit->key, i % kGop == 0);
    CHECK_EQ(unit->starts_sequence, i == 0);
    CHECK_EQ(unit->pts_ns, i * MsToNs(40));
    CHECK_EQ(unit->received_mono_ns, At(i).mono_ns);
    CHECK_EQ(unit->received_at_us, At(i).wall_us);
    CHECK_EQ(unit->captured_at_us, At(i).captured_at_us);
    CHECK_EQ(unit->transport_lag_ns, At(i).transport_lag_ns);
    CHECK_EQ(unit->size_bytes, gst_buffer_get_size(gst_sample_get_buffer(unit->sample.get())));
    CHECK_EQ(intake.cache().units().size(), i % kGop + 1);
    CHECK_EQ(intake.last_key_ns(), At(i - i % kGop).mono_ns);
  }
  CHECK(intake.began_with_key());
  CHECK_EQ(intake.gate_closed_since_ns(), 0);
  CHECK_EQ(intake.passed(), static_cast<uint64_t>(3 * kGop));
  CHECK_EQ(intake.dropped(), 0u);
  CHECK_EQ(intake.meter().gop_length(), kGop);
  CHECK_EQ(intake.meter().frame_interval_ns(), MsToNs(40));
  CHECK_EQ(intake.parameters().width, 320);
  CHECK_EQ(intake.parameters().height, 240);
  intake.ClearCache();
  CHECK_EQ(intake.cache().bytes(), 0u);
  CHECK(intake.began_with_key());
}

// When the gate closes, the cached frames would be too old before a decoder could show them.
TEST(AGapEmptiesTheCacheUntilTheNextKeyPicture) {
  const Source source;
  StreamIntake intake(Codec::kH264);
  for (size_t i = 0; i < 5; ++i) intake.Take(source.Sample(i), At(i));
  CHECK_EQ(intake.cache().units().size(), 5u);
  CHECK(intake.Take(source.Sample(5, true), At(5)) == nullptr);
  CHECK_EQ(intake.cache().bytes(), 0u);
  CHECK_EQ(intake.gate_closed_since_ns(), At(5).mono_ns);
  for (size_t i = 6; i < kGop; ++i) {
    CHECK(intake.Take(source.Sample(i), At(i)) == nullptr);
    CHECK_EQ(intake.cache().bytes(), 0u);
    CHECK_EQ(intake.gate_closed_since_ns(), At(5).mono_ns);
  }
  CHECK_EQ(intake.dropped(), 5u);
  CHECK_EQ(intake.meter().last_frame_ns(), At(4).mono_ns);  // Dropped units are not whole frames.
  const AccessUnitPtr unit = intake.Take(source.Sample(kGop), At(kGop));
  CHECK(unit && unit->key && unit->starts_sequence);
  CHECK_EQ(intake.cache().units().size(), 1u);
  CHECK_EQ(intake.gate_closed_since_ns(), 0);
}

TEST(AKeyPictureWithAGapCountsAsSeen) {
  const Source source;
  StreamIntake intake(Codec::kH264);
  CHECK(intake.Take(source.Sample(1), At(1)) == nullptr);
  CHECK_EQ(intake.last_key_ns(), 0);
  CHECK(intake.Take(source.Sample(kGop, true), At(kGop)) == nullptr);
  CHECK_EQ(intake.last_key_ns(), At(kGop).mono_ns);
  intake.Take(source.Sample(2 * kGop), At(2 * kGop));
  CHECK(!intake.began_with_key());  // Only the first picture counts.
}

// Interlaced pictures as cameras with PAFF code them: each field is a picture, and the encoder chooses for each frame.
enum class Coded { kTopFirst, kBottomFirst, kBothInOneUnit, kFrame };

// The header of a slice, and no picture.
std::vector<uint8_t> Slice(int frame, bool key, bool field, bool bottom) {
  Bits bits;
  bits.Ue(0).Ue(key ? 7 : 5).Ue(0).U(4, frame % 16).U(1, field);
  if (field) bits.U(1, bottom);
  if (key) bits.Ue(0);
  bits.U(8, (2 * frame + bottom) % 256);
  return bits.Nal(key ? 0x65 : 0x41);
}

std::vector<std::vector<uint8_t>> UnitsOf(int frame, bool key, Coded coded) {
  if (coded == Coded::kFrame) return {Slice(frame, key, false, false)};
  const bool bottom_first = coded == Coded::kBottomFirst;
  std::vector<uint8_t> first = Slice(frame, key, true, bottom_first);
  // The second field of a key picture may predict from the first.
  const std::vector<uint8_t> second = Slice(frame, false, true, !bottom_first);
  if (coded != Coded::kBothInOneUnit) return {first, second};
  first.insert(first.end(), second.begin(), second.end());
  return {first};
}

SamplePtr H264Sample(const std::vector<uint8_t>& bytes, int64_t pts_ms) {
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  GST_BUFFER_PTS(buffer) = MsToNs(pts_ms);
  SamplePtr sample(gst_sample_new(buffer, nullptr, nullptr, nullptr));
  gst_buffer_unref(buffer);
  return sample;
}

TEST(TwoFieldsAreOneFrame) {
  const std::vector<Coded> streams[] = {
      {Coded::kTopFirst},
      {Coded::kBottomFirst},
      {Coded::kBothInOneUnit},
      {Coded::kTopFirst, Coded::kFrame, Coded::kTopFirst, Coded::kBothInOneUnit},
  };
  for (const std::vector<Coded>& stream : streams) {
    StreamIntake intake(Codec::kH264);
    uint64_t units = 0;
    for (int frame = 0; frame < 5 * kGop; ++frame) {
      const bool key = frame % kGop == 0;
      int64_t ms = 40 * frame;
      for (std::vector<uint8_t> unit : UnitsOf(frame % kGop, key, stream[frame % stream.size()])) {
        if (frame == 0 && units == 0) {
          std::vector<uint8_t> with_sets = SpsOf(20, 20, true);
          const std::vector<uint8_t> pps = Bits().Ue(0).Ue(0).Nal(0x68);
          with_sets.insert(with_sets.end(), pps.begin(), pps.end());
          with_sets.insert(with_sets.end(), unit.begin(), unit.end());
          unit.swap(with_sets);
        }
        StreamIntake::Arrival arrival;
        arrival.mono_ns = MsToNs(1000 + ms);
        CHECK(intake.Take(H264Sample(unit, ms), arrival) != nullptr);
        ++units;
        ms += 20;
      }
    }
    CHECK_EQ(intake.passed(), units);
    CHECK_EQ(intake.parameters().height, 320);
    CHECK_EQ(intake.meter().frame_interval_ns(), MsToNs(40));
    CHECK_EQ(intake.meter().gop_length(), kGop);
    CHECK(!intake.reorders());
  }
}

// The head of a JPEG of this size, and no picture.
SamplePtr Jpeg(int width, int height, size_t i) {
  const uint8_t bytes[] = {0xff,
                           0xd8,
                           0xff,
                           0xc0,
                           0,
                           8,
                           8,
                           static_cast<uint8_t>(height >> 8),
                           static_cast<uint8_t>(height),
                           static_cast<uint8_t>(width >> 8),
                           static_cast<uint8_t>(width),
                           1,
                           0xff,
                           0xda,
                           0,
                           2};
  GstBuffer* buffer = gst_buffer_new_memdup(bytes, sizeof bytes);
  GST_BUFFER_PTS(buffer) = i * MsToNs(40);
  SamplePtr sample(gst_sample_new(buffer, nullptr, nullptr, nullptr));
  gst_buffer_unref(buffer);
  return sample;
}

TEST(MjpegStartsAnywhere) {
  StreamIntake intake(Codec::kMjpeg);
  for (size_t i = 0; i < 3; ++i) {
    const AccessUnitPtr unit = intake.Take(Jpeg(640, 480, i), At(i));
    CHECK(unit && unit->key);
    CHECK_EQ(intake.cache().units().size(), 1u);
  }
  CHECK_EQ(intake.parameters().width, 640);
  CHECK_EQ(intake.parameters().height, 480);
}

TEST(PicturesAbove35MegapixelsAreRefused) {
  StreamIntake largest(Codec::kMjpeg);
  CHECK(largest.Take(Jpeg(8192, 4320, 0), At(0)) != nullptr);
  CHECK(largest.refusal() == nullptr);
  StreamIntake intake(Codec::kMjpeg);
  CHECK(intake.Take(Jpeg(8192, 4321, 0), At(0)) == nullptr);
  CHECK(intake.refusal() != nullptr);
  CHECK(intake.cache().units().empty());
}

TEST(AStreamWhoseDecoderNeedsGigabytesIsRefused) {
  for (const auto& [side_mbs, references] : {std::pair{180u, 16u}, {360u, 5u}, {360u, 16u}}) {
    StreamIntake intake(Codec::kH264);
    std::vector<uint8_t> unit = SpsOf(side_mbs, side_mbs, false, references);
    const std::vector<uint8_t> slice = Slice(0, true, false, false);
    unit.insert(unit.end(), slice.begin(), slice.end());
    intake.Take(H264Sample(unit, 0), At(0));
    CHECK_EQ(intake.refusal() != nullptr, side_mbs == 360 && references == 16);
  }
}

// Each access unit keeps its parameter sets: 600 cached ones of 15 MB were 9 GB.
TEST(ParameterSetsAbove64KbAreRefused) {
  for (const size_t bytes : {60'000u, 70'000u}) {
    std::vector<uint8_t> record = {1, 66, 0, 40, 0xff, 0xe0, 0};
    record.resize(bytes, 0x55);
    GstBuffer* data = gst_buffer_new_memdup(record.data(), record.size());
    CapsPtr caps(gst_caps_new_simple("video/x-h264", "codec_data", GST_TYPE_BUFFER, data, nullptr));
    gst_buffer_unref(data);
    const SamplePtr sample = H264Sample(Slice(0, true, false, false), 0);
    StreamIntake intake(Codec::kH264);
    const bool taken =
        intake.Take(SamplePtr(gst_sample_new(gst_sample_get_buffer(sample.get()), caps.get(), nullptr, nullptr)),
                    At(0)) != nullptr;
    CHECK_EQ(taken, bytes < 64u << 10);
    CHECK_EQ(intake.refusal() == nullptr, taken);
  }
}

TEST(WhatIsWrongWithParameterSetsIsNamed) {
  const auto flaw_of = [](std::vector<uint8_t> unit) {
    const std::vector<uint8_t> slice = Slice(0, true, false, false);
    unit.insert(unit.end(), slice.begin(), slice.end());
    StreamIntake intake(Codec::kH264);
    intake.Take(H264Sample(unit, 0), At(0));
    return std::string(intake.flaw() ? intake.flaw() : "");
  };
  const std::vector<uint8_t> pps = Bits().Ue(0).Ue(0).U(16, 0).Nal(0x68);
  const auto with_pps = [&](std::vector<uint8_t> sps) {
    sps.insert(sps.end(), pps.begin(), pps.end());
    return sps;
  };
  CHECK(flaw_of(with_pps(SpsOf(20, 20, false))).empty());
  CHECK(flaw_of(with_pps(SpsOf(20, 20, false, 255))).find("more than 16") != std::string::npos);
  CHECK(flaw_of(with_pps(SpsOf(20, 40, false))).find("malformed") != std::string::npos);
  CHECK(flaw_of(SpsOf(20, 20, false)).find("does not send") != std::string::npos);
  CHECK(flaw_of(pps).find("does not send") != std::string::npos);
}

TEST(ASampleWithoutATimeIsIgnored) {
  const Source source;
  StreamIntake intake(Codec::kH264);
  SamplePtr sample = source.Sample(0);
  GST_BUFFER_PTS(gst_sample_get_buffer(sample.get())) = GST_CLOCK_TIME_NONE;
  CHECK(intake.Take(std::move(sample), At(0)) == nullptr);
  CHECK_EQ(intake.dropped(), 0u);
  intake.Take(source.Sample(0), At(0));
  CHECK(intake.began_with_key());
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
