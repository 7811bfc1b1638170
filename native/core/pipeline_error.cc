// Maps GStreamer's errors to ours. Any thread.
#include "pipeline_error.h"

#include <cstring>

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

void Classify(const GError* error, const char* debug, PipelineError* out) {
  const int status = out->rtsp_status;
  auto set = [out](const char* code, const char* message) {
    out->code = code;
    out->message = message;
  };
  if (status == 401 || status == 403 || g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED)) {
    return set("ERR_SOURCE_UNAUTHORIZED", "the user name or password was refused");
  }
  if (status == 404 || g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND)) {
    return set("ERR_SOURCE_NOT_FOUND", "there is no such path");
  }
  if (status == 453 || status == 503) {
    return set("ERR_SOURCE_BUSY", "it has no capacity left for another session");
  }
  // rtspsrc does not tell the number of a 461: "... You might need to allow more transport protocols ...".
  if (status == 461 || std::strstr(error->message, "more transport protocols")) {
    return set("ERR_SOURCE_TRANSPORT", "it does not take this transport");
  }
  // rtspsrc has no code for it: "Could not receive message. (Timeout while waiting for server response)".
  if (debug && std::strstr(debug, "Timeout while waiting")) return set("ERR_SOURCE_TIMEOUT", "it does not answer");
  if (error->domain == GST_RESOURCE_ERROR) {
    switch (error->code) {
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
        return set("ERR_SOURCE_UNREACHABLE", "it cannot be reached");
      case GST_RESOURCE_ERROR_SETTINGS:
        return set("ERR_SOURCE_NO_VIDEO", "it offers no media");
      default:
        return set("ERR_SOURCE_READ", "the connection failed or was closed");
    }
  }
  if (error->domain == GST_STREAM_ERROR) {
    if (error->code == GST_STREAM_ERROR_CODEC_NOT_FOUND || error->code == GST_STREAM_ERROR_WRONG_TYPE) {
      return set("ERR_CODEC_UNSUPPORTED", "its codec or transport is not supported");
    }
    return set("ERR_SOURCE_STREAM", "its stream broke off or changed");
  }
  if (g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    return set("ERR_CODEC_UNSUPPORTED", "no installed GStreamer plugin decodes its stream");
  }
  set("ERR_PIPELINE", "GStreamer reported an error");
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
  }
  if (gerror) {
    Classify(gerror, debug, &error);
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
