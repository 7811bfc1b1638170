#include "decode_plan.h"

#include <algorithm>
#include <cmath>

namespace framegate {
namespace {

// A frame may come a quarter of its interval early or late, as in RateLimiter. Otherwise a whole number of distances
// must make an interval, or up to 5 % more. RateLimiter lets one distance pass that is 2 % shorter.
bool KeysSuffice(int64_t longest_ns, int64_t mean_ns, double fps) {
  const double interval_ns = 1e9 / fps;
  if (static_cast<double>(longest_ns) <= interval_ns / 4) return true;
  const double steps = std::round(interval_ns / static_cast<double>(mean_ns));
  return steps >= 1 && steps * static_cast<double>(mean_ns) >= (steps == 1 ? 0.98 : 0.995) * interval_ns &&
         steps * static_cast<double>(longest_ns) <= 1.05 * interval_ns;
}

}  // namespace

bool KeysSuffice(const KeyRhythm& keys, const std::vector<Rendition>& renditions, int64_t now_ns) {
  if (!keys.known() || renditions.empty()) return false;
  return std::all_of(renditions.begin(), renditions.end(), [&](const Rendition& rendition) {
    return KeysSuffice(keys.longest_ns(now_ns), keys.mean_ns(), rendition.fps);
  });
}

bool DecodePlan::Adds(const std::vector<Rendition>& renditions) const {
  return std::any_of(renditions.begin(), renditions.end(), [&](const Rendition& rendition) {
    return std::none_of(renditions_.begin(), renditions_.end(),
                        [&](const Rendition& known) { return known.id == rendition.id && known.fps == rendition.fps; });
  });
}

// Each try that fails doubles the time to the next.
void DecodePlan::CheckLoad(const Facts& facts) {
  const int64_t now_ns = facts.now_ns;
  const int64_t longest_ns = facts.keys.longest_ns(now_ns);
  const bool keys_are_far = longest_ns == 0 || longest_ns > kFarKeyNs;
  if (overloaded()) {
    const bool shown = facts.last_shown_ns > overloaded_since_ns_;
    if (!keys_are_far && (now_ns - overloaded_since_ns_ < retry_ns_ || !shown)) return;
    overloaded_since_ns_ = 0;
    tries_all_since_ns_ = now_ns;
    retry_ns_ = std::min(2 * retry_ns_, kLastRetryNs);
    return;
  }
  if (now_ns - tries_all_since_ns_ > kProvenNs) retry_ns_ = kFirstRetryNs;
  const int64_t limit_ns = std::max(kBehindNs, 4 * facts.frame_interval_ns);
  if (facts.behind_since_ns != 0 && now_ns - facts.behind_since_ns > limit_ns && !keys_alone_ && !keys_are_far) {
    overloaded_since_ns_ = now_ns;
  }
}

DecodePlan::Verdict DecodePlan::Check(const Facts& facts) {
  const bool was_alone = keys_alone_;
  const bool was_overloaded = overloaded();
  CheckLoad(facts);
  const bool suffice = facts.cache_fits && KeysSuffice(facts.keys, facts.renditions, facts.now_ns);
  keys_alone_ = facts.keys_stand_alone && (overloaded() || suffice);
  const bool wants_more = Adds(facts.renditions) || !keys_alone_;
  renditions_ = facts.renditions;
  return {keys_alone_, was_alone && !was_overloaded && !overloaded() && wants_more};
}

}  // namespace framegate
