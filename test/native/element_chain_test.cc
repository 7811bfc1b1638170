// The pictures that the decoding elements pass on, compared with those of a pipeline that copies each one.
#include "core/element_chain.h"

#include <glib/gstdio.h>
#include <gst/video/video.h>

#include <cstring>
#include <string>
#include <vector>

#include "check.h"

using namespace framegate;

namespace {

struct Pictures {
  std::vector<std::string> visible;  // Each picture's rows, without padding.
  std::vector<std::string> sizes;
  int copied = 0;

  void Add(GstSample* sample) {
    GstVideoInfo info;
    CHECK(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    GstVideoFrame frame;
    CHECK(gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ));
    std::string rows;
    for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame); ++plane) {
      const auto bytes =
          static_cast<size_t>(GST_VIDEO_FRAME_COMP_WIDTH(&frame, plane)) * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, plane);
      for (int row = 0; row < GST_VIDEO_FRAME_COMP_HEIGHT(&frame, plane); ++row) {
        const auto* begin = static_cast<const char*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane)) +
                            static_cast<ptrdiff_t>(row) * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
        rows.append(begin, bytes);
      }
    }
    gst_video_frame_unmap(&frame);
    visible.push_back(std::move(rows));
    sizes.push_back(std::to_string(info.width) + "x" + std::to_string(info.height));
    if (std::strcmp(gst_buffer_peek_memory(buffer, 0)->allocator->mem_type, "FramegatePicture") != 0) ++copied;
  }
};

// Calls on_sample for each sample of the pipeline.
template <typename OnSample>
void RunPipeline(const std::string& description, OnSample on_sample) {
  GstElement* pipeline = gst_parse_launch_full((description + " ! appsink name=sink sync=false").c_str(), nullptr,
                                               GST_PARSE_FLAG_FATAL_ERRORS, nullptr);
  CHECK(pipeline != nullptr);
  if (!pipeline) return;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (SamplePtr sample{gst_app_sink_pull_sample(GST_APP_SINK(sink))}) on_sample(sample.get());
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
}

// stream: elements that give access units.
void Compare(const std::string& stream, const std::string& parser, const std::string& decoder) {
  Pictures expected, found;
  RunPipeline(stream + " ! " + parser + " ! " + decoder + " max-threads=1",
              [&](GstSample* sample) { expected.Add(sample); });
  ElementChain chain;
  CHECK(chain.Open({MakeElement(parser.c_str()), MakeElement(decoder.c_str(), "max-threads=1 thread-type=slice")},
                   [&](SamplePtr sample) { found.Add(sample.get()); }));
  RunPipeline(stream, [&](GstSample* sample) { CHECK_EQ(chain.Push(sample), GST_FLOW_OK); });
  chain.Drain();
  CHECK(chain.TakeError().empty());
  CHECK(!expected.visible.empty());
  CHECK(found.sizes == expected.sizes);
  CHECK(found.visible == expected.visible);
  CHECK_EQ(found.copied, 0);
}

// Encodes once, because two encodings may differ.
void CompareH264(const std::string& size, const std::string& options) {
  gchar* path = nullptr;
  const int fd = g_file_open_tmp("framegate-XXXXXX.h264", &path, nullptr);
  CHECK(fd >= 0);
  if (fd < 0) return;
  g_close(fd, nullptr);
  const std::string encoder = "videotestsrc pattern=ball num-buffers=12 ! video/x-raw,format=I420,framerate=25/1," +
                              size + " ! x264enc speed-preset=ultrafast " + options +
                              " ! video/x-h264,stream-format=byte-stream,alignment=au";
  std::string encoded;
  RunPipeline(encoder, [&](GstSample* sample) {
    GstMapInfo map;
    CHECK(gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ));
    encoded.append(reinterpret_cast<const char*>(map.data), map.size);
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
  });
  CHECK(g_file_set_contents(path, encoded.data(), static_cast<gssize>(encoded.size()), nullptr));
  Compare(std::string("filesrc location=") + path + " ! h264parse ! video/x-h264,stream-format=avc,alignment=au",
          "h264parse", "avdec_h264");
  g_remove(path);
  g_free(path);
}

TEST(PicturesAreThoseOfTheCopyingPipeline) {
  CompareH264("width=1920,height=1080", "tune=zerolatency key-int-max=5");  // The coded height is 1088.
  CompareH264("width=322,height=182", "tune=zerolatency");
  CompareH264("width=320,height=240", "bframes=2 b-adapt=false key-int-max=6");
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
