// The parsers and the gate with streams of real encoders, undamaged and damaged.
#include "check.h"
#include "core/access_unit_parser.h"
#include "core/gate.h"
#include "encoded_stream.h"
#include "h264_bits.h"

using namespace framegate;

namespace {

constexpr char kAvc[] = "h264parse ! video/x-h264,stream-format=avc,alignment=au";
constexpr char kHvc[] = "h265parse ! video/x-h265,stream-format=hvc1,alignment=au";
constexpr int kFrames = 100, kGop = 25;

struct Case {
  const char* name;
  std::string encoder;
  bool h265;
  bool b_slices;
};

const Case kCases[] = {
    {"H.264 baseline", "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=25 ! video/x-h264,profile=baseline",
     false, false},
    {"H.264 4 slices", "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=25 option-string=slices=4", false,
     false},
    {"H.264 high, B-frames",
     "x264enc speed-preset=veryfast bframes=3 b-adapt=false key-int-max=25 ! video/x-h264,profile=high", false, true},
    {"H.265", "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=25 option-string=min-keyint=25:log-level=0",
     true, false},
};

std::unique_ptr<AccessUnitParser> ParserFor(const Case& test, const EncodedStream& stream) {
  auto parser = test.h265 ? MakeH265Parser() : MakeH264Parser();
  CHECK(parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size()));
  return parser;
}

GateRules RulesFor(const Case& test) { return test.h265 ? GateRules::kH265 : GateRules::kH264; }

void UndamagedStreamPasses(const Case& test, const EncodedStream& stream) {
  auto parser = ParserFor(test, stream);
  CHECK_EQ(parser->parameters().width, 322);
  CHECK_EQ(parser->parameters().height, 242);
  Gate gate(RulesFor(test));
  int keys = 0, passed = 0;
  bool b_slices = false;
  for (const EncodedUnit& unit : stream.units) {
    const AccessUnitInfo info = parser->Parse(unit.bytes.data(), unit.bytes.size());
    CHECK(info.well_formed);
    CHECK_EQ(info.key, !unit.delta);
    keys += info.key;
    b_slices |= info.b_slices;
    passed += gate.Check(info, false) != GateVerdict::kDrop;
  }
  CHECK_EQ(static_cast<int>(stream.units.size()), kFrames);
  CHECK_EQ(keys, kFrames / kGop);
  CHECK_EQ(passed, kFrames);
  if (!test.h265) CHECK_EQ(b_slices, test.b_slices);
}

// frame_num alone shows that a reference picture is missing, without a DISCONT.
void MissingReferenceClosesTheGate(const Case& test, const EncodedStream& stream) {
  if (test.h265) return;
  for (size_t missing = kGop + 1; missing + 2 < 2 * kGop; ++missing) {
    auto parser = ParserFor(test, stream);
    Gate gate(RulesFor(test));
    bool closed_in_time = false, was_reference = false;
    for (size_t i = 0; i < stream.units.size() && i < 2 * kGop; ++i) {
      const AccessUnitInfo info = parser->Parse(stream.units[i].bytes.data(), stream.units[i].bytes.size());
      if (i == missing) {
        was_reference = info.reference;
        continue;
      }
      if (gate.Check(info, false) == GateVerdict::kDrop) closed_in_time = true;
    }
    // The last references of a GOP may have no picture after them that shows the gap.
    if (was_reference && missing + 6 < 2 * kGop) CHECK(closed_in_time);
  }
}

void DamagedBytesAreHarmless(const Case& test, const EncodedStream& stream) {
  auto parser = ParserFor(test, stream);
  unsigned seed = 7;
  auto next = [&seed] { return (seed = seed * 1103515245u + 12345u) >> 16; };
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint8_t> bytes = stream.units[next() % stream.units.size()].bytes;
    bytes.resize(next() % (bytes.size() + 1));
    for (int flips = 0; flips < 4 && !bytes.empty(); ++flips) bytes[next() % bytes.size()] ^= next();
    parser->Parse(bytes.data(), bytes.size());
    std::vector<uint8_t> data = stream.codec_data;
    data.resize(next() % (data.size() + 1));
    if (!data.empty()) data[next() % data.size()] ^= next();
    parser->SetCodecData(data.data(), data.size());
  }
}

