// The packets of an RTP channel as the client gets them, and answers to SETUP.
#include "core/rtp_continuity.h"

#include <string>
#include <vector>

#include "check.h"
#include "core/transport_repair.h"

using namespace framegate;

namespace {

// flags: of the first byte. sender: the last byte of the SSRC.
std::string Rtp(int number, char sender = 'a', const std::string& payload = "x", char flags = '\x80') {
  return std::string({flags, 96, static_cast<char>(number >> 8), static_cast<char>(number & 255)}) +
         std::string("timeSSR", 7) + sender + payload;
}

// What the client gets of a packet; "": nothing.
std::string Passed(RtpContinuity* channel, std::string packet, int64_t ms = 0, bool wanted = true) {
  if (!channel->Take(packet.data(), packet.size(), wanted, MsToNs(ms))) return "";
  channel->Stamp(&packet[0]);
  return packet;
}

std::string Rtcp(char type, char sender) { return std::string({'\x80', type, 0, 1}) + "SSR" + sender; }

std::string PassedRtcp(const RtpContinuity& channel, std::string packet) {
  return channel.TakeRtcp(&packet[0], packet.size()) ? packet : "";
}

TEST(UnwantedPacketsAreDroppedWithTheirNumbers) {
  RtpContinuity channel;
  CHECK(Passed(&channel, Rtp(65534)) == Rtp(65534));
  CHECK(Passed(&channel, Rtp(65535), 0, false).empty());
  CHECK(Passed(&channel, Rtp(0)) == Rtp(65535));
  CHECK(!channel.gap());
  CHECK(Passed(&channel, Rtp(2)) == Rtp(1));  // A lost packet stays lost.
  CHECK(channel.gap());
  CHECK(Passed(&channel, Rtp(3), 0, false).empty());
  CHECK(Passed(&channel, Rtp(5)) == Rtp(3));
  CHECK(channel.gap());
}

TEST(UnwantedPacketsMayHaveTheNumberOfTheNextOne) {
  RtpContinuity channel;
  Passed(&channel, Rtp(65534));
  for (int i = 65535; i < 65535 + 200; ++i) {
    CHECK(Passed(&channel, Rtp(i & 0xffff), 0, false).empty());
    CHECK(Passed(&channel, Rtp((i + 1) & 0xffff), 0, false).empty());
    CHECK(Passed(&channel, Rtp(i & 0xffff)) == Rtp(i & 0xffff));
    CHECK(!channel.gap());
  }
}

// A packet with a timestamp of its own.
std::string At(int number, char timestamp, const std::string& payload = "x") {
  std::string packet = Rtp(number, 'a', payload);
  packet[7] = timestamp;
  return packet;
}

TEST(NumbersThatAreSetBackOrJumpLeaveAGapOfOne) {
  RtpContinuity channel;
  Passed(&channel, At(500, 1));
  CHECK(Passed(&channel, At(470, 2)) == At(502, 2));
  CHECK(Passed(&channel, At(471, 3)) == At(503, 3));
  CHECK(Passed(&channel, At(9471, 4), 60'000) == At(505, 4));
  CHECK(Passed(&channel, At(9481, 5), 60'000) == At(515, 5));  // The camera's gap.
}

TEST(PacketsThatComeLateOrTwiceAreDropped) {
  RtpContinuity channel;
  Passed(&channel, At(500, 5));
  CHECK(Passed(&channel, At(500, 5)).empty());
  CHECK(Passed(&channel, At(502, 6)) == At(502, 6));
  CHECK(Passed(&channel, At(501, 5)).empty());
  CHECK(Passed(&channel, At(503, 6)) == At(503, 6));
  CHECK(!channel.gap());
}

TEST(NumbersThatAreOftenSetBackMeanNothing) {
  const struct {
    const char* what;
    int (*number)(int);
  } cases[] = {
      {"constant", [](int) { return 7; }},
      {"one for each picture", [](int i) { return i / 4; }},
      {"from 0 in each picture", [](int i) { return i % 4; }},
      {"downwards", [](int i) { return 60000 - i; }},
  };
  for (const auto& test : cases) {
    RtpContinuity channel;
    int last = -1, gaps = 0;
    for (int i = 0; i < 400; ++i) {
      const std::string packet = At(test.number(i), static_cast<char>(i / 4), "p" + std::to_string(i));
      const std::string passed = Passed(&channel, packet, i * 10);
      if (i < 40) continue;  // It takes some pictures to find out.
      CHECK(!passed.empty());
      const int number = static_cast<uint8_t>(passed[2]) << 8 | static_cast<uint8_t>(passed[3]);
      if (last >= 0 && number != ((last + 1) & 0xffff)) ++gaps;
      last = number;
    }
    CHECK_EQ(gaps, 0);
  }
}

TEST(AnSsrcThatChangesWhileTheNumbersGoOnIsTheSameSender) {
  RtpContinuity channel;
  CHECK(Passed(&channel, Rtp(10, 'a')) == Rtp(10));
  CHECK(Passed(&channel, Rtp(11, 'b')) == Rtp(11));
  CHECK(Passed(&channel, Rtp(12, 'c')) == Rtp(12));
}

TEST(ANewSenderContinuesTheStreamWithAGapOfOneNumber) {
  RtpContinuity channel;
  CHECK(Passed(&channel, Rtp(10)) == Rtp(10));
  CHECK(Passed(&channel, Rtp(11), 0, false).empty());
  CHECK(Passed(&channel, Rtp(12)) == Rtp(11));
  CHECK(Passed(&channel, Rtp(40000, 'b'), 5000).empty());
  CHECK(Passed(&channel, Rtp(40001, 'b'), 5999).empty());
  CHECK(Passed(&channel, Rtp(40002, 'b'), 6000) == Rtp(13));
  CHECK(Passed(&channel, Rtp(40003, 'b'), 6000, false).empty());
  CHECK(Passed(&channel, Rtp(40004, 'b'), 6001) == Rtp(14));
  CHECK(Passed(&channel, Rtp(13, 'a'), 6001).empty());
  CHECK(Passed(&channel, Rtp(7, 'c'), 7000).empty());
  CHECK(Passed(&channel, Rtp(8, 'c'), 7001) == Rtp(16));
}

TEST(ReportsNameTheSenderThatTheClientKnows) {
  RtpContinuity channel;
  CHECK(PassedRtcp(channel, Rtcp(200, 'z')) == Rtcp(200, 'z'));
  Passed(&channel, Rtp(1, 'a'));
  CHECK(PassedRtcp(channel, Rtcp(200, 'a') + Rtcp(202, 'a')) == Rtcp(200, 'a') + Rtcp(202, 'a'));
  CHECK(PassedRtcp(channel, Rtcp(200, 'z')) == Rtcp(200, 'z'));
  Passed(&channel, Rtp(1, 'b'), 1000);
  CHECK(PassedRtcp(channel, Rtcp(200, 'b')).empty());
  Passed(&channel, Rtp(2, 'b'), 2000);
  CHECK(PassedRtcp(channel, Rtcp(200, 'b') + Rtcp(202, 'b')) == Rtcp(200, 'a') + Rtcp(202, 'a'));
  CHECK(PassedRtcp(channel, Rtcp(200, 'a')).empty());
  CHECK(PassedRtcp(channel, "only") == "only");
}

TEST(AnswersOfOtherSpellingsGetTheChannelsOfTcp) {
  const std::string asked = "RTP/AVP/TCP;unicast;interleaved=2-3";
  const struct {
    const char* answered;
    const char* clean;
  } cases[] = {
      {"RTP/AVP/TCP;unicast", "RTP/AVP/TCP;unicast;interleaved=2-3"},
      {"RTP/AVP/TCP; Unicast; Interleaved = 0-1", "RTP/AVP/TCP;unicast;interleaved=0-1"},
      {"rtp/avp/tcp;INTERLEAVED=4;ssrc=1", "RTP/AVP/TCP;unicast;interleaved=4-5"},
      {"RTP/AVP;unicast;interleaved=0 - 1", "RTP/AVP/TCP;unicast;interleaved=0-1"},
      {"RTP/AVP/TCP;interleaved=x", "RTP/AVP/TCP;unicast;interleaved=2-3"},
      {"RTP/AVP/TCP;interleaved=999", "RTP/AVP/TCP;unicast;interleaved=2-3"},
      {"", "RTP/AVP/TCP;unicast;interleaved=2-3"},
      {"RTP/AVP;unicast;server_port=4-5", ""},
  };
  for (const auto& test : cases) CHECK(CleanTransport(asked, test.answered) == test.clean);
  CHECK(CleanTransport("RTP/AVP;unicast;client_port=4-5", "RTP/AVP/TCP;unicast").empty());
  CHECK(CleanTransport(asked + ",RTP/AVP;client_port=4-5", "").empty());
}

}  // namespace

int main() { return check::RunTests(); }
