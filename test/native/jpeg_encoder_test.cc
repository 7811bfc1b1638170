// Both encoders make the same picture, with the colours that the video means.
#include "core/jpeg_encoder.h"

#include <gst/app/gstappsink.h>
#include <turbojpeg.h>

#include <cstdlib>

#include "check.h"

using namespace framegate;

namespace {

SamplePtr Raw(const char* caps, const char* pattern) {
  const std::string description =
      std::string("videotestsrc num-buffers=1 pattern=") + pattern + " ! " + caps + " ! appsink name=sink sync=false";
  GstElement* pipeline = gst_parse_launch(description.c_str(), nullptr);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  SamplePtr sample(gst_app_sink_pull_sample(GST_APP_SINK(sink)));
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  return sample;
}

// libyuv holds the coefficients of BT.709 in 7 bits: saturated blue is 14 off.
constexpr int kTolerance = 16;

struct Rgb {
  int r = -1, g = -1, b = -1;
};

Rgb CentreOf(const JpegPicture& picture, int* width, int* height) {
  tjhandle handle = tjInitDecompress();
  int subsampling = 0, colourspace = 0;
  Rgb centre;
  if (tjDecompressHeader3(handle, picture.jpeg.data(), picture.jpeg.size(), width, height, &subsampling,
                          &colourspace) == 0) {
    std::vector<uint8_t> pixels(static_cast<size_t>(*width) * *height * 3);
    if (tjDecompress2(handle, picture.jpeg.data(), picture.jpeg.size(), pixels.data(), *width, 0, *height, TJPF_RGB,
                      0) == 0) {
      const uint8_t* at = &pixels[(static_cast<size_t>(*height / 2) * *width + *width / 2) * 3];
      centre = {at[0], at[1], at[2]};
    }
  }
  tjDestroy(handle);
  return centre;
}

void CheckColour(const char* caps, const char* pattern, Rgb expected) {
  SamplePtr raw = Raw(caps, pattern);
  CHECK(raw != nullptr);
  GstVideoInfo info;
  CHECK(gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get())));
  CHECK(FastJpegEncoderTakes(info));
  for (auto& encoder : {MakeFastJpegEncoder, MakeConvertingJpegEncoder}) {
    JpegPicture picture;
    CHECK(encoder()->Encode(raw.get(), info, 320, 90, &picture));
    int width = 0, height = 0;
    const Rgb centre = CentreOf(picture, &width, &height);
    CHECK_EQ(width, 320);
    CHECK_EQ(height, 180);
    CHECK_EQ(picture.width, width);
    const bool close = std::abs(centre.r - expected.r) <= kTolerance && std::abs(centre.g - expected.g) <= kTolerance &&
                       std::abs(centre.b - expected.b) <= kTolerance;
    if (!close) std::fprintf(stderr, "%s %s: %d %d %d\n", caps, pattern, centre.r, centre.g, centre.b);
    CHECK(close);
  }
}

TEST(SizesKeepTheShapeAndNeverGrow) {
  int width = 0, height = 0;
  ScaledSize(768, 432, 640, &width, &height);
  CHECK_EQ(width, 640);
  CHECK_EQ(height, 360);
  ScaledSize(640, 480, 0, &width, &height);
  CHECK_EQ(width, 640);
  ScaledSize(640, 480, 1920, &width, &height);  // Never up.
  CHECK_EQ(width, 640);
  CHECK_EQ(height, 480);
  ScaledSize(1920, 1080, 321, &width, &height);
  CHECK_EQ(width, 320);
  CHECK_EQ(height, 180);
  ScaledSize(4000, 16, 16, &width, &height);
  CHECK_EQ(height, 2);
}

TEST(OddSizesAndOtherFormats) {
  for (const char* caps :
       {"video/x-raw,format=I420,width=321,height=241", "video/x-raw,format=NV12,width=320,height=240",
        "video/x-raw,format=I420_10LE,width=320,height=240", "video/x-raw,format=Y42B,width=322,height=240"}) {
    SamplePtr raw = Raw(caps, "smpte");
    GstVideoInfo info;
    CHECK(gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get())));
    JpegPicture picture;
    auto encoder = FastJpegEncoderTakes(info) ? MakeFastJpegEncoder() : MakeConvertingJpegEncoder();
    CHECK(encoder->Encode(raw.get(), info, 0, 80, &picture));
    int width = 0, height = 0;
    CentreOf(picture, &width, &height);
    CHECK_EQ(width, GST_VIDEO_INFO_WIDTH(&info));
    CHECK_EQ(height, GST_VIDEO_INFO_HEIGHT(&info));
  }
}

TEST(ColoursAreWhatTheVideoMeans) {
  for (const char* matrix : {"bt601", "bt709"}) {
    const std::string caps = std::string("video/x-raw,format=I420,width=640,height=360,colorimetry=") + matrix;
    CheckColour(caps.c_str(), "black", {0, 0, 0});
    CheckColour(caps.c_str(), "white", {255, 255, 255});
    CheckColour(caps.c_str(), "red", {255, 0, 0});
    CheckColour(caps.c_str(), "green", {0, 255, 0});
    CheckColour(caps.c_str(), "blue", {0, 0, 255});
  }
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