void TruncatedUnitIsNotWellFormed(const Case& test, const EncodedStream& stream) {
  auto parser = ParserFor(test, stream);
  const std::vector<uint8_t>& whole = stream.units[3].bytes;
  CHECK(!parser->Parse(whole.data(), whole.size() - 1).well_formed);
  CHECK(!parser->Parse(whole.data(), 2).well_formed);
  CHECK(!parser->Parse(whole.data(), 0).well_formed);
}

TEST(RecoveryPointsAreRead) {
  const EncodedStream refresh = Encode(
      "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=25 intra-refresh=true", kAvc, kFrames, 322, 242);
  auto parser = MakeH264Parser();
  parser->SetCodecData(refresh.codec_data.data(), refresh.codec_data.size());
  int keys = 0, points = 0;
  for (const EncodedUnit& unit : refresh.units) {
    const AccessUnitInfo info = parser->Parse(unit.bytes.data(), unit.bytes.size());
    keys += info.key;
    if (info.key || info.recovery_frames < 0) continue;
    ++points;
    CHECK(info.recovery_frames > 0 && info.recovery_frames <= kGop);
  }
  CHECK_EQ(keys, 1);
  CHECK(points >= 2);
}

// A decoder reserves memory for the picture before cropping.
TEST(CroppingDoesNotHideTheSizeOfAPicture) {
  for (const uint64_t side_mbs : {2u, 1024u, 4096u, 100'000'000u}) {
    auto parser = MakeH264Parser();
    const std::vector<uint8_t> sps = SpsOf(side_mbs, std::min<uint64_t>(side_mbs, 2), false);
    parser->Parse(sps.data(), sps.size());
    const uint64_t side = std::min<uint64_t>(side_mbs * 16, 1u << 20);
    CHECK_EQ(parser->announced().largest_picture, side * side);
    CHECK(parser->parameters().width <= 16384);
  }
}

