// Repairs RTP timestamps: gives all packets of a picture the same one, and the time of arrival if the camera's clock
// stands still or runs backwards. Good timestamps stay as they are. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "clocks.h"
#include "rtp_payload.h"

namespace framegate {

class RtpTimes {
 public:
  // The timestamp for a packet. marker: it has one. gap: packets before it are missing. now_ns: monotonic.
  uint32_t Take(uint32_t timestamp, PicturePart part, bool marker, bool gap, uint32_t clock_rate_hz, int64_t now_ns) {
    const bool ended = std::exchange(ended_, marker);
    clock_rate_hz_ = clock_rate_hz;
    if (!std::exchange(started_, true)) {
      timestamp_ = sent_ = latest_ = timestamp;
      floor_ = timestamp - static_cast<uint32_t>(Ticks(kJumpMs));
      latest_ns_ = now_ns;
    } else if (Begins(timestamp, part, ended, gap)) {
      sent_ = Step(timestamp, now_ns);
      timestamp_ = timestamp;
    }
    if (part == PicturePart::kFirstSlice || part == PicturePart::kSlice) has_slice_ = true;
    if (part != PicturePart::kBeforeSlice || timestamp == timestamp_) return sent_;
    // It precedes the next picture. Some cameras give such packets any timestamp.
    has_slice_ = false;
    const uint32_t own = timestamp + offset_;
    return arrival_ || IsJump(own, now_ns) ? sent_ : own;
  }

  // For a sender report; empty: the camera's clock says nothing.
  std::optional<uint32_t> ForReport(uint32_t timestamp) const {
    if (arrival_) return std::nullopt;
    return timestamp + offset_;
  }

 private:
  static constexpr int kMostSame = 2;  // The two fields of a frame.
  // B-pictures step back by a few frames only, at most 16 of them follow one another, and they are shown after the
  // reference picture before the last, with few exceptions.
  static constexpr int64_t kJumpMs = 2000;
  static constexpr int kMostEarlier = 16;
  static constexpr int kMostBelow = 2;
  static constexpr int64_t kFarBelowMs = 500;
  static constexpr int kMostFalling = 4;
  // So many good pictures prove that the clock runs again.
  static constexpr int kCalmPictures = 32;
  static constexpr int64_t kOnePictureMs = 5;  // Timestamps of its slices differ by less.

  static int32_t Ahead(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b); }
  int64_t Ticks(int64_t ms) const { return ms * clock_rate_hz_ / 1000; }
  int64_t PassedTicks(int64_t now_ns) const { return Ticks((now_ns - latest_ns_) / MsToNs(1)); }

  bool IsJump(uint32_t sent, int64_t now_ns) const {
    const int64_t ahead = Ahead(sent, latest_);
    return ahead > PassedTicks(now_ns) + Ticks(kJumpMs) || ahead < -Ticks(kJumpMs);
  }

  bool Begins(uint32_t timestamp, PicturePart part, bool ended, bool gap) const {
    const bool other = timestamp != timestamp_;
    switch (part) {
      case PicturePart::kFirstSlice:
        return true;
      case PicturePart::kSlice:
        return !has_slice_ || (gap && other) ||
               (ended && std::abs(int64_t{Ahead(timestamp, timestamp_)}) > Ticks(kOnePictureMs));
      case PicturePart::kFragment:
        return gap && other;
      case PicturePart::kBeforeSlice:
        return false;
      case PicturePart::kUnknown:
        break;
    }
    return ended || other;
  }

  // A picture begins.
  uint32_t Step(uint32_t timestamp, int64_t now_ns) {
    const int32_t step = Ahead(timestamp, timestamp_);
    const uint32_t own = timestamp + offset_;
    same_ = step == 0 ? same_ + 1 : 0;
    falling_ = step < 0 ? falling_ + 1 : 0;
    below_ = Ahead(own, floor_) < 0 ? below_ + 1 : 0;
    earlier_ = Ahead(own, latest_) < 0 ? earlier_ + 1 : 0;
    const bool strange = same_ >= kMostSame || falling_ > kMostFalling || below_ > kMostBelow ||
                         Ahead(own, floor_) < -Ticks(kFarBelowMs);
    calm_ = strange ? 0 : calm_ + 1;
    arrival_ = strange || (arrival_ && calm_ < kCalmPictures);
    if (arrival_ || earlier_ > kMostEarlier || IsJump(own, now_ns)) {
      const auto passed = static_cast<uint32_t>(std::max<int64_t>(PassedTicks(now_ns), 1));
      offset_ = latest_ + passed - timestamp;
      below_ = earlier_ = 0;
    }
    const uint32_t sent = timestamp + offset_;
    if (Ahead(sent, latest_) > 0) {
      floor_ = std::exchange(latest_, sent);
      latest_ns_ = now_ns;
    }
    return sent;
  }

  uint32_t clock_rate_hz_ = 90000;
  bool started_ = false;
  bool ended_ = false;      // The last packet had a marker.
  bool has_slice_ = false;  // The picture has one.
  uint32_t timestamp_ = 0;  // The camera's, of the picture.
  uint32_t sent_ = 0;       // The client's, of the picture.
  uint32_t offset_ = 0;     // By how much the client's exceeds the camera's.
  uint32_t latest_ = 0;     // The client's, of the picture that is shown last,
  uint32_t floor_ = 0;      // and of the one that was before it.
  int64_t latest_ns_ = 0;   // When that came.
  // Pictures in a row: with the same timestamp, with an earlier one than the picture before, the floor, the latest.
  int same_ = 0, falling_ = 0, below_ = 0, earlier_ = 0;
  bool arrival_ = false;  // The camera's clock does not count.
  int calm_ = 0;          // Good pictures in a row.
};

}  // namespace framegate
