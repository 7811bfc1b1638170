// The wall clock of the camera at each packet, from the sender reports of RTCP (RFC 3550, 6.4.1). Not synchronized.
#pragma once

#include <cstddef>
#include <cstdint>

#include "access_unit.h"
#include "big_endian.h"

namespace framegate {

class SenderClock {
 public:
  // 90 kHz before this.
  void SetClockRate(uint32_t hz) { clock_rate_hz_ = hz; }

  // Takes a packet of RTCP. Of reports, those of the newest packet's sender count, if they are no more than a second
  // ahead of that packet: some senders fill in an unrelated timestamp. ssrc: 0 before the first packet; then any
  // counts.
  void TakeRtcp(const uint8_t* data, size_t size, uint32_t ssrc, uint32_t newest_timestamp) {
    if (size < kReportBytes || data[0] >> 6 != 2 || data[1] != kSenderReport) return;
    const uint32_t timestamp = ReadUint32(data + 16);
    const int64_t ahead = static_cast<int32_t>(timestamp - newest_timestamp);
    if (ssrc != 0 && (ReadUint32(data + 4) != ssrc || ahead > int64_t{clock_rate_hz_})) return;
    const uint64_t seconds = ReadUint32(data + 8);
    if (seconds <= kNtpToUnixSeconds) return;
    const uint64_t fraction_us = (uint64_t{ReadUint32(data + 12)} * 1'000'000) >> 32;
    reported_us_ = static_cast<int64_t>((seconds - kNtpToUnixSeconds) * 1'000'000 + fraction_us);
    reported_timestamp_ = timestamp;
  }

  // In microseconds since 1970; kUnknownTime before the first report.
  int64_t AtUs(uint32_t timestamp) const {
    if (reported_us_ == kUnknownTime) return kUnknownTime;
    return reported_us_ + int64_t{static_cast<int32_t>(timestamp - reported_timestamp_)} * 1'000'000 / clock_rate_hz_;
  }

 private:
  static constexpr size_t kReportBytes = 28;
  static constexpr uint8_t kSenderReport = 200;
  // Seconds from 1900 (NTP) to 1970 (Unix).
  static constexpr uint64_t kNtpToUnixSeconds = 2'208'988'800;

  uint32_t clock_rate_hz_ = 90000;
  int64_t reported_us_ = kUnknownTime;
  uint32_t reported_timestamp_ = 0;
};

}  // namespace framegate