// Decoders keep reference pictures, in H.264 and H.265 up to 16.
TEST(ADecoderNeedsMemoryForItsReferencePictures) {
  for (const auto& [references, thirds] : {std::pair{0u, 3u}, {1u, 3u}, {4u, 6u}, {16u, 18u}, {4'000'000'000u, 18u}}) {
    auto parser = MakeH264Parser();
    const std::vector<uint8_t> sps = SpsOf(16, 16, false, references);
    parser->Parse(sps.data(), sps.size());
    CHECK_EQ(parser->announced().largest_picture, 256u * 256u);
    CHECK_EQ(parser->announced().decoder_pixels, 256u * 256u * thirds / 3);
  }
  const std::string encoder = "x265enc speed-preset=ultrafast option-string=ref=4:b-adapt=0:bframes=0:log-level=0";
  const EncodedStream stream = Encode(encoder, "h265parse ! video/x-h265,stream-format=hvc1", 2, 320, 240);
  auto parser = MakeH265Parser();
  parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size());
  CHECK(parser->announced().decoder_pixels >= 320u * 240u * 2 && parser->announced().decoder_pixels < 320u * 240u * 4);
}

TEST(AScalingListOutOfRangeIsRejected) {
  for (const uint64_t delta : {127u, 128u, 2'147'483'647u}) {
    Bits bits;
    bits.U(8, 100).U(8, 0).U(8, 40).Ue(0).Ue(1).Ue(0).Ue(0).U(1, 0).U(1, 1).U(1, 1);  // The first list is present.
    bits.Ue(2 * delta - 1);
    for (int i = 1; i < 16; ++i) bits.Ue(0);
    bits.U(7, 0).Ue(0).Ue(2).Ue(1).U(1, 0).Ue(19).Ue(14).U(1, 1).U(1, 0).U(1, 0).U(1, 0);
    const std::vector<uint8_t> sps = bits.Nal(0x67);
    auto parser = MakeH264Parser();
    parser->Parse(sps.data(), sps.size());
    CHECK_EQ(parser->parameters().width, delta == 127 ? 320 : 0);
  }
}

struct OtherCase {
  const char* name;
  Codec codec;
  std::string encoder, caps;
  int gop;
};

const OtherCase kOtherCases[] = {
    {"MJPEG", Codec::kMjpeg, "jpegenc", "image/jpeg", 1},
    {"MPEG-4", Codec::kMpeg4, "avenc_mpeg4 gop-size=25", "video/mpeg", kGop},
    {"VP8", Codec::kVp8, "vp8enc deadline=1 keyframe-max-dist=25 keyframe-mode=disabled", "video/x-vp8", kFrames},
    {"VP9", Codec::kVp9, "vp9enc deadline=1 cpu-used=8 lag-in-frames=0 keyframe-max-dist=25 threads=1", "video/x-vp9",
     kGop},
};

TEST(OtherCodecsPassFromTheirFirstKeyPicture) {
  for (const OtherCase& test : kOtherCases) {
    const EncodedStream stream = Encode(test.encoder, test.caps, kFrames, 322, 242);
    CHECK_EQ(stream.units.size(), static_cast<size_t>(kFrames));
    auto parser = MakeParser(test.codec);
    parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size());
    Gate gate(test.gop == 1 ? GateRules::kIntraOnly : GateRules::kKeyFirst);
    int keys = 0, passed = 0;
    for (size_t i = 0; i < stream.units.size(); ++i) {
      const std::vector<uint8_t>& bytes = stream.units[i].bytes;
      const AccessUnitInfo info = parser->Parse(bytes.data(), bytes.size());
      CHECK(info.well_formed);
      CHECK_EQ(info.key, i % static_cast<size_t>(test.gop) == 0);
      keys += info.key;
      passed += gate.Check(info, i == 10) != GateVerdict::kDrop;
    }
    CHECK_EQ(keys, kFrames / test.gop);
    CHECK_EQ(passed, test.gop == 1 ? kFrames - 1 : kFrames - (test.gop - 10));
    CHECK_EQ(parser->parameters().width, 322);
    CHECK_EQ(parser->parameters().height, 242);
    CHECK(parser->announced().largest_picture >= 322u * 242u && parser->announced().largest_picture <= 336u * 256u);
    for (size_t size = 0; size < 3; ++size) CHECK(!parser->Parse(stream.units[0].bytes.data(), size).well_formed);
    std::fprintf(stderr, "%s\n", test.name);
  }
}

// An MPEG-4 unit that begins in the middle of a picture is incomplete, although no packet is known to be missing.
TEST(TheEndOfAnMpeg4PictureIsNotWellFormed) {
  const EncodedStream stream = Encode(kOtherCases[1].encoder, "video/mpeg", 2, 322, 242);
  auto parser = MakeMpeg4Parser();
  const std::vector<uint8_t>& bytes = stream.units[0].bytes;
  CHECK(parser->Parse(bytes.data(), bytes.size()).well_formed);
  CHECK(!parser->Parse(bytes.data() + bytes.size() / 2, bytes.size() - bytes.size() / 2).well_formed);
}

// B-pictures right after the first key picture need one before it.
TEST(Mpeg4BPicturesAfterTheFirstKeyPictureAreDropped) {
  const EncodedStream stream = Encode("avenc_mpeg4 gop-size=12 max-bframes=2", "video/mpeg", 60);
  auto parser = MakeMpeg4Parser();
  parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size());
  Gate gate(GateRules::kKeyFirst);
  int keys = 0, unneeded = 0;
  bool open = false;
  for (const EncodedUnit& unit : stream.units) {
    const AccessUnitInfo info = parser->Parse(unit.bytes.data(), unit.bytes.size());
    keys += info.key;
    unneeded += !info.reference;
    const bool gap = keys == 2 && !info.key;  // The rest of the second GOP is lost.
    const GateVerdict verdict = gate.Check(info, gap);
    if (keys == 3 && info.key) open = verdict == GateVerdict::kPassAndReset;
    if (keys == 3 && !info.reference && verdict == GateVerdict::kPass) CHECK(!open);
    if (keys == 3 && !info.key && info.reference) break;
  }
  CHECK(open);
  CHECK(unneeded > 10);
}

// The offset of the first NAL unit of these types, after its 4-byte length; bytes.size() if there is none.
size_t FindNal(const std::vector<uint8_t>& bytes, bool h265, int first_type, int last_type) {
  for (size_t at = 4; at < bytes.size();) {
    const int type = h265 ? bytes[at] >> 1 & 63 : bytes[at] & 31;
    if (type >= first_type && type <= last_type) return at;
    at += (bytes[at - 4] << 24 | bytes[at - 3] << 16 | bytes[at - 2] << 8 | bytes[at - 1]) + 4;
  }
  return bytes.size();
}

