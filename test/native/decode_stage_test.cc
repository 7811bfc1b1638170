// The decode stage on its own: if it starts late or falls behind, it shows only the newest frame.
#include "core/decode_stage.h"

#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "check.h"
#include "core/access_unit_parser.h"
#include "core/clocks.h"
#include "core/gst_init.h"
#include "encoded_stream.h"

using namespace framegate;

namespace {

constexpr int64_t kIntervalNs = MsToNs(40);

const char* CapsOf(Codec codec) {
  return codec == Codec::kH265 ? "video/x-h265,stream-format=hvc1,alignment=au"
                               : "video/x-h264,stream-format=avc,alignment=au";
}

bool IsParameterSet(Codec codec, uint8_t header) {
  const int type = codec == Codec::kH265 ? header >> 1 & 63 : header & 31;
  return codec == Codec::kH265 ? type >= 32 && type <= 34 : type == 7 || type == 8;
}

// The depayloader moves them into the caps.
std::vector<uint8_t> WithoutParameterSets(Codec codec, const std::vector<uint8_t>& unit) {
  std::vector<uint8_t> out;
  for (size_t at = 0; at + 4 < unit.size();) {
    const size_t end = at + 4 + (unit[at] << 24 | unit[at + 1] << 16 | unit[at + 2] << 8 | unit[at + 3]);
    if (!IsParameterSet(codec, unit[at + 4])) out.insert(out.end(), unit.begin() + at, unit.begin() + end);
    at = end;
  }
  return out;
}

// Units like the receiver's: one every 40 ms, the newest just now. received_at_us is their number.
std::vector<AccessUnitPtr> Units(const EncodedStream& stream, int64_t transport_lag_ns, Codec codec) {
  auto parser = MakeParser(codec);
  parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size());
  GstBuffer* codec_data = gst_buffer_new_memdup(stream.codec_data.data(), stream.codec_data.size());
  CapsPtr caps(gst_caps_from_string(CapsOf(codec)));
  gst_caps_set_simple(caps.get(), "codec_data", GST_TYPE_BUFFER, codec_data, "width", G_TYPE_INT, 320, "height",
                      G_TYPE_INT, 240, "framerate", GST_TYPE_FRACTION, 25, 1, nullptr);
  gst_buffer_unref(codec_data);
  std::vector<AccessUnitPtr> units;
  for (size_t i = 0; i < stream.units.size(); ++i) {
    const std::vector<uint8_t> bytes = WithoutParameterSets(codec, stream.units[i].bytes);
    const AccessUnitInfo info = parser->Parse(bytes.data(), bytes.size());
    auto unit = std::make_shared<AccessUnit>();
    unit->pts_ns = i * kIntervalNs;
    unit->stream_ns = static_cast<int64_t>(i) * kIntervalNs;
    unit->key = info.key;
    unit->starts_sequence = i == 0;
    unit->reference = info.reference;
    unit->size_bytes = bytes.size();
    unit->transport_lag_ns = transport_lag_ns;
    unit->received_at_us = static_cast<int64_t>(i);
    unit->received_mono_ns = MonotonicNs() - static_cast<int64_t>(stream.units.size() - 1 - i) * kIntervalNs;
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    GST_BUFFER_PTS(buffer) = unit->pts_ns;
    unit->sample.reset(gst_sample_new(buffer, caps.get(), nullptr, nullptr));
    gst_buffer_unref(buffer);
    units.push_back(std::move(unit));
  }
  return units;
}

EncodedStream EncodeH265(const std::string& options, int frames) {
  return Encode("x265enc option-string=log-level=0:" + options, std::string("h265parse ! ") + CapsOf(Codec::kH265),
                frames);
}

std::vector<AccessUnitPtr> Units(const std::string& encoder, int frames, int64_t transport_lag_ns = 0) {
  return Units(Encode(encoder, CapsOf(Codec::kH264), frames), transport_lag_ns, Codec::kH264);
}

