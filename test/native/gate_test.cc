// The gate's rules, one by one, with made-up facts.
#include "core/gate.h"

#include "check.h"

using namespace framegate;

namespace {

AccessUnitInfo Picture(bool key, uint32_t frame_num, bool reference = true) {
  AccessUnitInfo info;
  info.well_formed = true;
  info.key = key;
  info.starts_at_first_block = true;
  info.reference = reference;
  info.frame_num_known = true;
  info.frame_num = frame_num;
  info.max_frame_num = 16;
  return info;
}

bool Passes(Gate& gate, const AccessUnitInfo& info, bool gap = false) {
  return gate.Check(info, gap) != GateVerdict::kDrop;
}

TEST(StartsClosedAndOpensOnKey) {
  Gate gate(GateRules::kH264);
  CHECK(!Passes(gate, Picture(false, 3), true));  // The first unit's DISCONT means nothing.
  CHECK(!Passes(gate, Picture(false, 4)));
  CHECK(gate.Check(Picture(true, 0), false) == GateVerdict::kPassAndReset);
  CHECK(gate.Check(Picture(false, 1), false) == GateVerdict::kPass);
  CHECK(gate.Check(Picture(true, 0), false) == GateVerdict::kPass);
}

TEST(FirstUnitMayOpenDespiteDiscont) {
  Gate gate(GateRules::kH264);
  CHECK(Passes(gate, Picture(true, 0), true));
}

TEST(GapClosesUntilNextCompleteKey) {
  Gate gate(GateRules::kH264);
  Passes(gate, Picture(true, 0));
  CHECK(!Passes(gate, Picture(false, 1), true));
  CHECK(!Passes(gate, Picture(false, 2)));
  CHECK(!Passes(gate, Picture(true, 0), true));  // A key with a gap may be truncated itself.
  CHECK(!Passes(gate, Picture(false, 1)));
  CHECK(Passes(gate, Picture(true, 0)));
  CHECK(Passes(gate, Picture(false, 1)));
}

TEST(FrameNumGapCloses) {
  Gate gate(GateRules::kH264);
  Passes(gate, Picture(true, 0));
  CHECK(Passes(gate, Picture(false, 1)));
  CHECK(!Passes(gate, Picture(false, 3)));
  CHECK(!Passes(gate, Picture(false, 4)));
}

TEST(FrameNumWrapsAndNonReferencesShareIt) {
  Gate gate(GateRules::kH264);
  Passes(gate, Picture(true, 0));
  for (uint32_t n = 1; n < 40; ++n) {
    CHECK(Passes(gate, Picture(false, n % 16, false)));  // b-picture before its reference
    CHECK(Passes(gate, Picture(false, n % 16)));
  }
}

// Clause 7.4.3: frame_num counts from the last reference picture.
TEST(NonReferencesDoNotAdvanceFrameNum) {
  Gate gate(GateRules::kH264);
  Passes(gate, Picture(true, 0));
  CHECK(Passes(gate, Picture(false, 1, false)));
  CHECK(Passes(gate, Picture(false, 1, false)));
  CHECK(!Passes(gate, Picture(false, 2)));  // The reference with frame_num 1 is missing.
}

TEST(AllowedFrameNumGapsPass) {
  Gate gate(GateRules::kH264);
  Passes(gate, Picture(true, 0));
  AccessUnitInfo sparse = Picture(false, 4);
  sparse.frame_num_gaps_allowed = true;
  CHECK(Passes(gate, sparse));
}

TEST(IncompletePicturesClose) {
  Gate gate(GateRules::kH264);
  AccessUnitInfo headless = Picture(true, 0);
  headless.starts_at_first_block = false;
  CHECK(!Passes(gate, headless));
  Passes(gate, Picture(true, 0));
  AccessUnitInfo cut = Picture(false, 1);
  cut.well_formed = false;
  CHECK(!Passes(gate, cut));
  CHECK(!Passes(gate, Picture(false, 2)));
}

TEST(H265DropsRaslAfterOpening) {
  Gate gate(GateRules::kH265);
  AccessUnitInfo rasl = Picture(false, 0);
  rasl.rasl = rasl.leading = true;
  AccessUnitInfo radl = Picture(false, 0);
  radl.leading = true;
  CHECK(Passes(gate, Picture(true, 0)));
  CHECK(!Passes(gate, rasl));
  CHECK(Passes(gate, radl));
  CHECK(!Passes(gate, rasl));
  CHECK(Passes(gate, Picture(false, 0)));  // Trailing picture.
  CHECK(Passes(gate, Picture(true, 0)));   // After the next IRAP of an intact stream,
  CHECK(Passes(gate, rasl));               // RASL pictures have what they need.
}

TEST(RecoveryPointsOpenStreamsWithoutKeys) {
  Gate gate(GateRules::kH264);
  AccessUnitInfo point = Picture(false, 5);
  point.recovery_frames = 12;
  CHECK(!Passes(gate, Picture(false, 4)));
  CHECK(gate.Check(point, false) == GateVerdict::kPassAndReset);
  CHECK(gate.Check(Picture(false, 6), false) == GateVerdict::kPass);
  point.frame_num = 7;
  CHECK(gate.Check(point, false) == GateVerdict::kPass);  // Already open: no reset.
  CHECK(!Passes(gate, Picture(false, 8), true));
  point.frame_num = 9;
  CHECK(!Passes(gate, point, true));  // A recovery point with a gap does not open.
  CHECK(!Passes(gate, Picture(false, 10)));
  point.frame_num = 11;
  CHECK(Passes(gate, point));
  CHECK(!Passes(gate, Picture(false, 13)));  // frame_num continues from there.
}

TEST(IntraOnlyReopensAtOnce) {
  Gate gate(GateRules::kIntraOnly);
  AccessUnitInfo jpeg;
  jpeg.well_formed = true;
  CHECK(Passes(gate, jpeg));
  CHECK(!Passes(gate, jpeg, true));
  CHECK(Passes(gate, jpeg));
}

}  // namespace

int main() { return check::RunTests(); }
