// Fuzzes what reads a camera's RTSP: messages, challenges, redirects and interleaved packets.
//
// As a test: some sessions, then mutations of them for some seconds, under ASan and UBSan.
// With clang's libFuzzer: CONTRIBUTING.md.
#include <gst/rtsp/rtsp.h>

#include <string>
#include <string_view>

#include "core/rtsp_dialog.h"
#include "fuzz.h"

using namespace framegate;
using fuzz::Require;

namespace {

constexpr char kLocal[] = "rtsp://127.0.0.1:4000/cam";
constexpr char kSecretName[] = "a1b2-secret-name";
constexpr char kPassword[] = "Circle of Life";
constexpr const char* kMethods[] = {"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN"};

RtspDialog::Options OptionsFor(uint8_t flags) {
  RtspDialog::Options options;
  options.client_url = kLocal;
  options.client_name = kSecretName;
  options.camera_url = flags & 1 ? "rtsps://camera/cam" : "rtsp://camera:8554/cam";
  options.user_agent = "Framegate/test";
  options.user = flags & 2 ? "Mufasa" : "";
  options.password = flags & 2 ? kPassword : "";
  if (flags & 4)
    options.on_packet = [](int channel, std::string_view packet) {
      Require(channel >= 0 && channel < 256 && !packet.empty(), "a packet on a channel");
    };
  return options;
}

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Whether RtspFront would connect to the camera, with TLS if it began with that.
bool ConnectsTo(const std::string& url, bool tls) {
  GstRTSPUrl* parsed = nullptr;
  if (gst_rtsp_url_parse(url.c_str(), &parsed) != GST_RTSP_OK) return true;  // To nothing.
  const bool same = g_ascii_strcasecmp(parsed->host, "camera") == 0 && (!tls || url.find("rtsps:") == 0);
  gst_rtsp_url_free(parsed);
  return same;
}

std::string Request(size_t number) {
  const char* method = kMethods[std::min(number, std::size(kMethods) - 1)];
  return std::string(method) + " " + kLocal + " RTSP/1.0\r\nCSeq: " + std::to_string(number + 1) +
         "\r\nUser-Agent: " + kSecretName + "\r\n\r\n";
}

// A session in which the client sends a request before each response of the camera, which arrives `step` bytes at a
// time. Returns what the client gets.
std::string Session(uint8_t flags, std::string_view camera, size_t step) {
  RtspDialog dialog(OptionsFor(flags));
  dialog.ClientConnected();
  dialog.CameraConnected("10.0.0.7");
  int64_t now_ns = 1;
  std::string got;
  for (size_t number = 0; !camera.empty(); ++number) {
    if (!dialog.TakeFromClient(Request(number))) break;
    std::string_view response = camera.substr(0, camera.find("RTSP/", 1));
    camera.remove_prefix(response.size());
    bool open = true;
    for (; open && !response.empty(); response.remove_prefix(std::min(step, response.size()))) {
      open = dialog.TakeFromCamera(response.substr(0, step), now_ns);
    }
    now_ns += 1'000'000'000;
    dialog.Tick(now_ns);
    got += dialog.to_client;
    Require(!Has(dialog.to_camera, kSecretName), "the camera does not see the secret name");
    if ((flags & 2) && Has(dialog.to_camera, "\r\nAuthorization: ")) {
      Require(ConnectsTo(dialog.camera_url(), flags & 1), "the password goes to the camera alone");
    }
    dialog.to_client.clear();
    dialog.to_camera.clear();
    if (!open) break;
  }
  Require(!Has(got, kPassword), "the client does not see the password");
  return got;
}

}  // namespace

// Byte 0: the options. Then what the camera sends.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  // A separate copy, so that ASan sees reads past its end.
  const std::string camera(reinterpret_cast<const char*>(data) + 1, size - 1);
  // A fuzzer that reads the program finds both.
  if (Has(camera, kPassword) || Has(camera, kSecretName)) return 0;
  const std::string whole = Session(data[0], camera, camera.size() + 1);
  Require(whole.size() <= 64 * 1024 + 4 * size, "about as much for the client as from the camera");
  Require(Session(data[0], camera, 1 + data[0] % 7) == whole, "the same however it is split");
  return 0;
}

#ifndef FRAMEGATE_LIBFUZZER
int main() {
  const std::string ok = "RTSP/1.0 200 OK\r\nCSeq: ";
  const std::string packet("$\0\0\x0e\x80\x60\0\1\0\0\0\0\1\2\3\4xx", 18);
  const std::string rtcp("$\1\0\x08\x80\xcb\0\1\1\2\3\4", 12);
  const std::string sdp = "v=0\r\nm=video 0 RTP/AVP 96 97\r\na=control:track1\r\n";
  const std::string described = ok + "2\r\nContent-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
  const std::string set_up = ok + "3\r\nSession: 7;timeout=10\r\nTransport: RTP/AVP;client_port=5000-5001\r\n\r\n";
  const std::string options = ok + "1\r\nPublic: OPTIONS, GET_PARAMETER\r\n\r\n";
  const std::string digest =
      "RTSP/1.0 401 No\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\", "
      "algorithm=SHA-256, opaque=\"o\", stale=true\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n";
  std::vector<fuzz::Input> corpus;
  for (const char flags : {0, 1, 2, 3, 4, 7}) {
    for (const std::string& text : {
             options + described + set_up + packet + ok + "4\r\nRTP-Info: url=x\r\n\r\n" + packet + rtcp,
             options + digest + digest + described,
             options + "RTSP/1.0 302 Found\r\nCSeq: 2\r\nLocation: rtsp://other/x\r\n\r\n" + described,
             options + "RTSP/1.0 301 Moved\r\nLocation: rtsps://camera/x\r\n\r\n" + digest + described,
             options + "rubbish" + packet + "OPTIONS rtsp://h RTSP/1.0\r\nCSeq: 9\r\n\r\n" + described,
         }) {
      corpus.emplace_back(text.begin(), text.end());
      corpus.back().insert(corpus.back().begin(), static_cast<uint8_t>(flags));
    }
  }
  return fuzz::Run(corpus);
}
#endif