// The same unit without its second half.
AccessUnitPtr Halved(const AccessUnit& unit) {
  auto halved = std::make_shared<AccessUnit>();
  halved->pts_ns = unit.pts_ns;
  halved->received_mono_ns = unit.received_mono_ns;
  GstBuffer* buffer = gst_buffer_copy_deep(gst_sample_get_buffer(unit.sample.get()));
  gst_buffer_set_size(buffer, static_cast<gssize>(gst_buffer_get_size(buffer) / 2));
  halved->sample.reset(gst_sample_new(buffer, gst_sample_get_caps(unit.sample.get()), nullptr, nullptr));
  gst_buffer_unref(buffer);
  return halved;
}

// An age limit of half a minute, so that nothing is late on a busy machine.
constexpr Pace kPace = {MsToNs(10'000), false, false};

struct Shown {
  DecodeStage::Counters counters;
  std::mutex mutex;
  std::vector<int64_t> received_at_us;
  std::string error;

  size_t count() {
    std::lock_guard<std::mutex> lock(mutex);
    return received_at_us.size();
  }
};

std::unique_ptr<DecodeStage> Make(Shown* shown, bool reorders = false, Codec codec = Codec::kH264) {
  auto stage = std::make_unique<DecodeStage>(
      codec, reorders, &shown->counters, nullptr,
      [shown](std::unique_ptr<JpegFrame> frame) {
        std::lock_guard<std::mutex> lock(shown->mutex);
        shown->received_at_us.push_back(frame->received_at_us);
      },
      [shown](const PipelineError& error) {
        std::lock_guard<std::mutex> lock(shown->mutex);
        shown->error = error.message;
      });
  stage->SetRenditions({Rendition{"a", 160, 100, 80}});
  stage->SetPace(kPace);
  return stage;
}

template <typename Reached>
void WaitFor(Reached reached) {
  const int64_t end = MonotonicNs() + MsToNs(20000);
  while (!reached() && MonotonicNs() < end) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(reached());
}

TEST(ALateStartShowsOnlyTheNewestPicture) {
  const auto units = Units("x264enc tune=zerolatency key-int-max=200", 60);
  Shown shown;
  auto stage = Make(&shown);
  stage->Start(units);
  WaitFor([&] { return shown.count() > 0; });
  stage->Stop();
  CHECK_EQ(shown.count(), 1u);
  CHECK_EQ(shown.received_at_us.front(), units.back()->received_at_us);
  CHECK_EQ(shown.counters.decoded.load(), 60u);  // All that the newest picture needs.
  CHECK(shown.error.empty());
}

int ThreadsOfProcess() {
  const std::filesystem::directory_iterator folder("/proc/self/task");
  return static_cast<int>(std::distance(begin(folder), end(folder)));
}

// The decoder's threads end at the next key picture. Until then, each picture is shown before the next one comes.
void ALateStartUsesThreads(Codec codec, const EncodedStream& stream) {
  const auto units = Units(stream, 0, codec);
  CHECK_EQ(units.size(), 60u);
  Shown shown;
  auto stage = Make(&shown, false, codec);
  stage->Start({units.begin(), units.begin() + 40});
  std::vector<int64_t> expected;
  int threads = 0;
  for (int64_t i = 39; i < 60; ++i) {
    if (i > 39) stage->Push(units[static_cast<size_t>(i)]);
    expected.push_back(i);
    WaitFor([&] { return shown.count() == expected.size(); });
    if (i == 39) threads = ThreadsOfProcess();
    CHECK_EQ(ThreadsOfProcess(), i < 50 ? threads : threads - FrameThreads::Best(codec));
  }
  stage->Stop();
  CHECK(shown.received_at_us == expected);
  CHECK_EQ(shown.counters.decoded.load(), 60u);
  CHECK_EQ(shown.counters.damaged_units.load(), 0u);
  CHECK(shown.error.empty());
}

TEST(ALateStartOfH264UsesThreads) {
  ALateStartUsesThreads(Codec::kH264, Encode("x264enc tune=zerolatency key-int-max=50", CapsOf(Codec::kH264), 60));
}

TEST(ALateStartOfH265UsesThreads) {
  ALateStartUsesThreads(Codec::kH265, EncodeH265("bframes=0:keyint=50:min-keyint=50:scenecut=0", 60));
}

// What the threads of one decoder report does not hide the pictures of another.
TEST(DamageOfALateStartHidesPicturesUntilTheNextKeyPicture) {
  const EncodedStream stream = Encode("x264enc tune=zerolatency key-int-max=30", CapsOf(Codec::kH264), 50);
  for (const size_t at : {3u, 24u, 27u}) {
    const auto whole = Units(stream, 0, Codec::kH264);
    auto units = whole;
    units[at] = Halved(*units[at]);
    Shown shown, other;
    auto stage = Make(&shown), other_stage = Make(&other);
    stage->Start({units.begin(), units.begin() + 25});
    other_stage->Start({whole.begin(), whole.begin() + 25});
    WaitFor([&] { return other.count() == 1; });
    WaitFor([&] { return at < 25 ? stage->damaged_since_ns() != 0 : shown.count() == 1; });
    for (size_t i = 25; i < 30; ++i) {
      stage->Push(units[i]);
      if (at >= 25 && i < at) WaitFor([&] { return shown.count() == i - 23; });
      other_stage->Push(whole[i]);
      WaitFor([&] { return other.count() == i - 23; });
    }
    WaitFor([&] { return stage->damaged_since_ns() != 0; });
    for (size_t i = 30; i < 50; ++i) stage->Push(units[i]);
    const size_t before = at < 25 ? 0 : at - 24;
    WaitFor([&] { return shown.count() == before + 20; });
    stage->Stop();
    CHECK_EQ(shown.received_at_us.back(), 49);
    CHECK_EQ(shown.counters.damaged_units.load(), 1u);
    CHECK(shown.error.empty());
  }
}

TEST(ALateStartSkipsAheadToAQueuedKeyPicture) {
  const auto units = Units("x264enc tune=zerolatency key-int-max=50", 60);
  Shown shown;
  auto stage = Make(&shown);
  stage->Start(units);
  // The key picture is not late, so it and all after it are shown.
  WaitFor([&] { return shown.count() == 10; });
  stage->Stop();
  CHECK_EQ(shown.counters.decoded.load(), 10u);  // From the second key picture on.
  CHECK(shown.error.empty());
}

TEST(ALateDecoderDropsNonReferencePicturesFirst) {
  // Two of three pictures are B-pictures that no other picture needs.
  const auto units = Units(
      "x264enc bframes=2 b-adapt=false b-pyramid=false key-int-max=200 rc-lookahead=0 mb-tree=false sync-lookahead=0 "
      "threads=1",
      61);
  size_t references = 0;
  for (const auto& unit : units) references += unit->reference;
  CHECK(references > 15 && references < 30);
  Shown shown;
  auto stage = Make(&shown);
  stage->Start(units);
  WaitFor([&] { return shown.counters.late + references >= units.size() - 1; });
  stage->Stop();
  CHECK(shown.counters.late >= units.size() - references - 2);  // Except the last ones.
  CHECK_EQ(shown.counters.damaged_units.load(), 0u);
  CHECK(shown.error.empty());
}

TEST(PicturesDelayedByTheNetworkAreNotShown) {
  const auto units =
      Units("x264enc tune=zerolatency key-int-max=200", 20, AgeLimitNs(kPace.frame_interval_ns, false) + 1);
  Shown shown;
  auto stage = Make(&shown);
  stage->Start({});
  for (const auto& unit : units) stage->Push(unit);
  WaitFor([&] { return shown.counters.late == units.size(); });
  CHECK(stage->unshown_since_ns() != 0);
  CHECK_EQ(stage->stuck_since_ns(), 0);
  stage->Stop();
  CHECK_EQ(shown.count(), 0u);
}

// The units declare reordering, but never use it.
void DeclaredReorderingDelaysNothing(Codec codec, const std::vector<AccessUnitPtr>& units) {
  CHECK_EQ(units.size(), 20u);
  auto shown_of = [&](bool reorders) {
    Shown shown;
    auto stage = Make(&shown, reorders, codec);
    stage->Start({});
    for (const auto& unit : units) {
      const size_t before = shown.counters.decoded;
      stage->Push(unit);
      if (!reorders) WaitFor([&] { return shown.counters.decoded > before; });
    }
    WaitFor([&] { return shown.counters.decoded + 4 >= units.size(); });
    stage->Stop();
    CHECK(shown.error.empty());
    CHECK_EQ(shown.counters.damaged_units.load(), 0u);
    return shown.counters.decoded.load();
  };
  CHECK_EQ(shown_of(false), units.size());
  CHECK(shown_of(true) < units.size());
}

TEST(DeclaredReorderingDelaysNoH264) {
  DeclaredReorderingDelaysNothing(
      Codec::kH264, Units("x264enc option-string=bframes=3:b-adapt=1:b-bias=-100:keyint=200:rc-lookahead=4", 20));
}

// x265 itself uses what it declares.
TEST(DeclaredReorderingDelaysNoH265) {
  EncodedStream stream = EncodeH265("bframes=0:keyint=200", 20);
  stream.codec_data = EncodeH265("bframes=3:b-adapt=0:keyint=200", 10).codec_data;
  DeclaredReorderingDelaysNothing(Codec::kH265, Units(stream, 0, Codec::kH265));
}

// B-frames: a decoder would hold each key picture back until others follow it.
void KeyPicturesAloneAreShownAtOnce(Codec codec, const std::vector<AccessUnitPtr>& units) {
  Shown shown;
  auto stage = Make(&shown, true, codec);
  stage->SetKeysAlone(true);
  stage->Start({});
  std::vector<int64_t> keys;
  for (const auto& unit : units) {
    stage->Push(unit);
    if (!unit->key) continue;
    keys.push_back(unit->received_at_us);
    WaitFor([&] { return shown.count() == keys.size(); });
  }
  CHECK(stage->keys_alone());
  CHECK_EQ(stage->unshown_since_ns(), 0);
  stage->Stop();
  CHECK(keys.size() >= 4);
  CHECK(shown.received_at_us == keys);
  CHECK_EQ(shown.counters.decoded.load(), keys.size());
  CHECK(shown.error.empty());
}

TEST(KeyPicturesOfH264AreShownAtOnce) {
  KeyPicturesAloneAreShownAtOnce(Codec::kH264, Units("x264enc bframes=2 b-adapt=false key-int-max=6", 24));
}

TEST(KeyPicturesOfH265AreShownAtOnce) {
  KeyPicturesAloneAreShownAtOnce(Codec::kH265,
                                 Units(EncodeH265("bframes=2:b-adapt=0:keyint=6:scenecut=0", 24), 0, Codec::kH265));
}

TEST(PicturesLeftOutBecauseOfOverloadCountAsSkipped) {
  const auto units = Units("x264enc tune=zerolatency key-int-max=10", 20);
  for (const bool overloaded : {false, true}) {
    Shown shown;
    auto stage = Make(&shown);
    stage->SetKeysAlone(true, overloaded);
    stage->Start({});
    size_t keys = 0;
    for (const auto& unit : units) {
      stage->Push(unit);
      keys += unit->key;
      WaitFor([&] { return shown.count() == keys; });
    }
    stage->Stop();
    CHECK_EQ(shown.counters.skipped.load(), overloaded ? 18u : 0u);
  }
}

TEST(AStartThatDecodesKeyPicturesAloneShowsTheNewestPictureFirst) {
  const auto units = Units("x264enc tune=zerolatency key-int-max=20", 60);
  Shown shown;
  auto stage = Make(&shown);
  stage->SetKeysAlone(true);
  stage->Start({units.begin(), units.begin() + 15});
  WaitFor([&] { return shown.count() == 1; });
  for (size_t i = 15; i < 40; ++i) stage->Push(units[i]);
  WaitFor([&] { return shown.count() == 2; });
  for (size_t i = 40; i < 60; ++i) stage->Push(units[i]);
  WaitFor([&] { return shown.count() == 3; });
  stage->Stop();
  CHECK((shown.received_at_us == std::vector<int64_t>{14, 20, 40}));
}

TEST(AllPicturesAreDecodedAgainFromTheNextKeyPictureOrTheCache) {
  const auto units = Units("x264enc tune=zerolatency key-int-max=10", 30);
  Shown shown;
  auto stage = Make(&shown);
  auto push = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      const size_t before = shown.count();
      stage->Push(units[i]);
      if (!stage->keys_alone()) WaitFor([&] { return shown.count() > before; });
    }
  };
  stage->SetKeysAlone(true);
  stage->Start({});
  push(0, 5);
  WaitFor([&] { return shown.count() == 1; });
  stage->SetKeysAlone(false);
  push(5, 13);
  CHECK_EQ(shown.count(), 4u);  // 0, and 10 to 12.
  stage->SetKeysAlone(true);
  push(13, 15);
  stage->SetKeysAlone(false);
  stage->StartOver({units.begin() + 10, units.begin() + 15});
  CHECK(!stage->keys_alone());
  WaitFor([&] { return shown.count() == 5; });
  const uint64_t decoded = shown.counters.decoded;
  stage->StartOver({units.begin() + 10, units.begin() + 15});  // Its newest picture has been shown.
  WaitFor([&] { return shown.counters.decoded == decoded + 5; });
  push(15, 17);
  stage->Stop();
  CHECK((shown.received_at_us == std::vector<int64_t>{0, 10, 11, 12, 14, 15, 16}));
  CHECK(shown.error.empty());
}

