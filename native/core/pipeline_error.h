// One shape for everything that can end a camera's session.
#pragma once

#include <gst/gst.h>

#include <string>

namespace framegate {

struct PipelineError {
  std::string code;     // ERR_SOURCE_..., stable; the list is in src/errors.ts.
  std::string message;  // For people; never holds a URL.
  std::string domain;   // GStreamer's error domain, "" where the error is ours.
  std::string nick;     // The code's name in that domain, as GStreamer registers it.
  std::string element;  // The element that posted it.
  std::string debug;    // GStreamer's own words, for the log.
  int rtsp_status = 0;  // RTSP status code of the answer, 0 where there was none.

  bool empty() const { return code.empty(); }
};

PipelineError MakeError(std::string code, std::string message);

// From a GST_MESSAGE_ERROR or GST_MESSAGE_WARNING.
PipelineError ErrorFromMessage(GstMessage* message);

}  // namespace framegate
