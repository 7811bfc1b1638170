// Lends raw frames to readers on this machine: pixels in sealed memory, messages over a Unix socket
// (docs/lane-format.md). A reader asks for the next frame, and holds it until it releases it or its socket closes.
// Nothing writes on a frame that is held, and the writer never waits for a reader.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "guarded.h"
#include "lane_format.h"
#include "lane_memory.h"
#include "scaled_picture.h"
#include "thread.h"

namespace framegate {

class FrameLane {
 public:
  // What belongs to a frame besides its pixels.
  struct Times {
    int64_t received_mono_ns = 0, received_at_us = 0;
    int64_t captured_at_us = -1;  // -1: unknown.
    int source_width = 0, source_height = 0;
    double fps = 20;  // The rendition's.
  };
  // How many readers each topic has.
  using Readers = std::vector<std::pair<std::string, int>>;

  // key: shows readers that this is the gateway that they mean. on_readers: called on the lane's thread when a reader
  // has come or left.
  FrameLane(uint64_t maximum_bytes, int max_readers, uint32_t key, std::function<void()> on_readers);
  ~FrameLane() { Close(); }
  FrameLane(const FrameLane&) = delete;
  FrameLane& operator=(const FrameLane&) = delete;

  // Listens on a new socket with mode 0660. Empty, or why it failed. Call it once.
  std::string Listen(const std::string& path);
  // Disconnects all readers and removes the socket. Idempotent.
  void Close();

  // These return at once. Any thread.
  Readers CountReaders() const;
  uint64_t memory_bytes() const { return budget_->used_bytes; }
  uint64_t dropped() const { return state_.Lock()->dropped; }
  bool HasReaders(const std::string& topic) const;
  // Converts the picture into a free slot for each format that is read. False if there is none, or no slot is free.
  bool Put(const std::string& topic, const I420View& picture, const Times& times);
  // The topic's newest frame no longer shows the present.
  void Forget(const std::string& topic);
  // Ends the connections of all readers of the topic, with this text.
  void RefuseTopic(const std::string& topic, const std::string& text);
  // A frame of a camera that pauses stays the newest, however old it is.
  void SetPauses(const std::string& topic, bool pauses);

 private:
  using Key = std::pair<std::string, PixelFormat>;
  struct Held {
    std::shared_ptr<LaneMemory> memory;
    int slot = 0;
    uint64_t seq = 0;
  };
  struct Reader {
    int fd = -1;
    int64_t connected_ns = 0;
    Key key;  // Empty until its Hello.
    bool wants = false;
    uint64_t last_seq = 0;
    std::shared_ptr<LaneMemory> told;  // By the last Welcome.
    std::vector<Held> held;
  };
  struct Stream {
    int readers = 0;
    uint64_t seq = 0;
    std::shared_ptr<LaneMemory> memory;
    int newest = -1;  // Slot; -1: none.
    lane::Frame frame = {};
    int64_t received_mono_ns = 0, current_until_ns = 0;
    bool pauses = false;
  };
  struct State {
    std::map<int, Reader> readers;  // By descriptor.
    std::map<Key, Stream> streams;  // Those that have readers.
    uint64_t dropped = 0;           // Frames for which no slot was free.
  };

  // The lane's thread.
  void Run();
  void Accept();
  void OnMessage(int fd);
  bool TakeHello(State& state, Reader& reader, const void* message, size_t size);
  bool TakeNext(State& state, Reader& reader, const void* message, size_t size);
  void RefuseSilent();

  // With the state locked.
  static int SlotsToAllocate(const Stream& stream, const LaneShape& shape);
  void UseMemory(State& state, const Key& key, const std::shared_ptr<LaneMemory>& made, const LaneShape& shape);
  static void SetNewest(Stream& stream, int slot, const Times& times);
  void Lend(Stream& stream, Reader& reader);
  void Disconnect(State& state, int fd);
  void Refuse(Reader& reader, lane::Reason reason, const char* text);
  static void ForgetNewest(Stream& stream);

  bool PutFormat(const Key& key, const I420View& picture, const Times& times);
  void Wake();

  const std::shared_ptr<LaneBudget> budget_;
  const size_t max_readers_;
  const uint32_t key_;
  const std::function<void()> on_readers_;
  Guarded<State> state_;
  std::string path_;
  int listener_ = -1, epoll_ = -1, stop_ = -1;
  Thread thread_;
};

}  // namespace framegate
