// Makes one stream without needless gaps of the RTP packets that a camera sends over one channel. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "clocks.h"

namespace framegate {

// rtspsrc gives the packets of another sender (SSRC) a stream of their own, which nothing reads, and ends the session.
// MediaMTX drops them. Neither gets along with empty packets and packets of unknown payload types.
class RtpContinuity {
 public:
  static constexpr size_t kHead = 12;
  // After this time without the known sender, another one has replaced it.
  static constexpr int64_t kNewSenderNs = MsToNs(1000);

  // Whether the client gets the packet of `size` bytes, at least kHead. If so, gives it the first sender's SSRC, and a
  // sequence number from which those of dropped packets are subtracted. wanted: its payload type is known.
  bool Take(char* packet, size_t size, bool wanted, int64_t now_ns) {
    const auto number = static_cast<uint16_t>(Read(packet + 2, 2));
    const uint32_t sender = Read(packet + 8, 4);
    if (!wanted || IsEmpty(packet, size)) {
      if (known_ && sender == sender_ && number == static_cast<uint16_t>(last_ + 1)) {
        last_ = number;
        ++dropped_;
      }
      return false;
    }
    if (!known_) first_sender_ = sender_ = sender;
    if (sender != sender_ && !Replaces(sender, number, now_ns)) return false;
    other_since_ns_.reset();
    known_ = true;
    last_ = number;
    Write(packet + 2, 2, static_cast<uint16_t>(number - dropped_));
    Write(packet + 8, 4, first_sender_);
    return true;
  }

  // The same for a compound RTCP packet of the channel, of at least 4 bytes: those of other senders are dropped.
  bool TakeRtcp(char* packet, size_t size) const {
    if (!known_ || size < 8) return true;
    const uint32_t first = Read(packet + 4, 4);
    if (first != sender_ && (first == first_sender_ || first == other_)) return false;
    for (size_t at = 0; at + 8 <= size; at += 4 + 4 * size_t{Read(packet + at + 2, 2)}) {
      if (Read(packet + at + 4, 4) == sender_) Write(packet + at + 4, 4, first_sender_);
    }
    return true;
  }

 private:
  static uint32_t Read(const char* bytes, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return value;
  }

  static void Write(char* bytes, size_t count, uint32_t value) {
    for (size_t i = count; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xff);
  }

  // Nothing, or only padding, follows the header (RFC 3550, 5.1). Packets that break its rules are not judged.
  static bool IsEmpty(const char* packet, size_t size) {
    const uint32_t flags = Read(packet, 1);
    if (flags >> 6 != 2) return false;
    size_t head = kHead + 4 * size_t{flags & 15};
    if ((flags & 0x10) != 0) {
      if (head + 4 > size) return false;
      head += 4 + 4 * size_t{Read(packet + head + 2, 2)};
    }
    const size_t padding = (flags & 0x20) != 0 ? Read(packet + size - 1, 1) : 0;
    return head + padding == size;
  }

  // Whether the packet is the first of the sender that follows the known one. Its numbers continue those of the known
  // one with a gap of one, because the picture that was being sent may be incomplete.
  bool Replaces(uint32_t sender, uint16_t number, int64_t now_ns) {
    other_ = sender;
    if (!other_since_ns_) other_since_ns_ = now_ns;
    if (now_ns - *other_since_ns_ < kNewSenderNs) return false;
    const auto passed = static_cast<uint16_t>(last_ - dropped_);
    dropped_ = static_cast<uint16_t>(number - (passed + 2));
    sender_ = sender;
    return true;
  }

  bool known_ = false;  // A packet has passed.
  uint32_t first_sender_ = 0, sender_ = 0, other_ = 0;
  std::optional<int64_t> other_since_ns_;  // Packets of another one have come since, and none of the known one.
  uint16_t last_ = 0;                      // The camera's number of the last packet.
  uint16_t dropped_ = 0;                   // By how much the camera's numbers exceed the client's.
};

}  // namespace framegate
