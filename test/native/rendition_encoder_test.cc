// Renditions of decoded pictures: their timing, sizes and source formats.
#include "core/rendition_encoder.h"

#include "check.h"
#include "core/video_info.h"
#include "raw_picture.h"

using namespace framegate;

namespace {

constexpr char kI420[] = "video/x-raw,format=I420,width=320,height=240";
constexpr char kNv12[] = "video/x-raw,format=NV12,width=320,height=240";

struct Encoder {
  RenditionEncoder encoder{nullptr};
  int64_t stream_ms = 1000;

  // The frames of one picture, `after_ms` after the previous one.
  std::vector<std::unique_ptr<JpegFrame>> Picture(int64_t after_ms, const char* caps = kI420,
                                                  const char* colors = nullptr) {
    std::vector<std::unique_ptr<JpegFrame>> frames;
    SamplePtr raw = RawPicture(caps, "smpte");
    if (colors) {
      CapsPtr declared(gst_caps_copy(gst_sample_get_caps(raw.get())));
      gst_caps_set_simple(declared.get(), "colorimetry", G_TYPE_STRING, colors, nullptr);
      raw.reset(gst_sample_new(gst_sample_get_buffer(raw.get()), declared.get(), nullptr, nullptr));
    }
    UnitTimes::Times times = {};
    times.received_at_us = 11;
    times.captured_at_us = 22;
    times.stream_ns = MsToNs(stream_ms += after_ms);
    GstVideoInfo info;
    CHECK(ReadVideoInfo(gst_sample_get_caps(raw.get()), &info));
    CHECK(encoder.Encode(std::move(raw), info, times,
                         [&](std::unique_ptr<JpegFrame> frame) { frames.push_back(std::move(frame)); }));
    return frames;
  }
};

TEST(EachRenditionHasItsOwnSizeAndTheTimesOfThePicture) {
  Encoder encoder;
  CHECK(encoder.Picture(40).empty());
  encoder.encoder.SetRenditions({{"a", 160, 25, 80}, {"b", 0, 25, 80}, {"c", 161, 25, 80}, {"d", 160, 25, 20}});
  const auto frames = encoder.Picture(40);
  CHECK_EQ(frames.size(), 4u);
  if (frames.size() != 4) return;
  const int widths[] = {160, 320, 160, 160};
  for (size_t i = 0; i < frames.size(); ++i) {
    CHECK(frames[i]->rendition == std::string(1, static_cast<char>('a' + i)));
    CHECK_EQ(frames[i]->width, widths[i]);
    CHECK_EQ(frames[i]->height, widths[i] * 3 / 4);
    CHECK_EQ(frames[i]->source_width, 320);
    CHECK_EQ(frames[i]->source_height, 240);
    CHECK_EQ(frames[i]->received_at_us, 11);
    CHECK_EQ(frames[i]->captured_at_us, 22);
  }
  CHECK(frames[0]->jpeg == frames[2]->jpeg);
  CHECK(frames[0]->jpeg.size() > frames[3]->jpeg.size());
}

TEST(NoJpegIsMadeIfNoReaderWantsOne) {
  Encoder encoder;
  encoder.encoder.SetRenditions({{"a", 160, 25, 80, false}, {"b", 160, 25, 80}});
  const auto frames = encoder.Picture(40);
  CHECK_EQ(frames.size(), 1u);
  CHECK(!frames.empty() && frames[0]->rendition == "b");
}

TEST(AnUnchangedRenditionKeepsItsTiming) {
  Encoder encoder;
  encoder.encoder.SetRenditions({{"a", 160, 10, 80}});
  CHECK_EQ(encoder.Picture(20).size(), 1u);
  encoder.encoder.SetRenditions({{"b", 160, 10, 80}, {"a", 80, 10, 80}});
  const auto frames = encoder.Picture(20);
  CHECK_EQ(frames.size(), 1u);  // "a" is not due.
  CHECK(!frames.empty() && frames[0]->rendition == "b");
  encoder.encoder.SetRenditions({{"a", 80, 20, 80}});
  CHECK_EQ(encoder.Picture(20).size(), 1u);  // Another rate starts over.
}

TEST(TheFormatMayChangeWithAnyPicture) {
  Encoder encoder;
  encoder.encoder.SetRenditions({{"a", 160, 25, 80}, {"b", 0, 25, 80}});
  const auto planar = encoder.Picture(40);
  for (const char* caps : {kNv12, kI420, kNv12}) {
    const auto frames = encoder.Picture(40, caps);
    CHECK_EQ(frames.size(), 2u);
    for (size_t i = 0; i < frames.size(); ++i) {
      CHECK_EQ(frames[i]->width, planar[i]->width);
      CHECK_EQ(frames[i]->source_width, 320);
    }
  }
}

TEST(FullRangeCountsAlsoIfNoMatrixIsDeclared) {
  for (const char* caps : {kI420, kNv12, "video/x-raw,format=Y444,width=320,height=240"}) {
    Encoder encoder;
    encoder.encoder.SetRenditions({{"a", 0, 25, 80}});
    const auto jpeg = [&](const char* colors) {
      auto frames = encoder.Picture(40, caps, colors);
      CHECK_EQ(frames.size(), 1u);
      return frames.empty() ? std::vector<uint8_t>() : frames[0]->jpeg;
    };
    const std::vector<uint8_t> full = jpeg("1:4:0:0"), limited = jpeg("2:4:0:0");
    CHECK(full != limited);
    CHECK(jpeg("1:0:0:0") == full);
    CHECK(jpeg("2:0:0:0") == limited);
  }
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
