// Encodes a short video with a real encoder and returns its access units as the receiver sees them (avc, hvc1).
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <string>
#include <vector>

struct EncodedUnit {
  std::vector<uint8_t> bytes;
  bool delta = false;  // According to GStreamer.
};

struct EncodedStream {
  std::vector<uint8_t> codec_data;
  std::vector<EncodedUnit> units;
};

inline EncodedStream Encode(const std::string& encoder, const std::string& caps, int frames, int width = 320,
                            int height = 240) {
  EncodedStream stream;
  const std::string description = "videotestsrc pattern=ball num-buffers=" + std::to_string(frames) +
                                  " ! video/x-raw,format=I420,framerate=25/1,width=" + std::to_string(width) +
                                  ",height=" + std::to_string(height) + " ! " + encoder + " ! " + caps +
                                  " ! appsink name=sink sync=false";
  GstElement* pipeline = gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, nullptr);
  if (!pipeline) return stream;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(sink))) {
    const GValue* value = gst_structure_get_value(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "codec_data");
    GstMapInfo map;
    if (value) {
      GstBuffer* data = gst_value_get_buffer(value);
      gst_buffer_map(data, &map, GST_MAP_READ);
      stream.codec_data.assign(map.data, map.data + map.size);
      gst_buffer_unmap(data, &map);
    }
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    gst_buffer_map(buffer, &map, GST_MAP_READ);
    stream.units.push_back(
        {{map.data, map.data + map.size}, GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) != 0});
    gst_buffer_unmap(buffer, &map);
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  return stream;
}
