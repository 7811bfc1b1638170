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
  return channel->Take(&packet[0], packet.size(), wanted, MsToNs(ms)) ? packet : "";
}

std::string Rtcp(char type, char sender) { return std::string({'\x80', type, 0, 1}) + "SSR" + sender; }

std::string PassedRtcp(const RtpContinuity& channel, std::string packet) {
  return channel.TakeRtcp(&packet[0], packet.size()) ? packet : "";
}

TEST(EmptyPacketsAreDroppedWithTheirNumbers) {
  const std::string extension("\xbe\xde\0\1four", 8);
  const struct {
    std::string payload;
    char flags;
    bool is_empty;
  } cases[] = {
      {"", '\x80', true},
      {"x", '\x80', false},
      {std::string("\0\0\0\4", 4), '\xa0', true},
      {std::string("x\0\0\3", 4), '\xa0', false},
      {"CsrcCsrc", '\x82', true},
      {"CsrcCsrc1", '\x82', false},
      {extension, '\x90', true},
      {extension + "x", '\x90', false},
      {"four" + extension + "\1", '\xb1', true},
      // Not judged: a padding or an extension that is longer than the packet, another version.
      {"\7", '\xa0', false},
      {"", '\xa0', false},
      {"abc", '\x90', false},
      {std::string("\0\0\0\7", 4), '\x90', false},
      {"", '\x40', false},
  };
  for (const auto& test : cases) {
    RtpContinuity channel;
    CHECK(Passed(&channel, Rtp(65534)) == Rtp(65534));
    const std::string odd = Rtp(65535, 'a', test.payload, test.flags);
    CHECK(Passed(&channel, odd) == (test.is_empty ? "" : odd));
    CHECK(Passed(&channel, Rtp(0)) == Rtp(test.is_empty ? 65535 : 0));
    CHECK(Passed(&channel, Rtp(2)) == Rtp(test.is_empty ? 1 : 2));  // A lost packet stays lost.
  }
}

TEST(ANewSenderContinuesTheStreamWithAGapOfOneNumber) {
  RtpContinuity channel;
  CHECK(Passed(&channel, Rtp(10)) == Rtp(10));
  CHECK(Passed(&channel, Rtp(11), 0, false).empty());
  CHECK(Passed(&channel, Rtp(12)) == Rtp(11));
  CHECK(Passed(&channel, Rtp(40000, 'b'), 5000).empty());
  CHECK(Passed(&channel, Rtp(40001, 'b'), 5999).empty());
  CHECK(Passed(&channel, Rtp(40002, 'b'), 6000) == Rtp(13));
  CHECK(Passed(&channel, Rtp(40003, 'b', ""), 6000).empty());
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
