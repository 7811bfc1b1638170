// The messages of the lane format, version 1 (docs/lane-format.md). Each is one SOCK_SEQPACKET message, in the byte
// order of the machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace framegate::lane {

constexpr uint32_t kVersion = 1;

enum Type : uint32_t { kHello = 1, kNext = 2, kWelcome = 3, kFrame = 4, kRefused = 5, kNothing = 6 };

// From the reader, once, first. The topic follows: 1 to kMaxTopic bytes, without a terminator.
struct Hello {
  uint32_t type, version, format;
  uint32_t key;  // As the gateway's HTTP API says it: another gateway may have a socket of this name.
};
constexpr size_t kMaxTopic = 128;

// From the reader: these frames are no longer used.
enum Want : uint32_t {
  kNoFrame = 0,
  kNextFrame = 1,    // At once, or when it comes.
  kFrameOrNone = 2,  // At once, or Nothing. Also ends an earlier wait.
};
constexpr size_t kMaxReleased = 16;
struct Next {
  uint32_t type, want, count, reserved;
  uint64_t released[kMaxReleased];  // Their seq. The message ends after `count` of them.
};
constexpr size_t kNextBytes = offsetof(Next, released);

// To the reader, before the first frame and whenever the picture's size or colors change, with the descriptor of the
// memory.
struct Welcome {
  uint32_t type, format, width, height;
  uint32_t stride, slots, matrix, full_range;
  uint64_t slot_bytes;
};

// To the reader: the slot is its own until it releases `seq`.
struct Frame {
  uint32_t type, slot, source_width, source_height;
  uint64_t seq;
  int64_t received_at_us, published_at_us, captured_at_us;
};

// To the reader: there is no frame that it has not had.
struct Nothing {
  uint32_t type, reserved;
};

// To the reader, before the gateway closes the connection. A text in UTF-8 follows.
struct Refused {
  uint32_t type, reason;
};
enum Reason : uint32_t { kBadMessage = 1, kTooManyReaders = 2, kNoMemory = 3, kTooManyFrames = 4, kOtherGateway = 5 };

// Frames that one reader may hold.
constexpr size_t kMaxHeld = 3;

}  // namespace framegate::lane
