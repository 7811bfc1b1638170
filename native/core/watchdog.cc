// The rules that end a session. For the reasons behind the limits, see ../../docs/architecture.md.
#include "watchdog.h"

#include <algorithm>

#include "error_codes.h"
#include "frame_age.h"
#include "rtp_repair.h"

namespace framegate {
namespace {

constexpr int64_t kLiveNs = MsToNs(1000);
constexpr int64_t kSilenceNs = MsToNs(3000);
constexpr int64_t kRelayedSilenceNs = MsToNs(6000);
constexpr int64_t kSilentVideoNs = MsToNs(10'000);
constexpr int64_t kUnknownRateNs = MsToNs(10'000);
constexpr int64_t kNoFrameNs = MsToNs(10'000);
// If key pictures are farther apart than this, reconnect to get one, so that frames are back within 5 s of a loss with
// any GOP.
constexpr int64_t kFarKeyNs = MsToNs(4500);
constexpr int64_t kFetchKeyNs = MsToNs(3000);
// GOPs last up to some 4 minutes (1,200 pictures at 5 fps). After this, a new session is worth a try.
constexpr int64_t kNoKeyNs = MsToNs(300'000);
constexpr int64_t kFaultNs = MsToNs(5000);
// A relay passes on nothing before a key picture. If other pictures come first, it had one before the gateway joined.
constexpr int64_t kMissedKeyNs = MsToNs(5000);
constexpr int64_t kUnshownNs = MsToNs(5000);
// A backlog this long sits in the network and will not drain: reconnect to skip it.
constexpr int64_t kLateNs = MsToNs(4000);

struct Rule {
  const char* code;
  const char* message;
  int64_t since_ns;  // 0: the rule does not apply.
  int64_t limit_ns;
};

// How long video may be silent without a fault: any stream may become 100 times slower from one second to the next.
int64_t PauseLimitNs(const StreamFacts& facts, int64_t least_ns) {
  if (facts.frame_interval_ns == 0) return Watchdog::kPauseNs;
  const int64_t slower_ns = std::clamp(110 * facts.frame_interval_ns, least_ns, Watchdog::kPauseNs);
  return std::max({slower_ns, 3 * facts.longest_pause_ns / 2, 3 * facts.frame_interval_ns});
}

// How long nothing at all may arrive.
int64_t SilenceLimitNs(const StreamFacts& facts) {
  const int64_t interval_ns = facts.frame_interval_ns;
  const int64_t by_rate_ns = std::max({kSilenceNs, std::min(10 * interval_ns, Watchdog::kPauseNs), 3 * interval_ns});
  // The second frame of a slow camera may take long.
  const int64_t limit_ns = interval_ns == 0 ? kUnknownRateNs : by_rate_ns;
  // A camera that responds shows that it is there while it pauses.
  if (facts.last_response_ns != 0) return limit_ns;
  const int64_t learned_ns = std::max(limit_ns, 2 * facts.longest_pause_ns);
  if (!facts.relayed) return learned_ns;
  return std::max(learned_ns, PauseLimitNs(facts, kRelayedSilenceNs));
}

bool IsQuiet(const StreamFacts& facts) {
  return facts.last_frame_ns != 0 && facts.last_packet_ns <= facts.last_frame_ns && facts.gate_closed_since_ns == 0 &&
         facts.decoder_damaged_since_ns == 0;
}

// Frames have arrived lately.
bool Flows(int64_t now_ns, const StreamFacts& facts) {
  const int64_t damaged_since_ns = facts.decoder_damaged_since_ns;
  const int64_t last_whole_ns =
      damaged_since_ns != 0 ? std::min(facts.last_frame_ns, damaged_since_ns) : facts.last_frame_ns;
  return last_whole_ns != 0 && now_ns - last_whole_ns <= std::max(kLiveNs, 5 * facts.frame_interval_ns);
}

// No frame is due, or one was shown lately: a slow decoder always has one that is due.
bool Shows(int64_t now_ns, const StreamFacts& facts) {
  if (facts.unshown_since_ns == 0) return true;
  const int64_t lately_ns = std::max({kLiveNs, 5 * facts.frame_interval_ns, 2 * facts.key_interval_ns});
  return facts.last_shown_ns != 0 && now_ns - facts.last_shown_ns <= lately_ns;
}

// Nothing arrives, but the camera responds, has made pauses of this length, or has sent only one frame so far.
bool Pauses(int64_t now_ns, const StreamFacts& facts) {
  if (!IsQuiet(facts)) return false;
  const int64_t limit_ns = SilenceLimitNs(facts);
  const int64_t quiet_ns = now_ns - facts.last_packet_ns;
  if (facts.last_response_ns > facts.last_packet_ns) {
    return now_ns - facts.last_response_ns <= limit_ns && quiet_ns <= PauseLimitNs(facts, kSilentVideoNs);
  }
  return quiet_ns <= (facts.frame_interval_ns == 0 ? limit_ns : facts.longest_pause_ns * 3 / 2);
}

}  // namespace

int64_t Watchdog::WaitsForKeySinceNs(const StreamFacts& facts) {
  if (!facts.may_lack_key) return 0;
  if (facts.last_packet_ns == 0) return facts.relayed ? facts.described_ns : 0;
  return facts.gate_closed_since_ns != 0 ? facts.gate_closed_since_ns : facts.decoder_damaged_since_ns;
}

Watchdog::Verdict Watchdog::Check(int64_t now_ns, const StreamFacts& facts) {
  Verdict verdict;
  verdict.pauses = Pauses(now_ns, facts);
  verdict.quiet = IsQuiet(facts) && now_ns - facts.last_packet_ns <= PauseLimitNs(facts, kSilentVideoNs);
  // If frames are wanted, a session becomes live with the first that is shown.
  live_ = (verdict.pauses || Flows(now_ns, facts)) && (live_ || Shows(now_ns, facts));
  verdict.live = live_;
  verdict.end = ReasonToEnd(now_ns, facts);
  const int64_t waits_since_ns = WaitsForKeySinceNs(facts);
  if (waits_since_ns != 0 && now_ns - waits_since_ns > kFaultNs) {
    verdict.fault = MakeError(error_code::kNoKeyFrame, "no complete key frame has arrived yet; waiting for one");
  }
  verdict.asks = AsksForLife(now_ns, facts);
  if (verdict.asks) last_ask_ns_ = now_ns;
  if (now_ns >= next_keep_alive_ns_) {
    next_keep_alive_ns_ = now_ns + kKeepAliveNs;
    verdict.keep_alive = facts.last_packet_ns != 0;
  }
  return verdict;
}

// Whether the camera pauses or is gone: its answer shows it.
bool Watchdog::AsksForLife(int64_t now_ns, const StreamFacts& facts) const {
  if (!facts.can_ask || facts.last_frame_ns == 0) return false;
  const int64_t limit_ns = SilenceLimitNs(facts);
  return now_ns - std::max(facts.last_packet_ns, facts.last_response_ns) > limit_ns / 4 &&
         now_ns - last_ask_ns_ > limit_ns / 2;
}

std::optional<PipelineError> Watchdog::ReasonToEnd(int64_t now_ns, const StreamFacts& facts) {
  const int64_t interval_ns = facts.frame_interval_ns;
  const bool late = facts.transport_lag_ns > AgeLimitNs(interval_ns, false);
  late_since_ns_ = !late ? 0 : late_since_ns_ != 0 ? late_since_ns_ : now_ns;

  const bool packets_came = facts.last_packet_ns != 0;
  const int64_t gop_ns = facts.gop_length * interval_ns;
  const int64_t silence_ns = SilenceLimitNs(facts);
  // Time without packets does not count against what they bring.
  const int64_t quiet_ns = IsQuiet(facts) ? now_ns - facts.last_packet_ns : 0;
  const int64_t pause_ns = std::max(silence_ns, PauseLimitNs(facts, kSilentVideoNs) * 3 / 2);
  const int64_t no_frame_ns = std::max(kNoFrameNs, 3 * gop_ns);
  // If key pictures come, but none whole, or a new session brings one, a new session is worth a try early.
  auto may_wait = [&](int64_t since_ns) {
    const bool key_came = facts.last_key_ns != 0 && facts.last_key_ns >= since_ns;
    return facts.may_lack_key && !key_came && !(facts.begins_with_key && facts.gop_length != 0);
  };
  // A relay may pass nothing on for as long as a GOP.
  const bool held_back = facts.relayed && facts.may_lack_key && facts.described_ns != 0 && !facts.begins_with_key;
  // The gate or the decoder waits for a key picture. If the next is far off and a new session begins with one,
  // reconnect.
  const int64_t waiting_since_ns =
      facts.gate_closed_since_ns != 0 ? facts.gate_closed_since_ns : facts.decoder_damaged_since_ns;
  const bool key_is_far = facts.gop_length == 0 || gop_ns > kFarKeyNs;
  const bool fetch_key = waiting_since_ns != 0 && key_is_far && facts.begins_with_key;
  const bool missed_key = facts.relayed && facts.may_lack_key && facts.last_key_ns == 0;

  using namespace error_code;
  // The first rule whose condition has lasted longer than its limit gives the reason.
  const Rule rules[] = {
      {kSourceTimeout, "the camera did not respond in time, or sent no data",
       packets_came || held_back ? 0 : started_ns_, first_packet_timeout_ns_},
      {kSourceClosed, "the camera ended the stream", facts.left_ns, kGoodbyeNs},
      {kSourceSilent, "the camera stopped sending",
       packets_came ? std::max(facts.last_packet_ns, facts.last_response_ns) : 0, silence_ns},
      {kSourceSilent, "the camera responds, but stopped sending video", facts.last_packet_ns, pause_ns},
      {kNoKeyFrame, "the camera sends data, but no complete key frame",
       packets_came || held_back ? std::max({facts.last_frame_ns, facts.packets_since_ns, started_ns_}) : 0,
       (may_wait(facts.last_frame_ns) ? kNoKeyNs : no_frame_ns) + quiet_ns},
      {kNoKeyFrame, "frames were lost and the next key frame is far off; reconnecting to get one",
       fetch_key ? std::max(waiting_since_ns, facts.last_key_ns) : 0, kFetchKeyNs},
      {kNoKeyFrame, "the key frame passed before the gateway joined; reconnecting to get one",
       missed_key ? facts.gate_closed_since_ns : 0, kMissedKeyNs},
      {kSourceLate, "every frame arrives too late: the network is too slow for this stream", late_since_ns_,
       kLateNs + quiet_ns},
      {kDecode, "the decoder delivers no frames", facts.decoder_stuck_since_ns, silence_ns + quiet_ns},
      {kNotShown, "complete frames arrive, but none could be shown for 5 s",
       facts.decoder_damaged_since_ns == 0 ? facts.unshown_since_ns : 0,
       std::max({kUnshownNs, 6 * interval_ns, 2 * facts.key_interval_ns}) + quiet_ns},
      {kDecode, "the decoder reports damaged frames", facts.decoder_damaged_since_ns,
       may_wait(facts.decoder_damaged_since_ns + 1) ? kNoKeyNs : no_frame_ns},
  };
  for (const Rule& rule : rules) {
    if (rule.since_ns != 0 && now_ns - rule.since_ns > rule.limit_ns) return MakeError(rule.code, rule.message);
  }
  return std::nullopt;
}

}  // namespace framegate