TEST(APictureThatNothingNeedsIsNotDecoded) {
  const auto units = Units(
      "x264enc bframes=2 b-adapt=false b-pyramid=false key-int-max=200 rc-lookahead=0 mb-tree=false sync-lookahead=0 "
      "threads=1",
      61);
  size_t references = 0;
  for (const auto& unit : units) references += unit->reference;
  Shown shown;
  auto stage = Make(&shown, true);
  stage->SetRenditions({Rendition{"a", 160, 1, 80}});  // One of 25.
  stage->Start({});
  for (const auto& unit : units) {
    stage->Push(unit);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  WaitFor([&] { return shown.count() >= 3; });
  stage->Stop();
  CHECK_EQ(shown.count(), 3u);
  CHECK(shown.counters.decoded < references + 10);
  CHECK_EQ(shown.counters.damaged_units.load(), 0u);
}

TEST(AStageThatHasShownNothingSaysSoFromTheFirstUnitOn) {
  const auto units = Units("x264enc tune=zerolatency key-int-max=10", 2);
  Shown shown;
  auto stage = Make(&shown);
  stage->Start({});
  CHECK_EQ(stage->unshown_since_ns(), 0);
  stage->Push(units[1]);  // It cannot be shown without the first.
  CHECK(stage->unshown_since_ns() != 0);
  stage->Stop();
}

TEST(DamageHidesPicturesUntilTheNextKeyPicture) {
  auto units = Units("x264enc tune=zerolatency key-int-max=10", 30);
  units[12] = Halved(*units[12]);
  Shown shown;
  auto stage = Make(&shown);
  stage->Start({});
  for (size_t i = 0; i < 20; ++i) stage->Push(units[i]);
  WaitFor([&] { return stage->damaged_since_ns() != 0; });
  CHECK_EQ(shown.count(), 12u);
  for (size_t i = 20; i < units.size(); ++i) stage->Push(units[i]);
  WaitFor([&] { return shown.count() >= 22; });
  stage->Stop();
  CHECK_EQ(shown.count(), 22u);
  CHECK_EQ(shown.counters.damaged_units.load(), 1u);
  CHECK_EQ(stage->damaged_since_ns(), 0);
  CHECK(shown.error.empty());
}

}  // namespace

int main() {
  CHECK(EnsureGstInit().empty());
  return check::RunTests();
}
