// Pictures that the depayloader split at wrong markers.
#include "core/picture_assembler.h"

#include "check.h"
#include "core/clocks.h"
#include "core/gst_init.h"

using namespace framegate;

namespace {

// The first bytes of NAL units.
const std::vector<uint8_t> kDelimiter = {0x09, 0x10}, kIdr = {0x65, 0x88}, kIdrRest = {0x65, 0x40}, kP = {0x41, 0x9a},
                           kPRest = {0x41, 0x30};
const std::vector<uint8_t> kH265Delimiter = {0x46, 0x01, 0x10}, kH265Idr = {0x26, 0x01, 0xa0},
                           kH265IdrRest = {0x26, 0x01, 0x20}, kH265P = {0x02, 0x01, 0xd0},
                           kH265PRest = {0x02, 0x01, 0x10};

class Feed {
 public:
  explicit Feed(Codec codec) : assembler_(codec) {}

  // Sizes of the pictures that are complete, in NAL units.
  std::vector<size_t> Add(uint32_t timestamp, const std::vector<std::vector<uint8_t>>& nals, bool gap = false) {
    std::vector<uint8_t> bytes;
    for (const auto& nal : nals) {
      bytes.insert(bytes.end(), {0, 0, 0, static_cast<uint8_t>(nal.size())});
      bytes.insert(bytes.end(), nal.begin(), nal.end());
    }
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    if (gap) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    SamplePtr sample(gst_sample_new(buffer, nullptr, nullptr, nullptr));
    gst_buffer_unref(buffer);
    StreamIntake::Arrival arrival;
    arrival.mono_ns = now_ns_;
    arrival.rtp_timestamp = timestamp;
    std::vector<size_t> sizes;
    for (const auto& picture : assembler_.Add(std::move(sample), arrival)) sizes.push_back(NalsOf(picture));
    return sizes;
  }

  std::vector<size_t> Settle(int64_t after_ns) {
    const auto picture = assembler_.TakeSettled(now_ns_ + after_ns);
    return picture ? std::vector<size_t>{NalsOf(*picture)} : std::vector<size_t>();
  }

  bool gap = false;  // Of the last picture.

 private:
  size_t NalsOf(const PictureAssembler::Picture& picture) {
    GstBuffer* buffer = gst_sample_get_buffer(picture.sample.get());
    gap = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    const ReadMap bytes(buffer);
    size_t count = 0;
    for (size_t at = 0; at + 4 <= bytes.size(); at += 4 + bytes.data()[at + 3]) ++count;
    return count;
  }

  PictureAssembler assembler_;
  int64_t now_ns_ = MsToNs(1000);
};

using Sizes = std::vector<size_t>;

TEST(WithRightMarkersOnlyTheFirstPictureWaits) {
  Feed feed(Codec::kH264);
  CHECK(feed.Add(0, {kDelimiter, kIdr, kIdrRest}).empty());
  CHECK((feed.Add(1, {kDelimiter, kP, kPRest}) == Sizes{3, 3}));
  CHECK(feed.Add(2, {kP}) == Sizes{1});
}

TEST(TheFirstPictureWaitsNoLongerThanItsPartsTake) {
  Feed feed(Codec::kH264);
  CHECK(feed.Add(0, {kIdr}).empty());
  CHECK(feed.Settle(PictureAssembler::kSettleNs - 1).empty());
  CHECK(feed.Settle(PictureAssembler::kSettleNs) == Sizes{1});
  CHECK(feed.Add(1, {kP}) == Sizes{1});
}

TEST(AMarkerOnEachNalUnitEndsNoPicture) {
  struct {
    Codec codec;
    std::vector<uint8_t> delimiter, idr, idr_rest, p, p_rest;
  } const codecs[] = {{Codec::kH264, kDelimiter, kIdr, kIdrRest, kP, kPRest},
                      {Codec::kH265, kH265Delimiter, kH265Idr, kH265IdrRest, kH265P, kH265PRest}};
  for (const auto& c : codecs) {
    Feed feed(c.codec);
    for (const auto& nal : {c.delimiter, c.idr, c.idr_rest, c.idr_rest}) CHECK(feed.Add(0, {nal}).empty());
    CHECK(feed.Settle(MsToNs(1000)).empty());
    CHECK(feed.Add(1, {c.delimiter}) == Sizes{4});  // The next picture begins.
    CHECK(feed.Add(1, {c.p}).empty());
    CHECK(feed.Add(1, {c.p_rest}).empty());
    CHECK(feed.Add(2, {c.p}) == Sizes{3});
  }
}

TEST(PartsOfAnotherPictureAreNotJoined) {
  Feed feed(Codec::kH264);
  CHECK(feed.Add(0, {kIdr}).empty());
  CHECK((feed.Add(1, {kPRest}) == Sizes{1, 1}));  // Its first slices are missing: the gate rejects it.
  CHECK(feed.Add(2, {kP}) == Sizes{1});
}

TEST(AGapInOnePartIsAGapInThePicture) {
  Feed feed(Codec::kH264);
  CHECK(feed.Add(0, {kIdr}).empty());
  CHECK(feed.Add(0, {kIdrRest}).empty());
  CHECK(feed.Add(0, {kIdrRest}, true).empty());
  CHECK(feed.Add(1, {kP}) == Sizes{3});
  CHECK(feed.gap);
}

TEST(OtherCodecsPassAsTheyAre) {
  Feed feed(Codec::kMjpeg);
  CHECK(feed.Add(0, {{0xff, 0xd8}}) == Sizes{1});
}

}  // namespace

int main() {
  CHECK(EnsureGstInit().empty());
  return check::RunTests();
}
