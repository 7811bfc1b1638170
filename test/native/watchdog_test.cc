// The watchdog's rules, one by one, at their limits, and their order.
#include "core/watchdog.h"

#include "check.h"
#include "core/frame_age.h"
#include "core/stream_meter.h"

using namespace framegate;

namespace {

constexpr int64_t kStarted = MsToNs(1'000'000);
constexpr int64_t kFirstPacketTimeout = MsToNs(10'000);
constexpr int64_t kFrame = MsToNs(40);

// 25 fps, a key picture each second.
StreamFacts Healthy(int64_t now) {
  StreamFacts facts;
  facts.last_packet_ns = facts.last_frame_ns = facts.last_key_ns = now;
  facts.frame_interval_ns = kFrame;
  facts.gop_length = 25;
  return facts;
}

constexpr char kNoResponse[] = "ERR_SOURCE_TIMEOUT: the camera did not respond in time, or sent no data";
constexpr char kLeft[] = "ERR_SOURCE_CLOSED: the camera ended the stream";
constexpr char kSilent[] = "ERR_SOURCE_SILENT: the camera stopped sending";
constexpr char kNoVideo[] = "ERR_SOURCE_SILENT: the camera responds, but stopped sending video";
constexpr char kNoKey[] = "ERR_NO_KEY_FRAME: the camera sends data, but no complete key frame";
constexpr char kFetchKey[] =
    "ERR_NO_KEY_FRAME: frames were lost and the next key frame is far off; reconnecting to get one";
constexpr char kMissedKey[] =
    "ERR_NO_KEY_FRAME: the key frame passed before the gateway joined; reconnecting to get one";
constexpr char kLate[] = "ERR_SOURCE_LATE: every frame arrives too late: the network is too slow for this stream";
constexpr char kStuck[] = "ERR_DECODE: the decoder delivers no frames";
constexpr char kNotShown[] = "ERR_NOT_SHOWN: complete frames arrive, but none could be shown for 5 s";
constexpr char kDamaged[] = "ERR_DECODE: the decoder reports damaged frames";

std::string EndOf(Watchdog& watchdog, int64_t now, const StreamFacts& facts) {
  const Watchdog::Verdict verdict = watchdog.Check(now, facts);
  return verdict.end ? verdict.end->code + ": " + verdict.end->message : "";
}

struct Case {
  const char* name;
  const char* end;   // nullptr: the session never ends.
  int64_t limit_ms;  // How long the condition may last.
  // What differs, since `since`, from a healthy stream.
  void (*change)(StreamFacts& facts, int64_t since);
};

const Case kCases[] = {
    {"healthy", nullptr, 100'000, [](StreamFacts&, int64_t) {}},
    {"no packet", kNoResponse, 10'000, [](StreamFacts& facts, int64_t) { facts = StreamFacts(); }},

    {"a goodbye", kLeft, 1000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = facts.left_ns = since;
       facts.last_response_ns = since + MsToNs(500);
     }},
    {"silence", kSilent, 3000,
     [](StreamFacts& facts, int64_t since) { facts.last_packet_ns = facts.last_frame_ns = since; }},
    {"silence before the rate is known", kSilent, 10'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.frame_interval_ns = 0;
     }},
    {"silence at 1 fps", kSilent, 10'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = since;
       facts.frame_interval_ns = MsToNs(1000);
     }},
    {"silence at 0.2 fps", kSilent, 21'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = since;
       facts.frame_interval_ns = MsToNs(5000);
     }},
    {"silence at 0.05 fps", kSilent, 60'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.frame_interval_ns = MsToNs(20'000);
     }},
    {"silence of a camera that has paused for 5 s, and whose responses were never seen", kSilent, 10'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.longest_pause_ns = MsToNs(5000);
     }},
    {"the same, but it used to respond", kSilent, 3000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = facts.last_response_ns = since;
       facts.longest_pause_ns = MsToNs(5000);
     }},
    {"silence, but it responds", kNoVideo, 15'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_response_ns = facts.last_packet_ns;  // Now.
       facts.last_packet_ns = facts.last_frame_ns = since;
     }},
    {"silence through MediaMTX", kSilent, 6000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.relayed = true;
     }},
    {"silence through MediaMTX at 10 fps", kSilent, 11'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.relayed = true;
       facts.frame_interval_ns = MsToNs(100);
     }},
    {"silence through MediaMTX before the rate is known", kSilent, 21'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.relayed = true;
       facts.frame_interval_ns = 0;
     }},

    {"packets, but no frame from the start", kNoKey, 10'000,
     [](StreamFacts& facts, int64_t) { facts.last_frame_ns = 0; }},
    {"packets, but no more frames", kNoKey, 10'000,
     [](StreamFacts& facts, int64_t since) { facts.last_frame_ns = since; }},
    {"packets, but no frame, GOPs of 10 s", kNoKey, 30'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_frame_ns = since;
       facts.gop_length = 250;
     }},

    {"gate closed, key far", kFetchKey, 3000,
     [](StreamFacts& facts, int64_t since) {
       facts.gate_closed_since_ns = facts.last_frame_ns = facts.last_key_ns = since;
       facts.gop_length = 113;  // 4.52 s
       facts.begins_with_key = true;
     }},
    {"gate closed, GOP unknown", kFetchKey, 3000,
     [](StreamFacts& facts, int64_t since) {
       facts.gate_closed_since_ns = facts.last_frame_ns = since;
       facts.last_key_ns = 0;
       facts.gop_length = 0;
       facts.begins_with_key = true;
     }},
    {"pictures damaged, key far", kFetchKey, 3000,
     [](StreamFacts& facts, int64_t since) {
       facts.decoder_damaged_since_ns = facts.last_key_ns = since;
       facts.gop_length = 113;
       facts.begins_with_key = true;
     }},
    {"gate closed, key pictures arrive", kNoKey, 13'560,
     [](StreamFacts& facts, int64_t since) {
       facts.gate_closed_since_ns = facts.last_frame_ns = since;
       facts.gop_length = 113;
       facts.begins_with_key = true;
     }},
    {"gate closed, key near", kNoKey, 13'440,
     [](StreamFacts& facts, int64_t since) {
       facts.gate_closed_since_ns = facts.last_frame_ns = facts.last_key_ns = since;
       facts.gop_length = 112;  // 4.48 s
       facts.begins_with_key = true;
     }},
    {"gate closed, key far, a new session would not begin with one", kNoKey, 13'560,
     [](StreamFacts& facts, int64_t since) {
       facts.gate_closed_since_ns = facts.last_frame_ns = facts.last_key_ns = since;
       facts.gop_length = 113;
     }},

    {"joined in the middle of a GOP", kNoKey, 300'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_frame_ns = facts.last_key_ns = 0;
       facts.gate_closed_since_ns = since;
       facts.gop_length = 0;
       facts.may_lack_key = true;
     }},
    {"the same, and key pictures arrive", kNoKey, 10'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_frame_ns = 0;
       facts.gate_closed_since_ns = since;
       facts.gop_length = 0;
       facts.may_lack_key = true;
     }},
    {"joined after the key picture that a relay waited for", kMissedKey, 5000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_frame_ns = facts.last_key_ns = 0;
       facts.gate_closed_since_ns = since;
       facts.gop_length = 0;
       facts.may_lack_key = facts.relayed = true;
     }},
    {"a loss in a long GOP, a new session would not begin with a key", kNoKey, 300'000,
     [](StreamFacts& facts, int64_t since) {
       facts.gate_closed_since_ns = facts.last_frame_ns = since;
       facts.last_key_ns = since - MsToNs(5000);
       facts.may_lack_key = true;
     }},
    {"damaged in a long GOP", kDamaged, 300'000,
     [](StreamFacts& facts, int64_t since) {
       facts.decoder_damaged_since_ns = facts.last_key_ns = since;
       facts.may_lack_key = true;
     }},
    {"a relay that passes nothing on before a key picture", kNoKey, 300'000,
     [](StreamFacts& facts, int64_t since) {
       facts = StreamFacts();
       facts.described_ns = since;
       facts.may_lack_key = facts.relayed = true;
     }},
    {"the same, but sessions begin with a key", kNoResponse, 10'000,
     [](StreamFacts& facts, int64_t since) {
       facts = StreamFacts();
       facts.described_ns = since;
       facts.may_lack_key = facts.relayed = facts.begins_with_key = true;
     }},

    {"late", kLate, 4000, [](StreamFacts& facts, int64_t) { facts.transport_lag_ns = AgeLimitNs(kFrame, false) + 1; }},
    {"not quite late", nullptr, 100'000,
     [](StreamFacts& facts, int64_t) { facts.transport_lag_ns = AgeLimitNs(kFrame, false); }},

    {"the decoder returns nothing", kStuck, 3000,
     [](StreamFacts& facts, int64_t since) { facts.decoder_stuck_since_ns = since; }},
    {"late, and then a pause", kNoVideo, 15'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_response_ns = facts.last_packet_ns;
       facts.last_packet_ns = facts.last_frame_ns = since;
       facts.transport_lag_ns = MsToNs(1000);
     }},
    {"the decoder holds a frame back in a pause", kNoVideo, 15'000,
     [](StreamFacts& facts, int64_t since) {
       facts.last_response_ns = facts.last_packet_ns;
       facts.last_packet_ns = facts.last_frame_ns = facts.decoder_stuck_since_ns = since;
     }},
    {"the decoder returns nothing, 0.2 fps", kStuck, 21'000,
     [](StreamFacts& facts, int64_t since) {
       facts.decoder_stuck_since_ns = since;
       facts.frame_interval_ns = MsToNs(5000);
     }},
    {"nothing is shown", kNotShown, 5000, [](StreamFacts& facts, int64_t since) { facts.unshown_since_ns = since; }},
    {"nothing is shown, 0.5 fps", kNotShown, 12'000,
     [](StreamFacts& facts, int64_t since) {
       facts.unshown_since_ns = since;
       facts.frame_interval_ns = MsToNs(2000);
     }},
    {"nothing is shown of key pictures every 4 s", kNotShown, 8000,
     [](StreamFacts& facts, int64_t since) {
       facts.unshown_since_ns = since;
       facts.key_interval_ns = MsToNs(4000);
     }},
    {"damaged", kDamaged, 10'000, [](StreamFacts& facts, int64_t since) { facts.decoder_damaged_since_ns = since; }},
    {"damaged, GOPs of 10 s", kDamaged, 30'000,
     [](StreamFacts& facts, int64_t since) {
       facts.decoder_damaged_since_ns = since;
       facts.gop_length = 250;
     }},
};

