#include "i420_converter.h"

namespace framegate {

SamplePtr I420Converter::Convert(GstSample* raw) {
  if (!chain_ && !Open()) return nullptr;
  converted_.reset();
  if (chain_->Push(raw) != GST_FLOW_OK || !converted_) chain_.reset();
  return std::move(converted_);
}

bool I420Converter::Open() {
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

}  // namespace framegate
