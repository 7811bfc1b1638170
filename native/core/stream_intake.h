// Turns samples from the receiver into access units: parses each, applies the gate, measures the stream and fills the
// GOP cache. One per session. Not synchronized.
#pragma once

#include <cstdint>
#include <memory>

#include "access_unit.h"
#include "access_unit_parser.h"
#include "gate.h"
#include "gop_cache.h"
#include "gst_ptr.h"
#include "key_rhythm.h"
#include "output_order.h"
#include "stream_meter.h"
#include "stream_types.h"

namespace framegate {

class StreamIntake {
 public:
  // When a sample arrived.
  struct Arrival {
    int64_t mono_ns = 0;  // Monotonic clock.
    int64_t wall_us = 0;  // Wall clock.
    int64_t captured_at_us = kUnknownTime;
    int64_t transport_lag_ns = 0;
    int64_t stream_ns = 0;
    uint32_t rtp_timestamp = 0;  // Of its last packet.
  };

  // described_ns: when the source described the stream, monotonic.
  explicit StreamIntake(Codec codec, int64_t described_ns = 0);

  // The access unit, which is also in the cache; null if the gate dropped it, or if there is a refusal().
  AccessUnitPtr Take(SamplePtr sample, const Arrival& arrival);

  // Frees the cached GOP; the measurements remain.
  void ClearCache() { cache_.Clear(); }

  Codec codec() const { return codec_; }
  const GopCache& cache() const { return cache_; }
  const StreamMeter& meter() const { return meter_; }
  ParameterSetInfo parameters() const { return parser_->parameters(); }
  // Why the stream must not be decoded, because that would take gigabytes; null if it may.
  const char* refusal() const;
  // What may keep a decoder from decoding it; see AccessUnitParser::flaw().
  const char* flaw() const { return parser_->flaw(); }
  const Announced& announced() const { return parser_->announced(); }

  // Pictures are shown in another order than they arrive.
  bool reorders() const { return order_.reorders(); }
  const KeyRhythm& keys() const { return keys_; }
  // A key picture is a whole frame, not one field of it.
  bool keys_stand_alone() const { return keys_stand_alone_; }
  // Since when the gate has been closed, monotonic; 0 while it is open.
  int64_t gate_closed_since_ns() const { return gate_closed_since_ns_; }
  // When the newest picture arrived from which decoding can start, whole or not; 0: none yet.
  int64_t last_key_ns() const { return last_key_ns_; }
  // The session's first picture was a whole key picture, and came soon.
  bool began_with_key() const { return began_with_key_; }
  uint64_t received_bytes() const { return received_bytes_; }
  uint64_t passed() const { return passed_; }
  uint64_t dropped() const { return dropped_; }

 private:
  AccessUnitInfo Parse(GstSample* sample);
  bool IsSecondField(const AccessUnitInfo& info);

  const Codec codec_;
  const int64_t described_ns_;
  const std::unique_ptr<AccessUnitParser> parser_;
  CapsPtr caps_;  // The last caps whose codec data was read.
  size_t largest_codec_data_ = 0;
  Gate gate_;
  GopCache cache_;
  OutputOrder order_;
  AccessUnitInfo::Field open_field_ = AccessUnitInfo::Field::kNone;  // A first field that waits for its second.
  uint32_t open_frame_num_ = 0;
  StreamMeter meter_;
  KeyRhythm keys_;  // Of key pictures that stand alone.
  bool keys_stand_alone_;
  int64_t gate_closed_since_ns_ = 0;
  int64_t last_key_ns_ = 0;
  bool first_ = true;
  bool began_with_key_ = false;
  uint64_t passed_ = 0, dropped_ = 0, received_bytes_ = 0;
};

}  // namespace framegate
