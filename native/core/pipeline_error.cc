// Maps GStreamer's errors to ours. Any thread.
#include "pipeline_error.h"

#include <cstring>

#include "error_codes.h"
#include "gst_ptr.h"

namespace framegate {
namespace {

std::string Nick(const GError* error) {
  GType type = G_TYPE_INVALID;
  if (error->domain == GST_RESOURCE_ERROR) type = GST_TYPE_RESOURCE_ERROR;
  if (error->domain == GST_STREAM_ERROR) type = GST_TYPE_STREAM_ERROR;
  if (error->domain == GST_CORE_ERROR) type = GST_TYPE_CORE_ERROR;
  if (error->domain == GST_LIBRARY_ERROR) type = GST_TYPE_LIBRARY_ERROR;
  if (type == G_TYPE_INVALID) return std::to_string(error->code);
  auto* enum_class = static_cast<GEnumClass*>(g_type_class_ref(type));
  const GEnumValue* value = g_enum_get_value(enum_class, error->code);
  std::string nick = value ? value->value_nick : std::to_string(error->code);
  g_type_class_unref(enum_class);
  return nick;
}

struct Meaning {
  const char* code;
  const char* message;
};

constexpr Meaning kUnauthorized = {error_code::kSourceUnauthorized, "the camera refused the user name or password"};
constexpr Meaning kNotFound = {error_code::kSourceNotFound, "the camera has no such path"};
constexpr Meaning kBusy = {error_code::kSourceBusy, "the camera has no capacity for another session"};
constexpr Meaning kTransport = {error_code::kSourceTransport, "the camera does not take this transport"};

// The same table as codeOfRtspStatus of src/rtsp-status.ts.
const Meaning* MeaningOfStatus(int status) {
  switch (status) {
    case 401:
    case 403:
      return &kUnauthorized;
    case 404:
    case 454:
      return &kNotFound;
    case 453:
    case 503:
      return &kBusy;
    case 461:
      return &kTransport;
    default:
      return nullptr;
  }
}

// rtspsrc gives the status of a refused SETUP in its debug text only: "Error (453): Not Enough Bandwidth".
int StatusInText(const char* debug) {
  constexpr char kBefore[] = "Error (";
  const char* found = debug ? std::strstr(debug, kBefore) : nullptr;
  const int64_t status = found ? g_ascii_strtoll(found + std::strlen(kBefore), nullptr, 10) : 0;
  return status >= 300 && status < 600 ? static_cast<int>(status) : 0;
}

Meaning Classify(const GError* error, const char* debug, int rtsp_status) {
  if (const Meaning* meaning = MeaningOfStatus(rtsp_status)) return *meaning;
  // For a 461, rtspsrc gives no status: "... You might need to allow more transport protocols ...".
  if (std::strstr(error->message, "more transport protocols")) return kTransport;
  // For this timeout, rtspsrc has no code: "Could not receive message. (Timeout while waiting for server response)".
  if (debug && std::strstr(debug, "Timeout while waiting")) {
    return {error_code::kSourceTimeout, "the camera did not respond"};
  }
  if (debug && (std::strstr(debug, "TLS") || std::strstr(debug, "certificate"))) {
    return {error_code::kSourceTls, "the TLS connection to the camera failed"};
  }
  if (error->domain == GST_RESOURCE_ERROR) {
    switch (error->code) {
      case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
        return kUnauthorized;
      case GST_RESOURCE_ERROR_NOT_FOUND:
        return kNotFound;
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
        return {error_code::kSourceUnreachable, "the camera cannot be reached"};
      case GST_RESOURCE_ERROR_SETTINGS:
        return {error_code::kSourceNoVideo, "the camera offers no media"};
      default:
        return {error_code::kSourceRead, "the connection failed or was closed"};
    }
  }
  if (error->domain == GST_STREAM_ERROR) {
    if (error->code == GST_STREAM_ERROR_CODEC_NOT_FOUND || error->code == GST_STREAM_ERROR_WRONG_TYPE) {
      return {error_code::kCodecUnsupported, "the camera's codec or transport is not supported"};
    }
    return {error_code::kSourceStream, "the stream broke off or changed its format"};
  }
  if (g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    return {error_code::kCodecUnsupported, "GStreamer on this machine cannot decode the codec"};
  }
  return {error_code::kPipeline, "GStreamer reported an error"};
}

}  // namespace

PipelineError MakeError(std::string code, std::string message) {
  PipelineError error;
  error.code = std::move(code);
  error.message = std::move(message);
  return error;
}

PipelineError ErrorFromMessage(GstMessage* message) {
  GError* gerror = nullptr;
  gchar* debug = nullptr;
  const GstStructure* details = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning(message, &gerror, &debug);
    gst_message_parse_warning_details(message, &details);
  } else {
    gst_message_parse_error(message, &gerror, &debug);
    gst_message_parse_error_details(message, &details);
  }
  PipelineError error;
  guint status = 0;
  if (details && gst_structure_get_uint(details, "rtsp-status-code", &status)) {
    error.rtsp_status = static_cast<int>(status);
  } else {
    error.rtsp_status = StatusInText(debug);
  }
  if (gerror) {
    const Meaning meaning = Classify(gerror, debug, error.rtsp_status);
    error.code = meaning.code;
    error.message = meaning.message;
    error.domain = g_quark_to_string(gerror->domain);
    error.nick = Nick(gerror);
    error.debug = gerror->message;
  }
  if (debug) error.debug += std::string(error.debug.empty() ? "" : "; ") + debug;
  if (GST_MESSAGE_SRC(message)) error.element = GST_MESSAGE_SRC_NAME(message);
  g_clear_error(&gerror);
  g_free(debug);
  return error;
}

}  // namespace framegate
