// Cameras' decode threads put frames; one thread serves all readers. Messages are small and their sending never blocks,
// so both send with the state locked.
#include "frame_lane.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "clocks.h"

namespace framegate {
namespace {

// A frame is current for three intervals, and for this long if that is longer, as in frame-hub.ts.
constexpr int64_t kCurrentNs = MsToNs(350);
constexpr int kCurrentIntervals = 3;
constexpr int64_t kHelloWithinNs = MsToNs(5000);
constexpr int kListenBacklog = 64;
// The newest frame, and the one that is being written.
constexpr int kOwnSlots = 2;

int SlotsFor(int readers) { return kOwnSlots + static_cast<int>(lane::kMaxHeld) * readers; }

bool Send(int fd, const void* message, size_t size, int attached = -1) {
  iovec part = {const_cast<void*>(message), size};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (attached >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &attached, sizeof attached);
  }
  return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

bool IsSocket(const char* path) {
  struct stat status = {};
  return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

// Replaces a socket that a gateway left behind when it was killed, but not one that a process listens on, and no other
// file, which refuses connections too.
bool Bind(int fd, const sockaddr_un& address) {
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(fd, generic, sizeof address) == 0) return true;
  if (errno != EADDRINUSE) return false;
  const int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool left_behind = connect(probe, generic, sizeof address) != 0 && errno == ECONNREFUSED;
  close(probe);
  const bool replaceable = left_behind && IsSocket(address.sun_path);
  errno = EADDRINUSE;
  return replaceable && unlink(address.sun_path) == 0 && bind(fd, generic, sizeof address) == 0;
}

}  // namespace

FrameLane::FrameLane(uint64_t maximum_bytes, int max_readers, uint32_t key, std::function<void()> on_readers)
    : budget_(std::make_shared<LaneBudget>(maximum_bytes)),
      max_readers_(static_cast<size_t>(max_readers)),
      key_(key),
      on_readers_(std::move(on_readers)) {}

std::string FrameLane::Listen(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return "the path of a Unix socket has at most 107 bytes";
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (!LaneMemory::Available()) return "the kernel has no sealed memory (Linux 5.1 or newer has)";
  listener_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (listener_ < 0 || epoll_ < 0 || stop_ < 0) return std::strerror(errno);
  // The mode is set before the socket has its name, so that it never has a wider one.
  if (fchmod(listener_, 0660) != 0 || !Bind(listener_, address)) return std::strerror(errno);
  path_ = path;
  if (chmod(path.c_str(), 0660) != 0 || listen(listener_, kListenBacklog) != 0) return std::strerror(errno);
  for (const int fd : {listener_, stop_}) {
    epoll_event event = {EPOLLIN, {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return std::strerror(errno);
  }
  return thread_.Start([this] { Run(); }) ? "" : kNoThread;
}

void FrameLane::Close() {
  Wake();
  thread_.Join();
  {
    auto state = state_.Lock();
    for (auto& [fd, reader] : state->readers) close(fd);
    state->readers.clear();
    state->streams.clear();
  }
  if (!path_.empty()) unlink(path_.c_str());
  path_.clear();
  for (int* fd : {&listener_, &epoll_, &stop_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
}

void FrameLane::Wake() {
  const uint64_t one = 1;
  if (stop_ >= 0) (void)!write(stop_, &one, sizeof one);
}

FrameLane::Readers FrameLane::CountReaders() const {
  Readers counts;
  const auto state = state_.Lock();
  for (const auto& [key, stream] : state->streams) {
    if (!counts.empty() && counts.back().first == key.first) {
      counts.back().second += stream.readers;
    } else {
      counts.push_back({key.first, stream.readers});
    }
  }
  return counts;
}

bool FrameLane::HasReaders(const std::string& topic) const {
  const auto state = state_.Lock();
  const auto found = state->streams.lower_bound({topic, PixelFormat::kBgr});
  return found != state->streams.end() && found->first.first == topic;
}

bool FrameLane::Put(const std::string& topic, const I420View& picture, const Times& times) {
  bool any = false;
  for (uint32_t format = 1; format <= kPixelFormats; ++format) {
    any = PutFormat({topic, static_cast<PixelFormat>(format)}, picture, times) || any;
  }
  return any;
}

bool FrameLane::PutFormat(const Key& key, const I420View& picture, const Times& times) {
  const LaneShape shape = {key.second, picture.width, picture.height, static_cast<uint32_t>(picture.color.matrix),
                           picture.color.range == GST_VIDEO_COLOR_RANGE_0_255};
  int slots = 0;
  {
    auto state = state_.Lock();
    const auto found = state->streams.find(key);
    if (found == state->streams.end()) return false;
    slots = SlotsToAllocate(found->second, shape);
  }
  // Takes milliseconds, so the state is not locked.
  std::shared_ptr<LaneMemory> memory = slots > 0 ? LaneMemory::Make(shape, slots, budget_) : nullptr;
  int slot = -1;
  {
    auto state = state_.Lock();
    const auto found = state->streams.find(key);
    if (found == state->streams.end()) return false;
    if (slots > 0) UseMemory(*state, key, memory, shape);
    memory = found->second.memory;
    if (!memory) return false;
    ++found->second.seq;
    slot = memory->TakeFree();
    if (slot < 0) {
      ++state->dropped;
      return false;
    }
  }
  WritePixels(picture, key.second, memory->pixels(slot));

  auto state = state_.Lock();
  const auto found = state->streams.find(key);
  if (found == state->streams.end() || found->second.memory != memory) {
    memory->Release(slot);
    return false;
  }
  SetNewest(found->second, slot, times);
  for (auto& [fd, reader] : state->readers) {
    if (reader.key == key && reader.wants) Lend(found->second, reader);
  }
  return true;
}

void FrameLane::SetNewest(Stream& stream, int slot, const Times& times) {
  const int64_t since_ns = stream.received_mono_ns == 0 ? 0 : times.received_mono_ns - stream.received_mono_ns;
  const int64_t interval_ns = std::max(since_ns, static_cast<int64_t>(1e9 / times.fps));
  ForgetNewest(stream);
  stream.newest = slot;
  stream.pauses = false;
  stream.received_mono_ns = times.received_mono_ns;
  stream.current_until_ns = times.received_mono_ns + std::max(kCurrentNs, kCurrentIntervals * interval_ns);
  stream.frame = {lane::kFrame,
                  static_cast<uint32_t>(slot),
                  static_cast<uint32_t>(times.source_width),
                  static_cast<uint32_t>(times.source_height),
                  stream.seq,
                  times.received_at_us,
                  WallClockUs(),
                  times.captured_at_us};
}

// How many slots the stream's next memory has; 0 if it needs none.
int FrameLane::SlotsToAllocate(const Stream& stream, const LaneShape& shape) {
  if (stream.memory && stream.memory->shape() == shape && stream.memory->slots() >= SlotsFor(stream.readers)) return 0;
  // Grows by half, because readers often come one after the other.
  int readers = 1;
  while (readers < stream.readers) readers += (readers + 1) / 2;
  return SlotsFor(readers);
}

// made: null if there is no room. Then those that have no memory yet are refused, and others keep theirs.
void FrameLane::UseMemory(State& state, const Key& key, const std::shared_ptr<LaneMemory>& made,
                          const LaneShape& shape) {
  Stream& stream = state.streams[key];
  if (made || (stream.memory && stream.memory->shape() != shape)) {
    ForgetNewest(stream);
    stream.memory = made;
  }
  if (made) return;
  for (auto& [fd, reader] : state.readers) {
    if (reader.key == key && (!stream.memory || reader.told != stream.memory)) {
      Refuse(reader, lane::kNoMemory, "the gateway's memory for local readers is full (LANE_MEMORY)");
    }
  }
}

void FrameLane::ForgetNewest(Stream& stream) {
  if (stream.newest >= 0) stream.memory->Release(stream.newest);
  stream.newest = -1;
}

void FrameLane::Forget(const std::string& topic) {
  auto state = state_.Lock();
  for (auto& [key, stream] : state->streams) {
    if (key.first == topic) ForgetNewest(stream);
  }
}

void FrameLane::RefuseTopic(const std::string& topic, const std::string& text) {
  auto state = state_.Lock();
  for (auto& [fd, reader] : state->readers) {
    if (reader.key.first == topic) Refuse(reader, lane::kNoMemory, text.c_str());
  }
}

void FrameLane::SetPauses(const std::string& topic, bool pauses) {
  auto state = state_.Lock();
  for (auto& [key, stream] : state->streams) {
    if (key.first == topic) stream.pauses = pauses;
  }
}

// Sends the newest frame, if it is newer than the reader's last one and current; otherwise the reader waits.
void FrameLane::Lend(Stream& stream, Reader& reader) {
  reader.wants = true;
  if (stream.newest < 0 || stream.frame.seq <= reader.last_seq) return;
  if (!stream.pauses && MonotonicNs() > stream.current_until_ns) return;
  const std::shared_ptr<LaneMemory>& memory = stream.memory;
  if (reader.told != memory) {
    const LaneShape& shape = memory->shape();
    const lane::Welcome welcome = {lane::kWelcome,
                                   static_cast<uint32_t>(shape.format),
                                   static_cast<uint32_t>(shape.width),
                                   static_cast<uint32_t>(shape.height),
                                   static_cast<uint32_t>(PixelStride(shape.format, shape.width)),
                                   static_cast<uint32_t>(memory->slots()),
                                   shape.matrix,
                                   shape.full_range,
                                   memory->slot_bytes()};
    if (!Send(reader.fd, &welcome, sizeof welcome, memory->fd())) return;
    reader.told = memory;
  }
  if (!Send(reader.fd, &stream.frame, sizeof stream.frame)) return;
  memory->Hold(stream.newest);
  reader.held.push_back({memory, stream.newest, stream.frame.seq});
  reader.last_seq = stream.frame.seq;
  reader.wants = false;
}

void FrameLane::Refuse(Reader& reader, lane::Reason reason, const char* text) {
  std::vector<char> message(sizeof(lane::Refused) + std::strlen(text));
  const lane::Refused refused = {lane::kRefused, reason};
  std::memcpy(message.data(), &refused, sizeof refused);
  std::memcpy(message.data() + sizeof refused, text, std::strlen(text));
  Send(reader.fd, message.data(), message.size());
  // The lane's thread sees the end of the connection and forgets the reader.
  shutdown(reader.fd, SHUT_RDWR);
}

void FrameLane::Run() {
  int64_t checked_ns = MonotonicNs();
  while (true) {
    epoll_event events[16];
    const int count = epoll_wait(epoll_, events, 16, 1000);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == stop_) return;
      if (fd == listener_) {
        Accept();
      } else {
        OnMessage(fd);
      }
    }
    if (MonotonicNs() - checked_ns < MsToNs(1000)) continue;
    checked_ns = MonotonicNs();
    RefuseSilent();
  }
}

void FrameLane::Accept() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    // Without a descriptor left, the client waits in the queue. Do not spin meanwhile.
    if (errno == EMFILE || errno == ENFILE) usleep(20000);
    return;
  }
  auto state = state_.Lock();
  Reader reader;
  reader.fd = fd;
  reader.connected_ns = MonotonicNs();
  if (state->readers.size() >= max_readers_) {
    Refuse(reader, lane::kTooManyReaders, "the gateway has as many local readers as it takes");
    close(fd);
    return;
  }
  epoll_event event = {EPOLLIN, {.fd = fd}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    return;
  }
  state->readers[fd] = std::move(reader);
}

void FrameLane::OnMessage(int fd) {
  alignas(8) char message[std::max(sizeof(lane::Next), sizeof(lane::Hello) + lane::kMaxTopic) + 1];
  const ssize_t size = recv(fd, message, sizeof message, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  bool changed = false;
  {
    auto state = state_.Lock();
    const auto found = state->readers.find(fd);
    if (found == state->readers.end()) return;
    Reader& reader = found->second;
    const size_t bytes = size > 0 ? static_cast<size_t>(size) : 0;
    const bool fresh = reader.key.first.empty();
    const bool good =
        bytes > 0 && (fresh ? TakeHello(*state, reader, message, bytes) : TakeNext(*state, reader, message, bytes));
    changed = good == fresh;  // A reader has come, or one that had come leaves.
    if (!good) Disconnect(*state, fd);
  }
  if (changed) on_readers_();
}

bool FrameLane::TakeHello(State& state, Reader& reader, const void* message, size_t size) {
  lane::Hello hello;
  if (size <= sizeof hello || size > sizeof hello + lane::kMaxTopic) {
    Refuse(reader, lane::kBadMessage, "expected Hello with a topic of 1 to 128 bytes");
    return false;
  }
  std::memcpy(&hello, message, sizeof hello);
  if (hello.type != lane::kHello || hello.version != lane::kVersion || hello.format < 1 ||
      hello.format > kPixelFormats) {
    Refuse(reader, lane::kBadMessage, "expected Hello of version 1 with a format from 1 to 5");
    return false;
  }
  if (hello.key != key_) {
    Refuse(reader, lane::kOtherGateway, "this is the lane of another gateway");
    return false;
  }
  const std::string topic(static_cast<const char*>(message) + sizeof hello, size - sizeof hello);
  reader.key = {topic, static_cast<PixelFormat>(hello.format)};
  ++state.streams[reader.key].readers;
  return true;
}

bool FrameLane::TakeNext(State& state, Reader& reader, const void* message, size_t size) {
  lane::Next next = {};
  if (size < lane::kNextBytes || size > sizeof next) {
    Refuse(reader, lane::kBadMessage, "expected Next");
    return false;
  }
  std::memcpy(&next, message, size);
  if (next.type != lane::kNext || next.want > lane::kFrameOrNone || next.count > lane::kMaxReleased ||
      size != lane::kNextBytes + next.count * sizeof next.released[0]) {
    Refuse(reader, lane::kBadMessage, "expected Next with at most 16 frames");
    return false;
  }
  for (uint32_t i = 0; i < next.count; ++i) {
    const auto held = std::find_if(reader.held.begin(), reader.held.end(),
                                   [&](const Held& frame) { return frame.seq == next.released[i]; });
    if (held == reader.held.end()) continue;
    held->memory->Release(held->slot);
    reader.held.erase(held);
  }
  reader.wants = false;
  if (next.want == lane::kNoFrame) return true;
  const bool full = reader.held.size() >= lane::kMaxHeld;
  // A frame that answers an earlier Next may be on its way to a reader that no longer waits.
  if (full && next.want == lane::kNextFrame) {
    Refuse(reader, lane::kTooManyFrames, "a reader may hold 3 frames; release one before asking for the next");
    return false;
  }
  if (!full) Lend(state.streams[reader.key], reader);
  if (next.want == lane::kFrameOrNone && (std::exchange(reader.wants, false) || full)) {
    const lane::Nothing nothing = {lane::kNothing, 0};
    Send(reader.fd, &nothing, sizeof nothing);
  }
  return true;
}

void FrameLane::Disconnect(State& state, int fd) {
  Reader& reader = state.readers[fd];
  for (const Held& held : reader.held) held.memory->Release(held.slot);
  const auto stream = state.streams.find(reader.key);
  if (stream != state.streams.end() && --stream->second.readers == 0) state.streams.erase(stream);
  state.readers.erase(fd);
  close(fd);  // epoll forgets it.
}

// Ends connections that never say what they want: each takes a descriptor.
void FrameLane::RefuseSilent() {
  const int64_t now_ns = MonotonicNs();
  auto state = state_.Lock();
  for (auto& [fd, reader] : state->readers) {
    if (!reader.key.first.empty() || now_ns - reader.connected_ns < kHelloWithinNs) continue;
    Refuse(reader, lane::kBadMessage, "expected Hello within 5 s");
  }
}

}  // namespace framegate