// Encoders put the recovery point into a NAL unit of its own; cameras put other messages before it.
TEST(ARecoveryPointIsFoundBehindOtherMessages) {
  const EncodedStream stream =
      Encode("x264enc speed-preset=ultrafast tune=zerolatency key-int-max=25", kAvc, 3, 322, 242);
  auto parser = MakeH264Parser();
  parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size());
  std::vector<uint8_t> sei = {6, 5, 20};                  // SEI, user data, 20 bytes
  sei.insert(sei.end(), 20, 0xff);                        // that would be read as lengths if they were not skipped
  sei.insert(sei.end(), {1, 2, 0x42, 0x42});              // pic_timing, 2 bytes
  sei.insert(sei.end(), {6, 2, 0b00011010, 0xc0, 0x80});  // recovery point: ue(12), flags
  std::vector<uint8_t> unit = {0, 0, 0, static_cast<uint8_t>(sei.size())};
  unit.insert(unit.end(), sei.begin(), sei.end());
  const std::vector<uint8_t>& slice = stream.units[1].bytes;
  unit.insert(unit.end(), slice.begin(), slice.end());
  const AccessUnitInfo info = parser->Parse(unit.data(), unit.size());
  CHECK(info.well_formed);
  CHECK_EQ(info.recovery_frames, 12);
}

TEST(InterlacedPicturesHaveTheHeightOfTheFrame) {
  // x264enc's own property `interlaced` leaves frame_mbs_only set. Cropping counts in units of 4 lines.
  const EncodedStream stream =
      Encode("capssetter caps=video/x-raw,interlace-mode=interleaved ! x264enc speed-preset=ultrafast tune=zerolatency",
             kAvc, 3, 322, 244);
  auto parser = MakeH264Parser();
  CHECK(parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size()));
  CHECK_EQ(parser->parameters().width, 322);
  CHECK_EQ(parser->parameters().height, 244);
}

// Pictures of a higher temporal layer may predict from "non-reference" pictures of a lower one.
TEST(LowerTemporalLayersAreReferences) {
  const EncodedStream stream = Encode(kCases[3].encoder, kHvc, 5, 322, 242);
  auto parser = MakeH265Parser();
  parser->SetCodecData(stream.codec_data.data(), stream.codec_data.size());
  auto reference = [&](int type, int temporal_id) {
    std::vector<uint8_t> unit = stream.units[2].bytes;
    const size_t nal = FindNal(unit, true, 0, 31);
    CHECK(nal < unit.size());
    if (nal == unit.size()) return false;
    unit[nal] = static_cast<uint8_t>(type << 1);
    unit[nal + 1] = static_cast<uint8_t>(temporal_id + 1);
    const AccessUnitInfo info = parser->Parse(unit.data(), unit.size());
    CHECK(info.well_formed && !info.key);
    return info.reference;
  };
  constexpr int kTrailN = 0, kTrailR = 1, kTsaN = 2;
  CHECK(!reference(kTrailN, 0));  // No higher layer is known yet.
  CHECK(reference(kTrailR, 0));
  CHECK(!reference(kTsaN, 2));  // The highest layer.
  CHECK(reference(kTsaN, 1));
  CHECK(reference(kTrailN, 0));
}

TEST(StreamsOfRealEncodersUndamagedAndDamaged) {
  for (const Case& test : kCases) {
    const int before = check::failures;
    // 322 x 242 is not a multiple of the macroblock size, so cropping is tested too.
    const EncodedStream stream = Encode(test.encoder, test.h265 ? kHvc : kAvc, kFrames, 322, 242);
    CHECK(!stream.units.empty());
    if (stream.units.empty()) continue;
    UndamagedStreamPasses(test, stream);
    MissingReferenceClosesTheGate(test, stream);
    DamagedBytesAreHarmless(test, stream);
    TruncatedUnitIsNotWellFormed(test, stream);
    std::fprintf(stderr, "%s: %s\n", test.name, check::failures == before ? "ok" : "FAILED");
  }
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
