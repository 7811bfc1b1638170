// Decides whether a camera's session is live, and when and why it must end. Pure: times and facts in, a verdict out.
//
// All times are monotonic, in ns. A "since" time is 0 while its condition does not hold.
#pragma once

#include <cstdint>
#include <optional>

#include "clocks.h"
#include "pipeline_error.h"

namespace framegate {

// The state of a session at one moment.
struct StreamFacts {
  int64_t last_packet_ns = 0;            // 0: none yet.
  int64_t packets_since_ns = 0;          // Since when packets arrive without a pause of a second.
  int64_t left_ns = 0;                   // When the camera said goodbye; 0: it did not, or it went on.
  int64_t last_response_ns = 0;          // RTCP, or an answer to a keep-alive; 0: none yet, or they cannot be seen.
  int64_t last_frame_ns = 0;             // The newest that passed the gate; 0: none yet.
  int64_t last_key_ns = 0;               // The newest key picture, whole or not; 0: none yet.
  int64_t gate_closed_since_ns = 0;      // The gate waits for a key picture.
  int64_t decoder_stuck_since_ns = 0;    // The decoder receives units and returns no frame.
  int64_t unshown_since_ns = 0;          // Frames are wanted and arrive, and none is shown.
  int64_t last_shown_ns = 0;             // When the newest frame was shown; 0: none yet.
  int64_t decoder_damaged_since_ns = 0;  // The decoder reports damaged pictures.
  int64_t transport_lag_ns = 0;          // How much later the newest packet arrived than the stream at its best.
  int64_t frame_interval_ns = 0;         // 0: unknown.
  int64_t key_interval_ns = 0;           // Between the key pictures if they alone are decoded; 0: all pictures are.
  int64_t longest_pause_ns = 0;          // The longest between two punctual frames; 0: unknown.
  int gop_length = 0;                    // Frames between key pictures; 0: unknown.
  bool begins_with_key = false;          // New sessions of this camera begin with a key picture.
  bool may_lack_key = false;             // A codec in which a session may begin, or go on, without key pictures.
  bool can_ask = false;                  // The camera itself responds to keep-alives.
  bool relayed = false;      // MediaMTX is in between, which holds packets back until the first key picture.
  int64_t described_ns = 0;  // When the source described the stream; 0: not yet.
};

class Watchdog {
 public:
  struct Verdict {
    bool live = false;                 // Whole frames arrive, and are shown if they are wanted, or the camera pauses.
    bool pauses = false;               // Nothing has arrived since the newest frame, and no frame is overdue.
    bool quiet = false;                // Nothing has arrived since the newest frame, which may be a pause.
    bool asks = false;                 // A sign of life is due from a camera that may pause or be gone.
    bool keep_alive = false;           // A keep-alive request to the camera is due.
    std::optional<PipelineError> end;  // The session must end, for this reason.
    // Why no frames can be shown, although the session goes on.
    std::optional<PipelineError> fault;
  };

  Watchdog(int64_t started_ns, int64_t first_packet_timeout_ns)
      : started_ns_(started_ns),
        first_packet_timeout_ns_(first_packet_timeout_ns),
        next_keep_alive_ns_(started_ns + kKeepAliveNs) {}

  Verdict Check(int64_t now_ns, const StreamFacts& facts);

  // Since when the session has waited for a key picture; 0 if it does not.
  static int64_t WaitsForKeySinceNs(const StreamFacts& facts);

  // A camera may send as little as one picture in 20 s. This is a bit more.
  static constexpr int64_t kPauseNs = MsToNs(21'000);

  // Servers commonly end a session after 60 s without a request. 20 s allows for two that fail.
  static constexpr int64_t kKeepAliveNs = MsToNs(20'000);

 private:
  bool AsksForLife(int64_t now_ns, const StreamFacts& facts) const;
  std::optional<PipelineError> ReasonToEnd(int64_t now_ns, const StreamFacts& facts);

  const int64_t started_ns_;
  const int64_t first_packet_timeout_ns_;
  int64_t next_keep_alive_ns_;
  bool live_ = false;
  int64_t last_ask_ns_ = 0;
  int64_t late_since_ns_ = 0;  // Since when every packet has arrived too late.
};

}  // namespace framegate
