// The rules for late decoders, one by one, with made-up facts.
#include "core/catch_up.h"

#include "check.h"
#include "core/clocks.h"
#include "core/frame_age.h"

using namespace framegate;
using UnitVerdict = CatchUp::UnitVerdict;
using PictureVerdict = CatchUp::PictureVerdict;

namespace {

constexpr Pace k25Fps = {MsToNs(40), false};

// A CatchUp that has started with a punctual key picture, and a clock.
struct Decoder {
  CatchUp catch_up;
  Pace pace = k25Fps;
  int64_t now_ms = 5000;

  explicit Decoder(bool begun = true) {
    catch_up.Start(false);
    if (begun) CHECK(Unit(0, {.key = true}) == UnitVerdict::kRestart);
  }

  struct Traits {
    bool key = false, reference = true, starts_sequence = false, key_queued = false, more_queued = false,
         follows_loss = false;
  };
  UnitVerdict Unit(int64_t waited_ms, Traits traits) {
    return catch_up.CheckUnit({MsToNs(now_ms), MsToNs(waited_ms), traits.key, traits.reference, traits.starts_sequence,
                               traits.key_queued, traits.more_queued || traits.key_queued, traits.follows_loss},
                              pace);
  }
  UnitVerdict Unit(int64_t waited_ms) { return Unit(waited_ms, {}); }
  PictureVerdict Picture(int64_t age_ms, bool more_queued = false, int64_t lag_ms = 0) {
    return catch_up.CheckPicture({MsToNs(age_ms), MsToNs(lag_ms), more_queued, MsToNs(age_ms)}, pace);
  }
};

TEST(TheAgeLimitIs250MsOrThreeFramesOrFiveWithBFrames) {
  CHECK_EQ(AgeLimitNs(MsToNs(40), false), MsToNs(250));
  CHECK_EQ(AgeLimitNs(MsToNs(40), true), MsToNs(250));
  CHECK_EQ(AgeLimitNs(MsToNs(100), false), MsToNs(300));
  CHECK_EQ(AgeLimitNs(MsToNs(100), true), MsToNs(500));
}

TEST(APictureIsShownUpToTheAgeLimit) {
  const struct {
    Pace pace;
    int64_t limit_ms;
  } kTable[] = {
      {{MsToNs(40), false}, 250},
      {{MsToNs(40), true}, 250},
      {{MsToNs(100), false}, 300},
      {{MsToNs(100), true}, 500},
  };
  for (const auto& row : kTable) {
    Decoder decoder;
    decoder.pace = row.pace;
    CHECK(decoder.Picture(row.limit_ms) == PictureVerdict::kShow);
    CHECK(decoder.Picture(row.limit_ms + 1) == PictureVerdict::kDropLate);
    // The delay in the network is part of the age.
    CHECK(decoder.Picture(100, false, row.limit_ms - 100) == PictureVerdict::kShow);
    CHECK(decoder.Picture(100, false, row.limit_ms - 99) == PictureVerdict::kDropLate);
    CHECK(decoder.Picture(0, false, row.limit_ms + 1) == PictureVerdict::kDropLate);
  }
}

TEST(DecodingStartsWithAPunctualKeyPicture) {
  Decoder decoder(false);
  CHECK(decoder.catch_up.waiting_for_key());
  CHECK(decoder.Unit(0) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(251, {.key = true}) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(250, {.key = true}) == UnitVerdict::kRestart);
  CHECK(decoder.Unit(0) == UnitVerdict::kDecode);
  CHECK(decoder.Unit(0, {.starts_sequence = true}) == UnitVerdict::kRestart);
}

TEST(APunctualDecoderDecodesAndShowsEverything) {
  Decoder decoder;
  for (const bool reference : {true, false}) {
    CHECK(decoder.Unit(60, {.reference = reference, .more_queued = true}) == UnitVerdict::kDecode);
    CHECK(decoder.Picture(60, true) == PictureVerdict::kShow);
  }
  CHECK(!decoder.catch_up.catching_up());
}

TEST(ADecoderThatIsBehindDropsNonReferencePictures) {
  Decoder decoder;
  CHECK(decoder.Unit(61, {.reference = false, .more_queued = true}) == UnitVerdict::kDropUnneeded);
  CHECK(decoder.Unit(61, {.reference = false}) == UnitVerdict::kDecode);  // It is the newest.
  CHECK(decoder.Unit(61, {.more_queued = true}) == UnitVerdict::kDecode);
  CHECK(decoder.Unit(61, {.reference = false, .starts_sequence = true, .more_queued = true}) == UnitVerdict::kRestart);
  decoder.pace = {MsToNs(100), false};  // The limit is 60 ms or 1.5 frames.
  CHECK(decoder.Unit(150, {.reference = false, .more_queued = true}) == UnitVerdict::kDecode);
  CHECK(decoder.Unit(151, {.reference = false, .more_queued = true}) == UnitVerdict::kDropUnneeded);
}

TEST(ADecoderThatIsBehindSkipsEncodingButNeverTwiceInARow) {
  Decoder decoder;
  CHECK(decoder.Picture(61, true) == PictureVerdict::kDropLate);
  CHECK(decoder.Picture(61, true) == PictureVerdict::kShow);
  CHECK(decoder.Picture(61, true) == PictureVerdict::kDropLate);
  CHECK(decoder.Picture(61, false) == PictureVerdict::kShow);
  CHECK(decoder.Picture(61, true) == PictureVerdict::kDropLate);
}

TEST(APictureThatWaitedForItsTurnDoesNotMakeTheDecoderLate) {
  CatchUp catch_up;
  const Pace b_frames = {MsToNs(40), true, false};
  for (int i = 0; i < 3; ++i) {
    CHECK(catch_up.CheckPicture({MsToNs(130), 0, true, MsToNs(10)}, b_frames) == CatchUp::PictureVerdict::kShow);
  }
  CHECK(catch_up.CheckPicture({MsToNs(130), 0, true, MsToNs(61)}, b_frames) == CatchUp::PictureVerdict::kDropLate);
}

TEST(ALateDecoderShowsNothingUntilItsNewestPicture) {
  Decoder decoder;
  CHECK(decoder.Unit(250) == UnitVerdict::kDecode);
  CHECK(!decoder.catch_up.catching_up());
  CHECK(decoder.Unit(251, {.more_queued = true}) == UnitVerdict::kDecode);
  CHECK(decoder.catch_up.catching_up());
  CHECK(decoder.Picture(200, true) == PictureVerdict::kHide);
  CHECK(decoder.Unit(100, {.reference = false, .more_queued = true}) == UnitVerdict::kDropUnneeded);
  CHECK(decoder.Unit(10, {.more_queued = true}) == UnitVerdict::kDecode);
  CHECK(decoder.Picture(20, true) == PictureVerdict::kHide);
  CHECK(decoder.Unit(20) == UnitVerdict::kDecode);
  CHECK(decoder.Picture(30, false) == PictureVerdict::kShow);
  CHECK(!decoder.catch_up.catching_up());
  CHECK(decoder.Picture(40, true) == PictureVerdict::kShow);
}

TEST(ALateDecoderContinuesFromAQueuedKeyPicture) {
  Decoder decoder;
  CHECK(decoder.Unit(300, {.key_queued = true}) == UnitVerdict::kDecode);  // It was not late before.
  CHECK(decoder.Unit(300, {.key_queued = true}) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(290, {.more_queued = true}) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(280, {.key = true, .more_queued = true}) ==
        UnitVerdict::kRestart);  // Late, but the best there is.
  CHECK(decoder.catch_up.catching_up());
  CHECK(decoder.Picture(240, true) == PictureVerdict::kHide);
}

TEST(APunctualKeyPictureEndsTheCatchUp) {
  Decoder decoder;
  decoder.Unit(300, {.key_queued = true});
  decoder.Unit(300, {.key_queued = true});
  CHECK(decoder.Unit(250, {.key = true, .more_queued = true}) == UnitVerdict::kRestart);
  CHECK(!decoder.catch_up.catching_up());
}

// If no key picture is queued, the decoder must get closer every second.
TEST(ALateDecoderThatCatchesUpContinues) {
  Decoder decoder;
  CHECK(decoder.Unit(2000, {.more_queued = true}) == UnitVerdict::kDecode);
  for (int64_t waited_ms = 1990; waited_ms > 300; waited_ms -= 10) {
    decoder.now_ms += 100;
    CHECK(decoder.Unit(waited_ms, {.more_queued = true}) == UnitVerdict::kDecode);
  }
  CHECK(decoder.catch_up.catching_up());
}

TEST(ALateDecoderThatDoesNotCatchUpGivesUpAfterASecond) {
  for (const int64_t waited_ms : {2000, 2500}) {
    Decoder decoder;
    CHECK(decoder.Unit(2000, {.more_queued = true}) == UnitVerdict::kDecode);
    decoder.now_ms += 1000;
    CHECK(decoder.Unit(waited_ms, {.more_queued = true}) == UnitVerdict::kDecode);
    decoder.now_ms += 1;
    CHECK(decoder.Unit(waited_ms, {.more_queued = true}) == UnitVerdict::kDropUntilKey);
    CHECK(!decoder.catch_up.catching_up());
    CHECK(decoder.Unit(300, {.key = true}) == UnitVerdict::kDropUntilKey);  // Late itself.
    CHECK(decoder.Unit(100, {.key = true}) == UnitVerdict::kRestart);
  }
}

TEST(ProgressIsMeasuredAgainstTheLastSecond) {
  Decoder decoder;
  decoder.Unit(2000, {.more_queued = true});
  decoder.now_ms += 1001;
  CHECK(decoder.Unit(1500, {.more_queued = true}) == UnitVerdict::kDecode);
  decoder.now_ms += 1001;
  CHECK(decoder.Unit(1600, {.more_queued = true}) ==
        UnitVerdict::kDropUntilKey);  // Closer than at first, but no longer getting closer.
}

TEST(ABacklogIsDecodedHiddenWhileItGetsShorter) {
  Decoder decoder(false);
  decoder.catch_up.Start(true);
  for (int64_t waited_ms = 9000; waited_ms > 300; waited_ms -= 100) {
    decoder.now_ms += 500;
    CHECK(decoder.catch_up.in_backlog());
    CHECK(decoder.Unit(waited_ms, {.more_queued = true}) == UnitVerdict::kDecode);
    CHECK(decoder.Picture(waited_ms, true) == PictureVerdict::kHide);
  }
  CHECK(decoder.Unit(40) == UnitVerdict::kDecode);
  CHECK(decoder.catch_up.in_backlog());
  CHECK(decoder.Picture(50, false) == PictureVerdict::kShow);
  CHECK(!decoder.catch_up.in_backlog());
}

TEST(ABacklogThatGetsLongerIsGivenUp) {
  Decoder decoder(false);
  decoder.catch_up.Start(true);
  CHECK(decoder.Unit(9000, {.more_queued = true}) == UnitVerdict::kDecode);
  decoder.now_ms += 3000;
  CHECK(decoder.Unit(9010, {.more_queued = true}) == UnitVerdict::kDecode);
  decoder.now_ms += 1;
  CHECK(decoder.Unit(9010, {.more_queued = true}) == UnitVerdict::kDropUntilKey);
  CHECK(!decoder.catch_up.in_backlog());
}

TEST(AfterDamageDecodingContinuesFromTheNextKeyPicture) {
  Decoder decoder;
  decoder.catch_up.WaitForKey();
  CHECK(decoder.catch_up.waiting_for_key());
  CHECK(decoder.Unit(0) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(0, {.key = true}) == UnitVerdict::kRestart);
  CHECK(decoder.Unit(0) == UnitVerdict::kDecode);
}

TEST(AfterAQueueOverflowOnlyAPunctualKeyPictureCounts) {
  Decoder decoder;
  decoder.Unit(300, {.more_queued = true});  // Catching up.
  CHECK(decoder.Unit(300, {.key = true, .follows_loss = true}) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(0, {.more_queued = true}) == UnitVerdict::kDropUntilKey);
  CHECK(decoder.Unit(0, {.key = true}) == UnitVerdict::kRestart);
}

TEST(TheNewestPictureOfACameraThatPausesIsShownAtAnyAge) {
  const Pace pauses = {MsToNs(40), false, true};
  const int64_t old = MsToNs(5000);
  CHECK(CatchUp().CheckPicture({old, 0, false, old}, pauses) == CatchUp::PictureVerdict::kShow);
  CHECK(CatchUp().CheckPicture({old, 0, true, old}, pauses) == CatchUp::PictureVerdict::kDropLate);
  CHECK(CatchUp().CheckPicture({old, MsToNs(251), false, old}, pauses) == CatchUp::PictureVerdict::kDropLate);
  CHECK(CatchUp().CheckPicture({old, 0, false, old}, {MsToNs(40), false, false}) == CatchUp::PictureVerdict::kDropLate);
}

}  // namespace

int main() { return check::RunTests(); }
