// Which packets of a session are tapped, and which track they belong to.
#include "core/rtsp_tracks.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "core/rtsp_dialog.h"

using namespace framegate;

namespace {

constexpr char kLocal[] = "rtsp://127.0.0.1:4000/cam?x=1";

TEST(WhatTheClientGetsFromPlayOnIsTapped) {
  const std::string sdp =
      "v=0\r\nm=audio 0 RTP/AVP 97\r\na=control:audio\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=1\r\n"
      "a=rtpmap:96 H264/90000\r\n";
  std::vector<std::string> seen;
  RtspDialog::Options options;
  options.client_url = kLocal;
  options.client_name = "secret name";
  options.camera_url = "rtsp://camera:8554/cam?x=1";
  options.on_play = [&seen](const RtspTracks& tracks) {
    seen.push_back("PLAY");
    CHECK(tracks.description.find("a=control:trackID=1") != std::string::npos);
    CHECK_EQ(tracks.set_up.size(), 2);
    CHECK((ChannelsOf({"audio", "trackID=1"}, tracks.set_up) == std::vector<int>{4, 2}));
  };
  options.on_packet = [&seen](int channel, std::string_view packet) {
    seen.push_back(std::to_string(channel) + " " + std::to_string(packet.size()));
  };
  RtspDialog dialog(options);
  dialog.ClientConnected();
  const auto exchange = [&](const std::string& request, const std::string& response) {
    CHECK(dialog.TakeFromClient(request + " RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: secret name\r\n\r\n"));
    CHECK(dialog.TakeFromCamera(response, 1));
  };
  exchange(std::string("DESCRIBE ") + kLocal,
           "RTSP/1.0 200 OK\r\nContent-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp);
  exchange(std::string("SETUP ") + kLocal + "/trackID=1",
           "RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;interleaved=2-3\r\n\r\n");
  exchange(std::string("SETUP ") + kLocal + "/audio",
           "RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n\r\n");
  const auto packet = [](int channel, int number, uint8_t type) {
    const std::string head({'$', static_cast<char>(channel), 0, 20, '\x80', static_cast<char>(type), 0});
    return head + static_cast<char>(number) + std::string(16, 'p');
  };
  CHECK(dialog.TakeFromCamera(packet(2, 1, 96) + packet(4, 1, 97), 1));
  CHECK(seen.empty());
  exchange(std::string("PLAY ") + kLocal, "RTSP/1.0 200 OK\r\n\r\n");
  CHECK(dialog.TakeFromCamera(packet(2, 2, 96) + packet(2, 3, 50), 1));  // The last is of no track.
  CHECK((seen == std::vector<std::string>{"PLAY", "2 20", "4 20", "2 20"}));
}

TEST(TracksAreKnownByTheirAddressesOrElseInOrder) {
  const auto channels = [](std::vector<std::string> controls, std::vector<std::string> uris) {
    std::vector<RtspTrack> set_up;
    for (const std::string& uri : uris) set_up.push_back({uri, static_cast<int>(2 * set_up.size())});
    std::string text;
    for (const int channel : ChannelsOf(controls, set_up)) text += std::to_string(channel) + " ";
    return text;
  };
  const std::string base = "rtsp://127.0.0.1:4000/NAME/cam/";
  CHECK(channels({"track1", "track2", "track3"}, {base + "track3", base + "track1"}) == "2 -1 0 ");
  CHECK(channels({"1", "11", "track=1"}, {base + "track=1", base + "11", base + "1"}) == "4 2 0 ");
  CHECK(channels({"rtsp://10.0.0.9/cam/a", "/cam/b"}, {"rtsp://h:5/cam/b", "rtsp://h:5/cam/a"}) == "2 0 ");
  CHECK(channels({"x", "y"}, {"rtsp://h/1", "rtsp://h/2"}) == "0 2 ");
  CHECK(channels({"rtsp://h/cam", "rtsp://h/cam"}, {"rtsp://h/cam", "rtsp://h/cam"}) == "0 2 ");
  CHECK(channels({"", "b"}, {"rtsp://h", "rtsp://h/b", "rtsp://h/c"}) == "0 2 ");
  CHECK(channels({}, {"rtsp://h/b"}).empty());
}

}  // namespace

int main() { return check::RunTests(); }
