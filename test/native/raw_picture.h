// Returns one picture of videotestsrc.
#pragma once

#include <gst/app/gstappsink.h>

#include <string>

#include "core/gst_ptr.h"

inline framegate::SamplePtr RawPicture(const char* caps, const char* pattern) {
  const std::string description =
      std::string("videotestsrc num-buffers=1 pattern=") + pattern + " ! " + caps + " ! appsink name=sink sync=false";
  GstElement* pipeline = gst_parse_launch(description.c_str(), nullptr);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  framegate::SamplePtr sample(gst_app_sink_pull_sample(GST_APP_SINK(sink)));
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  return sample;
}
