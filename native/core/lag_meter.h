// Follows a stream's clock, and measures how much later packets arrive than that clock says: the delay in the network.
//
// Lag may grow because the camera's clock runs slow or because packets queue. It is taken for the clock unless there is
// evidence of a queue: the time between pictures depends on their size, or a step is followed by a backlog. If the
// camera answers requests over the same connection, it is taken for the clock only as far as its answers show: an
// answer waits behind the packets, so they are no later than its round trip.
//
// It uses RTP timestamps, not the times of the jitter buffer, which restarts its clock after a stall of a second, so
// that the frames after it would seem late. Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "clocks.h"
#include "queue_evidence.h"

namespace framegate {

class LagMeter {
 public:
  explicit LagMeter(uint32_t clock_rate_hz) : clock_rate_hz_(clock_rate_hz) {}

  // Counts a packet that arrives now.
  void Count(uint32_t timestamp, size_t bytes, int64_t now_ns) {
    if (!started_) return Restart(timestamp, bytes, now_ns);
    const int64_t step_ns = StepNs(timestamp);
    const int64_t passed_ns = now_ns - last_ns_;
    // The timestamp jumped ahead or far back: the camera set its clock, or it is another stream.
    if (step_ns > passed_ns + kJumpNs || step_ns < -kJumpNs) return Restart(timestamp, bytes, now_ns);
    if (step_ns < 0) {
      // B-pictures are sent after pictures that are shown later: that is the encoder's delay, not the network's.
      if (timestamp != earlier_timestamp_ && ++earlier_pictures_ > kMostEarlier) {
        return Restart(timestamp, bytes, now_ns);
      }
      earlier_timestamp_ = timestamp;
      bytes_ += static_cast<double>(bytes);
      stream_ns_ = media_ns_ + AtRate(step_ns) + best_ns_;
      return;
    }
    media_ns_ += AtRate(step_ns);
    last_timestamp_ = timestamp;
    last_ns_ = now_ns;
    const int64_t behind_ns = now_ns - media_ns_;
    if (!queueing_) Raise(best_ns_ + step_ns / kForgetDivisor);
    best_ns_ = std::min(best_ns_, behind_ns);
    if (step_ns != 0) BeginPicture(step_ns, behind_ns, now_ns);
    bytes_ += static_cast<double>(bytes);
    lag_ns_ = behind_ns - best_ns_;
  }

  // An answer of the camera came took_ns after its request, and behind the packet with this timestamp, which arrived at
  // arrived_ns. So that packet was at most that late.
  void Answered(uint32_t timestamp, int64_t arrived_ns, int64_t took_ns) {
    const int64_t step_ns = StepNs(timestamp);
    if (!started_ || std::abs(step_ns) > kJumpNs) return;
    answers_ = true;
    most_best_ns_ = arrived_ns - (media_ns_ + AtRate(step_ns)) - took_ns;
    if (took_ns > kQuickNs) {
      quick_ns_ = 0;
      return;
    }
    const int64_t quick_media_ns = first_packet_ns_ - first_behind_ns_;
    if (quick_ns_ != 0) {
      const int64_t passed_ns = quick_media_ns - quick_media_ns_;
      if (passed_ns < kRateNs) return;
      rate_ = RateOf(rate_ * static_cast<double>(first_packet_ns_ - quick_ns_) / static_cast<double>(passed_ns));
    }
    quick_ns_ = first_packet_ns_;
    quick_media_ns_ = quick_media_ns;
  }

  // Whether to ask the camera something, because its answer would show whether packets queue.
  bool TakeQuestion() { return std::exchange(wants_answer_, false); }

  // How much later the last packet arrived than the stream's clock says; at least 0. A packet of a B-picture is as late
  // as the one before it.
  int64_t lag_ns() const { return lag_ns_; }

  // The last packet's timestamp on the monotonic clock: when its picture would have arrived without lag. It advances as
  // fast as pictures come, however fast the camera's clock runs.
  int64_t stream_ns() const { return stream_ns_; }

