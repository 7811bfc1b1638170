// Every error code that C++ reports. src/error-codes.ts explains each to users; a test keeps the two in step.
#pragma once

namespace framegate::error_code {

// The camera, or the network in between.
inline constexpr char kSourceUnreachable[] = "ERR_SOURCE_UNREACHABLE";
inline constexpr char kSourceTimeout[] = "ERR_SOURCE_TIMEOUT";
inline constexpr char kSourceUnauthorized[] = "ERR_SOURCE_UNAUTHORIZED";
inline constexpr char kSourceNotFound[] = "ERR_SOURCE_NOT_FOUND";
inline constexpr char kSourceBusy[] = "ERR_SOURCE_BUSY";
inline constexpr char kSourceTransport[] = "ERR_SOURCE_TRANSPORT";
inline constexpr char kSourceNoVideo[] = "ERR_SOURCE_NO_VIDEO";
inline constexpr char kSourceRead[] = "ERR_SOURCE_READ";
inline constexpr char kSourceStream[] = "ERR_SOURCE_STREAM";
inline constexpr char kSourceClosed[] = "ERR_SOURCE_CLOSED";
inline constexpr char kSourceSilent[] = "ERR_SOURCE_SILENT";
inline constexpr char kSourceTls[] = "ERR_SOURCE_TLS";
inline constexpr char kSourceLate[] = "ERR_SOURCE_LATE";

// Its pictures.
inline constexpr char kCodecUnsupported[] = "ERR_CODEC_UNSUPPORTED";
inline constexpr char kNoKeyFrame[] = "ERR_NO_KEY_FRAME";
inline constexpr char kDecode[] = "ERR_DECODE";
inline constexpr char kNotShown[] = "ERR_NOT_SHOWN";
inline constexpr char kEncode[] = "ERR_ENCODE";

// GStreamer on this machine.
inline constexpr char kPipeline[] = "ERR_PIPELINE";
inline constexpr char kPipelineBuild[] = "ERR_PIPELINE_BUILD";

// Close() was called.
inline constexpr char kClosed[] = "ERR_CLOSED";

}  // namespace framegate::error_code
