// JPEGs have the right colors, from I420 and from formats that are converted to it.
#include "core/jpeg_encoder.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cstdlib>

#include "check.h"
#include "core/i420_converter.h"
#include "raw_picture.h"

using namespace framegate;

namespace {

// libyuv has 7-bit coefficients for BT.709: saturated blue is off by 14.
constexpr int kTolerance = 16;

struct Rgb {
  int r = -1, g = -1, b = -1;
};

using Jpeg = std::vector<uint8_t>;

Jpeg Encode(GstSample* raw, const GstVideoInfo& info, int width, int quality) {
  const MappedPicture whole(raw, info);
  PictureScaler scaler;
  I420View picture;
  Jpeg jpeg;
  CHECK(whole.mapped() && scaler.Scale(whole.view(), width, &picture));
  CHECK(JpegEncoder().Encode(picture, quality, &jpeg));
  return jpeg;
}

Rgb CenterOf(const Jpeg& jpeg, int* width, int* height) {
  tjhandle handle = tjInitDecompress();
  int subsampling = 0, color_space = 0;
  Rgb center;
  if (tjDecompressHeader3(handle, jpeg.data(), jpeg.size(), width, height, &subsampling, &color_space) == 0) {
    std::vector<uint8_t> pixels(static_cast<size_t>(*width) * *height * 3);
    if (tjDecompress2(handle, jpeg.data(), jpeg.size(), pixels.data(), *width, 0, *height, TJPF_RGB, 0) == 0) {
      const uint8_t* at = &pixels[(static_cast<size_t>(*height / 2) * *width + *width / 2) * 3];
      center = {at[0], at[1], at[2]};
    }
  }
  tjDestroy(handle);
  return center;
}

void CheckColor(const char* caps, const char* pattern, Rgb expected) {
  SamplePtr raw = RawPicture(caps, pattern);
  CHECK(raw != nullptr);
  GstVideoInfo info;
  CHECK(gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get())));
  CHECK(IsI420(info));
  I420Converter converter;
  const SamplePtr converted = converter.Convert(raw.get());
  for (GstSample* sample : {raw.get(), converted.get()}) {
    int width = 0, height = 0;
    const Rgb center = CenterOf(Encode(sample, info, 320, 90), &width, &height);
    CHECK_EQ(width, 320);
    CHECK_EQ(height, 180);
    const bool close = std::abs(center.r - expected.r) <= kTolerance && std::abs(center.g - expected.g) <= kTolerance &&
                       std::abs(center.b - expected.b) <= kTolerance;
    if (!close) std::fprintf(stderr, "%s %s: %d %d %d\n", caps, pattern, center.r, center.g, center.b);
    CHECK(close);
  }
}

TEST(SizesKeepTheAspectRatioAndNeverGrow) {
  int width = 0, height = 0;
  ScaledSize(768, 432, 640, &width, &height);
  CHECK_EQ(width, 640);
  CHECK_EQ(height, 360);
  ScaledSize(640, 480, 0, &width, &height);
  CHECK_EQ(width, 640);
  ScaledSize(640, 480, 1920, &width, &height);  // Never scaled up.
  CHECK_EQ(width, 640);
  CHECK_EQ(height, 480);
  ScaledSize(1920, 1080, 321, &width, &height);
  CHECK_EQ(width, 320);
  CHECK_EQ(height, 180);
  ScaledSize(4000, 16, 16, &width, &height);
  CHECK_EQ(height, 2);
}

// Each value of the picture is the mean of the source's pixels that it covers.
void CheckMeans(int source_width, int source_height, int width) {
  std::vector<uint8_t> bytes(static_cast<size_t>(source_width) * source_height * 3 / 2);
  uint32_t state = 1;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  I420View source;
  source.width = source_width;
  source.height = source_height;
  const size_t luma = static_cast<size_t>(source_width) * source_height;
  source.planes[0] = bytes.data();
  source.planes[1] = bytes.data() + luma;
  source.planes[2] = source.planes[1] + luma / 4;
  source.strides[0] = source_width;
  source.strides[1] = source.strides[2] = source_width / 2;
  PictureScaler scaler;
  I420View scaled;
  CHECK(scaler.Scale(source, width, &scaled));
  CHECK_EQ(scaled.width, width);
  const int factor = source_width / width;
  int most = 0;
  double sum = 0, count = 0;
  for (int plane = 0; plane < 3; ++plane) {
    const int columns = plane == 0 ? scaled.width : scaled.width / 2;
    const int rows = plane == 0 ? scaled.height : scaled.height / 2;
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        int total = 0;
        for (int dy = 0; dy < factor; ++dy) {
          const uint8_t* row = source.planes[plane] + (y * factor + dy) * source.strides[plane] + x * factor;
          for (int dx = 0; dx < factor; ++dx) total += row[dx];
        }
        const int mean = (total + factor * factor / 2) / (factor * factor);
        const int difference = scaled.planes[plane][y * scaled.strides[plane] + x] - mean;
        most = std::max(most, std::abs(difference));
        sum += difference;
        ++count;
      }
    }
  }
  CHECK(most <= 2);
  CHECK(std::abs(sum / count) < 0.6);  // libyuv's box filter rounds down.
}

TEST(ScaledPicturesAreMeans) {
  CheckMeans(1920, 1080, 960);
  CheckMeans(1920, 1080, 640);
  CheckMeans(1944, 108, 648);
  CheckMeans(150, 90, 50);
  CheckMeans(48, 48, 16);
  CheckMeans(1280, 720, 320);
  CheckMeans(1600, 900, 320);
}

TEST(OddSizesAndOtherFormats) {
  for (const char* caps :
       {"video/x-raw,format=I420,width=321,height=241", "video/x-raw,format=NV12,width=320,height=240",
        "video/x-raw,format=I420_10LE,width=320,height=240", "video/x-raw,format=Y42B,width=322,height=240"}) {
    SamplePtr raw = RawPicture(caps, "smpte");
    GstVideoInfo info;
    CHECK(gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get())));
    I420Converter converter;
    if (!IsI420(info)) raw = converter.Convert(raw.get());
    CHECK(gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get())));
    CHECK(IsI420(info));
    int width = 0, height = 0;
    CenterOf(Encode(raw.get(), info, 0, 80), &width, &height);
    CHECK_EQ(width, GST_VIDEO_INFO_WIDTH(&info));
    CHECK_EQ(height, GST_VIDEO_INFO_HEIGHT(&info));
  }
}

TEST(JpegsHaveTheColorsOfTheVideo) {
  for (const char* matrix : {"bt601", "bt709"}) {
    const std::string caps = std::string("video/x-raw,format=I420,width=640,height=360,colorimetry=") + matrix;
    CheckColor(caps.c_str(), "black", {0, 0, 0});
    CheckColor(caps.c_str(), "white", {255, 255, 255});
    CheckColor(caps.c_str(), "red", {255, 0, 0});
    CheckColor(caps.c_str(), "green", {0, 255, 0});
    CheckColor(caps.c_str(), "blue", {0, 0, 255});
  }
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
