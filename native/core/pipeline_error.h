// Why a camera's session ended.
#pragma once

#include <gst/gst.h>

#include <string>

namespace framegate {

struct PipelineError {
  std::string code;     // One of error_codes.h.
  std::string message;  // For people; never contains a URL.
  std::string domain;   // GStreamer's error domain; "" if the error is Framegate's own.
  std::string nick;     // GStreamer's name of the error in that domain.
  std::string element;  // The element that posted it.
  std::string debug;    // GStreamer's message, for the log.
  int rtsp_status = 0;  // Status of the RTSP response; 0: none.

  bool empty() const { return code.empty(); }
};

PipelineError MakeError(std::string code, std::string message);

// From a GST_MESSAGE_ERROR or GST_MESSAGE_WARNING.
PipelineError ErrorFromMessage(GstMessage* message);

}  // namespace framegate
