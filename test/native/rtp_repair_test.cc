// What a client gets for a camera's packets: units without start codes, timestamps, malformed packets, RTCP.
#include "core/rtp_repair.h"

#include <string>
#include <vector>

#include "check.h"
#include "core/clocks.h"
#include "core/sdp_repair.h"

using namespace framegate;
using namespace std::string_literals;

namespace {

const RtpFormats kFormats = FormatsOf(
    "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=video 0 RTP/AVP 97\r\na=rtpmap:97 H265/90000\r\n"
    "m=audio 0 RTP/AVP 0\r\n");
const std::string kKey264 = "\x65\x88 key picture"s, kSlice264 = "\x41\x9a-slice"s, kOther264 = "\x41\x02slice"s;
const std::string kKey265 = "\x26\x01\xa0key picture"s;
const std::string kSps264 = "\x67sps"s, kPps264 = "\x68pps"s, kVps265 = "\x40\x01vps"s;

struct Packet {
  int number = 0;
  uint32_t timestamp = 0;
  std::string payload;
  bool marker = true;
  int type = 96;
  std::string Text(int flags = 0x80) const {
    std::string text = {static_cast<char>(flags), static_cast<char>((marker ? 0x80 : 0) | type),
                        static_cast<char>(number >> 8), static_cast<char>(number & 255)};
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(timestamp >> shift & 255);
    return text + "SSRC" + payload;
  }
};

uint32_t Read(const std::string& text, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(text[at + i]);
  return value;
}

class Channel {
 public:
  std::vector<Packet> Take(const std::string& text, int64_t ms = 0) {
    std::vector<Packet> got;
    repair_.Take(text, kFormats, MsToNs(ms), [&](std::string_view sent) {
      const std::string packet(sent);
      got.push_back({static_cast<int>(Read(packet, 2, 2)), Read(packet, 4, 4), packet.substr(12),
                     (Read(packet, 1, 1) & 0x80) != 0, static_cast<int>(Read(packet, 1, 1) & 0x7f)});
    });
    return got;
  }
  // The timestamp of a packet that passes whole.
  uint32_t Time(const Packet& packet, int64_t ms) {
    const auto got = Take(packet.Text(), ms);
    CHECK_EQ(got.size(), size_t{1});
    return got.empty() ? 0 : got[0].timestamp;
  }
  std::string Rtcp(const std::string& packet) const { return repair_.TakeRtcp(packet); }

