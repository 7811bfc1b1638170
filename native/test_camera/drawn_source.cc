// Draws each frame into a pooled buffer when it is due (feeder thread).
#include "drawn_source.h"

DrawnSource::DrawnSource(const Options& options) {
  Change(options.width, options.height, options.fps_num, options.fps_den);
}

void DrawnSource::Change(int width, int height, int fps_num, int fps_den) {
  if (caps_ != nullptr) {
    rate_since_ns_ = NextDue();
    rate_since_ = next_;
  }
  Release();
  picture_ = std::make_unique<Picture>(width, height);
  gst_video_info_set_format(&info_, GST_VIDEO_FORMAT_I420, width, height);
  GST_VIDEO_INFO_FPS_N(&info_) = fps_num;
  GST_VIDEO_INFO_FPS_D(&info_) = fps_den;
  gst_video_colorimetry_from_string(&info_.colorimetry, height > 576 ? "bt709" : "bt601");
  caps_ = gst_video_info_to_caps(&info_);
  // A pool, because allocating each frame costs more than drawing it.
  pool_ = gst_buffer_pool_new();
  GstStructure* config = gst_buffer_pool_get_config(pool_);
  gst_buffer_pool_config_set_params(config, caps_, GST_VIDEO_INFO_SIZE(&info_), 2, 0);
  gst_buffer_pool_set_config(pool_, config);
  gst_buffer_pool_set_active(pool_, TRUE);
}

void DrawnSource::Release() {
  if (caps_ == nullptr) return;
  gst_buffer_pool_set_active(pool_, FALSE);
  gst_object_unref(pool_);
  gst_caps_unref(caps_);
}

DrawnSource::~DrawnSource() { Release(); }

uint64_t DrawnSource::NextDue() const {
  return rate_since_ns_ +
         gst_util_uint64_scale(next_ - rate_since_, static_cast<uint64_t>(info_.fps_d) * GST_SECOND, info_.fps_n);
}

GstBuffer* DrawnSource::Take() {
  GstBuffer* buffer = nullptr;
  GstMapInfo map;
  if (gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) != GST_FLOW_OK) return nullptr;
  if (!gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
    gst_buffer_unref(buffer);
    return nullptr;
  }
  Plane planes[3];
  for (int i = 0; i < 3; ++i) {
    planes[i] = {map.data + GST_VIDEO_INFO_PLANE_OFFSET(&info_, i), GST_VIDEO_INFO_PLANE_STRIDE(&info_, i)};
  }
  picture_->Draw(static_cast<uint32_t>(next_), planes);
  gst_buffer_unmap(buffer, &map);
  GST_BUFFER_PTS(buffer) = NextDue();
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  ++next_;
  GST_BUFFER_DURATION(buffer) = NextDue() - GST_BUFFER_PTS(buffer);
  return buffer;
}