// A condition may last for its limit and not a nanosecond longer.
TEST(EachRuleFiresJustAfterItsLimit) {
  for (const Case& test : kCases) {
    const int before = check::failures;
    Watchdog watchdog(kStarted, kFirstPacketTimeout);
    auto end_after = [&](int64_t passed) {
      StreamFacts facts = Healthy(kStarted + passed);
      test.change(facts, kStarted);
      return EndOf(watchdog, kStarted + passed, facts);
    };
    CHECK(end_after(0).empty());
    CHECK(end_after(MsToNs(test.limit_ms)).empty());
    CHECK(end_after(MsToNs(test.limit_ms) + 1) == (test.end ? test.end : ""));
    if (check::failures > before) std::fprintf(stderr, "  in: %s\n", test.name);
  }
}

// With everything broken, the first rule gives the reason; with that fixed, the next one.
TEST(TheFirstRuleThatAppliesGivesTheReason) {
  const int64_t now = kStarted + MsToNs(100'000);
  const int64_t long_ago = kStarted + 1;
  StreamFacts facts;
  facts.gate_closed_since_ns = facts.last_key_ns = long_ago;
  facts.decoder_stuck_since_ns = facts.decoder_damaged_since_ns = long_ago;
  facts.transport_lag_ns = MsToNs(60'000);
  facts.begins_with_key = true;
  Watchdog watchdog(kStarted, kFirstPacketTimeout);
  watchdog.Check(long_ago, facts);  // The packets are late from here on.

  CHECK(EndOf(watchdog, now, facts) == kNoResponse);
  facts.last_packet_ns = long_ago;
  CHECK(EndOf(watchdog, now, facts) == kSilent);
  facts.last_packet_ns = now;
  CHECK(EndOf(watchdog, now, facts) == kNoKey);
  facts.last_frame_ns = now;
  CHECK(EndOf(watchdog, now, facts) == kFetchKey);
  facts.begins_with_key = false;
  CHECK(EndOf(watchdog, now, facts) == kLate);
  facts.transport_lag_ns = 0;
  CHECK(EndOf(watchdog, now, facts) == kStuck);
  facts.decoder_stuck_since_ns = 0;
  facts.unshown_since_ns = long_ago;
  CHECK(EndOf(watchdog, now, facts) == kDamaged);
  facts.decoder_damaged_since_ns = 0;
  CHECK(EndOf(watchdog, now, facts) == kNotShown);
  facts.unshown_since_ns = 0;
  CHECK(EndOf(watchdog, now, facts).empty());
}

TEST(TheTimeoutForTheFirstPacketIsAnOption) {
  Watchdog watchdog(kStarted, MsToNs(3000));
  CHECK(EndOf(watchdog, kStarted + MsToNs(3000), StreamFacts()).empty());
  CHECK(EndOf(watchdog, kStarted + MsToNs(3000) + 1, StreamFacts()) == kNoResponse);
}

TEST(AWaitForAKeyPictureIsAFaultAfter5Seconds) {
  Watchdog watchdog(kStarted, kFirstPacketTimeout);
  auto fault_at = [&](int64_t ms, bool may_lack_key) {
    StreamFacts facts = Healthy(kStarted + MsToNs(ms));
    facts.gate_closed_since_ns = kStarted;
    facts.may_lack_key = may_lack_key;
    const Watchdog::Verdict verdict = watchdog.Check(kStarted + MsToNs(ms), facts);
    return verdict.fault ? verdict.fault->code : "";
  };
  CHECK(fault_at(5000, true).empty());
  CHECK(fault_at(5001, true) == "ERR_NO_KEY_FRAME");
  CHECK(fault_at(5001, false).empty());
}

TEST(OnePunctualPacketRestartsTheLateLimit) {
  Watchdog watchdog(kStarted, kFirstPacketTimeout);
  auto end_at = [&](int64_t ms, int64_t lag_ms) {
    StreamFacts facts = Healthy(kStarted + MsToNs(ms));
    facts.transport_lag_ns = MsToNs(lag_ms);
    return EndOf(watchdog, kStarted + MsToNs(ms), facts);
  };
  CHECK(end_at(0, 900).empty());
  CHECK(end_at(3900, 0).empty());
  CHECK(end_at(4100, 900).empty());
  CHECK(end_at(8000, 900).empty());
  CHECK(end_at(8200, 900) == kLate);
}

TEST(AStreamIsLiveWhileWholeFramesArrive) {
  const struct {
    const char* name;
    int64_t frame_age_ms;  // -1: no frame yet.
    int64_t damaged_age_ms;
    int64_t interval_ms;
    bool live;
  } cases[] = {
      {"before the first frame", -1, 0, 40, false},
      {"a frame", 0, 0, 40, true},
      {"a pause of 1 s", 1000, 0, 40, true},
      {"a longer one", 1001, 0, 40, false},
      {"five frames at 1 fps", 5000, 0, 1000, true},
      {"six frames at 1 fps", 5001, 0, 1000, false},
      {"damaged for 1 s", 0, 1000, 40, true},
      {"damaged for longer", 0, 1001, 40, false},
      {"damaged, before the first frame", -1, 1, 40, false},
  };
  for (const auto& test : cases) {
    const int64_t now = kStarted + MsToNs(100'000);
    Watchdog watchdog(kStarted, kFirstPacketTimeout);
    StreamFacts facts = Healthy(now);
    facts.last_frame_ns = test.frame_age_ms < 0 ? 0 : now - MsToNs(test.frame_age_ms);
    facts.decoder_damaged_since_ns = test.damaged_age_ms == 0 ? 0 : now - MsToNs(test.damaged_age_ms);
    facts.frame_interval_ns = MsToNs(test.interval_ms);
    CHECK(watchdog.Check(now, facts).live == test.live);
    if (watchdog.Check(now, facts).live != test.live) std::fprintf(stderr, "  in: %s\n", test.name);
  }
}

TEST(WatchedSessionsBecomeLiveWithTheFirstFrameShown) {
  Watchdog watchdog(kStarted, kFirstPacketTimeout);
  StreamFacts facts = Healthy(kStarted);
  facts.unshown_since_ns = kStarted;
  CHECK(!watchdog.Check(kStarted, facts).live);
  facts.unshown_since_ns = 0;
  CHECK(watchdog.Check(kStarted, facts).live);
  facts.unshown_since_ns = kStarted;  // Each frame, until it is shown.
  CHECK(watchdog.Check(kStarted, facts).live);
}

// Its decoder always has a frame that is due, so no check may find a moment without one.
TEST(ASessionWithASlowDecoderBecomesLiveOnceItHasShownAFrame) {
  for (const int64_t key_ms : {0, 3000}) {
    StreamFacts facts = Healthy(kStarted);
    facts.unshown_since_ns = kStarted;
    facts.key_interval_ns = MsToNs(key_ms);
    const int64_t lately_ns = std::max(MsToNs(1000), 2 * MsToNs(key_ms));
    facts.last_shown_ns = kStarted - lately_ns;
    CHECK(Watchdog(kStarted, kFirstPacketTimeout).Check(kStarted, facts).live);
    --facts.last_shown_ns;
    CHECK(!Watchdog(kStarted, kFirstPacketTimeout).Check(kStarted, facts).live);
  }
}

TEST(AStreamIsLiveWhileTheCameraPauses) {
  const struct {
    const char* name;
    int64_t response_age_ms;  // -1: none.
    int64_t packet_age_ms;
    int64_t longest_pause_ms;
    bool relayed, live;
  } cases[] = {
      {"it responds", 2999, 10'000, 40, false, true},
      {"it no longer responds", 3001, 10'000, 40, false, false},
      {"it responds, but sends no video for longer", 500, 10'001, 40, false, false},
      {"it responds, and has paused for as long", 500, 15'000, 10'000, false, true},
      {"it responded before the last packet", 2001, 2000, 40, false, false},
      {"it responds, but packets make no frames", 500, 0, 40, false, false},
      {"it has paused for as long", -1, 7500, 5000, true, true},
      {"it has paused, but never for so long", -1, 7501, 5000, true, false},
  };
  for (const auto& test : cases) {
    const int64_t now = kStarted + MsToNs(100'000);
    StreamFacts facts = Healthy(now);
    facts.last_frame_ns = now - MsToNs(std::max<int64_t>(test.packet_age_ms, 2000));
    facts.last_packet_ns = now - MsToNs(test.packet_age_ms);
    facts.last_response_ns = test.response_age_ms < 0 ? 0 : now - MsToNs(test.response_age_ms);
    facts.longest_pause_ns = MsToNs(test.longest_pause_ms);
    facts.relayed = test.relayed;
    facts.can_ask = !test.relayed;
    const Watchdog::Verdict verdict = Watchdog(kStarted, kFirstPacketTimeout).Check(now, facts);
    CHECK(verdict.live == test.live);
    CHECK(verdict.quiet == (test.packet_age_ms > 0 && test.packet_age_ms != 10'001));
    if (verdict.live != test.live) std::fprintf(stderr, "  in: %s\n", test.name);
  }
}

TEST(ACameraThatPausesIsAskedWhetherItIsThere) {
  for (const bool can_ask : {true, false}) {
    Watchdog watchdog(kStarted, kFirstPacketTimeout);
    const int64_t last = kStarted + MsToNs(1000);
    int asked = 0;
    for (int64_t ms = 0; ms < 3000; ms += 100) {
      StreamFacts facts = Healthy(last);
      facts.can_ask = can_ask;
      const bool asks = watchdog.Check(last + MsToNs(ms), facts).asks;
      if (asks) CHECK(ms > 750);
      asked += asks;
    }
    CHECK_EQ(asked, can_ask ? 2 : 0);
  }
}

TEST(APauseDoesNotCountAsPacketsWithoutAFrame) {
  const int64_t since = kStarted + MsToNs(100'000);
  Watchdog watchdog(kStarted, kFirstPacketTimeout);
  auto end_after = [&](int64_t passed) {
    StreamFacts facts = Healthy(since + passed);
    facts.last_frame_ns = since - MsToNs(15'000);
    facts.packets_since_ns = since;
    return EndOf(watchdog, since + passed, facts);
  };
  CHECK(end_after(MsToNs(10'000)).empty());
  CHECK(end_after(MsToNs(10'000) + 1) == kNoKey);
}

TEST(KeepAliveIsDueEvery20Seconds) {
  Watchdog watchdog(kStarted, MsToNs(60'000));
  auto due_at = [&](int64_t ms, bool packets = true) {
    const int64_t now = kStarted + MsToNs(ms);
    return watchdog.Check(now, packets ? Healthy(now) : StreamFacts()).keep_alive;
  };
  CHECK(!due_at(19'999));
  CHECK(due_at(20'000));
  CHECK(!due_at(20'100));
  CHECK(!due_at(39'999));
  CHECK(due_at(40'050));
  CHECK(!due_at(60'049));
  CHECK(!due_at(60'050, false));  // Before data flows, rtspsrc itself sends requests.
  CHECK(!due_at(60'150));
  CHECK(due_at(80'050));
}

// The meter and the watchdog together, as on the control thread.
TEST(SlowCamerasStayInOneSession) {
  for (const int64_t interval_ms : {40, 1000, 5000}) {
    Watchdog watchdog(kStarted, kFirstPacketTimeout);
    StreamMeter meter;
    std::string end;
    for (int64_t ms = 0; ms < 60'000 && end.empty(); ms += 20) {
      const int64_t now = kStarted + MsToNs(ms);
      if (ms % interval_ms == 0) meter.Count(now, static_cast<uint64_t>(now), ms % (10 * interval_ms) == 0, false);
      StreamFacts facts;
      facts.last_packet_ns = facts.last_frame_ns = facts.last_key_ns = meter.last_frame_ns();
      facts.frame_interval_ns = meter.frame_interval_ns();
      facts.gop_length = meter.gop_length();
      end = EndOf(watchdog, now, facts);
      if (!end.empty()) std::fprintf(stderr, "%d ms: %s\n", static_cast<int>(ms), end.c_str());
    }
    CHECK(end.empty());
  }
}

}  // namespace

int main() { return check::RunTests(); }
