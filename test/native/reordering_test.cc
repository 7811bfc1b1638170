// What streams of real encoders declare about reordering, and what they do.
#include "check.h"
#include "core/output_order.h"
#include "core/reorder_limit.h"
#include "encoded_stream.h"

using namespace framegate;

namespace {

constexpr char kAvc[] = " ! h264parse ! video/x-h264,stream-format=avc,alignment=au";
constexpr char kHvc[] = " ! h265parse ! video/x-h265,stream-format=hvc1,alignment=au";

struct Case {
  const char* name;
  Codec codec;
  const char* encoder;
  bool declares, reorders;
  const char* declared_by = nullptr;  // An encoder whose parameter sets the stream has instead of its own.
};

constexpr char kH265WithBFrames[] = "x265enc option-string=bframes=2:b-adapt=0:log-level=0";

const Case kCases[] = {
    {"H.264, P only", Codec::kH264, "x264enc tune=zerolatency", false, false},
    {"H.264, declares more than it does", Codec::kH264,
     "x264enc option-string=bframes=3:b-adapt=1:b-bias=-100:keyint=200:rc-lookahead=4", true, false},
    {"H.264, B-frames", Codec::kH264, "x264enc bframes=2 b-adapt=false", true, true},
    {"H.265, declares more than it does", Codec::kH265, "x265enc option-string=bframes=0:log-level=0", true, false,
     kH265WithBFrames},
    {"H.265, P only", Codec::kH265, "x265enc tune=zerolatency option-string=log-level=0", false, false},
    {"H.265, B-frames", Codec::kH265, kH265WithBFrames, true, true},
};

TEST(DeclaredReorderingIsRemovedAndRealReorderingIsFound) {
  for (const Case& test : kCases) {
    const int before = check::failures;
    const bool h265 = test.codec == Codec::kH265;
    const auto encode = [h265](const char* encoder, int frames) {
      return Encode(std::string(encoder) + (h265 ? kHvc : kAvc), "identity", frames);
    };
    const EncodedStream stream = encode(test.encoder, 60);
    const std::vector<uint8_t> declared =
        test.declared_by ? encode(test.declared_by, 10).codec_data : stream.codec_data;
    const std::vector<uint8_t> changed = WithoutReordering(test.codec, declared.data(), declared.size());
    CHECK_EQ(!changed.empty(), test.declares);
    if (!changed.empty()) CHECK(WithoutReordering(test.codec, changed.data(), changed.size()).empty());

    OutputOrder order;
    auto parser = h265 ? MakeH265Parser() : MakeH264Parser();
    CHECK(parser->SetCodecData(changed.empty() ? declared.data() : changed.data(),
                               changed.empty() ? declared.size() : changed.size()));
    CHECK_EQ(parser->parameters().width, 320);
    CHECK_EQ(parser->parameters().height, 240);
    for (const EncodedUnit& unit : stream.units) {
      const AccessUnitInfo info = parser->Parse(unit.bytes.data(), unit.bytes.size());
      CHECK(info.order_known || !test.declares);  // x264 without B-frames writes no order.
      order.Observe(info);
    }
    CHECK_EQ(order.reorders(), test.reorders);
    if (check::failures > before) std::fprintf(stderr, "  in: %s\n", test.name);
  }
}

TEST(DamagedRecordsAreNotRewritten) {
  const EncodedStream stream = Encode(std::string("x264enc bframes=2 b-adapt=false") + kAvc, "identity", 10);
  const std::vector<uint8_t>& record = stream.codec_data;
  CHECK(!WithoutReordering(Codec::kH264, record.data(), record.size()).empty());
  for (size_t size = 0; size < 20; ++size) {
    CHECK(WithoutReordering(Codec::kH264, record.data(), size).empty());
    CHECK(WithoutReordering(Codec::kH265, record.data(), size).empty());
  }
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