 private:
  static constexpr int64_t kForgetDivisor = 20;  // The best is forgotten at 50 ms per second.
  static constexpr int64_t kWarmUpNs = MsToNs(1000);
  static constexpr int kWarmUpPictures = 10;
  // B-pictures step back by a few frames only, and at most 16 of them follow one another.
  static constexpr int64_t kJumpNs = MsToNs(2000);
  static constexpr int kMostEarlier = 16;
  // The most by which the clock may seem behind.
  static constexpr int64_t kFollowNs = MsToNs(100);
  static constexpr double kSameRate = 0.03;  // Jitter alone causes as much.
  // What waits for no more than this is as good as on time, so that two such answers this far apart show the clock's
  // rate.
  static constexpr int64_t kQuickNs = MsToNs(40);
  static constexpr int64_t kRateNs = MsToNs(1000);
  // A queue takes more than this share of the time between pictures, and no queue less than that.
  static constexpr double kQueueShare = 0.5;
  static constexpr double kNoQueueShare = 0.25;
  static constexpr int64_t kEmptyNs = MsToNs(20);
  // After a step, this many pictures show whether they were waiting for the network. They then come faster than before.
  static constexpr int kStepPictures = 5;
  static constexpr double kBacklogPace = 0.9;
  static constexpr int kQueuePictures = 32;
  static constexpr double kLarge = 2;  // Of the mean size: a full line takes long for such a picture.
  static constexpr double kDrainingPace = 0.97;
  static constexpr double kUneven = 0.5;     // Of the mean time between pictures; pairs of pictures at once: 1.
  static constexpr double kBurstPace = 0.5;  // Beyond doubt, even before all of them have come.

  // From the last timestamp to this one.
  int64_t StepNs(uint32_t timestamp) const {
    return static_cast<int32_t>(timestamp - last_timestamp_) * MsToNs(1000) / clock_rate_hz_;
  }
  int64_t AtRate(int64_t step_ns) const { return static_cast<int64_t>(static_cast<double>(step_ns) * rate_); }
  static double RateOf(double pace) { return std::abs(pace - 1) < kSameRate ? 1 : pace; }

  void Restart(uint32_t timestamp, size_t bytes, int64_t now_ns) {
    started_ = true;
    last_timestamp_ = earlier_timestamp_ = timestamp;
    started_ns_ = last_ns_ = media_ns_ = stream_ns_ = first_packet_ns_ = now_ns;
    best_ns_ = lag_ns_ = first_behind_ns_ = 0;
    rate_ = 1;
    answers_ = false;
    wants_answer_ = true;  // To see whether the camera answers.
    most_best_ns_ = INT64_MAX;
    quick_ns_ = 0;
    bytes_ = static_cast<double>(bytes);
    pictures_ = earlier_pictures_ = 0;
    queueing_ = false;
    step_pictures_ = 0;
    usual_pace_ = usual_unevenness_ = 0;
    evidence_.Clear();
  }

  // behind_ns: of the picture's first packet.
  void BeginPicture(int64_t step_ns, int64_t behind_ns, int64_t now_ns) {
    const int64_t gap_ns = now_ns - first_packet_ns_;
    const int64_t growth_ns = behind_ns - first_behind_ns_;
    const bool step = growth_ns > std::max(kFollowNs, 2 * step_ns);
    ++pictures_;
    earlier_pictures_ = 0;
    // Streams start with bursts, or with one picture long before the others. Nothing is late yet.
    if (now_ns - started_ns_ < kWarmUpNs || pictures_ < kWarmUpPictures) {
      best_ns_ = behind_ns;
    } else {
      JudgeStep(step, step_ns, gap_ns, behind_ns);
      evidence_.Add({gap_ns, step ? 0 : step_ns, bytes_, best_ns_, rate_});
      JudgeGrowth(behind_ns);
    }
    first_packet_ns_ = now_ns;
    first_behind_ns_ = behind_ns;
    bytes_ = 0;
    stream_ns_ = media_ns_ + best_ns_;
  }

