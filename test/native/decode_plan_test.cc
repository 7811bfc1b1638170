// What is decoded for which readers, key pictures and loads, with made-up facts.
#include "core/decode_plan.h"

#include "check.h"
#include "core/clocks.h"

using namespace framegate;

namespace {

KeyRhythm Keys(const std::vector<int64_t>& times_ms) {
  KeyRhythm keys;
  for (const int64_t time_ms : times_ms) keys.Add(MsToNs(time_ms));
  return keys;
}

std::vector<Rendition> AskFor(const std::vector<double>& rates) {
  std::vector<Rendition> renditions;
  for (const double fps : rates) renditions.push_back({"at " + std::to_string(fps), 0, fps});
  return renditions;
}

TEST(KeyPicturesSufficeIfTheyComeAsOftenAndAsEvenlyAsAskedFor) {
  const std::vector<int64_t> every_second = {1000, 2000, 3000, 4000, 5000};
  const struct {
    const char* what;
    std::vector<int64_t> keys_ms;
    int64_t now_ms;
    std::vector<double> rates;
    bool suffice;
  } kTable[] = {
      {"one a second", every_second, 5100, {1}, true},
      {"one in two seconds", every_second, 5100, {0.5}, true},
      {"more than key pictures", every_second, 5100, {1.2}, false},
      {"20 a second", every_second, 5100, {20}, false},
      {"the slow and the fast", every_second, 5100, {1, 20}, false},
      {"the even and the uneven", every_second, 5100, {1, 0.7}, false},
      {"1 s or 2 s instead of 1.4 s", every_second, 5100, {0.7}, false},
      {"4 s or 5 s instead of 4.5 s", every_second, 5100, {1 / 4.5}, true},
      {"two multiples", every_second, 5100, {1, 0.5}, true},
      {"no reader", every_second, 5100, {}, false},
      {"two key pictures are no rhythm", {4000, 5000}, 5100, {1}, false},
      {"a GOP of 10 s, one in two seconds", {10'000, 20'000, 30'000}, 30'100, {0.5}, false},
      {"a GOP of 10 s, one in ten seconds", {10'000, 20'000, 30'000}, 30'100, {0.1}, true},
      {"24 fps with a GOP of 25", {1000, 2042, 3083, 4125}, 4200, {1}, true},
      {"a GOP that is 1 % short", {1000, 1990, 2980, 3970}, 4000, {1}, true},
      {"a GOP that is 3 % short", {1000, 1970, 2940, 3910}, 4000, {1}, false},
      {"a GOP that is 6 % long", {1000, 2060, 3120, 4180}, 4200, {1}, false},
      {"a long GOP among the last four", {1000, 4000, 5000, 6000, 7000}, 7100, {1}, false},
      {"a long GOP before the last four", {1000, 4000, 5000, 6000, 7000, 8000}, 8100, {1}, true},
      {"a key picture that is due", every_second, 6290, {1}, true},
      {"a key picture that is overdue", every_second, 6310, {1}, false},
      {"a key picture out of turn", {1000, 3000, 5000, 7000, 7700}, 7800, {0.5}, false},
      {"uneven, but often enough", {1000, 1300, 2000, 2400, 3400}, 3500, {0.25}, true},
      {"timestamps that jump back", {9000, 10'000, 11'000, 1000}, 1100, {1}, false},
      {"every picture is a key picture", {1000, 1040, 1080, 1120}, 1150, {5}, true},
      {"every picture is needed", {1000, 1040, 1080, 1120}, 1150, {20}, false},
  };
  for (const auto& row : kTable) {
    const bool suffice = KeysSuffice(Keys(row.keys_ms), AskFor(row.rates), MsToNs(row.now_ms));
    if (suffice != row.suffice) std::fprintf(stderr, "%s\n", row.what);
    CHECK_EQ(suffice, row.suffice);
  }
}

// A plan, a clock, and a key picture every second.
struct Planner {
  DecodePlan plan;
  DecodePlan::Facts facts;
  int64_t now_ms = 100'000;
  bool keys_come = true;

  explicit Planner(const std::vector<double>& rates) {
    facts.renditions = AskFor(rates);
    facts.frame_interval_ns = MsToNs(40);
    facts.keys_stand_alone = facts.cache_fits = true;
    for (int64_t key_ms = now_ms - 4000; key_ms <= now_ms; key_ms += 1000) facts.keys.Add(MsToNs(key_ms));
  }
  DecodePlan::Verdict Check() {
    facts.now_ns = MsToNs(now_ms);
    return plan.Check(facts);
  }
  // Decoding is behind from now on; 0.1 s at a time, as on the control thread. True: key pictures alone at the end.
  bool Run(int64_t ms, bool behind) {
    if (behind && facts.behind_since_ns == 0) facts.behind_since_ns = MsToNs(now_ms);
    if (!behind) facts.behind_since_ns = 0;
    bool keys_alone = false;
    for (const int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
      now_ms += 100;
      if (now_ms % 1000 == 0 && keys_come) facts.keys.Add(MsToNs(now_ms));
      if (!behind) facts.last_shown_ns = MsToNs(now_ms);
      keys_alone = Check().keys_alone;
      if (keys_alone) facts.behind_since_ns = 0;
    }
    return keys_alone;
  }
};

TEST(AReaderThatComesOrWantsMoreGetsTheNewestPictureAtOnce) {
  Planner planner({1});
  CHECK(planner.Check().keys_alone);
  CHECK(!planner.Check().shows_newest);
  planner.facts.renditions = AskFor({1, 0.5});  // Another reader for whom key pictures are enough.
  CHECK(planner.Check().keys_alone);
  CHECK(!planner.Check().shows_newest);
  planner.facts.renditions = AskFor({0.5});
  CHECK(!planner.Check().shows_newest);  // A reader left.
  planner.facts.renditions = AskFor({0.5, 20});
  const DecodePlan::Verdict faster = planner.Check();
  CHECK(!faster.keys_alone && faster.shows_newest);
  CHECK(!planner.Check().shows_newest);
  planner.facts.renditions = AskFor({0.5});
  const DecodePlan::Verdict slower = planner.Check();
  CHECK(slower.keys_alone && !slower.shows_newest);
}

TEST(ANewReaderOfKeyPicturesGetsTheNewestPictureAtOnce) {
  Planner planner({1});
  planner.Check();
  planner.facts.renditions = AskFor({1, 0.5});
  CHECK(planner.Check().shows_newest);
}

TEST(AnOverdueKeyPictureEndsItWithTheNewestPicture) {
  Planner planner({1});
  CHECK(planner.Check().keys_alone);
  planner.now_ms += 1400;
  const DecodePlan::Verdict overdue = planner.Check();
  CHECK(!overdue.keys_alone && overdue.shows_newest);
}

TEST(WithoutACacheOrWholeKeyPicturesAllAreDecoded) {
  Planner no_cache({1}), fields({1});
  no_cache.facts.cache_fits = false;
  CHECK(!no_cache.Check().keys_alone);
  fields.facts.keys_stand_alone = false;
  CHECK(!fields.Check().keys_alone);
  CHECK(!fields.Run(3000, true));
}

TEST(ADecoderThatIsTooSlowDecodesKeyPicturesAlone) {
  Planner planner({20});
  CHECK(!planner.Run(1500, true));
  CHECK(planner.Run(100, true));
  CHECK(planner.plan.overloaded());
  CHECK(!planner.Check().shows_newest);
  planner.facts.renditions = AskFor({20, 10});
  CHECK(!planner.Check().shows_newest);  // It could not catch up.
}

TEST(AShortDelayIsNoOverload) {
  Planner planner({20});
  CHECK(!planner.Run(1400, true));
  CHECK(!planner.Run(100, false));
  CHECK(!planner.Run(1400, true));
}

TEST(AfterSomeSecondsItTriesAllPicturesAgainAndEachTimeLater) {
  Planner planner({20});
  for (const int64_t retry_ms : {5000, 10'000, 20'000, 40'000, 80'000, 80'000}) {
    CHECK(planner.Run(1600, true));
    CHECK(planner.Run(retry_ms - 100, false));
    CHECK(!planner.Run(100, false));
  }
  CHECK(!planner.Run(31'000, false));  // This one succeeds.
  CHECK(planner.Run(1600, true));
  CHECK(planner.Run(4900, false));
  CHECK(!planner.Run(100, false));
}

TEST(ItDoesNotTryAgainBeforeAKeyPictureWasShown) {
  Planner planner({20});
  CHECK(planner.Run(1600, true));
  CHECK(planner.Run(20'000, true));
  CHECK(planner.Run(100, false) == false);
}

TEST(KeyPicturesThatAreFarApartAreNoSubstitute) {
  Planner planner({20});
  CHECK(planner.Run(1600, true));
  planner.now_ms += 12'251;
  CHECK(!planner.Check().keys_alone);
  planner.facts.behind_since_ns = MsToNs(planner.now_ms - 5000);
  CHECK(!planner.Check().keys_alone);
  Planner no_keys({20});
  no_keys.facts.keys = KeyRhythm();
  no_keys.keys_come = false;
  CHECK(!no_keys.Run(3000, true));
}

}  // namespace

int main() { return check::RunTests(); }
