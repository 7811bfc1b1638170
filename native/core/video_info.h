// Format and colors of decoded video.
#pragma once

#include <gst/video/video.h>

#include <cstring>

namespace framegate {

// Many cameras declare full range but no matrix ("1:0:0:0"). gst_video_info_from_caps() then discards the range too,
// and takes default colors, which have limited range.
inline bool ReadVideoInfo(const GstCaps* caps, GstVideoInfo* info) {
  if (!caps || !gst_video_info_from_caps(info, caps)) return false;
  const char* colors = gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
  const bool full = colors && std::strncmp(colors, "1:", 2) == 0;
  if (full && GST_VIDEO_INFO_IS_YUV(info)) info->colorimetry.range = GST_VIDEO_COLOR_RANGE_0_255;
  return true;
}

}  // namespace framegate
