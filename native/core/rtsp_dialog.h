// What stands between a client (rtspsrc or MediaMTX) and a camera, apart from the sockets: it passes the messages and
// packets of both sides on and does what rtspsrc 1.22 cannot. It signs requests (SHA-256, nonces that go stale, a
// refused password only once), keeps the session alive, holds packets that come before the response to PLAY,
// repairs packets, descriptions and Transport, removes RTP-Info, which is often wrong, answers the camera's requests,
// and follows redirects. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "clocks.h"
#include "rtp_repair.h"
#include "rtsp_auth.h"
#include "rtsp_message.h"
#include "rtsp_tracks.h"

namespace framegate {

class RtspDialog {
 public:
  // Of the camera to a keep-alive. It came behind these packets: of each track, the last with the newest timestamp.
  struct Answer {
    struct Track {
      uint32_t ssrc = 0, timestamp = 0;
      int64_t arrived_ns = 0;
    };
    int64_t took_ns = 0;
    int64_t quickest_ns = INT64_MAX;  // The least that one took in this session.
    std::array<Track, 128> last;      // By channel pair.
  };

  struct Options {
    std::string client_url;  // Under which the client knows the camera: rtsp://127.0.0.1:PORT[/NAME]/PATH.
    std::string camera_url;
    // A secret, so that no other program can use the connection: the client's user agent, or NAME in its addresses.
    std::string client_name;
    std::string user_agent;  // What the camera sees.
    std::string user, password;
    bool over_tcp = true;  // The packets come over this connection.
    // The session plays, and each packet that the client gets from then on. Optional.
    std::function<void(const RtspTracks&)> on_play;
    std::function<void(int channel, std::string_view packet)> on_packet;
    // The camera answered a keep-alive over the connection of the packets. Optional.
    std::function<void(const Answer&)> on_answer;
  };

  explicit RtspDialog(Options options);

  // Both take what has arrived and add what is to be sent. False: the connection cannot go on.
  bool TakeFromClient(std::string_view bytes);
  bool TakeFromCamera(std::string_view bytes, int64_t now_ns);
  // Asks for a keep-alive if one is due.
  void Tick(int64_t now_ns);
  // The next Tick() asks for one, if the session plays.
  void KeepAliveNow() {
    if (next_keep_alive_ns_ != INT64_MAX) next_keep_alive_ns_ = 0;
  }
  // When Tick() has something to do; INT64_MAX: never.
  int64_t next_tick_ns() const {
    return left_ns_ ? std::min(next_keep_alive_ns_, *left_ns_ + kGoodbyeNs) : next_keep_alive_ns_;
  }

  // The bytes to send; the caller takes them.
  std::string to_client, to_camera;

  // Where the camera is. It changes with a redirect.
  const std::string& camera_url() const { return camera_url_; }
  // A new connection to the camera stands. camera_ip: for UDP.
  void CameraConnected(std::string camera_ip);
  void ClientConnected();
  // The client has shown the secret.
  bool client_known() const { return client_known_; }

  // The camera has accepted PLAY.
  bool playing() const { return playing_; }

  // The camera said goodbye (RTCP BYE), and no packet has come for a second since.
  bool ended(int64_t now_ns) const { return left_ns_ && now_ns - *left_ns_ >= kGoodbyeNs; }

  // The last response or RTCP packet of a playing session, monotonic; 0: none yet. UDP: responses only.
  int64_t last_sign_of_life_ns() const { return last_sign_of_life_ns_; }

 private:
  struct Request {
    RtspHead head;
    std::string body;
    std::string client_cseq;  // Empty: a keep-alive.
    std::string client_uri;
    int cseq = 0;
    int64_t sent_ns = 0;  // Of a keep-alive.
    bool is_signed = false, is_repeated = false;
    std::string nonce;  // With which it is signed.
  };

  template <typename OnPiece>
  bool TakePieces(std::string* kept, std::string_view bytes, OnPiece on_piece);
  void Send(Request request);
  bool TakeRequest(RtspHead head, std::string body);
  void TakeResponse(RtspHead head, std::string_view body, int64_t now_ns);
  void Learn(const Request& request, RtspHead* response, int64_t now_ns);
  void Measure(const Request& request, int64_t now_ns);
  void Note(size_t pair, std::string_view packet, int64_t now_ns);
  bool SignAgain(const Request& request, const RtspHead& response);
  void BeginToPlay();
  bool FollowRedirect(const Request& request, const RtspHead& response);
  void AddSource(RtspHead* response) const;
  void AnswerCamera(const RtspHead& request);
  void PassPacket(std::string_view packet, int64_t now_ns);
  std::string CameraUri(const std::string& uri) const;

  const Options options_;
  std::string camera_url_, camera_ip_;
  RtspAuth auth_;
  std::string from_client_, from_camera_;  // Incomplete messages.
  std::string held_;                       // Packets before the response to PLAY.
  std::deque<Request> requests_;           // Not answered yet, in order.
  int cseq_ = 0;
  int redirects_ = 0;
  bool client_known_ = false, playing_ = false;
  // When it said goodbye (RTCP BYE). Responses are no signs of life until packets come again.
  std::optional<int64_t> left_ns_;
  bool forgotten_ = false;  // It does not know the session. Until packets come again, responses are no signs of life.
  bool accepted_ = false, refused_ = false;  // The credentials.
  std::string session_, aggregate_uri_;
  bool offers_get_parameter_ = false, get_parameter_refused_ = false;
  RtpFormats formats_;  // Of the description.
  RtspTracks tracks_;
  std::array<RtpRepair, 128> repair_;  // For each pair of channels.
  int64_t keep_alive_ns_;
  int64_t next_keep_alive_ns_ = INT64_MAX;
  int64_t last_sign_of_life_ns_ = 0;
  Answer answer_;
};

}  // namespace framegate
