// Makes one stream without needless gaps of the RTP packets that a camera sends over one channel. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "big_endian.h"
#include "clocks.h"

namespace framegate {

// rtspsrc gives the packets of another sender (SSRC) a stream of their own, which nothing reads, and ends the session.
// MediaMTX drops them. Neither gets along with empty packets, packets of unknown payload types and numbers that are
// set back.
class RtpContinuity {
 public:
  static constexpr size_t kHead = 12;
  // After this time without the known sender, another one has replaced it.
  static constexpr int64_t kNewSenderNs = MsToNs(1000);

  // Whether the client gets the packet of `size` bytes, at least kHead. wanted: it has a payload of a known type. The
  // packets must be in the order in which they were sent.
  bool Take(const char* packet, size_t size, bool wanted, int64_t now_ns) {
    const auto number = ReadUint16(packet + 2);
    const uint32_t sender = ReadUint32(packet + 8);
    if (!wanted) {
      if (known_ && sender == sender_ && number == static_cast<uint16_t>(last_ + unwanted_ + 1)) ++unwanted_;
      if (unwanted_ == kFarAhead) {
        last_ = number;
        unwanted_ = 0;
      }
      return false;
    }
    gap_ = 0;
    if (!known_) {
      sent_ = static_cast<uint16_t>(number - 1);
    } else if (sender != sender_ && !IsNext(number)) {
      if (!TakeSender(packet, now_ns)) return false;
      gap_ = 1;  // The picture that was being sent may be incomplete.
    } else if (!FindGap(packet, size, number, now_ns)) {
      return false;
    }
    if (!known_) first_sender_ = sender;
    known_ = true;
    sender_ = sender;
    other_since_ns_.reset();
    last_ = number;
    unwanted_ = 0;
    last_timestamp_ = ReadUint32(packet + 4);
    last_packet_.assign(packet, size);
    sent_ = static_cast<uint16_t>(sent_ + gap_);
    return true;
  }

  // Packets are missing before the last one that was taken.
  bool gap() const { return gap_ > 0; }

  // Gives a packet that was taken, or a part of it, the first sender's SSRC and the next sequence number. A gap is that
  // of the camera, or of one number if the camera's number says nothing about it.
  void Stamp(char* packet) {
    WriteUint16(packet + 2, ++sent_);
    WriteUint32(packet + 8, first_sender_);
  }

  // Whether the packet, which need not be in order, is of the stream's sender. If so, gives it the first one's SSRC.
  bool TakeSender(char* packet, int64_t now_ns) {
    if (!known_) first_sender_ = sender_ = ReadUint32(packet + 8);
    known_ = true;
    if (!TakeSender(const_cast<const char*>(packet), now_ns)) return false;
    WriteUint32(packet + 8, first_sender_);
    return true;
  }

  // The same for a compound RTCP packet of the channel, of at least 4 bytes: those of other senders are dropped.
  bool TakeRtcp(char* packet, size_t size) const {
    if (!known_ || size < 8) return true;
    const uint32_t first = ReadUint32(packet + 4);
    if (first != sender_ && (first == first_sender_ || first == other_)) return false;
    for (size_t at = 0; at + 8 <= size; at += 4 + 4 * size_t{ReadUint16(packet + at + 2)}) {
      if (ReadUint32(packet + at + 4) == sender_) WriteUint32(packet + at + 4, first_sender_);
    }
    return true;
  }

 private:
  // Numbers that are this much behind may be those of packets that come late or twice.
  static constexpr int kLate = 64;
  static constexpr int kFarAhead = 1000;
  // Numbers that are set back so often within so long mean nothing.
  static constexpr int kSetBackOften = 3;
  static constexpr int64_t kSetBackNs = MsToNs(10'000);

  // Whether the packet is of the known sender or of the one that follows it.
  bool TakeSender(const char* packet, int64_t now_ns) {
    const uint32_t sender = ReadUint32(packet + 8);
    if (sender == sender_) {
      other_since_ns_.reset();
      return true;
    }
    other_ = sender;
    if (!other_since_ns_) other_since_ns_ = now_ns;
    if (now_ns - *other_since_ns_ < kNewSenderNs) return false;
    sender_ = sender;
    return true;
  }

  // Whether no packet is missing before this number. Unwanted packets may or may not have taken numbers of their own.
  bool IsNext(uint16_t number) const {
    const int ahead = static_cast<int16_t>(number - last_);
    return ahead >= 1 && ahead <= unwanted_ + 1;
  }

  // Sets gap_; false: the packet came late or twice. A number that is set back says nothing about a loss; if that
  // happens often, none does.
  bool FindGap(const char* packet, size_t size, uint16_t number, int64_t now_ns) {
    const int ahead = static_cast<int16_t>(number - last_);
    if (ahead == 0 && last_packet_ == std::string_view(packet, size)) return false;
    const bool newer = static_cast<int32_t>(ReadUint32(packet + 4) - last_timestamp_) > 0;
    const bool counts = set_backs_ < kSetBackOften || now_ns - set_back_ns_ > kSetBackNs;
    if (counts && ahead < 0 && ahead > -kLate && !newer && ++late_ < kLate) return false;
    late_ = 0;
    if (ahead <= 0) {
      set_backs_ = now_ns - set_back_ns_ > kSetBackNs ? 1 : std::min(set_backs_ + 1, kSetBackOften);
      set_back_ns_ = now_ns;
    }
    if (counts && !IsNext(number)) gap_ = ahead > 1 && ahead <= kFarAhead ? ahead - 1 - unwanted_ : 1;
    return true;
  }

  bool known_ = false;  // A packet has passed.
  uint32_t first_sender_ = 0, sender_ = 0, other_ = 0;
  std::optional<int64_t> other_since_ns_;  // Packets of another one have come since, and none of the known one.
  uint16_t last_ = 0;                      // The camera's number of the last packet.
  int unwanted_ = 0;                       // Unwanted packets with the numbers that follow it.
  uint32_t last_timestamp_ = 0;
  std::string last_packet_;
  uint16_t sent_ = 0;  // The client's number of the last packet.
  int gap_ = 0;        // Numbers that are missing before the last packet.
  int late_ = 0;       // Packets that came late, in a row.
  int set_backs_ = 0;
  int64_t set_back_ns_ = INT64_MIN / 2;
};

}  // namespace framegate
