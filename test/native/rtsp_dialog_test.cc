// What stands between rtspsrc and a camera, and the answers to challenges.
#include "core/rtsp_dialog.h"

#include <cstdint>
#include <vector>

#include "check.h"
#include "core/clocks.h"
#include "core/sdp_repair.h"

using namespace framegate;

namespace {

constexpr char kLocal[] = "rtsp://127.0.0.1:4000/cam?x=1";
constexpr char kCamera[] = "rtsp://camera:8554/cam?x=1";

RtspDialog::Options DialogOptions(const std::string& user = "") {
  RtspDialog::Options options;
  options.client_url = kLocal;
  options.camera_url = kCamera;
  options.client_name = "secret name";
  options.user_agent = "Framegate/test";
  options.user = user;
  options.password = "Circle of Life";
  return options;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A packet of `size` bytes on a channel, RTP or RTCP. Its sequence number is the size.
std::string Packet(int channel, size_t size) {
  const auto high = static_cast<char>(size >> 8), low = static_cast<char>(size & 255);
  std::string packet = std::string({'$', static_cast<char>(channel), high, low}) + std::string(size, 'p');
  if (channel % 2 == 0 && size >= 4) packet.replace(4, 4, std::string({'\x80', 'p', high, low}));
  return packet;
}

// A dialog, and both of its sides.
struct Sides {
  explicit Sides(const std::string& user = "") : Sides(DialogOptions(user)) {}
  explicit Sides(const RtspDialog::Options& options) : dialog(options) {
    dialog.ClientConnected();
    dialog.CameraConnected("10.0.0.7");
  }

  // The request as the camera gets it.
  std::string Ask(const std::string& method, const std::string& headers = "", const std::string& uri = kLocal) {
    const std::string head = method + " " + uri + " RTSP/1.0\r\nCSeq: " + std::to_string(++client_cseq);
    CHECK(dialog.TakeFromClient(head + "\r\nUser-Agent: secret name\r\n" + headers + "\r\n"));
    return Taken(&dialog.to_camera);
  }
  // The response as the client gets it. cseq: of the camera's request, by default the last.
  std::string Answer(const std::string& status, const std::string& headers = "", int64_t now_ns = 0) {
    CHECK(dialog.TakeFromCamera("RTSP/1.0 " + status + "\r\n" + headers + "\r\n", now_ns));
    return Taken(&dialog.to_client);
  }
  // Up to a session that plays.
  void Play(const std::string& public_methods, const std::string& session) {
    Ask("OPTIONS");
    Answer("200 OK", "Public: " + public_methods + "\r\n");
    Ask("DESCRIBE");
    Answer("200 OK");
    Ask("SETUP");
    Answer("200 OK", "Session: " + session + "\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n");
    Ask("PLAY", "Session: 7\r\n");
    Answer("200 OK", "Session: " + session + "\r\n");
  }
  // What the dialog asks after some time.
  std::string AskedAt(int64_t ms) {
    dialog.Tick(MsToNs(ms));
    return Taken(&dialog.to_camera);
  }
  static std::string Taken(std::string* text) {
    std::string taken;
    taken.swap(*text);
    return taken;
  }

  RtspDialog dialog;
  int client_cseq = 0;
};

std::string DigestOf(const std::string& challenge) {
  RtspAuth auth("Mufasa", "Circle of Life");
  if (!auth.Take({challenge})) return "";
  auth.SetClientNonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
  return auth.Header("GET", "/dir/index.html");
}

TEST(DigestsMatchTheExamplesInRfc7616) {
  const std::string rest =
      R"(realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", )"
      R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")";
  const std::string md5 = DigestOf("Digest algorithm=MD5, " + rest);
  CHECK(Has(md5, "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
  CHECK(Has(md5, "algorithm=MD5, qop=auth, nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""));
  CHECK(Has(md5, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
  CHECK(Has(DigestOf("digest algorithm=SHA-256, " + rest),
            "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
}

TEST(OfSeveralChallengesTheFirstKnownDigestCounts) {
  const std::string unknown = R"(Digest realm="r", nonce="n", algorithm=SHA-512-256, )";
  const std::string basic = R"(Basic realm="r")";
  const std::string one = DigestOf(basic + ", " + unknown + R"(Digest realm="r", nonce="a,b", algorithm="SHA-256")");
  CHECK(Has(one, R"(nonce="a,b")"));
  CHECK(Has(one, "algorithm=SHA-256"));
  CHECK(Has(DigestOf(unknown + basic), "Basic TXVmYXNhOk"));
  CHECK(DigestOf(unknown).empty());
  CHECK(DigestOf("").empty());
  CHECK(!RtspAuth("", "").Take({basic}));
  CHECK(!RtspAuth("a\r\nX: y", "").Take({R"(Digest realm="r", nonce="n")"}));
}

TEST(TheCounterOfANonceGrows) {
  RtspAuth auth("a", "b");
  auth.Take({R"(Digest realm="r", nonce="n", qop="auth")"});
  CHECK(Has(auth.Header("SETUP", "u"), "nc=00000001"));
  CHECK(Has(auth.Header("PLAY", "u"), "nc=00000002"));
  auth.Take({R"(Digest realm="r", nonce="m", qop="auth", stale=TRUE)"});
  CHECK(auth.stale());
  CHECK(Has(auth.Header("PLAY", "u"), "nc=00000001"));
}

TEST(MessagesPassUnderTheNamesOfTheOtherSide) {
  Sides sides;
  const std::string request = sides.Ask("DESCRIBE", "Accept: application/sdp\r\n");
  CHECK(request ==
        "DESCRIBE rtsp://camera:8554/cam?x=1 RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Framegate/test\r\n"
        "Accept: application/sdp\r\n\r\n");
  CHECK(Has(sides.Ask("SETUP", "", std::string(kLocal) + "/trackID=0"), "SETUP rtsp://camera:8554/cam?x=1/trackID=0 "));
  CHECK(Has(sides.Ask("SETUP", "", "rtsp://127.0.0.1:4000/other"), "SETUP rtsp://camera:8554/other "));
  CHECK(Has(sides.Ask("SETUP", "", "rtsp://10.1.1.1/a"), "SETUP rtsp://10.1.1.1/a "));
  CHECK(Has(sides.Answer("200 OK", "CSeq: 2\r\nContent-Length: 0\r\n"), "RTSP/1.0 200 OK\r\nCSeq: 2\r\n"));
}

TEST(ACameraMayRefuseOptions) {
  for (const char* refusal : {"404 Not Found", "405 Method Not Allowed", "501 Not Implemented"}) {
    Sides sides;
    sides.Ask("OPTIONS");
    CHECK(sides.Answer(refusal, "CSeq: 1\r\nContent-Length: 0\r\n") == "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
    sides.Ask("DESCRIBE");
    CHECK(Has(sides.Answer(refusal, "CSeq: 2\r\n"), refusal));
  }
  Sides sides;
  sides.Ask("OPTIONS");
  CHECK(Has(sides.Answer("401 Unauthorized", "CSeq: 1\r\n"), "401"));
}

constexpr char kUrl[] = "rtsp://camera/cam/";
constexpr char kVideo[] = "v=0\r\nc=IN IP4 0.0.0.0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n";

TEST(GoodDescriptionsPassUnchanged) {
  for (const char* end : {"a=control:trackID=0\r\n", "a=control:trackID=0\n\0", "a=control:rtsp://x/1 \r\nb=AS:1"}) {
    const std::string sdp = std::string(kVideo) + end;
    CHECK(RepairSdp(sdp, kUrl, true) == sdp);
  }
  CHECK(RepairSdp("", kUrl, true).empty());
  CHECK(RepairSdp("no description", kUrl, true) == "no description");
  const std::string no_tracks = "v=0\r\na=control:*\r\nm=";
  CHECK(Has(RepairSdp(no_tracks, kUrl, true), "m=\r\n"));
}

TEST(TracksWithoutAnAddressGetThatOfThePresentation) {
  const std::string video = kVideo;
  const std::string repaired = video + "a=control:rtsp://camera/cam/\r\n";
  CHECK(RepairSdp(video, kUrl, true) == repaired);
  CHECK(RepairSdp(video + "a=control:*\r\n", kUrl, true) == repaired);
  CHECK(RepairSdp(video + "m=audio 0 RTP/AVP 0\na=control:2\n", kUrl, true) ==
        repaired + "m=audio 0 RTP/AVP 0\r\na=control:2\r\n");
  Sides sides;
  sides.Ask("DESCRIBE");
  const std::string answer = sides.Answer("200 OK", "Content-Length: 25\r\n\r\nv=0\r\nm=video 0 RTP/AVP 96");
  CHECK(Has(answer, "Content-Length: 68\r\n") && Has(answer, "a=control:rtsp://127.0.0.1:4000/cam?x=1\r\n"));
}

TEST(UnknownProfilesAndMulticastAddressesAreReplaced) {
  const auto video = [](const std::string& address, const std::string& profile) {
    return "c=IN " + address + "\r\nm=video 5004 " + profile + " 96 97\r\na=control:1\r\n";
  };
  const std::string good = video("IP4 0.0.0.0", "RTP/AVP");
  for (const char* profile : {"TCP/RTP/AVP", "RTP/AVP/TCP", "AVP"}) {
    CHECK(RepairSdp(video("IP4 0.0.0.0", profile), kUrl, true) == good);
  }
  for (const char* address : {"IP4 239.1.2.3/127", "IP4 224.0.0.1", "IP6 FF15::101"}) {
    const std::string multicast = video(address, "RTP/AVP");
    CHECK(RepairSdp(multicast, kUrl, true) == good);
    CHECK(RepairSdp(multicast, kUrl, false) == multicast);
  }
  for (const std::string& other :
       {video("IP4 10.0.0.239", "RTP/SAVPF"), video("IP6 fe80::1", "RTP/AVPF"), video("IP4 0.0.0.0", "udp")}) {
    CHECK(RepairSdp(other, kUrl, true) == other);
  }
}

TEST(AClientThatDoesNotKnowTheNameGetsNothing) {
  RtspDialog dialog(DialogOptions("user"));
  dialog.ClientConnected();
  CHECK(!dialog.TakeFromClient("OPTIONS rtsp://127.0.0.1:4000/cam RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: x\r\n\r\n"));
  CHECK(dialog.to_camera.empty());
}

TEST(MessagesMayArriveInPiecesAndWithStrangeLineEnds) {
  for (const char* end : {"\r\n", "\n", "\r"}) {
    Sides sides;
    sides.Ask("DESCRIBE");
    std::string answer = std::string("RTSP/1.0 200 OK") + end + "cseq:1" + end + "X: a" + end + " b" + end +
                         "content-length: 3" + end + end + "sdp";
    for (const char byte : std::string("\0\r\n", 3) + answer) CHECK(sides.dialog.TakeFromCamera({&byte, 1}, 0));
    CHECK(sides.dialog.to_client ==
          "RTSP/1.0 200 OK\r\ncseq: 1\r\nX: a b\r\ncontent-length: 3\r\nContent-Type: application/sdp\r\n\r\n"
          "sdp");
  }
}

TEST(EndlessMessagesEndTheConnection) {
  Sides sides;
  sides.Ask("DESCRIBE");
  CHECK(!sides.dialog.TakeFromCamera("RTSP/1.0 200 OK\r\nX: " + std::string(70000, 'x'), 0));
  Sides other;
  other.Ask("DESCRIBE");
  CHECK(!other.dialog.TakeFromCamera("RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 0));
}

TEST(PacketsBeforeTheResponseToPlayFollowIt) {
  Sides sides;
  sides.Ask("SETUP");
  sides.Answer("200 OK", "Session: 7\r\n");
  sides.Ask("PLAY");
  const std::string early = Packet(0, 1398) + Packet(0, 1399) + Packet(1, 28);
  CHECK(sides.dialog.TakeFromCamera(early.substr(0, 1000), 0));
  CHECK(sides.dialog.TakeFromCamera(
      early.substr(1000) + "RTSP/1.0 200 OK\r\nRTP-Info: url=a;seq=0\r\n\r\n" + Packet(0, 1400), 0));
  const std::string taken = sides.Taken(&sides.dialog.to_client);
  CHECK(taken == "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n" + early + Packet(0, 1400));
}

TEST(ManyPacketsInOneReadPass) {
  Sides sides;
  sides.Play("PLAY", "7");
  std::string packets;
  for (size_t i = 0; i < 200; ++i) packets += Packet(static_cast<int>(i % 2), 13 + i * 7);
  for (size_t at = 0; at < packets.size(); at += 1000) {
    CHECK(sides.dialog.TakeFromCamera(std::string_view(packets).substr(at, 1000), 5));
  }
  CHECK(sides.dialog.to_client == packets);
  CHECK_EQ(sides.dialog.last_sign_of_life_ns(), 5);
}

TEST(PacketsWithoutAWholeHeadAreDropped) {
  Sides sides;
  sides.Play("PLAY", "7");
  CHECK(sides.dialog.TakeFromCamera(Packet(1, 0) + Packet(1, 3) + Packet(0, 0) + Packet(0, 11), 5));
  CHECK(sides.dialog.to_client.empty());
  CHECK_EQ(sides.dialog.last_sign_of_life_ns(), 0);
  CHECK(sides.dialog.TakeFromCamera(Packet(0, 13) + Packet(1, 4), 5));
  CHECK(sides.dialog.to_client == Packet(0, 13) + Packet(1, 4));
}

// An RTP packet of 13 bytes on channel 0.
std::string Rtp(int payload_type, int number) {
  std::string packet = Packet(0, 13);
  packet[5] = static_cast<char>(payload_type);
  packet[6] = static_cast<char>(number >> 8);
  packet[7] = static_cast<char>(number & 255);
  return packet;
}

TEST(PacketsOfOtherPayloadTypesAreDroppedWithTheirNumbers) {
  Sides sides;
  sides.Ask("DESCRIBE");
  sides.Answer("200 OK", "Content-Length: 48\r\n\r\nv=0\r\nm=video 0 RTP/AVP 96  97\r\na=m=audio 0 x 50\r");
  sides.Taken(&sides.dialog.to_client);
  sides.Play("PLAY", "7");
  const int type = 0x80 | 96;
  CHECK(sides.dialog.TakeFromCamera(
      Rtp(50, 3) + Rtp(type, 65534) + Rtp(50, 7) + Rtp(50, 65535) + Rtp(50, 0) + Rtp(97, 1), 0));
  CHECK(sides.Taken(&sides.dialog.to_client) == Rtp(type, 65534) + Rtp(97, 65535));
  CHECK(sides.dialog.TakeFromCamera(Rtp(96, 3) + Packet(1, 20), 0));
  CHECK(sides.Taken(&sides.dialog.to_client) == Rtp(96, 1) + Packet(1, 20));
}

TEST(PacketsOfAnotherSenderAreDroppedUntilItReplacesTheFirst) {
  Sides sides;
  sides.Play("PLAY", "7");
  const auto rtp = [](char sender, int number) {
    std::string packet = Rtp(96, number);
    packet[15] = sender;
    return packet;
  };
  const auto passed = [&sides](const std::string& packets, int64_t ms) {
    CHECK(sides.dialog.TakeFromCamera(packets, MsToNs(ms)));
    return Sides::Taken(&sides.dialog.to_client);
  };
  CHECK(passed(rtp('a', 5) + rtp('b', 900) + rtp('a', 6), 5000) == rtp('a', 5) + rtp('a', 6));
  CHECK(passed(rtp('b', 901), 9000).empty());  // However long the first sender pauses.
  CHECK(passed(rtp('b', 902) + rtp('a', 7) + rtp('b', 903), 9999) == rtp('a', 7));
  CHECK(passed(rtp('b', 904), 10'998).empty());
  CHECK(passed(rtp('b', 905) + rtp('b', 906) + rtp('a', 8), 10'999) == rtp('a', 9) + rtp('a', 10));
}

TEST(RequestsOfTheCameraAreAnswered) {
  Sides sides;
  sides.Play("PLAY", "7");
  const struct {
    const char* method;
    const char* status;
  } cases[] = {{"OPTIONS", "200 OK"},
               {"GET_PARAMETER", "200 OK"},
               {"SET_PARAMETER", "200 OK"},
               {"ANNOUNCE", "200 OK"},
               {"PAUSE", "501 Not Implemented"}};
  size_t size = 13;
  for (const auto& test : cases) {
    const std::string packet = Packet(0, ++size);
    CHECK(sides.dialog.TakeFromCamera(
        std::string(test.method) + " * RTSP/1.0\r\nCSeq: 900\r\nSession: 7\r\nContent-Length: 3\r\n\r\nsdp" + packet,
        0));
    CHECK(sides.Taken(&sides.dialog.to_client) == packet);
    CHECK(sides.Taken(&sides.dialog.to_camera) ==
          std::string("RTSP/1.0 ") + test.status + "\r\nCSeq: 900\r\nSession: 7\r\n\r\n");
  }
}

TEST(ARedirectOfAPlayingSessionPasses) {
  Sides sides;
  sides.Play("PLAY", "7");
  const std::string request = "REDIRECT * RTSP/1.0\r\nCSeq: 900\r\n\r\n";
  CHECK(sides.dialog.TakeFromCamera(Packet(0, 13) + request, 0));
  CHECK(sides.Taken(&sides.dialog.to_client) == Packet(0, 13) + request);
  const std::string response = "RTSP/1.0 200 OK\r\nCSeq: 900\r\n\r\n";
  CHECK(sides.dialog.TakeFromClient(response));
  CHECK(sides.Taken(&sides.dialog.to_camera) == response);
}

TEST(KeepAlivesComeAtHalfOfTheTimeoutAndWithin20S) {
  const struct {
    const char* session;
    int64_t half_ms;
  } cases[] = {{"7", 20000},           {"7;timeout=10", 5000},  {"7; timeout=5", 2500},
               {"7;timeout=x", 20000}, {"7;timeout=90", 20000}, {"7;timeout=0", 500}};
  for (const auto& test : cases) {
    Sides sides;
    sides.Play("GET_PARAMETER, PLAY", test.session);
    CHECK_EQ(sides.dialog.next_tick_ns(), MsToNs(test.half_ms));
    CHECK(sides.AskedAt(test.half_ms - 1).empty());
    const std::string asked = sides.AskedAt(test.half_ms);
    CHECK(Has(asked, "GET_PARAMETER rtsp://camera:8554/cam?x=1 RTSP/1.0\r\n"));
    CHECK(Has(asked, "Session: 7\r\n"));
    CHECK(sides.Answer("200 OK", "", 8).empty());
    CHECK_EQ(sides.dialog.last_sign_of_life_ns(), 8);
    CHECK(sides.AskedAt(test.half_ms * 2 - 1).empty());
    CHECK(!sides.AskedAt(test.half_ms * 2).empty());
    sides.Ask("TEARDOWN");
    CHECK(sides.AskedAt(test.half_ms * 9).empty());
  }
}

TEST(KeepAlivesUseWhatTheCameraOffers) {
  Sides without;
  without.Play("OPTIONS, PLAY", "7");
  CHECK(Has(without.AskedAt(20000), "OPTIONS "));
  Sides refuses;
  refuses.Play("GET_PARAMETER", "7");
  CHECK(Has(refuses.AskedAt(20000), "GET_PARAMETER "));
  refuses.Answer("501 Not Implemented");
  CHECK(Has(refuses.AskedAt(40000), "OPTIONS "));
}

TEST(MediaMtxShowsTheNameInItsAddresses) {
  RtspDialog::Options options = DialogOptions();
  options.client_name = "NAME";
  options.client_url = "rtsp://127.0.0.1:4000/NAME/cam?x=1";
  RtspDialog dialog(options);
  dialog.ClientConnected();
  const auto ask = [&dialog](const std::string& method, const std::string& uri) {
    CHECK(dialog.TakeFromClient(method + " " + uri + " RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: MediaMTX\r\n\r\n"));
    return Sides::Taken(&dialog.to_camera);
  };
  CHECK(Has(ask("DESCRIBE", options.client_url), "DESCRIBE rtsp://camera:8554/cam?x=1 "));
  // The client may write the path in another way, and the camera's own address is known from here on.
  CHECK(Has(ask("SETUP", "rtsp://127.0.0.1:4000/NAME/cam/1?x=1"), "SETUP rtsp://camera:8554/cam/1?x=1 "));
  CHECK(Has(ask("SETUP", "rtsp://10.1.1.1/cam/1"), "SETUP rtsp://10.1.1.1/cam/1 "));
  CHECK(Has(ask("PLAY", options.client_url), "PLAY "));
}

TEST(ResponsesOfACameraThatSaidGoodbyeAreNoSignsOfLife) {
  Sides sides;
  sides.Play("GET_PARAMETER", "7");
  const auto rtcp = [](uint8_t type) {
    // A report without blocks, and a packet of this type.
    const std::string report("\x80\xc9\x00\x01SSRC", 8);
    const std::string second = std::string({'\x81', static_cast<char>(type), 0, 1}) + "SSRC";
    return std::string({'$', 1, 0, 16}) + report + second;
  };
  CHECK(sides.dialog.TakeFromCamera(rtcp(202), 1000));
  CHECK_EQ(sides.dialog.last_sign_of_life_ns(), 1000);
  CHECK(sides.dialog.TakeFromCamera(rtcp(203), 2000));
  CHECK(Has(sides.AskedAt(20000), "GET_PARAMETER "));
  sides.Answer("200 OK", "", 3000);
  CHECK_EQ(sides.dialog.last_sign_of_life_ns(), 1000);
  CHECK(sides.dialog.TakeFromCamera(Packet(0, 40), 4000));
  CHECK(Has(sides.AskedAt(40000), "GET_PARAMETER "));
  sides.Answer("200 OK", "", 5000);
  CHECK_EQ(sides.dialog.last_sign_of_life_ns(), 5000);
}

std::string Challenge(const std::string& nonce, const std::string& more = "") {
  return "WWW-Authenticate: Digest realm=\"r\", nonce=\"" + nonce + "\"" + more + "\r\n";
}

TEST(AWrongPasswordIsSentOnce) {
  for (const char* more : {"", ", stale=true"}) {
    Sides sides("Mufasa");
    CHECK(!Has(sides.Ask("DESCRIBE"), "Authorization"));
    CHECK(sides.Answer("401 Unauthorized", Challenge("a", more)).empty());
    CHECK(Has(sides.Taken(&sides.dialog.to_camera), "Authorization: Digest"));
    CHECK(Has(sides.Answer("401 Unauthorized", Challenge("b", more)), "401"));
    CHECK(sides.dialog.to_camera.empty());
    CHECK(!Has(sides.Ask("DESCRIBE"), "Authorization"));
    CHECK(Has(sides.Answer("401 Unauthorized", Challenge("c", more)), "401"));
    CHECK(sides.dialog.to_camera.empty());
  }
}

TEST(AStaleNonceIsReplacedInTheSameSession) {
  Sides sides("Mufasa");
  sides.Ask("DESCRIBE");
  sides.Answer("401 Unauthorized", Challenge("a"));
  sides.Taken(&sides.dialog.to_camera);
  CHECK(Has(sides.Answer("200 OK"), "CSeq: 1\r\n"));
  for (const char* method : {"SETUP", "PLAY"}) {
    CHECK(Has(sides.Ask(method), "nonce=\"a\""));
    CHECK(sides.Answer("401 Unauthorized", Challenge("b", ", stale=true")).empty());
    const std::string again = sides.Taken(&sides.dialog.to_camera);
    CHECK(Has(again, method) && Has(again, "nonce=\"b\""));
    CHECK(Has(sides.Answer("401 Unauthorized", Challenge("a", ", stale=true")), "401"));
    CHECK(sides.dialog.to_camera.empty());
    sides.Ask(method);
    sides.Answer("200 OK");
  }
  CHECK(Has(sides.AskedAt(30000), "nonce=\"a\""));
  CHECK(sides.Answer("401 Unauthorized", Challenge("c")).empty());
  CHECK(Has(sides.Taken(&sides.dialog.to_camera), "nonce=\"c\""));
  CHECK(sides.Answer("200 OK").empty());
  // The right to the account does not include this request.
  CHECK(Has(sides.AskedAt(60000), "nonce=\"c\""));
  CHECK(sides.Answer("401 Unauthorized", Challenge("c")).empty());
  CHECK(sides.dialog.to_camera.empty());
}

TEST(WithoutCredentialsTheRefusalPasses) {
  Sides sides;
  sides.Ask("DESCRIBE");
  CHECK(Has(sides.Answer("401 Unauthorized", Challenge("a")), "401 Unauthorized"));
}

TEST(RedirectsAreFollowed) {
  Sides sides;
  sides.Ask("DESCRIBE");
  CHECK(sides.Answer("302 Found", "Location: rtsps://other/new?y\r\n").empty());
  CHECK(sides.dialog.camera_url() == "rtsps://other/new?y");
  CHECK(Has(sides.Taken(&sides.dialog.to_camera), "DESCRIBE rtsps://other/new?y RTSP/1.0\r\n"));
  CHECK(Has(sides.Answer("200 OK"), "CSeq: 1\r\n"));
  CHECK(Has(sides.Ask("SETUP", "", std::string(kLocal) + "/trackID=0"), "SETUP rtsps://other/new?y/trackID=0 "));
  Sides circle;
  circle.Ask("DESCRIBE");
  for (int i = 0; i < 4; ++i) CHECK(circle.Answer("301 Moved", "Location: rtsp://other/\r\n").empty());
  CHECK(Has(circle.Answer("301 Moved", "Location: rtsp://other/\r\n"), "301"));
}

TEST(ARedirectToAPathStaysAtTheCamera) {
  Sides sides("Mufasa");
  sides.Ask("DESCRIBE");
  CHECK(sides.Answer("301 Moved", "Location: /real?z\r\n").empty());
  CHECK(sides.dialog.camera_url() == "rtsp://camera:8554/real?z");
  CHECK(Has(sides.Taken(&sides.dialog.to_camera), "DESCRIBE rtsp://camera:8554/real?z RTSP/1.0\r\n"));
}

TEST(TheClientLearnsNoAddressOfARedirectThatIsNotFollowed) {
  Sides sides("Mufasa");
  sides.Ask("DESCRIBE");
  CHECK(!Has(sides.Answer("302 Found", "Location: rtsp://other/new\r\n"), "Location"));
  sides.Ask("SETUP");
  CHECK(!Has(sides.Answer("302 Found", "Location: rtsp://camera:8554/\r\n"), "Location"));
}

TEST(AResponseThatTheSessionIsUnknownIsNoSignOfLife) {
  Sides sides;
  sides.Play("PLAY, GET_PARAMETER", "7");
  CHECK(Has(sides.AskedAt(20'000), "GET_PARAMETER"));
  sides.Answer("454 Session Not Found", "", 5);
  CHECK(sides.dialog.last_sign_of_life_ns() != 5);
  CHECK(sides.dialog.TakeFromCamera(Packet(0, 13), 6));
  CHECK(Has(sides.AskedAt(40'000), "GET_PARAMETER"));
  sides.Answer("200 OK", "", 7);
  CHECK(sides.dialog.last_sign_of_life_ns() == 7);
}

TEST(TheTypeOfADescriptionIsWrittenAsMediaMtxReadsIt) {
  for (const char* type : {"", "Content-type: Application/SDP; charset=utf-8\r\n"}) {
    Sides sides;
    sides.Ask("DESCRIBE");
    const std::string response = sides.Answer("200 OK", std::string(type) + "Content-Length: 6\r\n\r\nv=0\r\n\r\n");
    CHECK(Has(response, ": application/sdp\r\n"));
    CHECK(!Has(response, "charset"));
  }
}

TEST(InactiveTracksAreRemovedIfOtherVideoIsLeft) {
  const std::string head = "v=0\r\ns=x\r\n";
  const std::string video = "m=video 0 RTP/AVP 96\r\na=control:1\r\n";
  const std::string off = "m=video 0 RTP/AVP 97\r\na=inactive\r\na=control:2\r\n";
  const std::string audio = "m=audio 0 RTP/AVP 0\r\na=control:3\r\n";
  const std::string silent = audio + "a=inactive\r\n";
  const std::string url = "rtsp://c/";
  CHECK(RepairSdp(head + off + video + silent, url, true) == head + video);
  CHECK(RepairSdp(off + audio + video, url, true) == audio + video);
  CHECK(RepairSdp(head + off + audio, url, true) == head + off + audio);
  CHECK(RepairSdp(head + video + "a=inactive-not\r\n", url, true) == head + video + "a=inactive-not\r\n");
}

TEST(CredentialsFollowNoRedirectToAnotherHost) {
  Sides sides("Mufasa");
  sides.Ask("DESCRIBE");
  CHECK(Has(sides.Answer("302 Found", "Location: rtsp://other/new\r\n"), "302"));
  CHECK(sides.Taken(&sides.dialog.to_camera).empty());
  Sides near("Mufasa");
  near.Ask("DESCRIBE");
  const std::string home = near.dialog.camera_url();
  CHECK(near.Answer("302 Found", "Location: " + home + "/moved\r\n").empty());
  CHECK(near.dialog.camera_url() == home + "/moved");
}

TEST(UdpPacketsGoToTheCamera) {
  const struct {
    const char* transport;
    const char* passed;
  } cases[] = {
      {"RTP/AVP;unicast;client_port=4-5", "RTP/AVP;unicast;client_port=4-5;source=10.0.0.7"},
      {"RTP/AVP;unicast;client_port=4-5;source=10.0.0.8", "RTP/AVP;unicast;client_port=4-5;source=10.0.0.8"},
      {"RTP/AVP/TCP;unicast;interleaved=0-1", "RTP/AVP/TCP;unicast;interleaved=0-1"},
  };
  for (const auto& test : cases) {
    Sides sides;
    sides.Ask("SETUP");
    CHECK(Has(sides.Answer("200 OK", std::string("Transport: ") + test.transport + "\r\n"),
              std::string("Transport: ") + test.passed + "\r\n"));
  }
}

// What the dialog reports of the answers to keep-alives.
std::vector<RtspDialog::Answer> Answers(bool over_tcp, bool with_cseq) {
  std::vector<RtspDialog::Answer> answers;
  RtspDialog::Options options = DialogOptions("");
  options.over_tcp = over_tcp;
  options.on_answer = [&](const RtspDialog::Answer& answer) { answers.push_back(answer); };
  Sides sides(options);
  sides.Play("GET_PARAMETER", "7");
  CHECK(answers.empty());
  sides.dialog.TakeFromCamera(Packet(0, 20), MsToNs(1000));
  sides.dialog.KeepAliveNow();
  CHECK(!sides.AskedAt(1100).empty());
  sides.dialog.TakeFromCamera(Packet(0, 24), MsToNs(1200));
  std::string earlier = Packet(0, 26);  // A B-picture.
  earlier[8] = '\x6f';
  sides.dialog.TakeFromCamera(earlier, MsToNs(1250));
  sides.dialog.TakeFromCamera(Packet(1, 28), MsToNs(1300));
  sides.Answer("451 Parameter Not Understood", with_cseq ? "CSeq: 5\r\n" : "", MsToNs(1400));
  sides.dialog.TakeFromCamera(Packet(0, 30), MsToNs(1500));
  return answers;
}

TEST(AnAnswerHasItsTimeAndThePacketsBeforeIt) {
  const auto answers = Answers(true, true);
  CHECK_EQ(answers.size(), 1u);
  if (answers.empty()) return;
  CHECK_EQ(answers[0].took_ns, MsToNs(300));
  CHECK_EQ(answers[0].quickest_ns, MsToNs(300));
  CHECK_EQ(answers[0].last[0].arrived_ns, MsToNs(1200));
  CHECK_EQ(answers[0].last[0].ssrc, 0x70707070u);
  CHECK_EQ(answers[0].last[1].arrived_ns, 0);
  // Without its number it may answer another request. Over UDP the packets take another way.
  CHECK(Answers(true, false).empty());
  CHECK(Answers(false, true).empty());
}

}  // namespace

int main() { return check::RunTests(); }
