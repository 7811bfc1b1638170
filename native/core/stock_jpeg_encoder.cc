// What GStreamer's own elements do: videoconvert for formats that the fast path does
// not take, and videoscale ! jpegenc as the bench's comparison. Decode thread.
#include "element_chain.h"
#include "jpeg_encoder.h"

namespace framegate {
namespace {

class StockJpegEncoder final : public JpegEncoder {
 public:
  bool Encode(GstSample* raw, const GstVideoInfo& info, int wanted_width, int quality, JpegPicture* out) override {
    int width = 0, height = 0;
    ScaledSize(GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info), wanted_width, &width, &height);
    if (width != width_ || height != height_ || quality != quality_) {
      if (!Open(width, height, quality)) return false;
    }
    jpeg_.reset();
    if (chain_->Push(raw) != GST_FLOW_OK || !jpeg_) {
      width_ = 0;  // Build it anew for the next frame.
      return false;
    }
    ReadMap map(gst_sample_get_buffer(jpeg_.get()));
    out->jpeg.assign(map.data(), map.data() + map.size());
    out->width = width;
    out->height = height;
    return !out->jpeg.empty();
  }

 private:
  bool Open(int width, int height, int quality) {
    chain_ = std::make_unique<ElementChain>();
    GstElement* filter = MakeElement("capsfilter");
    if (filter) {
      CapsPtr caps(gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, width,
                                       "height", G_TYPE_INT, height, nullptr));
      g_object_set(filter, "caps", caps.get(), nullptr);
    }
    const std::string properties = "snapshot=false quality=" + std::to_string(quality);
    if (!chain_->Open({MakeElement("videoconvert"), MakeElement("videoscale", "add-borders=false"), filter,
                       MakeElement("jpegenc", properties.c_str())},
                      [this](SamplePtr sample) { jpeg_ = std::move(sample); })) {
      chain_.reset();
      return false;
    }
    width_ = width;
    height_ = height;
    quality_ = quality;
    return true;
  }

  std::unique_ptr<ElementChain> chain_;
  SamplePtr jpeg_;
  int width_ = 0, height_ = 0, quality_ = 0;
};

// Makes I420 of anything and leaves its colours alone: videoconvert of 1.22 does not
// convert between ranges where the formats are equal, so that is the fast path's work.
class ConvertingJpegEncoder final : public JpegEncoder {
 public:
  bool Encode(GstSample* raw, const GstVideoInfo&, int width, int quality, JpegPicture* out) override {
    if (!chain_ && !Open()) return false;
    converted_.reset();
    GstVideoInfo info;
    if (chain_->Push(raw) != GST_FLOW_OK || !converted_ ||
        !gst_video_info_from_caps(&info, gst_sample_get_caps(converted_.get()))) {
      chain_.reset();
      return false;
    }
    return fast_->Encode(converted_.get(), info, width, quality, out);
  }

 private:
  bool Open() {
    GstElement* filter = MakeElement("capsfilter");
    if (filter) gst_util_set_object_arg(G_OBJECT(filter), "caps", "video/x-raw,format=I420");
    chain_ = std::make_unique<ElementChain>();
    if (chain_->Open({MakeElement("videoconvert"), filter},
                     [this](SamplePtr sample) { converted_ = std::move(sample); })) {
      return true;
    }
    chain_.reset();
    return false;
  }

  const std::unique_ptr<JpegEncoder> fast_ = MakeFastJpegEncoder();
  std::unique_ptr<ElementChain> chain_;
  SamplePtr converted_;
};

}  // namespace

std::unique_ptr<JpegEncoder> MakeConvertingJpegEncoder() { return std::make_unique<ConvertingJpegEncoder>(); }

std::unique_ptr<JpegEncoder> MakeStockJpegEncoder() { return std::make_unique<StockJpegEncoder>(); }

}  // namespace framegate
