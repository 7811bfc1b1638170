// Plain types that core and the addon share. No GStreamer, no Node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "latency_histogram.h"

namespace framegate {

enum class Codec { kH264, kH265, kMjpeg, kMpeg4, kVp8, kVp9 };

struct SourceOptions {
  std::string url;   // rtsp:// or rtsps://, without credentials.
  std::string user;  // Empty: none.
  std::string password;
  std::string user_agent;
  std::string relay_url;          // Where a MediaMTX serves the camera that connects to it; empty: none does.
  bool direct = false;            // This process connects to the camera.
  bool tap = false;               // The same, and MediaMTX pulls from front_url(): the packets are taken on the way.
  std::string tls_fingerprint;    // SHA-256 of the certificate, 64 digits in lower case; empty: none.
  std::string transport = "tcp";  // tcp or udp.
  int latency_ms = 0;             // Reorder window of the jitter buffer.
  int connect_timeout_ms = 5000;  // For the connection and for each response.
  int first_frame_timeout_ms = 10000;  // From the start to the first packet.
  bool camera_time = true;             // RTCP sender reports come from the camera, not from MediaMTX.
  bool begins_with_key = false;        // New sessions of this camera are known to begin with a key picture.
};

// One size, rate and quality of a camera's frames.
struct Rendition {
  std::string id;         // The ZeroMQ topic.
  int width = 0;          // 16 to 7680 pixels; 0, or more than the camera's: the camera's width.
  double fps = 20;        // Maximum; 0.1 to 120.
  int jpeg_quality = 80;  // 1 to 100.
  bool jpeg = true;       // Readers want JPEGs; raw frames alone otherwise.
};

struct StreamInfo {
  std::string codec;   // h264, h265, mjpeg, mpeg4, vp8 or vp9.
  bool audio = false;  // The SDP also offers an audio track.
};

// The most that a stream has announced so far.
struct Announced {
  uint64_t largest_picture = 0;  // Pixels, before cropping.
  // What its decoder needs, as the pixels of a stream with one reference picture that needs as much.
  uint64_t decoder_pixels = 0;

  bool operator==(const Announced& other) const {
    return largest_picture == other.largest_picture && decoder_pixels == other.decoder_pixels;
  }
};

struct JpegFrame {
  std::string rendition;
  std::vector<uint8_t> jpeg;  // FF D8 ... FF D9
  int width = 0, height = 0;
  int source_width = 0, source_height = 0;
  int64_t received_at_us = 0;
  int64_t captured_at_us = -1;  // -1: unknown.
};

enum class Decoding { kNo, kAll, kKeyFrames };

struct PipelineStats {
  double fps = 0;             // Whole frames per second from the camera.
  int64_t age_ns = -1;        // Since the newest whole frame arrived; -1: none yet.
  uint64_t access_units = 0;  // That passed the gate.
  uint64_t gate_dropped = 0;  // Access units that did not.
  uint64_t encoded = 0;       // JPEGs, including overwritten ones.
  uint64_t lent = 0;          // Raw frames for local readers.
  uint64_t late = 0;          // Pictures too late to publish.
  uint64_t overwritten = 0;   // JPEGs replaced by a newer one before JS took them.
  int width = 0, height = 0;
  int gop_length = 0;           // Frames between the last two key pictures; 0: unknown.
  bool b_frames = false;        // Pictures arrive in another order than they are shown.
  bool began_with_key = false;  // The session's first picture was a whole key picture.
  Decoding decoding = Decoding::kNo;
  int64_t waiting_for_key_ns = -1;  // How long it has waited for a key picture; -1: it does not.
  double cpu_percent = -1;          // Of one core, over the last seconds; -1: unknown.
  bool pauses = false;              // Nothing has arrived since the newest whole frame, and no frame is overdue.
};

// What a session has counted, for monitoring.
struct PipelineCounters {
  uint64_t bytes = 0;        // Of video, without packet headers.
  uint64_t received = 0;     // Frames from the camera.
  uint64_t gated = 0;        // Of these, the gate dropped: damaged, or without a key frame to begin with.
  uint64_t skipped = 0;      // Not decoded: the decoder was behind, or waited for a key frame after damage.
  uint64_t damaged = 0;      // The decoder reported damage.
  uint64_t decoded = 0;      // Pictures.
  uint64_t late = 0;         // Too late to show.
  uint64_t shown = 0;        // Given to readers, in at least one rendition.
  uint64_t encoded = 0;      // JPEGs.
  uint64_t overwritten = 0;  // JPEGs replaced by a newer one before JS took them.
  uint64_t lent = 0;         // Raw frames for local readers.
  int64_t decode_cpu_ns = 0;
  int64_t cpu_ns = 0;  // Of all threads of the session.
  // From the arrival that the sender's clock makes us expect to the last packet; from there to the picture; from there
  // to its JPEGs and raw frames; from the last packet to these.
  LatencyHistogram::Counts network, decode, encode, age;
};

}  // namespace framegate
