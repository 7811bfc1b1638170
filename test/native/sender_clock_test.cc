// The camera's wall clock from its sender reports.
#include "core/sender_clock.h"

#include <vector>

#include "check.h"

using namespace framegate;

namespace {

constexpr uint32_t kSsrc = 7;
constexpr uint64_t kNtpOf1970 = 2'208'988'800;

// A sender report that says: `timestamp` is half a second after `unix_s`.
std::vector<uint8_t> Report(uint32_t ssrc, uint64_t unix_s, uint32_t timestamp) {
  std::vector<uint8_t> bytes = {0x80, 200, 0, 6};
  const auto append = [&bytes](uint32_t value) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<uint8_t>(value >> shift));
  };
  for (const uint32_t value : {ssrc, static_cast<uint32_t>(unix_s + kNtpOf1970), 0x80000000u, timestamp, 1u, 2u}) {
    append(value);
  }
  return bytes;
}

void Take(SenderClock& clock, const std::vector<uint8_t>& packet, uint32_t ssrc = kSsrc, uint32_t newest = 1000) {
  clock.TakeRtcp(packet.data(), packet.size(), ssrc, newest);
}

TEST(TimesFollowTheNewestReportInBothDirectionsAndAcrossAWrap) {
  SenderClock clock;
  CHECK_EQ(clock.AtUs(5), kUnknownTime);
  Take(clock, Report(kSsrc, 1'700'000'000, 4'294'967'290u), kSsrc, 4'294'967'000u);
  CHECK_EQ(clock.AtUs(4'294'967'290u), 1'700'000'000'500'000);
  CHECK_EQ(clock.AtUs(84), 1'700'000'000'501'000);
  CHECK_EQ(clock.AtUs(4'294'967'290u - 90000), 1'699'999'999'500'000);
  Take(clock, Report(kSsrc, 1'700'000'100, 2000));
  CHECK_EQ(clock.AtUs(2000), 1'700'000'100'500'000);
}

TEST(AReportBeforeTheFirstPacketCounts) {
  SenderClock clock;
  clock.SetClockRate(1000);
  Take(clock, Report(9, 1'700'000'000, 500'000), 0, 0);
  CHECK_EQ(clock.AtUs(500'001), 1'700'000'000'501'000);
}

TEST(WhatIsNoReportOfThisSenderAboutThePresentDoesNotCount) {
  SenderClock clock;
  const std::vector<uint8_t> report = Report(kSsrc, 1'700'000'000, 1000);
  Take(clock, Report(8, 1'700'000'000, 1000));
  Take(clock, Report(kSsrc, 1'700'000'000, 1000 + 90001));
  for (size_t size = 0; size < report.size(); ++size) Take(clock, {report.begin(), report.begin() + size});
  std::vector<uint8_t> changed = report;
  changed[0] = 0x40;
  Take(clock, changed);
  changed = report;
  changed[1] = 201;  // A receiver's report.
  Take(clock, changed);
  changed = report;
  for (int at = 8; at < 16; ++at) changed[at] = 0;  // A camera without a clock.
  Take(clock, changed);
  CHECK_EQ(clock.AtUs(1000), kUnknownTime);
}

}  // namespace

int main() { return check::RunTests(); }