 private:
  RtpRepair repair_;
};

// The units that the packets carry, as a depayloader would put them together. Checks that no packet is missing.
std::vector<std::string> Units(const std::vector<Packet>& packets, bool h265) {
  const size_t head = h265 ? 2 : 1;
  std::vector<std::string> units;
  for (size_t i = 0; i < packets.size(); ++i) {
    const std::string& payload = packets[i].payload;
    if (i > 0) CHECK_EQ(packets[i].number, packets[i - 1].number + 1);
    CHECK_EQ(packets[i].marker, i + 1 == packets.size());
    const int type = h265 ? payload[0] >> 1 & 63 : payload[0] & 31;
    if (type != (h265 ? 49 : 28)) {
      units.push_back(payload);
      continue;
    }
    const int flags = payload[head];
    if (flags & 0x80) {
      units.push_back(h265 ? std::string({static_cast<char>((payload[0] & 0x81) | (flags & 63) << 1), payload[1]})
                           : std::string(1, static_cast<char>((payload[0] & 0xe0) | (flags & 31))));
    }
    units.back() += payload.substr(head + 1);
  }
  return units;
}

// The packets of one unit, in fragments of `size` bytes.
std::vector<Packet> Fragments(const std::string& unit, size_t size, bool h265) {
  const size_t head = h265 ? 2 : 1;
  std::vector<Packet> packets;
  for (size_t at = head; at < unit.size(); at += size) {
    const bool last = at + size >= unit.size();
    const int type = h265 ? unit[0] >> 1 & 63 : unit[0] & 31;
    std::string payload = unit.substr(0, head);
    payload[0] = static_cast<char>(h265 ? (unit[0] & 0x81) | 49 << 1 : (unit[0] & 0xe0) | 28);
    payload += static_cast<char>((at == head ? 0x80 : 0) | (last ? 0x40 : 0) | type);
    packets.push_back({static_cast<int>(packets.size()), 9000, payload + unit.substr(at, size), last, h265 ? 97 : 96});
  }
  return packets;
}

TEST(StartCodesSplitUnitsHoweverTheyAreFragmented) {
  const std::vector<std::string> units264 = {kSps264, kPps264, kKey264 + "\0\0\3with zeros"s};
  const std::vector<std::string> units265 = {kVps265, kVps265, kKey265 + "\0\0\3with zeros"s};
  for (const bool h265 : {false, true}) {
    const auto& units = h265 ? units265 : units264;
    for (const std::string& code : {"\0\0\1"s, "\0\0\0\1"s}) {
      for (const std::string& lead : {""s, code}) {
        const std::string whole = lead + units[0] + code + units[1] + code + units[2];
        for (size_t size = 1; size <= whole.size(); ++size) {
          Channel channel;
          std::vector<Packet> got;
          const bool single = size == whole.size();
          for (const Packet& packet :
               single ? std::vector<Packet>{{0, 9000, whole, true, h265 ? 97 : 96}} : Fragments(whole, size, h265)) {
            for (const Packet& sent : channel.Take(packet.Text())) got.push_back(sent);
          }
          auto seen = Units(got, h265);
          CHECK_EQ(seen.size(), units.size());
          for (std::string& unit : seen) unit.resize(unit.find_last_not_of('\0') + 1);
          CHECK(seen == units);
        }
      }
    }
  }
}

TEST(GoodFragmentsPassUnchanged) {
  for (const size_t size : {5, 6, 7}) {
    Channel channel;
    for (const Packet& packet : Fragments(kKey264 + "without zeros", size, false)) {
      const auto got = channel.Take(packet.Text());
      CHECK(got.size() == 1 && got[0].Text() == packet.Text());
    }
  }
}

TEST(AggregatesLoseStartCodesAndEmptyUnits) {
  Channel channel;
  const std::string good = "\x18\0\4"s + kSps264 + "\0\4"s + kPps264;
  const auto whole = channel.Take(Packet{1, 0, good}.Text());
  CHECK(whole.size() == 1 && whole[0].payload == good);
  const std::string coded = "\x18\0\x08\0\0\0\1"s + kSps264 + "\0\0\0\7\0\0\1"s + kPps264;
  CHECK(Units(channel.Take(Packet{2, 0, coded}.Text()), false) == (std::vector<std::string>{kSps264, kPps264}));
}

// A packet is a picture.
TEST(GoodTimestampsStay) {
  Channel channel;
  // B-pictures, a rate that changes, a clock that wraps.
  uint32_t base = 0xffff0000;
  int number = 0;
  for (int i = 0; i < 200; ++i) {
    for (const uint32_t step : {14400, 7200, 3600, 10800}) {
      CHECK_EQ(channel.Time({++number, base + step, kSlice264}, i * 160), base + step);
    }
    base += 14400;
  }
  CHECK_EQ(channel.Time({++number, base + 900'000, kSlice264}, 200 * 160 + 9500), base + 900'000);
  // Both fields of a frame.
  for (uint32_t i = 1; i < 100; ++i) {
    const uint32_t timestamp = base + 900'000 + i / 2 * 3600;
    CHECK_EQ(channel.Time({++number, timestamp, kSlice264}, 42'000 + i * 20), timestamp);
  }
}

TEST(ArrivalIsTheClockIfTheCamerasStandsStillOrRunsBackwards) {
  const struct {
    const char* what;
    uint32_t (*timestamp)(uint32_t);
  } cases[] = {
      {"constant", [](uint32_t) { return 7U; }},
      {"backwards", [](uint32_t i) { return 5000 - 3600 * i; }},
      {"backwards in long steps", [](uint32_t i) { return 5000 - 90'000 * i; }},
      {"a second at a time", [](uint32_t i) { return i / 25 * 90'000; }},
      {"random", [](uint32_t i) { return i * 2654435761U; }},
      {"over and over", [](uint32_t i) { return i % 25 * 3600; }},
      {"jumps by half of the range", [](uint32_t i) { return i / 50 * 0x80000000 + i * 3600; }},
  };
  for (const auto& test : cases) {
    for (const bool marker : {true, false}) {
      Channel channel;
      uint32_t before = 0, first = 0;
      for (uint32_t i = 0; i < 300; ++i) {
        const uint32_t timestamp = channel.Time({static_cast<int>(i), test.timestamp(i), kSlice264, marker}, i * 40);
        if (i < 60) {
          first = before = timestamp;
          continue;
        }
        const auto step = static_cast<int32_t>(timestamp - before);
        if (step < -7200 || step > 90'000) std::printf("%s: %d\n", test.what, step);
        CHECK(step >= -7200 && step <= 90'000);
        before = timestamp;
      }
      const auto passed = static_cast<int32_t>(before - first);
      CHECK(passed > 238 * 3600 && passed < 244 * 3600);
    }
  }
}

TEST(AClockThatStoodStillCountsAgain) {
  Channel channel;
  uint32_t before = 0;
  for (uint32_t i = 0; i < 300; ++i) {
    const uint32_t timestamp = channel.Time({static_cast<int>(i), i < 100 ? 7 : i * 3000, kSlice264}, i * 40);
    if (i > 150) CHECK_EQ(timestamp - before, 3000U);
    before = timestamp;
  }
}

TEST(APictureHasOneTimestamp) {
  Channel channel;
  channel.Take(Packet{1, 500'100, kSlice264}.Text());
  CHECK_EQ(channel.Time({2, 0, kSps264, false}, 40), 500'100U);
  CHECK_EQ(channel.Time({3, 503'700, kKey264, false}, 40), 503'700U);
  CHECK_EQ(channel.Time({4, 503'737, kOther264, false}, 40), 503'700U);
  CHECK_EQ(channel.Time({5, 503'800, "\x7c\x05 fragment"s, true}, 40), 503'700U);
  CHECK_EQ(channel.Time({6, 507'300, kOther264, true}, 80), 507'300U);  // Its first slice was lost at the camera.
  CHECK_EQ(channel.Time({8, 510'900, "\x7c\x05 fragment"s, true}, 120), 510'900U);
}

TEST(MalformedAndEmptyPacketsAreDropped) {
  const std::string extension("\xbe\xde\0\1four", 8);
  const struct {
    std::string payload;
    int flags;
    bool passes;
  } cases[] = {
      {"", 0x80, false},
      {"\x41x", 0x80, true},
      {"\0\0\0\4"s, 0xa0, false},
      {"\x41\0\0\3"s, 0xa0, true},
      {"CsrcCsrc", 0x82, false},
      {"CsrcCsrc\x41x", 0x82, true},
      {extension, 0x90, false},
      {extension + "\x41x", 0x90, true},
      {"four" + extension + "\1", 0xb1, false},
      {"\x41\xff", 0xa0, false},  // No padding can be that long.
      {"\x41\0"s, 0xa0, true},
      {"abc", 0x90, false},
      {"\0\0\0\7"s, 0x90, false},
      {"Csrc", 0x8f, false},
      {"\x41x", 0x40, false},
  };
  for (const auto& test : cases) {
    Channel channel;
    const auto got = channel.Take(Packet{1, 0, test.payload}.Text(test.flags));
    CHECK_EQ(got.size(), size_t{test.passes ? 1U : 0U});
  }
  for (size_t size = 0; size < 12; ++size) CHECK(Channel().Take(Packet{1, 0, "x"}.Text().substr(0, size)).empty());
}

std::string Report(uint32_t timestamp) {
  std::string report("\x80\xc8\0\6SSRCntp-ntp-0000counts-of-", 28);
  for (size_t i = 4; i-- > 0; timestamp >>= 8) report[16 + i] = static_cast<char>(timestamp & 255);
  return report;
}

TEST(GoodbyesDoNotPassAndReportsFollowTheTimestamps) {
  const std::string bye = "\x81\xcb\0\1SSRC"s, names = "\x81\xca\0\1SSRC"s;
  Channel channel;
  channel.Take(Packet{1, 1000, kSlice264}.Text());
  CHECK(channel.Rtcp(bye).empty());
  CHECK(channel.Rtcp(Report(5) + bye + names) == Report(5) + names);
  CHECK(HasBye(names + bye) && !HasBye(names + "\x81\xcb\0"s));
  channel.Take(Packet{2, 9'001'000, kSlice264}.Text(), 40);  // The camera set its clock.
  CHECK(channel.Rtcp(Report(9'001'000)) == Report(4600));
  for (int i = 3; i < 9; ++i) channel.Take(Packet{i, 9'001'000, kSlice264}.Text(), 40 * i);
  CHECK(channel.Rtcp(Report(9'001'000)).empty());
}

// A description of one video.
std::string Video(const std::string& type, const std::string& attributes) {
  return "v=0\r\nm=video 0 RTP/AVP " + type + "\r\n" + attributes + "a=control:1\r\n";
}

TEST(PayloadTypesGetTheirCodecAndClockRate) {
  const struct {
    std::string camera, repaired;
  } cases[] = {
      {Video("96", "a=rtpmap:96 H264\r\n"), "a=rtpmap:96 H264/90000\r\n"},
      {Video("96", "a=rtpmap:96 h264/0\r\n"), "a=rtpmap:96 H264/90000\r\n"},
      {Video("96", "a=rtpmap:96 H265/90000/1\r\n"), "a=rtpmap:96 H265/90000\r\n"},
      {Video("96", "a=rtpmap: 96\tHEVC / 90000\r\n"), "a=rtpmap:96 H265/90000\r\n"},
      {Video("96", "a=rtpmap:97 H264/90000\r\na=fmtp:97 a=b\r\n"), "a=rtpmap:96 H264/90000\r\na=fmtp:96 a=b\r\n"},
      {Video("96", "a=fmtp:96 sprop-parameter-sets=a,b\r\n"), "a=rtpmap:96 H264/90000\r\na=fmtp:96 sprop"},
      {Video("96", "a=fmtp:96 sprop-vps=a\r\n"), "a=rtpmap:96 H265/90000\r\na=fmtp:96 sprop"},
  };
  for (const auto& test : cases) {
    CHECK(RepairSdp(test.camera, "rtsp://camera", true).find(test.repaired) != std::string::npos);
    CHECK(FormatsOf(test.camera)[96].codec != RtpCodec::kOther);
    CHECK_EQ(FormatsOf(test.camera)[96].client_type, 96);
  }
  for (const std::string& good :
       {Video("96", "a=rtpmap:96 h264/90000\r\n"), Video("96 97", "a=rtpmap:97 VP8/90000\r\n"),
        Video("96", "a=rtpmap:96 MP4V-ES/30000\r\n"), Video("26", "")}) {
    CHECK(RepairSdp(good, "rtsp://camera", true) == good);
  }
  CHECK_EQ(FormatsOf(cases[4].camera)[97].client_type, 96);
  CHECK_EQ(FormatsOf(Video("96", "a=rtpmap:96 MP4V-ES/30000\r\n"))[96].clock_rate_hz, 30000U);
}

}  // namespace

int main() { return check::RunTests(); }
