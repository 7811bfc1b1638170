// A reader of the frame lane with plain system calls, as docs/lane-format.md describes it.
#pragma once

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/lane_format.h"

class LaneReader {
 public:
  explicit LaneReader(const std::string& path) : fd_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  LaneReader(const std::string& path, const std::string& topic, framegate::PixelFormat format) : LaneReader(path) {
    const framegate::lane::Hello hello = {framegate::lane::kHello, framegate::lane::kVersion,
                                          static_cast<uint32_t>(format), 5};
    std::string message(reinterpret_cast<const char*>(&hello), sizeof hello);
    message += topic;
    Send(message.data(), message.size());
  }
  ~LaneReader() {
    for (const Mapping& mapping : mappings_) munmap(mapping.base, mapping.bytes);
    if (memory_fd >= 0) close(memory_fd);
    close(fd_);
  }
  LaneReader(const LaneReader&) = delete;
  LaneReader& operator=(const LaneReader&) = delete;

  bool Send(const void* message, size_t size) {
    return send(fd_, message, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }

  void Ask(uint32_t want, const std::vector<uint64_t>& released = {}) {
    framegate::lane::Next next = {framegate::lane::kNext, want, static_cast<uint32_t>(released.size()), 0, {}};
    std::copy(released.begin(), released.end(), next.released);
    Send(&next, framegate::lane::kNextBytes + released.size() * sizeof released[0]);
  }

  // The type of the next message; 0 if none comes in time or the connection has ended.
  uint32_t Receive(int timeout_ms) {
    pollfd wait = {fd_, POLLIN, 0};
    if (poll(&wait, 1, timeout_ms) <= 0) return 0;
    alignas(8) char message[256];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec part = {message, sizeof message};
    msghdr header = {};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(fd_, &header, MSG_CMSG_CLOEXEC);
    if (size < 8) return 0;
    uint32_t type = 0;
    std::memcpy(&type, message, sizeof type);
    if (type == framegate::lane::kWelcome) {
      std::memcpy(&welcome, message, sizeof welcome);
      if (memory_fd >= 0) close(memory_fd);
      std::memcpy(&memory_fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof memory_fd);
      const size_t bytes = welcome.slots * welcome.slot_bytes;
      mappings_.push_back({mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory_fd, 0), bytes});
    } else if (type == framegate::lane::kFrame) {
      std::memcpy(&frame, message, sizeof frame);
    } else if (type == framegate::lane::kRefused) {
      std::memcpy(&refused, message, sizeof refused);
    }
    return type;
  }

  // Whether a frame comes in time; with its Welcome, if it has one.
  bool ReceiveFrame(int timeout_ms = 5000) {
    uint32_t type = Receive(timeout_ms);
    if (type == framegate::lane::kWelcome) type = Receive(timeout_ms);
    return type == framegate::lane::kFrame;
  }

  const uint8_t* pixels() const {
    return static_cast<const uint8_t*>(mappings_.back().base) + frame.slot * welcome.slot_bytes;
  }

  bool connected = false;
  int memory_fd = -1;
  framegate::lane::Welcome welcome = {};
  framegate::lane::Frame frame = {};
  framegate::lane::Refused refused = {};

 private:
  struct Mapping {
    void* base;
    size_t bytes;
  };
  const int fd_;
  std::vector<Mapping> mappings_;
};