  // A picture that comes much later than its timestamp says waited in the network, or the camera's timestamps do not
  // count its pauses. In the first case others waited with it, and come faster than usual.
  void JudgeStep(bool step, int64_t step_ns, int64_t gap_ns, int64_t behind_ns) {
    if (step_pictures_ > 0) {
      // The gap before another step shows nothing of how a backlog comes, unless it is the only one.
      if (!step || step_media_ns_ == 0) {
        step_media_ns_ += step_ns;
        step_passed_ns_ += gap_ns;
      }
      const double pace = static_cast<double>(step_passed_ns_) / static_cast<double>(step_media_ns_) / usual_pace_;
      const bool explained = step || ++step_pictures_ > kStepPictures;
      if (step_follows_large_ || pace < (explained ? kBacklogPace : kBurstPace)) {
        steps_are_pauses_ = false;
        best_ns_ = std::min(best_ns_, step_best_ns_);
        queueing_ = true;
        queue_pictures_ = 0;
      } else if (explained && !queueing_) {
        steps_are_pauses_ = true;
        Follow(std::min(behind_ns, first_behind_ns_));
        evidence_.Clear();
      }
      if (explained) step_pictures_ = 0;
    }
    if (!step) return;
    step_pictures_ = 1;
    wants_answer_ = wants_answer_ || answers_;
    queue_pictures_ = 0;  // A queue that comes in bursts is not over.
    step_media_ns_ = step_passed_ns_ = 0;
    step_best_ns_ = best_ns_;
    step_follows_large_ = bytes_ > kLarge * evidence_.MeanBytes();
    if (!queueing_ || usual_pace_ == 0) {
      usual_pace_ = evidence_.Steady() ? std::max(kBurstPace, evidence_.Pace()) : rate_;
    }
    if (!queueing_) usual_unevenness_ = evidence_.Unevenness();
    if (steps_are_pauses_ && !step_follows_large_) Follow(behind_ns);
  }

  void JudgeGrowth(int64_t behind_ns) {
    const double share = evidence_.Share();
    const bool drains = evidence_.Pace() < kDrainingPace * usual_pace_;
    const bool in_bursts = evidence_.Unevenness() > usual_unevenness_ + kUneven;
    if (share > kQueueShare) {
      queueing_ = true;
      queue_pictures_ = 0;
      best_ns_ = evidence_.LeastBest(best_ns_);
      rate_ = evidence_.FirstRate(rate_);
    } else if (queueing_ && (behind_ns - best_ns_ < kEmptyNs ||
                             (++queue_pictures_ > kQueuePictures && share < kNoQueueShare && !drains && !in_bursts))) {
      queueing_ = false;
      usual_pace_ = usual_unevenness_ = 0;
      evidence_.Clear();
    }
    if (queueing_ || step_pictures_ > 0) return;
    Follow(behind_ns - kFollowNs);
    if (!evidence_.Steady()) return;
    const double rate = RateOf(evidence_.Pace());
    if (!answers_) rate_ = rate;
    wants_answer_ = wants_answer_ || std::abs(rate - rate_) > kSameRate;
  }

  // No further than the camera's last answer allows.
  void Raise(int64_t best_ns) { best_ns_ = std::max(best_ns_, std::min(best_ns, most_best_ns_)); }

  void Follow(int64_t best_ns) {
    Raise(best_ns);
    wants_answer_ = wants_answer_ || (answers_ && best_ns > best_ns_);
  }

  uint32_t clock_rate_hz_;
  bool started_ = false;
  uint32_t last_timestamp_ = 0;
  int64_t last_ns_ = 0;
  int64_t started_ns_ = 0;
  int pictures_ = 0;      // Since the start, without those that step back.
  double rate_ = 1;       // ns per ns of the timestamps: above 1, the camera's clock runs slow.
  int64_t media_ns_ = 0;  // The time by the timestamps, at that rate.
  int64_t lag_ns_ = 0;
  int64_t stream_ns_ = 0;
  int64_t best_ns_ = 0;  // How far media_ns_ was behind the clock, at best.
  bool answers_ = false, wants_answer_ = false;
  int64_t most_best_ns_ = INT64_MAX;  // By the last answer.
  // When the picture came before a quick answer, and its media_ns_; 0: the last answer was not quick.
  int64_t quick_ns_ = 0, quick_media_ns_ = 0;

  uint32_t earlier_timestamp_ = 0;
  int earlier_pictures_ = 0;  // With earlier timestamps than the last picture.

  // The picture that arrives.
  int64_t first_packet_ns_ = 0;
  int64_t first_behind_ns_ = 0;
  double bytes_ = 0;

  QueueEvidence evidence_;
  bool queueing_ = false;
  int queue_pictures_ = 0;  // Since the queue was found.

  // The last step, while it is not explained.
  int step_pictures_ = 0;  // Since then, itself included; 0: it is explained.
  int64_t step_media_ns_ = 0, step_passed_ns_ = 0;
  int64_t step_best_ns_ = 0;  // The best before it.
  bool step_follows_large_ = false;
  bool steps_are_pauses_ = false;  // So they were the last time.

  // Of the pictures before the queue; 0: not known.
  double usual_pace_ = 0;
  double usual_unevenness_ = 0;
};

}  // namespace framegate
