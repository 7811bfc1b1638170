// A MediaMTX that does not read, between a camera and the receiver that takes the packets on their way.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "check.h"
#include "core/gst_init.h"
#include "core/receiver.h"

using namespace framegate;

namespace {

constexpr size_t kPacketBytes = 60'000;
constexpr char kDescription[] =
    "v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n"
    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==\r\n";

// A TCP connection. Each wait has a limit.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {
    const timeval limit = {30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool Send(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t now = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += static_cast<size_t>(now);
    }
    return true;
  }
  // Reads until what has come ends with `end`, or has this many bytes.
  std::string Read(const std::string& end, size_t most = SIZE_MAX) {
    std::string got;
    char buffer[65536];
    while (got.size() < most && (end.empty() || got.find(end) == std::string::npos)) {
      const ssize_t now = recv(fd_, buffer, std::min(sizeof buffer, most - got.size()), 0);
      if (now <= 0) break;
      got.append(buffer, static_cast<size_t>(now));
    }
    return got;
  }

 private:
  const int fd_;
};

sockaddr_in Local(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int Listen(uint16_t* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Local(0);
  socklen_t size = sizeof address;
  CHECK(fd >= 0);
  if (fd < 0) return fd;
  CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(fd, 1) == 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  *port = ntohs(address.sin_port);
  return fd;
}

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Local(port);
  CHECK(fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// A key picture in one packet.
std::string Picture(int number) {
  std::string packet({'$', 0, static_cast<char>(kPacketBytes >> 8), static_cast<char>(kPacketBytes & 255)});
  packet += {'\x80', static_cast<char>(0x80 | 96), static_cast<char>(number >> 8), static_cast<char>(number & 255)};
  const int time = number * 3600;
  for (const int shift : {24, 16, 8, 0}) packet += static_cast<char>(time >> shift & 255);
  packet += "SSRC\x65\x88";
  packet.resize(4 + kPacketBytes, 'p');
  return packet;
}

// A receiver, and what it has delivered.
class Tap {
 public:
  explicit Tap(uint16_t camera_port) : receiver_(OptionsFor(camera_port), CallbacksOf()) { receiver_.Open(); }
  ~Tap() { receiver_.Stop(); }

  uint16_t front_port() const {
    const std::string url = receiver_.front_url();
    return static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  std::string Request(const std::string& method, const std::string& track = "") const {
    return method + " " + receiver_.front_url() + track + " RTSP/1.0\r\nCSeq: 1\r\n\r\n";
  }
  bool Delivers(int pictures) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return pictures_ >= pictures; });
  }
  std::string Error() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return !error_.empty(); });
    return error_;
  }

 private:
  static SourceOptions OptionsFor(uint16_t camera_port) {
    SourceOptions options;
    options.url = "rtsp://127.0.0.1:" + std::to_string(camera_port) + "/cam";
    options.tap = true;
    return options;
  }
  Receiver::Callbacks CallbacksOf() {
    Receiver::Callbacks callbacks;
    callbacks.on_stream = [](const StreamInfo&) {};
    callbacks.on_sample = [this](Codec, const SamplePtr&, int64_t) {
      const std::lock_guard<std::mutex> lock(mutex_);
      receiver_.PictureEnded();
      ++pictures_;
      changed_.notify_all();
    };
    callbacks.on_error = [this](const PipelineError& error) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (error_.empty()) error_ = error.code + " " + error.message;
      changed_.notify_all();
    };
    return callbacks;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int pictures_ = 0;
  std::string error_;
  Receiver receiver_;
};

// More than the buffers of the system hold (4 MB).
constexpr int kMany = 200;
// More than the front keeps.
constexpr int kTooMany = 800;

TEST(AMediaMtxThatDoesNotReadDelaysNoPicture) {
  uint16_t port = 0;
  const int listener = Listen(&port);
  Tap tap(port);
  Connection client(Connect(tap.front_port()));
  CHECK(client.Send(tap.Request("DESCRIBE") + tap.Request("SETUP", "/track") + tap.Request("PLAY")));
  Connection camera(accept(listener, nullptr, nullptr));
  camera.Read("PLAY");
  const std::string ok = "RTSP/1.0 200 OK\r\n";
  CHECK(camera.Send(ok + "Content-Length: " + std::to_string(sizeof kDescription - 1) + "\r\n\r\n" + kDescription + ok +
                    "Session: 7\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n" + ok + "\r\n"));
  int sent = 0;
  while (sent < kMany && camera.Send(Picture(sent))) ++sent;
  CHECK_EQ(sent, kMany);
  if (sent < kMany) return;
  CHECK(tap.Delivers(kMany));

  // Once it reads again, it gets everything.
  const std::string head = client.Read("$");
  const size_t packets = head.size() - head.find('$');
  std::string got = head.substr(head.find('$')) + client.Read("", kMany * (4 + kPacketBytes) - packets);
  bool same = true;
  for (int number = 0; number < kMany; ++number) {
    same =
        same && got.compare(static_cast<size_t>(number) * (4 + kPacketBytes), 4 + kPacketBytes, Picture(number)) == 0;
  }
  CHECK(same);

  for (int number = kMany; number < kMany + kTooMany && camera.Send(Picture(number)); ++number) continue;
  CHECK(tap.Error() == "ERR_SOURCE_CLOSED MediaMTX has not read 32 MB of the camera's packets");
  close(listener);
}

}  // namespace

int main() {
  CHECK(EnsureGstInit().empty());
  return check::RunTests();
}
