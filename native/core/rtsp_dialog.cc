// See the header.
#include "rtsp_dialog.h"

#include <algorithm>
#include <utility>

#include "big_endian.h"
#include "clocks.h"
#include "sdp_repair.h"
#include "transport_repair.h"

namespace framegate {
namespace {

constexpr size_t kMaxHeadBytes = 64 * 1024;
constexpr int kMaxBodyBytes = 1024 * 1024;
// Packets before the response to PLAY: several key pictures.
constexpr size_t kMaxHeldBytes = 64 * 1024 * 1024;
constexpr int kMaxRedirects = 4;
constexpr int kDefaultTimeoutS = 60;  // RFC 2326, 12.37.
constexpr int kMaxTimeoutS = 24 * 3600;
// Some cameras end a session after 25 s, and state no timeout or a longer one.
constexpr int kMaxKeepAliveMs = 20'000;
constexpr size_t kMaxUnanswered = 16;
constexpr int kSessionNotFound = 454;
constexpr size_t kInterleavedHead = 4;
constexpr size_t kRtcpHead = 4;

// rtsp://host:port
std::string_view AuthorityOf(std::string_view url) {
  const size_t host = url.find("://");
  return host == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?", host + 3));
}

// The host of an address, in lower case.
std::string HostOf(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  const std::string authority = url.substr(begin, url.find_first_of("/?", begin) - begin);
  std::string host = authority.substr(authority.rfind('@') + 1);
  host = host.substr(0, host.find(':', host.rfind(']') == std::string::npos ? 0 : host.rfind(']')));
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return host;
}

bool BeginsWith(std::string_view text, std::string_view part) { return text.substr(0, part.size()) == part; }

// Of the interleaved packet that `bytes` begins with; 0 if it is incomplete.
size_t PacketLength(std::string_view bytes) {
  if (bytes.size() < kInterleavedHead) return 0;
  const size_t length = kInterleavedHead + static_cast<uint8_t>(bytes[2]) * 256U + static_cast<uint8_t>(bytes[3]);
  return bytes.size() < length ? 0 : length;
}

// RTCP goes over the second channel of each pair.
bool IsRtcp(std::string_view packet) { return (packet[1] & 1) != 0; }

// What the bytes of a connection begin with. length: how many bytes that takes; 0: more must arrive.
struct Piece {
  enum Kind : uint8_t { kPacket, kMessage, kRubbish, kNoRtsp } kind;
  size_t length, head_length;
};

Piece NextPiece(std::string_view bytes) {
  if (bytes[0] == '$') return {Piece::kPacket, PacketLength(bytes), 0};
  switch (StartOfRtsp(bytes)) {
    case RtspStart::kNeither:
      return {Piece::kRubbish, 1, 0};
    case RtspStart::kPartial:
      return {Piece::kMessage, 0, 0};
    case RtspStart::kMessage:
      break;
  }
  const size_t head_length = RtspHeadLength(bytes.substr(0, kMaxHeadBytes));
  if (head_length == 0) return {bytes.size() >= kMaxHeadBytes ? Piece::kNoRtsp : Piece::kMessage, 0, 0};
  const std::string length = RtspHead::Parse(bytes.substr(0, head_length)).Value("Content-Length");
  const int body_length = length.empty() ? 0 : DecimalOr(length, kMaxBodyBytes, -1);
  if (body_length < 0) return {Piece::kNoRtsp, 0, 0};
  const size_t whole = head_length + static_cast<size_t>(body_length);
  return {Piece::kMessage, bytes.size() < whole ? 0 : whole, head_length};
}

}  // namespace

RtspDialog::RtspDialog(Options options)
    : options_(std::move(options)),
      camera_url_(options_.camera_url),
      auth_(options_.user, options_.password),
      formats_(FormatsOf("")),
      keep_alive_ns_(MsToNs(kMaxKeepAliveMs)) {}

void RtspDialog::CameraConnected(std::string camera_ip) {
  camera_ip_ = std::move(camera_ip);
  from_camera_.clear();
}

void RtspDialog::ClientConnected() {
  client_known_ = false;
  from_client_.clear();
  to_client.clear();
  to_camera.clear();
  requests_.clear();
}

// Calls on_piece(piece, text) for each whole packet and message; false ends the connection. Incomplete ones are kept.
template <typename OnPiece>
bool RtspDialog::TakePieces(std::string* kept, std::string_view bytes, OnPiece on_piece) {
  kept->append(bytes);
  std::string_view rest = *kept;
  while (!rest.empty()) {
    const Piece piece = NextPiece(rest);
    if (piece.kind == Piece::kNoRtsp) return false;
    if (piece.length == 0) break;
    if (piece.kind != Piece::kRubbish && !on_piece(piece, rest.substr(0, piece.length))) return false;
    rest.remove_prefix(piece.length);
  }
  kept->erase(0, kept->size() - rest.size());
  return true;
}

bool RtspDialog::TakeFromClient(std::string_view bytes) {
  return TakePieces(&from_client_, bytes, [this](const auto& piece, std::string_view text) {
    if (piece.kind == Piece::kMessage) {
      return TakeRequest(RtspHead::Parse(text.substr(0, piece.head_length)),
                         std::string(text.substr(piece.head_length)));
    }
    if (client_known_) to_camera.append(text);
    return true;
  });
}

bool RtspDialog::TakeRequest(RtspHead head, std::string body) {
  const bool shows_name =
      head.Value("User-Agent") == options_.client_name || head.Uri().find(options_.client_name) != std::string::npos;
  if (shows_name) client_known_ = true;
  if (!client_known_) return false;
  if (head.Status() != 0) {  // A response to a request of the camera.
    if (!head.Value("User-Agent").empty()) head.Set("User-Agent", options_.user_agent);
    to_camera += head.Text() + body;
    return true;
  }
  Request request;
  request.client_cseq = head.Value("CSeq");
  request.client_uri = head.Uri();
  head.SetUri(CameraUri(head.Uri()));
  request.head = std::move(head);
  request.body = std::move(body);
  if (request.head.Method() == "TEARDOWN") next_keep_alive_ns_ = INT64_MAX;
  Send(std::move(request));
  return true;
}

// The client knows the camera under a local address until the camera names itself in its description.
std::string RtspDialog::CameraUri(const std::string& uri) const {
  const std::string_view local = options_.client_url;
  if (BeginsWith(uri, local)) return camera_url_ + uri.substr(local.size());
  const std::string authority(AuthorityOf(local));
  for (const std::string& base : {authority + "/" + options_.client_name, authority}) {
    if (BeginsWith(uri, base)) return std::string(AuthorityOf(camera_url_)) + uri.substr(base.size());
  }
  return uri;
}

void RtspDialog::Send(Request request) {
  request.cseq = ++cseq_;
  request.head.Set("CSeq", std::to_string(request.cseq));
  request.head.Set("User-Agent", options_.user_agent);
  const std::string authorization = refused_ ? "" : auth_.Header(request.head.Method(), request.head.Uri());
  if (!authorization.empty()) {
    request.head.Set("Authorization", authorization);
    request.is_signed = true;
    request.nonce = auth_.nonce();
  }
  to_camera += request.head.Text() + request.body;
  requests_.push_back(std::move(request));
}

bool RtspDialog::TakeFromCamera(std::string_view bytes, int64_t now_ns) {
  return TakePieces(&from_camera_, bytes, [this, now_ns](const auto& piece, std::string_view text) {
    if (piece.kind == Piece::kPacket) {
      PassPacket(text, now_ns);
      return true;
    }
    RtspHead head = RtspHead::Parse(text.substr(0, piece.head_length));
    if (head.Status() != 0) {
      TakeResponse(std::move(head), text.substr(piece.head_length), now_ns);
    } else if (head.Method() == "REDIRECT") {
      to_client.append(text);
    } else {
      AnswerCamera(head);
    }
    return true;
  });
}

// MediaMTX closes the connection if the camera sends a request.
void RtspDialog::AnswerCamera(const RtspHead& request) {
  constexpr std::array<std::string_view, 4> kAccepted = {"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE"};
  const bool accepted = std::find(kAccepted.begin(), kAccepted.end(), request.Method()) != kAccepted.end();
  RtspHead response(accepted ? "RTSP/1.0 200 OK" : "RTSP/1.0 501 Not Implemented");
  for (const char* name : {"CSeq", "Session"}) {
    const std::string value = request.Value(name);
    if (!value.empty()) response.Set(name, value);
  }
  to_camera += response.Text();
}

// rtspsrc drops packets that come before the response to PLAY, which may be the only key picture for minutes. It
// reports packets without a whole head in the way in which it reports that the camera closed the connection.
void RtspDialog::PassPacket(std::string_view packet, int64_t now_ns) {
  if (packet.size() < kInterleavedHead + (IsRtcp(packet) ? kRtcpHead : RtpContinuity::kHead)) return;
  std::string* to = playing_ ? &to_client : &held_;
  const std::string_view content = packet.substr(kInterleavedHead);
  if (IsRtcp(packet)) {
    if (!left_ns_ && HasBye(content)) left_ns_ = now_ns;
    if (!left_ns_) last_sign_of_life_ns_ = now_ns;
  } else {
    left_ns_.reset();
    forgotten_ = false;
  }
  if (!playing_ && held_.size() > kMaxHeldBytes) return;
  const size_t pair = static_cast<uint8_t>(packet[1]) / 2;
  const auto pass = [this, to, packet, pair, now_ns](std::string_view sent) {
    if (sent.size() > UINT16_MAX) return;
    const char channel = packet[1];
    if (!IsRtcp(packet)) Note(pair, sent, now_ns);
    if (playing_ && options_.on_packet) options_.on_packet(static_cast<uint8_t>(channel), sent);
    const auto size = static_cast<uint16_t>(sent.size());
    to->append({'$', channel, static_cast<char>(size >> 8), static_cast<char>(size & 255)}).append(sent);
  };
  RtpRepair& repair = repair_[pair];
  if (!IsRtcp(packet)) return repair.Take(content, formats_, now_ns, pass);
  const std::string sent = repair.TakeRtcp(content);
  if (!sent.empty()) pass(sent);
}

void RtspDialog::Note(size_t pair, std::string_view packet, int64_t now_ns) {
  const uint32_t ssrc = ReadUint32(packet.data() + 8), timestamp = ReadUint32(packet.data() + 4);
  Answer::Track& last = answer_.last[pair];
  // B-pictures come after pictures that are shown later.
  if (last.ssrc == ssrc && static_cast<int32_t>(timestamp - last.timestamp) < 0) return;
  last = {ssrc, timestamp, now_ns};
}

void RtspDialog::TakeResponse(RtspHead head, std::string_view body, int64_t now_ns) {
  if (requests_.empty() || head.Status() < 200) return;
  const int cseq = DecimalOr(head.Value("CSeq"), INT32_MAX - 1, 0);
  auto found = std::find_if(requests_.begin(), requests_.end(), [&](auto& request) { return request.cseq == cseq; });
  if (found == requests_.end()) found = requests_.begin();  // Some cameras send no CSeq, or a wrong one.
  Request request = std::move(*found);
  requests_.erase(found);
  if (request.cseq == cseq) Measure(request, now_ns);
  if (head.Status() == 401 && SignAgain(request, head)) {
    request.is_repeated = request.is_signed;
    request.sent_ns = now_ns;
    return Send(std::move(request));
  }
  if (request.is_signed && request.head.Method() != "OPTIONS" && head.Status() != 401) accepted_ = true;
  if (FollowRedirect(request, head)) return;
  // The client would follow it past this dialog, as often as the camera redirects.
  if (head.Status() / 100 == 3) head.Remove("Location");
  Learn(request, &head, now_ns);
  if (request.head.Method() == "DESCRIBE" && !body.empty()) formats_ = FormatsOf(body);
  if (request.client_cseq.empty()) return;
  // Some cameras refuse OPTIONS and play all the same. The response to DESCRIBE counts.
  if (request.head.Method() == "OPTIONS" && head.Status() >= 400 && head.Status() != 401) {
    head = RtspHead("RTSP/1.0 200 OK");
    body = {};
  }
  std::string repaired;
  if (request.head.Method() == "DESCRIBE" && head.Status() == 200 && !body.empty()) {
    const std::string base = head.Value("Content-Base");
    repaired = RepairSdp(body, BeginsWith(base, "rtsp") ? base : options_.client_url, options_.over_tcp);
    head.Set("Content-Length", std::to_string(repaired.size()));
    head.Set("Content-Type", "application/sdp");  // MediaMTX takes no other spelling.
    body = repaired;
    tracks_ = {repaired, {}};
  }
  head.Set("CSeq", request.client_cseq);
  to_client += head.Text();
  to_client += body;
  if (request.head.Method() == "PLAY" && head.Status() == 200) BeginToPlay();
}

void RtspDialog::Measure(const Request& request, int64_t now_ns) {
  if (!request.client_cseq.empty() || !options_.over_tcp || !options_.on_answer) return;
  answer_.took_ns = now_ns - request.sent_ns;
  answer_.quickest_ns = std::min(answer_.quickest_ns, answer_.took_ns);
  options_.on_answer(answer_);
}

void RtspDialog::BeginToPlay() {
  if (!std::exchange(playing_, true) && options_.on_play) options_.on_play(tracks_);
  for (std::string_view rest = held_; options_.on_packet && !rest.empty(); rest.remove_prefix(PacketLength(rest))) {
    const std::string_view packet = rest.substr(0, PacketLength(rest));
    options_.on_packet(static_cast<uint8_t>(packet[1]), packet.substr(kInterleavedHead));
  }
  to_client += held_;
  held_ = {};
}

// Whether to sign a refused request with the nonce of the refusal. A request without credentials costs nothing. With
// credentials it would count as a wrong password, unless the camera has accepted this one before.
bool RtspDialog::SignAgain(const Request& request, const RtspHead& response) {
  const bool usable = !refused_ && auth_.Take(response.Values("WWW-Authenticate"));
  if (!request.is_signed) return usable;
  const bool fresh = auth_.stale() || auth_.nonce() != request.nonce;
  if (usable && accepted_ && fresh && !request.is_repeated) return true;
  if (!accepted_) refused_ = true;
  return false;
}

bool RtspDialog::FollowRedirect(const Request& request, const RtspHead& response) {
  std::string location = response.Value("Location");
  if (BeginsWith(location, "/")) location.insert(0, AuthorityOf(camera_url_));
  const bool is_address = BeginsWith(location, "rtsp://") || BeginsWith(location, "rtsps://");
  if (response.Status() / 100 != 3 || !is_address || request.head.Method() != "DESCRIBE") return false;
  if (++redirects_ > kMaxRedirects) return false;
  // The gateway's DESCRIBE has judged the camera's redirects already. Credentials follow no later one elsewhere.
  const bool downgrade = BeginsWith(camera_url_, "rtsps://") && BeginsWith(location, "rtsp://");
  if (!options_.user.empty() && (downgrade || HostOf(location) != HostOf(camera_url_))) return false;
  camera_url_ = location;
  auth_.ForgetChallenge();
  requests_.clear();
  to_camera.clear();
  Request again = request;
  again.is_signed = again.is_repeated = false;
  again.head.Remove("Authorization");
  again.head.SetUri(camera_url_);
  Send(std::move(again));
  return true;
}

void RtspDialog::Learn(const Request& request, RtspHead* response, int64_t now_ns) {
  const std::string method = request.head.Method();
  const int status = response->Status();
  // Some cameras forget a session, for instance if another client takes its place.
  if (playing_ && status == kSessionNotFound) forgotten_ = true;
  if (playing_ && !left_ns_ && !forgotten_) last_sign_of_life_ns_ = now_ns;
  const bool refused = status >= 400 && status != 401 && status != kSessionNotFound;
  if (method == "GET_PARAMETER" && refused) get_parameter_refused_ = true;
  if (status != 200) return;
  if (method == "OPTIONS" && !playing_) {
    offers_get_parameter_ = response->Value("Public").find("GET_PARAMETER") != std::string::npos;
  }
  const std::string session = response->Value("Session");
  if (!session.empty() && (method == "SETUP" || method == "PLAY")) {
    session_ = session.substr(0, session.find(';'));
    const size_t timeout = session.find("timeout=");
    if (timeout != std::string::npos) {
      const int timeout_s = DecimalOr(std::string_view(session).substr(timeout + 8), kMaxTimeoutS, kDefaultTimeoutS);
      keep_alive_ns_ = MsToNs(std::min(std::max(timeout_s, 1) * 1000 / 2, kMaxKeepAliveMs));
    }
  }
  if (method == "SETUP") {
    AddSource(response);
    const std::string transport = CleanTransport(request.head.Value("Transport"), response->Value("Transport"));
    if (!transport.empty()) response->Set("Transport", transport);
    const auto channels = InterleavedChannels(Condensed(response->Value("Transport")));
    if (channels) tracks_.set_up.push_back({request.client_uri, DecimalOr(*channels, 254, -1)});
  }
  if (method != "PLAY") return;
  response->Remove("RTP-Info");
  aggregate_uri_ = request.head.Uri();
  next_keep_alive_ns_ = now_ns + keep_alive_ns_;
}

// UDP: without a source, rtspsrc would send its own packets to where it has the connection: to this machine.
void RtspDialog::AddSource(RtspHead* response) const {
  const std::string transport = response->Value("Transport");
  if (transport.find("client_port=") == std::string::npos || transport.find("source=") != std::string::npos) return;
  response->Set("Transport", transport + ";source=" + camera_ip_);
}

void RtspDialog::Tick(int64_t now_ns) {
  if (now_ns < next_keep_alive_ns_) return;
  next_keep_alive_ns_ = now_ns + keep_alive_ns_;
  if (requests_.size() >= kMaxUnanswered) requests_.pop_front();
  const char* method = offers_get_parameter_ && !get_parameter_refused_ ? "GET_PARAMETER" : "OPTIONS";
  Request request;
  request.head = RtspHead(std::string(method) + " " + aggregate_uri_ + " RTSP/1.0");
  request.head.Set("CSeq", "0");
  request.sent_ns = now_ns;
  if (!session_.empty()) request.head.Set("Session", session_);
  Send(std::move(request));
}

}  // namespace framegate
